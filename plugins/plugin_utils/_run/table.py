# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report as lines of text, for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node.state import FOLLOWERS

from .._checks.case import Verdict

#: Columns of a terminal; some break the line in the last one.
WIDTH = 79

#: Names of the columns but the last, and how wide they may become: with two spaces in between no
#: more than WIDTH.
_COLUMNS = {"NODE": 14, "WANTED": 9, "FOUND": 9, "PRIMARY": 10, "TRANSACTION": 22}


def lines(
    head: Sequence[str], nodes: Sequence[Mapping[str, Any]], last: str, notes: Sequence[str]
) -> list[str]:
    """Return the lines of the report: what matters most, the table, and the notes.

    `last` is the name of the last column.
    """
    rows = [[*_COLUMNS, last]]
    for node in nodes:
        primary = node["primary"]
        cells = [
            node["host"],
            node["wanted"] or "?",
            node["role"] or "?",
            _upstream(node["role"], primary),
            node["txid_text"],
        ]
        short = [_cut(cell, limit) for cell, limit in zip(cells, _COLUMNS.values(), strict=True)]
        rows.append([*short, node["done"]])
    widths = [max(len(row[i]) for row in rows) for i in range(len(_COLUMNS))]
    rows_as_text = [line for row in rows for line in _row(row, widths)]
    more = ["", *_wrapped(notes)] if notes else []
    return [*_wrapped(head), "", *rows_as_text, *more]


def _wrapped(sentences: Iterable[str]) -> list[str]:
    # Paths, names of hosts and consents are to be copied whole.
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(
            sentence, WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )
    ]


def _upstream(role: str | None, primary: Mapping[str, Any] | None) -> str:
    """Return the id of the node that a node follows, "?" where it does not tell."""
    if primary:
        return str(primary["node_id"])
    return "?" if role in FOLLOWERS else "-"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "~"


def _row(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return one row as lines: what is done may need more than one."""
    head = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
    room = WIDTH - len(head) - 2
    if room >= 12:
        done = textwrap.wrap(row[-1], room) or [""]
        indent = " " * (len(head) + 2)
        return [f"{head}  {done[0]}".rstrip(), *(indent + more for more in done[1:])]
    return [head.rstrip(), *textwrap.wrap(row[-1], WIDTH, initial_indent="    -> ")]


def notes(nodes: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict]) -> list[str]:
    """Return a line for each verdict, and for each node that has a problem."""
    return [*map(note, verdicts), *node_notes(nodes)]


def note(verdict: Verdict) -> str:
    """Return a verdict as a line."""
    who = f"{verdict.host} " if verdict.host else ""
    return f"({verdict.check} {verdict.result}) {who}{verdict.reason.strip().rstrip('.')}."


def node_notes(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each node that has a problem."""
    return [f"({node['host']}) {node['problem']}" for node in nodes if node["problem"]]
