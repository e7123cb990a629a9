# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members take whatever role the cluster needs: who is primary is decided by what is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import WAVES
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision
from helpers.cases import failed, member, reason, transaction
from helpers.cluster_model import Cluster, Node
from helpers.cluster_play import Play
from helpers.cluster_strategies import lives
from helpers.plans import planned, take_steps, whole
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

MEMBERS = [member(1, "member"), member(2, "member"), member(3, "member")]
N1, N2, N3 = MEMBERS
EVERYBODY = "n1,n2,n3"


def blank() -> Cluster:
    """Return three nodes that were never in a cluster."""
    return Cluster([Node(wanted.host, wanted.node_id, wanted.address) for wanted in MEMBERS])


def moved() -> Cluster:
    """Return a cluster whose primary moved from n1 to n2."""
    cluster = whole()
    Play(MEMBERS, cluster, "switchover", run_id="second", candidate="n2").run()
    cluster.write("n2", "late")
    return cluster


def all_none(cluster: Cluster) -> Cluster:
    """Return the same cluster after a power cut: every daemon has started again, as none."""
    for host in cluster.nodes:
        cluster.stop(host)
    for host in cluster.nodes:
        cluster.start(host)
    return cluster


def primary_of(decision: Decision) -> str:
    """Return the node that a plan wants as primary."""
    return decision.plan.candidate


@pytest.mark.parametrize("operation", ["converge", "rejoin", "failover"])
def test_whoever_is_primary_stays_and_nothing_is_done(operation: str) -> None:
    decision = planned(MEMBERS, moved(), operation)
    assert primary_of(decision) == "n2"
    assert (decision.plan.waves, decision.progress.refused) == ((), False)


def test_after_a_power_cut_the_last_primary_comes_back() -> None:
    decision = planned(MEMBERS, all_none(moved()))
    assert primary_of(decision) == "n2"
    assert not decision.progress.refused
    assert [wave.name for wave in decision.plan.waves] == ["promote", "secondaries"]


def test_the_last_primary_does_not_come_back_over_newer_data() -> None:
    cluster = all_none(moved())
    latest = transaction(cluster.clock + 5, "id2")
    cluster.nodes["n3"].txid = latest
    decision = planned(MEMBERS, cluster)
    assert (primary_of(decision), decision.progress.refused) == ("n2", True)
    assert failed(decision, "overwrite") == ["n3"]


def test_a_last_primary_that_does_not_answer_is_waited_for_or_failed_over() -> None:
    cluster = all_none(moved())
    cluster.stop("n2")
    decision = planned(MEMBERS, cluster)
    assert "n2, which was last, does not answer: " in reason(decision, "possible")
    assert "nso.ha.failover" in reason(decision, "possible")
    assert primary_of(planned(MEMBERS, cluster, "failover")) == "n1"


@pytest.mark.parametrize(
    ("priorities", "candidate", "first"),
    [
        ((100, 100, 100), "", "n1"),
        ((100, 100, 200), "", "n3"),
        ((0, 100, 100), "", "n2"),
        ((100, 100, 100), "n2", "n2"),
    ],
)
def test_a_new_cluster_takes_the_node_that_was_named_or_the_first_by_priority_and_name(
    priorities: tuple[int, ...], candidate: str, first: str
) -> None:
    members = [
        replace(wanted, priority=priority)
        for wanted, priority in zip(MEMBERS, priorities, strict=True)
    ]
    given_by: dict[str, Any] = {"candidate": candidate} if candidate else {}
    decision = planned(members, blank(), allow_overwrite=EVERYBODY, **given_by)
    assert (primary_of(decision), decision.progress.refused) == (first, False)


def test_a_new_cluster_overwrites_nothing_without_consent() -> None:
    decision = planned(MEMBERS, blank())
    assert decision.progress.refused
    assert failed(decision, "overwrite") == ["n2", "n3"]


