# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MAAPI socket, as far as HA needs it: docs/protocol.md, "MAAPI socket".

What needs a user session is in ipc_sessions.py.
"""

from __future__ import annotations

from ncs_sim.errors import Code, Refusal
from ncs_sim.ipc_ops import Operation, serve_operations
from ncs_sim.ipc_phases import reach_phase
from ncs_sim.ipc_sessions import UserSession
from ncs_sim.ipc_stream import IpcStream
from ncs_sim.log import log
from ncs_sim.node import Node
from ncs_sim.terms import Term

SET_READONLY, START_PHASE, WAIT_START = 229, 401, 402


class MaapiService:
    def __init__(self, node: Node) -> None:
        self._node = node

    async def serve(self, stream: IpcStream) -> None:
        operations: dict[int, Operation] = {
            SET_READONLY: self._set_readonly,
            START_PHASE: self._start_phase,
            WAIT_START: self._wait_start,
        }
        session = UserSession(self._node)
        await serve_operations(stream, operations | session.operations, session.on_transactions)

    async def _set_readonly(self, stream: IpcStream, argument: Term | None) -> Term:
        match argument:
            case (0 | 1) as mode:
                self._node.readonly = mode == 1
                log(f"read-only mode {'on' if mode else 'off'}")
                return mode
        raise Refusal(Code.PROTOUSAGE, "1 or 0 expected")

    async def _start_phase(self, stream: IpcStream, argument: Term | None) -> None:
        match argument:
            # A phase starts at once here, so both values of Synchronous come to the same.
            case ((1 | 2) as phase, 0 | 1):
                # [assumed] One phase at a time, and never the same again.
                if phase != self._node.phase + 1:
                    raise Refusal(Code.START_FAILED, f"is in phase {self._node.phase}")
                self._node.set_phase(phase)
            case _:
                raise Refusal(Code.PROTOUSAGE, "phase and synchronous expected")

    async def _wait_start(self, stream: IpcStream, argument: Term | None) -> None:
        match argument:
            case (0 | 1 | 2) as phase:
                await reach_phase(self._node, stream, phase)
            case _:
                raise Refusal(Code.PROTOUSAGE, "phase expected")
