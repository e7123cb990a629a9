# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepts IPC clients on TCP or a Unix socket and hands each to its service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from ncs_sim.config import NodeConfig
from ncs_sim.errors import SimError
from ncs_sim.framing import FrameError
from ncs_sim.handshake import (
    KIND_CDB,
    KIND_EVENTS,
    KIND_HA,
    KIND_MAAPI,
    Handshake,
    HandshakeError,
)
from ncs_sim.ipc_cdb import CdbService
from ncs_sim.ipc_events import EventService
from ncs_sim.ipc_ha import HaService
from ncs_sim.ipc_maapi import MaapiService
from ncs_sim.ipc_stream import IpcStream
from ncs_sim.listener import listening_socket
from ncs_sim.log import log
from ncs_sim.node import Node


class IpcServer:
    def __init__(self, node: Node) -> None:
        self._config = node.config
        self._faults = node.faults
        self._handshake = Handshake(node.config)
        self._services: dict[int, Callable[[IpcStream], Awaitable[None]]] = {
            KIND_HA: HaService(node).serve,
            KIND_CDB: CdbService(node).serve,
            KIND_MAAPI: MaapiService(node).serve,
            KIND_EVENTS: EventService(node).serve,
        }
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        sock = _ipc_socket(self._config)
        self._server = await asyncio.start_server(self._serve, sock=sock)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._config.ipc_path is not None:
            Path(self._config.ipc_path).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = IpcStream(reader, writer, self._config, self._faults)
        try:
            if self._config.ipc_path is not None and not _same_user(stream.socket):
                raise HandshakeError("user id is not let in")
            kind = await self._handshake.welcome(stream)
            if kind == KIND_HA and not self._config.ha_enabled:
                # [assumed] docs/protocol.md says that there is no HA then, not how it is refused.
                raise HandshakeError("HA is not enabled")
            await self._services[kind](stream)
        except (HandshakeError, FrameError) as error:
            log(f"client refused: {error}")
        except EOFError:
            pass
        except TimeoutError:
            log("client does not take its answer")
            stream.abort()
        except OSError as error:
            log(f"client lost: {error.strerror}")
        finally:
            with contextlib.suppress(OSError):
                stream.close()


def _ipc_socket(config: NodeConfig) -> socket.socket:
    if config.ipc_path is None:
        try:
            return listening_socket(config.ipc_host, config.ipc_port)
        except OSError as error:
            where = f"{config.ipc_host} port {config.ipc_port}"
            raise SimError(f"cannot listen on {where}: {error.strerror}") from error
    try:
        return unix_socket(Path(config.ipc_path))
    except OSError as error:
        raise SimError(f"cannot listen on {config.ipc_path}: {error.strerror}") from error


def unix_socket(path: Path) -> socket.socket:
    """Listen on a Unix socket; one that a killed node left behind makes way."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if path.exists() and stat.S_ISSOCK(path.lstat().st_mode) and not _answers(path):
            path.unlink()
        sock.bind(str(path))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True


def _same_user(sock: socket.socket) -> bool:
    """Root and the daemon's user are let in: docs/protocol.md, "Where a client connects".

    Users of NSO with local_ipc_access would be, too. There are no such users here.
    """
    size = struct.calcsize("3i")
    _unused, uid, _unused = struct.unpack(
        "3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return uid in (0, os.getuid())