def test_converge_does_not_move_the_primary_to_a_node_that_is_named() -> None:
    decision = planned(MEMBERS, moved(), candidate="n3")
    assert decision.progress.refused
    assert "nso.ha.switchover moves the primary role to n3" in reason(decision, "possible")
    cut = planned(MEMBERS, all_none(moved()), candidate="n3")
    assert cut.progress.refused
    assert "nso_ha_candidate names n3. Leave it out" in reason(cut, "last_primary")


def two_primaries() -> Cluster:
    """Return a cluster in which n1 and n3 are primary, and nothing says which is right."""
    cluster = blank()
    for wanted in (N1, N3):
        cluster.beprimary(wanted.host, wanted.node_id)
    return cluster


def test_of_two_primaries_the_operator_names_the_one_that_is_right() -> None:
    refused = planned(MEMBERS, two_primaries(), allow_overwrite=EVERYBODY)
    assert "name it in nso_ha_candidate" in reason(refused, "one_primary")
    settled = planned(
        MEMBERS,
        two_primaries(),
        allow_overwrite=EVERYBODY,
        candidate="n3",
        override=["one_primary"],
    )
    assert (primary_of(settled), settled.progress.refused) == ("n3", False)


def test_a_primary_that_is_pinned_makes_secondaries_of_the_members() -> None:
    decision = planned(
        [replace(N1, role="primary"), N2, N3], blank(), allow_overwrite=EVERYBODY, candidate="n2"
    )
    assert primary_of(decision) == "n1"
    roles = {wanted.host: wanted.role for wanted in decision.plan.members}
    assert roles == {"n1": "primary", "n2": "secondary", "n3": "secondary"}


def test_beside_members_a_secondary_is_primary_only_where_it_is_named() -> None:
    members = [N1, replace(N2, role="secondary", priority=200), N3]
    assert primary_of(planned(members, blank(), allow_overwrite=EVERYBODY)) == "n1"
    cluster = whole()
    cluster.stop("n1")
    cluster.notice()
    by_itself = planned(members, cluster, "failover", override=["fenced"])
    named = planned(members, cluster, "failover", override=["fenced"], candidate="n2")
    assert (primary_of(by_itself), primary_of(named)) == ("n3", "n2")
    assert "nso_ha_role is secondary" in by_itself.plan.election["n2"]
    # It stays, as any other primary does.
    take_steps(cluster, named, WAVES)
    cluster.start("n1")
    assert primary_of(planned(members, cluster)) == "n2"


def test_a_node_that_is_to_be_in_no_cluster_does_not_come_back_as_primary() -> None:
    members = [N1, replace(N2, role="none"), N3]
    decision = planned(members, all_none(moved()))
    assert primary_of(decision) == "n1"
    assert "the last recorded primary is n2" in reason(decision, "last_primary")


def test_a_member_follows_a_relay_and_nobody_follows_a_member_by_name() -> None:
    below = [N1, replace(N2, role="relay"), replace(N3, upstream="n2")]
    decision = planned(below, blank(), allow_overwrite=EVERYBODY)
    assert decision.plan.targets["n3"].primary_id == "id2"
    named = planned([N1, N2, replace(N3, upstream="n2")], blank())
    assert "a member, which may be primary or secondary" in reason(named, "topology")


Situation = tuple[list[Member], Cluster]


@given(lives(), st.sampled_from(["converge", "rejoin", "failover", "switchover"]))
@repeatable
def test_members_never_get_a_second_primary_and_a_second_run_moves_nothing(
    situation: Situation, operation: str
) -> None:
    inventory, cluster = situation
    members = [
        wanted if wanted.role in ("none", "relay") else replace(wanted, role="member", upstream="")
        for wanted in inventory
    ]
    before = cluster.primaries()
    decision = planned(members, cluster, operation)
    if decision.progress.refused:
        return
    take_steps(cluster, decision, WAVES)
    assert len(cluster.primaries()) <= max(1, len(before))
    if operation != "switchover" and len(before) == 1:
        assert cluster.primaries() == before
    again = planned(members, cluster, operation)
    promotes = any(wave.name == "promote" for wave in again.plan.waves)
    assert operation == "switchover" or not promotes
