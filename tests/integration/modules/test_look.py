# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a node without its HA socket and without token, and what happens where it is mute."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.forked import ForkedModules
from helpers.simulated import Simulation
from helpers.stage import NONE, OTHER, PRIMARY, RELAY_OF_WANTED, STARTS, SUBJECT, WANTED, Stage
from helpers.state_directory import StateDirectory
from ncs_sim.cluster import Cluster
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient

STATUS, ROLE, DEAD = "ncs_ha_status", "ncs_ha_role", "ncs_ha_secondary_dead"
EITHER = ["operational_state", "ha_socket"]


def without_addresses(ha: dict[str, Any]) -> dict[str, Any]:
    """What a status tells but how it was found, and the addresses that only one way tells."""
    peers = [{**peer, "address": None} for peer in ha["secondaries"]]
    primary = ha["primary"] and {**ha["primary"], "address": None}
    return {**ha, "look": None, "primary": primary, "secondaries": peers}


def at(node: NodeHandle, **more: Any) -> dict[str, Any]:
    """Return options to look at a node; no token."""
    return {"ip": node.ipc_address, **more}


def hold(node: NodeHandle, token: str) -> RawClient:
    """Return the HA socket of another controller."""
    controller = RawClient.ha(node, token)
    controller.status()
    return controller


def linked(
    simulation: Simulation, lacks: tuple[str, ...]
) -> tuple[Cluster, NodeHandle, NodeHandle]:
    """Return a primary and its secondary that lack these leaves, and their cluster."""
    cluster = simulation.cluster(2, lacks=lacks)
    first, second = cluster.nodes
    first.order("primary")
    second.order("secondary", first)
    return cluster, first, second


def test_what_only_looks_leaves_the_ha_socket_of_another_controller_alone(
    stage: Stage, forked: ForkedModules
) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    txid = stage.subject.status()["txid"]
    follow = {"node_id": SUBJECT, "primary_id": WANTED, "primary_ip": stage.wanted.address}
    with hold(stage.subject, stage.token) as controller:
        for wait_for in (None, {"txid": txid}, {"phase": 2, "secondaries": [OTHER]}):
            result = stage.look(wait_for=wait_for)
            assert result["ha"]["role"] == PRIMARY
            assert result["ha"]["look"] == "operational_state"
        for role, more in (("none", {}), ("primary", {"node_id": SUBJECT}), ("secondary", follow)):
            options = stage.without_ha_socket(role=role, **more)
            foreseen = forked.run(ROLE, options, check=True)
            assert foreseen["changed"] is (role != PRIMARY)
            assert foreseen["outcome"] == "done"
            assert foreseen["after"]["role"] == role
        dead = forked.run(DEAD, stage.without_ha_socket(node_id=OTHER), check=True)
        assert dead["transitions"] == ["secondary_dead"]
        assert dead["after"]["secondaries"] == []
        # It is still the one that the daemon listens to.
        controller.status()


def test_a_look_over_the_ha_socket_takes_it(stage: Stage) -> None:
    """The opposite, so that the test above is known to see it."""
    stage.put(NONE)
    with hold(stage.subject, stage.token) as controller:
        assert stage.status()["ha"]["look"] == "ha_socket"
        with pytest.raises((OSError, EOFError)):
            controller.status()


@pytest.mark.parametrize("start", STARTS)
def test_both_ways_tell_the_same_but_addresses(stage: Stage, start: str) -> None:
    stage.put(start)
    if start in (PRIMARY, RELAY_OF_WANTED):
        stage.attach_other()
    by_state, by_socket = stage.look()["ha"], stage.status()["ha"]
    assert without_addresses(by_state) == without_addresses(by_socket)
    assert (by_state["look"], by_socket["look"]) == ("operational_state", "ha_socket")
    assert {peer["address"] for peer in by_state["secondaries"]} <= {None}
    assert by_state["node_id"] == (None if start == NONE else SUBJECT)


