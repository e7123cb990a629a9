# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""nso_ha_hold_followers: what follows takes no writes of its own, also once it has no primary."""

from __future__ import annotations

import json

import pytest
from helpers.clusters import (
    assert_done,
    assert_nothing_to_do,
    assert_predicted,
    assert_refused,
    order,
    roles,
    until_roles,
)
from helpers.playbooks import Run, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import state_files
from ncs_sim.cluster import Cluster
from ncs_sim.handle import NodeError
from ncs_sim.raw_client import RawClient

CONVERGE, SWITCHOVER, FAILOVER = "nso.ha.converge", "nso.ha.switchover", "nso.ha.failover"
REJOIN, TEAR_DOWN, STATUS = "nso.ha.rejoin", "nso.ha.tear_down", "nso.ha.status"
PLAN = "nso.ha.plan"
MEMBERS = {"nso_ha_role": "member"}
HOLD = {**MEMBERS, "nso_ha_hold_followers": True}
SET_READ_ONLY = 229


def cluster_of(simulation: Simulation, nodes: int, release: str = "6.7") -> Cluster:
    """Return nodes of which n1 is primary and the others follow it."""
    cluster = simulation.cluster(nodes, release=release)
    order(cluster, "n1", "primary")
    for node in cluster.nodes[1:]:
        order(cluster, node.name, "secondary", "n1")
    return cluster


def play(cluster: Cluster, playbook: str, *arguments: str, **variables: object) -> Run:
    return run_playbook(playbook, cluster.inventory, *arguments, variables={**HOLD, **variables})


def assert_kept(cluster: Cluster, *names: str) -> None:
    """These nodes are in read-only mode, and marked as followers; no other is either."""
    running = {name: one for name, one in cluster.status().items() if one["running"]}
    assert {name for name, one in running.items() if one["readonly"]} == set(names)
    marks = {name: state_files(cluster, name).get("read_only.json") for name in running}
    assert {name for name, mark in marks.items() if mark} == set(names)
    assert all(json.loads(mark)["follower"] for mark in marks.values() if mark)


@pytest.mark.main
def test_followers_are_kept_so_and_the_next_primary_takes_writes_at_once(
    simulation: Simulation,
) -> None:
    duo = cluster_of(simulation, 2)
    status = run_playbook(STATUS, duo.inventory, variables=HOLD)
    assert "n2 should be read-only (nso_ha_hold_followers) and is not." in status.text
    foreseen = play(duo, CONVERGE, "--check")
    assert_predicted(foreseen, n2="read_only")
    assert foreseen.changed == {"n2"}
    assert_kept(duo)
    done = play(duo, CONVERGE)
    assert_done(done)
    assert done.changed == {"n2"}
    assert_kept(duo, "n2")
    duo.node("n1").write("copied", "all the same")
    assert duo.node("n2").read("copied") == "all the same"

    moved = play(duo, SWITCHOVER)
    assert_done(moved)
    assert roles(duo) == {"n1": "secondary", "n2": "primary"}
    assert [wave for wave, _host in moved.waves()] == [
        "catch_up",
        "hand_over",
        "promote",
        "secondaries",
        "hold",
    ]
    assert moved.node("n2")["done"] == "beprimary writable"
    assert_kept(duo, "n1")
    duo.node("n2").write_as_primary("taken", "at once")
    assert_nothing_to_do(play(duo, CONVERGE))
    status = run_playbook(STATUS, duo.inventory, variables=HOLD)
    assert status.report["outcome"] == "done"
    assert "n1 is kept read-only as a follower." in status.text


