# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Carrying out a change that needs orders, and ending the module with what came of it."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._node import failures
from .._node.cdb_socket import cdb_connection
from .._node.node import HaConnection, Target
from .._node.state import HaState
from ..ncs import error
from . import orders
from .change import Change, Escort, result
from .outcomes import DONE, FAILED, STARTED, UNKNOWN, Report
from .transitions import BERELAY


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


def carry_out(
    module: AnsibleModule,
    target: Target,
    connection: HaConnection,
    before: HaState,
    change: Change,
    escort: Escort,
) -> None:
    """Look for obstacles, give the orders unless in check mode, and end the module."""
    with cdb_connection(target) as database:
        blocked = obstacle(change.orders, database.phase(), connection.has_relays)
    if blocked is not None:
        doing = f"Giving the orders {', '.join(change.orders)}"
        nothing = Report((), blocked, before)
        untouched = {**result(before, nothing, FAILED), **escort.result(nothing)}
        failures.fail(module, doing, target.endpoint, blocked, **untouched)
    if module.check_mode:
        foreseen = Report(change.orders, None, change.predicted)
        module.exit_json(**result(before, foreseen, DONE), **escort.result(foreseen))
    try:
        report = orders.carry_out(target, connection, change.orders, change.give, escort.before)
    finally:
        escort.release()
    outcome = judge(change, report)
    found = {**result(before, report, outcome), **escort.result(report)}
    if outcome == DONE:
        module.exit_json(**found)
    if outcome == STARTED:
        module.exit_json(
            msg="The copy was ordered without waiting for it, so its result is not known yet. "
            "ncs_ha_status with wait_for can wait for it.",
            **found,
        )
    _fail(module, target, report, found)


def _fail(module: AnsibleModule, target: Target, report: Report, found: dict[str, Any]) -> None:
    now = str(report.after) if report.after else "unknown, it did not answer when asked again"
    if report.stopped is not None:
        stopped = report.stopped
        text = f"The order {stopped.order} was not given at {target.endpoint}: {stopped.why}"
        if stopped.failure is not None:
            found["error"] = failures.as_result(stopped.failure)
    elif report.failure is not None:
        text = failures.order_message(report.given[-1], target.endpoint, report.failure)
        found["error"] = failures.as_result(report.failure)
    elif report.problem is not None:
        text = failures.message(
            "Reading the status after the orders", target.endpoint, report.problem
        )
        found["error"] = failures.as_result(report.problem)
    else:
        text = (
            f"All orders ({', '.join(report.given)}) were answered with ok at {target.endpoint}, "
            "but the node is not as wanted."
        )
    module.fail_json(msg=f"{text} The node is now: {now}.", **found)
