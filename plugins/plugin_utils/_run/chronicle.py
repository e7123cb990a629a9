# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What has happened to a cluster: its operations and promotions, from the records on all nodes.

Each node has the promotion history and a log of operations. They are merged by run, and by the
number of the promotion. What the nodes contradict each other in is said. The log is for people, so
a line of it that makes no sense is counted and left out. Pure functions over plain data.
"""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN

from .._model.history import Promotion
from .._model.observation import Silence
from .._model.topology import Member
from . import table
from .results import OBSERVATION, Results
from .run_state import Run
from .stored import Stored

#: How many reasons and remaining steps of one operation are printed.
_MOST_STEPS = 3

#: How many numbers of missing promotions are printed.
_MOST_NUMBERS = 5

#: The waves whose reasons say why the primary changed.
_MOVES = ("hand_over", "promote")


@dataclass(frozen=True)
class LoggedRun:
    """An operation as it is in the log of a node.

    began, ended: in UTC by the clock of the controller; `ended` is "" where it was not recorded
    before, after: the primary before and after, as inventory names; "" where that was not known
    gap:          for how many seconds no node took writes, or None where that is not known
    gap_means:    how the gap is meant, see write_gap in report.py
    reasons:      for each step, its wave, its host and why it was taken
    remaining:    what was still to be done
    """

    run_id: str
    operation: str
    owner: str
    began: str
    ended: str
    outcome: str
    before: str
    after: str
    gap: float | None
    gap_means: str
    reasons: tuple[tuple[str, str, str], ...] = ()
    remaining: tuple[str, ...] = ()

    @property
    def seconds(self) -> float | None:
        """Return how long it took, or None where that is not known."""
        began, ended = _seconds(self.began), _seconds(self.ended)
        return ended - began if began is not None and ended is not None else None


@dataclass(frozen=True)
class Event:
    """An operation with the promotions that it made, or a promotion of which no log has the run."""

    logged: LoggedRun | None
    promotions: tuple[Promotion, ...]

    @property
    def at(self) -> str:
        """Return when it began, or when the node was promoted."""
        return self.logged.began if self.logged else self.promotions[0].at


@dataclass(frozen=True)
class Chronicle:
    """The events of a cluster, newest first, and what has to be known about the records.

    whole:  how many events are on record, those that are not in `events` included
    read:   the hosts whose records were read
    unread: by host, why its records could not be read
    """

    events: tuple[Event, ...]
    whole: int
    read: tuple[str, ...]
    unread: Mapping[str, str]
    remarks: tuple[str, ...]


def report(
    run: Run,
    members: Sequence[Member],
    problems: Sequence[str],
    results: Results,
    state_directories: Stored,
    limit: int,
) -> dict[str, Any]:
    """Return the report of `history`. Its keys are documented in docs/report.md.

    `problems` are what is wrong with the settings, `limit` is how many events it has.
    """
    records = chronicle(members, results, state_directories, limit)
    if problems:
        text = problems[0]
    elif not records.read:
        text = "No node could be asked for its records"
    else:
        text = _title(records)
    remarks = [*records.remarks, *(f"({host}) {why}" for host, why in records.unread.items())]
    return {
        "operation": "history",
        "run_id": run.run_id,
        "outcome": DONE if records.read and not problems else UNKNOWN,
        "changed": False,
        "history": [_as_data(event) for event in records.events],
        "unread": dict(records.unread),
        "warnings": [_sentence(remark) for remark in records.remarks],
        "message": f"history: {_sentence(text)}",
        "table": _lines(text, records.events, remarks),
    }


def chronicle(
    members: Sequence[Member], results: Results, state_directories: Stored, limit: int
) -> Chronicle:
    """Return what has happened, merged from the records of all nodes; of the events, the newest."""
    directories = {
        member.host: directory
        for member in members
        if (directory := results.of(member.host, OBSERVATION).get("state_directory"))
    }
    unread = {
        member.host: _why_unread(results, member.host)
        for member in members
        if member.host not in directories
    }
    logged: dict[str, dict[str, LoggedRun]] = defaultdict(dict)
    remarks = []
    for host, directory in directories.items():
        entries = [_logged_run(line) for line in directory.get("operations") or ()]
        # Of two entries of one run, the later one knows more.
        for entry in filter(None, entries):
            logged[entry.run_id][host] = entry
        if None in entries:
            remarks.append(f"({host}) {entries.count(None)} entries of its log make no sense")
        remarks += [f"({host}) {text}" for text in directory.get("operations_damaged") or ()]
    runs = {run_id: _agreed(of_hosts) for run_id, of_hosts in logged.items()}
    promotions: dict[str, list[Promotion]] = defaultdict(list)
    for promotion in state_directories.history.all:
        promotions[promotion.run_id].append(promotion)
    events = [
        *(Event(entry, tuple(promotions.pop(run_id, ()))) for run_id, entry in runs.items()),
        *(Event(None, (promotion,)) for several in promotions.values() for promotion in several),
    ]
    events.sort(key=lambda event: (event.at, [promotion.number for promotion in event.promotions]))
    events.reverse()
    remarks += [
        *_contradictions(logged),
        *_double(directories, state_directories),
        *_other_primaries(events, {member.node_id: member.host for member in members}),
        *_missing(state_directories.history.all),
        *(f"({host}) {why}" for host, why in state_directories.incomplete.items()),
        *state_directories.unusable,
        *(
            f"A {operation} broke off (run {run_id}), so no log has it"
            for operation, run_id in state_directories.unfinished.items()
            if run_id not in runs
        ),
        *(
            f"{run.owner} has been running a {run.operation} since {run.taken} (run {run.run_id})"
            for run in state_directories.under_way
        ),
    ]
    return Chronicle(
        tuple(events[:limit]), len(events), tuple(directories), unread, tuple(map(_plain, remarks))
    )


def _why_unread(results: Results, host: str) -> str:
    observation = results.observation(host)
    why = observation.reason if isinstance(observation, Silence) else "it was not asked"
    return f"its records were not read: {_plain(why)}"


# The log


def _logged_run(line: Mapping[str, Any]) -> LoggedRun | None:
    """Return an entry of a log, or None for one that makes no sense."""
    primary, gap = line.get("primary"), line.get("write_gap")
    texts = [line.get(name) for name in ("run_id", "operation", "owner", "began", "outcome")]
    if not isinstance(primary, Mapping) or not all(isinstance(text, str) for text in texts):
        return None
    if _seconds(str(line["began"])) is None:
        return None
    gap = gap if isinstance(gap, Mapping) else {}
    run_id, operation, owner, began, outcome = map(_plain, texts)
    return LoggedRun(
        run_id,
        operation,
        owner,
        began,
        _plain(line.get("ended")),
        outcome,
        _plain(primary.get("before")),
        _plain(primary.get("after")),
        _number(gap.get("seconds")),
        _plain(gap.get("means")),
        tuple(
            (_plain(step.get("wave")), _plain(step.get("host")), _plain(step.get("reason")))
            for step in _list(line.get("steps"))
            if isinstance(step, Mapping)
        ),
        tuple(map(_plain, _list(line.get("remaining")))),
    )


def _plain(value: object) -> str:
    """Return text of a node as it may be printed: nothing in it moves the cursor."""
    text = value if isinstance(value, str) else ""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def _seconds(text: str) -> float | None:
    """Return a time in UTC as seconds since 1970, or None for what is none."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


