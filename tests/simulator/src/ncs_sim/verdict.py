# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict as text for people, as JSON for programs, and as an exit status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from ncs_sim.history import History, Lost, Overlap, Unexpected, Verdict

CLEAN, VIOLATED, UNCLEAR = 0, 1, 3
_NAMES = {CLEAN: "clean", VIOLATED: "violated", UNCLEAR: "unclear"}
_SHOWN = 20  # lines for one kind of finding


def status(verdict: Verdict) -> int:
    """Return the exit status. A violation stays one, whatever else could not be told."""
    if verdict.violated:
        return VIOLATED
    return UNCLEAR if verdict.doubts else CLEAN


def as_json(history: History, verdict: Verdict) -> dict[str, Any]:
    """Return all of it. Times are seconds on the monotonic clock, and `when` is text, in UTC."""
    return {
        "verdict": _NAMES[status(verdict)],
        "lost": [
            {
                "number": lost.attempt.number,
                "node": lost.attempt.node,
                "answered": lost.attempt.answered,
                "when": _when(history, lost.attempt.answered),
                "on": list(lost.on),
                "missing_on": list(lost.missing_on),
            }
            for lost in verdict.lost
        ],
        "unexpected": [
            {"number": one.number, "node": one.node, "why": one.why} for one in verdict.unexpected
        ],
        "two_primaries": [
            {
                "nodes": list(one.nodes),
                "first": one.first,
                "last": one.last,
                "when": _when(history, one.first),
                "throughout": one.throughout,
                "writes": list(one.writes),
            }
            for one in verdict.overlaps
        ],
        "doubts": list(verdict.doubts),
        "primaries": list(verdict.primaries),
        "members": list(verdict.members),
        "unread": list(verdict.unread),
        "settled": verdict.settled,
        "counts": dict(verdict.counts),
    }


def as_text(history: History, verdict: Verdict) -> str:
    """Return one line for the numbers, and one for each finding, doubt and note."""
    counts = ", ".join(f"{number} {name}" for name, number in verdict.counts.items() if number)
    lines = [f"writes: {counts or 'none'}"]
    lines += _some([_overlap(history, one) for one in verdict.overlaps], "moments of two primaries")
    lines += _some([_lost(history, one) for one in verdict.lost], "lost writes")
    lines += _some([_unexpected(one) for one in verdict.unexpected], "unexpected writes")
    lines += [f"cannot tell: {doubt}" for doubt in verdict.doubts]
    if history.rounds:
        lines += _notes(verdict)
    lines.append(f"verdict: {_NAMES[status(verdict)]}")
    return "\n".join(lines)


def _some(lines: Sequence[str], what: str) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"and {len(lines) - _SHOWN} more {what}"


def _overlap(history: History, one: Overlap) -> str:
    nodes = " and ".join(one.nodes)
    times = f"{_when(history, one.first)} to {_when(history, one.last)}"
    spoken = f"from {times}" if one.throughout else f"at some moment from {times}"
    writes = " and ".join(map(str, one.writes))
    return f"TWO PRIMARIES: {nodes}, {spoken}; they took {writes} writes in that role"


def _lost(history: History, lost: Lost) -> str:
    attempt = lost.attempt
    where = f"only on {', '.join(lost.on)}" if lost.on else "on no node that answered"
    if lost.missing_on:
        where += f", not on {', '.join(lost.missing_on)}"
    when = _when(history, attempt.answered)
    return f"LOST: write {attempt.number}, acknowledged by {attempt.node} at {when}, is {where}"


def _unexpected(one: Unexpected) -> str:
    what = "a value" if one.number is None else f"write {one.number}"
    return f"UNEXPECTED: {one.node} holds {what} that {one.why}"


def _notes(verdict: Verdict) -> Iterator[str]:
    if verdict.unread:
        yield f"did not answer the final read: {', '.join(verdict.unread)}"
    if verdict.members:
        yield f"cluster at the end: {', '.join(verdict.members)}"
    if not verdict.settled:
        yield "the nodes did not come to agree before the final read"


def _when(history: History, moment: float) -> str:
    wall = datetime.fromtimestamp(history.wall + moment, UTC)
    since = moment - history.started
    return f"{wall.isoformat(sep=' ', timespec='milliseconds')[:-6]} UTC ({since:+.3f} s)"
