# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection of an IPC client.

Every byte to a client leaves through `send_raw`, where faults delay it, cut it in pieces or off;
every frame through `send_frame`, where they put something else in its place.
"""

from __future__ import annotations

import asyncio
import socket

from ncs_sim.config import NodeConfig
from ncs_sim.errors import Refusal
from ncs_sim.faults import Faults, Scope
from ncs_sim.framing import read_frame
from ncs_sim.terms import Atom, Term, encode

# [assumed] What a reason is tagged with: docs/protocol.md names the form and no tag.
TAG = Atom("ncs_sim")

# A client that does not take its answer for so long is given up.
WRITE_LIMIT_SECONDS = 10.0


class IpcStream:
    """Frames and terms over one client connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        config: NodeConfig,
        faults: Faults,
    ) -> None:
        self.scope = Scope()
        self._reader = reader
        self._writer = writer
        self._otp = config.otp
        self._refusals = config.refusals
        self._faults = faults

    @property
    def socket(self) -> socket.socket:
        found: socket.socket = self._writer.get_extra_info("socket")
        return found

    @property
    def ended(self) -> bool:
        """The client has closed its side and nothing it sent is left to read."""
        return self._reader.at_eof() or self._writer.is_closing()

    async def read_exactly(self, count: int) -> bytes:
        return await self._reader.readexactly(count)

    async def read_frame(self) -> bytes:
        return await read_frame(self._reader)

    async def send_raw(self, data: bytes) -> None:
        await self._faults.deliver(self.scope, data, self._write)

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        async with asyncio.timeout(WRITE_LIMIT_SECONDS):
            await self._writer.drain()

    async def send_frame(self, payload: bytes, head: int = 0) -> None:
        """Send a frame whose first `head` bytes are no term."""
        await self.send_raw(self._faults.answer(self.scope, head, payload))

    async def send_term(self, term: Term) -> None:
        await self.send_frame(encode(term, self._otp))

    async def send_refusal(self, refusal: Refusal) -> None:
        """The answer of the HA socket, and of one that does not get its events."""
        await self.send_term(refusal_term(refusal, self._refusals))

    async def send_op(self, op: int, term: Term | None = None) -> None:
        """An answer of the CDB and MAAPI sockets: the op again, then perhaps a term."""
        payload = b"" if term is None else encode(term, self._otp)
        await self.send_frame(op.to_bytes(4, "big") + payload, 4)

    async def send_op_error(self, op: int, refusal: Refusal) -> None:
        await self.send_frame(op_error(op, refusal, self._refusals, self._otp), 4)

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()


def refusal_term(refusal: Refusal, refusals: str) -> Term:
    """{error, Code}, {error, Code, Reason} or {error, Code, {Reason, Tag}}."""
    if refusal.reason is None or (refusals == "code" and not refusal.asked_for):
        return (Atom("error"), refusal.code)
    reason = refusal.reason.encode()
    return (Atom("error"), refusal.code, (reason, TAG) if refusals == "tag" else reason)


def op_error(op: int, refusal: Refusal, refusals: str = "code", otp: int = 25) -> bytes:
    """An error answer of the CDB and MAAPI sockets: top bit of the op set, code, and a reason.

    The reason always ends in NUL, as clients cut its last byte off.
    """
    head = (op & 0x7FFFFFFF | 0x80000000).to_bytes(4, "big") + refusal.code.to_bytes(4, "big")
    if refusal.reason is None:
        return head
    reason = refusal.reason.encode() + b"\0"
    return head + encode((reason, TAG) if refusals == "tag" else reason, otp)
