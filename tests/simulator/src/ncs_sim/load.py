# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`ncs-sim load` and `ncs-sim judge`: writes to whichever node is primary, and what became of them.

Each node has a thread, so that one which does not answer holds up none of the others. Every thread
goes on offering its node a new write; the node refuses unless it is primary.
"""

from __future__ import annotations

import argparse
import itertools
import json
import secrets
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ncs_sim.cluster import Cluster
from ncs_sim.errors import Code, SimError
from ncs_sim.handle import NodeError, NodeHandle, NotRunning, WriteUnknown
from ncs_sim.history import Attempt, History, Outcome, Reading, Round, judge, settled
from ncs_sim.history_file import Recorder, load_history
from ncs_sim.verdict import UNCLEAR, as_json, as_text, status

USAGE = 2

_BETWEEN_ROUNDS = 0.05  # seconds
_EXITS = (
    "Exit status: 0 nothing found, 1 a write is lost or unexpected or two nodes were primary at "
    "once, 2 wrong usage, 3 cannot tell, as no write was acknowledged or no primary could be read."
)


class Load:
    """Writes to all nodes of a cluster until it is stopped."""

    def __init__(self, cluster: Cluster, record: Recorder, name: str, timeout: float) -> None:
        self._nodes = cluster.nodes
        self._record = record
        self._prefix = f"load-{name}-"
        self._timeout = timeout
        self._numbers = itertools.count(1)
        self._numbering = threading.Lock()
        self.stop = threading.Event()
        self.hurry = threading.Event()

    def write(self, seconds: float | None, interval: float) -> None:
        """Write until `stop` or so many seconds have passed; return when no thread writes."""
        with ThreadPoolExecutor(len(self._nodes)) as pool:
            try:
                threads = [pool.submit(self._write_to, node, interval) for node in self._nodes]
                self.stop.wait(seconds)
            finally:
                self.stop.set()
        for thread in threads:
            thread.result()

    def read(self, settle: float) -> list[Round]:
        """Read all nodes until they agree, or so many seconds; return the last two rounds."""
        end = time.monotonic() + settle
        rounds = [self._round(), self._round()]
        while not settled(rounds) and time.monotonic() < end and not self.hurry.is_set():
            self.hurry.wait(_BETWEEN_ROUNDS)
            rounds = [rounds[1], self._round()]
        return rounds

    def _write_to(self, node: NodeHandle, interval: float) -> None:
        while not self.stop.is_set():
            due = time.monotonic() + interval
            with self._numbering:
                number = next(self._numbers)
            self._record.attempt(self._attempt(node, number))
            self.stop.wait(max(0.0, due - time.monotonic()))

    def _attempt(self, node: NodeHandle, number: int) -> Attempt:
        sent = time.monotonic()

        def ended(outcome: Outcome, reason: object = "", **more: Any) -> Attempt:
            answered = time.monotonic()
            return Attempt(number, node.name, sent, answered, outcome, reason=str(reason), **more)

        if not _can_answer(node):
            return ended(Outcome.UNSENT, "not running, or frozen")
        try:
            answer = node.write_as_primary(f"{self._prefix}{number}", str(number), self._timeout)
            found = {"run": str(answer["run"]), "epoch": int(answer["epoch"])}
            return ended(Outcome.ACKNOWLEDGED, txid=_txid_text(answer["txid"]), **found)
        except NotRunning as error:
            return ended(Outcome.UNSENT, error)
        except WriteUnknown as error:
            return ended(Outcome.UNKNOWN, error)
        except NodeError as error:
            # A disk that fails may still have taken the record.
            certain = error.code is not None and error.code != Code.OS
            return ended(Outcome.REFUSED if certain else Outcome.UNKNOWN, error)
        except (ValueError, KeyError, TypeError) as error:
            return ended(Outcome.UNKNOWN, f"cannot read the answer: {error}")

    def _round(self) -> Round:
        with ThreadPoolExecutor(len(self._nodes)) as pool:
            return [one for one in pool.map(self._read_from, self._nodes) if one is not None]

    def _read_from(self, node: NodeHandle) -> Reading | None:
        """Return what the node is and holds; None if it does not answer."""
        sent = time.monotonic()
        if not _can_answer(node):
            return None
        try:
            answer = node.snapshot(self._timeout)
        except NodeError:
            return None
        answered = time.monotonic()
        state = answer["status"]
        numbers, strange = self._sort_out(answer["data"])
        return Reading(
            node=node.name,
            sent=sent,
            answered=answered,
            run=state["run"],
            epoch=state["epoch"],
            role=state["role"],
            own=_peer_text(state),
            upstream=_peer_text(state["primary"]) if state["primary"] else "",
            listed=tuple(map(_peer_text, state["secondaries"])),
            joining=state["joining"],
            txid=_txid_text(state["txid"]),
            numbers=numbers,
            strange=strange,
        )

    def _sort_out(self, data: dict[str, str]) -> tuple[frozenset[int], tuple[str, ...]]:
        """Return the numbers that stand where they were written, and all else of this load."""
        ours = {key: value for key, value in data.items() if key.startswith(self._prefix)}
        good = {key for key, value in ours.items() if key == f"{self._prefix}{value}"}
        whole = {key for key in good if ours[key].isdecimal()}
        strange = sorted(f"{key}={value}" for key, value in ours.items() if key not in whole)
        return frozenset(int(ours[key]) for key in whole), tuple(strange)


def _can_answer(node: NodeHandle) -> bool:
    found = node.process
    return found is not None and not found.frozen


def _peer_text(peer: dict[str, Any]) -> str:
    return f"{peer['node_id']}@{peer['address']}"


def _txid_text(txid: dict[str, Any]) -> str:
    return " ".join(map(str, [txid["primary_id"], *txid["timestamp"]]))


def add_commands(commands: Any) -> None:
    """Add `load` and `judge` to a command line."""
    load = commands.add_parser(
        "load",
        help="write to whichever node is primary, and tell what was lost",
        description="Write numbered values to whichever node takes writes as primary, until "
        "SIGINT or SIGTERM or for so many seconds. Then read all nodes and tell which "
        "acknowledged writes are lost, which values nobody wrote, and when two nodes were "
        "primary at once. Nodes are reached through their directories, not over the network; "
        "one that is dead or frozen is left out meanwhile.",
        epilog=_EXITS,
    )
    load.add_argument("--dir", type=Path, required=True, help="what was given to up")
    load.add_argument(
        "--history", type=Path, required=True, metavar="FILE", help="a new file, JSON lines"
    )
    load.add_argument("--seconds", type=_positive, metavar="N", help="how long (until a signal)")
    load.add_argument(
        "--rate",
        type=_positive,
        default=20.0,
        metavar="N",
        help="writes a second, at most, for each node (20)",
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
        return UNCLEAR


def _run_load(options: argparse.Namespace) -> int:
    name = secrets.token_hex(4)
    try:
        cluster = Cluster.open(options.dir)
        recorder = Recorder(options.history, name, [node.name for node in cluster.nodes])
    except (SimError, OSError) as error:
        return _mistake(error)
    with recorder as record:
        load = Load(cluster, record, name, options.timeout)

        def stop(number: int, frame: object) -> None:
            (load.hurry if load.stop.is_set() else load.stop).set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        load.write(options.seconds, 1 / options.rate)
        record.end(load.read(options.settle))
    # From the file, so that `judge` cannot come to see anything else.
    return _tell(load_history(options.history), options)


def _run_judge(options: argparse.Namespace) -> int:
    try:
        history = load_history(options.history)
    except (SimError, OSError) as error:
        return _mistake(error)
    return _tell(history, options)


def _mistake(error: Exception) -> int:
    print(f"ncs-sim: {error}", file=sys.stderr)
    return USAGE


def _tell(history: History, options: argparse.Namespace) -> int:
    verdict = judge(history)
    if options.json:
        print(json.dumps(as_json(history, verdict), indent=2))
    else:
        print(as_text(history, verdict))
    return status(verdict)


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
