# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Setting and lifting the administrator's read-only mode of a node.

The daemon has one such mode, and does not tell who set it. So what a run has set is marked in the
state directory, before the order is given: no run makes a daemon read-only without a mark. A mode
without a mark is an administrator's, and no operation lifts it.

A mark is that of a run that is not finished, or that of a follower, whose mode lasts. The second
one is written once the daemon is in the mode, so it is never ahead of it; what a restart leaves of
it is removed before the daemon follows again.

What a daemon does not tell is not known (docs/protocol.md, "Reading state without the HA socket").
Then the order is given.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, NamedTuple

from .._node import failures
from .._node.cdb_socket import read_txid
from .._node.connection import Target
from .._node.failures import ModuleFailure
from .._node.maapi_socket import MaapiConnection, maapi_connection
from .._node.operational_state import read_admin_mode
from .._store import clock, contents
from .._store.contents import ReadOnlyMark
from .._store.files import StoreError
from .._store.lock import Lock
from ..ncs import error
from .operation import Operation
from .outcomes import DONE, FAILED, UNKNOWN, Timed

ORDER = "read_only"
#: Longest time for reading the mode, in seconds.
PATIENCE = 5.0


class Due(NamedTuple):
    """What has to be done.

    order:         whether the order is given
    mark:          whether the mark is set before it; or, where the mode is lifted, removed after it
    administrator: whether the mode is on and no operation has set it, None outside of an operation
    """

    order: bool
    mark: bool = False
    administrator: bool | None = None


def due(read_only: bool, mode: bool | None, marked: bool | None) -> Due:
    """Return what has to be done for a daemon to be in this mode.

    read_only: whether it is to be in it
    mode:   what it is in now, None where it does not tell
    marked: whether an operation has set that, None where the order is part of no operation
    """
    if marked is None:
        return Due(order=mode is not read_only)
    administrator = mode is True and not marked
    if read_only:
        return Due(mode is not True, not administrator, administrator)
    # A daemon that has restarted has lost the mode, and the mark is what is left of it.
    return Due(marked and mode is not False, marked, administrator)


def set_read_only(
    target: Target, read_only: bool, operation: Operation | None, check_mode: bool
) -> dict[str, Any]:
    """Set or lift the mode, unless in check mode; return what the module returns.

    Raises ModuleFailure.
    """
    connecting = failures.reported("Connecting", target.endpoint)
    with connecting, maapi_connection(target) as connection:
        node = _Node(target, connection, read_only)
        if operation is None:
            before = node.mode()
            todo = due(read_only, before, None)
            return node.foresee(before, todo) if check_mode else node.give(before, todo)
        if check_mode:
            return _foresee_in_operation(node, operation)
        return _give_in_operation(node, operation)


def hold(target: Target, operation: Operation, held: Lock) -> dict[str, Any]:
    """Put a node into the mode with its lock `held` and its state directory's mutex.

    Return what the module returns. Raises ModuleFailure, error.Failure.
    """
    with maapi_connection(target) as connection:
        return _give_under_lock(_Node(target, connection, True), operation, held)


def lift(target: Target, operation: Operation, held: Lock) -> dict[str, Any]:
    """Lift the mode that an operation has set, as `hold` sets it. Raises as `hold` does."""
    with maapi_connection(target) as connection:
        return _give_under_lock(_Node(target, connection, False), operation, held)


def forget_lost(target: Target, operation: Operation) -> None:
    """Remove the mark if its daemon is not in the mode any more, as it has restarted.

    Once it is a follower again, not every release tells that. Raises StoreError.
    """
    if read_admin_mode(target, min(target.timeout, PATIENCE)) is False:
        operation.directory.unmark()


class _Node:
    """A daemon that is to be in read-only mode, or not to be."""

    def __init__(self, target: Target, connection: MaapiConnection, read_only: bool) -> None:
        self.endpoint = target.endpoint
        self.read_only = read_only
        self._target = target
        self._connection = connection

    def mode(self) -> bool | None:
        """Return whether it is in the mode, None where it does not tell, or not in time.

        On a connection of its own: what goes wrong there does not disturb the order.
        """
        return read_admin_mode(self._target, min(self._target.timeout, PATIENCE))

    def foresee(self, before: bool | None, todo: Due) -> dict[str, Any]:
        """Return what the module would return."""
        return self._result(DONE, (), before, self.read_only if todo.order else before, todo)

    def give(self, before: bool | None, todo: Due) -> dict[str, Any]:
        """Give the order if it is due; return what the module returns. Raises ModuleFailure."""
        if not todo.order:
            return self._result(DONE, (), before, before, todo)
        start = time.time()
        try:
            self._connection.set_read_only(self.read_only)
        except error.Failure as failure:
            timed = Timed(ORDER, start, time.time())
            raise self._order_failure(failure, timed, before, todo) from None
        timed = Timed(ORDER, start, time.time())
        # A daemon that has not told before is not asked once more.
        told = None if before is None else self.mode()
        after = self.read_only if told is None else told
        if after is not self.read_only:
            raise ModuleFailure(
                f"The order {ORDER} was answered at {self.endpoint}, and read-only mode is "
                f"{'on' if after else 'off'} all the same. Hint: see whether somebody else sets or "
                "lifts it there, and run this again.",
                self._result(FAILED, (timed,), before, after, todo),
            )
        return self._result(DONE, (timed,), before, after, todo)

    def refusal(self, why: object, before: bool | None = None) -> ModuleFailure:
        """Return the end of a module that gives no order."""
        text = f"The order {ORDER} was not given at {self.endpoint}: {why}"
        return ModuleFailure(text, self._result(FAILED, (), before, before, Due(order=False)))

    def _order_failure(
        self, failure: error.Failure, timed: Timed, before: bool | None, todo: Due
    ) -> ModuleFailure:
        unknown = failure.outcome_unknown
        outcome, after = (UNKNOWN, None) if unknown else (FAILED, before)
        return ModuleFailure(
            failures.order_message(ORDER, self.endpoint, failure),
            {
                **self._result(outcome, (timed,), before, after, todo._replace(order=unknown)),
                "error": failures.as_result(failure),
            },
        )

    def _result(
        self,
        outcome: str,
        times: tuple[Timed, ...],
        before: bool | None,
        after: bool | None,
        todo: Due,
    ) -> dict[str, Any]:
        txid = None
        with contextlib.suppress(error.Failure):
            txid = read_txid(self._target)
        administrator = todo.administrator
        return {
            "changed": todo.order,
            "outcome": outcome,
            "mode": {"before": before, "after": after},
            "diff": {"before": {"read_only": before}, "after": {"read_only": after}},
            **({} if administrator is None else {"administrator": administrator}),
            "txid": txid.as_dict() if txid else None,
            "times": [timed._asdict() for timed in times],
        }


