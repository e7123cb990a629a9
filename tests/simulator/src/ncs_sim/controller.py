# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another HA controller, as a fault: a client like any other, but inside the node's own process.

It connects to the node's IPC port, hands over its token, reads the status, and keeps the socket.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from ncs_sim.config import NodeConfig
from ncs_sim.errors import Code, Refusal
from ncs_sim.fault_kinds import Controller
from ncs_sim.faults import Faults
from ncs_sim.framing import FrameError, frame, read_frame
from ncs_sim.handshake import ACCESS_CHECKS, CHALLENGE, KIND_HA, RESPONSE
from ncs_sim.tasks import spawn
from ncs_sim.terms import encode

CONNECT_SECONDS = 5.0

_STATUS = 4


async def take_socket(config: NodeConfig, faults: Faults, fault: Controller, token: bytes) -> None:
    """Return once the socket is this controller's; Refusal where it cannot be had."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await _dial(config)
            await _shake_hands(config, reader, writer)
            writer.write(frame(token) + frame(encode((_STATUS,))))
            await read_frame(reader)
    except (OSError, EOFError, TimeoutError, FrameError) as error:
        if writer is not None:
            writer.transport.abort()
        reason = f"the controller did not get the HA socket: {error or type(error).__name__}"
        raise Refusal(Code.INTERNAL, reason) from error
    faults.add(fault)
    spawn(_keep(faults, fault, reader, writer), "controller")


async def _keep(
    faults: Faults,
    fault: Controller,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Until somebody takes the socket, or the fault ends."""
    taken = asyncio.ensure_future(reader.read())
    try:
        while not taken.done() and faults.is_active(fault):
            changed = asyncio.ensure_future(faults.changed())
            await asyncio.wait([taken, changed], return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
    finally:
        taken.cancel()
        writer.transport.abort()
        faults.discard(fault)


async def _dial(config: NodeConfig) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if config.ipc_path is not None:
        return await asyncio.open_unix_connection(config.ipc_path)
    return await asyncio.open_connection(config.ipc_host, config.ipc_port)


async def _shake_hands(
    config: NodeConfig, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    check = ACCESS_CHECKS.get(config.access_check)
    kind = KIND_HA | (check.flags if check else 0)
    library = config.library_version.to_bytes(4, "big")
    writer.write(bytes([kind]) + config.version.to_bytes(2, "big") + library + bytes(2))
    if check is not None and config.access_secret_file is not None:
        challenge = await reader.readexactly(1 + check.challenge_size)
        if challenge[0] != CHALLENGE:
            raise EOFError("no challenge")
        secret = Path(config.access_secret_file).read_bytes()
        digest = hashlib.new(check.algorithm, secret + challenge[1:]).digest()
        writer.write(bytes([RESPONSE]) + digest)
        await reader.readexactly(1)
    await reader.readexactly(9)
