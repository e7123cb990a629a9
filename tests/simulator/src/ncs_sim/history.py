# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging what a load did to a cluster: lost writes, unexpected writes, two primaries.

Nothing here reads a clock, a file or a socket. All times are seconds on one monotonic clock, that
of the load generator, which stamps an attempt before it sends and after it has received.

What counts as what:

*Lost* is a write that was acknowledged and is not in the data of a node that should have it at the
end. That is the primary. The secondaries of that primary count, too, if the final read shows one
moment at which both ends were linked (two rounds in a row that found the same); whatever the
primary acknowledged has to be on them. Who else has the write makes no difference: one that is only
on a node outside of the cluster is lost as well. If several nodes are primary then, a write
is lost if none of them has it; if none is, it is lost if all nodes answered and none has it.

*Unexpected* is a value of this load at the end, on any node, whose write was refused, was never
sent, or was another value. Every write has a key of its own, so nothing else can overwrite it.

*Two primaries*: a reign is a node, one process of it, and an epoch, which is the number of role
changes in that process. A node says in which epoch it wrote or was read, and checks its role in the
same step. So within a reign it was primary without a break from its first to its last witness, a
witness being an acknowledged write or a final read. When exactly a witness took place is not known,
only that it was between sending and answer. So a reign began at the latest when the first of its
answers came, and ended at the earliest when the last of its witnesses was sent. Two reigns of
different nodes overlap for certain if each began, at the latest, before the other ended, at the
earliest. If this does not hold, there are moments for all witnesses at which one reign was over
before the other began.

So there is no false alarm: each finding follows from what nodes said and from the order of events
on one clock. A write without an answer proves nothing, and is neither lost nor unexpected. Writes
that a node took while none have no part in this, as the load only writes to primaries.

What cannot be seen: a node that was primary without a write, or with a single one that is not
wholly within the reign of another; a write that was lost and had come back by the end; values on
nodes that did not answer the final read; order and age of values, as nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations


