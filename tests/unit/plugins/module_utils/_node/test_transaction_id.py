# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transaction id as text: one word that nobody has to quote, and that is read back."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.one_of(st.none(), st.text(min_size=1, max_size=20), st.sampled_from(["-", "unknown"]))
TIMES = st.tuples(st.integers(0, 10**7), st.integers(0, 999_999), st.integers(0, 999_999))


@pytest.mark.parametrize(
    ("primary", "text"),
    [
        ("n1", "n1/1795565851.922577"),
        (None, "-/1795565851.922577"),
        ("-", "%2D/1795565851.922577"),
        ("a b,c@d", "a%20b%2Cc%40d/1795565851.922577"),
        ("nüé", "n%C3%BC%C3%A9/1795565851.922577"),
    ],
)
def test_it_is_printed_as_one_word(primary: str | None, text: str) -> None:
    txid = TransactionId(primary, (1795, 565851, 922577))
    assert str(txid) == text
    assert TransactionId.from_text(text) == txid


@given(NAMES, TIMES)
@repeatable
def test_what_is_printed_is_read_as_the_same(
    primary: str | None, time: tuple[int, int, int]
) -> None:
    txid = TransactionId(primary, time)
    assert TransactionId.from_text(str(txid)) == txid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n1",
        "n1/5",
        "n1/5.0",
        "n1/05.000000",
        "n1/5.0000000",
        "n%31/5.000000",
        "n%2/5.000000",
        "n%FF/5.000000",
        "a b/5.000000",
        "/5.000000",
        "n1/\u0665.000000",
        " n1/5.000000",
    ],
)
def test_what_is_not_printed_for_any_id_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a transaction id|can't decode"):
        TransactionId.from_text(text)
