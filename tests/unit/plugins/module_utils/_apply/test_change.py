# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing a node: obstacles, outcomes, and what is returned; the decisions, without a node."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._apply import change, outcomes
from ansible_collections.nso.ha.plugins.module_utils._apply.change import Change
from ansible_collections.nso.ha.plugins.module_utils._apply.escort import Escort
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import Execution, NotGiven
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
    assert change.obstacle(orders, phase, has_relays) is None


@pytest.mark.parametrize("orders", [("berelay",), ("besecondary", "berelay")])
def test_a_daemon_without_relays_is_an_obstacle_to_them_alone(orders: tuple[str, ...]) -> None:
    assert change.obstacle(orders, 2, True) is None
    blocked = change.obstacle(orders, 2, False)
    assert blocked is not None
    assert blocked.confd_errno == error.ERR_NOT_IMPLEMENTED
    assert "berelay" in str(blocked)


@pytest.mark.parametrize("orders", [("benone",), ("beprimary",), ("besecondary", "berelay")])
def test_start_phase_0_is_an_obstacle_to_every_order(orders: tuple[str, ...]) -> None:
    for has_relays in (False, True):
        blocked = change.obstacle(orders, 0, has_relays)
        assert blocked is not None
        assert blocked.confd_errno == error.ERR_BADSTATE
        assert "start phase 0" in str(blocked)


def test_nothing_is_in_the_way_of_no_orders() -> None:
    for phase, has_relays in itertools.product((0, 1, 2), (False, True)):
        assert change.obstacle((), phase, has_relays) is None


GIVEN = ("beprimary",)
STOPPED = NotGiven("beprimary", "the lock is gone.")
IN_DOUBT = NotGiven("beprimary", "no answer to what comes before.", outcome="unknown")


@pytest.mark.parametrize(
    ("report", "background", "outcome"),
    [
        (Execution(GIVEN, None, PRIMARY), False, "done"),
        (Execution((), None, PRIMARY), False, "done"),
        (Execution(GIVEN, None, NONE), False, "failed"),
        (Execution(GIVEN, None, None, error.EOF()), False, "unknown"),
        (Execution(GIVEN, failed(False), NONE), False, "failed"),
        (Execution(GIVEN, failed(False), PRIMARY), False, "failed"),
        (Execution(GIVEN, failed(False), None, error.EOF()), False, "failed"),
        (Execution(GIVEN, failed(True), NONE), False, "unknown"),
        (Execution(GIVEN, failed(True), PRIMARY), False, "unknown"),
        (Execution(GIVEN, failed(True), None, error.EOF()), False, "unknown"),
        (Execution(GIVEN, None, PRIMARY), True, "started"),
        (Execution(GIVEN, None, NONE), True, "started"),
        (Execution(GIVEN, None, None, error.EOF()), True, "started"),
        (Execution(GIVEN, failed(False), NONE), True, "failed"),
        (Execution(GIVEN, failed(True), NONE), True, "unknown"),
        (Execution((), None, NONE, stopped=STOPPED), False, "failed"),
        (Execution((), None, PRIMARY, stopped=STOPPED), False, "failed"),
        (Execution(GIVEN, None, NONE, stopped=STOPPED), True, "failed"),
        (Execution((), None, PRIMARY, stopped=IN_DOUBT), False, "unknown"),
    ],
)
def test_the_outcome_is_judged_by_answer_and_state(
    report: Execution, background: bool, outcome: str
) -> None:
    assert change.judge(to_primary(background), report) == outcome


def result(report: Execution, outcome: str) -> dict[str, Any]:
    return change.change_result(NONE, report, outcome)


@pytest.mark.parametrize(
    ("report", "outcome", "changed"),
    [
        (Execution(GIVEN, None, PRIMARY), "done", True),
        # An order that was carried out counts, even where the states are alike.
        (Execution(("benone",), None, NONE), "done", True),
        (Execution((), None, NONE), "done", False),
        (Execution(GIVEN, None, NONE), "started", True),
        (Execution(GIVEN, failed(False), NONE), "failed", False),
        (Execution(GIVEN, failed(False), PRIMARY), "failed", True),
        (Execution(GIVEN, failed(True), NONE), "unknown", False),
        # Where it could not be seen, a change has to be assumed.
        (Execution(GIVEN, failed(True), None, error.EOF()), "unknown", True),
        (Execution(GIVEN, failed(False), None, error.EOF()), "failed", True),
        (Execution((), failed(False), NONE), "failed", False),
        (Execution((), None, NONE, stopped=STOPPED), "failed", False),
        (Execution(GIVEN, None, PRIMARY, stopped=STOPPED), "failed", True),
    ],
)
def test_changed_comes_from_orders_and_states(
    report: Execution, outcome: str, changed: bool
) -> None:
    returned = result(report, outcome)
    assert returned["changed"] is changed
    assert returned["outcome"] == outcome
    assert returned["transitions"] == list(report.given)


IDENTITY = {"run_id": "3f0c", "step": "promote"}


def test_a_step_that_failed_before_its_node_answered_has_an_outcome() -> None:
    assert outcomes.not_started(IDENTITY) == {"outcome": "failed"}
    assert outcomes.not_started({}) == {}


def test_around_orders_without_an_operation_nothing_happens() -> None:
    escort = Escort()
    escort.before("beprimary")
    escort.release()
    assert escort.result(Execution(GIVEN, None, PRIMARY)) == {}


def test_what_is_returned_has_the_same_keys_whatever_happened() -> None:
    keys = {"changed", "before", "after", "transitions", "outcome", "diff"}
    for report in (
        Execution(GIVEN, None, PRIMARY),
        Execution(GIVEN, failed(True), None, error.EOF()),
    ):
        returned = result(report, "unknown")
        assert set(returned) == keys
        assert returned["before"] == returned["diff"]["before"] == NONE.as_result()
        expected = report.after.as_result() if report.after else None
        assert returned["after"] == expected
        assert returned["diff"]["after"] == (expected or {})
