# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HA socket: docs/protocol.md, "HA socket"."""

from __future__ import annotations

from ncs_sim.address import Address, Peer
from ncs_sim.errors import Code, Refusal
from ncs_sim.fault_kinds import REQUESTS
from ncs_sim.ipc_stream import IpcStream
from ncs_sim.log import log
from ncs_sim.node import Node
from ncs_sim.terms import OK, Term, TermError, decode

MAX_NODE_ID = 255


class HaService:
    """Serves HA sockets, of which only the newest counts."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._current: IpcStream | None = None

    async def serve(self, stream: IpcStream) -> None:
        token = await stream.read_frame()
        # Only now does the newcomer count: a client that never sends a token takes nothing away.
        older, self._current = self._current, stream
        if older is not None:
            log("HA socket replaced by a newer one")
            older.close()
        self._node.token = token
        try:
            while self._current is stream:
                await self._answer_one(stream)
        finally:
            if self._current is stream:
                self._current = None

    async def _answer_one(self, stream: IpcStream) -> None:
        payload = await stream.read_frame()
        if self._current is not stream:
            return  # closed by us while this order came in
        stream.scope.about = _order_name(payload)
        try:
            answer = await self._carry_out(decode(payload))
        except Refusal as refusal:
            log(f"order refused: {refusal}")
            if not _is_asynchronous(payload):
                await stream.send_refusal(refusal)
        except TermError as error:
            await stream.send_refusal(Refusal(Code.PROTOUSAGE, str(error)))
        else:
            if answer is not None:
                await stream.send_term(answer)

    async def _carry_out(self, order: Term) -> Term | None:
        """Do what is ordered; None if there must be no answer."""
        match order:
            case (4,):
                return self._node.status_term()
            case (1, bytes() as own_id):
                await self._node.beprimary(node_id(own_id))
            case (2, bytes() as own_id, (bytes() as primary_id, at), (0 | 1) as wait):
                peer = Peer(node_id(primary_id), _address(at))
                await self._node.besecondary(node_id(own_id), peer, wait == 1)
                if wait == 0:
                    return None
            case (3,):
                await self._node.benone()
            case (5, bytes() as dead):
                await self._node.secondary_dead(node_id(dead))
            case (6,):
                await self._node.berelay()
            case (int() as number, *_unused) if not 1 <= number <= 6:
                # [assumed] docs/protocol.md does not say how an unknown order is refused.
                raise Refusal(Code.NOT_IMPLEMENTED, f"unknown order {number}")
            case _:
                raise Refusal(Code.PROTOUSAGE, "malformed order")
        return OK


def node_id(raw: bytes) -> str:
    """A node id out of an order."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(Code.PROTOUSAGE, "node id is not UTF-8") from None
    if not 0 < len(raw) <= MAX_NODE_ID:
        raise Refusal(Code.PROTOUSAGE, "node id is empty or too long")
    return name


def _address(term: Term) -> Address:
    try:
        return Address.from_term(term)
    except ValueError:
        raise Refusal(Code.PROTOUSAGE, "malformed address") from None


def _order_name(payload: bytes) -> str:
    """What faults are told the answer is to; of what is no order, something without a name."""
    names = REQUESTS["ha"]  # in the order of their numbers, from 1 on
    try:
        match decode(payload):
            case (int() as number, *_unused) if 1 <= number <= len(names):
                return names[number - 1]
    except TermError:
        pass
    return "?"


def _is_asynchronous(payload: bytes) -> bool:
    """A besecondary with Wait = 0, which is never answered, not even by a refusal."""
    match decode(payload):
        case (2, bytes(), (bytes(), _unused), 0):
            return True
    return False
