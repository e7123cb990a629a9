# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What converge and status do when nodes, addresses or the inventory are not as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.nso.ha.plugins.plugin_utils._plan.operations import OPERATIONS
from helpers.clusters import (
    ALL_MAY_GO,
    assert_done,
    assert_refused,
    assert_whole,
    ctl,
    order,
    roles,
)
from helpers.playbooks import Playing, edit, python_that_runs, run_playbook
from helpers.simulated import Simulation
from helpers.until import until
from ncs_sim.cluster import Cluster

CONVERGE = "nso.ha.converge"
STATUS = "nso.ha.status"


def test_a_daemon_that_is_down_is_reported_and_the_others_are_repaired(cluster: Cluster) -> None:
    order(cluster, "n2", "none")
    cluster.node("n3").kill()
    run = run_playbook(CONVERGE, cluster.inventory)
    assert run.status != 0
    assert run.report["outcome"] == "incomplete"
    assert run.node("n3")["done"] == "blocked"
    assert run.node("n3")["role"] is None
    assert "Connection refused" in run.text
    assert roles(cluster) == {"n1": "primary", "n2": "secondary"}


def test_a_host_that_ansible_cannot_reach_is_reported_and_nothing_is_assumed_of_it(
    cluster: Cluster, simulation: Simulation
) -> None:
    nowhere = {
        "ansible_connection": "ssh",
        "ansible_host": simulation.address(),
        "ansible_port": simulation.port(),
    }
    order(cluster, "n2", "none")
    run = run_playbook(CONVERGE, edit(cluster.inventory, {"n3": nowhere}))
    assert run.status != 0
    assert run.report["outcome"] == "incomplete"
    assert "(n3) Ansible cannot reach it" in run.text
    assert roles(cluster) == {"n1": "primary", "n2": "secondary", "n3": "secondary"}

    # The first host of the play may be the one that is lost, and it may be the primary.
    order(cluster, "n2", "none")
    before = cluster.status()
    run = run_playbook(CONVERGE, edit(cluster.inventory, {"n1": nowhere}))
    assert run.status != 0
    # n3 gets the record that it missed before, and no order.
    assert run.changed <= {"n3"}
    assert not run.report["steps"]
    assert "n1, which was last, does not answer: Ansible cannot reach it" in run.text
    assert cluster.status() == before


def test_no_primary_is_made_while_a_node_that_may_be_one_does_not_answer(pair: Cluster) -> None:
    pair.node("n2").kill()
    refused = run_playbook(CONVERGE, pair.inventory, variables=ALL_MAY_GO)
    assert_refused(refused, "(hidden_primary failed) n2 may be primary and cannot be asked")
    assert set(roles(pair).values()) == {"none"}


def test_nothing_is_done_while_the_wanted_primary_does_not_answer(cluster: Cluster) -> None:
    cluster.node("n1").kill()
    until(lambda: roles(cluster) == {"n2": "none", "n3": "none"}, what="the loss of the primary")
    run = run_playbook(CONVERGE, cluster.inventory)
    assert run.status != 0
    assert run.report["outcome"] == "incomplete"
    assert not run.changed
    assert roles(cluster) == {"n2": "none", "n3": "none"}


def test_converge_waits_for_start_phase_1(simulation: Simulation) -> None:
    cluster = simulation.cluster(2, start_phase=0)
    cluster.node("n1").phase(2)
    with Playing(CONVERGE, cluster.inventory, variables=ALL_MAY_GO) as playing:
        until(
            lambda: playing.output.count("<n2> ncs_ha_status observe") == 2,
            seconds=100,
            what="the wait",
        )
        cluster.node("n2").phase(1)
        assert_done(playing.end())
    assert_whole(cluster)


def test_a_primary_made_by_hand_after_the_plan_is_found_before_another_is_made(
    cluster: Cluster, tmp_path: Path
) -> None:
    for name in ("n1", "n2", "n3"):
        order(cluster, name, "none")
    # After the first look, which is before the lock is taken.
    usurp = ctl(cluster, "n3", "order", "primary")
    python = python_that_runs(usurp, "ncs_ha_status", 1, tmp_path)
    run = run_playbook(CONVERGE, edit(cluster.inventory, {"n3": python}))
    assert_done(run)
    assert roles(cluster) == {"n1": "secondary", "n2": "secondary", "n3": "primary"}


