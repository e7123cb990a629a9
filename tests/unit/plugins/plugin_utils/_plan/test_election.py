# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node is to be primary, and why not each of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Observation, Silence
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan.election import Election, elect
from helpers.cases import (
    N1,
    N2,
    N3,
    NO_HISTORY,
    Observed,
    answer,
    history,
    member,
    promotion,
    transaction,
)

ALL = [N1, N2, N3]


def observed(txid: TransactionId | None, phase: int = 2) -> Observation:
    return answer("none", txid=txid, phase=phase)


def having(*ids: TransactionId | None) -> Observed:
    """Return nodes with these transaction ids, in order."""
    return {f"n{number}": observed(txid) for number, txid in enumerate(ids, 1)}


def test_the_newest_data_wins_over_the_priority() -> None:
    members = [replace(N1, priority=900), N2, N3]
    election = elect(members, having(transaction(5), transaction(6), transaction(5)), NO_HISTORY)
    assert election.chosen == "n2"
    assert election.reasons == {
        "n1": "has older data than n2 (id1/5.000000, id1/6.000000)",
        "n3": "has older data than n2 (id1/5.000000, id1/6.000000)",
    }


def test_of_the_same_data_the_highest_priority_wins_and_then_the_first_name() -> None:
    same = having(transaction(5), transaction(5), transaction(5))
    assert elect([N3, N2, N1], same, NO_HISTORY).reasons == {
        "n3": "is equal to n1 in data and priority, and comes after it by name",
        "n2": "is equal to n1 in data and priority, and comes after it by name",
    }
    election = elect([N1, replace(N2, priority=101), N3], same, NO_HISTORY)
    assert election.chosen == "n2"
    assert election.reasons["n1"] == "has the lower priority (100, n2 has 101)"


def test_the_order_of_the_inventory_makes_no_difference() -> None:
    observations = having(transaction(6), transaction(5), transaction(6))
    for members in (ALL, ALL[::-1], [N2, N3, N1]):
        assert elect(members, observations, NO_HISTORY).chosen == "n1"


@pytest.mark.parametrize(
    ("member", "observation", "why"),
    [
        (N2, Silence("no route"), "it does not answer"),
        (
            replace(N2, role="none"),
            observed(transaction(9)),
            "it should be in no cluster (nso_ha_role is none)",
        ),
        (
            replace(N2, priority=0),
            observed(transaction(9)),
            "it is never to be primary (nso_ha_priority is 0)",
        ),
        (N2, observed(transaction(9), phase=0), "it is in start phase 0 and takes no orders"),
    ],
)
def test_a_node_that_cannot_be_primary_is_not_chosen_whatever_it_has(
    member: Member, observation: Observation, why: str
) -> None:
    observations = {**having(transaction(5), None, transaction(5)), "n2": observation}
    election = elect([N1, member, N3], observations, NO_HISTORY)
    assert election.chosen == "n1"
    assert election.reasons["n2"] == why
    named = elect([N1, member, N3], observations, NO_HISTORY, "n2")
    assert (named.chosen, named.problem) == ("", f"n2 cannot become primary: {why}")


def test_one_that_is_barred_is_not_chosen_not_even_by_name() -> None:
    observations = having(transaction(5), transaction(6), transaction(5))
    assert elect(ALL, observations, NO_HISTORY, barred={"n2": "it hands over"}).chosen == "n1"
    assert elect(ALL, observations, NO_HISTORY, "n2", {"n2": "it hands over"}).problem == (
        "n2 cannot become primary: it hands over"
    )


def test_a_candidate_that_is_named_is_taken_with_older_data_and_not_replaced() -> None:
    election = elect(ALL, having(transaction(5), transaction(6), None), NO_HISTORY, "n1")
    assert election == Election("n1", {"n2": "n1 was named", "n3": "n1 was named"})


def test_where_no_node_can_be_primary_each_is_told_why() -> None:
    election = elect([N1, N2], {"n1": Silence("a"), "n2": Silence("b")}, NO_HISTORY)
    assert election.problem == (
        "no node can become primary: n1: it does not answer; n2: it does not answer"
    )
    assert not election.chosen


def test_where_it_cannot_be_told_whose_data_is_newer_no_node_is_chosen() -> None:
    election = elect([N1, N2], having(transaction(5, "id1"), transaction(6, "id2")), NO_HISTORY)
    assert not election.chosen
    assert election.problem == (
        "it cannot be told whether n1 (id1/5.000000) or n2 (id2/6.000000) has the newer data. Find "
        "out, and name the right one in nso_ha_candidate"
    )


def test_ids_of_nodes_that_were_alone_cannot_be_compared() -> None:
    assert not elect(
        [N1, N2], having(transaction(5, None), transaction(6, None)), NO_HISTORY
    ).chosen
    assert (
        elect([N1, N2], having(transaction(5, None), transaction(5, None)), NO_HISTORY).chosen
        == "n1"
    )


def test_the_history_tells_what_is_newer_whatever_the_clocks_say() -> None:
    known = history(promotion(1, "id1", None, 50), promotion(2, "id2", transaction(60), 1))
    election = elect(ALL, having(transaction(60), transaction(2, "id2"), transaction(55)), known)
    assert election.chosen == "n2"


def test_data_without_a_place_in_the_history_is_not_chosen() -> None:
    known = history(promotion(1, "id1", None, 5), promotion(2, "id2", transaction(60), 70))
    election = elect(ALL, having(transaction(65), transaction(80, "id2"), transaction(60)), known)
    assert election.chosen == "n2"
    assert (
        election.reasons["n1"] == "its data has no place in the promotion history (id1/65.000000)"
    )


def test_of_the_same_data_the_node_that_most_can_follow_wins_over_the_priority() -> None:
    def speaking(version: int, seconds: int = 5) -> Observation:
        return replace(answer("none", txid=transaction(seconds)), protocol=version)

    members = [replace(N1, priority=900), N2, N3, member(4)]
    rest = {host: speaking(86) for host in ("n2", "n3", "n4")}
    election = elect(members, {"n1": speaking(87), **rest}, NO_HISTORY)
    assert election.chosen == "n2"
    assert election.reasons["n1"] == (
        "fewer nodes can follow it (0, n2 has 2), as NSO releases differ"
    )
    newest = {"n1": speaking(87, seconds=6), **rest}
    assert elect(members, newest, NO_HISTORY).chosen == "n1", "data counts first"
