# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node is to be primary, and why not each of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import (
    Promotion,
    PromotionHistory,
)
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import (
    Answer,
    Observation,
    Silence,
)
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan.election import Election, elect

N1 = Member("n1", "id1", "10.0.0.1", "primary")
N2 = Member("n2", "id2", "10.0.0.2", "secondary")
N3 = Member("n3", "id3", "10.0.0.3", "secondary")
ALL = [N1, N2, N3]
NOTHING = PromotionHistory()


def txid(seconds: int, primary: str | None = "id1") -> TransactionId:
    return TransactionId(primary, (0, seconds, 0))


def observed(one: TransactionId | None, phase: int = 2) -> Answer:
    return Answer(HaState("none"), phase, one)


def found(*ids: TransactionId | None) -> dict[str, Observation]:
    return {f"n{number}": observed(one) for number, one in enumerate(ids, 1)}


def test_the_newest_data_wins_over_the_priority() -> None:
    members = [replace(N1, priority=900), N2, N3]
    made = elect(members, found(txid(5), txid(6), txid(5)), NOTHING)
    assert made.chosen == "n2"
    assert made.reasons == {
        "n1": "has older data than n2 (id1/5.000000, id1/6.000000)",
        "n3": "has older data than n2 (id1/5.000000, id1/6.000000)",
    }


def test_of_the_same_data_the_highest_priority_wins_and_then_the_first_name() -> None:
    same = found(txid(5), txid(5), txid(5))
    assert elect([N3, N2, N1], same, NOTHING).reasons == {
        "n3": "comes after n1 by name, all else being equal",
        "n2": "comes after n1 by name, all else being equal",
    }
    made = elect([N1, replace(N2, priority=101), N3], same, NOTHING)
    assert made.chosen == "n2"
    assert made.reasons["n1"] == "has the lower priority (100, n2 has 101)"


def test_the_order_of_the_inventory_makes_no_difference() -> None:
    there = found(txid(6), txid(5), txid(6))
    for members in (ALL, ALL[::-1], [N2, N3, N1]):
        assert elect(members, there, NOTHING).chosen == "n1"


@pytest.mark.parametrize(
    ("member", "one", "why"),
    [
        (N2, Silence("no route"), "it does not answer"),
        (
            replace(N2, role="none"),
            observed(txid(9)),
            "it should be in no cluster (nso_ha_role is none)",
        ),
        (
            replace(N2, priority=0),
            observed(txid(9)),
            "it is never to be primary (nso_ha_priority is 0)",
        ),
        (N2, observed(txid(9), phase=0), "it is in start phase 0 and takes no orders"),
    ],
)
def test_a_node_that_cannot_be_primary_is_not_chosen_whatever_it_has(
    member: Member, one: Observation, why: str
) -> None:
    there = {**found(txid(5), None, txid(5)), "n2": one}
    made = elect([N1, member, N3], there, NOTHING)
    assert made.chosen == "n1"
    assert made.reasons["n2"] == why
    named = elect([N1, member, N3], there, NOTHING, "n2")
    assert (named.chosen, named.problem) == ("", f"n2 cannot become primary: {why}")


def test_one_that_is_barred_is_not_chosen_not_even_by_name() -> None:
    there = found(txid(5), txid(6), txid(5))
    assert elect(ALL, there, NOTHING, barred={"n2": "it hands over"}).chosen == "n1"
    assert elect(ALL, there, NOTHING, "n2", {"n2": "it hands over"}).problem == (
        "n2 cannot become primary: it hands over"
    )


def test_a_candidate_that_is_named_is_taken_with_older_data_and_not_replaced() -> None:
    made = elect(ALL, found(txid(5), txid(6), None), NOTHING, "n1")
    assert made == Election("n1", {"n2": "n1 was named", "n3": "n1 was named"})


def test_where_nobody_can_be_primary_each_is_told_why() -> None:
    made = elect([N1, N2], {"n1": Silence("a"), "n2": Silence("b")}, NOTHING)
    assert made.problem == (
        "no node can become primary: n1: it does not answer; n2: it does not answer"
    )
    assert not made.chosen


def test_where_nobody_can_tell_whose_data_is_newer_nobody_is_chosen() -> None:
    made = elect([N1, N2], found(txid(5, "id1"), txid(6, "id2")), NOTHING)
    assert not made.chosen
    assert made.problem == (
        "nobody can tell whether n1 (id1/5.000000) or n2 (id2/6.000000) has the newer data. Find "
        "out, and name the right one in nso_ha_candidate"
    )


def test_ids_of_nodes_that_were_alone_cannot_be_compared() -> None:
    assert not elect([N1, N2], found(txid(5, None), txid(6, None)), NOTHING).chosen
    assert elect([N1, N2], found(txid(5, None), txid(5, None)), NOTHING).chosen == "n1"


def test_the_record_tells_what_is_newer_whatever_the_clocks_say() -> None:
    first = Promotion(1, "id1", None, (0, 50, 0))
    record = PromotionHistory([first, Promotion(2, "id2", txid(60), (0, 1, 0))])
    made = elect(ALL, found(txid(60), txid(2, "id2"), txid(55)), record)
    assert made.chosen == "n2"


def test_data_without_a_place_in_the_record_is_not_chosen() -> None:
    record = PromotionHistory(
        [Promotion(1, "id1", None, (0, 5, 0)), Promotion(2, "id2", txid(60), (0, 70, 0))]
    )
    made = elect(ALL, found(txid(65), txid(80, "id2"), txid(60)), record)
    assert made.chosen == "n2"
    assert made.reasons["n1"] == "its data has no place in the record (id1/65.000000)"
