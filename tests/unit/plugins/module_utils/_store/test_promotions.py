# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The promotion history: entries once and in order, and no changed byte that is not found."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store import promotions
from ansible_collections.nso.ha.plugins.module_utils._store.files import Unusable
from ansible_collections.nso.ha.plugins.module_utils._store.promotions import Entry
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

PATH = "/var/lib/nso-ha/promotions.jsonl"
ENTRY: Entry = {
    "epoch": 2,
    "primary": "n1",
    "txid": {"primary_id": "n3", "timestamp": [1764, 28000, 0]},
    "start": [1764, 28800, 250000],
    "at": "2025-11-25T00:00:00.250000Z",
    "operation": "switchover",
    "run_id": "3f0c",
}

NUMBERS = st.integers(0, 2**63 - 1)
STAMPS = st.lists(NUMBERS, min_size=3, max_size=3)
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=255)
TXIDS = st.none() | st.fixed_dictionaries(
    {"primary_id": st.none() | TEXTS, "timestamp": STAMPS},
)
ENTRIES = st.fixed_dictionaries(
    {
        "epoch": st.integers(1, 5) | st.integers(1, 2**63 - 1),
        "primary": st.sampled_from(["n1", "n2"]) | TEXTS,
        "txid": TXIDS,
        "start": STAMPS,
        "at": TEXTS,
        "operation": TEXTS,
        "run_id": TEXTS,
    }
)
RECORDS = st.lists(ENTRIES, max_size=6)


