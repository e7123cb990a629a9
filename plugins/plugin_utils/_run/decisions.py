# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The decisions of a run, by the name of the step. Nothing here opens a connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .._plan.plan import HOOK
from . import chronicle, hooks, planning, progress, recheck, report, settings, status_report
from .planning import Known
from .report import Report
from .run_state import Decision
from .table import ReportLine

PLAN = "plan"
PLAN_AGAIN = "plan_again"
LOCKS = "judge_locks"
RENEWAL = "judge_renewal"
HOOK_TASKS = "judge_hook_tasks"
REHEARSAL = "judge_rehearsal"
RECHECK = "judge_recheck"
WAVE = "judge_wave"
ROLL_BACK = "roll_back"


@dataclass(frozen=True)
class Subject:
    """What a decision is about, beside what is known.

    decision: the earlier decision of this run, or None
    now:      the time, in seconds since 1970
    hosts:    for LOCKS, the hosts on which the run has tried to take its lock
    wave:     for RECHECK and WAVE, the number of the wave, from 0
    occasion: for RENEWAL, what the locks were renewed for
    hook_problem: for HOOK_TASKS, why the tasks of the hook cannot be relied on now, or ""
    """

    decision: Decision | None
    now: float
    hosts: tuple[str, ...] = ()
    wave: int = 0
    occasion: str = ""
    hook_problem: str = ""


def _plan(known: Known, decision: Decision, about: Subject) -> Decision:
    return planning.plan(known)


def _plan_again(known: Known, decision: Decision, about: Subject) -> Decision:
    # Without all of its locks a run plans nothing.
    return decision if decision.progress.refused else planning.plan(known, decision)


def _locks(known: Known, decision: Decision, about: Subject) -> Decision:
    overridden = known.request().consents.overridden
    return progress.after_locking(decision, about.hosts, known.results, about.now, overridden)


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
    # The promotion comes right after a hand-over, see walk.py, and is judged with it.
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


_DECISIONS: Mapping[str, Callable[[Known, Decision, Subject], Decision]] = {
    PLAN: _plan,
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
STEPS = tuple(_DECISIONS)

_CUT_OFF = "what was decided is lost, as the task that decides was cut off"


def decide(step: str, known: Known, about: Subject) -> Decision:
    """Return the decision of a step. It never fails, as a lock may be held."""
    decision = about.decision or planning.undecided(known)
    try:
        return _DECISIONS[step](known, decision, about)
    except Exception as problem:
        failed = progress.lost(
            decision, _at_fault(f"the decision {step} could not be made", problem)
        )
        # Steps of the wave may have been taken.
        return failed.with_progress(undecided=True) if step == WAVE else failed


def broken_off(decision: Decision, problem: Exception) -> Decision:
    """Return the decision of a run that ends because of a mistake in the collection."""
    why = _at_fault("the run was broken off", problem)
    return progress.lost(decision, why).with_progress(undecided=True)


def _at_fault(what: str, problem: Exception) -> str:
    return (
        f"{what}: {type(problem).__name__}: {problem}. This is a fault of the collection nso.ha; "
        "please report it, and run the operation again"
    )


def gone(known: Known) -> tuple[str, ...]:
    """Return the ids of runs that hold a lock and have ended."""
    return known.stored(known.broken()).replace


def report_of(known: Known, about: Subject, *, ended: bool, verbose: bool = False) -> Report:
    """Return the report of a run that has ended, or is about to end and holds its locks still.

    `verbose` says whether its lines have what few need.
    """
    decision = about.decision
    if decision is None:
        decision = progress.lost(planning.undecided(known), _CUT_OFF)
    return report.report(
        known.run,
        known.members,
        decision,
        known.results,
        known.stored(known.broken()),
        about.now,
        ended=ended,
        verbose=verbose,
    )


def report_of_status(known: Known, about: Subject, *, verbose: bool = False) -> Report:
    """Return the report of a look."""
    of_hosts = list(known.settings.values())
    return status_report.status_report(
        known.run,
        known.members,
        [*known.run.problems, *settings.problems(of_hosts, orders=False)],
        known.results,
        known.stored(),
        about.now,
        faults=settings.token_problems(of_hosts),
        outlook=planning.failover_outlook(known),
        verbose=verbose,
    )


def report_of_history(known: Known) -> Report:
    """Return the report of what has happened to the cluster."""
    of_hosts = list(known.settings.values())
    problems = [*known.run.problems, *settings.problems(of_hosts, orders=False)]
    limit = max((host_settings.history_limit for host_settings in of_hosts), default=1)
    data = chronicle.report(
        known.run, known.members, problems, known.results, known.stored(), limit
    )
    return Report(data, [ReportLine(text) for text in data["table"]])
