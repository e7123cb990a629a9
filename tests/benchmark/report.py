# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves: results.json, chart.svg, and the table in docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.chart import chart
from benchmark.machine import described
from benchmark.results import Result, as_json, from_json
from benchmark.table import notes, table

RESULTS, CHART = "results.json", "chart.svg"
BEGIN, END = "<!-- The table is written by make bench. -->", "<!-- End of the table. -->"

#: What the machine was, by names for people.
About = Mapping[str, str]


def text(about: About, results: Sequence[Result]) -> str:
    """Return the table with all that has to be said of it, as Markdown."""
    said = "".join(f"\n{note}\n" for note in notes(results))
    return f"{table(results)}\n{said}\nMeasured on: {described(about)}.\n"


def to_json(about: About, results: Sequence[Result]) -> str:
    """Return all of it as JSON."""
    found = {"machine": dict(about), "results": [as_json(one) for one in results]}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def parse(content: str) -> tuple[dict[str, str], list[Result]]:
    """Return what `to_json` was given."""
    found: dict[str, Any] = json.loads(content)
    return found["machine"], [from_json(one) for one in found["results"]]


def with_table(page: str, content: str) -> str:
    """Return a page with this between its markers. Raises ValueError if it has none."""
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the table")
    return f"{before}{BEGIN}\n\n{content}\n{END}{after}"


def table_of(page: str) -> str:
    """Return what is between the markers of a page."""
    return page.partition(BEGIN)[2].partition(END)[0].strip("\n") + "\n"


def write(directory: Path, about: About, results: Sequence[Result]) -> None:
    """Write the files of a run."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / RESULTS).write_text(to_json(about, results), encoding="utf-8")
    (directory / CHART).write_text(chart(results), encoding="utf-8")


def write_page(page: Path, about: About, results: Sequence[Result]) -> None:
    """Write the table into a page."""
    content = with_table(page.read_text(encoding="utf-8"), text(about, results))
    page.write_text(content, encoding="utf-8")