@repeatable
@given(ENTRIES)
def test_an_entry_of_the_right_form_is_one(entry: Entry) -> None:
    assert promotions.check_entry(entry) == entry


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epoch": 0}, "epoch"),
        ({"epoch": -1}, "epoch"),
        ({"epoch": True}, "epoch"),
        ({"epoch": 1.0}, "epoch"),
        ({"epoch": "1"}, "epoch"),
        ({"epoch": 2**63}, "epoch"),
        ({"primary": ""}, "primary"),
        ({"primary": None}, "primary"),
        ({"primary": "x" * 256}, "primary"),
        ({"at": 1}, "at is not text"),
        ({"operation": []}, "operation"),
        ({"run_id": None}, "run_id"),
        ({"start": [1, 2]}, "start"),
        ({"start": [1, 2, -3]}, "start"),
        ({"start": [1, 2, "3"]}, "start"),
        ({"start": "123"}, "start"),
        ({"start": None}, "start"),
        ({"txid": {}}, r"^txid is .*not a dictionary with the keys"),
        ({"txid": "n1"}, "txid"),
        ({"txid": {"primary_id": "", "timestamp": [1, 2, 3]}}, "primary_id"),
        ({"txid": {"primary_id": 1, "timestamp": [1, 2, 3]}}, "primary_id"),
        (
            {"txid": {"primary_id": None, "timestamp": [1, 2, 3, 4]}},
            r"^txid has a timestamp that is",
        ),
        ({"txid": {"primary_id": None, "timestamp": [1, 2, 3], "x": 1}}, "^txid is .*'x'"),
        ({"sum": "0"}, "has the key 'sum'"),
        ({"format": 1}, "has the key 'format'"),
        ({"weight": float("nan")}, "cannot be written|not JSON"),
    ],
)
def test_an_entry_of_another_form_is_none(change: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        promotions.check_entry({**ENTRY, **change})


@pytest.mark.parametrize("name", promotions.FIELDS)
def test_an_entry_without_one_of_its_keys_is_none(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is missing"):
        promotions.check_entry({key: value for key, value in ENTRY.items() if key != name})


@pytest.mark.parametrize("entry", [None, [], "text", 1])
def test_what_is_no_dictionary_is_no_entry(entry: object) -> None:
    with pytest.raises(ValueError, match="is not a dictionary"):
        promotions.check_entry(entry)


@repeatable
@given(RECORDS)
def test_what_was_written_is_read_as_the_same_entries(entries: Any) -> None:
    assert promotions.parse_entries(promotions.dump_entries(entries), PATH) == (entries, [])


@repeatable
@given(st.lists(ENTRIES, min_size=1, max_size=4), st.data())
def test_any_changed_byte_is_found(entries: Any, data: st.DataObject) -> None:
    written = promotions.dump_entries(entries)
    place = data.draw(st.integers(0, len(written) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != written[place]))
    changed = written[:place] + bytes([other]) + written[place + 1 :]
    try:
        parsed, damaged = promotions.parse_entries(changed, PATH)
    except Unusable:
        # It says now that a newer release wrote it, whose sums may be other ones.
        assert b'"format":%c' % other in changed
        return
    assert damaged
    assert all(entry in entries for entry in parsed), "an entry was read that was never written"
    # A newline that is gone takes two lines with it, and no change takes more.
    assert len(parsed) >= len(entries) - 2


@repeatable
@given(st.lists(ENTRIES, min_size=1, max_size=3), st.data())
def test_a_file_that_ends_in_the_middle_of_a_line_is_damaged(
    entries: Any, data: st.DataObject
) -> None:
    written = promotions.dump_entries(entries)
    size = data.draw(st.integers(1, len(written) - 1))
    parsed, damaged = promotions.parse_entries(written[:size], PATH)
    assert bool(damaged) is not written[:size].endswith(b"\n")
    assert parsed == entries[: len(parsed)]


@repeatable
@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_it_fail(data: bytes) -> None:
    parsed, damaged = promotions.parse_entries(data, PATH)
    assert parsed == []
    assert bool(damaged) is bool(data)


def test_damage_is_told_with_file_and_line() -> None:
    good = promotions.dump_entries([ENTRY])
    parsed, damaged = promotions.parse_entries(
        good + good.replace(b'"n1"', b'"n2"') + good + b"half", PATH
    )
    assert parsed == [ENTRY, ENTRY]
    assert damaged == [
        f"{PATH}, line 2: its sum does not fit",
        f"{PATH}, line 4: it has no end",
    ]


def test_much_damage_is_told_in_few_words() -> None:
    _found, damaged = promotions.parse_entries(b"\n" * 10_000, PATH)
    assert len(damaged) < 20
    assert damaged[-1] == f"{PATH}: 9990 more lines are damaged"


# Formats


def line(fields: Any) -> bytes:
    """Return a line with its sum, written without the code under test."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    total = hashlib.sha256(text.encode()).hexdigest()
    whole = json.dumps({**fields, "sum": total}, sort_keys=True, separators=(",", ":"))
    return whole.encode() + b"\n"


def test_lines_from_before_formats_had_numbers_are_read_and_written_with_one() -> None:
    parsed = promotions.parse_entries(line(ENTRY), PATH)
    assert parsed == ([ENTRY], [])
    assert promotions.dump_entries(parsed[0]) == line({**ENTRY, "format": 1})


def test_a_key_that_is_not_known_is_kept_and_is_under_the_sum() -> None:
    more = {**ENTRY, "site": ["west"]}
    data = line({**more, "format": 1})
    assert promotions.parse_entries(data, PATH) == ([more], [])
    assert promotions.dump_entries([more]) == data
    _parsed, damaged = promotions.parse_entries(data.replace(b"west", b"best"), PATH)
    assert damaged == [f"{PATH}, line 1: its sum does not fit"]


@pytest.mark.parametrize("newer", [b'{"format":2}', b'{"format":2,"epoch":"second","sum":0}'])
def test_one_line_of_a_newer_format_makes_all_of_it_unusable_and_none_of_it_damaged(
    newer: bytes,
) -> None:
    with pytest.raises(Unusable, match=r"promotions.jsonl, line 2: it has format 2, .* is 1\."):
        promotions.parse_entries(line(ENTRY) + newer + b"\n", PATH)


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "true", "null", '"2"', "[2]", "1e3"])
def test_what_is_no_number_of_a_format_is_damage(number: str) -> None:
    _parsed, damaged = promotions.parse_entries(b'{"format":%s}\n' % number.encode(), PATH)
    assert damaged == [f"{PATH}, line 1: format is not a whole number above 0"]


def test_what_differs_only_in_keys_that_are_not_known_is_one_entry_with_all_of_them() -> None:
    several = [{**ENTRY, "a": 1}, ENTRY, {**ENTRY, "b": [2]}, {**ENTRY, "a": 3}]
    wanted = [{**ENTRY, "a": 3, "b": [2]}]
    for order in itertools.permutations(several):
        assert promotions.merge_entries(order[:2], order[2:]) == wanted


def test_a_key_that_is_not_known_is_kept_when_the_oldest_entries_are_dropped() -> None:
    every = [numbered(epoch, site="west") for epoch in range(1, promotions.MAX_ENTRIES + 3)]
    assert promotions.merge_entries(every) == every[2:]


# Merging


@repeatable
@given(RECORDS, RECORDS)
def test_a_merge_has_all_entries_once_in_order_whoever_comes_first(one: Any, other: Any) -> None:
    merged = promotions.merge_entries(one, other)
    assert merged == promotions.merge_entries(other, one)
    assert merged == promotions.merge_entries(merged, one, other)
    for entry in [*one, *other]:
        assert merged.count(entry) == 1
    assert all(entry in one or entry in other for entry in merged)
    ages = [(entry["epoch"], entry["start"], entry["primary"]) for entry in merged]
    assert ages == sorted(ages)


@repeatable
@given(RECORDS, RECORDS, RECORDS)
def test_it_makes_no_difference_in_which_order_three_are_merged(a: Any, b: Any, c: Any) -> None:
    assert promotions.merge_entries(promotions.merge_entries(a, b), c) == promotions.merge_entries(
        a, promotions.merge_entries(b, c)
    )


def numbered(epoch: int, **more: Any) -> Entry:
    return {**ENTRY, "epoch": epoch, **more}


def test_entries_that_differ_in_any_key_are_two() -> None:
    changes: list[Any] = [{}, {"txid": None}, {"at": "x"}, {"operation": "x"}, {"run_id": "x"}]
    assert len(promotions.merge_entries([numbered(1, **change) for change in changes])) == len(
        changes
    )


def test_of_too_many_entries_the_newest_are_kept() -> None:
    every = [numbered(epoch) for epoch in range(1, promotions.MAX_ENTRIES + 3)]
    assert promotions.merge_entries(every) == every[2:]
    assert promotions.merge_entries(every[2:], every[:2]) == every[2:]


def test_what_would_be_too_long_to_be_read_again_is_not_kept() -> None:
    long = "\U0001f600" * 255
    every = [
        numbered(epoch, at=long, operation=long, run_id=long)
        for epoch in range(1, promotions.MAX_ENTRIES + 1)
    ]
    kept = promotions.merge_entries(every)
    assert len(promotions.dump_entries(kept)) <= promotions.MAX_BYTES
    assert len(promotions.dump_entries(every[-len(kept) - 1 :])) > promotions.MAX_BYTES
    assert kept == every[-len(kept) :]
