# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of an operation: what is in it, and what forbids it, on a model of a cluster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._checks import judge
from ansible_collections.nso.ha.plugins.plugin_utils._model.plain import from_dict, to_dict
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import WAVES
from ansible_collections.nso.ha.plugins.plugin_utils._run import planning
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import UNDER_LOCK
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    Decision,
    Expectation,
    OperationPlan,
    Progress,
    RoleOptions,
)
from helpers.cases import (
    N1,
    N2,
    N3,
    RUN_ID,
    answer,
    directory,
    failed,
    known,
    lock,
    look,
    member,
    promotion,
    reason,
    said,
    transaction,
)
from helpers.cluster_model import Cluster, Node
from helpers.cluster_strategies import lives, situations
from helpers.plans import following, planned, take_steps, take_wave
from helpers.properties import repeatable
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

Situation = tuple[list[Member], Cluster]

ALL = [N1, N2, N3]
ALL_CHECKS = list(judge.OVERRIDABLE)
#: What converge has to pass.
CHECKS = judge.CHECKS_OF["converge"]
#: The waves up to the one that makes a primary.
UP_TO_PROMOTE = ("leave", "catch_up", "hand_over", "step_down", "promote")

ANY_CONSENTS = st.sets(st.sampled_from([f"n{i}" for i in range(1, 7)])).map(sorted)


def of_these(members: Sequence[Member], hosts: Sequence[str]) -> list[str]:
    return [member.host for member in members if member.host in hosts]


def of_all(members: Sequence[Member]) -> list[str]:
    return [member.host for member in members]


def alone(members: Sequence[Member], txid: TransactionId | None = None) -> Cluster:
    """Return a cluster of nodes that are all none."""
    return Cluster(
        [Node(member.host, member.node_id, member.address, txid=txid) for member in members]
    )


def test_before_a_hand_over_the_candidate_has_to_have_what_the_primary_had() -> None:
    cluster = following(N2, N3)
    cluster.write("n1", "late")
    decision = planned([member(1), member(2, "primary"), N3], cluster)
    assert "hand_over" in [wave.name for wave in decision.plan.waves]
    assert decision.progress.awaited == cluster.nodes["n1"].txid
    assert planned([N1, N2, N3], cluster).progress.awaited is None


# Properties


@given(situations(), ANY_CONSENTS)
@repeatable
def test_a_plan_is_the_same_after_it_was_registered_and_made_again(
    situation: Situation, consents: list[str]
) -> None:
    members, cluster = situation
    named = of_these(members, consents)
    decision = planned(members, cluster, allow_overwrite=named)
    assert from_dict(Decision, json.loads(json.dumps(to_dict(decision)))) == decision
    assert planned(members, cluster, allow_overwrite=named) == decision


@given(situations(), ANY_CONSENTS)
@repeatable
def test_no_data_is_overwritten_without_a_consent_that_names_the_node(
    situation: Situation, consents: list[str]
) -> None:
    members, cluster = situation
    named = of_these(members, consents)
    decision = planned(members, cluster, allow_overwrite=named, override=ALL_CHECKS)
    costly = {
        step.host
        for wave in decision.plan.waves
        for step in wave.steps
        if step.relation in ("newer", "other", "unknown", "diverged", "unrecorded")
    }
    assert set(failed(decision, "overwrite")) == costly - set(named)
    assert decision.progress.refused == bool(costly - set(named))


@given(situations())
@repeatable
def test_consent_for_all_passes_every_overwrite_and_no_other_check(situation: Situation) -> None:
    members, cluster = situation
    without = planned(members, cluster)
    decision = planned(members, cluster, allow_overwrite=of_all(members))
    assert not failed(decision, "overwrite")
    for check in CHECKS:
        assert failed(decision, check) == failed(without, check)


@given(situations(), st.sampled_from(ALL_CHECKS))
@repeatable
def test_overriding_one_check_hides_no_other(situation: Situation, check: str) -> None:
    members, cluster = situation
    without, decision = planned(members, cluster), planned(members, cluster, override=[check])
    assert not failed(decision, check)
    others = [verdict for verdict in without.verdicts if verdict.check != check]
    assert [verdict for verdict in decision.verdicts if verdict.check != check] == others


