# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Changing one node: the way from what was found to what the module returns.

Read, decide, and where there are orders to give: look for obstacles, in check mode stop there, give
the orders, read again, judge (carrying_out.py). The modules say only what to decide.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple

from ansible.module_utils.basic import AnsibleModule

from .._node import failures
from .._node.node import HaConnection, Target, ha_connection
from .._node.state import HaState
from .outcomes import DONE, FAILED, UNKNOWN, Report, whenever


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

    before:  called with the name of each order right before it is given; raises NotGiven to stop
    release: called once the last order has been answered
    more:    what the module returns beside the rest
    said:    what tells which step of which run a result is of
    """

    before: Callable[[str], None]
    release: Callable[[], None]
    more: Callable[[Report], dict[str, Any]]
    said: Mapping[str, Any]

    def result(self, report: Report) -> dict[str, Any]:
        """Return all that the module returns beside the rest."""
        return {**self.said, **self.more(report)}


def _no_more(_report: Report) -> dict[str, Any]:
    return {}


def _nothing() -> None:
    pass


#: For orders that are part of no operation.
ALONE = Escort(whenever, _nothing, _no_more, {})


def not_given(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step of an operation returns that failed before any order was given."""
    return {**said, "outcome": FAILED} if said else {}


def apply(
    module: AnsibleModule,
    target: Target,
    decide: Callable[[HaState], Change],
    escort: Escort = ALONE,
) -> None:
    """Change the node as `decide` says of the state it is in, and end the module."""
    reading = failures.reported(
        module, "Reading the HA status", target.endpoint, lambda: not_given(escort.said)
    )
    with reading, ha_connection(target) as connection:
        before = connection.state()
        change = decide(before)
        if change.orders:
            # Every run compiles what it imports, and most runs have nothing to order.
            from . import carrying_out

            carrying_out.carry_out(module, target, connection, before, change, escort)
        nothing = Report((), None, change.predicted)
        module.exit_json(**result(before, nothing, DONE), **escort.result(nothing))


def result(before: HaState, report: Report, outcome: str) -> dict[str, Any]:
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
