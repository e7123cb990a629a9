# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of a move of the primary role, beyond one example of each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._run import cluster
from helpers.cluster_model import Cluster, Node, hostvars
from helpers.cluster_play import Play, everybody_is_gone, given

Result = dict[str, Any]

N1 = Member("n1", "id1", "10.0.0.1", "primary")
N2 = Member("n2", "id2", "10.0.0.2", "secondary")
N3 = Member("n3", "id3", "10.0.0.3", "secondary")
ALL = [N1, N2, N3]


def whole() -> Cluster:
    there = Cluster(
        [Node(one.host, one.node_id, one.address, data=frozenset(("all",))) for one in ALL]
    )
    for node in there.nodes.values():
        node.txid = TransactionId(None, (0, 50, 0))
    Play(ALL, there, given(run="first")).run()
    there.write("n1", "early")
    return there


def planned(
    there: Cluster, operation: str, wanted: list[Member] | None = None, **more: Any
) -> Result:
    members = ALL if wanted is None else wanted
    hosts = [one.host for one in members]
    found = hostvars(members, __nso_ha_observed=there.results())
    return cluster.plan(hosts, found, given(operation, **more), everybody_is_gone)


def why(made: Result) -> dict[tuple[str, str], str]:
    """Return the reasons of what failed, by check and host."""
    return {
        (one["check"], one["host"]): one["result"]
        for one in made["verdicts"]
        if one["result"] != "passed"
    }


def dead() -> Cluster:
    there = whole()
    there.stop("n1")
    there.notice()
    return there


def test_a_primary_that_has_ended_is_replaced_without_any_consent() -> None:
    made = planned(dead(), "failover")
    assert why(made) == {}
    assert made["moves"] == {"from": "n1", "to": "n2"}


def test_a_living_primary_is_not_failed_over_from() -> None:
    assert why(planned(whole(), "failover", candidate="n2")) == {("possible", ""): "failed"}


def test_a_primary_that_may_live_has_to_be_fenced_or_the_check_overridden() -> None:
    there = dead()
    there.nodes["n1"].running = True
    refused = planned(there, "failover")
    assert why(refused) == {("fenced", ""): "failed"}
    assert refused["lock"]["fence"] == {"n1": [], "n2": ["n1"], "n3": []}
    fenced = planned(there, "failover", fence_tasks="off.yml")
    assert not fenced["refused"]
    assert fenced["lock"]["fence"]["n2"] == ["n1"]
    overridden = planned(there, "failover", override="fenced")
    assert not overridden["refused"]
    assert overridden["lock"]["fence"]["n2"] == []


def test_fencing_tasks_that_cannot_be_relied_on_refuse_where_they_would_be_needed() -> None:
    there = dead()
    there.nodes["n1"].running = True
    broken: Result = {"fence_tasks": "off.yml", "fence_problem": "it has no tasks"}
    refused = planned(there, "failover", **broken)
    assert why(refused) == {("fence", ""): "failed"}
    Play(ALL, there, given("failover", override="fenced")).run()
    assert not planned(there, "failover", **broken)["refused"], "nobody is to be promoted"


def test_a_former_primary_is_fenced_even_if_its_daemon_does_not_run() -> None:
    made = planned(dead(), "failover", fence_tasks="off.yml")
    assert made["lock"]["fence"]["n2"] == ["n1"]


def test_every_node_that_is_silent_and_may_live_has_to_be_fenced() -> None:
    there = dead()
    there.nodes["n3"].reachable = False
    consent: Result = {"allow_data_loss": "n3"}
    assert why(planned(there, "failover", **consent)) == {
        ("fenced", ""): "failed",
        ("data_loss", "n3"): "overridden",
    }
    fenced = planned(there, "failover", fence_tasks="off.yml", **consent)
    assert not fenced["refused"]
    assert fenced["lock"]["fence"]["n2"] == ["n1", "n3"]
    there.nodes["n3"].running = False
    assert not planned(there, "failover", **consent)["refused"]


def test_what_a_silent_node_may_have_is_given_up_only_by_its_name() -> None:
    there = dead()
    there.nodes["n3"].reachable = False
    off: Result = {"override": "fenced"}
    made = planned(there, "failover", **off)
    assert why(made) == {("data_loss", "n3"): "failed", ("fenced", ""): "overridden"}
    assert planned(there, "failover", allow_data_loss="n2", **off)["refused"]
    assert planned(there, "failover", allow_overwrite=True, **off)["refused"]
    for consent in ("n3", ["n3"], True):
        assert not planned(there, "failover", allow_data_loss=consent, **off)["refused"]


def test_a_named_candidate_with_older_data_needs_the_consent_to_lose_the_rest() -> None:
    there = whole()
    there.benone("n3")
    there.write("n1", "later")
    there.stop("n1")
    there.notice()
    assert planned(there, "failover")["moves"]["to"] == "n2"
    assert not planned(there, "failover")["refused"]
    made = planned(there, "failover", candidate="n3")
    assert ("data_loss", "n2") in why(made)
    assert made["refused"]


@pytest.mark.parametrize("candidate", ["n2", "n3"])
def test_a_candidate_that_is_not_connected_cannot_take_over(candidate: str) -> None:
    there = whole()
    there.benone(candidate)
    made = planned(there, "switchover", candidate=candidate)
    assert why(made) == {("candidate", ""): "failed"}
    assert not made["waves"]


def test_nobody_is_handed_over_to_if_nobody_is_fit() -> None:
    members = [N1, replace(N2, priority=0), replace(N3, priority=0)]
    assert why(planned(whole(), "switchover", members)) == {("candidate", ""): "failed"}


def test_a_planned_move_waits_for_an_upgrade() -> None:
    there = whole()
    found = hostvars(ALL, __nso_ha_observed=there.results())
    found["n3"]["__nso_ha_observed"]["ha"]["upgrade"] = True
    made = cluster.plan(["n1", "n2", "n3"], found, given("switchover"), _never)
    (verdict,) = [one for one in made["verdicts"] if one["check"] == "ready"]
    assert verdict["reason"] == "n3 is in the middle of an upgrade"
    assert verdict["result"] == "failed"


def _never(_process: object) -> bool:
    return False


def test_two_primaries_are_not_rejoined_unless_the_record_says_which_came_last() -> None:
    there = whole()
    there.beprimary("n2", "id2")
    assert why(planned(there, "rejoin")) == {("possible", ""): "failed"}


def test_a_node_with_data_of_its_own_is_left_out_of_a_rejoin_and_named() -> None:
    there = whole()
    there.stop("n1")
    there.notice()
    Play(ALL, there, given("failover")).run()
    there.start("n1")
    there.write("n1", "on its own")
    made = planned(there, "rejoin")
    assert why(made) == {("overwrite", "n1"): "failed"}
    assert not planned(there, "rejoin", allow_overwrite="n1")["refused"]