class Outcome(StrEnum):
    """What became of an attempt to write."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"  # the node said that it wrote nothing
    UNKNOWN = "unknown"  # sent, but no answer came, or one that proves nothing
    UNSENT = "unsent"  # the node could not be reached


@dataclass(frozen=True)
class Attempt:
    """One write. Run and epoch are those of the answer, if it was acknowledged."""

    number: int
    node: str
    sent: float
    answered: float
    outcome: Outcome
    run: str = ""
    epoch: int = -1
    txid: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Reading:
    """What a node was and held at one moment between `sent` and `answered`.

    own, upstream, listed: HA id and address, as one text: its own, that of the node it follows
        (or ""), those of the nodes that follow it
    numbers: the writes of this load that it holds as they were sent
    strange: what else is under keys of this load, as text
    """

    node: str
    sent: float
    answered: float
    run: str
    epoch: int
    role: str
    own: str
    upstream: str = ""
    listed: tuple[str, ...] = ()
    joining: bool = False
    txid: str = ""
    numbers: frozenset[int] = frozenset()
    strange: tuple[str, ...] = ()

    @property
    def state(self) -> tuple[object, ...]:
        """What stays the same as long as nothing happens to the node."""
        links = (self.own, self.upstream, frozenset(self.listed), self.joining)
        return (self.run, self.epoch, self.role, self.txid, links)


Round = Sequence[Reading]


@dataclass(frozen=True)
class History:
    """A whole load.

    nodes:  the names of all nodes, whether they ever answered or not
    rounds: the final reads; no node is asked in a round before all have answered in the one before
    wall:   seconds since 1970 when the monotonic clock stood at 0
    """

    nodes: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    rounds: tuple[tuple[Reading, ...], ...] = ()
    wall: float = 0.0
    started: float = 0.0


@dataclass(frozen=True)
class Lost:
    """An acknowledged write, the nodes that have it, and those that should have it and do not."""

    attempt: Attempt
    on: tuple[str, ...]
    missing_on: tuple[str, ...]


@dataclass(frozen=True)
class Unexpected:
    """A value that should not be there."""

    node: str
    number: int | None
    why: str


@dataclass(frozen=True)
class Overlap:
    """Two nodes that were primary at one moment at least, which was between `first` and `last`.

    With `throughout`, both were primary all the time from `first` to `last`.
    """

    nodes: tuple[str, str]
    first: float
    last: float
    throughout: bool
    writes: tuple[int, int]


@dataclass(frozen=True)
class Verdict:
    """What was found. `doubts` are reasons why no finding does not mean that all is well."""

    lost: tuple[Lost, ...]
    unexpected: tuple[Unexpected, ...]
    overlaps: tuple[Overlap, ...]
    doubts: tuple[str, ...]
    primaries: tuple[str, ...]
    members: tuple[str, ...]
    unread: tuple[str, ...]
    settled: bool
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def violated(self) -> bool:
        return bool(self.lost or self.unexpected or self.overlaps)


@dataclass
class _Reign:
    """A node as primary in one epoch of one process."""

    node: str
    writes: int = 0
    begun: float = float("inf")  # at the latest
    ended: float = float("-inf")  # at the earliest

    def witness(self, sent: float, answered: float) -> None:
        self.begun = min(self.begun, answered)
        self.ended = max(self.ended, sent)


def judge(history: History) -> Verdict:
    """Return what the history proves."""
    final = history.rounds[-1] if history.rounds else ()
    members = cluster(history.rounds)
    primaries = [one.node for one in final if one.role == "primary"]
    unread = set(history.nodes) - {one.node for one in final}
    counts = {
        outcome.value: sum(one.outcome is outcome for one in history.attempts)
        for outcome in Outcome
    }
    return Verdict(
        lost=tuple(_lost(history, members)) if final else (),
        unexpected=tuple(_unexpected(history)),
        overlaps=tuple(_overlaps(history)),
        doubts=tuple(_doubts(history, primaries, sorted(unread))),
        primaries=tuple(primaries),
        members=tuple(sorted(one.node for one in members)),
        unread=tuple(sorted(unread)),
        settled=settled(history.rounds),
        counts=counts,
    )


def cluster(rounds: Sequence[Round]) -> list[Reading]:
    """Return the final readings that count: of the primary, and of all linked to it for certain."""
    if not rounds:
        return []
    members = [one for one in rounds[-1] if one.role == "primary"]
    if len(rounds) < 2:
        return members
    before = {one.node: one.state for one in rounds[-2]}
    steady = [one for one in rounds[-1] if before.get(one.node) == one.state]
    # A relay is found through the node that it follows, and leads to its own followers.
    for above in members:
        if above in steady:
            members += [
                below
                for below in steady
                if below.role in ("secondary", "relay")
                and below.upstream == above.own
                and below.own in above.listed
                and below not in members
            ]
    return members


def settled(rounds: Sequence[Round]) -> bool:
    """Return whether nothing moves, and all that follow the one primary agree with it."""
    if len(rounds) < 2:
        return False
    before = {one.node: one.state for one in rounds[-2]}
    if before != {one.node: one.state for one in rounds[-1]}:
        return False
    members = cluster(rounds)
    primaries = [one for one in members if one.role == "primary"]
    if len(primaries) != 1 or any(one.joining for one in rounds[-1]):
        return False
    names = {one.own for one in members}
    belonging = [one for one in rounds[-1] if one.own in primaries[0].listed]
    belonging += [one for one in rounds[-1] if one.upstream in names]
    return all(one in members for one in belonging) and len({one.txid for one in members}) == 1


def _lost(history: History, members: Sequence[Reading]) -> Iterator[Lost]:
    final = history.rounds[-1]
    primaries = [one for one in members if one.role == "primary"]
    for attempt in history.attempts:
        if attempt.outcome is not Outcome.ACKNOWLEDGED:
            continue
        on = tuple(one.node for one in final if attempt.number in one.numbers)
        missing = tuple(one.node for one in members if attempt.number not in one.numbers)
        if not members:
            # Nobody can be held to have it, but a node that was not read may. See _doubts.
            found_out = not on and len(final) == len(history.nodes)
        elif len(primaries) > 1:
            # Their data differ as soon as both write. What one of them has is not lost yet.
            found_out = all(one.node in missing for one in primaries)
        else:
            found_out = bool(missing)
        if found_out:
            yield Lost(attempt, on, missing)


def _unexpected(history: History) -> Iterator[Unexpected]:
    outcomes = {one.number: one.outcome for one in history.attempts}
    for reading in history.rounds[-1] if history.rounds else ():
        for number in sorted(reading.numbers):
            outcome = outcomes.get(number)
            if outcome is None:
                yield Unexpected(reading.node, number, "was never sent")
            elif outcome in (Outcome.REFUSED, Outcome.UNSENT):
                yield Unexpected(reading.node, number, f"was {outcome.value}")
        for text in reading.strange:
            yield Unexpected(reading.node, None, f"was never written: {text}")


def _overlaps(history: History) -> Iterator[Overlap]:
    for one, other in combinations(_reigns(history), 2):
        if one.node == other.node or one.begun > other.ended or other.begun > one.ended:
            continue
        begun, ended = max(one.begun, other.begun), min(one.ended, other.ended)
        yield Overlap(
            nodes=(one.node, other.node),
            first=min(begun, ended),
            last=max(begun, ended),
            throughout=begun <= ended,
            writes=(one.writes, other.writes),
        )


def _reigns(history: History) -> Iterable[_Reign]:
    reigns: dict[tuple[str, str, int], _Reign] = {}
    for attempt in history.attempts:
        if attempt.outcome is Outcome.ACKNOWLEDGED:
            key = (attempt.node, attempt.run, attempt.epoch)
            reign = reigns.setdefault(key, _Reign(attempt.node))
            reign.witness(attempt.sent, attempt.answered)
            reign.writes += 1
    for reading in (reading for readings in history.rounds for reading in readings):
        if reading.role == "primary":
            key = (reading.node, reading.run, reading.epoch)
            reigns.setdefault(key, _Reign(reading.node)).witness(reading.sent, reading.answered)
    return sorted(reigns.values(), key=lambda reign: reign.begun)


def _doubts(history: History, primaries: Sequence[str], unread: Sequence[str]) -> Iterator[str]:
    if not any(one.outcome is Outcome.ACKNOWLEDGED for one in history.attempts):
        yield "no write was acknowledged"
    if not history.rounds:
        yield "there is no final read"
    elif not history.rounds[-1]:
        yield "no node answered the final read"
    elif not primaries:
        silent = f" ({', '.join(unread)} did not answer)" if unread else ""
        yield f"no node was primary at the end{silent}"
    elif len(primaries) > 1:
        yield f"more than one node said at the end that it is primary: {', '.join(primaries)}"
