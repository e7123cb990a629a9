# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HA events and who has subscribed to them: docs/protocol.md, "Notification socket"."""

from __future__ import annotations

import asyncio
from enum import IntEnum

from ncs_sim.terms import Term

HA_MASK = 64
HEARTBEAT_MASK = 8192
HEARTBEAT_MIN_MS = 1000
# With it NSO stops all HA work until every subscriber has answered.
HA_INFO_SYNC_MASK = 1 << 20
# Of progress events.
VERBOSITIES = range(4)

# A subscriber this far behind is cut off rather than allowed to fill the memory.
BACKLOG = 1000


class HaEvent(IntEnum):
    NO_PRIMARY = 1
    SECONDARY_DIED = 2
    SECONDARY_ARRIVED = 3
    INITIALIZED = 4
    IS_PRIMARY = 5
    IS_NONE = 6
    BESECONDARY_RESULT = 7


class Subscriber:
    """One notification socket's events that are still to be sent."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Term] = asyncio.Queue(BACKLOG)
        self.overflowed = asyncio.Event()

    def put(self, term: Term) -> None:
        try:
            self._queue.put_nowait(term)
        except asyncio.QueueFull:
            self.overflowed.set()

    async def next(self) -> Term:
        return await self._queue.get()


class Broker:
    """Hands each HA event to every subscriber."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()

    def __len__(self) -> int:
        return len(self._subscribers)

    def add(self, subscriber: Subscriber) -> None:
        self._subscribers.add(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)

    def publish(self, event: HaEvent, detail: Term = 0) -> None:
        term = ha_event(event, detail)
        for subscriber in self._subscribers:
            subscriber.put(term)


def ha_event(event: HaEvent, detail: Term = 0) -> Term:
    return (HA_MASK, (int(event), detail))
