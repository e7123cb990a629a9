# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_status: the same keys in every state, and everything as the node itself says it."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.secrecy import run_discreetly
from helpers.simulated import Simulation
from helpers.stage import (
    NONE,
    OTHER,
    PRIMARY,
    RELAY_OF_WANTED,
    SECONDARY_OF_WANTED,
    STARTS,
    WANTED,
    Stage,
)

KEYS = {
    *("role", "state", "primary", "secondaries", "phase", "upgrade", "txid", "server"),
    *("look", "node_id", "read_only", "admin_read_only", "daemon_status", "nso_version"),
    *("ha_enabled", "rule_based_ha", "raft"),
}


def assert_as_the_node_says(stage: Stage, result: dict[str, Any]) -> None:
    own = stage.subject.status()
    assert "failed" not in result
    assert result["changed"] is False
    assert set(result["ha"]) == KEYS
    view = stage.own_view()
    assert {key: result["ha"][key] for key in view} == view
    assert result["ha"]["phase"] == own["phase"]
    assert result["ha"]["txid"] == own["txid"]
    assert result["ha"]["server"] == {"protocol_version": 86, "library_version": "8.6.8.0"}


@pytest.mark.parametrize("start", STARTS)
def test_every_state_is_told_with_the_same_keys(stage: Stage, start: str) -> None:
    stage.put(start)
    before = stage.snapshot()
    result = stage.status()
    assert_as_the_node_says(stage, result)
    assert result["ha"]["role"] == start.partition(" of ")[0]
    assert stage.snapshot() == before


def test_check_mode_tells_the_same(stage: Stage) -> None:
    stage.put(SECONDARY_OF_WANTED)
    told, as_ever = stage.status(check=True), stage.status()
    assert 0 < told.pop("answered_in") < 30
    assert as_ever.pop("answered_in")
    assert told == as_ever


@pytest.mark.parametrize("start", [PRIMARY, RELAY_OF_WANTED])
def test_secondaries_are_told_apart_from_the_primary(stage: Stage, start: str) -> None:
    stage.put(start)
    stage.attach_other()
    result = stage.status()
    assert_as_the_node_says(stage, result)
    assert result["ha"]["secondaries"] == [{"node_id": OTHER, "address": stage.other.address}]
    followed = result["ha"]["primary"]
    assert (followed and followed["node_id"]) == (None if start == PRIMARY else WANTED)


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_every_start_phase_is_told_with_the_same_keys(stage: Stage, phase: int) -> None:
    stage.put(NONE)
    stage.subject.phase(phase)
    result = stage.status()
    assert_as_the_node_says(stage, result)
    assert result["ha"]["phase"] == phase


def test_a_node_that_was_never_in_a_cluster_has_a_transaction_of_no_primary(
    simulation: Simulation,
) -> None:
    node = simulation.node("alone")
    node.write("key", "value")
    options = {"token": simulation.token, "ip": node.ipc_address}
    txid = run_discreetly("ncs_ha_status", options)["ha"]["txid"]
    assert txid == node.status()["txid"]
    assert txid["primary_id"] is None
    assert len(txid["timestamp"]) == 3


def test_a_secondary_has_the_transaction_of_its_primary(stage: Stage) -> None:
    stage.put(SECONDARY_OF_WANTED)
    written = stage.wanted.write("another", "value")
    txid = stage.status()["ha"]["txid"]
    assert txid == written
    assert txid["primary_id"] == WANTED


def test_an_id_that_is_not_ascii_comes_back_as_it_was_given(stage: Stage) -> None:
    stage.put(PRIMARY)
    name = "knoten-ü-節点"
    with stage.hand(stage.other) as client:
        client.besecondary(name, "subject", stage.subject.address)
    assert [peer["node_id"] for peer in stage.status()["ha"]["secondaries"]] == [name]
    waited = stage.status(wait_for={"secondaries": [name]}, wait_timeout=5)
    assert "failed" not in waited
    assert stage.dead(name)["transitions"] == ["secondary_dead"]
