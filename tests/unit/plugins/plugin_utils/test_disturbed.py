# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations while clients write wherever they are let, and transactions end late."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._checks import judge
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from helpers.cluster_model import Cluster, Flight, Node
from helpers.cluster_play import Interrupted, Play
from helpers.cluster_strategies import lives
from helpers.properties import repeatable, repeatable_few
from hypothesis import given
from hypothesis import strategies as st

MEMBERS = [
    Member("n1", "id1", "10.0.0.1", "primary"),
    Member("n2", "id2", "10.0.0.2", "secondary"),
    Member("n3", "id3", "10.0.0.3", "secondary"),
]
OPERATIONS = st.sampled_from(operations.OPERATIONS)
#: What happens before each change: somebody writes on a node, or a transaction begins or ends.
EVENTS = st.lists(st.tuples(st.sampled_from(("write", "begin", "end", "")), st.integers(0, 9)))


def whole() -> Cluster:
    return _whole().copy()


@cache
def _whole() -> Cluster:
    cluster = Cluster(
        [
            Node(member.host, member.node_id, member.address, data=frozenset(("all",)))
            for member in MEMBERS
        ]
    )
    for node in cluster.nodes.values():
        node.txid = TransactionId(None, (0, 50, 0))
    Play(MEMBERS, cluster, run_id="first").run()
    return cluster


def disturbing(
    cluster: Cluster, events: list[tuple[str, int]], stop: int | None = None
) -> Callable[[str], None]:
    """Return what lets these things happen, one before each change, and perhaps ends the run."""
    flights: list[Flight] = []
    hosts = list(cluster.nodes)
    changes = 0
    living = len(cluster.primaries())

    def before(change: str) -> None:
        nonlocal changes
        assert len(cluster.primaries()) <= max(1, living)
        act, number = events[changes] if changes < len(events) else ("", 0)
        value = f"{act} {changes} {number}"
        host = hosts[number % len(hosts)]
        if act == "write":
            cluster.write(host, value)
        elif act == "begin":
            flight = cluster.take_off(host, value)
            flights.extend([flight] if flight else [])
        elif act == "end" and flights:
            cluster.land(flights.pop(0))
        changes += 1
        if changes == stop:
            raise Interrupted(change)

    return before


def everything(cluster: Cluster) -> frozenset[str]:
    return frozenset().union(*(node.data for node in cluster.nodes.values()))


def assert_nothing_lost(cluster: Cluster) -> None:
    assert cluster.written <= everything(cluster)
    assert not [lost for _host, lost in cluster.copied if lost]


@given(OPERATIONS, EVENTS, st.none() | st.integers(1, 20))
@repeatable
def test_no_operation_loses_a_write_that_was_acknowledged_anywhere(
    operation: str, events: list[tuple[str, int]], stop: int | None
) -> None:
    cluster = whole()
    try:
        Play(MEMBERS, cluster, operation, "one", disturbing(cluster, events, stop)).run()
    except Interrupted:
        Play(MEMBERS, cluster, operation, "two", disturbing(cluster, events)).run()
    assert_nothing_lost(cluster)


@given(lives(), OPERATIONS, EVENTS)
@repeatable
def test_nor_does_one_over_a_cluster_that_nobody_looked_after(
    situation: tuple[list[Member], Cluster], operation: str, events: list[tuple[str, int]]
) -> None:
    members, cluster = situation
    cluster.copied.clear()
    before = everything(cluster)
    Play(members, cluster, operation, "one", disturbing(cluster, events)).run()
    assert_nothing_lost(cluster)
    assert before <= everything(cluster)


@pytest.mark.parametrize("operation", operations.OPERATIONS)
@pytest.mark.parametrize("overridden", ["", "all"])
def test_a_primary_that_tells_nothing_without_its_ha_socket_gets_no_other_beside_it(
    operation: str, overridden: str
) -> None:
    cluster = whole()
    cluster.nodes["n1"].mute = True
    # Nobody else knows of it, either.
    for host in ("n2", "n3"):
        cluster.benone(host)
    consents = {"allow_data_loss": "n1,n2,n3", "allow_overwrite": "n1,n2,n3"}
    override = judge.OVERRIDABLE if overridden else ()
    play = Play(
        MEMBERS, cluster, operation, before=disturbing(cluster, []), override=override, **consents
    )
    play.run()
    assert len(cluster.primaries()) <= 1
    if operation == "failover":
        # With everything overridden it finds under the lock that there is a primary.
        assert cluster.primaries() == {"n1"}
        assert play.report["outcome"] == ("done" if overridden else "refused")


@given(EVENTS)
@repeatable_few
def test_from_read_only_mode_to_promotion_the_old_primary_takes_no_write(
    events: list[tuple[str, int]],
) -> None:
    cluster = whole()
    disturb = disturbing(cluster, [member for member in events if member[0] != "write"])
    changes: list[str] = []

    def before(change: str) -> None:
        disturb(change)
        changes.append(change)
        begun = "mark n1" in changes and changes[-1] not in ("mark n1", "read_only True n1")
        if begun and cluster.nodes["n1"].role in ("primary", "none"):
            assert not cluster.write("n1", change)

    Play(MEMBERS, cluster, "switchover", before=before).run()
    assert "mark n1" in changes


def test_a_transaction_that_ends_after_read_only_mode_began_is_handed_over() -> None:
    cluster = whole()
    flight = cluster.take_off("n1", "late")
    assert flight is not None

    def before(change: str) -> None:
        if change == "benone n1":
            assert cluster.land(flight)

    play = Play(MEMBERS, cluster, "switchover", before=before)
    play.run()
    assert play.report["outcome"] == "done"
    assert "late" in cluster.nodes["n2"].data


def test_a_transaction_that_the_next_primary_lacks_ends_in_a_roll_back() -> None:
    cluster = whole()
    flight = cluster.take_off("n1", "late")
    assert flight is not None

    def before(change: str) -> None:
        if change == "benone n1":
            cluster.nodes["n1"].listed.pop("id2")
            assert cluster.land(flight)

    play = Play(MEMBERS, cluster, "switchover", before=before)
    play.run()
    assert play.report["outcome"] == "rolled_back"
    assert cluster.primaries() == {"n1"}
    assert not any(node.read_only or node.mark for node in cluster.nodes.values())
    assert "late" in cluster.nodes["n1"].data