@pytest.mark.parametrize("module", [ROLE, DEAD])
def test_orders_need_the_token_whatever_the_option_says(
    stage: Stage, forked: ForkedModules, module: str
) -> None:
    stage.put(NONE)
    more = {"role": "primary", "node_id": SUBJECT} if module == ROLE else {"node_id": OTHER}
    result = forked.run(module, stage.without_ha_socket(look=EITHER, **more))
    assert "token is missing" in result["msg"]
    assert stage.own_view()["role"] == NONE


# Where the operational state does not answer

MUTE: dict[str, dict[str, Any]] = {
    "no session": {"refuse_sessions": 3},
    "no role": {"lacks": ("ha/mode",)},
}


@pytest.mark.parametrize("mute", MUTE)
def test_a_node_that_does_not_tell_its_role_fails_every_look_with_the_next_step(
    simulation: Simulation, forked: ForkedModules, mute: str
) -> None:
    node = simulation.node("n1", **MUTE[mute])
    promote = {"role": "primary", "node_id": "n1"}
    with hold(node, simulation.token) as controller:
        for module, more in ((STATUS, {}), (ROLE, promote), (DEAD, {"node_id": "n2"})):
            result = forked.run(module, at(node, token=simulation.token, **more), check=True)
            assert result["failed"] is True
            assert result["unanswered"] is True
            assert "ha" not in result
            assert f"{node.ipc_address}:4569 answered" in result["msg"]
            assert "does not tell the role" in result["msg"]
            assert "look: [operational_state, ha_socket] (nso_ha_look" in result["msg"]
        waited = forked.run(STATUS, at(node, wait_for={"phase": 2}, wait_timeout=60))
        assert waited["unanswered"] is True
        controller.status()


def test_a_node_whose_ha_is_off_says_so_and_where_to_set_it(
    simulation: Simulation, forked: ForkedModules
) -> None:
    result = forked.run(STATUS, at(simulation.node("n1", ha_enabled=False)))
    assert result["unanswered"] is True
    assert "as HA is not enabled in its ncs.conf" in result["msg"]
    assert "/ncs-config/ha/enabled" in result["msg"]


@pytest.mark.parametrize("mute", MUTE)
def test_the_ha_socket_is_used_in_its_turn_with_a_token_only(
    simulation: Simulation, forked: ForkedModules, mute: str
) -> None:
    node = simulation.node("n1", **MUTE[mute])
    node.order("primary")
    with hold(node, simulation.token) as controller:
        result = forked.run(STATUS, at(node, look=EITHER))
        assert "does not tell the role" in result["msg"]
        assert "needs the token" in result["msg"]
        controller.status()
    options = at(node, look=EITHER, token=simulation.token)
    found = forked.run(STATUS, options)["ha"]
    assert (found["role"], found["look"]) == (PRIMARY, "ha_socket")
    assert found["nso_version"] == (None if mute == "no session" else "6.6")
    waited = forked.run(STATUS, {**options, "wait_for": {"role": "primary"}})
    assert waited["ha"]["role"] == PRIMARY
    foreseen = forked.run(ROLE, {**options, "role": "none"}, check=True)
    assert foreseen["transitions"] == ["benone"]


def test_a_follower_that_does_not_name_its_primary_has_answered_unless_that_is_needed(
    simulation: Simulation, forked: ForkedModules
) -> None:
    cluster, first, second = linked(simulation, lacks=("ha/primary-node-id",))
    assert forked.run(STATUS, at(first))["ha"]["role"] == PRIMARY
    found = forked.run(STATUS, at(second))["ha"]
    assert (found["role"], found["primary"]) == ("secondary", None)
    waiting = at(second, wait_for={"primary_id": "n1"}, wait_timeout=0.1)
    following = {
        "role": "secondary",
        "node_id": "n2",
        "primary_id": "n1",
        "primary_ip": "127.0.0.1",
    }
    for module, options in ((STATUS, waiting), (ROLE, at(second, **following))):
        result = forked.run(module, options, check=True)
        assert result["unanswered"] is True
        assert "does not tell the primary of the node" in result["msg"]
    found = forked.run(STATUS, at(second, look=EITHER, token=cluster.token))["ha"]
    assert found["primary"]["node_id"] == "n1"


