# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations while clients write wherever they are let, and transactions end late."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
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
    there = Cluster(
        [Node(one.host, one.node_id, one.address, data=frozenset(("all",))) for one in MEMBERS]
    )
    for node in there.nodes.values():
        node.txid = TransactionId(None, (0, 50, 0))
    Play(MEMBERS, there, run_id="first").run()
    return there


def disturbing(
    there: Cluster, events: list[tuple[str, int]], stop: int | None = None
) -> Callable[[str], None]:
    """Return what lets these things happen, one before each change, and perhaps ends the run."""
    flights: list[Flight] = []
    hosts = list(there.nodes)
    changes = 0
    living = len(there.primaries())

    def before(change: str) -> None:
        nonlocal changes
        assert len(there.primaries()) <= max(1, living)
        act, number = events[changes] if changes < len(events) else ("", 0)
        value = f"{act} {changes} {number}"
        host = hosts[number % len(hosts)]
        if act == "write":
            there.write(host, value)
        elif act == "begin":
            flight = there.take_off(host, value)
            flights.extend([flight] if flight else [])
        elif act == "end" and flights:
            there.land(flights.pop(0))
        changes += 1
        if changes == stop:
            raise Interrupted(change)

    return before


def everything(there: Cluster) -> frozenset[str]:
    return frozenset().union(*(node.data for node in there.nodes.values()))


def assert_nothing_lost(there: Cluster) -> None:
    assert there.written <= everything(there)
    assert not [lost for _host, lost in there.copied if lost]


@given(OPERATIONS, EVENTS, st.none() | st.integers(1, 20))
@repeatable
def test_no_operation_loses_a_write_that_was_acknowledged_anywhere(
    operation: str, events: list[tuple[str, int]], stop: int | None
) -> None:
    there = whole()
    try:
        Play(MEMBERS, there, operation, "one", disturbing(there, events, stop)).run()
    except Interrupted:
        Play(MEMBERS, there, operation, "two", disturbing(there, events)).run()
    assert_nothing_lost(there)


@given(lives(), OPERATIONS, EVENTS)
@repeatable
def test_nor_does_one_over_a_cluster_that_nobody_looked_after(
    situation: tuple[list[Member], Cluster], operation: str, events: list[tuple[str, int]]
) -> None:
    members, there = situation
    there.copied.clear()
    before = everything(there)
    Play(members, there, operation, "one", disturbing(there, events)).run()
    assert_nothing_lost(there)
    assert before <= everything(there)


@given(EVENTS)
@repeatable_few
def test_from_hold_to_promotion_the_old_primary_takes_no_write(
    events: list[tuple[str, int]],
) -> None:
    there = whole()
    disturb = disturbing(there, [one for one in events if one[0] != "write"])
    changes: list[str] = []

    def before(change: str) -> None:
        disturb(change)
        changes.append(change)
        begun = "mark n1" in changes and changes[-1] not in ("mark n1", "read_only True n1")
        if begun and there.nodes["n1"].role in ("primary", "none"):
            assert not there.write("n1", change)

    Play(MEMBERS, there, "switchover", before=before).run()
    assert "mark n1" in changes


def test_a_transaction_that_ends_after_the_hold_is_handed_over() -> None:
    there = whole()
    flight = there.take_off("n1", "late")
    assert flight is not None

    def before(change: str) -> None:
        if change == "benone n1":
            assert there.land(flight)

    play = Play(MEMBERS, there, "switchover", before=before)
    play.run()
    assert play.report["outcome"] == "done"
    assert "late" in there.nodes["n2"].data


def test_a_transaction_that_the_next_primary_lacks_ends_in_a_roll_back() -> None:
    there = whole()
    flight = there.take_off("n1", "late")
    assert flight is not None

    def before(change: str) -> None:
        if change == "benone n1":
            there.nodes["n1"].listed.pop("id2")
            assert there.land(flight)

    play = Play(MEMBERS, there, "switchover", before=before)
    play.run()
    assert play.report["outcome"] == "rolled_back"
    assert there.primaries() == {"n1"}
    assert not any(node.read_only or node.mark for node in there.nodes.values())
    assert "late" in there.nodes["n1"].data
