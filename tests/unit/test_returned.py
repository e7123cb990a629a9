# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What compares results with RETURN sees every kind of difference."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import returned

FIELDS: dict[str, dict[str, Any]] = {
    "found": {
        "description": "What was found, or null.",
        "returned": "when it answered",
        "type": "dict",
        "sample": {"name": "a", "peers": []},
        "contains": {
            "name": {"description": "Its name.", "returned": "always", "type": "str"},
            "peers": {
                "description": "Others.",
                "returned": "always",
                "type": "list",
                "elements": "dict",
                "contains": {"id": {"description": "Id.", "returned": "always", "type": "str"}},
            },
        },
    },
    "orders": {
        "description": "Orders.",
        "returned": "when it answered",
        "type": "list",
        "elements": "str",
    },
}
GOOD: dict[str, Any] = {
    "changed": False,
    "found": {"name": "a", "peers": [{"id": "b"}]},
    "orders": ["c"],
}


def test_results_that_are_as_documented_pass() -> None:
    failed = {"failed": True, "msg": "no answer"}
    unknown: dict[str, Any] = {"changed": True, "found": None, "orders": []}
    assert returned.disagreements([GOOD, failed, unknown], FIELDS) == []
    assert returned.strangers_in_samples(FIELDS) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"more": 1}, "more is returned and not documented"),
        ({"found": {"name": "a", "peers": [], "more": 1}}, "found.more is returned and not"),
        ({"found": {"name": "a", "peers": [{"id": "b", "x": 1}]}}, "found.peers.x is returned"),
        ({"found": {"peers": [{"id": "b"}]}}, "found.name is documented as always returned"),
        ({"found": {"name": None, "peers": []}}, "found.name is null"),
        ({"found": {"name": 1, "peers": []}}, "found.name is documented as str and was 1"),
        ({"found": {"name": "a", "peers": []}}, "found.peers.id is documented and never returned"),
        ({"orders": [1]}, "orders is documented as a list of str and was [1]"),
        ({"orders": None}, "orders is null"),
    ],
)
def test_a_result_that_differs_is_named(change: dict[str, Any], words: str) -> None:
    found = returned.disagreements([{**GOOD, **change}], FIELDS)
    assert [line for line in found if line.startswith(words)], found


def test_keys_that_come_together_are_missed_alone() -> None:
    found = returned.disagreements([{"found": GOOD["found"]}], FIELDS)
    assert "orders was not there, and found was: when it answered" in found
    assert "orders is documented and never returned" in found


def test_a_dictionary_without_documented_keys_is_named() -> None:
    fields = {"found": {"description": "x", "returned": "always", "type": "dict"}}
    found = returned.disagreements([{"found": {"a": 1}}], fields)
    assert found == ["found has keys that are not documented"]


def test_a_sample_with_other_keys_is_named() -> None:
    fields = {"found": {**FIELDS["found"], "sample": {"name": "a", "others": []}}}
    assert returned.strangers_in_samples(fields) == [
        "found.others is returned and not documented",
        "found.peers is documented as always returned and was not there",
        "found.peers was not there, and name was: always",
    ]
