# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of a move of the primary role, beyond one example of each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._run import planning
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision
from helpers.cases import N1, N2, N3, known, objections
from helpers.cluster_model import Cluster
from helpers.cluster_play import Play
from helpers.plans import planned as planned_for
from helpers.plans import whole

ALL = [N1, N2, N3]


def planned(
    cluster: Cluster, operation: str, wanted: list[Member] | None = None, **given: Any
) -> Decision:
    return planned_for(ALL if wanted is None else wanted, cluster, operation, **given)


def why(decision: Decision) -> dict[tuple[str, str], str]:
    """Return what did not pass: the results by check and host."""
    return objections(decision.verdicts)


def dead() -> Cluster:
    cluster = whole()
    cluster.stop("n1")
    cluster.notice()
    return cluster


def test_a_primary_that_has_ended_is_replaced_without_any_consent() -> None:
    decision = planned(dead(), "failover")
    assert why(decision) == {}
    assert (decision.plan.former, decision.plan.candidate) == ("n1", "n2")


def test_a_living_primary_is_not_failed_over_from() -> None:
    assert why(planned(whole(), "failover", candidate="n2")) == {("possible", ""): "failed"}


def test_a_primary_that_may_live_has_to_be_fenced_or_the_check_overridden() -> None:
    cluster = dead()
    cluster.nodes["n1"].running = True
    refused = planned(cluster, "failover")
    assert why(refused) == {("fenced", ""): "failed"}
    assert refused.plan.lock.fence == {"n1": (), "n2": ("n1",), "n3": ()}
    fenced = planned(cluster, "failover", fence_tasks="off.yml")
    assert not fenced.progress.refused
    assert fenced.plan.lock.fence["n2"] == ("n1",)
    overridden = planned(cluster, "failover", override="fenced")
    assert not overridden.progress.refused
    assert overridden.plan.lock.fence["n2"] == ()


def test_fencing_tasks_that_cannot_be_relied_on_refuse_where_they_would_be_needed() -> None:
    cluster = dead()
    cluster.nodes["n1"].running = True
    broken: Any = {"fence_tasks": "off.yml", "hook_problems": {"fence": "it has no tasks"}}
    refused = planned(cluster, "failover", **broken)
    assert why(refused) == {("fence", ""): "failed"}
    Play(ALL, cluster, "failover", override="fenced").run()
    assert not planned(cluster, "failover", **broken).progress.refused, "no node is to be promoted"


def test_a_former_primary_is_fenced_even_if_its_daemon_does_not_run() -> None:
    decision = planned(dead(), "failover", fence_tasks="off.yml")
    assert decision.plan.lock.fence["n2"] == ("n1",)


def test_every_node_that_is_silent_and_may_live_has_to_be_fenced() -> None:
    cluster = dead()
    cluster.nodes["n3"].reachable = False
    consent: Any = {"allow_data_loss": "n3"}
    assert why(planned(cluster, "failover", **consent)) == {
        ("fenced", ""): "failed",
        ("data_loss", "n3"): "overridden",
    }
    fenced = planned(cluster, "failover", fence_tasks="off.yml", **consent)
    assert not fenced.progress.refused
    assert fenced.plan.lock.fence["n2"] == ("n1", "n3")
    cluster.nodes["n3"].running = False
    assert not planned(cluster, "failover", **consent).progress.refused


def test_what_a_silent_node_may_have_is_given_up_only_by_its_name() -> None:
    cluster = dead()
    cluster.nodes["n3"].reachable = False
    off: Any = {"override": "fenced"}
    decision = planned(cluster, "failover", **off)
    assert why(decision) == {("data_loss", "n3"): "failed", ("fenced", ""): "overridden"}
    assert planned(cluster, "failover", allow_data_loss="n2", **off).progress.refused
    assert planned(cluster, "failover", allow_overwrite="n3", **off).progress.refused
    for consent in ("n3", ["n3"], "n3@unknown"):
        assert not planned(cluster, "failover", allow_data_loss=consent, **off).progress.refused


def test_a_named_candidate_with_older_data_needs_the_consent_to_lose_the_rest() -> None:
    cluster = whole()
    cluster.benone("n3")
    cluster.write("n1", "later")
    cluster.stop("n1")
    cluster.notice()
    assert planned(cluster, "failover").plan.candidate == "n2"
    assert not planned(cluster, "failover").progress.refused
    decision = planned(cluster, "failover", candidate="n3")
    assert ("data_loss", "n2") in why(decision)
    assert decision.progress.refused


@pytest.mark.parametrize("candidate", ["n2", "n3"])
def test_a_candidate_that_is_not_connected_cannot_take_over(candidate: str) -> None:
    cluster = whole()
    cluster.benone(candidate)
    decision = planned(cluster, "switchover", candidate=candidate)
    assert why(decision) == {("candidate", ""): "failed"}
    assert not decision.plan.waves


def test_there_is_no_hand_over_if_no_node_is_fit() -> None:
    members = [N1, replace(N2, priority=0), replace(N3, priority=0)]
    assert why(planned(whole(), "switchover", members)) == {("candidate", ""): "failed"}


def test_a_planned_move_waits_for_an_upgrade() -> None:
    looks = whole().results()
    looks["n3"]["ha"]["upgrade"] = True
    decision = planning.plan(known(ALL, looks, "switchover"))
    (verdict,) = [verdict for verdict in decision.verdicts if verdict.check == "ready"]
    assert verdict.reason == "n3 is in the middle of an upgrade"
    assert verdict.result == "failed"


def test_a_primary_that_does_not_tell_what_it_has_hands_over_to_nobody() -> None:
    looks = whole().results()
    looks["n1"]["ha"]["txid"] = None
    decision = planning.plan(known(ALL, looks, "switchover", candidate="n2"))
    (verdict,) = [verdict for verdict in decision.verdicts if verdict.check == "ready"]
    assert verdict.result == "failed"
    assert "n1 does not tell the id of its last transaction" in verdict.reason


def test_two_primaries_are_not_rejoined_unless_the_history_says_which_came_last() -> None:
    cluster = whole()
    cluster.beprimary("n2", "id2")
    assert why(planned(cluster, "rejoin")) == {("possible", ""): "failed"}


def test_a_node_with_data_of_its_own_is_left_out_of_a_rejoin_and_named() -> None:
    cluster = whole()
    cluster.stop("n1")
    cluster.notice()
    Play(ALL, cluster, "failover").run()
    cluster.start("n1")
    cluster.write("n1", "on its own")
    decision = planned(cluster, "rejoin")
    assert why(decision) == {("overwrite", "n1"): "failed"}
    assert not planned(cluster, "rejoin", allow_overwrite="n1").progress.refused
