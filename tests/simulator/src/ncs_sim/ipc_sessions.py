# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""User session and transactions of a MAAPI socket, and what they read.

docs/protocol.md, "Reading state without the HA socket". Requests are understood in every form that
the two vendors' clients send. Codes of refusals are [assumed] where that page has none.
"""

from __future__ import annotations

from ncs_sim.errors import Code, Refusal
from ncs_sim.ipc_ops import ANSWERED, Answer, Operation, TransactionOperation
from ncs_sim.ipc_stream import IpcStream
from ncs_sim.node import Node, Role
from ncs_sim.operational_data import Data, UnknownPrefix, data_of, exists, is_known, path_of
from ncs_sim.terms import OK, Atom, Term
from ncs_sim.xpath import SyntaxProblem, evaluate

START_SESSION, END_SESSION = 100, 101
START_TRANS, FINISH_TRANS = 140, 142
EXISTS, GET_ELEM, XPATH_TO_TEXT = 164, 166, 247

RUNNING, OPERATIONAL = 2, 4
READ, READ_WRITE = 1, 2

#: The context in which nothing is authorized, and a session can start before phase 2.
SYSTEM = "system"


class UserSession:
    """The user session of one connection, of which there is one at most."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._context: str | None = None  # None: no session
        self._handles: set[int] = set()
        self._last = 0

    @property
    def operations(self) -> dict[int, Operation]:
        return {START_SESSION: self._start, END_SESSION: self._end, START_TRANS: self._start_trans}

    @property
    def on_transactions(self) -> dict[int, TransactionOperation]:
        return {
            FINISH_TRANS: self._finish_trans,
            EXISTS: self._exists,
            GET_ELEM: self._get_elem,
            XPATH_TO_TEXT: self._xpath_to_text,
        }

    # Session

    async def _start(self, stream: IpcStream, argument: Term | None) -> None:
        context = _context_of(argument)
        if self._node.config.refuse_sessions:
            raise Refusal(self._node.config.refuse_sessions, "no session for this client")
        if self._context is not None:
            raise Refusal(Code.ALREADY_EXISTS, "has a session")
        if context != SYSTEM and self._node.phase < 2:
            raise Refusal(Code.BADSTATE, "start phase")
        self._context = context

    async def _end(self, stream: IpcStream, argument: Term | None) -> None:
        if self._context is None:
            raise Refusal(Code.NOSESSION, "no session")
        self._context = None
        self._handles.clear()

    # Transactions

    async def _start_trans(self, stream: IpcStream, argument: Term | None) -> Term:
        store, mode = _transaction_of(argument)
        if self._context is None:
            raise Refusal(Code.NOSESSION, "no session")
        if store not in (RUNNING, OPERATIONAL):
            raise Refusal(Code.NOEXISTS, "no such data store")
        if mode == READ_WRITE:
            self._check_writable()
        self._last += 1
        self._handles.add(self._last)
        return self._last

    def _check_writable(self) -> None:
        if self._node.phase == 0:
            raise Refusal(Code.BADSTATE, "start phase")
        if self._node.readonly or self._node.role in (Role.SECONDARY, Role.RELAY):
            raise Refusal(Code.NOT_WRITABLE, "node is in readonly mode")

    async def _finish_trans(self, stream: IpcStream, handle: int, argument: Term | None) -> None:
        self._data(handle)
        self._handles.discard(handle)

    def _data(self, handle: int) -> Data:
        if handle not in self._handles:
            raise Refusal(Code.NOTRANS, "no such transaction")
        return data_of(self._node)

    # Reading

    async def _exists(self, stream: IpcStream, handle: int, argument: Term | None) -> Term:
        data, path = self._data(handle), path_of(argument)
        if not is_known(data, path):
            raise Refusal(Code.BADPATH, "bad path")
        return int(exists(data, path))

    async def _get_elem(self, stream: IpcStream, handle: int, argument: Term | None) -> Term:
        data, path = self._data(handle), path_of(argument)
        if path not in data:
            raise Refusal(Code.BADPATH, "bad path")
        leaf = data[path]
        if leaf.is_list:
            return [value.term for value in leaf.values]
        if not leaf.values:
            raise Refusal(Code.NOEXISTS, "does not exist")
        return leaf.values[0].term

    async def _xpath_to_text(self, stream: IpcStream, handle: int, argument: Term | None) -> Answer:
        data = self._data(handle)
        expression, wants_trace, context = _xpath_of(argument)
        try:
            result: tuple[Term, ...] = (OK, evaluate(data, expression, path_of(context)).encode())
        except SyntaxProblem as problem:
            raise Refusal(Code.XPATH, str(problem)) from None
        except UnknownPrefix as problem:
            result = (Atom("error"), str(problem).encode())
        await stream.send_op(XPATH_TO_TEXT)
        if wants_trace:
            await stream.send_term((Atom("trace"), f"evaluating {expression}".encode()))
        await stream.send_term(result)
        return ANSWERED


def _context_of(argument: Term | None) -> str:
    """The context of a session that is to start, in any of the forms that there are."""
    match argument:
        case [bytes(), source, Atom(context), int(), *_groups] if isinstance(argument, list):
            _check_source(source)
        case (bytes(), source, Atom(context), int(), Atom("true" | "false"), list(), _client):
            _check_source(source)
        case _:
            raise Refusal(Code.PROTOUSAGE, "user session expected")
    return context


def _check_source(source: Term) -> None:
    """An address, alone or with a port."""
    match source:
        case (tuple() as address, int()) | (tuple() as address):
            if len(address) in (4, 8) and all(isinstance(part, int) for part in address):
                return
    raise Refusal(Code.PROTOUSAGE, "source address expected")


def _transaction_of(argument: Term | None) -> tuple[int, int]:
    """Data store and mode of a transaction that is to start, in any of the forms there are."""
    match argument:
        case (int() as store, (1 | 2) as mode):
            return store, mode
        case (int() as store, (1 | 2) as mode, (_, _, _, bytes())):
            return store, mode
        case (int() as store, (1 | 2) as mode, int(), 0):
            return store, mode
        case (int() as store, (1 | 2) as mode, int(), 1, int(), (_, _, _, bytes())):
            return store, mode
    raise Refusal(Code.PROTOUSAGE, "transaction expected")


def _xpath_of(argument: Term | None) -> tuple[str, bool, Term]:
    """Expression, whether a trace is wanted, and context node."""
    match argument:
        case (bytes() as expression, Atom("true" | "false") as trace, context, *rest) if rest in (
            [],
            [0, [], Atom("undefined")],
        ):
            try:
                return expression.decode("utf-8"), trace == Atom("true"), context
            except UnicodeDecodeError:
                raise Refusal(Code.XPATH, "expression is not UTF-8") from None
    raise Refusal(Code.PROTOUSAGE, "XPath expression expected")
