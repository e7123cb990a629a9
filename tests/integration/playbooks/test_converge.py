# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converge, from nothing to a cluster and back to one after what happens to clusters."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from helpers.clusters import (
    ALL_MAY_GO,
    assert_done,
    assert_refused,
    assert_whole,
    order,
    roles,
)
from helpers.playbooks import edit, run_playbook
from helpers.simulated import Simulation
from helpers.until import until
from ncs_sim.cluster import Cluster
from ncs_sim.raw_client import RawClient

CONVERGE = "nso.ha.converge"


@pytest.mark.every_core
def test_three_new_nodes_become_a_cluster_once_their_data_may_go(fresh: Cluster) -> None:
    before = fresh.status()
    refused = run_playbook(CONVERGE, fresh.inventory, variables={"nso_ha_allow_overwrite": "n2"})
    assert_refused(refused, "(overwrite overridden) n2", "(overwrite failed) n3")
    assert fresh.status() == before

    consent = {"nso_ha_allow_overwrite": ["n2", "n3"]}
    planned = run_playbook(CONVERGE, fresh.inventory, "--check", variables=consent)
    assert planned.status == 0, planned.output
    assert planned.report["outcome"] == "planned"
    assert planned.node("n1")["done"] == "would beprimary"
    assert planned.node("n3")["done"] == "would besecondary"
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
        assert_done(again)
        assert not again.changed
        assert all(again.module_calls(host) == ["Look at every node"] for host in fresh.status())


# n2 and n3 are wanted to be the same, so a mixture and its mirror image are one case.
MIXTURES = [
    (first, *rest)
    for first in ("none", "primary", "secondary")
    for rest in itertools.combinations_with_replacement(("none", "primary", "secondary"), 2)
]


@pytest.mark.parametrize("mixture", MIXTURES, ids="-".join)
def test_converge_reaches_the_cluster_from_every_mixture_of_roles(
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
    inventory = edit(outer.inventory, {"n4": None})
    assert {name: roles(outer)[name] for name in names} == wanted

    agreed = {**ALL_MAY_GO, "nso_ha_override": "one_primary"}
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


@pytest.mark.every_core
def test_moving_the_primary_lets_the_old_one_leave_first_and_loses_nothing(
    cluster: Cluster,
) -> None:
    cluster.node("n1").write("color", "blue")
    moved = edit(
        cluster.inventory, {"n1": {"nso_ha_role": "secondary"}, "n2": {"nso_ha_role": "primary"}}
    )
    done = run_playbook(CONVERGE, moved)
    assert_done(done)
    changes = [(task, host) for task, result, host in done.results() if result == "changed"]
    assert changes[:2] == [("Wave leave", "n1"), ("Wave promote", "n2")]
    assert sorted(changes[2:]) == [("Wave secondaries", "n1"), ("Wave secondaries", "n3")]
    assert_whole(cluster, primary="n2")
    assert cluster.node("n1").read("color") == "blue"


def test_a_right_primary_is_called_three_times_at_most_while_others_change(
    cluster: Cluster,
) -> None:
    # n3 falls behind on the primary's timeline, which needs nobody's consent.
    order(cluster, "n3", "none")
    cluster.node("n1").write("color", "blue")
    done = run_playbook(CONVERGE, cluster.inventory)
    assert_done(done)
    assert done.changed == {"n3"}
    assert len(done.module_calls("n1")) <= 3
    assert len(done.module_calls("n2")) <= 3
    assert_whole(cluster)


def test_two_primaries_are_named_and_left_alone_until_the_operator_decides(
    duo: Cluster,
) -> None:
    order(duo, "n2", "primary")
    duo.node("n2").write("stray", "value")
    before = duo.status()

    refused = run_playbook(CONVERGE, duo.inventory)
    assert_refused(refused, "n1 and n2 are primary at the same time", "(overwrite failed) n2")
    assert duo.status() == before

    decided = {"nso_ha_override": ["one_primary"], "nso_ha_allow_overwrite": ["n2"]}
    assert_done(run_playbook(CONVERGE, duo.inventory, variables=decided))
    assert_whole(duo)
    assert duo.node("n2").read("stray") is None


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
    swapped = edit(
        cluster.inventory, {"n1": {"nso_ha_role": "secondary"}, "n3": {"nso_ha_role": "primary"}}
    )

    refused = run_playbook(CONVERGE, swapped)
    assert_refused(refused, "n2 has newer data than the primary", "n1 has newer data")
    assert cluster.node("n2").read("color") == "blue"


def writes_when_promoted(cluster: Cluster, directory: Path) -> Path:
    """A Python for n1 that writes to n2 once n1 has got its role."""
    interpreter = directory / "python"
    sim = f"{Path(sys.executable).parent}/ncs-sim ctl --dir {cluster.directory}"
    interpreter.write_text(
        f"""#!/bin/sh
        {sys.executable} "$@"
        status=$?
        case "$1" in *ncs_ha_role*) echo >>{directory}/calls ;; esac
        if [ "$(cat {directory}/calls 2>/dev/null | wc -l)" -eq 1 ]; then
            echo >>{directory}/calls
            {sim} n2 write stray value >/dev/null
        fi
        exit $status
        """
    )
    interpreter.chmod(0o755)
    return interpreter


def test_what_is_written_between_plan_and_copy_stops_the_run_before_it_is_lost(
    cluster: Cluster, tmp_path: Path
) -> None:
    for name in ("n1", "n2", "n3"):
        order(cluster, name, "none")
    python = {"ansible_python_interpreter": str(writes_when_promoted(cluster, tmp_path))}
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
    moved = edit(
        cluster.inventory, {"n1": {"nso_ha_role": "secondary"}, "n2": {"nso_ha_role": "primary"}}
    )
    broken = run_playbook(CONVERGE, moved)
    assert broken.status != 0
    assert "INTERNAL (18)" in broken.text
    assert roles(cluster) == {"n1": "primary", "n2": "secondary", "n3": "secondary"}


def test_a_relay_gets_its_primary_and_its_secondary_in_the_right_order(fresh: Cluster) -> None:
    tree = edit(fresh.inventory, {"n2": {"nso_ha_role": "relay"}, "n3": {"nso_ha_upstream": "n2"}})
    done = run_playbook(CONVERGE, tree, variables=ALL_MAY_GO)
    assert_done(done)
    changes = [(task, host) for task, result, host in done.results() if result == "changed"]
    assert changes == [("Wave promote", "n1"), ("Wave relays", "n2"), ("Wave secondaries", "n3")]
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
