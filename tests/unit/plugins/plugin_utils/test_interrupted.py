# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed before any of their changes, and what the next run makes of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology, led_by
from helpers.cluster_model import NONE, Cluster, Node
from helpers.cluster_play import Interrupted, Play, Result, given

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
    Play(members, there, given(run="first of all")).run()
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
    Play(members, there, given("failover", override=["fenced"])).run()
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
    Play(members, there, given("failover")).run()
    there.write("n2", "after")
    there.start("n1")
    return there


@dataclass(frozen=True)
class Job:
    """An operation on a cluster, and the topology it leads to.

    takes: the nodes to which clients write, as far as they let them
    """

    operation: str
    members: list[Member]
    there: Callable[[list[Member], bool], Cluster]
    wanted: list[Member]
    given: Result = field(default_factory=dict)
    takes: tuple[str, ...] = ("n1", "n2", "n3", "n4")

    def play(
        self, there: Cluster, run: str, before: Callable[[str], object] = lambda _change: None
    ) -> Play:
        return Play(self.members, there, given(self.operation, run, **self.given), before)


JOBS = {
    "converge": Job("converge", FLAT, new, FLAT),
    "converge with a relay": Job("converge", DEEP, new, DEEP),
    "converge after a cut": Job("converge", FLAT, cut, FLAT),
    "switchover": Job("switchover", FLAT, whole, led_by(FLAT, "n2")),
    "switchover to a named one": Job(
        "switchover", FLAT, whole, led_by(FLAT, "n3"), {"candidate": "n3"}
    ),
    "switchover with a relay": Job("switchover", DEEP, whole, led_by(DEEP, "n2")),
    "switchover to a relay": Job(
        "switchover", DEEP, whole, led_by(DEEP, "n3"), {"candidate": "n3"}
    ),
    "failover": Job("failover", FLAT, bereft, led_by(FLAT, "n2")),
    "failover with a relay": Job("failover", DEEP, bereft, led_by(DEEP, "n2")),
    "rejoin": Job("rejoin", FLAT, restarted, led_by(FLAT, "n2")),
    "rejoin of a primary that woke up": Job(
        "rejoin", DEEP, woken, led_by(DEEP, "n2"), takes=("n2", "n3", "n4")
    ),
    "tear down": Job("tear_down", DEEP, whole, NOBODY),
}

BOTH = pytest.mark.parametrize("notices", [True, False], ids=["notices", "believes"])
EVERY = pytest.mark.parametrize("name", JOBS)


class Clients:
    """Programs that write to the primary, if there is one that takes it."""

    def __init__(self, there: Cluster, takes: tuple[str, ...]) -> None:
        self.there = there
        self.takes = takes
        self.numbers = count()

    def write(self) -> None:
        for host in self.there.primaries().intersection(self.takes):
            self.there.write(host, f"write {next(self.numbers)}")


def watched(there: Cluster, clients: Clients, stop: int) -> Callable[[str], None]:
    """Return what looks at the cluster before each change, and ends the run before one of them."""
    changes = count()
    living = len(there.primaries())

    def before(change: str) -> None:
        assert len(there.primaries()) <= max(1, living), change
        clients.write()
        if next(changes) == stop:
            raise Interrupted(change)

    return before


def changes_of(job: Job, notices: bool) -> list[str]:
    """Return the names of all changes that an undisturbed run makes."""
    made: list[str] = []
    job.play(job.there(job.members, notices), "only", made.append).run()
    return made


def assert_finished(job: Job, there: Cluster, play: Play) -> None:
    """All is as wanted, nobody is held or locked, and every write is everywhere it should be."""
    made, told = play.plan, play.report()
    assert not made["refused"], [one for one in made["verdicts"] if one["result"] != "passed"]
    assert told["outcome"] == "done", told["table"]
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


@BOTH
@EVERY
def test_an_undisturbed_run_does_it(name: str, notices: bool) -> None:
    job = JOBS[name]
    there = job.there(job.members, notices)
    clients = Clients(there, job.takes)
    play = job.play(there, "only", watched(there, clients, -1))
    play.run()
    clients.write()
    assert_finished(job, there, play)


@BOTH
@EVERY
def test_a_run_that_was_killed_anywhere_is_finished_by_the_next(name: str, notices: bool) -> None:
    job = JOBS[name]
    changes = changes_of(job, notices)
    assert len(changes) > 5
    for stop in range(len(changes)):
        there = job.there(job.members, notices)
        clients = Clients(there, job.takes)
        with pytest.raises(Interrupted):
            job.play(there, "killed", watched(there, clients, stop)).run()
        clients.write()
        again = job.play(there, "next", watched(there, clients, -1))
        again.run()
        clients.write()
        assert_finished(job, there, again)
