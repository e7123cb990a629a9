# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that people read."""

from __future__ import annotations

import pytest
from benchmark.results import BYTES, PER_SECOND, RATIO, SECONDS, Quantity, Result
from benchmark.table import notes, shown, table


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def test_the_table_has_a_row_for_each_figure_with_its_verdict(results: list[Result]) -> None:
    head, _rule, *body = rows(table(results))
    assert head == ["figure", "result", "quartiles", "n", "target", "met", "medians of"]
    assert body == [
        [
            "status / ping, <local>",
            "1.10",
            "1.05 to 1.15",
            "3",
            "at most 1.15",
            "yes",
            "status 412 ms, ping 380 ms",
        ],
        [
            "orders / echoes",
            "0.25",
            "0.25 to 0.25",
            "10",
            "at least 0.50",
            "NO",
            "orders 12 346/s",
        ],
        ["bytes & bytes", "1.25", "exact", "1", "-", "-", "-"],
        [
            "largest gap",
            "2.50 s",
            "550 ms to 1.55 s",
            "3",
            "the largest at most 2.00 s",
            "NO",
            "-",
        ],
        [
            "status / ping, over SSH",
            "NOT RUN",
            "-",
            "-",
            "at most 1.10",
            "-",
            "the lab with SSH needs root",
        ],
    ]


def test_all_lines_of_the_table_are_as_long(results: list[Result]) -> None:
    assert len({len(line) for line in table(results).splitlines()}) == 1


def test_what_was_not_run_and_what_was_run_too_seldom_is_said(results: list[Result]) -> None:
    said = notes(results)
    assert said[0] == "NOT RUN: status / ping, over SSH: the lab with SSH needs root."
    assert "Where n is less than 10" in said[1]
    # Ten rounds, and a count that is the same in each.
    assert notes([results[1], results[2]]) == []


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1.149, RATIO, "1.15"),
        (12.34, SECONDS, "12.3 s"),
        (123.4, SECONDS, "123 s"),
        (0.0123, SECONDS, "12.3 ms"),
        (0.0000456, SECONDS, "45.6 µs"),
        (250278, BYTES, "250 278 bytes"),
        (17127.4, PER_SECOND, "17 127/s"),
    ],
)
def test_numbers_have_their_unit_and_no_more_digits_than_they_are_worth(
    value: float, unit: str, words: str
) -> None:
    assert shown(Quantity(value, unit)) == words
