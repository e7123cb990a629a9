# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The way of a run: what is done in which order, from the first look to the report.

Look, plan, and where there is something to do, take the lock, look and plan again, carry out the
waves, verify, and give the lock back. How to decide is in decisions.py, which calls are made in
calls.py, and how a call reaches its node is not known here.

A run pauses where tasks of the user's own are due, which only a playbook can run. `Walk.paused` is
plain data from which another process goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE

from .._agents.call import Call, Caller
from .._model.plain import from_dict, to_dict
from .._plan.plan import HAND_OVER, HOOK, KINDS, START, Wave
from . import decisions, planning
from .calls import Calls
from .decisions import Subject
from .planning import Known
from .report import Report
from .results import (
    CONFIRMATION,
    ENDED,
    HOOK_PROBLEM,
    LOCK,
    OBSERVATION,
    RECHECK,
    REHEARSAL,
    RENEWAL,
    ROLLING_BACK,
    STEP,
    UNDER_LOCK,
    VERIFICATION,
    WITHDRAWAL,
    Result,
    Results,
    of_this_run,
)
from .run_outcome import REFUSED
from .run_state import Decision, Run
from .settings import Settings
from .stored import Gone

#: What of the report goes into the log of operations.
_LOGGED = (
    "operation",
    "run_id",
    "owner",
    "began",
    "ended",
    "outcome",
    "primary",
    "write_gap",
    "steps",
    "remaining",
)

#: The kinds of waves before which all locks are renewed, as what they do may take long or cannot
#: be taken back. Others are renewed for their look, see `Wave.look`.
_RENEWED = (HOOK, KINDS[HAND_OVER], START)


@dataclass(frozen=True)
class Surroundings:
    """What a run depends on beside its settings.

    gone:         returns whether the process of a run is known to have ended
    hook_problem: returns why the tasks of a hook cannot be relied on now, or "", by its event
    now:          returns the time, in seconds since 1970
    tell:         called with the decisions before and after steps were judged
    verbose:      whether the lines of the report have what few need
    """

    gone: Gone
    hook_problem: Callable[[str], str] = lambda _event: ""
    now: Callable[[], float] = time.time
    tell: Callable[[Decision, Decision], object] = lambda _before, _after: None
    verbose: bool = False


