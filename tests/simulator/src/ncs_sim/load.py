# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes to whichever node of a cluster is primary, and what is left of them at the end.

Each node has a thread, so that one which does not answer holds up none of the others. Every thread
goes on offering its node a new write; the node refuses unless it is primary.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ncs_sim.cluster import Cluster
from ncs_sim.errors import Code
from ncs_sim.handle import NodeError, NodeHandle, NotRunning, WriteUnknown
from ncs_sim.history import Attempt, Outcome, Reading, Round, settled
from ncs_sim.history_file import Recorder
from ncs_sim.skip_file import SkipFile

_BETWEEN_ROUNDS = 0.05  # seconds


class Load:
    """Writes to all nodes of a cluster until it is stopped, or to those named; reads all of them.

    `skip` has nodes that are left out for now, as if no client could reach them.
    """

    def __init__(
        self,
        cluster: Cluster,
        record: Recorder,
        name: str,
        timeout: float,
        *,
        only: Collection[str] = (),
        skip: Path | None = None,
    ) -> None:
        self._nodes = cluster.nodes
        self._written = [cluster.node(one) for one in dict.fromkeys(only)] or cluster.nodes
        self._skip = SkipFile(skip)
        self._record = record
        self._prefix = f"load-{name}-"
        self._timeout = timeout
        self._numbers = itertools.count(1)
        self._numbering = threading.Lock()
        self.stop = threading.Event()
        self.hurry = threading.Event()

    def write(self, seconds: float | None, interval: float) -> None:
        """Write until `stop` or so many seconds have passed; return when no thread writes."""
        with ThreadPoolExecutor(len(self._written)) as pool:
            try:
                threads = [pool.submit(self._write_to, node, interval) for node in self._written]
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

        left_out = self._skip.reason(node.name)
        if left_out:
            return ended(Outcome.UNSENT, left_out)
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
