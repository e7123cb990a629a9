# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure, and tell: python -m benchmark [--whole] [--only GROUP,...] [--out DIR] [--rounds N].

A run of everything writes bench/ and the table of docs/performance.md. A run of some groups prints
its table, and writes files only where --out says, so that what is kept is always one whole run. A
target that is missed is no failure; something that cannot be carried out is.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from helpers.modules import ROOT
from ncs_sim.errors import SimError

from benchmark import report
from benchmark.figures import GROUPS
from benchmark.machine import machine
from benchmark.measuring import BenchmarkError, Effort, Group, NotRun
from benchmark.results import Result, measured

KEPT = ROOT / "bench"
PAGE = ROOT / "docs" / "performance.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    options = _parser().parse_args(arguments)
    # As when a terminal interrupts: all that was started is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Else each Python compiles all that it imports, each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    effort = Effort(options.whole, options.rounds)
    try:
        results = [one for group in options.only or GROUPS for one in _run(group, effort)]
    except KeyboardInterrupt:
        print("interrupted; nothing is written", file=sys.stderr)
        return 130
    # Helpers of the tests assert what they expect.
    except (
        BenchmarkError,
        SimError,
        OSError,
        AssertionError,
        subprocess.SubprocessError,
    ) as problem:
        print(f"FAILED: {problem}", file=sys.stderr)
        return 1
    _tell(results, options.out, everything=not options.only and not options.rounds)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmark", description="Measure the collection.")
    names = ", ".join(group.name for group in GROUPS)
    parser.add_argument("--whole", action="store_true", help="ten rounds of everything at least")
    parser.add_argument("--only", type=_groups, metavar="GROUP,...", help=f"of: {names}")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write files")
    parser.add_argument("--rounds", type=_count, default=0, metavar="N", help="of everything")
    return parser


def _groups(text: str) -> list[Group]:
    """Return groups by their names; the first word is enough, and stands for all that have it."""
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if not any(_is(group, name) for group in GROUPS)]
    if unknown:
        there = ", ".join(group.name for group in GROUPS)
        raise argparse.ArgumentTypeError(f"no such group: {', '.join(unknown)}; there are {there}")
    return [group for group in GROUPS if any(_is(group, name) for name in names)]


def _is(group: Group, name: str) -> bool:
    return name in (group.name, group.name.partition("-")[0])


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _run(group: Group, effort: Effort) -> Iterable[Result]:
    """Measure a group, and tell in a line how long that took."""
    print(f"{group.name} ...", file=sys.stderr, flush=True)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nso-ha-bench-") as directory:
        try:
            found = group.measure(effort, Path(directory))
        except NotRun as reason:
            print(f"NOT RUN {group.name}: {reason}", file=sys.stderr, flush=True)
            return [Result(group.name, figure, not_run=str(reason)) for figure in group.figures]
    print(f"{group.name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return [measured(group.name, figure, found[figure.name]) for figure in group.figures]


def _tell(results: Sequence[Result], out: Path | None, everything: bool) -> None:
    about = machine()
    print(report.text(about, results), end="")
    if out is not None:
        report.write(out, about, results)
    elif everything:
        report.write(KEPT, about, results)
        report.write_page(PAGE, about, results)


if __name__ == "__main__":
    sys.exit(main())