def test_a_node_that_stays_in_start_phase_0_is_refused_with_its_phase(
    simulation: Simulation,
) -> None:
    cluster = simulation.cluster(2, start_phase=0)
    cluster.node("n1").phase(2)
    variables = {**ALL_MAY_GO, "nso_ha_wait_timeout": 1}
    refused = run_playbook(CONVERGE, cluster.inventory, variables=variables)
    assert_refused(refused, "(start_phase failed) n2 is in start phase 0")
    assert roles(cluster) == {"n1": "none", "n2": "none"}


def test_a_host_name_that_a_node_cannot_resolve_is_refused_before_any_change(
    pair: Cluster,
) -> None:
    inventory = edit(pair.inventory, {"n1": {"nso_ha_node_ip": "nowhere.invalid"}})
    refused = run_playbook(CONVERGE, inventory, variables=ALL_MAY_GO)
    assert_refused(refused, "(rehearsal failed) n2", "'nowhere.invalid' cannot be resolved")
    assert set(roles(pair).values()) == {"none"}


def test_a_release_without_relays_is_refused_before_any_change(simulation: Simulation) -> None:
    cluster = simulation.cluster(2, release="6.7")
    inventory = edit(cluster.inventory, {"n2": {"nso_ha_role": "relay"}})
    refused = run_playbook(CONVERGE, inventory, variables=ALL_MAY_GO)
    assert_refused(refused, "(rehearsal failed) n2", "NOT_IMPLEMENTED (51)")
    assert roles(cluster) == {"n1": "none", "n2": "none"}


def test_a_wrong_inventory_is_refused_with_all_that_is_wrong(fresh: Cluster) -> None:
    wrong = edit(
        fresh.inventory,
        {
            "n1": {"nso_ha_role": "master", "nso_ha_token": 2893e1},
            "n2": {"nso_ha_role": "secondary", "nso_ha_node_id": "n3", "nso_ha_node_ip": "0.0.0.0"},
            "n3": {"nso_ha_priority": 0, "nso_ha_upstream": "n7"},
        },
    )
    misspelt = {"nso_ha_allow_overwrite": "n2,n9", "nso_ha_override": "one_primary"}
    refused = run_playbook(CONVERGE, wrong, variables=misspelt)
    assert_refused(
        refused,
        "n1: nso_ha_role is 'master'",
        "nso_ha_token of n1 is not text: YAML or INI made a number of it",
        "no node may be primary",
        "n2, n3 have the same node id, 'n3'",
        "n2: nso_ha_node_ip: '0.0.0.0'",
        "n3: nso_ha_upstream is 'n7'",
        "nso_ha_allow_overwrite has n9",
    )
    assert set(roles(fresh).values()) == {"none"}


@pytest.mark.parametrize(
    ("hosts", "arguments", "group"),
    [
        ({"n1": {}}, ["-e", "nso_ha_group=west"], "west"),
        ({}, [], "nso"),
        ({"n1": {}}, ["--limit", "w1"], "nso"),
    ],
    ids=["no such group", "no hosts in it", "limited to others"],
)
def test_a_play_without_a_single_node_fails_and_names_the_group(
    tmp_path: Path, hosts: dict[str, object], arguments: list[str], group: str
) -> None:
    nso = {"hosts": hosts, "vars": {"nso_ha_token": "of no node"}}
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"web": {"hosts": {"w1": {}}}, "nso": nso}))
    for playbook in ("status", "plan", *OPERATIONS):
        run = run_playbook(f"nso.ha.{playbook}", inventory, *arguments)
        assert run.status == 2, run.output
        assert f"the group '{group}' (nso_ha_group) has no hosts in this play" in run.text
        assert "The inventory has these groups: nso, web." in run.text
        assert not run.calls()


