# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Changing one node: from the state it is in to what the module returns.

Read, decide, and where there are orders to give: look for obstacles, give the orders, read again,
judge. The modules say only what to decide. What only foresees a change is in foresight.py.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from .._node import failures
from .._node.cdb_socket import cdb_connection
from .._node.connection import HaConnection, Target, ha_connection, has_relays
from .._node.failures import ModuleFailure
from .._node.state import HaState
from ..ncs import error
from . import orders
from .escort import Escort
from .outcomes import DONE, FAILED, STARTED, UNKNOWN, Execution
from .transitions import BERELAY


class Change(NamedTuple):
    """What has to happen on a node.

    orders:     names of the orders, in order; none where nothing has to change
    predicted:  what the node will say of itself afterwards
    give:       gives one of the orders
    reached:    whether a state is the one that was to be reached
    background: the last order is only started, so that nothing can be said of its effect
    obstacle:   why they are not to be given to a node in this state, or None
    """

    orders: tuple[str, ...]
    predicted: HaState
    give: Callable[[HaConnection, str], None]
    reached: Callable[[HaState], bool]
    background: bool = False
    obstacle: error.Error | None = None


def apply(target: Target, decide: Callable[[HaState], Change], escort: Escort) -> dict[str, Any]:
    """Change the node as `decide` says of the state it is in; return what the module returns.

    Raises ModuleFailure. Once the node has answered, its result has the same keys.
    """
    reading = failures.reported("Reading the HA status", target.endpoint)
    with reading, ha_connection(target) as connection:
        before = connection.state()
        change = decide(before)
        if not change.orders and change.obstacle is None:
            return foreseen(before, change, escort)
        with cdb_connection(target) as database:
            phase = database.phase()
        blocked = change.obstacle or obstacle(change.orders, phase, has_relays(connection.versions))
        if blocked is not None:
            raise blocked_failure(target, before, change, escort, blocked)
        return _carry_out(target, connection, before, change, escort)


def foreseen(before: HaState, change: Change, escort: Escort) -> dict[str, Any]:
    """Return what the module returns where no order is given."""
    execution = Execution(change.orders, None, change.predicted)
    return {**change_result(before, execution, DONE), **escort.result(execution)}


def blocked_failure(
    target: Target, before: HaState, change: Change, escort: Escort, blocked: error.Error
) -> ModuleFailure:
    """Return the failure of orders that the daemon would refuse."""
    nothing = Execution((), blocked, before)
    failure = failures.module_failure(
        f"Giving the orders {', '.join(change.orders)}", target.endpoint, blocked
    )
    failure.result.update(change_result(before, nothing, FAILED), **escort.result(nothing))
    return failure


def obstacle(names: tuple[str, ...], phase: int, has_relays: bool) -> error.Error | None:
    """Return why a daemon would refuse these orders, as far as it can be known beforehand.

    Better than its refusal: nothing has been overwritten yet when the last order is impossible.
    """
    if names and phase < 1:
        return error.Error(error.ERR_BADSTATE, "the daemon is in start phase 0 and takes no orders")
    if BERELAY in names and not has_relays:
        return error.Error(
            error.ERR_NOT_IMPLEMENTED, f"{BERELAY}, as its IPC protocol is of NSO 6.7 or later"
        )
    return None


def _carry_out(
    target: Target, connection: HaConnection, before: HaState, change: Change, escort: Escort
) -> dict[str, Any]:
    """Give the orders and return what the module returns. Raises ModuleFailure."""
    try:
        execution = orders.give_all(target, connection, change.orders, change.give, escort.before)
        execution = escort.complete(execution)
    finally:
        escort.release()
    outcome = judge(change, execution)
    result = {**change_result(before, execution, outcome), **escort.result(execution)}
    if outcome == DONE:
        return result
    if outcome == STARTED:
        msg = (
            "The copy was ordered without waiting for it, so its result is not known yet. "
            "ncs_ha_status with wait_for can wait for it."
        )
        return {"msg": msg, **result}
    raise _failure(target, execution, result)


def judge(change: Change, execution: Execution) -> str:
    """Return the outcome of the orders: one of DONE, STARTED, FAILED, UNKNOWN."""
    if execution.stopped is not None:
        return execution.stopped.outcome
    if execution.failure is not None:
        return UNKNOWN if execution.failure.outcome_unknown else FAILED
    if change.background:
        return STARTED
    if execution.after is None:
        return UNKNOWN
    return DONE if change.reached(execution.after) else FAILED


def _failure(target: Target, execution: Execution, result: dict[str, Any]) -> ModuleFailure:
    """Return the failure of orders that were not given, refused, or without the wanted effect."""
    cause: error.Failure | None = None
    if execution.stopped is not None:
        text = execution.stopped.message(target.endpoint)
        cause = execution.stopped.failure
    elif execution.failure is not None:
        cause = execution.failure
        text = failures.order_message(execution.given[-1], target.endpoint, cause)
    elif execution.problem is not None:
        cause = execution.problem
        text = failures.failure_message(
            "Reading the status after the orders", target.endpoint, cause
        )
    else:
        text = (
            f"All orders ({', '.join(execution.given)}) were answered with ok at "
            f"{target.endpoint}, but the node is not in the wanted state."
        )
    now = str(execution.after) if execution.after else "unknown, it did not answer when asked again"
    details = {"error": failures.as_result(cause)} if cause is not None else {}
    return ModuleFailure(f"{text} The node is now: {now}.", {**result, **details})


def change_result(before: HaState, execution: Execution, outcome: str) -> dict[str, Any]:
    """Return what the modules that change a node return.

    `changed` and the diff come from the same two things: orders given, and states compared. After
    a failure only the states count: an order that was refused changed nothing. Where the state
    could not be read again, a change has to be assumed.
    """
    given_in_vain = outcome in (FAILED, UNKNOWN) and execution.after == before
    after = execution.after.as_result() if execution.after else None
    return {
        "changed": bool(execution.given) and not given_in_vain,
        "before": before.as_result(),
        "after": after,
        "transitions": list(execution.given),
        "outcome": outcome,
        "diff": {"before": before.as_result(), "after": after or {}},
    }
