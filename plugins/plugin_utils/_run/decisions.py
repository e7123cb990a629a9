# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The decisions of a run, by the name of the step, for the action plugin.

A decision takes what is known and returns plain data. Nothing here opens a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._model.plain import to_dict
from .._plan.plan import HOOK
from . import hooks, planning, progress, recheck, report, settings
from .planning import Known
from .results import LOCK
from .run_state import Decision

PLAN = "plan"
PLAN_AGAIN = "plan_again"
LOCKS = "judge_locks"
RENEWAL = "judge_renewal"
HOOK_TASKS = "judge_hook_tasks"
REHEARSAL = "judge_rehearsal"
RECHECK = "judge_recheck"
WAVE = "judge_wave"
ROLL_BACK = "roll_back"

GONE = "find_gone"
REPORT = "report"
REPORT_SO_FAR = "report_so_far"
STATUS = "report_status"


@dataclass(frozen=True)
class Subject:
    """What a decision is about, beside what is known.

    decision: the earlier decision of this run, or None
    now:      the time, in seconds since 1970
    hosts:    for LOCKS, the hosts on which the run has tried to take its lock
    once:     for LOCKS, whether a task that ran once has tried it, for one node after the other
    wave:     for RECHECK, HOOK_TASKS and WAVE, the number of the wave, from 0
    occasion: for RENEWAL, what the locks were renewed for
    hook_problem: for HOOK_TASKS, why the tasks of the hook cannot be relied on now, or ""
    """

    decision: Decision | None
    now: float
    hosts: tuple[str, ...] = ()
    once: bool = False
    wave: int = 0
    occasion: str = ""
    hook_problem: str = ""


def _plan_again(known: Known, decision: Decision, about: Subject) -> Decision:
    # Without all of its locks a run plans nothing.
    return decision if decision.progress.refused else planning.plan(known, decision)


def _locks(known: Known, decision: Decision, about: Subject) -> Decision:
    results = known.results.one_by_one(LOCK) if about.once else known.results
    overridden = known.request().consents.overridden
    return progress.after_locking(decision, about.hosts, results, about.now, overridden)


def _renewal(known: Known, decision: Decision, about: Subject) -> Decision:
    return progress.after_renewal(decision, about.occasion, known.results, about.now)


def _hook_tasks(known: Known, decision: Decision, about: Subject) -> Decision:
    return hooks.after_reading(decision, about.hook_problem)


def _rehearsal(known: Known, decision: Decision, about: Subject) -> Decision:
    return progress.after_rehearsal(decision, known.results)


def _recheck(known: Known, decision: Decision, about: Subject) -> Decision:
    wave = decision.plan.waves[about.wave]
    agreed = hooks.backed_up(known.request().consents.overwrite, decision, known.run)
    return recheck.rechecked(decision, wave, known.results, agreed)


def _wave(known: Known, decision: Decision, about: Subject) -> Decision:
    # The promotion comes right after a hand-over, see hand_over.yml, and is judged with it.
    if about.wave < decision.progress.judged:
        return decision
    waves = decision.plan.waves
    wave = waves[about.wave]
    if wave.kind == HOOK:
        return hooks.after_hook(decision, wave, known.run, known.results, about.now)
    judged = progress.after_wave(decision, wave, known.results, about.now)
    if judged != decision and progress.promotes_at_once(judged):
        return progress.after_wave(judged, waves[about.wave + 1], known.results, about.now)
    return judged


def _roll_back(known: Known, decision: Decision, about: Subject) -> Decision:
    return planning.roll_back(known, decision)


#: The decisions that go on from an earlier one. They are made while the lock is held.
_UNDER_LOCK: Mapping[str, Callable[[Known, Decision, Subject], Decision]] = {
    PLAN_AGAIN: _plan_again,
    LOCKS: _locks,
    RENEWAL: _renewal,
    HOOK_TASKS: _hook_tasks,
    REHEARSAL: _rehearsal,
    RECHECK: _recheck,
    WAVE: _wave,
    ROLL_BACK: _roll_back,
}

#: All steps.
STEPS = (PLAN, *_UNDER_LOCK, GONE, REPORT_SO_FAR, REPORT, STATUS)

_CUT_OFF = "what was decided is lost, as the task that decides was cut off"


def decide(step: str, known: Known, about: Subject) -> dict[str, Any]:
    """Return the decision of a step as plain data.

    GONE returns `gone`, the ids of runs that hold a lock and have ended; REPORT and STATUS return
    `report`, and so does REPORT_SO_FAR, while locks are held; every other step returns the fields
    of Decision.
    """
    decision = about.decision or planning.undecided(known)
    if step == GONE:
        return {"gone": list(known.stored(known.broken()).replace)}
    if step == STATUS:
        problems = [
            *known.run.problems,
            *settings.problems(list(known.settings.values()), orders=False),
        ]
        return {
            "report": report.status_report(
                known.run, known.members, problems, known.results, known.stored(), about.now
            )
        }
    if step in (REPORT_SO_FAR, REPORT):
        if about.decision is None:
            decision = progress.lost(decision, _CUT_OFF)
        ended = step == REPORT
        return {
            "report": report.report(
                known.run,
                known.members,
                decision,
                known.results,
                known.stored(known.broken()),
                about.now,
                ended,
            )
        }
    if step == PLAN:
        return to_dict(_or_lost(step, decision, lambda: planning.plan(known)))
    act = _UNDER_LOCK[step]
    return to_dict(_or_lost(step, decision, lambda: act(known, decision, about)))


def _or_lost(step: str, decision: Decision, make: Callable[[], Decision]) -> Decision:
    """Return what `make` decides, or a lost decision: no task may fail while a lock is held."""
    try:
        return make()
    except Exception as problem:
        why = (
            f"the decision {step} could not be made: {type(problem).__name__}: {problem}. This "
            "is a fault of the collection nso.ha; please report it, and run the operation again"
        )
        lost = progress.lost(decision, why)
        # Steps of the wave may have been taken.
        return lost.with_progress(undecided=True) if step == WAVE else lost
