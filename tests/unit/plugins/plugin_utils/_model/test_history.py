# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The promotion history, by examples and over what may have happened to a cluster."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model import data_rules
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import (
    Promotion,
    PromotionHistory,
    promotion_from,
)
from helpers.cases import NO_HISTORY, history, promotion
from helpers.histories import HOSTS, History, entries, histories
from helpers.properties import repeatable
from hypothesis import given, settings
from hypothesis import strategies as st


def txid(primary: str | None, seconds: int) -> TransactionId:
    return TransactionId(primary, (0, seconds, 0))


# "a" is primary, then "b", then "a" again. At 25, after b had taken over, a wrote once more.
FIRST = promotion(1, "a", txid(None, 5), 10)
SECOND = promotion(2, "b", txid("a", 20), 21)
THIRD = promotion(3, "a", txid("b", 30), 31)
THERE_AND_BACK = history(FIRST, SECOND, THIRD)


# The main line


@pytest.mark.parametrize(
    "ancestor", [txid(None, 5), txid("a", 5), txid("a", 20), txid("b", 22), txid("b", 30)]
)
def test_what_is_below_the_bases_is_an_ancestor(ancestor: TransactionId) -> None:
    assert data_rules.compare(ancestor, txid("a", 40), THERE_AND_BACK) == data_rules.BEHIND


@pytest.mark.parametrize("branch", [txid("a", 25), txid("b", 35)])
def test_what_was_written_by_a_primary_that_had_been_replaced_diverged(
    branch: TransactionId,
) -> None:
    assert data_rules.compare(branch, txid("a", 40), THERE_AND_BACK) == data_rules.DIVERGED


def test_what_was_written_while_in_no_cluster_is_on_no_line() -> None:
    assert data_rules.compare(txid(None, 25), txid("a", 40), THERE_AND_BACK) == data_rules.OTHER


def test_what_comes_after_the_data_to_copy_is_newer() -> None:
    assert data_rules.compare(txid("a", 40), txid("b", 30), THERE_AND_BACK) == data_rules.NEWER


def test_promotions_that_wrote_nothing_are_passed_over() -> None:
    idle = [promotion(number, "bc"[number % 2], txid("a", 20), 21) for number in range(2, 12)]
    known = history(FIRST, *idle)
    assert data_rules.compare(txid("a", 15), txid("a", 20), known) == data_rules.BEHIND
    assert data_rules.compare(txid("a", 15), txid("c", 40), known) == data_rules.BEHIND


def test_a_first_id_is_the_last_one_before_under_the_own_name() -> None:
    assert FIRST.first == (0, 5, 0)
    assert SECOND.first == (0, 21, 0)
    assert promotion(1, "a", None, 10).first == (0, 10, 0)


# What is not known


def test_nothing_below_a_gap_counts() -> None:
    known = history(FIRST, THIRD)
    assert known.all == (FIRST, THIRD)
    assert known.epochs == (THIRD,)
    assert data_rules.compare(txid("a", 25), txid("a", 40), known) == data_rules.UNRECORDED
    # The base of the newest one is an ancestor all the same.
    assert data_rules.compare(txid("b", 30), txid("a", 40), known) == data_rules.BEHIND


def test_a_missing_newest_one_is_noticed() -> None:
    known = history(FIRST, SECOND)
    assert data_rules.compare(txid("a", 25), txid("a", 40), known) == data_rules.UNRECORDED
    assert data_rules.compare(txid("b", 25), txid("a", 40), known) == data_rules.OTHER


def test_a_base_that_is_not_known_ends_the_line() -> None:
    known = history(FIRST, promotion(2, "b", None, 21))
    assert data_rules.compare(txid("b", 22), txid("b", 25), known) == data_rules.BEHIND
    assert data_rules.compare(txid("a", 15), txid("b", 25), known) == data_rules.OTHER


def test_the_line_does_not_pass_a_promotion_whose_data_was_left_behind() -> None:
    # "b" wrote once more after "a" had taken over. Then two halves of the cluster made "b" and "c"
    # primary, and the promotion of "b" was lost: only its data is there.
    known = history(
        promotion(1, "b", txid(None, 5), 10),
        promotion(2, "a", txid("b", 20), 21),
        promotion(3, "c", txid("a", 30), 31),
        promotion(4, "b", txid("b", 40), 41),
    )
    for later in (txid("b", 25), txid("b", 35)):
        assert data_rules.compare(later, txid("b", 50), known) not in data_rules.SAFE


