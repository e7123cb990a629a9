# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of the user's own around a change of the primary, and before data is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.clusters import (
    ALL_MAY_GO,
    assert_done,
    assert_ended,
    assert_idle,
    assert_led_by,
    assert_nothing_to_do,
    assert_predicted,
    assert_refused,
    assert_whole,
    order,
    roles,
)
from helpers.frozen import nowhere
from helpers.hooks import CONFIRM, FAILS, SKIPPED, Hooks
from helpers.playbooks import Run, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import give_history, lock, state_files
from helpers.until import until
from ncs_sim.cluster import Cluster

SWITCHOVER = "nso.ha.switchover"
CONVERGE = "nso.ha.converge"
REJOIN = "nso.ha.rejoin"
TO_N2 = {"nso_ha_candidate": "n2"}


@pytest.fixture
def hooks(tmp_path: Path) -> Hooks:
    return Hooks(tmp_path)


def assert_no_locks(cluster: Cluster) -> None:
    assert not any(lock(cluster, name) for name in cluster.status())


def run(playbook: str, cluster: Cluster, *arguments: str, **variables: object) -> Run:
    return run_playbook(playbook, cluster.inventory, *arguments, variables=variables)


@pytest.mark.main
@pytest.mark.every_core
def test_clients_leave_a_primary_before_it_stops_and_find_the_next_before_others_follow(
    cluster: Cluster, hooks: Hooks
) -> None:
    given = {**hooks.given("withdraw", "announce", "backup"), **TO_N2}
    planned = run(SWITCHOVER, cluster, "--check", **given)
    assert_predicted(
        planned,
        n1="withdraw read_only benone besecondary writable",
        n2="wait beprimary announce",
        n3="besecondary",
    )
    assert hooks.ran() == []
    assert not any(state_files(cluster, name) for name in cluster.status())

    done = run(SWITCHOVER, cluster, **given)
    assert_done(done)
    assert [wave for wave, _host in done.waves()][:5] == [
        "catch_up",
        "withdraw",
        "hand_over",
        "promote",
        "announce",
    ]
    steps = {(step["wave"], step["host"]): step for step in done.report["steps"]}
    (withdrawn, leaving), (announced, coming) = hooks.entries()
    assert withdrawn < steps["hand_over", "n1"]["start"]
    assert steps["promote", "n2"]["end"] < announced < steps["secondaries", "n3"]["start"]
    told = {"former_host": "n1", "former_node_id": "n1", "operation": "switchover"}
    told["run_id"] = done.report["run_id"]
    assert leaving == {**told, "event": "withdraw", "host": "n1", "node_id": "n1", "on": "n1"}
    assert coming == {**told, "event": "announce", "host": "n2", "node_id": "n2", "on": "n2"}
    assert hooks.ran() == ["withdraw n1", "announce n2"]
    assert_whole(cluster, "n2")

    assert_idle(cluster.inventory, "switchover", **given)
    assert_nothing_to_do(run(REJOIN, cluster, **hooks.given("withdraw", "announce")))
    assert hooks.ran() == []


def test_a_withdrawal_that_fails_or_does_not_confirm_leaves_the_primary_as_it_is(
    cluster: Cluster, hooks: Hooks, simulation: Simulation
) -> None:
    announce = hooks.given("announce")
    assert_done(run(REJOIN, cluster, **announce))
    assert hooks.ran() == ["announce n1"]
    before = cluster.status()
    unreachable = {**FAILS, "delegate_to": "balancer", "vars": nowhere(simulation)}
    for tasks, words in (
        ([FAILS, CONFIRM], "the task 'Tell the load balancer' in"),
        ([SKIPPED], "its withdraw tasks have not confirmed, in the lock on n1, that it is"),
        ([unreachable, CONFIRM], "n1"),
    ):
        refused = run(SWITCHOVER, cluster, **hooks.file("withdraw", *tasks), **announce, **TO_N2)
        assert_ended(refused, "refused", words)
        assert not refused.report["changed"]
        assert roles(cluster) == {name: one["role"] for name, one in before.items()}
        assert_led_by(cluster, "n1")
        assert "Clients may not find n1: its withdraw tasks were run" in refused.text
        assert "nso_ha_withdraw_tasks=''" in refused.text
        assert hooks.ran() == ["withdraw n1"]
        assert_no_locks(cluster)

    # Who knows what the withdrawal did: clients are told again, once.
    assert_done(run(REJOIN, cluster, **announce))
    assert hooks.ran() == ["announce n1"]
    assert_nothing_to_do(run(REJOIN, cluster, **announce))


