# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converge, from nothing to a cluster and back to one after what happens to clusters."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.clusters import (
    ALL_MAY_GO,
    assert_done,
    assert_ended,
    assert_nothing_to_do,
    assert_predicted,
    assert_refused,
    assert_whole,
    ctl,
    order,
    pinned,
    roles,
)
from helpers.playbooks import edit, python_that_runs, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import give_history
from helpers.until import until
from ncs_sim.cluster import Cluster
from ncs_sim.raw_client import RawClient

CONVERGE = "nso.ha.converge"
LOOK = "ncs_ha_status observe"


@pytest.mark.main
@pytest.mark.every_core
def test_three_new_nodes_become_a_cluster_once_their_data_may_go(fresh: Cluster) -> None:
    before = fresh.status()
    refused = run_playbook(CONVERGE, fresh.inventory, variables={"nso_ha_allow_overwrite": "n2"})
    assert_refused(refused, "(overwrite overridden) n2", "(overwrite failed) n3")
    assert fresh.status() == before

    consent = {"nso_ha_allow_overwrite": ["n2", "n3"]}
    planned = run_playbook(CONVERGE, fresh.inventory, "--check", variables=consent)
    assert_predicted(planned, n1="beprimary", n2="besecondary", n3="besecondary")
    assert planned.changed == {"n1", "n2", "n3"}
    assert fresh.status() == before

    done = run_playbook(CONVERGE, fresh.inventory, variables=consent)
    assert_done(done)
    assert [node["done"] for node in done.report["nodes"]] == [
        "beprimary",
        "besecondary",
        "besecondary",
    ]
    assert done.changed == {"n1", "n2", "n3"}
    assert_whole(fresh)

    for arguments in ([], ["--check"]):
        again = run_playbook(CONVERGE, fresh.inventory, *arguments)
        assert_nothing_to_do(again)
        assert all(again.module_calls(host) == [LOOK] for host in fresh.status())


# Each role at each place. All mixtures, of more nodes and with whatever
# else may be, are planned and carried out on the model in tests/unit/plugins/plugin_utils.
MIXTURES = [
    ("none", "none", "none"),
    ("none", "primary", "secondary"),
    ("primary", "primary", "primary"),
    ("secondary", "none", "primary"),
    ("secondary", "secondary", "secondary"),
]


@pytest.mark.parametrize("mixture", MIXTURES, ids="-".join)
def test_converge_reaches_the_cluster_from_mixtures_of_all_roles(
    outer: Cluster, mixture: tuple[str, str, str]
) -> None:
    # n4 is outside of the inventory: whom secondaries follow when none of the three is primary.
    for name in ("n4", "n3", "n2", "n1"):
        order(outer, name, "none")
        outer.node(name).write("made by", name)
    names = ("n1", "n2", "n3")
    wanted = dict(zip(names, mixture, strict=True))
    primaries = [name for name in names if wanted[name] == "primary"] or ["n4"]
    for name in primaries:
        order(outer, name, "primary")
    for name in names:
        if wanted[name] == "secondary":
            order(outer, name, "secondary", primaries[0])
    inventory = pinned(edit(outer.inventory, {"n4": None}), "n1")
    assert {name: roles(outer)[name] for name in names} == wanted

    agreed = {**ALL_MAY_GO, "nso_ha_override": "one_primary,foreign_primary"}
    done = run_playbook(CONVERGE, inventory, variables=agreed)
    assert_done(done)
    status = outer.status()
    assert {name: status[name]["role"] for name in names} == {
        "n1": "primary",
        "n2": "secondary",
        "n3": "secondary",
    }
    assert sorted(peer["node_id"] for peer in status["n1"]["secondaries"]) == ["n2", "n3"]
    assert not status["n4"]["secondaries"]
    # All mixtures end in this one state. That a second run changes nothing in it is tested above.
    assert len({str(status[name]["txid"]) for name in names}) == 1