def test_of_two_lines_the_ids_tell_which_one_is_meant() -> None:
    halves = [promotion(2, "b", txid("a", 20), 21), promotion(2, "c", txid("a", 15), 21)]
    known = history(FIRST, *halves)
    assert known.newest is None
    assert data_rules.compare(txid("a", 18), txid("b", 30), known) == data_rules.BEHIND
    assert data_rules.compare(txid("a", 18), txid("c", 30), known) == data_rules.DIVERGED
    assert data_rules.compare(txid("c", 30), txid("b", 30), known) == data_rules.DIVERGED


# The history itself


def test_an_empty_history_says_nothing() -> None:
    empty = NO_HISTORY
    assert not empty
    assert empty.newest is None
    assert empty.next_number == 1
    assert empty.line_of([txid("a", 1)]) is None
    assert empty.of("a") == []


def test_the_newest_promotion_has_the_highest_number_whatever_the_clocks_say() -> None:
    known = history(promotion(2, "b", None, 1), promotion(1, "a", None, 9))
    assert known.newest is not None
    assert known.newest.primary == "b"
    assert known.next_number == 3


def test_a_history_with_a_promotion_is_something() -> None:
    assert history(FIRST)
    assert history(promotion(0, "a", None, 1)).epochs


def test_the_line_that_an_id_is_not_on_is_none_for_it() -> None:
    assert history(FIRST).line_with(txid("a", 6)) is not None
    assert history(FIRST).line_with(txid("b", 6)) is None


def test_the_same_promotion_known_to_several_is_one() -> None:
    assert history(FIRST, FIRST).all == (FIRST,)


def test_a_promotion_recorded_twice_under_a_number_is_not_two_primaries() -> None:
    known = history(FIRST, promotion(1, "a", txid(None, 5), 11))
    assert known.newest is not None
    assert known.newest.primary == "a"


def test_the_promotions_of_a_node_are_those_that_can_be_relied_on() -> None:
    assert THERE_AND_BACK.of("a") == [FIRST, THIRD]
    assert history(FIRST, THIRD).of("a") == [THIRD]


@pytest.mark.parametrize("base", [None, txid(None, 5), txid("a", 5)])
def test_a_promotion_is_what_it_was_after_it_was_kept(base: TransactionId | None) -> None:
    recorded = Promotion(7, "a", base, (1, 2, 3), "2026-01-02T03:04:05Z", "failover", "r1")
    assert promotion_from(recorded.as_entry()) == recorded


# Over what may have happened


def known_to(past: History, hosts: list[str]) -> PromotionHistory:
    return PromotionHistory(map(promotion_from, entries(past, hosts)))


@given(
    histories(),
    st.sets(st.sampled_from(HOSTS), min_size=1).map(sorted),
    st.none() | st.integers(0, 30),
)
@settings(repeatable, max_examples=400)
def test_nothing_is_called_safe_that_the_primary_does_not_have(
    past: History, keepers: list[str], missing: int | None
) -> None:
    promotions = sorted(known_to(past, keepers).all, key=lambda promotion: promotion.number)
    if missing is not None and promotions:
        # The newest one is the last: it is drawn often, as histories are short.
        del promotions[-1 - missing % len(promotions)]
    known = PromotionHistory(promotions)
    for node in past.nodes.values():
        for primary in past.nodes.values():
            if data_rules.compare(node.txid, primary.txid, known) in data_rules.SAFE:
                assert node.data <= primary.data


@given(histories(orderly=True))
@settings(repeatable, max_examples=200)
def test_with_all_of_the_history_everything_that_the_primary_has_is_known_to_be_safe(
    past: History,
) -> None:
    known, last = known_to(past, list(HOSTS)), past.last
    assert last is not None
    assert known.newest is not None
    assert known.newest.primary == last.node_id
    for node in past.nodes.values():
        relation = data_rules.compare(node.txid, last.txid, known)
        assert (relation in data_rules.SAFE) == (node.data <= last.data)
        # And of the rest it is known that no other node has it.
        assert relation in data_rules.SAFE or relation == data_rules.DIVERGED


@given(histories())
@repeatable
def test_no_two_nodes_are_behind_each_other(past: History) -> None:
    known = known_to(past, list(HOSTS))
    nodes = list(past.nodes.values())
    for node in nodes:
        for other in nodes:
            both = [data_rules.compare(*pair, known) for pair in _both_ways(node.txid, other.txid)]
            assert both.count(data_rules.BEHIND) < 2


def _both_ways(
    first: TransactionId | None, second: TransactionId | None
) -> list[tuple[TransactionId | None, TransactionId | None]]:
    return [(first, second), (second, first)]
