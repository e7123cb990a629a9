# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `ncs-lab`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ncs_lab.lab import Lab, check, down
from ncs_lab.network import MAX_HOSTS, SUBNET
from ncs_sim.cli import EXIT_FAILED, EXIT_OK, EXIT_UNKNOWN, add_node_options, given_options
from ncs_sim.cluster import WriteUnknown
from ncs_sim.ctl import add_actions
from ncs_sim.errors import SimError

DIRECTORY = Path(".lab")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except WriteUnknown as error:
        print(f"ncs-lab: unknown: {error}", file=sys.stderr)
        return EXIT_UNKNOWN
    except (SimError, OSError) as error:
        print(f"ncs-lab: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_FAILED
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ncs-lab",
        description="Hosts as network namespaces, reached by SSH, with a simulated node on each. "
        "Linux only, and needs root.",
        epilog="Exit status: 0 done, 1 failed or refused, 2 wrong usage, 3 outcome unknown.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(
        name: str, text: str, action: Callable[[argparse.Namespace], None]
    ) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        command.add_argument("--dir", type=Path, default=DIRECTORY, help=f"the lab's ({DIRECTORY})")
        command.set_defaults(run=action)
        return command

    up = add("up", "make the lab; DIR/inventory.yml is for Ansible", _up)
    up.add_argument("--hosts", type=int, default=3, metavar="N", help=f"1 to {MAX_HOSTS} (3)")
    up.add_argument("--subnet", default=SUBNET, metavar="NETWORK", help=f"of the hosts ({SUBNET})")
    add_node_options(up)
    add("down", "take all of the lab away, also what a crash left over", _down)
    add("status", "show hosts, nodes and cuts", _status)
    cut = add(
        "cut",
        "lose all packets between a host and others, or everybody; the operator is called operator",
        lambda options: Lab.open(options.dir).cut(options.host, *options.other),
    )
    cut.add_argument("host", metavar="HOST")
    cut.add_argument("other", metavar="OTHER", nargs="*")
    heal = add("heal", "undo cuts: all, those of a host, or those between a host and others", _heal)
    heal.add_argument("host", metavar="HOST", nargs="?")
    heal.add_argument("other", metavar="OTHER", nargs="*")
    ctl = add("ctl", "ask the node on a host, or do something to it, as ncs-sim ctl does", _ctl)
    ctl.add_argument("host", metavar="HOST", help="n1, n2, ...")
    add_actions(ctl.add_subparsers(title="actions", required=True, metavar="ACTION"))
    for name in ("kill", "stop", "start", "restart", "freeze", "thaw"):
        short = add(name, f"the same as: ctl HOST {name}", _short)
        short.add_argument("host", metavar="HOST", help="n1, n2, ...")
        short.set_defaults(do=name)
    add("check", "say whether a lab can be made here, and if not, why", lambda options: check())
    return parser


def _up(options: argparse.Namespace) -> None:
    given: dict[str, Any] = given_options(options)
    lab = Lab.up(options.dir, options.hosts, subnet=options.subnet, **given)
    for line in _table(lab):
        print(line)
    print(f"{len(lab.network.hosts)} hosts are up, inventory: {lab.inventory}")


def _down(options: argparse.Namespace) -> None:
    found = down(options.dir)
    print(f"removed: {', '.join(found)}" if found else "nothing is there")


def _status(options: argparse.Namespace) -> None:
    for line in _table(Lab.open(options.dir)):
        print(line)


def _table(lab: Lab) -> list[str]:
    rows = [["host", "namespace", "address", "sshd", "node", "cut off from"]]
    for one in lab.status():
        words = [one["host"], one["namespace"], one["address"]]
        words += ["runs" if one["sshd"] else "not running", one["node"]]
        rows.append([*words, " ".join(one["cut_off_from"]) or "-"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _heal(options: argparse.Namespace) -> None:
    Lab.open(options.dir).heal(options.host, *options.other)


def _ctl(options: argparse.Namespace) -> None:
    result = options.action(Lab.open(options.dir).cluster.node(options.host), options)
    if isinstance(result, str):
        print(result)
    elif result is not None:
        print(json.dumps(result, indent=2))


def _short(options: argparse.Namespace) -> None:
    _ctl(_parser().parse_args(["ctl", "--dir", str(options.dir), options.host, options.do]))
