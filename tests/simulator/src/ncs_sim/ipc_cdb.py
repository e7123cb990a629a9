# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CDB socket: docs/protocol.md, "CDB socket"."""

from __future__ import annotations

from ncs_sim.ipc_ops import serve_operations
from ncs_sim.ipc_stream import IpcStream
from ncs_sim.node import Node
from ncs_sim.terms import Atom, Term

GET_PHASE, GET_TXID = 65, 66

# Which flag goes with which phase is [assumed]; docs/protocol.md lists the names only.
_FLAGS = {0: "init", 1: "normal", 2: "normal"}


class CdbService:
    def __init__(self, node: Node) -> None:
        self._node = node

    async def serve(self, stream: IpcStream) -> None:
        introduction = await stream.read_frame()
        if introduction[:4] != bytes(4):
            return
        await serve_operations(stream, {GET_PHASE: self._phase, GET_TXID: self._txid})

    async def _phase(self, stream: IpcStream, argument: Term | None) -> Term:
        return phase_term(self._node.phase, self._node.faults.upgrading)

    async def _txid(self, stream: IpcStream, argument: Term | None) -> Term:
        return self._node.store.txid.to_term()


def phase_term(phase: int, upgrading: bool = False) -> Term:
    return (phase, Atom("upgrade" if upgrading else _FLAGS[phase]))
