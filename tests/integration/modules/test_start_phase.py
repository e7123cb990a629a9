# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_start_phase: a daemon that waits in phase 0 goes on when told, one phase at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from helpers.secrecy import run_discreetly
from helpers.stage import NONE, Stage
from helpers.state_directory import StateDirectory
from helpers.until import until
from ncs_sim.handle import NodeError


def go(stage: Stage, phase: int, *, check: bool = False, **more: object) -> dict[str, Any]:
    """Run the module on the subject, without a token."""
    options = stage.without_ha_socket(phase=phase, **more)
    return run_discreetly("ncs_ha_start_phase", options, check=check)


def wait_in(stage: Stage, phase: int) -> None:
    stage.put(NONE)
    stage.subject.phase(phase)


def phase_of(stage: Stage) -> int:
    return int(stage.subject.status()["phase"])


@pytest.mark.parametrize(
    ("before", "phase", "orders"),
    [
        (0, 1, ["start_phase_1"]),
        (1, 2, ["start_phase_2"]),
        (0, 2, ["start_phase_1", "start_phase_2"]),
        (2, 1, []),
        (2, 2, []),
    ],
)
def test_each_phase_is_entered_in_order_and_none_twice(
    stage: Stage, before: int, phase: int, orders: list[str]
) -> None:
    wait_in(stage, before)
    after = max(before, phase)
    for check in (True, False):
        result = go(stage, phase, check=check)
        assert (result["outcome"], result["changed"]) == ("done", bool(orders))
        assert result["transitions"] == orders
        assert result["phase"] == {"before": before, "after": after}
        assert result["diff"] == {"before": {"phase": before}, "after": {"phase": after}}
        assert phase_of(stage) == (before if check else after)
    assert [timed["order"] for timed in result["times"]] == orders
    again = go(stage, phase)
    assert (again["changed"], again["transitions"], again["times"]) == (False, [], [])


def test_clients_are_let_in_in_phase_2_and_not_before(stage: Stage) -> None:
    wait_in(stage, 0)
    for phase in (1, 2):
        with pytest.raises(NodeError, match="start phase"):
            stage.subject.write("too", "early")
        assert go(stage, phase)["outcome"] == "done"
    stage.subject.write("in", "time")


@pytest.mark.parametrize(
    ("fault", "arguments", "name"),
    [("slow", {"seconds": 600}, "TIMEOUT"), ("close", {"count": 0}, "EOF")],
)
def test_an_order_without_an_answer_is_unknown_whatever_the_daemon_says_then(
    stage: Stage, fault: str, arguments: dict[str, Any], name: str
) -> None:
    wait_in(stage, 0)
    stage.subject.fault(fault, place="start_phase", **arguments)
    result = go(stage, 1, wait_timeout=1)
    stage.subject.clear()
    assert (result["failed"], result["outcome"], result["changed"]) == (True, "unknown", True)
    assert result["error"]["name"] == name
    assert result["phase"] == {"before": 0, "after": 1}
    assert "it may have been or may still be carried out" in result["msg"]
    assert "The start phase of the node is now: 1." in result["msg"]


def test_a_daemon_that_cannot_start_is_a_failure_with_its_name(stage: Stage) -> None:
    wait_in(stage, 0)
    # Somebody else tells it to go on after the module has looked, and no phase is entered twice.
    stage.subject.fault("slow", seconds=1, place="get_phase")
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(go, stage, 1)
        until(lambda: "get_phase" in stage.subject.waiting(), what="the module looks")
        stage.subject.phase(1)
        result = going.result()
    stage.subject.clear()
    assert (result["failed"], result["outcome"], result["changed"]) == (True, "failed", True)
    assert result["error"]["name"] == "START_FAILED"
    assert "START_FAILED (57)" in result["msg"]
    assert result["phase"] == {"before": 0, "after": 1}


def test_in_an_operation_the_step_has_to_be_due(stage: Stage, directory: StateDirectory) -> None:
    wait_in(stage, 0)
    refused = go(stage, 1, operation=directory.option())
    assert (refused["outcome"], refused["transitions"]) == ("failed", [])
    assert "The order start_phase_1 was not given at" in refused["msg"]
    assert phase_of(stage) == 0
    directory.begin()
    done = go(stage, 2, operation=directory.option())
    assert (done["outcome"], done["run_id"], done["step"]) == ("done", "a", "first")
    lock = directory.lock()
    assert lock is not None
    assert lock["steps"] == ["second", "third"]
    assert phase_of(stage) == 2


@pytest.mark.parametrize("given", [{"wait_timeout": -1}, {"phase": 3}])
def test_an_option_that_makes_no_sense_is_refused(stage: Stage, given: dict[str, int]) -> None:
    wait_in(stage, 0)
    refused = run_discreetly("ncs_ha_start_phase", stage.without_ha_socket(**{"phase": 1, **given}))
    assert refused["failed"] is True
    assert next(iter(given)) in refused["msg"]
    assert phase_of(stage) == 0
