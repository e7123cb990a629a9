# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed before any of their changes, and what the next run makes of that."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology, led_by
from helpers.cluster_model import NONE, Cluster, Flight, Node
from helpers.cluster_modules import LOOK
from helpers.cluster_play import Play

N1 = Member("n1", "id1", "10.0.0.1", "primary")
N2 = Member("n2", "id2", "10.0.0.2", "secondary")
N3 = Member("n3", "id3", "10.0.0.3", "secondary")
RELAY = Member("n3", "id3", "10.0.0.3", "relay")
BELOW = Member("n4", "id4", "10.0.0.4", "secondary", "n3")

FLAT, DEEP = [N1, N2, N3], [N1, N2, RELAY, BELOW]
#: The same, with followers that are kept in read-only mode.
KEPT, KEPT_DEEP = ([replace(member, hold=True) for member in members] for members in (FLAT, DEEP))
#: The same, with nodes that wait in start phase 0 until they are told to go on.
WAITING = [replace(member, start_phases=True) for member in DEEP]
NOBODY = [replace(member, role="none", upstream="") for member in DEEP]


def new(members: list[Member], notices: bool) -> Cluster:
    """Return nodes that have never been in a cluster, with the same data."""
    cluster = Cluster(
        [
            Node(member.host, member.node_id, member.address, data=frozenset(("all",)))
            for member in members
        ],
        notices,
    )
    for node in cluster.nodes.values():
        node.txid = TransactionId(None, (0, 50, 0))
    return cluster