def test_what_loses_its_primary_takes_no_writes_and_what_restarts_is_kept_so_again(
    simulation: Simulation,
) -> None:
    trio = cluster_of(simulation, 3)
    assert_done(play(trio, CONVERGE))
    assert_kept(trio, "n2", "n3")
    trio.node("n1").kill()
    until_roles(trio, n2="none", n3="none")
    for name in ("n2", "n3"):
        with pytest.raises(NodeError, match="read-only"):
            trio.node(name).write("of its own", name)

    replaced = play(trio, FAILOVER)
    assert replaced.report["outcome"] == "done", replaced.output
    assert replaced.node("n2")["done"] == "beprimary writable"
    trio.node("n2").write_as_primary("after", "failover")
    assert_kept(trio, "n3")
    # What restarts has lost the mode. n1 was primary, and n3 has its mark still.
    trio.node("n1").start()
    trio.node("n3").kill()
    trio.node("n3").start()
    status = run_playbook(STATUS, trio.inventory, variables=HOLD)
    why = "should be read-only (nso_ha_hold_followers) and is not"
    assert f"n1 {why}. nso.ha.rejoin" in status.text
    assert f"n3 {why}, as it has lost that by a restart." in status.text
    assert "broke off" not in status.text
    assert_done(play(trio, REJOIN))
    assert_kept(trio, "n1", "n3")
    assert trio.node("n3").read("after") == "failover"
    assert_nothing_to_do(play(trio, REJOIN))


def test_what_is_not_to_be_kept_so_any_more_is_lifted(simulation: Simulation) -> None:
    trio = cluster_of(simulation, 3)
    assert_done(play(trio, CONVERGE))
    plan = run_playbook(CONVERGE, trio.inventory, "--check", variables=MEMBERS)
    assert_predicted(plan, n2="writable", n3="writable")
    assert plan.changed == {"n2", "n3"}
    assert_done(run_playbook(CONVERGE, trio.inventory, variables=MEMBERS))
    assert_kept(trio)
    assert_nothing_to_do(run_playbook(CONVERGE, trio.inventory, variables=MEMBERS))


def test_where_a_release_does_not_tell_a_second_run_changes_nothing(
    simulation: Simulation,
) -> None:
    duo = cluster_of(simulation, 2, "6.6")
    assert_done(play(duo, CONVERGE))
    assert_kept(duo, "n2")
    assert_nothing_to_do(play(duo, CONVERGE))
    # The mode is lost, and the node does not tell that once it follows again.
    duo.node("n2").kill()
    duo.node("n2").start()
    assert_done(play(duo, REJOIN))
    assert_kept(duo, "n2")
    assert_nothing_to_do(play(duo, REJOIN))
    assert_done(play(duo, TEAR_DOWN))
    assert roles(duo) == {"n1": "none", "n2": "none"}
    assert_kept(duo)


def test_the_former_primary_that_is_brought_back_takes_writes_and_the_candidate_none(
    simulation: Simulation,
) -> None:
    duo = cluster_of(simulation, 2)
    assert_done(play(duo, CONVERGE))
    duo.node("n2").refuse(18, "not now")
    failed = play(duo, SWITCHOVER)
    assert failed.report["outcome"] == "rolled_back", failed.output
    assert roles(duo) == {"n1": "primary", "n2": "secondary"}
    duo.node("n1").write_as_primary("again", "taken")
    assert_kept(duo, "n2")
    assert_nothing_to_do(play(duo, CONVERGE))


def test_where_an_administrator_has_closed_the_primary_the_next_one_would_open(
    simulation: Simulation,
) -> None:
    duo = cluster_of(simulation, 2)
    assert_done(play(duo, CONVERGE))
    with RawClient.maapi(duo.node("n1")) as client:
        client.operation(SET_READ_ONLY, 1)
    refused = play(duo, SWITCHOVER)
    assert_refused(
        refused,
        "(read_only failed)",
        "n2 is in it only for as long as it is not primary",
        "nso_ha_override=read_only",
    )
    assert_done(play(duo, SWITCHOVER, nso_ha_override="read_only"))
    # The mode of the administrator is no operation's.
    status = duo.status()
    assert (status["n1"]["readonly"], status["n2"]["readonly"]) == (True, False)
    assert "read_only.json" not in state_files(duo, "n1")
    assert_nothing_to_do(play(duo, CONVERGE))
