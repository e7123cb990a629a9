# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart. It is read back as XML, which it has to be."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from benchmark.chart import chart
from benchmark.results import AT_MOST, Figure, Result, Target

SVG = "{http://www.w3.org/2000/svg}"


def drawn(results: list[Result]) -> ElementTree.Element:
    return ElementTree.fromstring(chart(results))


def bars(svg: ElementTree.Element) -> list[ElementTree.Element]:
    return [one for one in svg.iter(f"{SVG}rect") if one.get("class") in ("met", "missed")]


def end(column: ElementTree.Element) -> float:
    return float(column.get("x", "")) + float(column.get("width", ""))


def target(svg: ElementTree.Element) -> float:
    (line,) = [one for one in svg.iter(f"{SVG}line") if one.get("class") == "target"]
    return float(line.get("x1", ""))


def test_the_chart_names_every_figure_and_what_was_not_run(results: list[Result]) -> None:
    words = [one.text for one in drawn(results).iter(f"{SVG}text")]
    for one in results:
        assert one.figure.title in words
    assert "NOT RUN" in words
    assert "1.25, no target" in words


def test_a_bar_ends_left_of_the_target_if_that_is_met_and_right_of_it_if_not(
    results: list[Result],
) -> None:
    svg = drawn(results)
    found = bars(svg)
    assert [column.get("class") for column in found] == ["met", "missed", "missed"]
    assert [end(column) <= target(svg) for column in found] == [True, False, False]


def test_a_bar_that_is_too_long_is_cut_off_and_says_so() -> None:
    one = Result("group", Figure("name", "title", Target(AT_MOST, 1.0)), (50.0,))
    svg = drawn([one])
    (column,) = bars(svg)
    assert end(column) < float(svg.get("width", ""))
    assert "50.00 missed, cut off" in [text.text for text in svg.iter(f"{SVG}text")]


def test_the_spread_is_on_the_bar_from_quartile_to_quartile() -> None:
    one = Result("group", Figure("name", "title", Target(AT_MOST, 1.0)), (0.4, 0.5, 0.6, 0.7, 0.8))
    svg = drawn([one])
    (line,) = [part for part in svg.iter(f"{SVG}line") if part.get("class") == "spread"]
    (column,) = bars(svg)
    zero, one_share = float(column.get("x", "")), target(svg)
    shares = [(float(line.get(name, "")) - zero) / (one_share - zero) for name in ("x1", "x2")]
    assert shares == pytest.approx([0.5, 0.7], abs=0.01)


def test_the_chart_is_readable_on_light_and_on_dark_ground(results: list[Result]) -> None:
    text = chart(results)
    assert "prefers-color-scheme: dark" in text
    assert 'class="ground"' in text