def whole(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster that is right, with a record of its promotion."""
    cluster = new(members, notices)
    Play(members, cluster, run_id="first of all").run()
    cluster.write("n1", "early")
    return cluster


def bereft(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster whose primary has ended, which the others have found out."""
    cluster = whole(members, notices)
    cluster.stop("n1")
    cluster.notice()
    return cluster


def woken(members: list[Member], notices: bool) -> Cluster:
    """Return one whose primary was replaced while it slept, and is back as it was."""
    cluster = whole(members, notices)
    cluster.nodes["n1"].reachable = False
    for host in ("n2", "n3", "n4"):
        if host in cluster.nodes:
            cluster.benone(host)
    Play(members, cluster, "failover", override=["fenced"]).run()
    cluster.write("n2", "after")
    cluster.nodes["n1"].reachable = True
    return cluster


def frozen(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster whose primary does not answer, and may go on."""
    cluster = bereft(members, notices)
    cluster.nodes["n1"].running = True
    cluster.beprimary("n1", "id1")
    return cluster


def cut(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster one of whose secondaries has lost its link, and missed something."""
    cluster = whole(members, notices)
    cluster.benone("n3")
    cluster.write("n1", "after")
    return cluster


def missed(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster in which n3 has restarted, of which n1 knows nothing."""
    cluster = whole(members, notices)
    cluster.stop("n3")
    cluster.start("n3")
    cluster.nodes["n1"].listed["id3"] = cluster.nodes["n3"].address
    return cluster


def restarted(members: list[Member], notices: bool) -> Cluster:
    cluster = bereft(members, notices)
    Play(members, cluster, "failover").run()
    cluster.write("n2", "after")
    cluster.start("n1")
    return cluster


def closed(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster whose nodes an administrator has put into read-only mode."""
    cluster = whole(members, notices)
    for node in cluster.nodes.values():
        node.read_only = True
    return cluster


def closed_above(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster whose primary alone is in that mode."""
    cluster = whole(members, notices)
    cluster.nodes["n1"].read_only = True
    return cluster


def closed_below(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster whose primary has ended, and whose other nodes are in that mode."""
    cluster = bereft(members, notices)
    for host in ("n2", "n3"):
        cluster.nodes[host].read_only = True
    return cluster


def waiting(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster that is right, and whose nodes all start again."""
    cluster = whole(members, notices)
    for host, node in cluster.nodes.items():
        node.waits = True
        cluster.stop(host)
    cluster.notice()
    for host in cluster.nodes:
        cluster.start(host)
    return cluster


def one_waits(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster that has lost its primary, and in which n3 has restarted."""
    cluster = bereft(members, notices)
    cluster.nodes["n3"].waits = True
    cluster.stop("n3")
    cluster.start("n3")
    return cluster


def one_is_back(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster one of whose secondaries has restarted."""
    cluster = whole(members, notices)
    cluster.nodes["n3"].waits = True
    cluster.stop("n3")
    cluster.notice()
    cluster.start("n3")
    return cluster


def kept_before(members: list[Member], notices: bool) -> Cluster:
    """Return a cluster whose followers have been kept in that mode, and are not to be any more."""
    return whole([replace(member, hold=True) for member in members], notices)


@dataclass(frozen=True)
class Job:
    """An operation on a cluster, and the topology it leads to.

    initial:   returns the cluster before the operation
    notices:   whether followers find out at once that their upstream is gone
    variables: what the operator asks for
    takes:     the nodes to which clients write, as far as they let them
    closed:    the nodes that an administrator has put into read-only mode
    """

    operation: str
    members: list[Member]
    initial: Callable[[list[Member], bool], Cluster]
    wanted: list[Member]
    notices: bool = True
    variables: dict[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ("n1", "n2", "n3", "n4")
    closed: tuple[str, ...] = ()

    def kept(self, cluster: Cluster) -> set[str]:
        """Return the nodes that are to be kept in read-only mode: what follows and runs."""
        return {
            member.host
            for member in self.wanted
            if member.hold
            and member.role in ("secondary", "relay")
            and cluster.nodes[member.host].running
        }

    def play(
        self,
        cluster: Cluster,
        run_id: str,
        before: Callable[[str], object] = lambda _change: None,
    ) -> Play:
        """Return a play of it, in which clients write before each change.

        No change may make a second primary, and a node knows all promotions before it copies.
        """
        living = len(cluster.primaries())

        def watch(change: str) -> None:
            assert len(cluster.primaries()) <= max(1, living), change
            order, _blank, host = change.partition(" ")
            for node in cluster.nodes.values() if order == "besecondary" else ():
                assert all(entry in cluster.nodes[host].record for entry in node.record), change
            self.write(cluster)
            before(change)

        return Play(self.members, cluster, self.operation, run_id, watch, **self.variables)

    def write(self, cluster: Cluster) -> None:
        """Write as clients do: to the primary, if there is one that takes it."""
        for host in cluster.primaries().intersection(self.takes):
            cluster.write(host, f"write {cluster.clock}")


JOBS = {
    "converge": Job("converge", FLAT, new, FLAT),
    "converge with a relay": Job("converge", DEEP, new, DEEP, notices=False),
    "converge after a cut": Job("converge", FLAT, cut, FLAT),
    "switchover": Job("switchover", FLAT, whole, led_by(FLAT, "n2"), notices=False),
    "switchover with a restart that was missed": Job(
        "switchover", DEEP, missed, led_by(DEEP, "n2"), notices=False
    ),
    "switchover to a named one": Job(
        "switchover", FLAT, whole, led_by(FLAT, "n3"), variables={"candidate": "n3"}
    ),
    "switchover with a relay": Job("switchover", DEEP, whole, led_by(DEEP, "n2"), notices=False),
    "switchover to a relay": Job(
        "switchover", DEEP, whole, led_by(DEEP, "n3"), variables={"candidate": "n3"}
    ),
    "switchover of a read-only cluster": Job(
        "switchover", FLAT, closed, led_by(FLAT, "n2"), closed=("n1", "n2", "n3")
    ),
    "switchover from a read-only primary": Job(
        "switchover",
        FLAT,
        closed_above,
        led_by(FLAT, "n2"),
        notices=False,
        variables={"override": ["read_only"]},
        closed=("n1",),
    ),
    "failover to a read-only node": Job(
        "failover", FLAT, closed_below, led_by(FLAT, "n2"), closed=("n2", "n3")
    ),
    "failover": Job("failover", FLAT, bereft, led_by(FLAT, "n2"), notices=False),
    "failover with a relay": Job("failover", DEEP, bereft, led_by(DEEP, "n2")),
    "rejoin": Job("rejoin", FLAT, restarted, led_by(FLAT, "n2"), notices=False),
    "rejoin after a restart that was missed": Job("rejoin", FLAT, missed, FLAT),
    "rejoin of a primary that woke up": Job(
        "rejoin", DEEP, woken, led_by(DEEP, "n2"), takes=("n2", "n3", "n4")
    ),
    "converge of what is to be read-only": Job("converge", KEPT_DEEP, new, KEPT_DEEP),
    "converge of what is not read-only yet": Job(
        "converge", KEPT, lambda _members, notices: whole(FLAT, notices), KEPT
    ),
    "converge of what is not to be read-only any more": Job("converge", FLAT, kept_before, FLAT),
    "switchover to what is read-only": Job(
        "switchover", KEPT, whole, led_by(KEPT, "n2"), notices=False
    ),
    "failover to what is read-only": Job("failover", KEPT_DEEP, bereft, led_by(KEPT_DEEP, "n2")),
    "rejoin as what is to be read-only": Job("rejoin", KEPT, restarted, led_by(KEPT, "n2")),
    "rejoin of what has lost read-only mode": Job("rejoin", KEPT, missed, KEPT),
    "tear down of what is read-only": Job(
        "tear_down", KEPT_DEEP, whole, [replace(member, hold=True) for member in NOBODY]
    ),
    "converge of what waits": Job("converge", WAITING, waiting, WAITING),
    "rejoin of what waits": Job("rejoin", WAITING, one_is_back, WAITING),
    "failover with one that waits": Job(
        "failover", WAITING, one_waits, led_by(WAITING, "n2"), notices=False
    ),
    "tear down of what waits": Job("tear_down", WAITING, waiting, NOBODY),
    "tear down": Job("tear_down", DEEP, whole, NOBODY),
    "tear down of nodes that do not notice": Job("tear_down", DEEP, whole, NOBODY, notices=False),
}

EVERY = pytest.mark.parametrize("name", JOBS)


class Undisturbed(NamedTuple):
    """A run that nobody kills, and the cluster as it was before each change."""

    play: Play
    cluster: Cluster
    before: list[tuple[str, Cluster]]


def undisturbed(
    job: Job, meanwhile: Callable[[Cluster, str], object] = lambda _there, _change: None
) -> Undisturbed:
    """Run a job. `meanwhile` is called before each change, with its name."""
    cluster = job.initial(job.members, job.notices)
    left: list[tuple[str, Cluster]] = []

    def before(change: str) -> None:
        meanwhile(cluster, change)
        if not change.startswith(LOOK):
            left.append((change, cluster.copy()))

    play = job.play(cluster, "killed", before)
    play.run()
    job.write(cluster)
    return Undisturbed(play, cluster, left)


@cache
def named(name: str) -> Undisturbed:
    return undisturbed(JOBS[name])


def assert_good(
    cluster: Cluster,
    play: Play,
    *outcomes: str,
    closed: Collection[str] = (),
    kept: Collection[str] = (),
) -> None:
    """It ended well, no node is held or locked, all know all promotions, and nothing was lost.

    Those that an administrator has closed are so still, and so are those that are `kept` so.
    """
    assert not play.decision.progress.refused, play.decision.not_passed
    assert play.report["outcome"] in outcomes, play.report["table"]
    promotions = [entry for node in cluster.nodes.values() for entry in node.record]
    for node in cluster.nodes.values():
        assert node.read_only is (node.host in {*closed, *kept})
        assert bool(node.mark) is (node.host in kept) or not node.running
        assert not node.mark or node.mark["follower"]
        assert node.lock is None
        assert all(entry in node.record for entry in promotions), node.host
    assert not [lost for _host, lost in cluster.copied if lost]


def assert_finished(job: Job, cluster: Cluster, play: Play) -> None:
    """All is as wanted, and every write is everywhere it should be."""
    assert_good(cluster, play, "done", closed=job.closed, kept=job.kept(cluster))
    topology = Topology(job.wanted)
    for member in job.wanted:
        node = cluster.nodes[member.host]
        if not node.running:
            continue
        assert cluster.is_right(member, topology.upstream(member.host)), member.host
        assert node.phase == 2, member.host
        # What is torn down goes on, up to the end, where the primary was.
        if member.role != NONE or member.host == "n1":
            assert cluster.written <= node.data


def run_again(job: Job, change: str, cluster: Cluster) -> Play:
    """Run a job on a cluster that a run has left which was killed before this change."""
    print(f"killed before: {change}")
    again = job.play(cluster, "next")
    again.run()
    job.write(cluster)
    return again


@EVERY
def test_an_undisturbed_run_does_it(name: str) -> None:
    play, cluster, left = named(name)
    assert_finished(JOBS[name], cluster, play)
    assert len(left) > 5


@EVERY
def test_a_run_that_was_killed_anywhere_is_finished_by_the_next(name: str) -> None:
    for change, cluster in named(name).before:
        assert_finished(JOBS[name], cluster, run_again(JOBS[name], change, cluster))


def test_a_restart_that_was_missed_is_reported_before_the_node_is_attached() -> None:
    changes = [
        change for change, _cluster in named("rejoin after a restart that was missed").before
    ]
    assert changes.index("dead n1") < changes.index("besecondary n3")


FENCING_TASKS = """
- name: Switch it off
  model.power.off:
    host: "{{ nso_ha_fence_host }}"

- name: Confirm that it is off
  nso.ha.ncs_ha_operation:
    state: confirmed
    host: "{{ nso_ha_fence_host }}"
"""


def test_a_failover_that_was_killed_before_or_after_it_fenced_is_finished_by_the_next(
    tmp_path: Path,
) -> None:
    file = tmp_path / "fence.yml"
    file.write_text(FENCING_TASKS)
    job = Job(
        "failover",
        DEEP,
        frozen,
        led_by(DEEP, "n2"),
        variables={"fence_tasks": str(file)},
        # What n1 takes until it is off is lost: no other node has it.
        takes=("n2", "n3", "n4"),
    )
    play, cluster, left = undisturbed(job)
    assert_finished(job, cluster, play)
    assert [change for change, _there in left[4:8]] == [
        "power off n1",
        "confirm n2",
        "record n2",
        "beprimary n2",
    ]
    for change, before in left:
        assert_finished(job, before, run_again(job, change, before))


HOOK_TASKS = """
- name: Ask the load balancer
  model.balancer.ask: {}

- name: Confirm it
  nso.ha.ncs_ha_operation:
    state: confirmed
    host: "{{ nso_ha_hook.host }}"
"""


def announced(cluster: Cluster) -> str:
    """Return the primary, which has to have been announced since it was promoted."""
    (primary,) = cluster.primaries()
    node = cluster.nodes[primary]
    assert node.announced is not None
    assert node.announced["epoch"] == max(entry["epoch"] for entry in node.record)
    return primary


def test_a_switchover_with_hooks_that_was_killed_anywhere_is_announced_by_the_next_run(
    tmp_path: Path,
) -> None:
    file = tmp_path / "hook.yml"
    file.write_text(HOOK_TASKS)
    job = Job(
        "switchover",
        FLAT,
        whole,
        led_by(FLAT, "n2"),
        variables={f"{event}_tasks": str(file) for event in ("withdraw", "announce", "backup")},
    )
    play, cluster, left = undisturbed(job)
    assert_finished(job, cluster, play)
    assert announced(cluster) == "n2"
    changes = [change for change, _there in left]
    told = ["balancer n1", "confirm n1"], ["balancer n2", "confirm n2"]
    where = [changes.index(balancer) for balancer, _confirm in told]
    assert [changes[place : place + 2] for place in where] == list(told)
    assert where[0] < changes.index("read_only True n1")
    assert changes.index("beprimary n2") == where[1] - 1
    for change, before in left:
        assert_finished(job, before, run_again(job, change, before))
        assert announced(before) == "n2"
        # Another run has nothing to do, not even to announce.
        idle: list[str] = []
        replace(job, operation="rejoin").play(before, "idle", idle.append).run()
        assert idle == []


@pytest.mark.parametrize("members", [FLAT, KEPT])
def test_a_switchover_that_was_killed_while_it_was_rolled_back_is_finished_by_the_next(
    members: list[Member],
) -> None:
    job = Job("switchover", members, whole, members)

    def meanwhile(cluster: Cluster, change: str) -> None:
        if change == "benone n1":
            # A transaction that was let in before read-only mode, and of which n2 does not hear.
            cluster.nodes["n1"].listed.pop("id2")
            assert cluster.land(Flight("n1", cluster.nodes["n1"].turn, "late"))

    play, cluster, left = undisturbed(job, meanwhile)
    kept = {"n2", "n3"} if members is KEPT else set()
    assert_good(cluster, play, "rolled_back", kept=kept)
    changes = [change for change, _there in left]
    assert "beprimary n2" not in changes
    for change, before in left[changes.index("benone n1") :]:
        again = run_again(job, change, before)
        (primary,) = before.primaries()
        kept = set(before.nodes) - {primary} if members is KEPT else set()
        assert_good(before, again, "done", "rolled_back", kept=kept)
        assert before.written <= before.nodes[primary].data
