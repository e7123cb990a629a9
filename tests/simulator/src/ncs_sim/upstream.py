# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary (or relay) as its secondary sees it: joining, then storing each commit."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ncs_sim.address import Peer
from ncs_sim.config import NodeConfig
from ncs_sim.errors import Code, Refusal, StoreError
from ncs_sim.faults import Faults
from ncs_sim.link import (
    OPENING_LIMIT,
    PRIMARY_SIDE,
    SECONDARY_SIDE,
    Link,
    LinkClosed,
    LinkSilent,
    Message,
    changes,
    text,
)
from ncs_sim.link_tls import dialling
from ncs_sim.tasks import spawn
from ncs_sim.txid import TxId

DIAL_SECONDS = 10.0
# How long the primary may be silent during the first copy when ticks are off.
SYNC_SECONDS = 60.0
BACKLOG = 10_000

Apply = Callable[[TxId, Mapping[str, str]], Awaitable[None]]
Replace = Callable[[TxId, Mapping[str, str]], None]


@dataclass(frozen=True)
class Hooks:
    """How this link reaches into the node."""

    txid: Callable[[], TxId]
    replace: Replace
    apply: Apply
    lost: Callable[[Upstream, int, str], None]


class Upstream:
    """The link to the primary."""

    def __init__(
        self, config: NodeConfig, faults: Faults, own_id: str, primary: Peer, hooks: Hooks
    ) -> None:
        self.primary = primary
        self.own_id = own_id
        self.by_copy = False
        self._config = config
        self._faults = faults
        self._hooks = hooks
        self._link: Link | None = None
        self._joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._incoming: asyncio.Queue[Message] = asyncio.Queue(BACKLOG)
        self._tasks: list[asyncio.Task[None]] = []
        self._alive = True

    async def join(self, token: bytes) -> None:
        """Dial, prove the token, take the data; return once nothing is missing."""
        limit = self._config.silence_limit or SYNC_SECONDS
        link = self._link = await self._dial()
        try:
            copy = await self._introduce(link, token, limit)
            if self._config.tick_timeout:
                self._tasks.append(spawn(self._send_ticks(link), "upstream ticks"))
            if copy:
                await self._take_copy(link, limit)
        except (LinkClosed, LinkSilent, ConnectionError) as error:
            raise Refusal(Code.HA_CLOSED, _plain(error)) from error
        except StoreError as error:
            raise Refusal(Code.OS, str(error)) from error
        self._tasks += [
            spawn(self._receive(link), "upstream receiver"),
            spawn(self._store(link), "upstream storer"),
        ]
        await self._joined

    def close(self) -> None:
        """Leave the primary, without a report."""
        self._alive = False
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        if self._link is not None:
            self._link.abort()

    async def _dial(self) -> Link:
        self._faults.admit_peer(self.primary)
        # Dialling from the node's own address lets a test cut the link between two nodes.
        source = (self._config.address, 0)
        host, port = self.primary.address.host, self._config.ha_port
        tls = dialling(self._config)
        name = host if tls else None
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                reader, writer = await asyncio.open_connection(
                    host, port, local_addr=source, ssl=tls, server_hostname=name
                )
        except ssl.SSLError as error:
            raise Refusal(Code.HA_CONNECT, f"TLS: {error}") from None
        except (OSError, TimeoutError, UnicodeError):
            raise Refusal(Code.HA_CONNECT) from None
        found: socket.socket | None = writer.get_extra_info("socket")
        if found is not None and found.getsockname() == found.getpeername():
            # TCP connected the socket to itself; nobody listens there.
            writer.transport.abort()
            raise Refusal(Code.HA_CONNECT)
        return Link(reader, writer, self._faults, self.primary)

    async def _introduce(self, link: Link, token: bytes, limit: float) -> bool:
        """Both sides prove the token; return whether a copy will follow."""
        version = self._config.version
        self._faults.admit_link()
        hello = {"ha": version, "id": self.own_id, "address": self._config.address}
        await link.send_opening(hello)
        challenge = _unless_refused(await link.receive_opening(limit))
        if challenge.get("ha") != version:
            raise Refusal(Code.HA_BADVSN, "HA version differs")
        proof = _unless_refused(await link.receive(limit, OPENING_LIMIT))
        if not link.proves(proof, token, PRIMARY_SIDE):
            raise Refusal(Code.HA_BADTOKEN, "bad token")
        # Token before name is [assumed]: docs/protocol.md does not rank the two.
        if text(challenge, "id") != self.primary.node_id:
            raise Refusal(Code.HA_BADNAME, "bad name")
        await link.send(
            {
                "proof": link.proof(token, SECONDARY_SIDE),
                "packages": self._config.packages,
                "streams": self._config.stream_config,
                "txid": self._hooks.txid().pack(),
            }
        )
        answer = _unless_refused(await link.receive(limit))
        return text(answer, "sync") == "copy"

    async def _take_copy(self, link: Link, limit: float) -> None:
        data: dict[str, str] = {}
        while True:
            message = await link.receive(limit)
            self._faults.break_copy()
            if "copy" in message:
                data.update(changes(message, "copy"))
            elif "copied" in message:
                break
            elif "tick" not in message:
                raise LinkClosed("unexpected message in the copy")
        self._hooks.replace(_txid(message, "copied"), data)
        self.by_copy = True
        await link.send({"stored": True})

    async def _receive(self, link: Link) -> None:
        """Read on while commits are stored, so that ticks are heard meanwhile."""
        limit = self._config.silence_limit
        try:
            while True:
                message = await link.receive(limit)
                if "joined" in message:
                    if not self._joined.done():
                        self._joined.set_result(None)
                elif "commit" in message:
                    self._incoming.put_nowait(message)
                elif "tick" not in message:
                    raise LinkClosed("unexpected message")
        except LinkClosed as error:
            self._lose(Code.HA_CLOSED, f"closed ({error})")
        except asyncio.QueueFull:
            self._lose(Code.HA_CLOSED, "too many commits waiting")
        except LinkSilent:
            self._lose(Code.HA_NOTICK, f"silent for {limit:g} s")

    async def _store(self, link: Link) -> None:
        try:
            while True:
                message = await self._incoming.get()
                await self._hooks.apply(_txid(message, "txid"), changes(message, "set"))
                await link.send({"ack": message["commit"]})
        except (LinkClosed, StoreError) as error:
            self._lose(Code.HA_CLOSED, _plain(error))

    async def _send_ticks(self, link: Link) -> None:
        with contextlib.suppress(LinkClosed):  # the receiver finds that out too
            while True:
                await asyncio.sleep(self._config.tick_timeout)
                if self._faults.ticking:
                    await link.send({"tick": True})

    def _lose(self, code: Code, why: str) -> None:
        if not self._alive:
            return
        self.close()
        if self._joined.done():
            self._hooks.lost(self, int(code), why)
        else:
            # Still joining: docs/protocol.md, "Error codes", names one code for a first
            # synchronisation that fails.
            self._joined.set_exception(Refusal(Code.HA_CLOSED, why))


def _unless_refused(message: Message) -> Message:
    match message:
        case {"error": int() as code}:
            reason = message.get("reason")
            raise Refusal(code, reason if isinstance(reason, str) else None)
    return message


def _txid(message: Message, key: str) -> TxId:
    try:
        return TxId.unpack(message.get(key))
    except ValueError as error:
        raise LinkClosed(str(error)) from error


def _plain(error: Exception) -> str:
    return str(error) or ("peer silent" if isinstance(error, LinkSilent) else "peer closed")
