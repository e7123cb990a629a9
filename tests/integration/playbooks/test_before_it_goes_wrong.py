# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would go wrong is told beforehand, with node, value and remedy, and nothing is changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from helpers.clusters import (
    ALL_MAY_GO,
    assert_ended,
    assert_predicted,
    assert_refused,
)
from helpers.frozen import ASK, CONFIRM, command
from helpers.playbooks import edit, in_one, run_playbook
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster

#: Nodes are looked at by the HA socket: then they tell addresses, too.
BY_HA_SOCKET = {"nso_ha_look": "ha_socket"}


@pytest.mark.main
def test_tokens_that_differ_are_told_before_any_node_is_asked(duo: Cluster, tmp_path: Path) -> None:
    wrong = edit(duo.inventory, {"n2": {"nso_ha_token": "hunter2"}})
    before = duo.status()
    status = run_playbook("nso.ha.status", wrong, "-vvv")
    told = "the token of n2 is not that of n1, and a node follows only a node with the same"
    assert told in status.text
    assert status.report["outcome"] == "incomplete"
    assert status.report["health"]["state"] == "healthy", "the nodes were looked at all the same"
    assert "hunter2" not in status.output
    stated = set(re.findall(r'"token_digest": "(\w+)"', status.output))
    assert len(stated) == 2

    for operation in ("plan", "converge"):
        refused = run_playbook(f"nso.ha.{operation}", wrong)
        assert_refused(refused, told, "remove that of n2 from host_vars")
        assert not refused.module_calls("n1")
    assert duo.status() == before


def test_two_nodes_whose_node_ids_are_exchanged_are_not_given_orders(cluster: Cluster) -> None:
    wrong = edit(
        cluster.inventory, {"n2": {"nso_ha_node_id": "n3"}, "n3": {"nso_ha_node_id": "n2"}}
    )
    before = cluster.status()
    words = (
        "n2 says that its node id is 'n2', and n3 that its node id is 'n3': the two are swapped.",
        "Compare ansible_host, nso_ha_node_id and nso_ha_node_ip of n2 and n3",
    )
    status = run_playbook("nso.ha.status", wrong)
    assert all(word in status.text for word in words), status.text
    candidate = {"nso_ha_candidate": "n2"}
    assert_refused(run_playbook("nso.ha.switchover", wrong, variables=candidate), *words)
    assert cluster.status() == before


def test_a_node_that_others_are_to_follow_has_to_be_where_the_inventory_says(
    cluster: Cluster, simulation: Simulation
) -> None:
    nowhere, there = simulation.address(), cluster.node("n2").address
    wrong = edit(cluster.inventory, {"n2": {"nso_ha_node_ip": nowhere}})
    before = cluster.status()
    why = f"nso_ha_node_ip of n2 is {nowhere}, and n1 lists 'n2' at {there}."
    # As long as it follows nobody dials it.
    status = run_playbook("nso.ha.status", wrong, variables=BY_HA_SOCKET)
    assert why in status.text
    assert status.report["outcome"] == "done"
    # The addresses are known under the lock, before anything has changed.
    refused = run_playbook("nso.ha.switchover", wrong, variables={"nso_ha_candidate": "n2"})
    assert_refused(refused, f"(node_ip failed) {why}", "Set nso_ha_node_ip of n2 to the address")
    assert cluster.status() == before
    crossed = edit(
        cluster.inventory,
        {
            "n2": {"nso_ha_node_ip": cluster.node("n3").address},
            "n3": {"nso_ha_node_ip": there},
        },
    )
    refused = run_playbook("nso.ha.switchover", crossed, variables={"nso_ha_candidate": "n2"})
    assert_refused(refused, "(swapped failed)", "the addresses of n2 and n3 are swapped")
    assert cluster.status() == before


def test_a_node_that_cannot_reach_another_says_at_which_address_and_from_which_variable(
    pair: Cluster, simulation: Simulation
) -> None:
    nowhere = simulation.address()
    wrong = edit(pair.inventory, {"n1": {"nso_ha_role": "primary", "nso_ha_node_ip": nowhere}})
    failed = run_playbook("nso.ha.converge", wrong, variables=ALL_MAY_GO)
    said = f"n2 cannot reach n1 at {nowhere}:4570 (nso_ha_node_ip of n1). The order besecondary"
    assert_ended(failed, "incomplete", f"(step failed) {said}")
    assert said in failed.report["message"]


@pytest.mark.main
def test_a_switchover_between_slow_nodes_is_refused_unless_it_is_allowed(duo: Cluster) -> None:
    duo.node("n1").fault("slow", seconds=0.05)
    before = duo.status()
    short = {"nso_ha_gap_limit": "0.4"}
    refused = run_playbook("nso.ha.switchover", duo.inventory, variables=short)
    assert_refused(
        refused, "(gap failed) n1 took", "nso_ha_gap_limit is 0.4 s. Find out what slows n1"
    )
    assert duo.status() == before
    overridden = {**short, "nso_ha_override": "gap", "nso_ha_operation": "switchover"}
    allowed = run_playbook("nso.ha.plan", duo.inventory, variables=overridden)
    assert_predicted(allowed, n1="read_only benone besecondary writable", n2="wait beprimary")


def test_whether_a_failover_would_work_is_said_of_a_healthy_cluster(
    fresh: Cluster, tmp_path: Path
) -> None:
    fence = tmp_path / "fence.yml"
    fence.write_text(yaml.safe_dump([command("false"), ASK, CONFIRM]))
    dead = {"nso_ha_assume_dead": "n1", "nso_ha_fence_tasks": str(fence)}
    drill = ("nso.ha.plan", {**dead, "nso_ha_operation": "failover"})
    both = in_one(tmp_path / "both.yml", ("nso.ha.converge", ALL_MAY_GO), drill)
    works = run_playbook(both, fresh.inventory)
    assert works.status == 0, works.output
    assert works.report["outcome"] == "planned"
    assert works.report["primary"] == {"before": "n1", "after": "n1"}
    does = {node["host"]: node["done"] for node in works.report["nodes"]}
    assert does == {"n1": "blocked", "n2": "would fence beprimary", "n3": "would besecondary"}
    assert "No data would be lost: n2 has the last transaction of n1, " in works.text
    before = fresh.status()
    assert works.module_calls("n1")[-1] == "ncs_ha_status observe"

    rotten = yaml.safe_dump([command("false"), {**ASK, "ignore_errors": True}, CONFIRM])
    fence.write_text(rotten)
    refused = run_playbook("nso.ha.plan", fresh.inventory, variables=drill[1])
    assert_refused(refused, "(fence failed)", "ignore_errors")
    assert fresh.status() == before


def test_only_a_plan_takes_a_living_node_for_dead(duo: Cluster) -> None:
    before = duo.status()
    for playbook, *more in (["failover"], ["failover", "--check"], ["converge"], ["status"]):
        dead = {"nso_ha_assume_dead": "n1", "nso_ha_override": "fenced"}
        run = run_playbook(f"nso.ha.{playbook}", duo.inventory, *more, variables=dead)
        assert run.status == 2
        assert "nso_ha_assume_dead is for nso.ha.plan with nso_ha_operation=failover" in run.text
        assert not run.changed
        assert not run.module_calls("n2")
    assert duo.status() == before
