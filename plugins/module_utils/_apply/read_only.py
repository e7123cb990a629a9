# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Setting and lifting the administrator's read-only mode of a node.

The daemon does not tell whether it is in that mode. So what an operation has set is marked in the
state directory, before the order is given: no daemon is made read-only without a mark.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, Mapping

from ansible.module_utils.basic import AnsibleModule

from .._node import failures, options
from .._node.cdb_socket import read_txid
from .._node.maapi_socket import MaapiConnection
from .._node.node import Target
from .._node.transaction_id import TransactionId
from .._store import clock
from .._store.files import KeptError
from .._store.kept import ReadOnlyMark
from ..ncs import error
from .operation import Operation
from .outcomes import DONE, FAILED, UNKNOWN, Timed

ORDER = "read_only"


def result(target: Target, outcome: str, times: tuple[Timed, ...]) -> dict[str, Any]:
    """Return what the module returns."""
    txid: TransactionId | None = None
    with contextlib.suppress(error.Failure):
        txid = read_txid(target)
    return {
        "outcome": outcome,
        "txid": txid.as_dict() if txid else None,
        "times": [timed._asdict() for timed in times],
    }


def give(
    module: AnsibleModule,
    target: Target,
    connection: MaapiConnection,
    read_only: bool,
    operation: Operation | None,
) -> None:
    """Give the order, keep the mark as it has to be, and end the module.

    Until it has ended nobody else works in the state directory.
    """
    said = options.said(module.params["operation"])
    with contextlib.ExitStack() as stack:
        before: ReadOnlyMark | None = None
        try:
            if operation is not None:
                stack.enter_context(operation.directory.exclusive())
                before = _prepare(operation, read_only)
        except KeptError as problem:
            module.fail_json(
                msg=f"The order {ORDER} was not given at {target.endpoint}: {problem}",
                changed=False,
                **said,
                **result(target, FAILED, ()),
            )
        _order(module, target, connection, read_only, operation, before, said)


def _order(
    module: AnsibleModule,
    target: Target,
    connection: MaapiConnection,
    read_only: bool,
    operation: Operation | None,
    before: ReadOnlyMark | None,
    said: Mapping[str, Any],
) -> None:
    start = time.time()
    failure: error.Failure | None = None
    try:
        connection.set_read_only(read_only)
    except error.Failure as problem:
        failure = problem
    times = (Timed(ORDER, start, time.time()),)
    trouble = _settle(operation, read_only, before, failure)
    if failure is not None:
        _fail(module, target, failure, times, trouble, said)
    if trouble:
        msg = f"The order {ORDER} was carried out at {target.endpoint}, but {trouble}"
        module.fail_json(msg=msg, changed=True, **said, **result(target, DONE, times))
    module.exit_json(changed=True, **said, **result(target, DONE, times))


def _prepare(operation: Operation, read_only: bool) -> ReadOnlyMark | None:
    """Strike the step off the lock and set the mark; return the mark that was there before."""
    held = operation.start()
    if not read_only:
        return None
    name = operation.name or held.operation
    mark = ReadOnlyMark(operation.id, name, clock.text(time.time()))
    return operation.directory.mark(mark)


def _settle(
    operation: Operation | None,
    read_only: bool,
    before: ReadOnlyMark | None,
    failure: error.Failure | None,
) -> str:
    """Take the mark away where the daemon is not read-only; return what went wrong with that."""
    if operation is None:
        return ""
    refused = failure is not None and not failure.outcome_unknown
    lifted = not read_only and failure is None
    try:
        if lifted:
            operation.directory.unmark()
        elif read_only and refused:
            operation.directory.unmark(before)
    except KeptError as problem:
        return f"its mark stays: {problem}"
    return ""


def _fail(
    module: AnsibleModule,
    target: Target,
    failure: error.Failure,
    times: tuple[Timed, ...],
    trouble: str,
    said: Mapping[str, Any],
) -> None:
    text = failures.order_message(ORDER, target.endpoint, failure)
    if trouble:
        text += f" Also, {trouble}"
    module.fail_json(
        msg=text,
        error=failures.as_result(failure),
        changed=failure.outcome_unknown,
        **said,
        **result(target, UNKNOWN if failure.outcome_unknown else FAILED, times),
    )
