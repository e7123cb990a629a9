# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_secondary_dead: four steps where the node is listed, nothing where it is not."""

from __future__ import annotations

import pytest
from helpers.stage import (
    NONE,
    OTHER,
    PRIMARY,
    RELAY_OF_WANTED,
    SECONDARY_OF_WANTED,
    STARTS,
    SUBJECT,
    WANTED,
    Stage,
)
from helpers.until import until


@pytest.mark.parametrize("start", [PRIMARY, RELAY_OF_WANTED])
def test_four_steps_take_a_secondary_off_the_list_once(stage: Stage, start: str) -> None:
    stage.put(start)
    stage.attach_other()
    before = stage.snapshot()
    listed = stage.own_view()
    gone = {**listed, "secondaries": []}
    assert [peer["node_id"] for peer in listed["secondaries"]] == [OTHER]

    foreseen = stage.dead(OTHER, check=True)
    assert stage.snapshot() == before, "check mode changed the node"

    done = stage.dead(OTHER)
    for result in (foreseen, done):
        assert result["changed"] is True
        assert result["transitions"] == ["secondary_dead"]
        assert result["outcome"] == "done"
        assert result["before"] == listed
        assert result["after"] == gone
        assert result["diff"] == {"before": listed, "after": gone}
    assert stage.own_view() == gone
    assert stage.subject.dump() == before[1]
    # It is not dead at all, and finds out that it is alone.
    until(lambda: stage.own_view(stage.other)["role"] == NONE, what="the secondary is none")

    for check in (False, True):
        again = stage.dead(OTHER, check=check)
        assert again["changed"] is False
        assert again["transitions"] == []
        assert again["outcome"] == "done"
        assert again["before"] == again["after"] == gone


@pytest.mark.parametrize("start", STARTS)
def test_a_node_that_is_not_listed_is_no_change(stage: Stage, start: str) -> None:
    stage.put(start)
    before = stage.snapshot()
    result = stage.dead("stranger")
    assert "failed" not in result
    assert result["changed"] is False
    assert result["transitions"] == []
    assert result["before"] == result["after"] == stage.own_view()
    assert stage.snapshot() == before


@pytest.mark.parametrize("start", [SECONDARY_OF_WANTED, RELAY_OF_WANTED])
def test_the_primary_of_a_node_is_not_taken_for_its_secondary(stage: Stage, start: str) -> None:
    """Both are in the same list of the daemon's answer."""
    stage.put(start)
    result = stage.dead(WANTED)
    assert result["changed"] is False
    assert stage.own_view()["primary"]["node_id"] == WANTED


def test_only_the_named_secondary_is_taken_off(stage: Stage) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    with stage.hand(stage.wanted) as client:
        client.besecondary("third", SUBJECT, stage.subject.address)
    result = stage.dead(OTHER)
    assert [peer["node_id"] for peer in result["before"]["secondaries"]] == [OTHER, "third"]
    assert [peer["node_id"] for peer in result["after"]["secondaries"]] == ["third"]
    assert stage.own_view() == result["after"]


def test_writes_go_on_once_a_secondary_that_hangs_is_declared_dead(stage: Stage) -> None:
    """What the module is for: ticks would find it out only after a minute."""
    stage.put(PRIMARY)
    stage.attach_other()
    stage.other.freeze()
    try:
        assert stage.dead(OTHER)["outcome"] == "done"
        stage.subject.write("afterwards", "written", timeout=5)
    finally:
        stage.other.thaw()
    assert stage.subject.read("afterwards") == "written"


def test_start_phase_0_is_refused_before_the_order(stage: Stage) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    stage.subject.phase(0)
    for check in (True, False):
        result = stage.dead(OTHER, check=check)
        assert result["error"]["name"] == "BADSTATE"
        assert result["transitions"] == []
        assert result["changed"] is False
    assert [peer["node_id"] for peer in stage.own_view()["secondaries"]] == [OTHER]


def test_a_secondary_that_came_back_is_a_new_change(stage: Stage) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    assert stage.dead(OTHER)["changed"] is True
    until(lambda: stage.own_view(stage.other)["role"] == NONE, what="the secondary is none")
    stage.attach_other()
    assert stage.dead(OTHER)["changed"] is True