def test_a_primary_that_was_killed_and_restarted_is_primary_again_without_consent(
    duo: Cluster,
) -> None:
    duo.node("n1").write("color", "blue")
    duo.node("n1").kill()
    until(lambda: roles(duo) == {"n2": "none"}, what="the loss of the primary")
    duo.node("n1").start()

    done = run_playbook(CONVERGE, duo.inventory)
    assert_done(done)
    assert_whole(duo)
    assert duo.node("n2").read("color") == "blue"


def test_moving_the_primary_lets_the_old_one_leave_first_and_loses_nothing(
    cluster: Cluster,
) -> None:
    cluster.node("n1").write("color", "blue")
    done = run_playbook(CONVERGE, pinned(cluster.inventory, "n2"))
    assert_done(done)
    waves = done.waves()
    assert waves[:3] == [("catch_up", "n2"), ("hand_over", "n1"), ("promote", "n2")]
    assert sorted(waves[3:]) == [("release", "n1"), ("secondaries", "n1"), ("secondaries", "n3")]
    assert_whole(cluster, primary="n2")
    assert cluster.node("n1").read("color") == "blue"


def test_a_right_primary_gets_no_order_while_others_change(cluster: Cluster) -> None:
    # n3 falls behind on the primary's timeline, which needs nobody's consent if it is on record.
    order(cluster, "n3", "none")
    cluster.node("n1").write("color", "blue")
    refused = run_playbook(CONVERGE, cluster.inventory)
    assert_refused(
        refused, "(overwrite failed) n3 seems to be behind the primary", "no promotion history"
    )
    give_history(cluster, "n1")
    done = run_playbook(CONVERGE, cluster.inventory)
    assert_done(done)
    assert done.changed == {"n3"}
    needed = {LOOK, "ncs_ha_status under lock", "ncs_ha_operation begun", "ncs_ha_operation ended"}
    for name in ("n1", "n2"):
        calls = done.module_calls(name)
        assert needed <= set(calls)
        # Before it is copied, the lock is renewed and the primary is looked at once more.
        assert len(calls) <= len(needed) + 3
    assert_whole(cluster)


def test_a_write_on_a_node_that_was_none_is_not_overwritten_without_consent(
    duo: Cluster,
) -> None:
    order(duo, "n2", "none")
    duo.node("n2").write("stray", "value")

    refused = run_playbook(CONVERGE, duo.inventory)
    assert_refused(refused, "n2 has data that the primary may not have")
    assert duo.node("n2").read("stray") == "value"


def test_newer_data_on_a_secondary_than_on_the_wanted_primary_is_not_overwritten(
    cluster: Cluster,
) -> None:
    # n2 follows n1 without n3, then is to follow n3, which has not got the last write.
    order(cluster, "n3", "none")
    cluster.node("n1").write("color", "blue")
    order(cluster, "n1", "none")
    until(lambda: roles(cluster)["n2"] == "none", what="the loss of the primary")
    refused = run_playbook(CONVERGE, pinned(cluster.inventory, "n3"))
    assert_refused(refused, "n2 has newer data than the primary", "n1 has newer data")
    assert cluster.node("n2").read("color") == "blue"


def test_what_is_written_between_plan_and_copy_stops_the_run_before_it_is_lost(
    cluster: Cluster, tmp_path: Path
) -> None:
    for name in ("n1", "n2", "n3"):
        order(cluster, name, "none")
    # Once n1 has its role.
    write = ctl(cluster, "n2", "write", "stray", "value")
    python = python_that_runs(write, "ncs_ha_role", 1, tmp_path)
    inventory = edit(cluster.inventory, {"n1": python})

    stopped = run_playbook(CONVERGE, inventory)
    assert stopped.status != 0
    assert stopped.report["outcome"] == "incomplete"
    assert "(recheck failed) n2" in stopped.text
    assert cluster.node("n2").read("stray") == "value"
    assert roles(cluster) == {"n1": "primary", "n2": "none", "n3": "none"}

    assert_refused(run_playbook(CONVERGE, cluster.inventory), "(overwrite failed) n2")


