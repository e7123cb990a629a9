# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One line for each wave of a run while it runs: when, who and what. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN

from .._agents.call import Call
from .._plan.plan import HAND_OVER, STEP_DOWN
from . import order_words, table
from .order_words import INFINITIVE, PAST, PAST_OF_SEVERAL, Action
from .run_state import Decision, StepResult
from .table import BAD, PLAIN, WIDTH, ReportLine

#: How many nodes a line names.
_MOST_NAMES = 4


def lines(before: Decision | None, after: Decision, at: str) -> list[ReportLine]:
    """Return a line for each wave that was judged since the decision `before`.

    at: the time, as it is printed
    """
    known = len(before.progress.steps) if before else 0
    waves: list[list[StepResult]] = []
    for step in after.progress.steps[known:]:
        # A roll-back may have a wave of the same name.
        if waves and (waves[-1][0].wave, waves[-1][0].finished) == (step.wave, step.finished):
            waves[-1].append(step)
        else:
            waves.append([step])
    return [_line(steps, after.plan.candidate, at) for steps in waves]


def waiting(calls: Sequence[Call], seconds: float, at: str) -> ReportLine:
    """Return a line that says what a run still waits for, and for how many seconds it has."""
    hosts = table.names_of([call.host for call in calls], _MOST_NAMES)
    return ReportLine(f"{at} still waiting for {hosts} ({seconds:.0f} s)")


def _line(steps: Sequence[StepResult], primary: str, at: str) -> ReportLine:
    """Return what came of a wave: those that did the same in one part, failures in a part each."""
    did: dict[tuple[Action, ...], list[StepResult]] = {}
    failures = []
    for step in steps:
        if step.outcome != DONE:
            failures.append(_failure(step))
        else:
            did.setdefault(_actions(step, step.given or step.orders), []).append(step)
    parts = [_done(actions, steps_of) for actions, steps_of in did.items()]
    text = f"{at} {'; '.join([*parts, *failures])}"
    if len(text) > WIDTH:
        text = table.shortened(text, primary)
    return ReportLine(text, BAD if failures else PLAIN)


def _done(actions: Sequence[Action], steps: Sequence[StepResult]) -> str:
    form = PAST if len(steps) == 1 else PAST_OF_SEVERAL
    words = order_words.phrases(actions, form, primary=_steps_down(steps[0]))
    late = ", as it says itself" if any(step.late for step in steps) else ""
    return f"{table.names_of([step.host for step in steps], _MOST_NAMES)} {', '.join(words)}{late}"


def _failure(step: StepResult) -> str:
    actions = _actions(step, step.orders)
    words = order_words.phrases(actions, INFINITIVE, primary=_steps_down(step))
    why = step.failure.splitlines()[0].rstrip(".")
    if step.outcome == UNKNOWN:
        return f"{step.host} was to {' and '.join(words)}, and whether it did is UNKNOWN: {why}"
    return f"{step.host} FAILED to {' and '.join(words)}: {why}"


def _steps_down(step: StepResult) -> bool:
    return step.wave in (HAND_OVER, STEP_DOWN)


def _actions(step: StepResult, orders: Sequence[str]) -> tuple[Action, ...]:
    return tuple((order, step.upstream) for order in orders)