@given(situations())
@repeatable
def test_no_node_becomes_primary_while_any_node_does_not_answer(situation: Situation) -> None:
    members, cluster = situation
    others = [name for name in ALL_CHECKS if name != "hidden_primary"]
    decision = planned(members, cluster, allow_overwrite=of_all(members), override=others)
    silent = [node.host for node in cluster.nodes.values() if not node.reachable]
    promotes = any(wave.name == "promote" for wave in decision.plan.waves)
    assert decision.progress.refused == bool(promotes and silent)
    assert len(failed(decision, "hidden_primary")) == (len(silent) if promotes else 0)


@given(situations())
@repeatable
def test_the_lock_of_a_node_lists_each_of_its_steps_by_a_name_of_its_own(
    situation: Situation,
) -> None:
    members, cluster = situation
    plan = planned(members, cluster).plan
    for host, names in plan.lock.steps.items():
        steps = [
            step.name
            for wave in plan.waves
            for step in wave.steps
            if step.host == host and wave.name != "catch_up"
        ]
        assert list(names) == steps
        assert len(set(names)) == len(names)


@given(lives())
@settings(repeatable, suppress_health_check=[HealthCheck.filter_too_much])
def test_the_new_primary_has_all_that_the_cluster_had_unless_a_check_was_overridden(
    situation: Situation,
) -> None:
    members, cluster = situation
    inside = {node.host: node.data for node in cluster.nodes.values() if node.role != "none"}
    decision = planned(members, cluster)
    promotes = any(wave.name == "promote" for wave in decision.plan.waves)
    assume(not decision.progress.refused and promotes)
    take_steps(cluster, decision, UP_TO_PROMOTE)
    assert all(data <= cluster.nodes["n1"].data for data in inside.values())


@given(lives(), st.integers(0, 5))
@repeatable
def test_with_consent_an_interrupted_run_is_finished_by_the_next(
    situation: Situation, waves: int
) -> None:
    members, cluster = situation
    topology = Topology(members)
    first = planned(members, cluster, allow_overwrite=of_all(members), override=ALL_CHECKS)
    for wave in first.plan.waves[:waves]:
        take_wave(cluster, first, wave)
    second = planned(members, cluster, allow_overwrite=of_all(members), override=ALL_CHECKS)
    take_steps(cluster, second, WAVES)
    assert all(cluster.is_right(member, topology.upstream(member.host)) for member in members)
    assert not planned(members, cluster).plan.waves


# What is refused before anything is looked at


def test_what_is_wrong_with_the_play_is_refused_and_nothing_is_planned() -> None:
    decision = planned(ALL, following(N2, N3), problems=["hosts do not go in step"])
    assert reason(decision, "topology") == "hosts do not go in step"
    assert (decision.progress.refused, decision.needed) == (True, False)
    assert (decision.plan.waves, decision.plan.lock.hosts) == ((), ())


def test_a_wrong_inventory_and_a_wrong_consent_are_told_together_and_nothing_is_planned() -> None:
    decision = planned([N2, N3], following(N2, N3), allow_overwrite="n4")
    assert [verdict.reason for verdict in decision.verdicts] == [
        "no node may be primary. Give one of them nso_ha_role member, which is the default, and an "
        "nso_ha_priority above 0, or nso_ha_role primary",
        "nso_ha_allow_overwrite has n4, which is not known; there are n2, n3",
    ]
    assert decision.progress.refused
    assert (decision.plan.waves, decision.plan.targets) == ((), {})
    assert decision.plan.required == ("n2", "n3")


def test_without_a_decision_all_may_be_locked_and_nothing_may_be_done() -> None:
    decision = planning.undecided(known(ALL, following(N2, N3).results()))
    assert decision.progress == Progress(locked=("n1", "n2", "n3"), refused=True, undecided=True)
    assert decision.plan == OperationPlan("converge", tuple(ALL), required=("n1", "n2", "n3"))
    assert not decision.needed


# Locks of other runs


def held_by(other: str) -> dict[str, dict[str, object]]:
    """Return looks at nodes that are right, with a lock of a run on n2."""
    cluster = following(N2)
    cluster.nodes["n2"].lock = lock(other)
    return cluster.results()


