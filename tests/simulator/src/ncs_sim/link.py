# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection between two daemons: JSON messages in frames, and the proof of the token.

NSO's own HA protocol is not public; this one is made up. A join goes like this (S dials P):

    S -> P   hello: HA version, id, address, nonce
    P -> S   challenge: HA version, id, nonce           or {"error": Code}
    P -> S   proof
    S -> P   proof, packages, stream configuration, transaction id
    P -> S   {"sync": "equal"} or {"sync": "copy"}      or {"error": Code}
    P -> S   {"copy": {...}} ... {"copied": TxId}       only for "copy"
    S -> P   {"stored": true}                           only for "copy"
    P -> S   {"joined": true}                           once S lacks nothing

and from then on (commits already while joining)

    P -> S   {"commit": N, "txid": TxId, "set": {...}}
    S -> P   {"ack": N}
    both     {"tick": true}

A proof is an HMAC-SHA256 under the token over the side's name and both opening messages, so it
holds for one connection and one direction only, and the token itself never travels.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
from typing import Any

from ncs_sim.address import Peer
from ncs_sim.faults import Faults
from ncs_sim.framing import MAX_FRAME, FrameError, frame, read_frame

Message = dict[str, Any]

# Before the peer has proved itself it may not send much, or take long.
OPENING_LIMIT = 4096
OPENING_SECONDS = 5.0

PRIMARY_SIDE, SECONDARY_SIDE = b"primary", b"secondary"


class LinkClosed(Exception):
    """The peer is gone, or sent something that is no message."""


class LinkSilent(Exception):
    """The peer said nothing for longer than allowed."""


class Link:
    """Messages over one daemon-to-daemon connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        faults: Faults,
        peer: Peer | None = None,
    ) -> None:
        self.peer = peer  # None until a caller has said who it is
        self._reader = reader
        self._writer = writer
        self._faults = faults
        self._spared = faults.older_cuts()
        self._opening = hashlib.sha256()

    async def send(self, message: Message) -> None:
        await self._faults.passable(self.peer, self._spared)
        try:
            self._writer.write(frame(_pack(message)))
            await self._writer.drain()
        except (OSError, FrameError) as error:
            raise LinkClosed(str(error)) from error

    async def receive(self, limit: float | None, size: int = MAX_FRAME) -> Message:
        """The next message; `limit` in seconds, None for no limit."""
        try:
            async with asyncio.timeout(limit):
                payload = await self._read(size)
            message = json.loads(payload)
        except TimeoutError:
            raise LinkSilent from None
        except (OSError, EOFError, FrameError, ValueError, RecursionError) as error:
            raise LinkClosed(str(error) or type(error).__name__) from error
        if not isinstance(message, dict):
            raise LinkClosed("not a message")
        return message

    async def _read(self, size: int) -> bytes:
        """One frame, or the end of the connection, neither of which comes through a cut."""
        try:
            payload = await read_frame(self._reader, size)
        except (OSError, EOFError):
            await self._faults.passable(self.peer, self._spared)
            raise
        await self._faults.passable(self.peer, self._spared)
        return payload

    async def send_opening(self, message: Message) -> None:
        message = message | {"nonce": os.urandom(32).hex()}
        self._opening.update(frame(_pack(message)))
        await self.send(message)

    async def receive_opening(self, limit: float | None) -> Message:
        message = await self.receive(limit, OPENING_LIMIT)
        self._opening.update(frame(_pack(message)))
        return message

    def proof(self, token: bytes, side: bytes) -> str:
        """What `side` has to show for this connection."""
        return hmac.new(token, side + self._opening.digest(), hashlib.sha256).hexdigest()

    def proves(self, message: Message, token: bytes, side: bytes) -> bool:
        shown = str(message.get("proof", "")).encode("utf-8", "replace")
        return hmac.compare_digest(shown, self.proof(token, side).encode())

    def close(self) -> None:
        """Close after what was already sent."""
        self._writer.close()

    def abort(self) -> None:
        """Close at once, even if the peer does not read."""
        self._faults.when_passable(self.peer, self._spared, self._writer.transport.abort)


def _pack(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":"), sort_keys=True).encode("ascii")


def text(message: Message, key: str) -> str:
    """A string out of a message; LinkClosed if there is none."""
    value = message.get(key)
    if not isinstance(value, str):
        raise LinkClosed(f"message without {key}")
    return value


def changes(message: Message, key: str) -> dict[str, str]:
    """Keys and values out of a message; LinkClosed if there are none."""
    value = message.get(key)
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise LinkClosed(f"message without {key}")
    return value