# What the records contradict each other in


def _agreed(of_hosts: Mapping[str, LoggedRun]) -> LoggedRun:
    """Return what most logs say of a run."""
    return Counter(of_hosts.values()).most_common(1)[0][0]


def _contradictions(logged: Mapping[str, Mapping[str, LoggedRun]]) -> list[str]:
    """Return a sentence on each run of which the logs of the nodes differ."""
    sentences = []
    for run_id, of_hosts in logged.items():
        hosts_of: dict[LoggedRun, list[str]] = defaultdict(list)
        for host, entry in of_hosts.items():
            hosts_of[replace(entry, ended="")].append(host)
        if len(hosts_of) > 1:
            versions = [
                f"{_outcome(entry)} on {', '.join(hosts)}" for entry, hosts in hosts_of.items()
            ]
            sentences.append(f"The logs differ about run {run_id}: {'; '.join(versions)}")
    return sentences


def _double(directories: Mapping[str, Mapping[str, Any]], state_directories: Stored) -> list[str]:
    """Return a sentence on each number that two promotions have."""
    hosts_of: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for host, directory in directories.items():
        for entry in directory.get("promotions") or ():
            hosts_of[entry["epoch"], entry["primary"], entry["run_id"]].append(host)
    numbered: dict[int, list[Promotion]] = defaultdict(list)
    for promotion in state_directories.history.all:
        numbered[promotion.number].append(promotion)
    return [
        f"Promotion {number} is on record {len(several)} times: "
        + "; ".join(
            f"{promotion.primary} by {promotion.operation} at {promotion.at}, on "
            f"{', '.join(hosts_of[number, promotion.primary, promotion.run_id]) or 'no node'}"
            for promotion in several
        )
        for number, several in numbered.items()
        if len(several) > 1
    ]


def _other_primaries(events: Iterable[Event], hosts: Mapping[str, str]) -> list[str]:
    """Return a sentence on each run whose log names another primary than its promotion."""
    sentences = []
    for event in events:
        if event.logged is None or event.logged.outcome != DONE or not event.promotions:
            continue
        newest = max(event.promotions, key=lambda promotion: promotion.number)
        promoted = hosts.get(newest.primary, newest.primary)
        if event.logged.after not in ("", promoted):
            sentences.append(
                f"The log of run {event.logged.run_id} names {event.logged.after} as primary, and "
                f"promotion {newest.number} of that run is of {promoted}"
            )
    return sentences


