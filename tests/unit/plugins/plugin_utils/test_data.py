# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data rules."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils.state import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils import data
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

A5, A6 = TransactionId("a", (1, 5, 0)), TransactionId("a", (1, 6, 0))
B5 = TransactionId("b", (1, 5, 0))
ALONE5, ALONE6 = TransactionId(None, (1, 5, 0)), TransactionId(None, (1, 6, 0))
EMPTY5, EMPTY6 = TransactionId("", (1, 5, 0)), TransactionId("", (1, 6, 0))

TXIDS = st.none() | st.builds(
    TransactionId,
    st.none() | st.sampled_from(("", "a", "b")),
    st.tuples(*[st.integers(0, 2)] * 3),
)


@pytest.mark.parametrize(
    ("own", "primary", "relation"),
    [
        (A5, A5, data.EQUAL),
        (ALONE5, ALONE5, data.EQUAL),
        (A5, A6, data.BEHIND),
        (A6, A5, data.NEWER),
        (A5, B5, data.OTHER),
        (ALONE5, ALONE6, data.OTHER),
        (EMPTY5, EMPTY6, data.OTHER),
        (ALONE5, A6, data.OTHER),
        (A5, ALONE6, data.OTHER),
        (None, A5, data.UNKNOWN),
        (A5, None, data.UNKNOWN),
        (None, None, data.UNKNOWN),
    ],
)
def test_relation_of_two_ids(
    own: TransactionId | None, primary: TransactionId | None, relation: str
) -> None:
    assert data.compare(own, primary) == relation


@given(TXIDS, TXIDS)
@repeatable
def test_only_equal_ids_and_older_ones_of_the_same_primary_are_safe(
    own: TransactionId | None, primary: TransactionId | None
) -> None:
    safe = data.compare(own, primary) in data.SAFE
    if own is None or primary is None:
        assert not safe
    elif own != primary:
        assert safe == (
            bool(own.primary_id)
            and own.primary_id == primary.primary_id
            and own.timestamp < primary.timestamp
        )
    else:
        assert safe


@given(TXIDS, TXIDS)
@repeatable
def test_of_two_nodes_at_most_one_can_copy_the_other_unless_they_are_equal(
    one: TransactionId | None, other: TransactionId | None
) -> None:
    both = {data.compare(one, other), data.compare(other, one)}
    assert not both <= data.SAFE or both == {data.EQUAL}


def test_an_id_is_shown_with_its_primary_and_seconds() -> None:
    assert data.show(TransactionId("n1", (1764, 2800, 42))) == "n1/1764002800.000042"
    assert data.show(ALONE5) == "-/1000005.000000"
    assert data.show(None) == "-"


@pytest.mark.parametrize(
    ("relation", "text"),
    [
        (data.EQUAL, "has the same data as the primary (a/1000005.000000), so nothing is copied"),
        (data.COPY, "is connected to the primary, so its data is a copy already"),
        (
            data.BEHIND,
            "is behind the primary on the same timeline (a/1000005.000000, primary "
            "b/1000005.000000)",
        ),
        (
            data.NEWER,
            "has newer data than the primary (a/1000005.000000, primary b/1000005.000000)",
        ),
        (
            data.OTHER,
            "has data that the primary may not have (a/1000005.000000, primary b/1000005.000000)",
        ),
        (
            data.UNKNOWN,
            "has a transaction id, or its primary has, that is not known (a/1000005.000000, "
            "primary b/1000005.000000)",
        ),
    ],
)
def test_each_relation_is_explained_with_both_ids(relation: str, text: str) -> None:
    assert data.explain(relation, A5, B5) == text
