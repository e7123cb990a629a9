# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The promotion history: which transactions the data of a cluster is made of.

Transaction ids are in order only within the time of one primary ([assumed] docs/protocol.md, "CDB
socket"). Each promotion is recorded with
the id that the new primary had at that moment, its *base*, and with the time of its clock, from
which its ids count. From the newest promotion the bases lead back, promotion by promotion: that is
the *main line*. An id that is on it before another is of an ancestor of that other's data. An id
that is not on it was given by a primary that had been replaced, and no other node has that data.

A promotion that is missing in the middle could make a branch look like the main line, so nothing
before a gap counts. Of two with the same number one may be missing, which leaves no gap; so the
line does not lead past a promotion that has other data before it either. A missing last promotion
is noticed because the newest ids are not on the line. Pure functions over plain data; the state
directories of the nodes hold the history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId

from .observation import txid_from

Timestamp = tuple[int, int, int]


@dataclass(frozen=True)
class Promotion:
    """One promotion.

    primary: node id of the node that was made primary
    base:    the transaction id it had at that moment, or None if it was not known
    start:   its clock at that moment: megaseconds, seconds, microseconds
    at, operation, run_id: when, by which operation, and by which run of it, for people
    more:    keys of its entry that are not known here, which are only kept
    """

    number: int
    primary: str
    base: TransactionId | None
    start: Timestamp
    at: str = ""
    operation: str = ""
    run_id: str = ""
    more: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def first(self) -> Timestamp:
        """Return the time of the first id that this primary can have given.

        [assumed] docs/protocol.md does not say when a node that was in no cluster so far starts to
        give its last id its own name. If it does so when it becomes primary, that id is its first.
        """
        alone = self.base is not None and not self.base.primary_id
        return self.base.timestamp if self.base is not None and alone else self.start

    def can_have_given(self, txid: TransactionId) -> bool:
        """Return whether this primary can have given an id, after this promotion or a later one."""
        return txid.primary_id == self.primary and self.first <= txid.timestamp

    def as_entry(self) -> dict[str, Any]:
        """Return the promotion as an entry of the state directory."""
        return {
            **self.more,
            "epoch": self.number,
            "primary": self.primary,
            "txid": self.base.as_dict() if self.base else None,
            "start": list(self.start),
            "at": self.at,
            "operation": self.operation,
            "run_id": self.run_id,
        }


#: The keys of an entry that are known here.
_KEYS = frozenset(Promotion(1, "", None, (0, 0, 0)).as_entry())


def promotion_from(entry: Mapping[str, Any]) -> Promotion:
    """Return the promotion of an entry of the state directory."""
    mega, seconds, micro = entry["start"]
    return Promotion(
        number=int(entry["epoch"]),
        primary=str(entry["primary"]),
        base=txid_from(entry["txid"]),
        start=(int(mega), int(seconds), int(micro)),
        at=str(entry["at"]),
        operation=str(entry["operation"]),
        run_id=str(entry["run_id"]),
        more={name: entry[name] for name in entry if name not in _KEYS},
    )


def _once(promotions: Iterable[Promotion]) -> Iterable[Promotion]:
    """Return each promotion once, with all that is kept of it."""
    known: dict[Promotion, Promotion] = {}
    for promotion in promotions:
        same = known.setdefault(promotion, promotion)
        if promotion.more and promotion.more != same.more:
            known[promotion] = replace(same, more={**promotion.more, **same.more})
    return known.values()


@dataclass(frozen=True)
class _Span:
    """The ids of one primary, from `start` to `end`, both included; without `end`, all later."""

    primary: str
    start: Timestamp
    end: Timestamp | None

    def has(self, txid: TransactionId) -> bool:
        inside = txid.primary_id == self.primary and self.start <= txid.timestamp
        return inside and (self.end is None or txid.timestamp <= self.end)


class Line:
    """A line of ids, the newest span first. Between two spans is the base of the newer one.

    oldest: the number of the oldest promotion that it leads back to
    """

    def __init__(self, parts: Sequence[_Span | TransactionId], oldest: int) -> None:
        self._parts = tuple(parts)
        self.oldest = oldest

    def place(self, txid: TransactionId) -> tuple[int, Timestamp] | None:
        """Return where an id is, greater for newer, or None if it is not on this line."""
        for index, part in enumerate(self._parts):
            if isinstance(part, _Span) and part.has(txid):
                return (-index, txid.timestamp)
        # A base that is in no span: from before the first promotion, or of a node in no cluster.
        if txid in self._parts:
            return (-self._parts.index(txid), txid.timestamp)
        return None


class PromotionHistory:
    """All promotions that are known.

    all:    every promotion, in order
    epochs: the promotions that can be relied on, which are those after the last gap
    """

    def __init__(self, epochs: Iterable[Promotion] = ()) -> None:
        known = sorted(_once(epochs), key=lambda promotion: (promotion.number, promotion.start))
        self.all = tuple(known)
        numbers = {promotion.number for promotion in known}
        first = max((number for number in numbers if number - 1 not in numbers), default=0)
        self.epochs = tuple(promotion for promotion in known if promotion.number >= first)
        self._numbered: dict[int, list[Promotion]] = defaultdict(list)
        for promotion in self.epochs:
            self._numbered[promotion.number].append(promotion)

    def __bool__(self) -> bool:
        """Return whether anything is recorded."""
        return bool(self.epochs)

    @property
    def newest(self) -> Promotion | None:
        """Return the last promotion, or None if there is none, or two at the same time."""
        last = self._last()
        return last[-1] if len({promotion.primary for promotion in last}) == 1 else None

    @property
    def next_number(self) -> int:
        """Return the number of the next promotion."""
        return self.epochs[-1].number + 1 if self.epochs else 1

    def number_of(self, txid: TransactionId) -> int:
        """Return the number of the last promotion whose primary can have given an id, or 0."""
        return max(
            (promotion.number for promotion in self.epochs if promotion.can_have_given(txid)),
            default=0,
        )

    def of(self, node_id: str) -> list[Promotion]:
        """Return the promotions of one node."""
        return [promotion for promotion in self.epochs if promotion.primary == node_id]

    def line_with(self, txid: TransactionId) -> Line | None:
        """Return the main line on which this id is, or None if it is on none."""
        line = self.line_of([txid])
        return line if line is not None and line.place(txid) is not None else None

    def line_of(self, txids: Iterable[TransactionId]) -> Line | None:
        """Return the main line that most of these ids are on, or None if there is none at all.

        Two promotions of the same number happen where two halves of a cluster did not see each
        other. There are two main lines then, and the ids tell which one is meant.
        """
        given = list(txids)
        return max(
            self._lines,
            key=lambda line: sum(line.place(txid) is not None for txid in given),
            default=None,
        )

    @cached_property
    def _lines(self) -> list[Line]:
        return [self._line(last) for last in self._last()]

    def _last(self) -> list[Promotion]:
        return [
            promotion for promotion in self.epochs if promotion.number == self.epochs[-1].number
        ]

    def _line(self, last: Promotion) -> Line:
        parts: list[_Span | TransactionId] = [_Span(last.primary, last.first, None)]
        newer, base = last, last.base
        while base is not None:
            parts.append(base)
            older = self._giver_of(base, newer.number)
            if older is None:
                break
            parts.append(_Span(older.primary, older.first, base.timestamp))
            newer, base = older, older.base
        return Line(parts, newer.number)

    def _giver_of(self, txid: TransactionId, before: int) -> Promotion | None:
        """Return the promotion whose primary gave an id, of those before this number, or None.

        That is the promotion just before, unless primaries in between have written nothing. Any
        other was left behind with its data, or shares its number with a promotion that is missing.
        """
        for number in range(before - 1, 0, -1):
            same_number = self._numbered.get(number, [])
            givers = [promotion for promotion in same_number if promotion.can_have_given(txid)]
            if givers:
                return givers[-1]
            if not any(promotion.base == txid for promotion in same_number):
                break
        return None
