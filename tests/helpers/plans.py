# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for the clusters of cluster_model.py, and waves of them that are carried out there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._checks.consents import Nodes
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import Wave
from ansible_collections.nso.ha.plugins.plugin_utils._run import planning, recheck
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import (
    OBSERVATION,
    RECHECK,
    before,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision

from helpers.cases import N1, N2, N3, ByHost, known, results
from helpers.cluster_model import Cluster, Node
from helpers.cluster_play import Play


def following(*followers: Member) -> Cluster:
    """Return a cluster in which these follow n1, all with the same data."""
    same = TransactionId("id1", (0, 5, 0))
    cluster = Cluster(
        [
            Node(member.host, member.node_id, member.address, txid=same)
            for member in (N1, *followers)
        ]
    )
    cluster.clock = 5
    cluster.beprimary("n1", "id1")
    for member in followers:
        cluster.besecondary(member.host, member.node_id, "id1", N1.address)
    return cluster


def whole() -> Cluster:
    """Return n1, n2 and n3 after a run of converge, and a write that all of them have."""
    return _whole().copy()


@cache
def _whole() -> Cluster:
    same = TransactionId(None, (0, 50, 0))
    data = frozenset(("all",))
    cluster = Cluster(
        [
            Node(member.host, member.node_id, member.address, txid=same, data=data)
            for member in (N1, N2, N3)
        ]
    )
    Play([N1, N2, N3], cluster, run_id="first").run()
    cluster.write("n1", "early")
    return cluster


def planned(
    members: Iterable[Member], cluster: Cluster, operation: str = "converge", **given: Any
) -> Decision:
    """Return the plan of a run that looks at all of the cluster; see cases.known."""
    return planning.plan(known(members, cluster.results(), operation, **given))


def take_steps(cluster: Cluster, decision: Decision, names: Collection[str]) -> None:
    """Take the steps of the waves of these names, as modules do."""
    for wave in decision.plan.waves:
        if wave.name in names:
            take_wave(cluster, decision, wave)


def take_wave(cluster: Cluster, decision: Decision, wave: Wave) -> None:
    """Take the steps of one wave."""
    for step in wave.steps:
        if wave.kind == "read_only":
            cluster.nodes[step.host].read_only = "read_only" in step.orders
        elif wave.kind == "hand_over":
            cluster.nodes[step.host].read_only = True
            cluster.benone(step.host)
        elif wave.kind == "dead":
            cluster.nodes[step.host].listed.pop(step.upstream_id)
        elif wave.kind == "role":
            target = decision.plan.targets[step.host]
            upstream = (target.primary_id, target.primary_ip)
            cluster.give_role(
                step.host,
                step.role,
                target.node_id,
                upstream if step.role in ("secondary", "relay") else None,
                step.force,
            )
            if "writable" in step.orders:
                cluster.nodes[step.host].read_only = False


def looked_again(
    decision: Decision,
    wave: Wave,
    first: ByHost,
    cluster: Cluster,
    agreed: Nodes | None = None,
) -> Decision:
    """Return the decision after the look before a wave; `first` is what was seen for the plan."""
    looks = cluster.results(step=before(wave.name))
    now: Mapping[str, Any] = {host: looks[host] for host in wave.look}
    return recheck.rechecked(
        decision, wave, results({OBSERVATION: first, RECHECK: now}), agreed or Nodes()
    )
