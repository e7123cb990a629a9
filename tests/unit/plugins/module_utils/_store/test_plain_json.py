# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON of the kept files: one text for each value, and nothing read that a result cannot carry."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store import plain_json
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=10,
)


@repeatable
@given(VALUES)
def test_what_was_written_is_read_as_the_same_value(value: Any) -> None:
    text = plain_json.dump(value)
    assert text.isascii()
    assert "\n" not in text
    assert plain_json.load(text.encode("ascii")) == value


def test_the_order_of_keys_makes_no_difference() -> None:
    assert plain_json.dump({"b": 1, "a": 2}) == plain_json.dump({"a": 2, "b": 1})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{} {}",
        b"NaN",
        b"[Infinity]",
        b"\xff",
        b'"\xc3"',
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\x00",
        b"[1e999]",
    ],
)
def test_what_is_no_json_or_cannot_be_returned_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        plain_json.load(data)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}, object()])
def test_what_is_no_json_cannot_be_kept(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        plain_json.dump({"value": value})


@pytest.mark.parametrize("data", [b"1", b"[]", b"null", b'"text"'])
def test_only_an_object_is_an_object(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a JSON object"):
        plain_json.load_object(data)
    assert plain_json.load_object(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("value", [None, 1, "", "x" * 11, ["x"]])
def test_text_that_is_none_or_too_long_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match=r"^name "):
        plain_json.check_texts({"name": value}, ("name",), 10)


def test_text_of_the_longest_size_is_no_error() -> None:
    plain_json.check_texts({"name": "x" * 10}, ("name",), 10)


def test_keys_that_are_missing_are_an_error_and_more_of_them_are_not() -> None:
    with pytest.raises(ValueError, match="b is missing"):
        plain_json.check_keys({"a": 1}, ("a", "b"))
    value = {"a": 1, "b": 2, "c": 3}
    plain_json.check_keys(value, ("a", "b"))
    assert plain_json.unknown(value, ("a", "b")) == {"c": 3}


def test_an_object_is_written_with_the_number_of_its_format_and_read_without() -> None:
    text = plain_json.dump_object({"a": 1})
    assert text == f'{{"a":1,"format":{plain_json.FORMAT}}}'
    assert plain_json.load_object(text.encode()) == {"a": 1}
    newer = plain_json.FORMAT + 1
    with pytest.raises(plain_json.NewerFormat, match=f"format {newer}, .* is {plain_json.FORMAT}"):
        plain_json.load_object(b'{"format":%d}' % newer)
