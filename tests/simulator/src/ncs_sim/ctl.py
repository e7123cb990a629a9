# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ncs-sim ctl` can do to a node."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ncs_sim.ctl_faults import add_fault_actions
from ncs_sim.errors import SimError
from ncs_sim.handle import ANSWER_SECONDS, NodeHandle

# The result is printed: text as it is, anything else as JSON, None not at all.
Action = Callable[[NodeHandle, argparse.Namespace], Any]


def add_actions(actions: Any) -> None:
    def add(name: str, text: str, action: Action) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
        parser.set_defaults(action=action)
        return parser

    write = add(
        "write", "write one value; exit status 3 if nobody knows whether it was written", _write
    )
    write.add_argument("key")
    write.add_argument("value")
    _add_timeout(write)
    read = add("read", "print one value; exit status 1 if there is none", _read)
    read.add_argument("key")
    _add_timeout(read)
    _add_timeout(add("dump", "print all keys and values as JSON", lambda n, o: n.dump(o.timeout)))
    _add_timeout(
        add("status", "print what the node knows as JSON", lambda n, o: n.status(o.timeout))
    )
    add("kill", "SIGKILL; returns once the process is gone", lambda n, o: n.kill())
    add("stop", "SIGTERM; returns once the process is gone", lambda n, o: n.stop())
    add("start", "start again, with the same options", lambda n, o: n.start())
    add("restart", "SIGTERM, then start again", _restart)
    add("freeze", "SIGSTOP: the process stands still, its sockets stay", lambda n, o: n.freeze())
    add("thaw", "SIGCONT: let a frozen process go on", lambda n, o: n.thaw())
    phase = add("phase", "set the start phase", lambda n, o: n.phase(o.phase))
    phase.add_argument("phase", type=int, choices=[0, 1, 2])
    add_fault_actions(add)


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        type=float,
        default=ANSWER_SECONDS,
        metavar="SECONDS",
        help=f"how long to wait for the answer ({ANSWER_SECONDS:g})",
    )


def _write(node: NodeHandle, options: argparse.Namespace) -> object:
    return node.write(options.key, options.value, options.timeout)


def _read(node: NodeHandle, options: argparse.Namespace) -> str:
    value = node.read(options.key, options.timeout)
    if value is None:
        raise SimError(f"{node.name} has no {options.key!r}")
    return value


def _restart(node: NodeHandle, _options: argparse.Namespace) -> None:
    node.stop()
    node.start()
