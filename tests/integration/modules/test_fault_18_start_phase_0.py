# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon in start phase 0, where only the status can be read.

What must hold: a wait goes on to its limit, then says so with the phase; orders are refused before
they are given. test_status_wait.py has the waits that end well.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from helpers.forked import ForkedModules
from helpers.running import RunningModule
from helpers.stage import NONE, OTHER, PRIMARY, SECONDARY_OF_WANTED, SUBJECT, Stage
from helpers.until import until

HINT = "wait for start phase 1"


@pytest.mark.parametrize("wanted", [1, 2])
@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
def test_a_wait_for_a_phase_goes_on_to_its_limit_and_names_the_phase(
    stage: Stage, forked: ForkedModules, wanted: int, check: bool
) -> None:
    stage.put(PRIMARY)
    stage.subject.phase(0)
    wait = {"wait_for": {"phase": wanted}, "wait_timeout": 0.6}
    began = time.monotonic()
    result = forked.run("ncs_ha_status", stage.by_ha_socket(**wait), check=check)
    assert 0.6 <= time.monotonic() - began < 10
    assert result["failed"] is True
    assert f"start phase is 0, not {wanted}" in result["msg"]
    assert "0.6 s" in result["msg"]
    assert stage.subject.ipc_address in result["msg"]
    assert result["ha"]["phase"] == 0
    assert result["ha"]["role"] == PRIMARY, "the status can be read"


def test_phase_1_is_waited_for_no_longer_than_it_takes(stage: Stage) -> None:
    """And what was refused before is taken then."""
    stage.put(NONE)
    stage.subject.phase(0)
    options = stage.by_ha_socket(wait_for={"phase": 1}, wait_timeout=60)
    stage.subject.fault("slow", seconds=600, place="get_phase")
    with RunningModule("ncs_ha_status", options) as running:
        # Its first look finds phase 0, and ends only after the change.
        until(lambda: stage.subject.waiting() == ["get_phase"])
        stage.subject.phase(1)
        stage.subject.clear()
        result = running.result()
    assert result["ha"]["phase"] == 1
    assert stage.role("primary")["outcome"] == "done"


@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
@pytest.mark.parametrize(
    ("start", "role"),
    [
        (NONE, "primary"),
        (NONE, "secondary"),
        (NONE, "relay"),
        (PRIMARY, "none"),
        (SECONDARY_OF_WANTED, "none"),
        (SECONDARY_OF_WANTED, "primary"),
    ],
)
def test_a_role_is_refused_with_the_hint_and_stays(
    stage: Stage, forked: ForkedModules, start: str, role: str, check: bool
) -> None:
    stage.put(start)
    stage.subject.phase(0)
    before = stage.snapshot()
    result = forked.run("ncs_ha_role", stage.role_options(role), check=check)
    assert_refused(result)
    assert stage.snapshot() == before


@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
def test_secondary_dead_is_refused_with_the_hint_and_the_link_stays(
    stage: Stage, forked: ForkedModules, check: bool
) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    stage.subject.phase(0)
    before = stage.snapshot()
    options = stage.by_ha_socket(node_id=OTHER)
    assert_refused(forked.run("ncs_ha_secondary_dead", options, check=check))
    assert stage.snapshot() == before


@pytest.mark.parametrize("module", ["ncs_ha_role", "ncs_ha_secondary_dead"])
def test_a_phase_that_falls_back_to_0_before_the_order_is_a_refusal_of_the_daemon(
    stage: Stage, module: str
) -> None:
    """The phase was read in time and was 1 or more: now it is the daemon that says BADSTATE."""
    stage.put(PRIMARY)
    stage.attach_other()
    role: dict[str, Any] = {"role": "none"}
    more = role if module == "ncs_ha_role" else {"node_id": OTHER}
    stage.subject.fault("slow", seconds=600, place="get_phase")
    with RunningModule(module, stage.by_ha_socket(**more)) as running:
        # What it will say is settled by then.
        until(lambda: stage.subject.waiting() == ["get_phase"])
        stage.subject.phase(0)
        stage.subject.clear()
        result = running.result()
    assert result["error"]["name"] == "BADSTATE"
    assert HINT in result["msg"]
    assert result["outcome"] == "failed"
    assert len(result["transitions"]) == 1
    assert result["changed"] is False
    assert result["after"] == stage.own_view()
    assert stage.subject.status()["node_id"] == SUBJECT


def assert_refused(result: dict[str, Any]) -> None:
    assert result["failed"] is True
    assert result["error"]["name"] == "BADSTATE"
    assert "start phase 0" in result["msg"]
    assert HINT in result["msg"]
    assert result["transitions"] == []
    assert result["outcome"] == "failed"
    assert result["changed"] is False
    assert result["before"] == result["after"]
