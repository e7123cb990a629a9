# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often things are measured, and in which order."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmark.results import ENOUGH, Figure, Measured

_T = TypeVar("_T")


class BenchmarkError(Exception):
    """Something that was to be measured did not do what it should."""


class NotRun(Exception):
    """It cannot be measured here. The message says why, and names nothing of this machine."""


@dataclass(frozen=True)
class Effort:
    """How much time to take.

    whole: at least ENOUGH rounds of everything
    fixed: exactly so many rounds of everything, or 0; to try the benchmark itself
    """

    whole: bool = False
    fixed: int = 0

    def rounds(self, usual: int) -> int:
        """Return the number of rounds of something that usually gets so many."""
        if self.fixed:
            return self.fixed
        return max(usual, ENOUGH) if self.whole else usual


@dataclass(frozen=True)
class Group:
    """Figures that are measured together.

    measure: returns what it measured by the names of the figures, of all of them. It gets an empty
             directory. Raises NotRun, or BenchmarkError.
    """

    name: str
    figures: tuple[Figure, ...]
    measure: Callable[[Effort, Path], Mapping[str, Measured]]


def in_turn(rounds: int, *sides: Callable[[], _T]) -> list[tuple[_T, ...]]:
    """Call all of these in each round; return what they returned, a tuple for each round.

    In every second round they are called in reverse order, so that none of them always comes after
    the same other one. The tuples are in the order of the arguments all the same.
    """
    return [one_round(number, *sides) for number in range(rounds)]


def one_round(number: int, *sides: Callable[[], _T]) -> tuple[_T, ...]:
    """Call all of these as in the round of this number; see in_turn."""
    step = -1 if number % 2 else 1
    found = [side() for side in sides[::step]]
    return tuple(found[::step])


def mean_seconds(work: Callable[[], object], times: int) -> float:
    """Return the seconds that one of so many calls takes, with no collection of garbage inside."""
    gc.collect()
    gc.disable()
    try:
        begin = time.perf_counter()
        for _unused in range(times):
            work()
        return (time.perf_counter() - begin) / times
    finally:
        gc.enable()
