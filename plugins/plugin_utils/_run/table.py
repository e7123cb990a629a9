# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report as lines of text, for a terminal of 80 columns. Pure functions."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node.state import FOLLOWERS, ROLES

from .._checks.case import OVERRIDDEN, Verdict

#: Columns of a terminal; some break the line in the last one.
WIDTH = 79

#: Names of colours that Ansible has, for what is well, what needs a look, and what is wrong.
GOOD, WARN, BAD, PLAIN = "green", "yellow", "red", ""

NODE, ROLE, WANTED, COPIES, DATA = "NODE", "ROLE", "WANTED", "COPIES", "DATA"

#: How much room the last column is given before others are left out for it.
_MOST_FOR_THE_LAST = 34
#: The least room in which the last column is wrapped; with less it gets lines of its own.
_LEAST_FOR_THE_LAST = 16

_NOTHING = "-"
#: What comes before the consent in a reason.
CONSENT = ". If that data may go: "
#: Transactions in a reason.
_IN_BRACKETS = re.compile(r" \([^()]*\)")
#: What a command in a sentence begins with.
_COMMAND = ": ansible-playbook "


@dataclass(frozen=True)
class ReportLine:
    """A line of text, perhaps with the name of its colour."""

    text: str
    colour: str = PLAIN


@dataclass(frozen=True)
class Last:
    """The last column of a table: its name, and the key of each node with what it shows.

    Where no node has anything to show but this, it is left out.
    """

    name: str
    key: str
    unless: str = ""


def wrapped(sentences: Iterable[str], colour: str = PLAIN) -> list[ReportLine]:
    """Return sentences as lines. Paths, names of hosts and options are not broken."""
    return [
        ReportLine(line, colour)
        for sentence in sentences
        for line in textwrap.wrap(
            sentence, WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )
    ]


def names_of(hosts: Sequence[str], most: int = 0) -> str:
    """Return names in a sentence; where there are more than `most`, some of them."""
    if most and len(hosts) > most:
        return f"{', '.join(hosts[: most - 1])} and {len(hosts) - most + 1} more"
    return " and ".join([", ".join(hosts[:-1]), hosts[-1]] if len(hosts) > 1 else hosts)


def with_commands(sentences: Iterable[str], colour: str = PLAIN) -> list[ReportLine]:
    """Return sentences as lines, the command at the end of one so that it can be pasted."""
    lines = []
    for sentence in sentences:
        words, mark, options = sentence.rstrip(".").partition(_COMMAND)
        if mark:
            lines += command(f"{mark.lstrip(' :')}{options}", f"{words}:")
        else:
            lines += wrapped([sentence], colour)
    return lines


def command(text: str, before: str = "") -> list[ReportLine]:
    """Return a command in one line, or in lines of which the shell makes one.

    before: what is said in the same line, if there is room for it
    """
    if before and len(f"{before} {text}") <= WIDTH:
        return [ReportLine(f"{before} {text}")]
    lines, line = [], "  "
    for part in _options(text):
        if len(f"{line} {part} \\") > WIDTH and line.strip():
            lines.append(f"{line} \\")
            line = "    "
        line = f"{line} {part}" if line.strip() else f"{line}{part}"
    return [*wrapped([before]), *map(ReportLine, [*lines, line])]


def _options(text: str) -> list[str]:
    """Return the words of a command, each option with its value."""
    first, *others = text.split(" -")
    return [first, *(f"-{other}" for other in others)]


def rows(
    nodes: Sequence[Mapping[str, Any]], primary: str, last: Last, *, wanted: bool
) -> list[ReportLine]:
    """Return the table of nodes as lines, none of them with a name that is cut.

    primary: the host that the others are to copy, or ""
    wanted:  whether the roles that nodes are to get are shown, where they have others
    """
    cells = [_cells(node, nodes, last) for node in nodes]
    columns = [column for column in (NODE, ROLE, WANTED, COPIES, DATA) if _tells(column, cells)]
    if not wanted and WANTED in columns:
        columns.remove(WANTED)
    if last.unless and all(row[last.name] in (last.unless, _NOTHING) for row in cells):
        columns = [column for column in columns if column != last.name]
    else:
        columns.append(last.name)
    if _width(columns, cells) > WIDTH and primary:
        for row in cells:
            row[last.name] = shortened(row[last.name], primary)
    all_copy_it = all(row[COPIES] in (primary, _NOTHING) for row in cells)
    # What matters least is left out first.
    for column in (COPIES, DATA, WANTED) if all_copy_it else (DATA, WANTED, COPIES):
        if _width(columns, cells) > WIDTH and column in columns:
            columns.remove(column)
    colours = [_colour(node) for node in nodes]
    head = {column: column for column in columns}
    widths = {column: max(len(row[column]) for row in (head, *cells)) for column in columns}
    return [
        ReportLine(text, colour)
        for row, colour in zip((head, *cells), (PLAIN, *colours), strict=True)
        for text in _row([row[column] for column in columns], list(widths.values()))
    ]