def test_a_step_that_fails_ends_the_run_and_the_next_run_finishes_it(pair: Cluster) -> None:
    pair.node("n2").refuse(26, "the copy broke")
    broken = run_playbook(CONVERGE, pair.inventory, variables=ALL_MAY_GO)
    assert broken.status != 0
    assert broken.report["outcome"] == "incomplete"
    assert broken.node("n2")["done"] == "besecondary FAILED"
    assert "HA_CLOSED (26)" in broken.text
    assert "the copy broke" in broken.text
    assert roles(pair) == {"n1": "primary", "n2": "none"}

    assert_done(run_playbook(CONVERGE, pair.inventory, variables=ALL_MAY_GO))
    assert_whole(pair)


def test_a_failed_promotion_attaches_nobody(pair: Cluster) -> None:
    pair.node("n1").refuse(30)
    broken = run_playbook(CONVERGE, pair.inventory, variables=ALL_MAY_GO)
    assert broken.status != 0
    assert "HA_BIND (30)" in broken.text
    assert set(roles(pair).values()) == {"none"}
    assert broken.changed == set()


def test_an_old_primary_that_does_not_leave_keeps_the_new_one_from_coming(
    cluster: Cluster,
) -> None:
    cluster.node("n1").refuse(18)
    broken = run_playbook(CONVERGE, pinned(cluster.inventory, "n2"))
    assert_ended(broken, "rolled_back", "INTERNAL (18)")
    assert_whole(cluster)


def test_a_relay_gets_its_primary_and_its_secondary_in_the_right_order(fresh: Cluster) -> None:
    tree = edit(fresh.inventory, {"n2": {"nso_ha_role": "relay"}, "n3": {"nso_ha_upstream": "n2"}})
    done = run_playbook(CONVERGE, tree, variables=ALL_MAY_GO)
    assert_done(done)
    assert done.waves() == [("promote", "n1"), ("relays", "n2"), ("secondaries", "n3")]
    assert roles(fresh) == {"n1": "primary", "n2": "relay", "n3": "secondary"}
    fresh.node("n1").write("color", "blue")
    assert fresh.node("n3").read("color") == "blue"
    assert not run_playbook(CONVERGE, tree).changed


def test_everybody_leaves_when_all_should_be_none_but_the_primary(cluster: Cluster) -> None:
    alone = edit(cluster.inventory, {"n2": {"nso_ha_role": "none"}, "n3": {"nso_ha_role": "none"}})
    assert_done(run_playbook(CONVERGE, alone))
    assert roles(cluster) == {"n1": "primary", "n2": "none", "n3": "none"}


def test_a_cluster_of_one_node_is_a_cluster(simulation: Simulation) -> None:
    single = simulation.cluster(1)
    assert_done(run_playbook(CONVERGE, single.inventory))
    assert roles(single) == {"n1": "primary"}
    assert not run_playbook(CONVERGE, single.inventory).changed


@pytest.mark.every_core
@pytest.mark.long
def test_converge_works_over_unix_sockets_with_the_access_check_on(
    simulation: Simulation,
) -> None:
    cluster = simulation.cluster(2, unix=True, access_check="v2", release="6.7", otp=26)
    assert_done(run_playbook(CONVERGE, cluster.inventory, variables=ALL_MAY_GO))
    assert_whole(cluster)


def test_the_next_controller_can_take_the_nodes_over(cluster: Cluster) -> None:
    with RawClient.ha(cluster.node("n1"), cluster.token) as client:
        answer = client.status()
    assert isinstance(answer, tuple)
    state, listed = answer
    assert isinstance(listed, list)
    assert (state, len(listed)) == (3, 2)
