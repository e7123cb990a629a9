# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions of `ncs-sim ctl` that hurt a node: faults, and orders by hand."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any

from ncs_sim.fault_kinds import KINDS, Fault, is_required
from ncs_sim.handle import ANSWER_SECONDS, NodeHandle

# Adds an action with a name, a help text and what it does.
Add = Callable[[str, str, Callable[[NodeHandle, argparse.Namespace], Any]], argparse.ArgumentParser]

ROLES = ("none", "primary", "secondary", "relay")


def add_fault_actions(add: Add) -> None:
    fault = add("fault", "let a fault begin; it ends with clear or with the process", _begin)
    kinds = fault.add_subparsers(title="faults", required=True, metavar="FAULT", dest="kind")
    for name, kind in KINDS.items():
        text = kind.__doc__
        parser = kinds.add_parser(name, help=text, description=text)
        for argument in _by_place_first(kind):
            _add_argument(parser, argument)
    add("faults", "print the faults that are active as JSON", lambda n, o: n.faults())
    clear = add("clear", "end all faults, or those named", lambda n, o: n.clear(o.kind, o.peer))
    clear.add_argument("kind", nargs="?", metavar="FAULT", choices=list(KINDS))
    clear.add_argument("peer", nargs="?", help="only the cut from this peer")
    order = add("order", "give the orders for a role by hand; the HA socket is not taken", _order)
    order.add_argument("role", choices=ROLES)
    order.add_argument("primary", nargs="?", help="n1, n2, ...: for secondary and relay")
    order.add_argument(
        "--timeout",
        type=float,
        default=ANSWER_SECONDS,
        metavar="SECONDS",
        help=f"how long to wait for the answer ({ANSWER_SECONDS:g})",
    )


def _by_place_first(kind: type[Fault]) -> list[Field[Any]]:
    return sorted(fields(kind), key=lambda argument: argument.metadata["option"] is not None)


def _add_argument(parser: argparse.ArgumentParser, argument: Field[Any]) -> None:
    kind, option = argument.metadata["kind"], argument.metadata["option"]
    text, choices = argument.metadata["help"], argument.metadata["choices"] or None
    if kind is bool:
        parser.add_argument(option, dest=argument.name, action="store_true", help=text)
    elif option is not None:
        parser.add_argument(
            option,
            dest=argument.name,
            type=kind,
            choices=choices,
            default=argument.default,
            metavar=argument.name.upper(),
            help=text,
        )
    elif is_required(argument):
        parser.add_argument(argument.name, type=kind, help=text)
    else:
        parser.add_argument(argument.name, type=kind, nargs="?", help=text)


def _begin(node: NodeHandle, options: argparse.Namespace) -> None:
    names = [argument.name for argument in fields(KINDS[options.kind])]
    node.fault(options.kind, **{name: getattr(options, name) for name in names})


def _order(node: NodeHandle, options: argparse.Namespace) -> None:
    from ncs_sim.cluster import Cluster

    primary = Cluster.open(options.dir).node(options.primary) if options.primary else None
    node.order(options.role, primary, options.timeout)
