# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that takes a living node for dead says whether a failover would work, and no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Answer, Silence
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Topology
from ansible_collections.nso.ha.plugins.plugin_utils._run import assumed_dead, planning
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision
from helpers.cases import N1, N2, N3, Observed, answer, failed, known, reason
from helpers.cluster_model import Cluster
from helpers.cluster_strategies import situations
from helpers.plans import whole
from helpers.properties import repeatable

ALL = [N1, N2, N3]
FENCE: dict[str, Any] = {"fence_tasks": "/etc/fence.yml"}


def supposed(cluster: Cluster, dead: str = "n1", *, dry: bool = True, **given: Any) -> Decision:
    looks = cluster.results()
    return planning.plan(known(ALL, looks, "failover", dry=dry, assume_dead=dead, **given))


def test_a_healthy_cluster_would_fail_over_and_says_to_which_node_and_what_would_be_lost() -> None:
    decision = supposed(whole(), **FENCE)
    assert not decision.progress.refused
    assert decision.plan.candidate == "n2"
    assert [wave.name for wave in decision.plan.waves][:2] == ["fence", "promote"]
    assert decision.plan.blocked == {"n1": "it is taken for dead (nso_ha_assume_dead)"}
    first, second, *_others = decision.plan.remarks
    assert first == "This is what a failover would do if n1 died now. Nothing is done."
    assert second.startswith("No data would be lost: n2 has the last transaction of n1, ")


def test_the_plan_is_that_of_the_failover_after_the_node_has_died() -> None:
    cluster = whole()
    would = supposed(cluster, override="fenced").plan
    cluster.stop("n1")
    cluster.nodes["n1"].running = True
    cluster.notice()
    looks = cluster.results()
    # Of a node that is really dead nothing is left to be read.
    looks["n1"] = {"unreachable": True, "msg": "no route"}
    does = planning.plan(known(ALL, looks, "failover", override="fenced")).plan
    assert (would.waves, would.candidate, would.targets) == (
        does.waves,
        does.candidate,
        does.targets,
    )
    assert [(verdict.check, verdict.result) for verdict in would.verdicts] == [
        (verdict.check, verdict.result) for verdict in does.verdicts
    ]


def test_without_a_fence_it_says_that_the_failover_would_be_refused() -> None:
    decision = supposed(whole())
    assert decision.progress.refused
    assert reason(decision, "fenced").startswith(
        "n1 was the primary and does not answer (it is taken for dead (nso_ha_assume_dead)), so"
    )


def test_a_fence_file_that_has_rotted_is_found_out() -> None:
    decision = supposed(whole(), hook_problems={"fence": "the fencing tasks are gone"}, **FENCE)
    assert reason(decision, "fence") == "the fencing tasks are gone"


def test_what_the_primary_alone_has_would_be_lost() -> None:
    cluster = whole()
    cluster.notices = False
    cluster._leave(cluster.nodes["n2"])
    cluster._leave(cluster.nodes["n3"])
    cluster.write("n1", "late")
    decision = supposed(cluster, override="fenced")
    assert "What n1 has beyond that would be lost until n1 came back" in decision.plan.remarks[1]


def test_several_nodes_may_die_together_and_then_none_may_be_left() -> None:
    decision = supposed(whole(), "n1,n2", override="fenced", allow_data_loss="n2")
    assert decision.plan.candidate == "n3"
    none_left = supposed(whole(), "n1,n2,n3")
    assert none_left.progress.refused
    assert "no node can become primary" in reason(none_left, "candidate")


def test_without_a_node_that_is_not_the_primary_nothing_would_have_to_fail_over() -> None:
    decision = supposed(whole(), "n3")
    assert not decision.plan.waves
    assert "n1 would still be primary, so nothing would fail over." in decision.plan.remarks


def test_a_node_that_is_silent_already_may_be_named_as_well() -> None:
    cluster = whole()
    cluster.stop("n1")
    cluster.notice()
    decision = supposed(cluster, override="fenced")
    assert decision.plan.candidate == "n2"
    assert decision.plan.remarks == (
        "This is what a failover would do if n1 died now. Nothing is done.",
    )


@pytest.mark.parametrize("operation", ["failover", "converge", "rejoin", "switchover", "tear_down"])
def test_a_run_that_is_no_plan_does_nothing_but_refuse(operation: str) -> None:
    looks = whole().results()
    decision = planning.plan(known(ALL, looks, operation, assume_dead="n1", **FENCE))
    assert failed(decision, "topology")
    assert not decision.needed
    assert not decision.plan.waves
    assert not decision.plan.lock.hosts


def test_the_plan_refuses_by_itself_what_a_run_has_let_pass() -> None:
    let_pass = known(ALL, whole().results(), "failover", dry=True, assume_dead="n1", **FENCE)
    real = replace(let_pass, run=replace(let_pass.run, dry=False))
    decision = planning.plan(real)
    assert failed(decision, "topology")
    assert not decision.needed


def test_a_name_that_no_host_has_is_an_error() -> None:
    decision = supposed(whole(), "n9")
    assert "nso_ha_assume_dead has n9, which is not known" in reason(decision, "topology")


def test_what_followed_the_dead_node_has_no_role_and_takes_writes_as_far_as_is_known() -> None:
    observed = whole().look()
    supposed = assumed_dead.suppose(Topology(ALL), observed, {"n1"})
    for host in ("n2", "n3"):
        before, after = observed[host], supposed[host]
        assert isinstance(before, Answer)
        assert isinstance(after, Answer)
        assert before.facts.read_only is True, "as every follower"
        assert (after.state.role, after.state.primary, after.txid) == ("none", None, before.txid)
        assert not after.facts.read_only
    assert supposed["n1"] == Silence("it is taken for dead (nso_ha_assume_dead)")


def test_what_is_behind_a_relay_loses_its_primary_as_well() -> None:
    observed: Observed = {
        "n1": answer("primary", None, N2),
        "n2": answer("relay", N1, N3),
        "n3": answer("secondary", N2),
    }
    supposed = assumed_dead.suppose(Topology(ALL), observed, {"n1"})
    roles = [after.state.role for after in supposed.values() if isinstance(after, Answer)]
    assert roles == ["none", "none"]


# What status says


def outlook(cluster: Cluster, **given: Any) -> str:
    about = known(ALL, cluster.results(), "converge", **given)
    return planning.failover_outlook(replace(about, run=replace(about.run, operation="")))


def test_status_says_in_a_sentence_whether_a_failover_would_work() -> None:
    assert outlook(whole(), **FENCE) == "If n1 died now, nso.ha.failover would make n2 primary."
    assert outlook(whole()) == "If n1 died now, nso.ha.failover would be refused (fenced)."
    rotten = {**FENCE, "hook_problems": {"fence": "the fencing tasks are gone"}}
    assert outlook(whole(), **rotten) == "If n1 died now, nso.ha.failover would be refused (fence)."


def test_status_says_nothing_of_a_failover_where_none_could_be_planned() -> None:
    cluster = whole()
    cluster.stop("n1")
    assert outlook(cluster) == "", "there is no primary"
    assert outlook(whole(), candidate="n9") == ""
    assert outlook(whole(), problems=["no"]) == ""


@hypothesis.given(situations())
@repeatable
def test_whatever_the_cluster_is_status_can_say_something(situation: Any) -> None:
    members, cluster = situation
    about = known(members, cluster.results(), "converge")
    assert isinstance(planning.failover_outlook(about), str)