def test_a_lock_of_a_living_run_stands_in_the_way_and_nothing_is_planned() -> None:
    decision = planning.plan(known([N1, N2], held_by("r1"), gone=lambda _process: False))
    assert "nso_ha_break_lock=r1" in reason(decision, "lock")
    assert (decision.progress.refused, decision.needed) == (True, False)


@pytest.mark.parametrize("variables", [{"gone": lambda _process: True}, {"break_lock": " r1 "}])
def test_a_lock_that_may_be_replaced_makes_a_run_needed(variables: dict[str, object]) -> None:
    given = {"gone": lambda _process: False, **variables}
    decision = planning.plan(known([N1, N2], held_by("r1"), **given))  # type: ignore[arg-type]
    assert not decision.progress.refused
    assert not decision.plan.waves
    assert "r1" in decision.plan.lock.replace
    assert decision.needed
    assert decision.plan.unfinished == {"switchover": "r1"}


def test_what_a_newer_release_keeps_on_a_node_lets_nothing_be_planned_whatever_is_broken() -> None:
    looks = following(N2).results()
    text = "/state/promotions.jsonl, line 3: it has format 2"
    looks["n2"] = {**looks["n2"], "state_directory": directory(unusable=[f"{text}."])}
    decision = planning.plan(known([N1, N2], looks, break_lock="r1"))
    assert reason(decision, "state_directory") == f"n2: {text}"
    assert (decision.progress.refused, decision.needed, decision.plan.waves) == (True, False, ())


# The plan that is made again once the lock is held


def again(cluster: Cluster, earlier: Decision, step: str = UNDER_LOCK) -> Decision:
    return planning.plan(known(ALL, cluster.results(step=step)), earlier)


def locked(cluster: Cluster) -> Decision:
    """Return the plan for a cluster once its nodes are locked, as the plan says."""
    decision = planned(ALL, cluster)
    for host in decision.plan.lock.hosts:
        cluster.nodes[host].lock = lock(RUN_ID, decision.plan.lock.steps[host])
    return decision.with_progress(started=7.0)


def test_the_plan_made_again_knows_what_was_locked_and_when_that_began() -> None:
    cluster = alone(ALL)
    first = locked(cluster)
    decision = again(cluster, first)
    # The look by which it is made is the one before the promotion.
    promote, *others = first.plan.waves
    assert decision.plan.waves == (replace(promote, look=()), *others)
    assert decision.progress.locked == ("n1", "n2", "n3")
    assert decision.progress.started == 7.0


def test_it_goes_by_nothing_that_was_seen_before_the_lock() -> None:
    cluster = alone(ALL)
    decision = again(cluster, locked(cluster), "observe")
    assert decision.plan.waves == ()
    assert decision.plan.blocked["n1"] == "it dropped out of the play before it was asked again"
    assert decision.plan.silent == ("n1", "n2", "n3")


@pytest.mark.parametrize(("consent", "void"), [("n3@id1/5.000000", True), ("n3", False)])
def test_a_consent_is_void_where_the_node_has_another_transaction_by_then(
    consent: str, void: bool
) -> None:
    cluster = following(N2, N3)
    cluster.benone("n3")
    first = planned(ALL, cluster, allow_overwrite=consent).with_progress(locked=("n1", "n2", "n3"))
    assert not first.progress.refused
    assert cluster.write("n3", "late")
    looks = cluster.results(step=UNDER_LOCK)
    decision = planning.plan(known(ALL, looks, allow_overwrite=consent), first)
    assert decision.progress.refused == void
    if void:
        text = reason(decision, "overwrite")
        assert f"The consent {consent} does not hold: n3 is at -/6.000000" in text
        assert text.endswith("-e nso_ha_allow_overwrite=n3@-/6.000000")


def test_only_a_lock_that_says_something_else_is_renewed() -> None:
    cluster = alone(ALL)
    first = locked(cluster)
    assert again(cluster, first).plan.lock.renew == ()
    # n2 has become what it should be, so the steps of n2 are others now.
    cluster.beprimary("n1", "id1")
    cluster.besecondary("n2", "id2", "id1", N1.address)
    assert again(cluster, first).plan.lock.renew == ("n1", "n2")


def test_what_broke_off_is_still_known_when_its_lock_has_been_replaced() -> None:
    cluster = alone(ALL)
    first = locked(cluster)
    first = replace(first, plan=replace(first.plan, unfinished={"switchover": "r1"}))
    assert again(cluster, first).plan.unfinished == {"switchover": "r1"}