def _foresee_in_operation(node: _Node, operation: Operation) -> dict[str, Any]:
    before = node.mode()
    try:
        todo = _due_in_operation(node, operation, before)
    except StoreError as problem:
        raise node.refusal(problem, before) from None
    return node.foresee(before, todo)


def _give_in_operation(node: _Node, operation: Operation) -> dict[str, Any]:
    """Give the order under the mutex of the state directory, and set or remove the mark."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(operation.directory.exclusive())
            held = operation.start()
        except StoreError as problem:
            raise node.refusal(problem) from None
        return _give_under_lock(node, operation, held)


def _give_under_lock(node: _Node, operation: Operation, held: Lock) -> dict[str, Any]:
    """Give the order, and set or remove the mark, with the lock `held`. Raises ModuleFailure.

    Interrupted after the mark was set, or before it was removed, it leaves a mark of a daemon that
    is not in the mode. The next run finds that, removes the mark, and gives no order. Interrupted
    before the mark became that of a follower, it leaves one that the next run completes.
    """
    before = node.mode()
    try:
        todo = _due_in_operation(node, operation, before)
        earlier = _mark(operation, held) if node.read_only and todo.mark else None
    except StoreError as problem:
        raise node.refusal(problem, before) from None
    try:
        result = node.give(before, todo)
    except ModuleFailure as failure:
        # Refused: the daemon is as it was. Of one that was not read-only no mark is right.
        if node.read_only and not failure.result["changed"]:
            trouble = _unmark(operation, earlier if before is None else None)
            failure.message += f" Also, {trouble}" if trouble else ""
        raise
    trouble = ""
    if todo.mark and not node.read_only:
        trouble = _unmark(operation, None)
    elif todo.mark and operation.follower:
        trouble = _mark_as_follower(operation, held)
    if trouble:
        done = "was carried out" if todo.order else "was not needed"
        text = f"The order {ORDER} {done} at {node.endpoint}, but {trouble}"
        raise ModuleFailure(text, result)
    return result


def _due_in_operation(node: _Node, operation: Operation, mode: bool | None) -> Due:
    """Return what has to be done. Raises StoreError where that cannot be decided."""
    try:
        mark = contents.read_mark(operation.directory.path)
        marked = mark is not None
    except StoreError:
        # Whether it is the mark of this mode cannot be told. Only an operation that knows that
        # it is lifts the mode.
        if node.read_only and mode is True:
            raise
        marked = True
    todo = due(node.read_only, mode, marked)
    if operation.administrator and not todo.administrator:
        raise StoreError(_why_not_the_administrators(mode, marked))
    return todo


def _why_not_the_administrators(mode: bool | None, marked: bool) -> str:
    if marked:
        why = "an operation has put this node into read-only mode"
    elif mode is None:
        why = "the daemon does not tell any more whether it is in read-only mode"
    else:
        why = "the administrator's read-only mode has been lifted in the meantime"
    return f"{why}. Hint: run the operation again."


def _mark(operation: Operation, held: Lock, follower: bool = False) -> ReadOnlyMark | None:
    """Set the mark of this run; return the one that was there before. Raises StoreError."""
    name = operation.name or held.operation
    mark = ReadOnlyMark(operation.run_id, name, clock.iso_text(time.time()), follower)
    return operation.directory.mark(mark)


def _mark_as_follower(operation: Operation, held: Lock) -> str:
    """Let the mark be that of a follower; return what went wrong with that, or ""."""
    try:
        _mark(operation, held, follower=True)
    except StoreError as problem:
        return f"its mark is that of a run that is not finished: {problem}"
    return ""


def _unmark(operation: Operation, earlier: ReadOnlyMark | None) -> str:
    """Remove the mark, or put an earlier one back; return what went wrong with that, or ""."""
    try:
        operation.directory.unmark(earlier)
    except StoreError as problem:
        return f"its mark stays: {problem}"
    return ""
