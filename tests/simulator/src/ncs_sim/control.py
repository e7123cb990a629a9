# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket, for tests and `ncs-sim ctl`: one JSON object a line, answered by one.

It is in the node's own directory, which only its owner may enter.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from ncs_sim.address import Address, Peer
from ncs_sim.control_path import SOCKET_NAME, Answer, reachable
from ncs_sim.controller import take_socket
from ncs_sim.errors import Code, OutcomeUnknown, Refusal, StoreError
from ncs_sim.fault_kinds import Controller, Fault, FaultError, from_json
from ncs_sim.ipc_server import unix_socket
from ncs_sim.node import Node

MAX_LINE = 8 * 1024 * 1024
MAX_KEY, MAX_VALUE = 1024, 1024 * 1024  # characters


class BadRequest(Exception):
    """The text is the answer."""


class ControlServer:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        with reachable(Path(self._node.config.directory)) as path:
            # The directory's lock is ours: a socket found here is a dead node's.
            path.unlink(missing_ok=True)
            sock: socket.socket = unix_socket(path)
            os.chmod(path, 0o600)
        self._server = await asyncio.start_server(self._serve, sock=sock, limit=MAX_LINE)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        (Path(self._node.config.directory) / SOCKET_NAME).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer_lines(reader, writer, self._carry_out)

    async def _carry_out(self, request: object) -> Answer:
        node = self._node
        match request:
            case {"op": "status"}:
                return {"status": node.describe()}
            case {"op": "write", "key": str() as key, "value": str() as value, **more}:
                return await write(node, key, value, as_primary=more.get("as_primary") is True)
            case {"op": "read", "key": str() as key}:
                return {"value": node.store.data.get(key)}
            case {"op": "dump"}:
                return {"data": node.store.data}
            case {"op": "snapshot"}:  # both of one moment
                return {"status": node.describe(), "data": node.store.data}
            case {"op": "phase", "phase": (0 | 1 | 2) as phase}:
                node.set_phase(phase)
            case {"op": "fault", "name": name, "arguments": arguments}:
                await self._begin(from_json(name, arguments))
            case {"op": "faults"}:
                return {"faults": node.faults.to_json(), "waiting": node.faults.waiting}
            case {"op": "clear", "name": str() | None as name, "peer": str() | None as peer}:
                node.faults.clear(name, peer)
            case {"op": "order", "role": str() as role, "node_id": str() as own_id, **rest}:
                await give_order(node, role, own_id, rest.get("primary"))
            case _:
                raise BadRequest("unknown request")
        return {}

    async def _begin(self, fault: Fault) -> None:
        node = self._node
        if isinstance(fault, Controller):
            token = node.token if fault.token is None else fault.token.encode()
            await take_socket(node.config, node.faults, fault, token)
        else:
            node.faults.add(fault)


async def answer_lines(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    carry_out: Callable[[object], Awaitable[Answer]],
) -> None:
    """Answer the request in each line until the client ends the connection; close it then."""
    try:
        while line := await reader.readline():
            answer = await answer_to(line, carry_out)
            writer.write(json.dumps(answer).encode("ascii") + b"\n")
            await writer.drain()
    except (OSError, ValueError):  # ValueError: the line is too long
        pass
    finally:
        with contextlib.suppress(OSError):
            writer.close()


async def answer_to(line: bytes, carry_out: Callable[[object], Awaitable[Answer]]) -> Answer:
    """Carry out one request; the answer says what came of it."""
    try:
        request = json.loads(line)
        return {"ok": True} | await carry_out(request)
    except (BadRequest, FaultError) as error:
        return {"ok": False, "error": str(error)}
    except (ValueError, RecursionError):
        return {"ok": False, "error": "not a JSON object"}
    except Refusal as refusal:
        return {"ok": False, "error": refusal.reason or "refused", "code": refusal.code}
    except StoreError as error:
        return {"ok": False, "error": str(error), "code": int(Code.OS)}
    except OutcomeUnknown as error:
        return {"ok": False, "error": str(error), "unknown": True}


async def write(node: Node, key: str, value: str, *, as_primary: bool) -> Answer:
    """Let a client write one value."""
    if not 0 < len(key) <= MAX_KEY or len(value) > MAX_VALUE:
        raise BadRequest(f"key 1 to {MAX_KEY}, value up to {MAX_VALUE} characters")
    txid, epoch = await node.write(key, value, as_primary)
    return {"txid": txid.to_json(), "epoch": epoch, "run": node.run}


async def give_order(node: Node, role: str, own_id: str, primary: object) -> None:
    """Give the orders for a role straight to the node: no HA socket is taken from anybody."""
    match role, primary:
        case "none", None:
            await node.benone()
        case "primary", None:
            await node.beprimary(own_id)
        case "relay", None:
            await node.berelay()
        case (("secondary" | "relay"), {"node_id": str() as primary_id, "address": str() as at}):
            await node.besecondary(own_id, Peer(primary_id, Address(at)), wait=True)
            if role == "relay":
                await node.berelay()
        case _:
            raise BadRequest("none, primary, secondary with a primary, or relay")
