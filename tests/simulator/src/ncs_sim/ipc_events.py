# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notification socket: docs/protocol.md, "Notification socket"."""

from __future__ import annotations

import asyncio

from ncs_sim.errors import Code, Refusal
from ncs_sim.events import (
    HA_INFO_SYNC_MASK,
    HA_MASK,
    HEARTBEAT_MASK,
    HEARTBEAT_MIN_MS,
    VERBOSITIES,
    Subscriber,
)
from ncs_sim.ipc_stream import IpcStream
from ncs_sim.node import Node
from ncs_sim.tasks import spawn
from ncs_sim.terms import OK, Atom, Term, TermError, decode


class EventService:
    def __init__(self, node: Node) -> None:
        self._node = node

    async def serve(self, stream: IpcStream) -> None:
        stream.scope.about = "event"
        try:
            mask, heartbeat_ms = _subscription(decode(await stream.read_frame()))
        except TermError as error:
            await stream.send_refusal(Refusal(Code.PROTOUSAGE, str(error)))
            return
        except Refusal as refusal:
            await stream.send_refusal(refusal)
            return
        subscriber = Subscriber()
        if mask & HA_MASK:
            # Before the `ok`: what happens after the client has read it must not be missed.
            self._node.events.add(subscriber)
        await stream.send_term(OK)
        tasks = [
            spawn(_forward(stream, subscriber), "events"),
            spawn(_hung_up(stream), "events client"),
            spawn(_overflow(subscriber), "events backlog"),
        ]
        if mask & HEARTBEAT_MASK:
            tasks.append(spawn(_beat(subscriber, heartbeat_ms / 1000), "heartbeat"))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._node.events.remove(subscriber)
            for task in tasks:
                task.cancel()


def _subscription(term: Term) -> tuple[int, int]:
    """The mask and the heartbeat interval in milliseconds out of the subscribing term."""
    match term:
        case (
            int() as mask,
            int() as heartbeat,
            int(),
            Atom("undefined"),
            int() as verbosity,
        ) if verbosity in VERBOSITIES:
            if mask & HA_INFO_SYNC_MASK:
                # NSO would take it. Here it is refused, so that no test overlooks that it was sent.
                raise Refusal(Code.PROTOUSAGE, "HA_INFO_SYNC stops all HA work")
            # [assumed] Other bits of the mask are taken and never lead to an event here.
            return mask, max(heartbeat, HEARTBEAT_MIN_MS)
    raise Refusal(Code.PROTOUSAGE, "malformed subscription")


async def _forward(stream: IpcStream, subscriber: Subscriber) -> None:
    try:
        while True:
            await stream.send_term(await subscriber.next())
    except (OSError, TimeoutError):
        return


async def _hung_up(stream: IpcStream) -> None:
    # The client has nothing more to say; what it says all the same is thrown away.
    try:
        while True:
            await stream.read_exactly(1)
    except (OSError, EOFError):
        return


async def _overflow(subscriber: Subscriber) -> None:
    await subscriber.overflowed.wait()


async def _beat(subscriber: Subscriber, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        # [assumed] docs/protocol.md gives the first element only.
        subscriber.put((HEARTBEAT_MASK, 0))
