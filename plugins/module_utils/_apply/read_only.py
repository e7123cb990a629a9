# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Setting and lifting the administrator's read-only mode of a node.

The daemon does not tell whether it is in that mode. So what a run has set is marked in the state
directory, before the order is given: no daemon is made read-only without a mark.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from .._node import failures
from .._node.cdb_socket import read_txid
from .._node.connection import Target
from .._node.failures import ModuleFailure
from .._node.maapi_socket import MaapiConnection, maapi_connection
from .._store import clock
from .._store.contents import ReadOnlyMark
from .._store.files import StoreError
from ..ncs import error
from .operation import Operation
from .outcomes import DONE, FAILED, UNKNOWN, Timed

ORDER = "read_only"


def set_read_only(
    target: Target, read_only: bool, operation: Operation | None, check_mode: bool
) -> dict[str, Any]:
    """Set or lift the mode, unless in check mode; return what the module returns.

    Raises ModuleFailure.
    """
    connecting = failures.reported("Connecting", target.endpoint)
    with connecting, maapi_connection(target) as connection:
        if check_mode:
            return {"changed": True, **_result(target, DONE, ())}
        if operation is None:
            return _give(target, connection, read_only)
        return _give_in_operation(target, connection, read_only, operation)


def _give(target: Target, connection: MaapiConnection, read_only: bool) -> dict[str, Any]:
    timed, failure = _order(connection, read_only)
    if failure is not None:
        raise _order_failure(target, failure, timed)
    return {"changed": True, **_result(target, DONE, (timed,))}


def _give_in_operation(
    target: Target, connection: MaapiConnection, read_only: bool, operation: Operation
) -> dict[str, Any]:
    """Give the order under the mutex of the state directory, and set or remove the mark."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(operation.directory.exclusive())
            before = _prepare(operation, read_only)
        except StoreError as problem:
            raise ModuleFailure(
                f"The order {ORDER} was not given at {target.endpoint}: {problem}",
                {"changed": False, **_result(target, FAILED, ())},
            ) from None
        timed, failure = _order(connection, read_only)
        trouble = _settle(operation, read_only, before, failure)
        if failure is not None:
            raise _order_failure(target, failure, timed, f" Also, {trouble}" if trouble else "")
        result = {"changed": True, **_result(target, DONE, (timed,))}
        if trouble:
            text = f"The order {ORDER} was carried out at {target.endpoint}, but {trouble}"
            raise ModuleFailure(text, result)
        return result


def _prepare(operation: Operation, read_only: bool) -> ReadOnlyMark | None:
    """Strike the step off the lock and set the mark; return the mark that was there before."""
    held = operation.start()
    if not read_only:
        return None
    name = operation.name or held.operation
    mark = ReadOnlyMark(operation.run_id, name, clock.iso_text(time.time()))
    return operation.directory.mark(mark)


def _order(connection: MaapiConnection, read_only: bool) -> tuple[Timed, error.Failure | None]:
    """Give the order; return when, and why it failed, or None."""
    start = time.time()
    failure: error.Failure | None = None
    try:
        connection.set_read_only(read_only)
    except error.Failure as problem:
        failure = problem
    return Timed(ORDER, start, time.time()), failure


def _settle(
    operation: Operation,
    read_only: bool,
    before: ReadOnlyMark | None,
    failure: error.Failure | None,
) -> str:
    """Remove the mark where the daemon is not read-only; return what went wrong with that."""
    refused = failure is not None and not failure.outcome_unknown
    lifted = not read_only and failure is None
    try:
        if lifted:
            operation.directory.unmark()
        elif read_only and refused:
            operation.directory.unmark(before)
    except StoreError as problem:
        return f"its mark stays: {problem}"
    return ""


def _order_failure(
    target: Target, failure: error.Failure, timed: Timed, note: str = ""
) -> ModuleFailure:
    outcome = UNKNOWN if failure.outcome_unknown else FAILED
    return ModuleFailure(
        f"{failures.order_message(ORDER, target.endpoint, failure)}{note}",
        {
            "error": failures.as_result(failure),
            "changed": failure.outcome_unknown,
            **_result(target, outcome, (timed,)),
        },
    )


def _result(target: Target, outcome: str, times: tuple[Timed, ...]) -> dict[str, Any]:
    txid = None
    with contextlib.suppress(error.Failure):
        txid = read_txid(target)
    return {
        "outcome": outcome,
        "txid": txid.as_dict() if txid else None,
        "times": [timed._asdict() for timed in times],
    }
