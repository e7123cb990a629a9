# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing a node: obstacles, outcomes, and what is returned; the decisions, without a node."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._apply import carrying_out, change
from ansible_collections.nso.ha.plugins.module_utils._apply.change import Change, Escort
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import NotGiven, Report
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

NONE = HaState("none")
PRIMARY = HaState("primary")


def to_primary(background: bool = False) -> Change:
    return Change(
        ("beprimary",),
        PRIMARY,
        lambda connection, order: None,
        lambda state: state == PRIMARY,
        background,
    )


def failed(unknown: bool) -> error.Failure:
    failure = error.Error(error.ERR_HA_CONNECT, "x")
    failure.outcome_unknown = unknown
    return failure


@pytest.mark.parametrize("phase", [1, 2])
@pytest.mark.parametrize("has_relays", [False, True])
@pytest.mark.parametrize("orders", [(), ("benone",), ("beprimary",), ("benone", "besecondary")])
def test_a_started_daemon_takes_every_order_but_that_of_relays(
    orders: tuple[str, ...], has_relays: bool, phase: int
) -> None:
    assert carrying_out.obstacle(orders, phase, has_relays) is None


@pytest.mark.parametrize("orders", [("berelay",), ("besecondary", "berelay")])
def test_a_daemon_without_relays_is_an_obstacle_to_them_alone(orders: tuple[str, ...]) -> None:
    assert carrying_out.obstacle(orders, 2, True) is None
    blocked = carrying_out.obstacle(orders, 2, False)
    assert blocked is not None
    assert blocked.confd_errno == error.ERR_NOT_IMPLEMENTED
    assert "berelay" in str(blocked)


@pytest.mark.parametrize("orders", [("benone",), ("beprimary",), ("besecondary", "berelay")])
def test_start_phase_0_is_an_obstacle_to_every_order(orders: tuple[str, ...]) -> None:
    for has_relays in (False, True):
        blocked = carrying_out.obstacle(orders, 0, has_relays)
        assert blocked is not None
        assert blocked.confd_errno == error.ERR_BADSTATE
        assert "start phase 0" in str(blocked)


def test_nothing_is_in_the_way_of_no_orders() -> None:
    for phase, has_relays in itertools.product((0, 1, 2), (False, True)):
        assert carrying_out.obstacle((), phase, has_relays) is None


GIVEN = ("beprimary",)
STOPPED = NotGiven("beprimary", "the lock is gone.")


@pytest.mark.parametrize(
    ("report", "background", "outcome"),
    [
        (Report(GIVEN, None, PRIMARY), False, "done"),
        (Report((), None, PRIMARY), False, "done"),
        (Report(GIVEN, None, NONE), False, "failed"),
        (Report(GIVEN, None, None, error.EOF()), False, "unknown"),
        (Report(GIVEN, failed(False), NONE), False, "failed"),
        (Report(GIVEN, failed(False), PRIMARY), False, "failed"),
        (Report(GIVEN, failed(False), None, error.EOF()), False, "failed"),
        (Report(GIVEN, failed(True), NONE), False, "unknown"),
        (Report(GIVEN, failed(True), PRIMARY), False, "unknown"),
        (Report(GIVEN, failed(True), None, error.EOF()), False, "unknown"),
        (Report(GIVEN, None, PRIMARY), True, "started"),
        (Report(GIVEN, None, NONE), True, "started"),
        (Report(GIVEN, None, None, error.EOF()), True, "started"),
        (Report(GIVEN, failed(False), NONE), True, "failed"),
        (Report(GIVEN, failed(True), NONE), True, "unknown"),
        (Report((), None, NONE, stopped=STOPPED), False, "failed"),
        (Report((), None, PRIMARY, stopped=STOPPED), False, "failed"),
        (Report(GIVEN, None, NONE, stopped=STOPPED), True, "failed"),
    ],
)
def test_the_outcome_is_judged_by_answer_and_state(
    report: Report, background: bool, outcome: str
) -> None:
    assert carrying_out.judge(to_primary(background), report) == outcome


def result(report: Report, outcome: str) -> dict[str, Any]:
    return change.result(NONE, report, outcome)


@pytest.mark.parametrize(
    ("report", "outcome", "changed"),
    [
        (Report(GIVEN, None, PRIMARY), "done", True),
        # An order that was carried out counts, even where the states are alike.
        (Report(("benone",), None, NONE), "done", True),
        (Report((), None, NONE), "done", False),
        (Report(GIVEN, None, NONE), "started", True),
        (Report(GIVEN, failed(False), NONE), "failed", False),
        (Report(GIVEN, failed(False), PRIMARY), "failed", True),
        (Report(GIVEN, failed(True), NONE), "unknown", False),
        # Where it could not be seen, a change has to be assumed.
        (Report(GIVEN, failed(True), None, error.EOF()), "unknown", True),
        (Report(GIVEN, failed(False), None, error.EOF()), "failed", True),
        (Report((), failed(False), NONE), "failed", False),
        (Report((), None, NONE, stopped=STOPPED), "failed", False),
        (Report(GIVEN, None, PRIMARY, stopped=STOPPED), "failed", True),
    ],
)
def test_changed_comes_from_orders_and_states(report: Report, outcome: str, changed: bool) -> None:
    returned = result(report, outcome)
    assert returned["changed"] is changed
    assert returned["outcome"] == outcome
    assert returned["transitions"] == list(report.given)


SAID = {"run": "3f0c", "step": "promote"}


def test_a_step_that_failed_before_any_order_says_whose_result_it_is() -> None:
    assert change.not_given(SAID) == {**SAID, "outcome": "failed"}


def test_without_an_operation_nothing_is_said_of_one() -> None:
    assert change.not_given({}) == {}
    assert change.ALONE.said == {}
    assert change.ALONE.result(Report(GIVEN, None, PRIMARY)) == {}
    change.ALONE.before("beprimary")
    change.ALONE.release()


def test_the_results_of_a_step_say_whose_they_are_and_what_it_adds() -> None:
    escort = Escort(
        lambda order: None,
        lambda: None,
        lambda report: {"times": list(report.given)},
        SAID,
    )
    returned = escort.result(Report(GIVEN, None, PRIMARY))
    assert returned == {**SAID, "times": ["beprimary"]}


def test_what_is_returned_has_the_same_keys_whatever_happened() -> None:
    keys = {"changed", "before", "after", "transitions", "outcome", "diff"}
    for report in (Report(GIVEN, None, PRIMARY), Report(GIVEN, failed(True), None, error.EOF())):
        returned = result(report, "unknown")
        assert set(returned) == keys
        assert returned["before"] == returned["diff"]["before"] == NONE.as_result()
        expected = report.after.as_result() if report.after else None
        assert returned["after"] == expected
        assert returned["diff"]["after"] == (expected or {})