def test_an_announcement_that_fails_undoes_nothing_and_is_repeated_until_it_is_confirmed(
    cluster: Cluster, hooks: Hooks
) -> None:
    fails = hooks.file("announce", FAILS, CONFIRM)
    path = fails["nso_ha_announce_tasks"]
    done = run(SWITCHOVER, cluster, **fails, **TO_N2)
    assert_ended(
        done,
        "incomplete",
        "(n2) the task 'Tell the load balancer' in",
        "Clients may not find n2",
        "ansible-playbook nso.ha.rejoin -i ",
        f"-e nso_ha_announce_tasks={path}",
    )
    assert "Clients may not find n2" in done.report["message"]
    assert_led_by(cluster, "n2")
    assert_whole(cluster, "n2")
    assert_no_locks(cluster)
    assert hooks.ran() == ["announce n2"]

    hooks.file("announce", SKIPPED)
    again = run(REJOIN, cluster, **fails)
    assert_ended(again, "incomplete", "have not confirmed, in the lock on n2, that it is announced")
    hooks.file("announce", CONFIRM)
    repeated = run(CONVERGE, cluster, **fails)
    assert_done(repeated)
    assert repeated.waves() == [("announce", "n2")]
    assert hooks.ran() == ["announce n2", "announce n2"]
    assert_nothing_to_do(run(CONVERGE, cluster, **fails))
    assert hooks.ran() == []


def test_the_former_primary_is_announced_again_where_a_switchover_is_rolled_back(
    cluster: Cluster, hooks: Hooks
) -> None:
    given = hooks.given("withdraw", "announce")
    assert_done(run(REJOIN, cluster, **given))
    assert hooks.ran() == ["announce n1"]
    cluster.node("n2").refuse(18, "not now")
    back = run(SWITCHOVER, cluster, **given, **TO_N2)
    assert_ended(back, "rolled_back")
    assert hooks.ran() == ["withdraw n1", "announce n1"]
    assert_led_by(cluster, "n1")
    assert_nothing_to_do(run(REJOIN, cluster, **given))


def test_a_node_is_backed_up_before_it_is_overwritten_and_not_overwritten_without(
    cluster: Cluster, hooks: Hooks
) -> None:
    give_history(cluster, "n1")
    order(cluster, "n3", "none")
    n3 = cluster.node("n3")
    n3.write("stray", "value")
    consent = {"nso_ha_allow_overwrite": "n3"}

    broken = hooks.file("backup", {"no.such.action": {}}, CONFIRM)
    refused = run(REJOIN, cluster, **broken, **consent)
    assert_refused(refused, "(backup failed)", "no.such.action", "nso_ha_backup_tasks")
    assert hooks.ran() == []
    for tasks, words in (
        ([FAILS, CONFIRM], "the task 'Tell the load balancer' in"),
        ([SKIPPED], "its backup tasks have not confirmed, in the lock on n3, that it is backed up"),
    ):
        refused = run(REJOIN, cluster, **hooks.file("backup", *tasks), **consent)
        assert_ended(refused, "refused", "(backup failed) n3", words, "was not overwritten")
        assert n3.read("stray") == "value"
        assert hooks.ran() == ["backup n3"]
        assert_no_locks(cluster)

    given = hooks.given("backup")
    planned = run(REJOIN, cluster, "--check", **given, **consent)
    assert_predicted(planned, n3="backup besecondary")
    done = run(REJOIN, cluster, **given, **consent)
    assert_done(done)
    assert done.waves() == [("backup", "n3"), ("secondaries", "n3")]
    assert hooks.ran() == ["backup n3"]
    assert n3.read("stray") is None

    # What the primary has already needs none.
    order(cluster, "n3", "none")
    assert_done(run(REJOIN, cluster, **given, **consent))
    assert hooks.ran() == []
    assert_whole(cluster)


def test_a_cluster_is_announced_when_it_comes_up_and_after_a_failover_and_withdrawn_at_its_end(
    fresh: Cluster, hooks: Hooks
) -> None:
    given = hooks.given("withdraw", "announce")
    assert_done(run(CONVERGE, fresh, **given, **ALL_MAY_GO, nso_ha_candidate="n1"))
    assert hooks.ran() == ["announce n1"]
    fresh.node("n1").kill()
    until(lambda: set(roles(fresh).values()) == {"none"}, what="the loss of the primary")
    failed_over = run("nso.ha.failover", fresh, **given, **TO_N2)
    assert failed_over.report["outcome"] == "done", failed_over.output
    assert hooks.ran() == ["announce n2"]

    fresh.node("n1").start()
    failing = hooks.file("withdraw", FAILS, CONFIRM)
    before = roles(fresh)
    assert_ended(run("nso.ha.tear_down", fresh, **failing), "refused", "(withdraw failed) n2")
    assert roles(fresh) == before
    assert hooks.ran() == ["withdraw n2"]
    assert_done(run("nso.ha.tear_down", fresh, **hooks.given("withdraw", "announce")))
    assert hooks.ran() == ["withdraw n2"]
    assert_no_locks(fresh)


def test_an_announcement_that_reaches_nobody_ends_the_run_with_the_locks_given_back(
    cluster: Cluster, hooks: Hooks, simulation: Simulation
) -> None:
    unreachable = {**FAILS, "delegate_to": "balancer", "vars": nowhere(simulation)}
    lost = hooks.file("announce", unreachable, CONFIRM)
    done = run(SWITCHOVER, cluster, **lost, **TO_N2)
    assert_ended(done, "incomplete", "Clients may not find n2")
    assert roles(cluster)["n2"] == "primary"
    assert_no_locks(cluster)
    assert_done(run(REJOIN, cluster, **hooks.given("announce")))
    assert_whole(cluster, "n2")
