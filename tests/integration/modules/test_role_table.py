# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_role from every state to every state, in four steps: check, do, do again, check again.

ORDERS is the table of transitions.py, written down independently.
"""

from __future__ import annotations

from typing import Any

import pytest
from helpers.stage import (
    NONE,
    OTHER,
    PRIMARY,
    RELAY_OF_OTHER,
    RELAY_OF_WANTED,
    SECONDARY_OF_OTHER,
    SECONDARY_OF_WANTED,
    STARTS,
    SUBJECT,
    WANTED,
    Stage,
)
from helpers.until import until

ROLES = ("none", "primary", "secondary", "relay")

# In the order of ROLES.
ORDERS: dict[str, tuple[list[str], list[str], list[str], list[str]]] = {
    NONE: ([], ["beprimary"], ["besecondary"], ["besecondary", "berelay"]),
    PRIMARY: (["benone"], [], ["besecondary"], ["besecondary", "berelay"]),
    SECONDARY_OF_WANTED: (["benone"], ["beprimary"], [], ["berelay"]),
    SECONDARY_OF_OTHER: (
        ["benone"],
        ["beprimary"],
        ["besecondary"],
        ["besecondary", "berelay"],
    ),
    RELAY_OF_WANTED: (["benone"], ["beprimary"], ["benone", "besecondary"], []),
    RELAY_OF_OTHER: (
        ["benone"],
        ["beprimary"],
        ["benone", "besecondary"],
        ["benone", "besecondary", "berelay"],
    ),
}
PAIRS = [(start, role) for start in STARTS for role in ROLES]

STATES = {"none": 1, "secondary": 2, "primary": 3, "relay": 4}


def wanted_state(stage: Stage, role: str) -> dict[str, Any]:
    """What the node has to say of itself afterwards."""
    follows = role in ("secondary", "relay")
    primary = {"node_id": WANTED, "address": stage.wanted.address}
    return {
        "role": role,
        "state": STATES[role],
        "primary": primary if follows else None,
        "secondaries": [],
    }


def started_in(stage: Stage, start: str) -> dict[str, Any]:
    """What the node has to say of itself at first."""
    role, _unused, node_id = start.partition(" of ")
    followed = stage.other if node_id == OTHER else stage.wanted
    primary = {"node_id": node_id, "address": followed.address} if node_id else None
    return {"role": role, "state": STATES[role], "primary": primary, "secondaries": []}


@pytest.mark.parametrize(("start", "role"), PAIRS, ids=[f"{s} to {r}" for s, r in PAIRS])
def test_four_steps_give_only_the_orders_of_the_table(stage: Stage, start: str, role: str) -> None:
    orders = ORDERS[start][ROLES.index(role)]
    stage.put(start)
    before = stage.snapshot()
    assert stage.own_view() == started_in(stage, start)

    foreseen = stage.role(role, check=True)
    assert stage.snapshot() == before, "check mode changed the node"

    done = stage.role(role)
    for result in (foreseen, done):
        assert result["changed"] is bool(orders)
        assert result["transitions"] == orders
        assert result["outcome"] == "done"
        assert result["before"] == started_in(stage, start)
        assert result["after"] == wanted_state(stage, role)
        assert result["diff"] == {"before": result["before"], "after": result["after"]}
    assert stage.own_view() == wanted_state(stage, role)
    assert_data_are_those_of(stage, role, before[1])
    assert_both_ends_agree(stage, role)

    reached = stage.snapshot()
    for check in (False, True):
        again = stage.role(role, check=check)
        assert again["changed"] is False
        assert again["transitions"] == []
        assert again["outcome"] == "done"
        assert again["before"] == again["after"] == wanted_state(stage, role)
        assert stage.snapshot() == reached


def assert_data_are_those_of(stage: Stage, role: str, before: dict[str, str]) -> None:
    """A follower has its primary's data, any other node what it had."""
    follows = role in ("secondary", "relay")
    assert stage.subject.dump() == (stage.wanted.dump() if follows else before)


def assert_both_ends_agree(stage: Stage, role: str) -> None:
    """The primary lists a follower, and nobody lists any other node."""
    if role in ("secondary", "relay"):
        listed = [peer["node_id"] for peer in stage.own_view(stage.wanted)["secondaries"]]
        assert listed == [SUBJECT]
        assert stage.subject.status()["node_id"] == SUBJECT
    else:
        stage.until_not_listed(stage.wanted, SUBJECT)
    stage.until_not_listed(stage.other, SUBJECT)


def test_a_primary_keeps_its_secondaries_where_nothing_differs(stage: Stage) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    expected = [{"node_id": OTHER, "address": stage.other.address}]
    for check in (True, False):
        result = stage.role("primary", check=check)
        assert result["changed"] is False
        assert result["before"]["secondaries"] == result["after"]["secondaries"] == expected
    assert stage.own_view()["secondaries"] == expected


@pytest.mark.parametrize("role", ["none", "secondary"])
def test_the_prediction_for_a_primary_with_secondaries_holds(stage: Stage, role: str) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    foreseen = stage.role(role, check=True)
    done = stage.role(role)
    assert done["before"]["secondaries"] == foreseen["before"]["secondaries"] != []
    assert done["after"] == foreseen["after"] == wanted_state(stage, role)
    until(lambda: stage.own_view(stage.other)["role"] == "none", what="the orphan is none")


@pytest.mark.parametrize("role", ["none", "primary", "secondary"])
def test_the_prediction_for_a_relay_with_secondaries_holds(stage: Stage, role: str) -> None:
    stage.put(RELAY_OF_WANTED)
    stage.attach_other()
    foreseen = stage.role(role, check=True)
    done = stage.role(role)
    assert [peer["node_id"] for peer in done["before"]["secondaries"]] == [OTHER]
    assert done["before"] == foreseen["before"]
    assert done["after"] == foreseen["after"] == wanted_state(stage, role)


def test_a_relay_with_secondaries_that_is_as_wanted_is_left_alone(stage: Stage) -> None:
    stage.put(RELAY_OF_WANTED)
    stage.attach_other()
    result = stage.role("relay")
    assert result["changed"] is False
    assert [peer["node_id"] for peer in result["after"]["secondaries"]] == [OTHER]
    assert stage.own_view() == result["after"]


@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
def test_the_same_address_in_another_notation_is_no_change(stage: Stage, check: bool) -> None:
    stage.put(SECONDARY_OF_WANTED)
    mapped = f"::ffff:{stage.wanted.address}"
    result = stage.role("secondary", check=check, primary_ip=mapped)
    assert result["changed"] is False
    assert result["transitions"] == []


def test_a_primary_at_another_address_under_the_same_id_is_followed_there(stage: Stage) -> None:
    """As after a move: the id alone does not make it the node that is wanted."""
    stage.put(SECONDARY_OF_OTHER)
    with stage.hand(stage.wanted) as client:
        client.benone()
        client.beprimary(OTHER)
    options = {"primary_id": OTHER, "primary_ip": stage.wanted.address}
    result = stage.role("secondary", check=False, **options)
    assert result["transitions"] == ["besecondary"]
    assert result["after"]["primary"] == {"node_id": OTHER, "address": stage.wanted.address}
    assert stage.own_view() == result["after"]
    assert stage.role("secondary", check=False, **options)["changed"] is False
