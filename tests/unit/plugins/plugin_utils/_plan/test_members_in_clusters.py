# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members in clusters that live: what an operation does with them, and what the next one does."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import WAVES
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision
from helpers.cases import member, reason
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
