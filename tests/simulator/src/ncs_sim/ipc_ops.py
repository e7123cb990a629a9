# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CDB and MAAPI sockets have in common: 4-byte operations, answered one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Protocol

from ncs_sim.errors import Code, Refusal
from ncs_sim.ipc_stream import IpcStream
from ncs_sim.terms import Term, TermError, decode

# What faults call the requests.
_NAMES = {
    65: "get_phase",
    66: "get_txid",
    229: "set_readonly",
    401: "start_phase",
    402: "wait_start",
}


class Operation(Protocol):
    """What an op does with the term of a request, and the term it is answered with."""

    def __call__(self, stream: IpcStream, argument: Term | None, /) -> Awaitable[Term | None]:
        """Carry the op out."""


async def serve_operations(stream: IpcStream, operations: Mapping[int, Operation]) -> None:
    while True:
        request = await stream.read_frame()
        if len(request) < 4:
            return  # no op to answer to: close
        op = int.from_bytes(request[:4], "big")
        stream.scope.about = _NAMES.get(op, "?")
        try:
            argument = decode(request[4:]) if len(request) > 4 else None
            if op not in operations:
                # [assumed] docs/protocol.md does not say how an unknown op is refused.
                raise Refusal(Code.PROTOUSAGE, f"unknown operation {op & 0x7FFFFFFF}")
            answer = await operations[op](stream, argument)
        except Refusal as refusal:
            await stream.send_op_error(op, refusal)
        except TermError as error:
            await stream.send_op_error(op, Refusal(Code.PROTOUSAGE, str(error)))
        else:
            await stream.send_op(op, answer)