def _missing(promotions: Iterable[Promotion]) -> list[str]:
    """Return a sentence on the numbers of promotions that no node has."""
    numbers = {promotion.number for promotion in promotions}
    between = range(min(numbers, default=1), max(numbers, default=0))
    missing = [number for number in between if number not in numbers]
    if not missing:
        return []
    shown = ", ".join(map(str, missing[:_MOST_NUMBERS]))
    more = len(missing) - _MOST_NUMBERS
    return [f"No node has promotion {shown}{f' and {more} more' if more > 0 else ''}"]


# As data, and as lines


def _as_data(event: Event) -> dict[str, Any]:
    logged = event.logged
    return {
        "at": event.at,
        "run_id": logged.run_id if logged else event.promotions[0].run_id,
        "operation": logged.operation if logged else event.promotions[0].operation,
        "outcome": logged.outcome if logged else None,
        "owner": logged.owner if logged else None,
        "seconds": logged.seconds if logged else None,
        "primary": {"before": logged.before, "after": logged.after} if logged else None,
        "write_gap": {"seconds": logged.gap, "means": logged.gap_means} if logged else None,
        "reasons": [
            {"wave": wave, "host": host, "reason": reason}
            for wave, host, reason in (logged.reasons if logged else ())
        ],
        "remaining": list(logged.remaining) if logged else [],
        "promotions": [
            {"epoch": promotion.number, "primary": promotion.primary, "at": promotion.at}
            for promotion in event.promotions
        ],
    }


def _title(records: Chronicle) -> str:
    if not records.whole:
        return "Nothing is on record on the nodes that answer"
    what = "operation" if records.whole == 1 else "operations"
    if records.whole == len(records.events):
        return f"{records.whole} {what}, newest first, in UTC"
    return (
        f"The newest {len(records.events)} of {records.whole} {what} on record, newest first, in "
        "UTC (nso_ha_history_limit)"
    )


def _lines(title: str, events: Iterable[Event], remarks: Sequence[str]) -> list[str]:
    lines = [*_wrapped(_sentence(title), ""), ""]
    for event in events:
        first, *rest = _about(event)
        lines += [
            *_wrapped(first, "", "      "),
            *(row for text in rest for row in _wrapped(text, "    ")),
        ]
    if remarks:
        lines += [
            *([""] if lines[-1] else []),
            *(row for remark in remarks for row in _wrapped(_sentence(remark), "")),
        ]
    return lines if lines[-1] else lines[:-1]


def _wrapped(text: str, indent: str, more: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        table.WIDTH,
        initial_indent=indent,
        subsequent_indent=more or f"{indent}  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _sentence(text: str) -> str:
    return f"{text.rstrip('.')}."


def _about(event: Event) -> list[str]:
    """Return lines about an event: what, who and how long, why, and what was left."""
    numbers = " and ".join(str(promotion.number) for promotion in event.promotions)
    suffix = f" (promotion {numbers})" if numbers else ""
    logged = event.logged
    if logged is None:
        promotion = event.promotions[0]
        what = f"{promotion.operation}: {promotion.primary} became primary{suffix}"
        return [
            f"{_moment(event.at)}  {what}",
            f"in no log; run {promotion.run_id}",
        ]
    lines = [
        f"{_moment(event.at)}  {_outcome(logged)}{suffix}",
        ", ".join([f"by {logged.owner}", *_took(logged)]) + f"; run {logged.run_id}",
    ]
    moves = [reason for reason in logged.reasons if reason[0] in _MOVES] or list(logged.reasons)
    lines += _some("why", [f"{host} {reason}" for _wave, host, reason in moves])
    return lines + _some("left undone", logged.remaining)


def _outcome(logged: LoggedRun) -> str:
    if logged.before and logged.after and logged.before != logged.after:
        primary = f"{logged.before} -> {logged.after}"
    elif logged.after:
        primary = f"{logged.after} is primary"
    else:
        primary = "no primary"
    return f"{logged.operation} {logged.outcome}: {primary}"


def _took(logged: LoggedRun) -> list[str]:
    gap = "" if logged.gap is None else f"{logged.gap:.2f} s"
    limit = "at most " if logged.gap_means == "at most" else ""
    return [
        *([f"took {logged.seconds:.0f} s"] if logged.seconds is not None else []),
        *([f"write gap {limit}{gap}"] if gap else []),
    ]


def _moment(text: str) -> str:
    """Return a time without the fraction of a second and the letters."""
    return text[:19].replace("T", " ")


def _some(title: str, texts: Sequence[str]) -> list[str]:
    """Return a line with the first of these texts, or nothing."""
    if not texts:
        return []
    more = len(texts) - _MOST_STEPS
    some = [*texts[:_MOST_STEPS], *([f"and {more} more"] if more > 0 else [])]
    return [f"{title}: {'; '.join(some)}"]
