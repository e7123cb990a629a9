# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as a table of Markdown, which is as readable in a terminal. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.results import (
    BYTES,
    ENOUGH,
    LARGEST,
    PER_SECOND,
    RATIO,
    SECONDS,
    Quantity,
    Result,
    Target,
)

_HEAD = ("figure", "result", "quartiles", "n", "target", "met", "medians of")
_VERDICTS = {True: "yes", False: "NO", None: "-"}


def table(results: Sequence[Result]) -> str:
    """Return the table, without a line break at its end."""
    rows = [_HEAD, *map(_row, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def notes(results: Sequence[Result]) -> list[str]:
    """Return what has to be said of the table: what was not run, and what was run too seldom."""
    found = [f"NOT RUN: {one.figure.title}: {one.not_run}." for one in results if one.not_run]
    few = [one for one in results if one.values and not one.figure.exact]
    if any(len(one.values) < ENOUGH for one in few):
        found.append(
            f"Where n is less than {ENOUGH}, the result is an indication; make bench WHOLE=1 takes "
            f"{ENOUGH} rounds of everything."
        )
    return found


def _row(result: Result) -> tuple[str, ...]:
    figure = result.figure
    target = _target(figure.target, figure.unit) if figure.target else "-"
    if result.not_run:
        return (figure.title, "NOT RUN", "-", "-", target, "-", result.not_run)
    low, high = (shown(Quantity(value, figure.unit)) for value in result.quartiles)
    spread = "exact" if figure.exact else f"{low} to {high}"
    sides = ", ".join(f"{name} {shown(side)}" for name, side in result.sides.items())
    return (
        figure.title,
        shown(Quantity(result.value, figure.unit)),
        spread,
        str(len(result.values)),
        target,
        _VERDICTS[result.met],
        sides or "-",
    )


def _target(target: Target, unit: str) -> str:
    what = "the largest " if target.of == LARGEST else ""
    return f"{what}{target.bound} {shown(Quantity(target.value, unit))}"


def shown(quantity: Quantity) -> str:
    """Return a number with its unit, as exact as it is worth."""
    return _SHOWN[quantity.unit](quantity.value)


def _ratio(value: float) -> str:
    return f"{value:.2f}"


def _seconds(value: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if value * factor >= 1:
            return f"{_digits(value * factor)} {unit}"
    return f"{_digits(value * 1e6)} µs"


def _digits(value: float) -> str:
    """Return three digits that count, or all that are before the point."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _bytes(value: float) -> str:
    return f"{value:,.0f} bytes".replace(",", " ")


def _per_second(value: float) -> str:
    return f"{value:,.0f}/s".replace(",", " ")


_SHOWN = {RATIO: _ratio, SECONDS: _seconds, BYTES: _bytes, PER_SECOND: _per_second}