def test_a_refusal_under_the_lock_gives_all_of_it_back() -> None:
    cluster = alone(ALL)
    first = locked(cluster)
    cluster.nodes["n3"].lock = lock("r1")
    decision = planning.plan(
        known(ALL, cluster.results(step=UNDER_LOCK), gone=lambda _process: False), first
    )
    assert failed(decision, "lock") == [""]
    assert decision.progress.locked == ("n1", "n2", "n3")


# What is handed to the modules


def test_targets_and_expectations_name_both_ends_of_each_link() -> None:
    relay, below = member(2, "relay"), member(3, "secondary", "n2")
    plan = planned([N1, relay, below], following(N2, N3)).plan
    assert plan.targets["n3"] == RoleOptions("secondary", "id3", "id2", "10.0.0.2")
    assert plan.verify == {
        "n1": Expectation("primary", None, ("id2",)),
        "n2": Expectation("relay", "id1", ("id3",)),
        "n3": Expectation("secondary", "id2"),
    }


def test_a_node_that_does_not_answer_is_neither_verified_nor_waited_for() -> None:
    cluster = following(N2, N3)
    cluster.nodes["n3"].reachable = False
    plan = planned(ALL, cluster).plan
    assert plan.verify["n1"].secondaries == ("id2",)
    assert "n3" not in plan.verify
    assert plan.blocked == {"n3": "no answer from n3"}
    assert plan.silent == ("n3",)


def test_only_hosts_whose_modules_answer_are_locked() -> None:
    cluster = following(N2, N3)
    looks = cluster.results()
    looks["n2"] = {"unreachable": True, "msg": "no route"}
    # Its module says that the daemon is silent, and can hold a lock all the same.
    looks["n3"] = said("observe", failed=True, msg="refused", daemon={"running": False})
    decision = planning.plan(known(ALL, looks))
    assert decision.plan.lock.hosts == ("n1", "n3")
    assert decision.plan.lock.steps == {"n1": ("dead n3",), "n3": ()}


def test_those_whose_daemon_does_not_run_are_locked_last() -> None:
    cluster = following(N2, N3)
    cluster.stop("n1")
    assert planned(ALL, cluster).plan.lock.hosts == ("n2", "n3", "n1")


def without_lock(cluster: Cluster, host: str, operation: str, **group: Any) -> Decision:
    """Return the second decision of a run that has its locks, but not on this host."""
    first = planning.plan(known(ALL, cluster.results(), operation))
    locked = tuple(name for name in first.plan.lock.hosts if name != host)
    earlier = first.with_progress(locked=locked, unlocked={host: "disk full"})
    return planning.plan(known(ALL, cluster.results(step=UNDER_LOCK), operation, **group), earlier)


def test_nothing_is_planned_on_a_node_without_a_lock() -> None:
    cluster = following(N2, N3)
    cluster.benone("n3")
    agreed = without_lock(cluster, "n3", "rejoin", override="lockable")
    assert (agreed.plan.waves, agreed.needed) == ((), False)
    assert agreed.plan.blocked == {
        "n3": "it has no lock, so this run does nothing there: disk full"
    }
    assert "n3" not in agreed.plan.lock.hosts
    assert agreed.progress.unlocked == {"n3": "disk full"}
    refused = without_lock(cluster, "n3", "rejoin")
    assert reason(refused, "lockable").startswith("n3 cannot be locked: disk full")


def test_an_operation_that_needs_a_node_without_a_lock_is_refused() -> None:
    for operation in ("switchover", "tear_down"):
        refused = without_lock(following(N2, N3), "n1", operation, override="lockable")
        assert set(failed(refused, "lock")) == {"n1"}, operation


def test_a_node_without_a_lock_is_not_chosen() -> None:
    cluster = following(N2, N3)
    cluster.stop("n1")
    for host in ("n2", "n3"):
        cluster.benone(host)
    agreed = without_lock(cluster, "n2", "failover", override="lockable")
    assert agreed.plan.candidate == "n3"
    assert agreed.plan.election["n2"] == "it has no lock (disk full)"


