# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HA port of a primary or relay: who may become its secondary."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from ncs_sim.address import Address, Peer
from ncs_sim.config import NodeConfig
from ncs_sim.errors import Code, Refusal
from ncs_sim.faults import Faults
from ncs_sim.link import (
    OPENING_LIMIT,
    OPENING_SECONDS,
    PRIMARY_SIDE,
    SECONDARY_SIDE,
    Link,
    LinkClosed,
    LinkSilent,
    Message,
    text,
)
from ncs_sim.link_tls import listening
from ncs_sim.log import log
from ncs_sim.txid import TxId

Admit = Callable[[Peer, Link, TxId], None]


def listening_socket(host: str, port: int) -> socket.socket:
    """A TCP socket that listens there; OSError if it cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A node must be able to start again at once after it was killed.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((host, port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock


class HaListener:
    """Proves every caller and hands the proven ones on."""

    def __init__(
        self,
        config: NodeConfig,
        faults: Faults,
        own_id: str,
        token: Callable[[], bytes],
        admit: Admit,
    ) -> None:
        self.own_id = own_id
        self._config = config
        self._faults = faults
        self._token = token
        self._admit = admit
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        try:
            sock = listening_socket(self._config.address, self._config.ha_port)
        except OSError as error:
            raise Refusal(Code.HA_BIND, f"{error.strerror}") from error
        tls = listening(self._config)
        limit = OPENING_SECONDS if tls else None
        self._server = await asyncio.start_server(
            self._serve, sock=sock, ssl=tls, ssl_handshake_timeout=limit
        )

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(reader, writer, self._faults)
        try:
            await self._prove(link)
        except Refusal as refusal:
            log(f"secondary turned away: {refusal}")
            await _say(link, refusal)
            link.close()
        except (LinkClosed, LinkSilent) as error:
            log(f"secondary gone during its handshake: {error or type(error).__name__}")
            link.abort()

    async def _prove(self, link: Link) -> None:
        version = self._config.version
        hello = await link.receive_opening(OPENING_SECONDS)
        if hello.get("ha") != version:
            raise Refusal(Code.HA_BADVSN, "HA version differs")
        peer = _peer(hello)
        self._faults.admit_peer(peer)
        link.peer = peer
        self._faults.admit_link()
        token = self._token()
        await link.send_opening({"ha": version, "id": self.own_id})
        await link.send({"proof": link.proof(token, PRIMARY_SIDE)})
        answer = await link.receive(OPENING_SECONDS, OPENING_LIMIT)
        if not link.proves(answer, token, SECONDARY_SIDE):
            raise Refusal(Code.HA_BADTOKEN, "bad token")
        if answer.get("packages") != self._config.packages:
            raise Refusal(Code.HA_BADFXS, "packages differ")
        if answer.get("streams") != self._config.stream_config:
            raise Refusal(Code.HA_BADCONFIG, "event streams differ")
        if self._server is None:
            # The node left the role while the handshake went on.
            raise Refusal(Code.HA_CONNECT)
        try:
            txid = TxId.unpack(answer.get("txid"))
        except ValueError as error:
            raise LinkClosed(str(error)) from error
        self._admit(peer, link, txid)


def _peer(hello: Message) -> Peer:
    """Who calls; LinkClosed if that could not stand in a status answer."""
    peer = Peer(text(hello, "id"), Address(text(hello, "address")))
    try:
        peer.to_term()
    except ValueError as error:
        raise LinkClosed(f"malformed hello: {error}") from error
    return peer


async def _say(link: Link, refusal: Refusal) -> None:
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            await link.send({"error": refusal.code, "reason": refusal.reason})
    except (LinkClosed, TimeoutError):
        link.abort()
