# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first bytes of an IPC connection: client kind, versions, access check.

docs/protocol.md sections 2 and 3.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

from ncs_sim.config import NodeConfig
from ncs_sim.errors import SimError
from ncs_sim.ipc_stream import IpcStream

LIMIT_SECONDS = 5.0

KIND_CDB, KIND_MAAPI, KIND_EVENTS, KIND_HA = 5, 7, 11, 17
KINDS = {KIND_CDB: "cdb", KIND_MAAPI: "maapi", KIND_EVENTS: "events", KIND_HA: "ha"}

STATUS_ACCEPTED, STATUS_VERSION_REFUSED = 0, 1
MAX_DEPTH, MAX_KEYS = 20, 9

_FLAGS = 0xC0
CHALLENGE, RESPONSE = 11, 12
_PASSED, _FAILED = b"\x00", b"\x01"


class HandshakeError(Exception):
    """The client is not let in; the text is for the log."""


@dataclass(frozen=True)
class AccessCheck:
    """One version of the check whether a client holds the secret."""

    flags: int  # of the first byte, exactly these
    challenge_size: int
    algorithm: str


ACCESS_CHECKS = {"v1": AccessCheck(0x80, 16, "md5"), "v2": AccessCheck(0xC0, 32, "sha256")}


class Handshake:
    """What this node demands of every client."""

    def __init__(self, config: NodeConfig) -> None:
        self._config = config
        self._check = ACCESS_CHECKS.get(config.access_check)
        self._secret = b""
        if self._check is not None and config.access_secret_file is not None:
            try:
                # The whole content counts, a final newline too.
                self._secret = Path(config.access_secret_file).read_bytes()
            except OSError as error:
                raise SimError(f"cannot read the access secret: {error}") from error

    async def welcome(self, stream: IpcStream) -> int:
        """Let a client in and return its kind, or raise HandshakeError."""
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                return await self._welcome(stream)
        except TimeoutError:
            raise HandshakeError(f"not finished within {LIMIT_SECONDS:g} s") from None

    async def _welcome(self, stream: IpcStream) -> int:
        hello = await stream.read_exactly(9)
        kind, flags = hello[0] & ~_FLAGS, hello[0] & _FLAGS
        if kind not in KINDS:
            raise HandshakeError(f"client kind {kind} is not served")
        stream.scope.kind = KINDS[kind]
        if flags != (self._check.flags if self._check else 0):
            raise HandshakeError("access check on one side only, or in different versions")
        if self._check:
            await self._demand_secret(stream, self._check)
        version = int.from_bytes(hello[1:3], "big")
        if version != self._config.version:
            await stream.send_raw(self._answer(STATUS_VERSION_REFUSED))
            raise HandshakeError(f"protocol version {version}, not {self._config.version}")
        await stream.send_raw(self._answer(self._config.handshake_status))
        return kind

    async def _demand_secret(self, stream: IpcStream, check: AccessCheck) -> None:
        challenge = os.urandom(check.challenge_size)
        await stream.send_raw(bytes([CHALLENGE]) + challenge)
        expected = hashlib.new(check.algorithm, self._secret + challenge).digest()
        response = await stream.read_exactly(1 + len(expected))
        if not hmac.compare_digest(response, bytes([RESPONSE]) + expected):
            await stream.send_raw(_FAILED)
            raise HandshakeError("wrong access secret")
        await stream.send_raw(_PASSED)

    def _answer(self, status: int) -> bytes:
        versions = self._config.version.to_bytes(2, "big") + self._config.library_version.to_bytes(
            4, "big"
        )
        return bytes([status]) + versions + bytes([MAX_DEPTH, MAX_KEYS])