def test_a_dead_node_without_a_lock_takes_no_consent() -> None:
    cluster = following(N2, N3)
    cluster.stop("n1")
    for host in ("n2", "n3"):
        cluster.benone(host)
    decision = without_lock(cluster, "n1", "failover")
    assert not decision.progress.refused
    # It has started in the meantime.
    first = planning.plan(known(ALL, cluster.results(), "failover"))
    earlier = first.with_progress(locked=("n2", "n3"), unlocked={"n1": "disk full"})
    cluster.start("n1")
    again = known(ALL, cluster.results(step=UNDER_LOCK), "failover")
    assert "lockable" in {v.check for v in planning.plan(again, earlier).not_passed}


def test_a_node_of_another_release_is_left_out_unless_told_otherwise() -> None:
    cluster = following(N2, N3)
    cluster.benone("n3")
    looks = cluster.results()
    for host, version in (("n1", 86), ("n2", 86), ("n3", 87)):
        looks[host]["ha"]["server"] = {"protocol_version": version}
    left_out = planning.plan(known(ALL, looks, "rejoin")).plan
    assert left_out.waves == ()
    assert left_out.blocked["n3"].startswith("it speaks version 87 of the IPC protocol")
    told = planning.plan(known(ALL, looks, "rejoin", override="versions")).plan
    assert [step.host for wave in told.waves for step in wave.steps] == ["n3"]


def test_a_real_run_rehearses_only_what_the_observation_does_not_tell() -> None:
    cluster = following()
    cluster.nodes["n2"] = Node("n2", "id2", "10.0.0.2", txid=cluster.nodes["n1"].txid)
    assert planned([N1, N2], cluster).plan.rehearse == ()
    assert planned([N1, N2], cluster, dry=True).plan.rehearse == ("n2",)
    assert planned([N1, member(2, "relay")], cluster).plan.rehearse == ("n2",)


def test_those_that_follow_a_host_name_are_rehearsed_without_a_step() -> None:
    named = replace(N1, address="one.example")
    cluster = following(N2)
    cluster.nodes["n1"].address = "one.example"
    plan = planned([named, N2], cluster).plan
    assert (plan.waves, plan.rehearse) == ((), ("n2",))


def test_one_that_leaves_a_link_for_a_node_that_listens_is_rehearsed() -> None:
    cluster = following(N2)
    moved = replace(N1, address="10.0.0.99")
    assert planned([moved, N2], cluster).plan.rehearse == ("n2",)
    # The HA port of a node that is not primary yet may be closed, which would prove nothing.
    assert "n3" not in planned(ALL, following(N2, N3), "switchover").plan.rehearse


def test_the_two_between_whom_a_living_primary_changes_are_rehearsed() -> None:
    assert planned(ALL, following(N2, N3), "switchover").plan.rehearse == ("n1", "n2")


# The promotion history


def test_a_primary_that_something_else_has_made_is_recorded_before_others_copy_it() -> None:
    looks = {"n1": look(answer("primary")), "n2": look(answer("none"))}
    plan = planning.plan(known([N1, N2], looks)).plan
    (entry,) = plan.promotions
    assert (entry["primary"], entry["operation"], entry["run_id"]) == ("id1", "found", RUN_ID)
    assert (entry["txid"], entry["start"]) == (None, [0, 5, 0])
    assert plan.epoch == 2
    # Under the id that it says it goes by, which its transactions have to be of.
    renamed = replace(answer("primary"), facts=Facts(node_id="old"))
    assert not planning.plan(known([N1, N2], {**looks, "n1": look(renamed)})).plan.promotions
    theirs = replace(renamed, txid=transaction(5, "old"))
    (entry,) = planning.plan(known([N1, N2], {**looks, "n1": look(theirs)})).plan.promotions
    assert entry["primary"] == "old"
    # A cluster that was never recorded and needs nothing stays so.
    assert planned([N1, N2], following(N2)).plan.promotions == ()


def test_a_promotion_history_that_lacks_something_makes_a_run_needed() -> None:
    entry = promotion(1, "id1", None, 4).as_entry()
    looks = following(N2).results()
    looks["n1"]["state_directory"] = directory(promotions=[entry])
    decision = planning.plan(known([N1, N2], looks))
    assert decision.plan.incomplete == {"n2": "its promotion history lacks 1 of 1 promotions"}
    assert not decision.plan.waves
    assert decision.needed
    looks["n2"]["state_directory"] = directory(promotions=[entry])
    assert not planning.plan(known([N1, N2], looks)).needed


