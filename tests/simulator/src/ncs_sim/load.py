# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes to whichever node of a cluster is primary, and what is left of them at the end.

Each node has a thread, so that one which does not answer holds up none of the others. Every thread
goes on offering its node a new write; the node refuses unless it is primary.

Or the writers know one address only, and the node that answers there takes the write.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from ncs_sim.cluster import Cluster
from ncs_sim.control_path import Answer
from ncs_sim.errors import Code
from ncs_sim.handle import NodeError, NodeHandle, NotRunning, WriteUnknown
from ncs_sim.history import Attempt, Outcome, Reading, Round, settled
from ncs_sim.history_file import Recorder
from ncs_sim.northbound_client import Service
from ncs_sim.skip_file import SkipFile

_BETWEEN_ROUNDS = 0.05  # seconds


class Load:
    """Writes to all nodes of a cluster until it is stopped, or to those named; reads all of them.

    `skip` has nodes that are left out for now, as if no client could reach them. With a service, so
    many writers write there, and to no node by itself.
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
        service: Service | None = None,
        writers: int = 1,
    ) -> None:
        self._nodes = cluster.nodes
        written = [cluster.node(one) for one in dict.fromkeys(only)] or cluster.nodes
        self._attempts: list[Callable[[int], Attempt]] = (
            [partial(self._attempt_at, service)] * writers
            if service
            else [partial(self._attempt, node) for node in written]
        )
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
        with ThreadPoolExecutor(len(self._attempts)) as pool:
            try:
                threads = [pool.submit(self._go_on, one, interval) for one in self._attempts]
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

    def _go_on(self, attempt: Callable[[int], Attempt], interval: float) -> None:
        while not self.stop.is_set():
            due = time.monotonic() + interval
            with self._numbering:
                number = next(self._numbers)
            self._record.attempt(attempt(number))
            self.stop.wait(max(0.0, due - time.monotonic()))

    def _attempt(self, node: NodeHandle, number: int) -> Attempt:
        sent = time.monotonic()
        left_out = self._skip.reason(node.name)
        if not left_out and not _can_answer(node):
            left_out = "not running, or frozen"
        if left_out:
            outcome = Outcome.UNSENT
            return Attempt(number, node.name, sent, time.monotonic(), outcome, reason=left_out)
        return self._written(number, node.name, node.write_as_primary)

    def _attempt_at(self, service: Service, number: int) -> Attempt:
        return self._written(number, str(service), service.write)

    def _written(
        self, number: int, where: str, write: Callable[[str, str, float], Answer]
    ) -> Attempt:
        """Write once; the node is the one that says it has taken the write, or else `where`."""
        sent = time.monotonic()

        def ended(outcome: Outcome, reason: object = "", **more: Any) -> Attempt:
            name = str(more.pop("node", where))
            answered = time.monotonic()
            return Attempt(number, name, sent, answered, outcome, reason=str(reason), **more)

        try:
            answer = write(f"{self._prefix}{number}", str(number), self._timeout)
            found = {"run": str(answer["run"]), "epoch": int(answer["epoch"])}
            named = {"node": answer["node"]} if "node" in answer else {}
            txid = _txid_text(answer["txid"])
            return ended(Outcome.ACKNOWLEDGED, txid=txid, **found, **named)
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
