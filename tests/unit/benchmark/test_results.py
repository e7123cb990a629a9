# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of what was measured."""

from __future__ import annotations

import json

import pytest
from benchmark.results import (
    AT_LEAST,
    AT_MOST,
    LARGEST,
    SECONDS,
    Figure,
    Result,
    Target,
    as_json,
    compared,
    from_json,
)


def result(target: Target | None, *values: float) -> Result:
    return Result("group", Figure("name", "title", target), values)


def test_the_result_is_the_median_of_the_rounds() -> None:
    assert result(None, 9.0, 1.0, 2.0).value == 2.0
    assert result(None, 1.0, 2.0, 3.0, 10.0).value == 2.5


def test_the_result_of_a_largest_is_the_largest_of_the_rounds() -> None:
    assert result(Target(AT_MOST, 2.0, LARGEST), 0.5, 2.5, 0.6).value == 2.5


def test_a_quarter_of_the_rounds_is_below_the_one_quartile_and_above_the_other() -> None:
    assert result(None, 5.0, 1.0, 4.0, 2.0, 3.0).quartiles == (2.0, 4.0)
    assert result(None, 7.0).quartiles == (7.0, 7.0)


@pytest.mark.parametrize(
    ("target", "values", "met", "share"),
    [
        (Target(AT_MOST, 2.0), (2.0,), True, 1.0),
        (Target(AT_MOST, 2.0), (2.5,), False, 1.25),
        (Target(AT_LEAST, 0.5), (0.5,), True, 1.0),
        (Target(AT_LEAST, 0.5), (0.25,), False, 2.0),
        (Target(AT_LEAST, 0.5), (1.0,), True, 0.5),
        (Target(AT_MOST, 2.0), (1.0, 1.0, 3.0), True, 0.5),
        (Target(AT_MOST, 2.0, LARGEST), (1.0, 1.0, 3.0), False, 1.5),
        (None, (1.0,), None, None),
    ],
)
def test_a_target_is_met_if_the_result_is_on_its_side(
    target: Target | None, values: tuple[float, ...], met: bool | None, share: float | None
) -> None:
    assert result(target, *values).met is met
    assert result(target, *values).share == share


def test_what_was_not_run_has_no_verdict() -> None:
    one = Result("group", Figure("name", "title", Target(AT_MOST, 1.0)), not_run="no root")
    assert one.met is None
    assert one.share is None


def test_a_result_is_either_measured_or_left_out() -> None:
    with pytest.raises(ValueError, match="name"):
        Result("group", Figure("name", "title"))
    with pytest.raises(ValueError, match="name"):
        Result("group", Figure("name", "title"), (1.0,), not_run="no root")


def test_pairs_are_compared_round_by_round() -> None:
    found = compared([(2.0, 1.0), (6.0, 2.0), (4.0, 4.0)], ("ours", "ping"), SECONDS)
    assert found.values == [2.0, 3.0, 1.0]
    assert {name: side.value for name, side in found.sides.items()} == {"ours": 4.0, "ping": 2.0}


def test_json_brings_back_every_result(results: list[Result]) -> None:
    there = json.loads(json.dumps([as_json(one) for one in results]))
    assert [from_json(one) for one in there] == results


def test_json_says_what_the_results_come_to(results: list[Result]) -> None:
    met, missed, _without, _largest, not_run = map(as_json, results)
    assert (met["met"], met["value"]) == (True, 1.1)
    assert met["quartiles"] == pytest.approx([1.05, 1.15])
    assert missed["met"] is False
    assert (not_run["met"], not_run["not_run"]) == (None, "the lab with SSH needs root")
    assert "value" not in not_run