def test_a_primary_that_does_not_tell_its_secondaries_has_answered_unless_they_are_needed(
    simulation: Simulation, forked: ForkedModules
) -> None:
    cluster, first, second = linked(simulation, lacks=("ha/connected-secondary",))
    assert forked.run(STATUS, at(first))["ha"]["secondaries"] is None
    assert forked.run(STATUS, at(second))["ha"]["secondaries"] == []
    waiting = {"wait_for": {"secondaries": ["n2"]}}
    for module, more in ((STATUS, waiting), (DEAD, {"node_id": "n2"})):
        result = forked.run(module, at(first, **more), check=True)
        assert "does not tell the secondaries of the node" in result["msg"]
        options = at(first, look=EITHER, token=cluster.token, **more)
        assert "failed" not in forked.run(module, options, check=True)


@pytest.mark.parametrize(
    ("options", "fact", "value"),
    [
        ({"own_ha": "rule-based"}, "rule_based_ha", True),
        ({"own_ha": "raft"}, "raft", True),
        ({"release": "6.6", "ha_path": "old"}, "ha_enabled", True),
        ({"release": "6.7", "lacks": ("admin-configured-read-only-mode",)}, "read_only", False),
        ({"release": "5.7"}, "admin_read_only", None),
    ],
)
def test_what_a_node_tells_beside_its_role_is_returned_whichever_way_was_used(
    simulation: Simulation,
    forked: ForkedModules,
    options: dict[str, Any],
    fact: str,
    value: object,
) -> None:
    node = simulation.node("n1", **options)
    for look in ("operational_state", "ha_socket"):
        found = forked.run(STATUS, at(node, look=[look], token=simulation.token))["ha"]
        assert found["look"] == look
        assert found[fact] is value
        assert found["nso_version"] == node.config.release


# Slow


def test_a_node_that_is_too_slow_is_not_asked_in_another_way(stage: Stage) -> None:
    stage.put(NONE)
    with hold(stage.subject, stage.token) as controller:
        stage.subject.fault("slow", seconds=30, place="xpath_eval_expr")
        result = stage.look(look=EITHER, token=stage.token, timeout=0.4)
        assert result["error"]["name"] == "TIMEOUT"
        assert "unanswered" not in result
        controller.status()


@pytest.mark.parametrize("fault", ["slow", "close", "garbage"])
def test_facts_that_cannot_be_had_beside_the_ha_socket_are_null_and_nothing_else_is_lost(
    stage: Stage, fault: str
) -> None:
    stage.put(PRIMARY)
    arguments = {"slow": {"seconds": 30}, "close": {"count": 2}}.get(fault, {})
    stage.subject.fault(fault, place="xpath_eval_expr", **arguments)
    found = stage.status(timeout=0.6)["ha"]
    assert {key: found[key] for key in stage.own_view()} == stage.own_view()
    assert found["txid"] == stage.subject.status()["txid"]
    assert (found["nso_version"], found["node_id"], found["raft"]) == (None, None, None)


# The lock of another run


def test_the_lock_of_another_run_forbids_the_ha_socket_and_nothing_else(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.begin("a")
    options: dict[str, Any] = {
        "state_dir": str(directory.path),
        "run_id": "b",
        "token": stage.token,
    }
    with hold(stage.subject, stage.token) as controller:
        for look in (EITHER[:1], EITHER):
            result = stage.look(look=look, **options)
            assert result["ha"]["role"] == PRIMARY
            assert result["state_directory"]["lock"]["run_id"] == "a"
            assert "locked" not in result
        stage.subject.fault("garbage", place="xpath_eval_expr")
        for look in (EITHER, EITHER[::-1]):
            result = stage.look(look=look, **options)
            assert result["locked"] is True
            assert "ha" not in result
        controller.status()