def shortened(text: str, primary: str) -> str:
    """Return what was done without the name of the primary, which is said elsewhere."""
    for verb in ("copies", "copy"):
        text = text.replace(f"{verb} {primary}", f"{verb} the primary") if primary else text
    return text


def _cells(
    node: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]], last: Last
) -> dict[str, str]:
    return {
        NODE: str(node["host"]),
        ROLE: str(node["role"] or node["silent"]),
        WANTED: str(node["wanted"] or "?"),
        COPIES: _copied(node, nodes),
        DATA: str(node["data"]),
        last.name: str(node[last.key]),
    }


def _copied(node: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> str:
    """Return the host that a node copies, or its id if it is no member; "?" if it is not known."""
    primary = node["primary"]
    if not primary:
        return "?" if node["role"] in FOLLOWERS else _NOTHING
    names = {other["node_id"]: other["host"] for other in nodes}
    return str(names.get(primary["node_id"], primary["node_id"]))


def _tells(column: str, cells: Sequence[Mapping[str, str]]) -> bool:
    """Return whether a column says anything."""
    if column == WANTED:
        return any(row[WANTED] != row[ROLE] and row[ROLE] in ROLES for row in cells)
    return column in (NODE, ROLE) or any(row[column] != _NOTHING for row in cells)


def _width(columns: Sequence[str], cells: Sequence[Mapping[str, str]]) -> int:
    widths = [max([len(column), *(len(row[column]) for row in cells)]) for column in columns]
    if columns[-1] not in (NODE, ROLE, WANTED, COPIES, DATA):
        widths[-1] = min(widths[-1], _MOST_FOR_THE_LAST)
    return sum(widths) + 2 * (len(widths) - 1)


def _colour(node: Mapping[str, Any]) -> str:
    return WARN if node["problem"] or not node["role"] else PLAIN


def _row(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return one row as lines: the last cell may need more than one, and so may a long name."""
    head = "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
    if len(head) + 2 + min(len(row[-1]), _LEAST_FOR_THE_LAST) <= WIDTH:
        last = textwrap.wrap(row[-1], WIDTH - len(head) - 2) or [""]
        indent = " " * (len(head) + 2)
        return [f"{head}  {last[0]}".rstrip(), *(indent + more for more in last[1:])]
    name, others = row[0], [cell for cell in row[1:] if cell != _NOTHING]
    below = textwrap.wrap(
        "  ".join(others),
        WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [name, *below]


def note(verdict: Verdict) -> str:
    """Return a verdict as a sentence."""
    who = f"{verdict.host} " if verdict.host else ""
    return f"({verdict.check} {verdict.result}) {who}{verdict.reason.strip().rstrip('.')}."


def notes(
    verdicts: Sequence[Verdict], command: str = "", *, verbose: bool = False
) -> list[ReportLine]:
    """Return the sentences of `told` as lines, in the colours of the verdicts."""
    return [
        line
        for verdict in told(verdicts, command, verbose=verbose)
        for line in wrapped([note(verdict)], WARN if verdict.result == OVERRIDDEN else BAD)
    ]


def told(verdicts: Iterable[Verdict], command: str = "", *, verbose: bool = False) -> list[Verdict]:
    """Return the verdicts as they are told: those that differ in nothing but the node once.

    command: the next command, as the report has it. A verdict does not repeat the consent in it
    verbose: whether each is told by itself, with its transactions
    """
    several: dict[tuple[str, str, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        brief = replace(verdict, reason=_without_consent(verdict.reason, command))
        alike = _IN_BRACKETS.sub("", brief.reason) if verdict.host else brief.reason
        about = verdict.host if verbose or not verdict.host else ""
        several.setdefault((verdict.check, verdict.result, alike, about), []).append(brief)
    return [
        verdict
        for (_check, _result, alike, _about), group in several.items()
        for verdict in _as_one(group, alike)
    ]


def _as_one(group: list[Verdict], reason: str) -> list[Verdict]:
    """Return one verdict for several nodes; a single one, or those about no node, as they are."""
    if len(group) < 2 or not group[0].host:
        return group
    hosts = names_of([verdict.host for verdict in group])
    return [replace(group[0], host=f"each of {hosts}", reason=reason)]


def _without_consent(reason: str, command: str) -> str:
    """Return a reason without the sentence on a consent that a command has."""
    before, mark, consent = reason.partition(CONSENT)
    entry = consent.rpartition("=")[2].strip().rstrip(".")
    return before if mark and entry and entry in command else reason


def node_notes(nodes: Sequence[Mapping[str, Any]], told: Iterable[str]) -> list[str]:
    """Return a sentence for each node that has a problem, unless it is in `told` already."""
    sentences = list(told)
    return [
        f"({node['host']}) {problem}."
        for node in nodes
        if (problem := node["problem"].strip().rstrip("."))
        and not any(problem in sentence for sentence in sentences)
    ]