def test_half_of_a_cluster_is_not_decided_about(pair: Cluster, tmp_path: Path) -> None:
    limited = run_playbook(CONVERGE, pair.inventory, "--limit", "n1", variables=ALL_MAY_GO)
    assert_refused(limited, "n2 of the group take no part in this play")

    playbook = tmp_path / "serial.yml"
    role = {"name": "nso.ha.cluster", "tasks_from": "converge"}
    play = {"hosts": "nso", "gather_facts": False, "serial": 1}
    playbook.write_text(yaml.safe_dump([{**play, "tasks": [{"import_role": role}]}]))
    serial = run_playbook(playbook, pair.inventory, variables=ALL_MAY_GO)
    assert_refused(serial, "run without --limit and without serial")
    assert set(roles(pair).values()) == {"none"}


@pytest.mark.main
def test_a_host_that_failed_before_the_role_began_is_not_taken_for_none(
    cluster: Cluster, tmp_path: Path
) -> None:
    order(cluster, "n2", "none")
    before = cluster.status()
    playbook = tmp_path / "after.yml"
    role = {"name": "nso.ha.cluster", "tasks_from": "converge"}
    fails = {"fail": {"msg": "this host is out"}, "when": "inventory_hostname == 'n1'"}
    play = {"hosts": "nso", "gather_facts": False, "tasks": [fails, {"import_role": role}]}
    playbook.write_text(yaml.safe_dump([play]))
    run = run_playbook(playbook, cluster.inventory, variables=ALL_MAY_GO)
    assert run.status != 0
    assert not run.changed
    assert "Ansible has dropped it from the play" in run.text
    assert cluster.status() == before


def test_two_runs_in_one_playbook_see_what_is_there_each_time(duo: Cluster, tmp_path: Path) -> None:
    order(duo, "n2", "none")
    playbook = tmp_path / "twice.yml"
    play = {"ansible.builtin.import_playbook": CONVERGE}
    playbook.write_text(yaml.safe_dump([play, play]))
    run = run_playbook(playbook, duo.inventory)
    assert run.status == 0, run.output
    assert [node["done"] for node in run.report["nodes"]] == ["nothing"] * 2
    assert run.changed == {"n2"}


def test_what_a_survey_leaves_empty_counts_as_not_given_and_no_secret_is_printed(
    pair: Cluster,
) -> None:
    empty = dict.fromkeys(["nso_ha_override", "nso_ha_path", "nso_ha_access_file"], "")
    given = {**empty, "nso_ha_allow_overwrite": "n2, n1", "nso_ha_timeout": "10"}
    # However verbose the run is: run_playbook fails if the token is anywhere in the output.
    run = run_playbook(CONVERGE, pair.inventory, "-vvv", "--diff", variables=given)
    assert_done(run)


def test_status_compares_what_is_wanted_with_what_is_found(cluster: Cluster) -> None:
    right = run_playbook(STATUS, cluster.inventory)
    assert_done(right)
    assert [node["done"] for node in right.report["nodes"]] == ["as wanted"] * 3

    order(cluster, "n2", "none")
    cluster.node("n3").kill()
    wrong = run_playbook(STATUS, cluster.inventory)
    assert wrong.status == 0, "looking is no failure"
    assert wrong.report["outcome"] == "incomplete"
    assert [node["done"] for node in wrong.report["nodes"]] == [
        "as wanted",
        "differs",
        "no answer",
    ]
    assert not wrong.changed


def test_the_report_has_the_same_keys_whatever_happened(pair: Cluster) -> None:
    top = {
        "operation", "run_id", "outcome", "changed", "primary", "nodes", "verdicts", "warnings",
        "message", "table", "health",
    }  # fmt: skip
    planned = {"owner", "began", "write_gap", "election", "steps", "remaining"}
    each = {
        "host", "node_id", "wanted", "upstream", "role", "primary", "txid", "txid_text", "done",
        "problem", "read_only", "nso_version", "data", "silent", "action",
    }  # fmt: skip
    pair.node("n2").kill()
    for playbook, more, of_node in ((STATUS, set(), set()), (CONVERGE, planned, {"txid_before"})):
        report = run_playbook(playbook, pair.inventory).report
        assert set(report) == top | more
        assert all(set(node) == each | of_node for node in report["nodes"])
        # The path of an inventory is to be copied, and is not broken.
        assert all(len(line) <= 79 or "  -i /" in line for line in report["table"])
