# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secondary as its primary (or its relay) sees it: the copy, the commits, the acknowledgements.

A link goes through three stages. While *copying*, commits queue up behind the copy and nobody waits
for them. Once the copy is stored it is *following*: commits wait for it, so it cannot fall behind
again. As soon as it lacks nothing it is *joined*, and only then listed: one that is listed holds
every acknowledged commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto

from ncs_sim.address import Peer
from ncs_sim.faults import Faults
from ncs_sim.link import Link, LinkClosed, LinkSilent, Message
from ncs_sim.tasks import spawn
from ncs_sim.txid import TxId

# Commits that may wait behind a copy before the joining secondary is given up.
BACKLOG = 10_000
COPY_CHUNK = 256 * 1024  # characters


class Stage(Enum):
    COPYING = auto()
    FOLLOWING = auto()
    JOINED = auto()
    GONE = auto()


class Downstream:
    """One secondary's link. `joined` and `lost` are called once each, at most."""

    def __init__(
        self,
        peer: Peer,
        link: Link,
        faults: Faults,
        tick: float,
        joined: Callable[[Downstream], None],
        lost: Callable[[Downstream, str, bool], None],
    ) -> None:
        self.peer = peer
        self.stage = Stage.COPYING
        self._link = link
        self._faults = faults
        self._tick = tick
        self._on_joined = joined
        self._on_lost = lost
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()
        self._sent = 0
        self._acked = 0
        self._progress = asyncio.Event()  # replaced at every acknowledgement
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, copy: Mapping[str, str] | None, txid: TxId) -> None:
        """Begin with a copy of all data, or with None if the secondary has them already."""
        self._tasks = [
            spawn(self._send(copy, txid), "downstream sender"),
            spawn(self._receive(), "downstream receiver"),
        ]
        if self._tick:
            self._tasks.append(spawn(self._send_ticks(), "downstream ticks"))
        if copy is None:
            self.stage = Stage.FOLLOWING
            self._check_joined()

    def commit(self, txid: TxId, changes: Mapping[str, str]) -> int:
        """Queue a commit; the number returned is what `stored` waits for."""
        self._sent += 1
        if self._outgoing.qsize() > BACKLOG:
            self._lose("too far behind")
        message = {"commit": self._sent, "txid": txid.pack(), "set": dict(changes)}
        self._outgoing.put_nowait(message)
        return self._sent

    async def stored(self, number: int) -> None:
        """Wait until the secondary has stored that commit, or is gone."""
        while self._acked < number and self.stage in (Stage.FOLLOWING, Stage.JOINED):
            await self._progress.wait()

    def close(self) -> None:
        """Let go of this secondary, without a report."""
        self.stage = Stage.GONE
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._link.abort()
        self._wake()

    def _lose(self, why: str) -> None:
        if self.stage is not Stage.GONE:
            was_joined = self.stage is Stage.JOINED
            self.close()
            self._on_lost(self, why, was_joined)

    def _wake(self) -> None:
        self._progress.set()
        self._progress = asyncio.Event()

    def _check_joined(self) -> None:
        if self.stage is Stage.FOLLOWING and self._acked == self._sent:
            self.stage = Stage.JOINED
            self._outgoing.put_nowait({"joined": True})
            self._on_joined(self)

    async def _send(self, copy: Mapping[str, str] | None, txid: TxId) -> None:
        try:
            await self._link.send({"sync": "equal" if copy is None else "copy"})
            if copy is not None:
                for chunk in _chunks(copy):
                    await self._link.send({"copy": chunk})
                self._faults.break_copy()
                await self._link.send({"copied": txid.pack()})
            while True:
                await self._link.send(await self._outgoing.get())
        except (LinkClosed, ConnectionError) as error:
            self._lose(f"closed ({error})")

    async def _receive(self) -> None:
        limit = 3 * self._tick or None
        try:
            while True:
                match await self._link.receive(limit):
                    case {"ack": int() as number} if self._acked < number <= self._sent:
                        self._acked = number
                        self._check_joined()
                        self._wake()
                    case {"stored": True} if self.stage is Stage.COPYING:
                        self.stage = Stage.FOLLOWING
                        self._check_joined()
                    case {"tick": True}:
                        pass
                    case _:
                        raise LinkClosed("unexpected message")
        except LinkClosed as error:
            self._lose(f"closed ({error})")
        except LinkSilent:
            self._lose(f"silent for {limit:g} s")

    async def _send_ticks(self) -> None:
        while True:
            await asyncio.sleep(self._tick)
            if self._outgoing.empty() and self._faults.ticking:
                self._outgoing.put_nowait({"tick": True})


def _chunks(data: Mapping[str, str]) -> Iterator[dict[str, str]]:
    chunk: dict[str, str] = {}
    size = 0
    for key, value in data.items():
        chunk[key] = value
        size += len(key) + len(value)
        if size > COPY_CHUNK:
            yield chunk
            chunk, size = {}, 0
    if chunk:
        yield chunk