class Walk:
    """One run on its way.

    report:  the report, once the run has ended
    due:     the wave of the user's own tasks for which the run has paused, or None
    changed: hosts on which something was changed or, in a dry run, would be
    """

    def __init__(
        self, run: Run, settings: Mapping[str, Settings], caller: Caller, around: Surroundings
    ) -> None:
        self.report = Report({}, [])
        self.due: Wave | None = None
        self.changed: set[str] = set()
        self._run = run
        self._settings = settings
        self._caller = caller
        self._around = around
        self._calls = Calls(run, settings)
        self._found: dict[str, dict[str, Result]] = {host: {} for host in settings}
        self._decision: Decision | None = None

    # The entrances

    def status(self) -> None:
        """Look, and report."""
        self._observe()
        self.report = decisions.report_of_status(
            self._known(), self._subject(), verbose=self._around.verbose
        )

    def history(self) -> None:
        """Read the records of all nodes, and report."""
        self._observe(with_log=True)
        self.report = decisions.report_of_history(self._known())

    def operation(self) -> None:
        """Run the operation, until it has ended or pauses."""
        self._observe()
        self._wait_for_those_that_start()
        self._decide(decisions.PLAN)
        if self.decision.needed:
            if self._run.dry:
                self._rehearse()
            else:
                self._under_lock(self._take_locks_and_go)
        if not self.due:
            self._make_report()

    def resume(self, paused: Mapping[str, Any], problems: Mapping[str, Result]) -> None:
        """Go on after tasks of the user's own.

        problems: by host, what is known of tasks that failed, see results.HOOK_PROBLEM
        """
        self._decision = from_dict(Decision, paused["decision"])
        self._found = {host: dict(by_name) for host, by_name in paused["results"].items()}
        self.changed = set(paused["changed"])
        for host, problem in problems.items():
            self._found[host][HOOK_PROBLEM] = problem
        self._under_lock(self._go_on_after_hook)
        if not self.due:
            self._make_report()

    @property
    def paused(self) -> dict[str, Any]:
        """Return plain data from which `resume` goes on."""
        return {
            "decision": to_dict(self.decision),
            "results": self._found,
            "changed": sorted(self.changed),
        }

    @property
    def decision(self) -> Decision:
        """Return what was decided last; before the first decision, one that permits nothing."""
        return self._decision or planning.undecided(self._known())

    # Looking

    def _observe(self, *, with_log: bool = False) -> None:
        if self._run.problems:
            return
        fit = [host for host, of_host in self._settings.items() if not of_host.problems]
        self._call(OBSERVATION, [self._calls.observe(host, with_log=with_log) for host in fit])
        self._look_where_runs_are_gone(with_log=with_log)

    def _look_where_runs_are_gone(self, *, with_log: bool) -> None:
        """Look at the nodes that have refused it for the lock of a run that has ended."""
        locked_out = {
            host: observation["state_directory"]["lock"]["run_id"]
            for host in self._settings
            if (observation := self._results().of(host, OBSERVATION)).get("locked")
        }
        if locked_out:
            gone = decisions.gone(self._known())
            left = [host for host, run_id in locked_out.items() if run_id in gone]
            self._call(
                OBSERVATION, [self._calls.observe(host, gone, with_log=with_log) for host in left]
            )

    def _wait_for_those_that_start(self) -> None:
        """Wait for daemons in start phase 0 that do not wait themselves until they are told."""
        starting = [
            host
            for host in self._settings
            if _phase(self._results().of(host, OBSERVATION)) < 1
            and not self._settings[host].member.start_phases
        ]
        self._call(OBSERVATION, map(self._calls.wait_until_started, starting))

    def _observe_under_lock(self, moment: str) -> None:
        progress = self.decision.progress
        hosts = [*progress.locked, *progress.unlocked]
        self._call(
            OBSERVATION,
            [self._calls.observe_under_lock(host, self.decision, moment) for host in hosts],
        )

    # The lock

    def _under_lock(self, go: Callable[[], None]) -> None:
        """Do something with the lock, and give it back unless the run has only paused."""
        try:
            go()
        except Exception as problem:
            self.due = None
            self._decision = decisions.broken_off(self.decision, problem)
        except BaseException:
            # The task that runs this is cut off.
            self.due = None
            raise
        finally:
            if not self.due:
                self._give_back()

    def _take_locks_and_go(self) -> None:
        hosts = self.decision.plan.lock.hosts
        # Two operators who start together meet at the first node: one of them gets it and goes on.
        for several in (hosts[:1], hosts[1:]):
            self._take_locks(several)
        if self._is_refused():
            return
        self._observe_under_lock(UNDER_LOCK)
        self._decide(decisions.PLAN_AGAIN)
        self._take_locks(self.decision.plan.lock.renew)
        if self.decision.plan.rehearse and not self._is_refused():
            self._rehearse()
        self._carry_out()

    def _take_locks(self, hosts: Sequence[str]) -> None:
        if hosts and not self._is_refused():
            self._call(LOCK, [self._calls.lock(host, self.decision) for host in hosts])
            self._decide(decisions.LOCKS, replace(self._subject(), hosts=tuple(hosts)))

    def _renew_locks(self, wave: Wave) -> None:
        """Renew all locks at the same time; each host has to prove that it has its own.

        A run that has lost a lock must not go on, and a lock must not expire while its host waits
        for its turn.
        """
        decision = self.decision
        occasion = f"wave {wave.name} after {len(decision.progress.steps)} steps"
        begins = [step.host for step in wave.steps] if wave.kind == HOOK else []
        self._call(
            RENEWAL,
            [
                self._calls.renew(host, occasion, wave.name if host in begins else "")
                for host in decision.plan.lock.hosts
                if host in decision.progress.locked
            ],
        )
        self._decide(decisions.RENEWAL, replace(self._subject(), occasion=occasion))

    def _give_back(self) -> None:
        """Complete promotion history and log on every node, and give the lock back."""
        decision = self.decision
        log = self._logged()
        promotions = () if log is None else decision.progress.promotions
        self._call(
            ENDED,
            [self._calls.end(host, promotions, log) for host in decision.progress.locked],
        )
        for host in decision.plan.incomplete:
            if self._results().of(host, ENDED).get("changed"):
                self.changed.add(host)

    def _logged(self) -> dict[str, Any] | None:
        """Return what goes into the log of operations; None for a run that did nothing.

        Nothing that goes wrong here keeps the locks from being given back.
        """
        try:
            report = decisions.report_of(self._known(), self._subject(), ended=False).data
        except Exception:
            return {}
        if report["outcome"] == REFUSED:
            return None
        return {name: report[name] for name in _LOGGED}

    # The plan

    def _rehearse(self) -> None:
        """Let nodes say what the orders would do, before anything has changed anywhere."""
        decision = self.decision
        self._call(
            REHEARSAL, [self._calls.rehearse(host, decision) for host in decision.plan.rehearse]
        )
        if self._run.dry:
            self._foresee(decision)
        self._decide(decisions.REHEARSAL)

    def _foresee(self, decision: Decision) -> None:
        """Find out on which nodes something would change."""
        plan, calls = decision.plan, self._calls
        results = self._caller.run(
            foreseen := [
                *(calls.rehearse_mode(host, decision) for host in plan.modes),
                *(calls.rehearse_phase(host, decision) for host in plan.phases),
                *(calls.rehearse_history(host, decision) for host in plan.incomplete),
            ]
        )
        would = [(call.host, result) for call, result in zip(foreseen, results)]
        would += [(host, self._results().of(host, REHEARSAL)) for host in plan.rehearse]
        self.changed.update(host for host, result in would if result.get("changed"))

    def _carry_out(self) -> None:
        """Carry out the waves that are left, and verify; stop where a hook is due."""
        if self._carry_out_waves():
            return
        if self.decision.progress.reversible:
            self._call(WITHDRAWAL, map(self._calls.withdraw, self.decision.progress.locked))
            self._observe_under_lock(ROLLING_BACK)
            self._decide(decisions.ROLL_BACK)
            self._take_locks(self.decision.plan.lock.renew)
            if self._carry_out_waves():
                return
        if self.decision.progress.acted:
            plan = self.decision.plan
            hosts = [host for host in self._found if host in plan.verify or host in plan.silent]
            self._call(VERIFICATION, [self._calls.verify(host, self.decision) for host in hosts])

    def _carry_out_waves(self) -> bool:
        """Carry out waves; return whether the run pauses for a hook."""
        while not self._is_refused() and self._next < len(self.decision.plan.waves):
            wave = self.decision.plan.waves[self._next]
            if wave.look or wave.kind in _RENEWED:
                self._renew_locks(wave)
            if wave.kind == HOOK:
                problem = self._around.hook_problem(wave.name)
                about = replace(self._subject(), hook_problem=problem)
                self._decide(decisions.HOOK_TASKS, about)
                if self._is_refused():
                    return False
                if not self.decision.progress.hook_problem:
                    self.due = wave
                    return True
                self._judge_hook(wave)
                continue
            if wave.look:
                self._look_before(wave)
            if not self._is_refused():
                self._take_steps(wave)
        return False

    def _go_on_after_hook(self) -> None:
        self.due = None
        self._judge_hook(self.decision.plan.waves[self._next])
        self._carry_out()

    def _judge_hook(self, wave: Wave) -> None:
        """Judge a hook by what it has confirmed: that nothing failed proves nothing."""
        self._call(CONFIRMATION, [self._calls.confirmed(step.host, step) for step in wave.steps])
        self._judge()

    def _look_before(self, wave: Wave) -> None:
        if self._is_refused():
            return
        decision = self.decision
        self._call(RECHECK, [self._calls.look_before(host, wave, decision) for host in wave.look])
        self._decide(decisions.RECHECK, replace(self._subject(), wave=self._next))

    def _take_steps(self, wave: Wave) -> None:
        decision = self.decision
        self._call_steps(self._calls.step(wave, step, decision) for step in wave.steps)
        if wave.name == HAND_OVER:
            self._promote_at_once(wave, decision)
        self._judge()

    def _promote_at_once(self, wave: Wave, decision: Decision) -> None:
        """Promote right after a hand-over, as no node takes writes now; both are judged afterwards.

        Only if the module has said, in this run, that its step is done, and which transaction was
        the last. Where it has said anything else, what comes next is decided as after any wave.
        """
        (handed_over,) = wave.steps
        said = self._results().said(handed_over.host, STEP, handed_over.name)
        result = self._results().of(handed_over.host, STEP)
        if said and result.get("outcome") == DONE and result.get("txid"):
            (promotion,) = decision.plan.waves[self._next + 1].steps
            call = self._calls.promote_at_once(promotion, decision, result["txid"])
            self._call_steps([call])

    def _judge(self) -> None:
        before = self.decision
        self._decide(decisions.WAVE, replace(self._subject(), wave=self._next))
        self._around.tell(before, self.decision)

    # Calls and decisions

    @property
    def _next(self) -> int:
        """Return the number of the next wave."""
        return self.decision.progress.judged

    def _is_refused(self) -> bool:
        return self.decision.progress.refused

    def _call(self, name: str, calls: Iterable[Call]) -> None:
        """Make calls at the same time, and keep their results under this name."""
        several = list(calls)
        for call, result in zip(several, self._caller.run(several)):
            self._found[call.host][name] = of_this_run(result, self._run.run_id)

    def _call_steps(self, calls: Iterable[Call]) -> None:
        several = list(calls)
        self._call(STEP, several)
        for call in several:
            # Of a module that has not said anything it is not known what it did.
            said = self._results().said(call.host, STEP)
            if not said or self._found[call.host][STEP].get("changed"):
                self.changed.add(call.host)

    def _results(self) -> Results:
        return Results(self._run.run_id, self._found)

    def _known(self) -> Known:
        return Known(self._run, self._settings, self._results(), self._around.gone)

    def _subject(self) -> Subject:
        return Subject(self._decision, self._around.now())

    def _decide(self, step: str, about: Subject | None = None) -> None:
        self._decision = decisions.decide(step, self._known(), about or self._subject())

    def _make_report(self) -> None:
        self.report = decisions.report_of(
            self._known(), self._subject(), ended=True, verbose=self._around.verbose
        )


def _phase(observation: Result) -> int:
    """Return the start phase of an observation; 1 where it is not told."""
    phase = (observation.get("ha") or {}).get("phase")
    return 1 if phase is None else int(phase)
