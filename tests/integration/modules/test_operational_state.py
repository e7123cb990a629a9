# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operational state of simulated nodes, read without their HA socket."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.cdb_socket import Database
from ansible_collections.nso.ha.plugins.module_utils._node.connection import Target
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import TcpEndpoint
from ansible_collections.nso.ha.plugins.module_utils._node.operational_state import (
    OperationalState,
    read_operational_state,
)
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, ipc
from helpers.simulated import Simulation
from ncs_sim.address import Address
from ncs_sim.config import LEAVES
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient
from ncs_sim.terms import Atom

RELEASES = ("5.7", "6.5", "6.6", "6.7")
#: Which leaf tells which fact.
TOLD_BY = {
    "version": "nso_version",
    "daemon-status": "daemon_status",
    "read-only-mode": "read_only",
    "admin-configured-read-only-mode": "admin_read_only",
    "ha/mode": "role",
    "ha/node-id": "node_id",
    "ha/primary-node-id": "primary_id",
    "ha/connected-secondary": "secondaries",
    "high-availability/enabled": "rule_based_ha",
    "ha-raft/status/role": "raft",
}


def look(node: NodeHandle, timeout: float = 10.0) -> OperationalState:
    endpoint = TcpEndpoint(node.config.ipc_host, node.config.ipc_port)
    # No token: the daemon would take one that is sent, and it would be the wrong one.
    return read_operational_state(Target(endpoint, "", None, timeout))


#: What is no fact of its own.
_OTHERS = ("versions", "database", "facts", "failure")


def facts(state: OperationalState) -> dict[str, Any]:
    """Everything but what the handshake and CDB tell."""
    told = {**state._asdict(), **state.facts._asdict(), "unanswered": state.unanswered}
    return {key: told[key] for key in told if key not in _OTHERS}


NOTHING = facts(OperationalState(ipc.OURS, Database(0, None)))


@pytest.mark.parametrize("release", RELEASES)
def test_a_node_tells_its_role_and_its_own_id_in_every_release(
    simulation: Simulation, release: str
) -> None:
    has_relays = release != "6.7"
    cluster = simulation.cluster(3, release=release)
    first, second, third = cluster.nodes
    known = {"daemon_status": "started", "nso_version": release, "ha_enabled": True}
    known["rule_based_ha"] = False
    known["raft"] = None if release == "5.7" else False
    admin = None if has_relays else False
    assert facts(look(third)) == NOTHING | known | {
        "role": "none",
        "secondaries": (),
        "read_only": False,
        "admin_read_only": admin,
    }
    first.order("primary")
    second.order("secondary", first)
    if has_relays:
        second.order("relay")
    third.order("secondary", second if has_relays else first)
    first.write("key", "value")
    states = [look(node) for node in cluster.nodes]
    assert [state.role for state in states] == [
        "primary",
        "relay" if has_relays else "secondary",
        "secondary",
    ]
    assert [state.facts.node_id for state in states] == ["n1", "n2", "n3"]
    assert [state.primary_id for state in states] == ["n1", "n1", "n2" if has_relays else "n1"]
    assert [state.secondaries for state in states] == (
        [("n2",), ("n3",), ()] if has_relays else [("n2", "n3"), (), ()]
    )
    assert [state.facts.read_only for state in states] == [False, True, True]
    assert [state.facts.admin_read_only for state in states] == [admin] * 3
    assert len({state.database.txid for state in states}) == 1
    txid = states[0].database.txid
    assert txid is not None
    assert txid.primary_id == "n1"
    assert {state.database.phase for state in states} == {2}
    assert {state.versions.protocol for state in states} == {first.config.version}
    assert {state.unanswered for state in states} == {""}


def test_the_read_only_mode_of_an_administrator_is_told_from_that_of_a_secondary(
    simulation: Simulation,
) -> None:
    cluster = simulation.cluster(2, release="6.7")
    first, second = cluster.nodes
    first.order("primary")
    second.order("secondary", first)
    for node, before in ((first, False), (second, True)):
        for mode in (1, 0):
            with RawClient.maapi(node) as client:
                client.operation(229, mode)
            state = look(node)
            assert state.facts.admin_read_only is bool(mode)
            assert state.facts.read_only is (before or bool(mode))


@pytest.mark.parametrize(("release", "ha_path"), [("6.6", "new"), ("6.7", "old")])
def test_both_paths_are_tried_whatever_the_release(
    simulation: Simulation, release: str, ha_path: str
) -> None:
    node = simulation.node("n1", release=release, ha_path=ha_path)
    node.order("primary")
    state = look(node)
    assert (state.role, state.facts.node_id, state.secondaries) == ("primary", "n1", ())
    assert state.facts.ha_enabled is True