def test_a_promotion_that_no_node_knows_of_is_missing_everywhere() -> None:
    entries = [promotion(1, "id2", None, 4).as_entry()]
    looks = {
        host: {**look, "state_directory": directory(promotions=entries)}
        for host, look in following(N2).results().items()
    }
    plan = planning.plan(known([N1, N2], looks)).plan
    why = "its promotion history does not know yet that id1 is primary"
    assert plan.incomplete == {"n1": why, "n2": why}


# Sizes


def test_a_cluster_of_one_node_is_made_and_then_right() -> None:
    cluster = alone([N1])
    decision = planned([N1], cluster)
    assert not decision.progress.refused
    take_steps(cluster, decision, WAVES)
    assert planned([N1], cluster).plan.waves == ()


def test_a_thousand_nodes_are_planned_and_judged() -> None:
    chain = [
        Member(
            f"r{i}", f"r{i}", f"10.1.{i // 250}.{i % 250 + 1}", "relay", f"r{i - 1}" if i else ""
        )
        for i in range(300)
    ]
    leaves = [
        Member(f"s{i}", f"s{i}", f"10.2.{i // 250}.{i % 250 + 1}", "secondary", f"r{i % 300}")
        for i in range(699)
    ]
    members = [N1, *reversed(chain), *leaves]
    decision = planned(members, alone(members, TransactionId("id1", (0, 5, 0))))
    assert not decision.progress.refused
    assert sum(len(wave.steps) for wave in decision.plan.waves) == 1000


# Faults


def test_fault_7_a_wanted_primary_that_is_behind_is_refused_before_anything_changes() -> None:
    cluster = following(N2, N3)
    cluster.benone("n2")
    cluster.write("n1", "newer")
    members = [member(1), member(2, "primary"), N3]
    assert failed(planned(members, cluster), "overwrite") == ["n1", "n3"]


def test_fault_7_a_wanted_primary_that_is_primary_already_needs_nothing() -> None:
    decision = planned([N1, N2], following(N2))
    assert (decision.plan.waves, decision.needed) == ((), False)


def test_fault_10_an_old_primary_with_writes_of_its_own_is_named_and_kept() -> None:
    cluster = following(N2, N3)
    cluster.nodes["n1"].listed.clear()
    cluster.benone("n2")
    cluster.benone("n3")
    cluster.write("n1", "only here")
    cluster.benone("n1")
    cluster.beprimary("n2", "id2")
    cluster.write("n2", "new")
    cluster.besecondary("n3", "id3", "id2", N2.address)
    members = [member(1), member(2, "primary"), N3]
    decision = planned(members, cluster)
    assert failed(decision, "overwrite") == ["n1"]
    assert "has data that the primary may not have" in reason(decision, "overwrite")
    assert not planned(members, cluster, allow_overwrite="n1").progress.refused


def test_fault_11_a_second_primary_made_by_hand_refuses_until_told_which_is_right() -> None:
    cluster = following(N2, N3)
    cluster.beprimary("n3", "id3")
    decision = planned(ALL, cluster)
    assert decision.progress.refused
    assert reason(decision, "one_primary").startswith("n1 and n3 are primary at the same time")
    assert not planned(ALL, cluster, override="one_primary").progress.refused


def test_fault_11_being_told_which_is_right_is_no_consent_to_lose_data() -> None:
    cluster = following(N2, N3)
    cluster.beprimary("n3", "id3")
    cluster.write("n3", "by hand")
    assert failed(planned(ALL, cluster, override="one_primary"), "overwrite") == ["n3"]


def test_fault_13_nodes_that_are_all_none_with_the_same_data_need_no_consent() -> None:
    cluster = following(N2, N3)
    for host in cluster.nodes:
        cluster.benone(host)
    assert not planned(ALL, cluster).progress.refused


def test_fault_13_a_wanted_primary_that_was_not_the_last_one_asks() -> None:
    cluster = following(N2, N3)
    cluster.benone("n1")
    cluster.beprimary("n2", "id2")
    cluster.write("n2", "newer")
    cluster.benone("n2")
    assert failed(planned(ALL, cluster), "overwrite") == ["n2"]
