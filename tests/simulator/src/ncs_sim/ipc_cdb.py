# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CDB socket: docs/protocol.md, "CDB socket"."""

from __future__ import annotations

from ncs_sim.ipc_ops import serve_operations
from ncs_sim.ipc_phases import reach_phase
from ncs_sim.ipc_stream import IpcStream
from ncs_sim.node import Node
from ncs_sim.terms import Atom, Term

# The first frame of a client is an operation, too: this one, and the client's name.
CLIENT_NAME = 0
WAIT_PHASE_1, GET_PHASE, GET_TXID = 64, 65, 66


class CdbService:
    def __init__(self, node: Node) -> None:
        self._node = node

    async def serve(self, stream: IpcStream) -> None:
        introduction = await stream.read_frame()
        if introduction[:4] != CLIENT_NAME.to_bytes(4, "big"):
            return  # [assumed] nothing says what becomes of a client that does not begin so
        await serve_operations(
            stream,
            {WAIT_PHASE_1: self._wait_phase_1, GET_PHASE: self._phase, GET_TXID: self._txid},
        )

    async def _wait_phase_1(self, stream: IpcStream, argument: Term | None) -> None:
        await reach_phase(self._node, stream, 1)

    async def _phase(self, stream: IpcStream, argument: Term | None) -> Term:
        node = self._node
        return phase_term(node.phase, node.store.is_new, node.faults.upgrading)

    async def _txid(self, stream: IpcStream, argument: Term | None) -> Term:
        return self._node.store.txid.to_term()


def phase_term(phase: int, initializing: bool = False, upgrading: bool = False) -> Term:
    """A phase and its flag, which tells of a transaction under way, and that only in phase 0.

    Which of `false` and `normal` stands for none in which phase is [assumed].
    """
    if phase > 0:
        return (phase, Atom("normal"))
    return (phase, Atom("upgrade" if upgrading else "init" if initializing else "false"))
