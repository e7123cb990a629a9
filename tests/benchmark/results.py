# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, what was measured of them, and whether that meets the target. Plain data, no I/O."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

AT_MOST, AT_LEAST = "at most", "at least"
MEDIAN, LARGEST = "median", "largest"

#: Units. A ratio has none.
RATIO, SECONDS, BYTES, PER_SECOND = "", "s", "bytes", "1/s"

#: A median of fewer rounds is no more than an indication.
ENOUGH = 10


class Target(NamedTuple):
    """What a figure has to be. `of` is MEDIAN or LARGEST: of its values."""

    bound: str
    value: float
    of: str = MEDIAN


class Quantity(NamedTuple):
    """A number with its unit."""

    value: float
    unit: str


@dataclass(frozen=True)
class Figure:
    """Something to be measured.

    exact: a count, which is the same in each round
    """

    name: str
    title: str
    target: Target | None = None
    unit: str = RATIO
    exact: bool = False


class Measured(NamedTuple):
    """What was measured: a value for each round, and medians of what it was made of, by name."""

    values: Sequence[float]
    sides: Mapping[str, Quantity]


@dataclass(frozen=True)
class Result:
    """A figure with what was measured of it, or with the reason why nothing was."""

    group: str
    figure: Figure
    values: tuple[float, ...] = ()
    sides: Mapping[str, Quantity] = field(default_factory=dict)
    not_run: str = ""

    def __post_init__(self) -> None:
        if bool(self.values) == bool(self.not_run):
            raise ValueError(f"{self.figure.name}: neither measured nor left out, or both")

    @property
    def value(self) -> float:
        """Return the one number that counts."""
        target = self.figure.target
        if target is not None and target.of == LARGEST:
            return max(self.values)
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Return the values that a quarter of all are below, and above."""
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        low, _middle, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high

    @property
    def met(self) -> bool | None:
        """Return whether the target is met; None if there is none, or nothing was measured."""
        target = self.figure.target
        if target is None or self.not_run:
            return None
        if target.bound == AT_MOST:
            return self.value <= target.value
        return self.value >= target.value

    @property
    def share(self) -> float | None:
        """Return how much of what the target allows is used: 1 is just met, less is better."""
        return None if self.not_run else self.share_of(self.value)

    def share_of(self, value: float) -> float | None:
        """Return the same for a value that it could have had, or None if there is no target."""
        target = self.figure.target
        if target is None:
            return None
        return value / target.value if target.bound == AT_MOST else target.value / value


def compared(pairs: Iterable[tuple[float, float]], names: tuple[str, str], unit: str) -> Measured:
    """Return the ratios of pairs, first to second, and the medians of both."""
    found = list(pairs)
    firsts, seconds = ([pair[side] for pair in found] for side in (0, 1))
    sides = {
        names[0]: Quantity(statistics.median(firsts), unit),
        names[1]: Quantity(statistics.median(seconds), unit),
    }
    return Measured([first / second for first, second in found], sides)


def measured(group: str, figure: Figure, found: Measured) -> Result:
    """Return a result that was measured."""
    return Result(group, figure, tuple(found.values), dict(found.sides))


def as_json(result: Result) -> dict[str, Any]:
    """Return a result for JSON: what it is made of, and what it comes to."""
    target = result.figure.target
    found: dict[str, Any] = {
        "group": result.group,
        "name": result.figure.name,
        "title": result.figure.title,
        "unit": result.figure.unit,
        "exact": result.figure.exact,
        "target": target._asdict() if target else None,
        "met": result.met,
        "not_run": result.not_run,
        "values": list(result.values),
        "sides": {name: side._asdict() for name, side in result.sides.items()},
    }
    if result.values:
        found |= {"value": result.value, "quartiles": list(result.quartiles)}
    return found


def from_json(found: Mapping[str, Any]) -> Result:
    """Return a result from what `as_json` made of it."""
    figure = Figure(
        found["name"],
        found["title"],
        Target(**found["target"]) if found["target"] else None,
        found["unit"],
        found["exact"],
    )
    sides = {name: Quantity(**side) for name, side in found["sides"].items()}
    return Result(found["group"], figure, tuple(found["values"]), sides, found["not_run"])
