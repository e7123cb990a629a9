# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long nobody took writes as primary, as the report tells it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._run.report import write_gap

Result = dict[str, Any]


def told(
    wave: str, start: float | None, end: float | None, finished: float, outcome: str = "done"
) -> Result:
    return {"wave": wave, "start": start, "end": end, "finished": finished, "outcome": outcome}


def gap(*history: Result, began: float = 100.0) -> tuple[float | None, str]:
    found = write_gap({"history": list(history), "began": began})
    return found["seconds"], found["means"]


def test_it_is_measured_from_the_hold_to_the_answer_of_the_new_primary() -> None:
    assert gap(
        told("hold", 101.0, 101.2, 102.0),
        told("catch_up", None, None, 103.0),
        told("step_down", 103.5, 103.6, 104.0),
        told("promote", 104.1, 104.25, 105.0),
        told("secondaries", 105.1, 109.0, 110.0),
    ) == (3.25, "measured")


@pytest.mark.parametrize("end", [50.0, 500.0, None])
def test_clocks_that_do_not_agree_leave_what_the_controller_saw(end: float | None) -> None:
    assert gap(
        told("dead", 1.0, 1.1, 100.5),
        told("hold", 101.0, 101.2, 102.0),
        told("promote", 104.1, end, 105.0),
    ) == (4.5, "at most")


def test_without_a_step_before_it_counts_from_the_lock() -> None:
    assert gap(told("hold", None, None, 102.0), told("promote", None, None, 105.0)) == (
        5.0,
        "at most",
    )


def test_a_primary_that_steps_down_without_being_held_begins_it() -> None:
    assert gap(told("step_down", 101.0, 101.1, 102.0), told("promote", 102.0, 103.0, 104.0)) == (
        2.0,
        "measured",
    )


def test_after_a_roll_back_it_ends_when_the_former_primary_is_writable_again() -> None:
    assert gap(
        told("hold", 101.0, 101.2, 102.0),
        told("promote", 102.5, 102.6, 103.0, "failed"),
        told("promote", 103.1, 103.2, 104.0),
        told("open", 104.5, 104.75, 105.0),
    ) == (3.75, "measured")


def test_nobody_knows_when_it_began_after_a_failover() -> None:
    assert gap(told("promote", 104.1, 104.2, 105.0)) == (None, "not known")


def test_nobody_knows_when_it_ends_where_nobody_became_primary() -> None:
    assert gap(told("hold", 101.0, 101.2, 102.0)) == (None, "not known")
    assert gap(
        told("hold", 101.0, 101.2, 102.0), told("promote", 103.0, 103.5, 104.0, "unknown")
    ) == (None, "not known")


def test_there_is_none_where_the_primary_stays() -> None:
    assert gap() == (None, "none")
    assert gap(told("secondaries", 101.0, 102.0, 103.0)) == (None, "none")
