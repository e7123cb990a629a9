# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node runs another NSO release than the rest, as in the middle of an upgrade."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.clusters import assert_ended, assert_led_by, assert_refused, until_roles
from helpers.playbooks import edit, run_playbook
from helpers.state_on_nodes import give_history
from ncs_sim.cluster import Cluster
from ncs_sim.config import NodeConfig

FAILOVER = "nso.ha.failover"


def upgrade(cluster: Cluster, name: str) -> None:
    """Start a node again, with another NSO release and the same data."""
    node = cluster.node(name)
    node.stop()
    replace(NodeConfig.load(node.directory), release="6.7").save()
    node.start()


@pytest.fixture
def mixed(cluster: Cluster) -> Cluster:
    """n1 was the primary and is dead, n2 has been upgraded, n3 has not."""
    give_history(cluster, "n1")
    upgrade(cluster, "n2")
    cluster.node("n1").kill()
    until_roles(cluster, n2="none", n3="none")
    return cluster


def test_a_primary_that_no_node_can_follow_takes_an_override_and_there_is_a_way_back(
    mixed: Cluster,
) -> None:
    refused = run_playbook(FAILOVER, mixed.inventory)
    assert_refused(
        refused,
        "(versions failed) no node could follow n2",
        "n3 cannot follow n2: it speaks version 86 of the IPC protocol and n2 speaks version 87",
        "nso_ha_override=versions",
    )
    # With the override, what was known to fail is tried.
    anyway = run_playbook(FAILOVER, mixed.inventory, variables={"nso_ha_override": "versions"})
    assert_ended(anyway, "incomplete", "(step failed) n3", "HA_BADVSN")
    assert {name: mixed.node(name).status()["role"] for name in ("n2", "n3")} == {
        "n2": "primary",
        "n3": "none",
    }

    # Now n1 is back, which n3 could follow. The primary role does not get there by itself.
    mixed.node("n1").start()
    to_n3 = {"nso_ha_candidate": "n3"}
    for operation in ("switchover", "failover"):
        stuck = run_playbook(f"nso.ha.{operation}", mixed.inventory, variables=to_n3)
        assert_refused(stuck, "No node follows this primary.", "nso.ha.converge")
    back = edit(
        mixed.inventory, {"n1": {"nso_ha_role": "secondary"}, "n3": {"nso_ha_role": "primary"}}
    )
    assert_refused(run_playbook("nso.ha.converge", back), "(last_primary failed)")
    moved = run_playbook("nso.ha.converge", back, variables={"nso_ha_override": "last_primary"})
    assert_ended(moved, "incomplete", "(n2) it speaks version 87")
    roles = {name: one["role"] for name, one in mixed.status().items()}
    assert roles == {"n1": "secondary", "n2": "none", "n3": "primary"}

    # Once it has the same release, it comes back by itself.
    node = mixed.node("n2")
    node.stop()
    replace(NodeConfig.load(node.directory), release="6.6").save()
    node.start()
    assert run_playbook("nso.ha.rejoin", back).status == 0
    assert_led_by(mixed, "n3")


def test_of_equal_nodes_the_one_that_others_can_follow_is_chosen(mixed: Cluster) -> None:
    mixed.node("n1").start()
    favourite = edit(mixed.inventory, {"n2": {"nso_ha_priority": 900}})
    run = run_playbook(FAILOVER, favourite)
    assert_ended(run, "incomplete", "(n2) it speaks version 87", "fewer nodes can follow it")
    roles = {name: one["role"] for name, one in mixed.status().items()}
    assert roles == {"n1": "primary", "n2": "none", "n3": "secondary"}
