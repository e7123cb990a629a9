# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often, and in which order."""

from __future__ import annotations

import math
import os

import pytest
from benchmark.__main__ import _run
from benchmark.bring_up import pings
from benchmark.measuring import BenchmarkError, Effort, Group, NotRun, in_turn
from benchmark.module_cost import ROLE, SSH, STATUS, costs, tasks
from benchmark.planner import growth
from benchmark.plays import PING, Calls, Played, TaskRun
from benchmark.results import AT_MOST, Figure, Measured, Target


def test_sides_change_places_in_every_second_round_and_results_do_not() -> None:
    called: list[str] = []

    def side(name: str) -> str:
        called.append(name)
        return name

    found = in_turn(3, lambda: side("a"), lambda: side("b"))
    assert called == ["a", "b", "b", "a", "a", "b"]
    assert found == [("a", "b")] * 3


def test_a_whole_run_takes_ten_rounds_at_least() -> None:
    assert [Effort().rounds(usual) for usual in (2, 12)] == [2, 12]
    assert [Effort(whole=True).rounds(usual) for usual in (2, 12)] == [10, 12]
    assert [Effort(whole=True, fixed=1).rounds(usual) for usual in (2, 12)] == [1, 1]


FIGURES = (Figure("one", "One", Target(AT_MOST, 1.0)), Figure("two", "Two"))


def test_what_cannot_be_measured_is_not_run_with_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measure(*_unused: object) -> dict[str, Measured]:
        raise NotRun("it needs root")

    found = list(_run(Group("group", FIGURES, measure), Effort()))
    assert [(one.figure.name, one.not_run) for one in found] == [
        ("one", "it needs root"),
        ("two", "it needs root"),
    ]
    assert "NOT RUN group: it needs root" in capsys.readouterr().err


def test_ssh_is_not_run_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = list(_run(SSH, Effort()))
    assert [one.figure for one in found] == list(SSH.figures)
    assert {one.not_run for one in found} == {"the lab with SSH needs root"}


def test_every_figure_of_a_group_has_to_be_measured() -> None:
    def measure(*_unused: object) -> dict[str, Measured]:
        return {"one": Measured([1.0], {})}

    with pytest.raises(KeyError, match="two"):
        _run(Group("group", FIGURES, measure), Effort())


def test_the_tasks_of_a_play_change_places_in_every_second_round() -> None:
    names = [task["name"] for task in tasks(3)]
    assert names == [PING, STATUS, ROLE, ROLE, STATUS, PING, PING, STATUS, ROLE]


def played(*runs: tuple[str, str, str, float]) -> Played:
    """Return a play of results: action, host, outcome, seconds; a task for each action."""
    return Played(
        1.0,
        tuple(
            TaskRun(action, host, outcome, False, 10.0, 10.0 + seconds)
            for action, host, outcome, seconds in runs
        ),
    )


def test_the_first_call_of_a_module_does_not_count() -> None:
    done = played(
        *(
            (action, "n1", "ok", seconds)
            for seconds in (9.0, 1.0, 2.0)
            for action in (PING, STATUS)
        ),
        *((ROLE, "n1", "ok", seconds) for seconds in (9.0, 3.0, 4.0)),
    )
    assert costs(done) == {PING: [1.0, 2.0], STATUS: [1.0, 2.0], ROLE: [3.0, 4.0]}


def test_a_call_that_fails_is_no_measurement() -> None:
    with pytest.raises(BenchmarkError, match="ncs_ha_status on n1: failed"):
        costs(played((PING, "n1", "ok", 1.0), (STATUS, "n1", "failed", 1.0)))


def test_calls_for_one_purpose_in_a_row_belong_together() -> None:
    told = (
        "<n1> ncs_ha_status observe",
        "<n2> ncs_ha_status observe",
        "TASK [Something else] ****",
        "<n2> ncs_ha_status observe",
        "<n2> ncs_ha_role promote",
    )
    done = Played(1.0, (), "\n".join(told))
    assert done.calls() == [
        Calls("ncs_ha_status observe", ("n1", "n2")),
        Calls("ncs_ha_status observe", ("n2",)),
        Calls("ncs_ha_role promote", ("n2",)),
    ]


def test_a_change_is_told_with_its_host() -> None:
    runs = [TaskRun(STATUS, name, "ok", name != "n1", 1.0, 2.0) for name in ("n2", "n1", "n2")]
    assert Played(1.0, tuple(runs)).changed == ["n2"]


def test_pings_have_the_shape_of_the_calls() -> None:
    calls = [
        Calls(STATUS, ("n1", "n2")),
        Calls(STATUS, ("n2", "n1")),
        Calls(ROLE, ("n2",)),
        Calls(STATUS, ("n1", "n2")),
    ]
    plays = pings(calls)
    assert [(play["hosts"], len(play["tasks"])) for play in plays] == [
        ("n1,n2", 2),
        ("n2", 1),
        ("n1,n2", 1),
    ]
    assert all(PING in task for play in plays for task in play["tasks"])


def test_growth_is_that_of_n_log_n() -> None:
    assert growth(1000, 100) == pytest.approx(15)
    assert growth(100, 10) == pytest.approx(20)
    assert growth(8, 2) == pytest.approx(8 * math.log2(8) / 2)
