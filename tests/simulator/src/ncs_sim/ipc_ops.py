# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CDB and MAAPI sockets have in common: 4-byte operations, answered one by one."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Mapping
from typing import Protocol, TypeAlias

from ncs_sim.errors import Code, Refusal
from ncs_sim.ipc_stream import IpcStream
from ncs_sim.terms import Term, TermError, decode

# What faults call the requests.
_NAMES = {
    64: "wait_phase_1",
    65: "get_phase",
    66: "get_txid",
    100: "start_user_session",
    101: "end_user_session",
    140: "start_trans",
    142: "finish_trans",
    164: "exists",
    166: "get_elem",
    247: "xpath_eval_expr",
    229: "set_readonly",
    401: "start_phase",
    402: "wait_start",
}


class Answered(enum.Enum):
    """What an op returns that has sent its answer itself."""

    ANSWERED = enum.auto()


ANSWERED = Answered.ANSWERED
Answer: TypeAlias = "Term | Answered | None"


class Operation(Protocol):
    """What an op does with the term of a request, and the term it is answered with."""

    def __call__(self, stream: IpcStream, argument: Term | None, /) -> Awaitable[Answer]:
        """Carry the op out."""


class TransactionOperation(Protocol):
    """The same for an op that names a transaction by its handle."""

    def __call__(
        self, stream: IpcStream, handle: int, argument: Term | None, /
    ) -> Awaitable[Answer]:
        """Carry the op out."""


# In a request, the top bit says that its path is relative to where the client stands. No client
# can go anywhere here, so that is the root.
_NUMBER = 0x7FFFFFFF


async def serve_operations(
    stream: IpcStream,
    operations: Mapping[int, Operation],
    on_transactions: Mapping[int, TransactionOperation] | None = None,
) -> None:
    while True:
        request = await stream.read_frame()
        if len(request) < 4:
            return  # no op to answer to: close
        op = int.from_bytes(request[:4], "big") & _NUMBER
        stream.scope.about = _NAMES.get(op, "?")
        try:
            answer = await _carry_out(stream, op, request[4:], operations, on_transactions or {})
        except Refusal as refusal:
            await stream.send_op_error(op, refusal)
        except TermError as error:
            await stream.send_op_error(op, Refusal(Code.PROTOUSAGE, str(error)))
        else:
            if not isinstance(answer, Answered):
                await stream.send_op(op, answer)


async def _carry_out(
    stream: IpcStream,
    op: int,
    rest: bytes,
    operations: Mapping[int, Operation],
    on_transactions: Mapping[int, TransactionOperation],
) -> Answer:
    if op in on_transactions:
        if len(rest) < 4:
            raise Refusal(Code.PROTOUSAGE, "transaction handle expected")
        handle, rest = int.from_bytes(rest[:4], "big"), rest[4:]
        return await on_transactions[op](stream, handle, decode(rest) if rest else None)
    argument = decode(rest) if rest else None
    if op not in operations:
        raise Refusal(Code.NOT_IMPLEMENTED, f"unknown operation {op}")
    return await operations[op](stream, argument)
