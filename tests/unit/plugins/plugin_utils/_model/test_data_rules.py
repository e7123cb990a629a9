# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data rules."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model import data_rules
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import (
    Promotion,
    PromotionHistory,
)
from helpers.cases import NO_HISTORY
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

A5, A6 = TransactionId("a", (1, 5, 0)), TransactionId("a", (1, 6, 0))
B5, B6 = TransactionId("b", (1, 5, 0)), TransactionId("b", (1, 6, 0))
C5 = TransactionId("c", (1, 5, 0))
ALONE5, ALONE6 = TransactionId(None, (1, 5, 0)), TransactionId(None, (1, 6, 0))
EMPTY5, EMPTY6 = TransactionId("", (1, 5, 0)), TransactionId("", (1, 6, 0))

#: "a" was primary, then "b", from what "a" had at (1, 5, 0).
A_THEN_B = PromotionHistory(
    [Promotion(1, "a", ALONE5, (1, 4, 0)), Promotion(2, "b", A5, (1, 5, 0))]
)

TXIDS = st.none() | st.builds(
    TransactionId,
    st.none() | st.sampled_from(("", "a", "b")),
    st.tuples(*[st.integers(0, 2)] * 3),
)


@pytest.mark.parametrize(
    ("txid", "primary", "relation"),
    [
        (A5, A5, data_rules.EQUAL),
        (ALONE5, ALONE5, data_rules.EQUAL),
        (A5, A6, data_rules.UNRECORDED),
        (A6, A5, data_rules.NEWER),
        (A5, B5, data_rules.OTHER),
        (ALONE5, ALONE6, data_rules.OTHER),
        (EMPTY5, EMPTY6, data_rules.OTHER),
        (ALONE5, A6, data_rules.OTHER),
        (A5, ALONE6, data_rules.OTHER),
        (None, A5, data_rules.UNKNOWN),
        (A5, None, data_rules.UNKNOWN),
        (None, None, data_rules.UNKNOWN),
    ],
)
def test_relation_of_two_ids_without_a_history(
    txid: TransactionId | None, primary: TransactionId | None, relation: str
) -> None:
    assert data_rules.compare(txid, primary, NO_HISTORY) == relation


@pytest.mark.parametrize(
    ("txid", "primary", "relation"),
    [
        (B5, B5, data_rules.EQUAL),
        (A5, B6, data_rules.BEHIND),
        (B5, B6, data_rules.BEHIND),
        (ALONE5, B6, data_rules.BEHIND),
        (B6, B5, data_rules.NEWER),
        (B5, A5, data_rules.NEWER),
        (A6, B6, data_rules.DIVERGED),
        (ALONE6, B6, data_rules.OTHER),
        (C5, B6, data_rules.OTHER),
        # What is to be the primary is itself not on the line: nothing is known then.
        (A5, C5, data_rules.OTHER),
        (A5, A6, data_rules.UNRECORDED),
        (None, B5, data_rules.UNKNOWN),
        (B5, None, data_rules.UNKNOWN),
    ],
)
def test_relation_of_two_ids_with_a_history(
    txid: TransactionId | None, primary: TransactionId | None, relation: str
) -> None:
    assert data_rules.compare(txid, primary, A_THEN_B) == relation


@given(TXIDS, TXIDS)
@repeatable
def test_without_a_history_only_equal_ids_are_safe(
    txid: TransactionId | None, primary: TransactionId | None
) -> None:
    safe = data_rules.compare(txid, primary, NO_HISTORY) in data_rules.SAFE
    assert safe == (txid is not None and txid == primary)


@given(TXIDS, TXIDS, st.sampled_from((NO_HISTORY, A_THEN_B)))
@repeatable
def test_of_two_nodes_at_most_one_can_copy_the_other_unless_they_are_equal(
    txid: TransactionId | None, other: TransactionId | None, history: PromotionHistory
) -> None:
    both = {data_rules.compare(txid, other, history), data_rules.compare(other, txid, history)}
    assert not both <= data_rules.SAFE or both == {data_rules.EQUAL}


@pytest.mark.parametrize(
    ("relation", "text"),
    [
        (
            data_rules.EQUAL,
            "has the same data as the primary (a/1000005.000000), so nothing is copied",
        ),
        (data_rules.COPY, "is connected to the primary, so its data is a copy already"),
        (
            data_rules.BEHIND,
            "has older data of the same history as the primary (a/1000005.000000, primary "
            "b/1000005.000000)",
        ),
        (
            data_rules.NEWER,
            "has newer data than the primary (a/1000005.000000, primary b/1000005.000000)",
        ),
        (
            data_rules.OTHER,
            "has data that the primary may not have (a/1000005.000000, primary b/1000005.000000)",
        ),
        (
            data_rules.HANDED,
            "has nothing that the next primary does not get before it takes over",
        ),
        (
            data_rules.DIVERGED,
            "has transactions that were made after another primary had taken over, so nobody else "
            "has them (a/1000005.000000, primary b/1000005.000000)",
        ),
        (
            data_rules.UNRECORDED,
            "seems to be behind the primary (a/1000005.000000, primary b/1000005.000000), but no "
            "promotion history says that nothing was lost in between",
        ),
        (
            data_rules.UNKNOWN,
            "cannot be compared with the primary: a transaction id is unknown (a/1000005.000000, "
            "primary b/1000005.000000)",
        ),
    ],
)
def test_each_relation_is_explained_with_both_ids(relation: str, text: str) -> None:
    assert data_rules.explain(relation, A5, B5) == text
