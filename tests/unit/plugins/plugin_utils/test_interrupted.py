# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed before any of their changes, and what the next run makes of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology, led_by
from helpers.cluster_model import NONE, Cluster, Node
from helpers.cluster_modules import LOOK
from helpers.cluster_play import Play

N1 = Member("n1", "id1", "10.0.0.1", "primary")
N2 = Member("n2", "id2", "10.0.0.2", "secondary")
N3 = Member("n3", "id3", "10.0.0.3", "secondary")
RELAY = Member("n3", "id3", "10.0.0.3", "relay")
BELOW = Member("n4", "id4", "10.0.0.4", "secondary", "n3")

FLAT, DEEP = [N1, N2, N3], [N1, N2, RELAY, BELOW]
NOBODY = [replace(one, role="none", upstream="") for one in DEEP]


def new(members: list[Member], notices: bool) -> Cluster:
    """Return nodes that have never been in a cluster, with the same data."""
    there = Cluster(
        [Node(one.host, one.node_id, one.address, data=frozenset(("all",))) for one in members],
        notices,
    )
    for node in there.nodes.values():
        node.txid = TransactionId(None, (0, 50, 0))
    return there


def whole(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster that is right, with a record of its promotion."""
    there = new(members, notices)
    Play(members, there, run_id="first of all").run()
    there.write("n1", "early")
    return there


def bereft(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster whose primary has ended, which the others have found out."""
    there = whole(members, notices)
    there.stop("n1")
    there.notice()
    return there


def woken(members: list[Member], notices: bool) -> Cluster:
    """Return one whose primary was replaced while it slept, and is back as it was."""
    there = whole(members, notices)
    there.nodes["n1"].reachable = False
    for host in ("n2", "n3", "n4"):
        if host in there.nodes:
            there.benone(host)
    Play(members, there, "failover", override=["fenced"]).run()
    there.write("n2", "after")
    there.nodes["n1"].reachable = True
    return there


def cut(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster one of whose secondaries has lost its link, and missed something."""
    there = whole(members, notices)
    there.benone("n3")
    there.write("n1", "after")
    return there


def restarted(members: list[Member], notices: bool) -> Cluster:
    there = bereft(members, notices)
    Play(members, there, "failover").run()
    there.write("n2", "after")
    there.start("n1")
    return there


@dataclass(frozen=True)
class Job:
    """An operation on a cluster, and the topology it leads to.

    notices:   whether followers find out at once that their upstream is gone
    variables: what the operator asks for
    takes:     the nodes to which clients write, as far as they let them
    """

    operation: str
    members: list[Member]
    there: Callable[[list[Member], bool], Cluster]
    wanted: list[Member]
    notices: bool = True
    variables: dict[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ("n1", "n2", "n3", "n4")

    def play(self, there: Cluster, run_id: str, before: Callable[[str], object]) -> Play:
        """Return a play of it. No change may make a second primary."""
        living = len(there.primaries())

        def watch(change: str) -> None:
            assert len(there.primaries()) <= max(1, living), change
            self.write(there)
            before(change)

        return Play(self.members, there, self.operation, run_id, watch, **self.variables)

    def write(self, there: Cluster) -> None:
        """Write as clients do: to the primary, if there is one that takes it."""
        for host in there.primaries().intersection(self.takes):
            there.write(host, f"write {there.clock}")


JOBS = {
    "converge": Job("converge", FLAT, new, FLAT),
    "converge with a relay": Job("converge", DEEP, new, DEEP, notices=False),
    "converge after a cut": Job("converge", FLAT, cut, FLAT),
    "switchover": Job("switchover", FLAT, whole, led_by(FLAT, "n2"), notices=False),
    "switchover to a named one": Job(
        "switchover", FLAT, whole, led_by(FLAT, "n3"), variables={"candidate": "n3"}
    ),
    "switchover with a relay": Job("switchover", DEEP, whole, led_by(DEEP, "n2"), notices=False),
    "switchover to a relay": Job(
        "switchover", DEEP, whole, led_by(DEEP, "n3"), variables={"candidate": "n3"}
    ),
    "failover": Job("failover", FLAT, bereft, led_by(FLAT, "n2"), notices=False),
    "failover with a relay": Job("failover", DEEP, bereft, led_by(DEEP, "n2")),
    "rejoin": Job("rejoin", FLAT, restarted, led_by(FLAT, "n2"), notices=False),
    "rejoin of a primary that woke up": Job(
        "rejoin", DEEP, woken, led_by(DEEP, "n2"), takes=("n2", "n3", "n4")
    ),
    "tear down": Job("tear_down", DEEP, whole, NOBODY),
    "tear down of nodes that do not notice": Job("tear_down", DEEP, whole, NOBODY, notices=False),
}

EVERY = pytest.mark.parametrize("name", JOBS)


class Undisturbed(NamedTuple):
    """A run that nobody kills, and the cluster as it was before each change."""

    play: Play
    there: Cluster
    before: list[tuple[str, Cluster]]


@cache
def undisturbed(name: str) -> Undisturbed:
    job = JOBS[name]
    there = job.there(job.members, job.notices)
    left: list[tuple[str, Cluster]] = []

    def before(change: str) -> None:
        if not change.startswith(LOOK):
            left.append((change, there.copy()))

    play = job.play(there, "killed", before)
    play.run()
    job.write(there)
    return Undisturbed(play, there, left)


def assert_finished(job: Job, there: Cluster, play: Play) -> None:
    """All is as wanted, no node is held or locked, and every write is everywhere it should be."""
    assert not play.decision.progress.refused, play.decision.not_passed
    assert play.report["outcome"] == "done", play.report["table"]
    assert not play.failures
    topology = Topology(job.wanted)
    for member in job.wanted:
        node = there.nodes[member.host]
        if not node.running:
            continue
        assert there.is_right(member, topology.upstream(member.host)), member.host
        assert not node.read_only
        assert node.mark is None
        assert node.lock is None
        # What is torn down goes on, up to the end, where the primary was.
        if member.role != NONE or member.host == "n1":
            assert there.written <= node.data
    assert not [lost for _host, lost in there.copied if lost]


@EVERY
def test_an_undisturbed_run_does_it(name: str) -> None:
    play, there, left = undisturbed(name)
    assert_finished(JOBS[name], there, play)
    assert len(left) > 5


@EVERY
def test_a_run_that_was_killed_anywhere_is_finished_by_the_next(name: str) -> None:
    job = JOBS[name]
    for change, there in undisturbed(name).before:
        print(f"killed before: {change}")
        again = job.play(there, "next", lambda _change: None)
        again.run()
        job.write(there)
        assert_finished(job, there, again)
