# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands `ncs-sim load` and `ncs-sim judge`."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ncs_sim.errors import SimError

if TYPE_CHECKING:
    # Every node starts through the command line, and needs nothing of this.
    from ncs_sim.history import History

EXIT_USAGE, EXIT_UNCLEAR = 2, 3

_EXITS = (
    "Exit status: 0 nothing found, 1 a write is lost or unexpected or two nodes were primary at "
    "once, 2 wrong usage, 3 cannot tell, as no write was acknowledged or no primary could be read."
)


def add_commands(commands: Any) -> None:
    """Add `load` and `judge` to a command line."""
    load = commands.add_parser(
        "load",
        help="write to whichever node is primary, and tell what was lost",
        description="Write numbered values to whichever node takes writes as primary, until "
        "SIGINT or SIGTERM or for so many seconds. Then read all nodes and tell which "
        "acknowledged writes are lost, which values nobody wrote, and when two nodes were "
        "primary at once. Without --to, nodes are reached through their directories, not over the "
        "network; one that is dead or frozen is left out meanwhile, and so is one that --skip-file "
        "names.",
        epilog=_EXITS,
    )
    load.add_argument("--dir", type=Path, required=True, help="what was given to up")
    load.add_argument(
        "--history", type=Path, required=True, metavar="FILE", help="a new file, JSON lines"
    )
    load.add_argument(
        "--nodes",
        type=_names,
        action="extend",
        default=[],
        metavar="NAME[,NAME...]",
        help="write to these only, once or several times (all); all are read at the end",
    )
    load.add_argument(
        "--skip-file",
        type=Path,
        metavar="FILE",
        help="write to no node that is named there, one a line: no client reaches it. Read before "
        "each write, so nodes can come and go; if it is missing, no node is left out. What is not "
        "written because of it is unsent in the history",
    )
    load.add_argument(
        "--to",
        metavar="ADDRESS:PORT",
        help="write over the network to this one address: the northbound port of a node, a "
        "floating address or a load balancer. The history then names the node that took a write",
    )
    load.add_argument(
        "--writers",
        type=_count,
        default=1,
        metavar="N",
        help="how many write to the address of --to at the same time, 1 to 64 (1)",
    )
    load.add_argument("--seconds", type=_positive, metavar="N", help="how long (until a signal)")
    load.add_argument(
        "--rate",
        type=_positive,
        default=20.0,
        metavar="N",
        help="writes a second, at most, for each node or writer (20)",
    )
    load.add_argument(
        "--settle",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="how long the final read may wait until the nodes that belong to the primary agree; "
        "another signal ends that (0)",
    )
    load.add_argument(
        "--timeout",
        type=_positive,
        default=2.0,
        metavar="SECONDS",
        help="for each answer of a node; a write without one may have been made or not (2)",
    )
    _add_json(load)
    load.set_defaults(run=lambda options: _guarded(_run_load, options))

    again = commands.add_parser(
        "judge",
        help="judge the history of a load again",
        description="Judge the history of a load again. That of a load that was killed has no "
        "final read, so it shows two primaries, but not what was lost.",
        epilog=_EXITS,
    )
    again.add_argument("history", type=Path, metavar="FILE")
    _add_json(again)
    again.set_defaults(run=lambda options: _guarded(_run_judge, options))


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")


def _guarded(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command. No failure of its own may look like a violation that it found."""
    try:
        return run(options)
    except Exception:
        traceback.print_exc()
        return EXIT_UNCLEAR


def _run_load(options: argparse.Namespace) -> int:
    from ncs_sim.cluster import Cluster
    from ncs_sim.history_file import Recorder, load_history
    from ncs_sim.load import Load
    from ncs_sim.northbound_client import Service

    name = secrets.token_hex(4)
    try:
        cluster = Cluster.open(options.dir)
        for node in options.nodes:
            cluster.node(node)
        service = Service.parse(options.to) if options.to else None
        recorder = Recorder(options.history, name, [node.name for node in cluster.nodes])
    except (SimError, OSError) as error:
        return _mistake(error)
    with recorder as record:
        load = Load(
            cluster,
            record,
            name,
            options.timeout,
            only=options.nodes,
            skip=options.skip_file,
            service=service,
            writers=options.writers,
        )

        def stop(number: int, frame: object) -> None:
            (load.hurry if load.stop.is_set() else load.stop).set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        load.write(options.seconds, 1 / options.rate)
        record.end(load.read(options.settle))
    # From the file, so that `judge` cannot come to see anything else.
    return _tell(load_history(options.history), options)


def _run_judge(options: argparse.Namespace) -> int:
    from ncs_sim.history_file import load_history

    try:
        history = load_history(options.history)
    except (SimError, OSError) as error:
        return _mistake(error)
    return _tell(history, options)


def _mistake(error: Exception) -> int:
    print(f"ncs-sim: {error}", file=sys.stderr)
    return EXIT_USAGE


def _tell(history: History, options: argparse.Namespace) -> int:
    from ncs_sim.history import judge
    from ncs_sim.verdict import as_json, as_text, status

    verdict = judge(history)
    if options.json:
        print(json.dumps(as_json(history, verdict), indent=2))
    else:
        print(as_text(history, verdict))
    return status(verdict)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ValueError
    return names


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 64:
        raise ValueError
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 86400:
        raise ValueError
    return value


def _positive(text: str) -> float:
    value = _seconds(text)
    if value == 0:
        raise ValueError
    return value
