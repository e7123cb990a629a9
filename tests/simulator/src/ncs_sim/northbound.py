# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port at which clients write, open on the primary alone: docs/protocol.md, "Northbound ports".

As an SSH server does, it greets first, so a check can tell a node that answers from a kernel that
accepts for one that hangs. Then one JSON object a line, answered by one, as on the control socket.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from ncs_sim.control import MAX_LINE, BadRequest, answer_lines, write
from ncs_sim.control_path import Answer
from ncs_sim.listener import listening_socket
from ncs_sim.log import log
from ncs_sim.node import Node, Role
from ncs_sim.tasks import spawn

GREETING = b"ncs-sim northbound\n"


class Northbound:
    """The port of one node. `follow` opens and closes it, after each change of role or phase."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._server: asyncio.Server | None = None
        self._epoch: int | None = None  # the node's, while the port is open
        self._clients: set[asyncio.StreamWriter] = set()

    def follow(self) -> None:
        """Open the port on a primary in phase 2, close it and its connections otherwise."""
        node = self._node
        wanted = node.epoch if node.role is Role.PRIMARY and node.phase == 2 else None
        if wanted == self._epoch:
            return
        self._close()
        self._epoch = wanted
        if wanted is not None:
            spawn(self._open(wanted), "northbound")

    async def _open(self, epoch: int) -> None:
        config = self._node.config
        try:
            sock = listening_socket(config.northbound_host, config.northbound_port)
        except OSError as error:
            # [assumed] The role does not depend on it.
            log(f"northbound port {config.northbound_port}: {error.strerror}")
            return
        server = await asyncio.start_server(self._serve, sock=sock, limit=MAX_LINE)
        if self._epoch != epoch:
            server.close()
            return
        self._server = server

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        # docs/protocol.md: a node that leaves the role ends the traffic that is under way.
        for client in self._clients:
            client.transport.abort()
        self._clients.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._epoch is None:
            # The port was closed after this client had come.
            writer.close()
            return
        self._clients.add(writer)
        try:
            writer.write(GREETING)
            await answer_lines(reader, writer, self._carry_out)
        finally:
            self._clients.discard(writer)

    async def _carry_out(self, request: object) -> Answer:
        match request:
            case {"op": "write", "key": str() as key, "value": str() as value}:
                written = await write(self._node, key, value, as_primary=True)
                return {"node": Path(self._node.config.directory).name, **written}
            case _:
                raise BadRequest("unknown request")
