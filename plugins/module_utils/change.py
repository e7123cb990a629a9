# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Changing one node: the way from what was found to what the module returns.

Read, decide, look for obstacles, in check mode stop there, give the orders, read again, judge. The
modules say only what to decide.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from ansible.module_utils.basic import AnsibleModule

from . import failures
from .ncs import error
from .node import HaConnection, Target, cdb_connection, ha_connection
from .orders import DONE, FAILED, STARTED, UNKNOWN, Report, carry_out, whenever
from .state import HaState
from .transitions import BERELAY


class Change(NamedTuple):
    """What has to happen on a node.

    orders:    names of the orders, in order; none when the node is as wanted
    predicted: what the node will say of itself afterwards
    give:      gives one of the orders
    reached:   whether the node, as it is afterwards, is as wanted
    background: the last order is only started, so that nothing can be said of its effect
    """

    orders: tuple[str, ...]
    predicted: HaState
    give: Callable[[HaConnection, str], None]
    reached: Callable[[HaState], bool]
    background: bool = False


class Escort(NamedTuple):
    """What happens around the orders when they are part of an operation.

    before: called with the name of each order right before it is given; raises NotGiven to stop
    more:   what the module returns beside the rest
    """

    before: Callable[[str], None]
    more: Callable[[Report], dict[str, Any]]


def _no_more(_report: Report) -> dict[str, Any]:
    return {}


#: For orders that are part of no operation.
ALONE = Escort(whenever, _no_more)


def obstacle(orders: tuple[str, ...], phase: int, has_relays: bool) -> error.Error | None:
    """Return why a daemon would refuse these orders, as far as it can be known beforehand.

    Better than its refusal: nothing has been overwritten yet when the last order is impossible.
    """
    if orders and phase < 1:
        return error.Error(error.ERR_BADSTATE, "the daemon is in start phase 0 and takes no orders")
    if BERELAY in orders and not has_relays:
        return error.Error(
            error.ERR_NOT_IMPLEMENTED, f"{BERELAY}, as its IPC protocol is of NSO 6.7 or later"
        )
    return None


def judge(change: Change, report: Report) -> str:
    """Return the outcome of the orders: one of DONE, STARTED, FAILED, UNKNOWN."""
    if report.stopped is not None:
        return FAILED
    if report.failure is not None:
        return UNKNOWN if report.failure.outcome_unknown else FAILED
    if change.background:
        return STARTED
    if report.after is None:
        return UNKNOWN
    return DONE if change.reached(report.after) else FAILED


def apply(
    module: AnsibleModule,
    target: Target,
    decide: Callable[[HaState], Change],
    escort: Escort = ALONE,
) -> None:
    """Change the node as `decide` says of the state it is in, and end the module."""
    reading = failures.reported(module, "Reading the HA status", target.endpoint)
    with reading, ha_connection(target) as connection:
        before = connection.state()
        change = decide(before)
        blocked = _look_for_obstacle(target, connection, change)
        if blocked is not None:
            doing = f"Giving the orders {', '.join(change.orders)}"
            nothing = Report((), blocked, before)
            untouched = {**_result(before, nothing, FAILED), **escort.more(nothing)}
            failures.fail(module, doing, target.endpoint, blocked, **untouched)
        if module.check_mode or not change.orders:
            foreseen = Report(change.orders, None, change.predicted)
            module.exit_json(**_result(before, foreseen, DONE), **escort.more(foreseen))
        _give(module, target, connection, before, change, escort)


def _look_for_obstacle(
    target: Target, connection: HaConnection, change: Change
) -> error.Error | None:
    if not change.orders:
        return None
    with cdb_connection(target) as database:
        return obstacle(change.orders, database.phase(), connection.has_relays)


def _give(
    module: AnsibleModule,
    target: Target,
    connection: HaConnection,
    before: HaState,
    change: Change,
    escort: Escort,
) -> None:
    report = carry_out(target, connection, change.orders, change.give, escort.before)
    outcome = judge(change, report)
    result = {**_result(before, report, outcome), **escort.more(report)}
    if outcome == DONE:
        module.exit_json(**result)
    if outcome == STARTED:
        module.exit_json(
            msg="The copy was ordered without waiting for it, so its result is not known yet. "
            "ncs_ha_status with wait_for can wait for it.",
            **result,
        )
    _fail(module, target, report, result)


def _fail(module: AnsibleModule, target: Target, report: Report, result: dict[str, Any]) -> None:
    now = str(report.after) if report.after else "unknown, it did not answer when asked again"
    if report.stopped is not None:
        stopped = report.stopped
        text = f"The order {stopped.order} was not given at {target.endpoint}: {stopped.why}"
        if stopped.failure is not None:
            result["error"] = failures.as_result(stopped.failure)
    elif report.failure is not None:
        text = failures.order_message(report.given[-1], target.endpoint, report.failure)
        result["error"] = failures.as_result(report.failure)
    elif report.problem is not None:
        text = failures.message(
            "Reading the status after the orders", target.endpoint, report.problem
        )
        result["error"] = failures.as_result(report.problem)
    else:
        text = (
            f"All orders ({', '.join(report.given)}) were answered with ok at {target.endpoint}, "
            "but the node is not as wanted."
        )
    module.fail_json(msg=f"{text} The node is now: {now}.", **result)


def _result(before: HaState, report: Report, outcome: str) -> dict[str, Any]:
    """Return what the modules return.

    `changed` and the diff come from the same two things: orders given, and states compared. After
    a failure only the states count: an order that was refused changed nothing. Where the state
    could not be read again, a change has to be assumed.
    """
    given_in_vain = outcome in (FAILED, UNKNOWN) and report.after == before
    after = report.after.as_result() if report.after else None
    return {
        "changed": bool(report.given) and not given_in_vain,
        "before": before.as_result(),
        "after": after,
        "transitions": list(report.given),
        "outcome": outcome,
        "diff": {"before": _comparable(before), "after": _comparable(report.after)},
    }


def _comparable(state: HaState | None) -> dict[str, Any]:
    """Return the part of a state that a diff shows."""
    return state.as_result() if state else {}
