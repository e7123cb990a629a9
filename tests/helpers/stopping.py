# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays that are stopped on the way, at a step that an earlier play of the same kind had.

    run, steps = play.recorded()          # to its end
    for point in points(steps):
        ...                               # make the cluster as it was before
        play.stopped(point)

The callback in tests/faults/callbacks counts the steps and stops the play, so nothing depends on
how long anything takes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from helpers.modules import ROOT
from helpers.playbooks import Run, command, environment, run_playbook
from helpers.until import until

_CALLBACKS = ROOT / "tests" / "faults" / "callbacks"
_BEGINS_OR_ENDS = "nso.ha.ncs_ha_operation"

#: Seconds. A play does not take that long, nor does a module that has lost its controller.
LONGEST = 180


class Step(NamedTuple):
    """A task that did something on these hosts. `orders`: to the daemon, or at least asked it."""

    name: str
    orders: bool
    hosts: tuple[str, ...]
    failed: tuple[str, ...]


class Point(NamedTuple):
    """When to stop: in the step of this number, before this host begins, or once all have ended."""

    number: int
    name: str
    host: str = ""

    def __str__(self) -> str:
        when = f"before {self.host}" if self.host else "after"
        return f"step {self.number}, {self.name}, {when}"


def points(steps: Sequence[Step]) -> list[Point]:
    """Return where nodes differ: before the first step, in the middle of each, and after each.

    Before a step it is as after the step before, as nothing is done to nodes in between.
    """
    found = [Point(1, steps[0].name, steps[0].hosts[0])]
    for number, step in enumerate(steps, start=1):
        # The first has done it and nobody else has begun.
        found += [Point(number, step.name, host) for host in step.hosts[1:2]]
        found.append(Point(number, step.name))
    return found


def points_of_orders(steps: Sequence[Step]) -> list[Point]:
    """Return those in and after orders, and the one where some nodes have been told of the end."""
    numbers = [number for number, step in enumerate(steps, start=1) if step.orders]
    end = len(steps)
    return [
        one for one in points(steps) if one.number in numbers or (one.number == end and one.host)
    ]


@dataclass(frozen=True)
class Play:
    """A playbook with all that it is given. `directory` gets a file for each run."""

    directory: Path
    playbook: str
    inventory: Path
    variables: Mapping[str, Any]

    def run(self) -> Run:
        """Run it as a person does."""
        return run_playbook(
            self.playbook, self.inventory, variables=self.variables, seconds=LONGEST
        )

    def recorded(self) -> tuple[Run, list[Step]]:
        """Run it to its end; return its steps, too."""
        status, output, lines, _marker = self._play({})
        steps = [
            Step(
                one["name"],
                one["action"] != _BEGINS_OR_ENDS,
                tuple(one["hosts"]),
                tuple(one["failed"]),
            )
            for one in lines
        ]
        return Run(status, output), steps

    def stopped(self, point: Point, by: signal.Signals = signal.SIGKILL) -> int:
        """Stop it, and wait until nothing of it is left; return its exit status.

        What it has begun on a node goes on there without it.
        """
        stop = {"number": point.number, "host": point.host, "signal": by}
        status, output, lines, marker = self._play(
            {
                "NSO_HA_TESTS_STOP": json.dumps(stop),
                # Host by host in the middle of a step, so that the others have not begun.
                **({"ANSIBLE_FORKS": "1"} if point.host else {}),
            }
        )
        assert lines, f"not stopped at {point}:\n{output}"
        assert lines[-1] == {"stopped": point.name}, f"not stopped at {point}:\n{output}"
        until(lambda: not _has_processes(marker), LONGEST, f"the end of what {point} left running")
        return status

    def _play(self, more: Mapping[str, str]) -> tuple[int, str, list[dict[str, Any]], str]:
        number = len(list(self.directory.glob("steps-*")))
        steps = self.directory / f"steps-{number}"
        steps.touch()
        marker = {"NSO_HA_TESTS_STEPS": str(steps)}
        with open(self.directory / f"output-{number}", "w+b") as output:
            # Not a pipe, which what is left running would hold.
            process = subprocess.Popen(
                command(self.playbook, self.inventory, variables=self.variables),
                cwd=ROOT,
                env={
                    **environment(ROOT),
                    "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
                    "ANSIBLE_CALLBACKS_ENABLED": "stop_at",
                    **marker,
                    **more,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                status = process.wait(LONGEST)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            output.seek(0)
            text = output.read().decode()
        lines = [json.loads(line) for line in steps.read_text().splitlines()]
        return status, text, lines, f"NSO_HA_TESTS_STEPS={steps}"


def _has_processes(marker: str) -> bool:
    """Return whether any process has this in its environment, which processes hand down."""
    return any(marker in _environment(one) for one in Path("/proc").glob("[0-9]*/environ"))


def _environment(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode(errors="replace").split("\0")
    except OSError:
        # It has ended, or is somebody else's.
        return []