def test_a_look_leaves_the_ha_socket_of_a_controller_open(simulation: Simulation) -> None:
    cluster = simulation.cluster(2)
    first, second = cluster.nodes
    first.order("primary")
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(RawClient.ha(node, cluster.token)) for node in cluster.nodes]
        for _unused in range(3):
            assert [look(node).role for node in cluster.nodes] == ["primary", "none"]
        # The controllers still have their sockets, and the nodes still have the cluster's token.
        held[1].besecondary("n2", "n1", first.address)
        assert held[0].status() == (3, [(b"n2", Address(second.address).to_term())])
        assert [look(node).role for node in cluster.nodes] == ["primary", "secondary"]


def test_an_open_session_of_somebody_else_is_left_alone(simulation: Simulation) -> None:
    node = simulation.node("n1")
    with RawClient.maapi(node) as client:
        client.operation(100, [b"admin", ((127, 0, 0, 1), 0), Atom("system"), 1, 1])
        look(node)
        client.operation(101)


def test_a_leaf_that_a_release_lacks_is_not_known_and_all_others_are(
    simulation: Simulation,
) -> None:
    whole = simulation.node("n1", release="6.7")
    whole.order("primary")
    wanted = facts(look(whole))
    assert None not in wanted.values()
    for leaf in LEAVES:
        lacking = simulation.node("n1", release="6.7", lacks=(leaf,))
        lacking.order("primary")
        assert facts(look(lacking)) == wanted | {TOLD_BY[leaf]: None}, leaf
        lacking.stop()


def test_a_release_that_has_nothing_of_it_is_read_as_not_known(simulation: Simulation) -> None:
    node = simulation.node("n1", release="6.7", lacks=LEAVES)
    node.order("primary")
    assert facts(look(node)) == NOTHING
    assert look(node).database.phase == 2


@pytest.mark.parametrize("ha_path", ["old", "new"])
def test_a_node_whose_ha_is_off_says_so(simulation: Simulation, ha_path: str) -> None:
    state = look(simulation.node("n1", release="6.7", ha_enabled=False, ha_path=ha_path))
    assert state.facts.ha_enabled is False
    assert (state.role, state.facts.node_id, state.primary_id) == (None, None, None)
    assert (state.facts.nso_version, state.facts.read_only) == ("6.7", False)


@pytest.mark.parametrize(
    ("own_ha", "rule_based", "raft"),
    [("rule-based", True, False), ("raft", False, True)],
)
def test_the_own_ha_of_nso_is_seen(
    simulation: Simulation, own_ha: str, rule_based: bool, raft: bool
) -> None:
    state = look(simulation.node("n1", own_ha=own_ha))
    assert (state.facts.rule_based_ha, state.facts.raft) == (rule_based, raft)
    assert state.unanswered == ""


def test_a_node_that_refuses_the_session_is_read_as_not_known_with_the_reason(
    simulation: Simulation,
) -> None:
    state = look(simulation.node("n1", refuse_sessions=3))
    assert state.unanswered.startswith("ACCESS_DENIED (3): ")
    assert "no session for this client" in state.unanswered
    assert facts(state) == NOTHING | {"unanswered": state.unanswered}
    assert state.database.phase == 2


def test_a_node_in_start_phase_0_is_read(simulation: Simulation) -> None:
    node = simulation.node("n1", release="6.7", start_phase=0)
    state = look(node)
    assert (state.role, state.facts.daemon_status, state.database.phase) == ("none", "phase0", 0)
    node.phase(1)
    assert look(node).facts.daemon_status == "phase1"


#: What a daemon sends in place of a result.
OTHER_ANSWERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("garbage", {}),
    ("no-term", {}),
    ("oversized", {}),
    ("deep", {}),
    ("wide", {}),
    ("close", {"count": 6}),
    ("wrong-type", {"term": "83680264000464616e65610a"}),
)


def test_an_answer_of_another_form_leaves_the_rest_not_known(simulation: Simulation) -> None:
    node = simulation.node("n1", otp=26)
    node.order("primary")
    for fault, arguments in OTHER_ANSWERS:
        node.fault(fault, place="xpath_eval_expr", **arguments)
        state = look(node)
        assert state.unanswered
        assert facts(state) == NOTHING | {"unanswered": state.unanswered}, fault
        assert state.database.phase == 2
        node.clear()
        assert look(node).role == "primary"


def test_a_daemon_that_is_too_slow_is_a_failure(simulation: Simulation) -> None:
    node = simulation.node("n1")
    node.fault("slow", seconds=30, place="exists")
    with pytest.raises(error.Timeout):
        look(node, timeout=0.5)


def test_a_daemon_that_does_not_run_is_a_failure(simulation: Simulation) -> None:
    node = simulation.node("n1")
    node.stop()
    with pytest.raises(error.Error) as caught:
        look(node)
    assert caught.value.os_error == "ECONNREFUSED"
