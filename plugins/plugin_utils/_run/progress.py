# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The decision after each part of a run: locks, rehearsal, waves. For hooks see hooks.py.

Each function returns the decision with new verdicts and results in its progress. A failed verdict
forbids all that has not been done yet. Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import FAILED as NOT_DONE
from ansible_collections.nso.ha.plugins.module_utils._store.lock import WITHDRAW

from .._checks.case import FAILED, NOT_EVALUABLE, OVERRIDDEN, PASSED, Verdict
from .._checks.checks import without_lock
from .._model.links import follow_the_same
from .._model.observation import Answer, Observation, Silence, state_from, txid_from
from .._plan.plan import CATCH_UP, HAND_OVER, PROMOTE, WAIT, Step, Wave
from . import link_errors, upstream_addresses
from .results import LOCK, REHEARSAL, RENEWAL, STEP, WITHDRAWAL, Result, Results
from .run_state import Decision, Locks, StepResult
from .second_look import note

#: What a module says of a lock that it could not take, see ncs_ha_operation.
_UNREADABLE, _UNWRITABLE = "unreadable", "unwritable"

_LOST = "it dropped out of the play before this was done"


def after_locking(
    decision: Decision,
    hosts: Iterable[str],
    results: Results,
    now: float,
    overridden: Collection[str] = (),
) -> Decision:
    """Return the decision with a failed verdict on each of these hosts that has no lock.

    Unless it can do without, see `_does_without`. `now` is in seconds since 1970; `overridden` are
    the checks that the operator set aside.
    """
    if decision.progress.refused:
        return decision
    verdicts = []
    unlocked = dict(decision.progress.unlocked)
    for host in hosts:
        result = results.of(host, LOCK)
        if host not in decision.plan.lock.renew and _does_without(results, host):
            unlocked[host] = str(result["msg"])
        elif result.get("failed") or not results.said(host, LOCK):
            verdicts.append(Verdict("lock", FAILED, str(result.get("msg") or _LOST), host))
        elif not _lists(result, decision.plan.lock, host):
            # An older result: the host dropped out before the lock was written again.
            verdicts.append(Verdict("lock", FAILED, _LOST, host))
    new = {host: why for host, why in unlocked.items() if host not in decision.progress.unlocked}
    observed = {host: results.observation(host) for host in new}
    for finding, why in without_lock(new, observed):
        waived = "lockable" in overridden
        verdicts.append(Verdict("lockable", OVERRIDDEN if waived else finding, why))
    locked = tuple(host for host in decision.progress.locked if host not in unlocked)
    if new and not locked:
        verdicts.append(Verdict("lock", FAILED, "no node could be locked"))
    return decision.with_verdicts(verdicts).with_progress(
        locked=locked, unlocked=unlocked, started=now
    )


def _does_without(results: Results, host: str) -> bool:
    """Return whether the module itself says that no lock of this run or another is on a host.

    That is so where the lock could not be written. Where it could not be read, another run may hold
    it; that makes no difference only if the daemon is known not to run.
    """
    result = results.of(host, LOCK)
    if not (results.said(host, LOCK) and result.get("failed")) or result.get("lock"):
        return False
    observation = results.observation(host)
    stopped = isinstance(observation, Silence) and observation.stopped
    return result.get("refusal") in ((_UNWRITABLE, _UNREADABLE) if stopped else (_UNWRITABLE,))


def _lists(result: Result, locks: Locks, host: str) -> bool:
    """Return whether a lock lists the steps and the hosts to fence of the plan."""
    lock = result.get("lock") or {}
    listed = tuple(lock.get("steps", ())), tuple(lock.get("fence", ()))
    return listed == (locks.steps.get(host, ()), locks.fence.get(host, ()))


def after_renewal(decision: Decision, occasion: str, results: Results, now: float) -> Decision:
    """Return the decision with a failed verdict on each host whose lock was not proven just now.

    `occasion` is what the locks were renewed for, `now` is in seconds since 1970.
    """
    if decision.progress.refused:
        return decision
    verdicts = []
    for host in decision.plan.lock.hosts:
        # A run may do without the lock of a node that is dead anyway.
        if host not in decision.progress.locked:
            continue
        result = results.of(host, RENEWAL)
        if result.get("failed") or not results.said(host, RENEWAL, occasion):
            why = str(result.get("msg") or _LOST)
            verdicts.append(Verdict("lock", FAILED, why, host))
    renewed = decision.with_verdicts(verdicts).with_progress(renewed=now)
    if decision.progress.steps:
        return renewed.with_progress(reversible=_can_roll_back(renewed))
    return renewed.with_progress(started=now)


def after_rehearsal(decision: Decision, results: Results) -> Decision:
    """Return the decision with a verdict on each host where the orders were rehearsed."""
    if decision.progress.refused:
        return decision
    verdicts = []
    for host in decision.plan.rehearse:
        result = results.of(host, REHEARSAL) or {"msg": "it was not tried"}
        if "transitions" not in result or result.get("failed"):
            reason = str(result.get("msg", "no reason"))
        else:
            reason = _moved(results.observation(host), result)
        verdicts.append(Verdict("rehearsal", FAILED if reason else PASSED, reason, host))
    return decision.with_verdicts(
        [*verdicts, *upstream_addresses.upstream_verdicts(decision.plan, results)]
    )


def _moved(earlier: Observation, result: Result) -> str:
    """Return how a node differs from its observation for the plan, in words, or ""."""
    if not isinstance(earlier, Answer) or not result.get("before"):
        return ""
    now = state_from(result["before"])
    if now.role == earlier.state.role and follow_the_same(now, earlier.state):
        return ""
    return f"was {earlier.state} when the plan was made and is {now} now; run it again"


def after_wave(decision: Decision, wave: Wave, results: Results, now: float) -> Decision:
    """Return the decision with the results of a wave that has just run.

    A step that was not done forbids the next wave. `now` is in seconds since 1970.
    """
    if decision.progress.refused:
        return decision
    verdicts, taken = [], []
    promotions = list(decision.progress.promotions)
    awaited = decision.progress.awaited
    for step in wave.steps:
        result = results.of(step.host, STEP) or {"msg": _LOST}
        step_result = _step_result(decision, wave, step, result, results, now)
        taken.append(step_result)
        if step_result.outcome != DONE:
            reason = step_result.failure
            verdicts.append(Verdict("step", FAILED, reason, step.host))
        elif wave.name in (CATCH_UP, HAND_OVER):
            former = step.upstream if wave.name == CATCH_UP else step.host
            awaited = awaited if wave.name == CATCH_UP else step_result.txid
            # Without an id there was nothing to wait for.
            if awaited is None:
                reason = "does not tell the id of its last transaction, which has to be handed over"
                verdicts.append(Verdict("step", FAILED, reason, former))
        if result.get("entry"):
            promotions.append(result["entry"])
    judged = decision.with_verdicts(verdicts).with_progress(
        steps=(*decision.progress.steps, *taken),
        promotions=tuple(promotions),
        awaited=awaited,
        judged=decision.progress.judged + 1,
        acted=True,
    )
    return judged.with_progress(reversible=_can_roll_back(judged))


def promotes_at_once(decision: Decision) -> bool:
    """Return whether the step judged last was a hand-over after which the promotion came at once.

    That is so if its module said itself that it is done. After one that was not answered, and is
    done by what the node says, the promotion is still to come.
    """
    step = decision.progress.steps[-1]
    return step.wave == HAND_OVER and not decision.progress.refused and not step.late


def _can_roll_back(decision: Decision) -> bool:
    """Return whether to bring the former primary back after a step that was not done.

    Also where it was only withdrawn, so that it is announced again. Not once the candidate is
    primary. Where it may still become it, `not_withdrawn` says so.
    """
    steps = decision.progress.steps
    promoted = any(step.wave == PROMOTE and step.outcome == DONE for step in steps)
    handed = any(step.wave == HAND_OVER for step in steps)
    hands_over = any(wave.name == HAND_OVER for wave in decision.plan.waves)
    withdrawn = any(step.wave == WITHDRAW and step.outcome == DONE for step in steps)
    begun = handed or (hands_over and withdrawn)
    return decision.progress.refused and begun and not promoted


def _step_result(
    decision: Decision, wave: Wave, step: Step, result: Result, results: Results, now: float
) -> StepResult:
    outcome = _outcome(step, result, results)
    late = note(step, result) if results.said(step.host, STEP, step.name) else ""
    if late:
        outcome = DONE
    only_looks = step.orders == (WAIT,)
    changed = result.get("changed", True)
    done = step.orders if outcome == DONE and changed and not only_looks else ()
    given = tuple(result.get("transitions", done))
    times = result.get("times") or []
    after = result.get("after")
    failed = outcome != DONE
    return StepResult(
        wave=wave.name,
        name=step.name,
        host=step.host,
        orders=given or step.orders,
        given=given,
        reason=step.reason,
        outcome=outcome,
        message=_why(decision, step, result, results) if failed else "",
        start=times[0]["start"] if times else None,
        end=times[-1]["end"] if times else None,
        finished=now,
        txid=txid_from(result.get("txid")),
        after=state_from(after) if after else None,
        told="after" in result,
        late=late,
        upstream=step.upstream,
    )


def _why(decision: Decision, step: Step, result: Result, results: Results) -> str:
    """Return what is known of a step that failed: the link that it was for, and what was said."""
    members = {member.host: member for member in decision.plan.members}
    link = ""
    if step.host in members:
        upstream = members.get(step.upstream)
        link = link_errors.link_failure(members[step.host], upstream, result, results)
    return " ".join(filter(None, (link, str(result.get("msg") or ""))))


def _outcome(step: Step, result: Result, results: Results) -> str:
    """Return the outcome of a step, as its own module says.

    Without a result of the module the outcome is unknown: if the host was lost, the task was cut
    off or the module died, the order may have been given, and the module may still be running.
    """
    said = results.said(step.host, STEP, step.name)
    if step.orders == (WAIT,):
        # The step only reads, so without an answer nothing has happened.
        return DONE if said and result.get("ha") and not result.get("failed") else NOT_DONE
    return str(result.get("outcome", UNKNOWN)) if said else UNKNOWN


def not_withdrawn(decision: Decision, results: Results) -> list[Verdict]:
    """Return a verdict on each step that may still be taken.

    A step is over if its module has said its outcome, or if it was struck off the lock on its node
    while it was still due: a module takes no step that is not due.
    """
    taken = {
        (step_result.host, step_result.name): step_result.outcome
        for step_result in decision.progress.steps
    }
    verdicts = []
    for wave in decision.plan.waves:
        for step in wave.steps:
            outcome = taken.get((step.host, step.name))
            if outcome in (DONE, NOT_DONE) or wave.name == CATCH_UP:
                continue
            if outcome is None and wave.name != PROMOTE:
                continue
            withdrawal = results.of(step.host, WITHDRAWAL)
            begun = outcome is not None
            said = results.said(step.host, WITHDRAWAL)
            if said and _withdrawn(step.name, withdrawal, begun):
                continue
            why = (
                f"the step {step.name} may have been taken, or may still be: its module has not "
                "said what came of it, and it could not be withdrawn from the lock on "
                f"{step.host}"
            )
            verdicts.append(Verdict("withdrawn", NOT_EVALUABLE, why, step.host))
    return verdicts


def _withdrawn(step: str, withdrawal: Result, begun: bool) -> bool:
    """Return whether the lock on a node keeps a step from being taken.

    A step that may have begun has to have been struck off just now. For a step that has not begun
    it is enough that the lock does not list it, or is that of another run.
    """
    if begun:
        return step in withdrawal.get("struck", ())
    lock = withdrawal.get("lock")
    if not lock:
        return False
    return bool(lock["run_id"] != withdrawal["run_id"] or step not in lock["steps"])


def lost(decision: Decision, why: str) -> Decision:
    """Return the decision when the next one could not be made: nothing more is done."""
    failed = decision.with_verdicts([Verdict("decision", NOT_EVALUABLE, why)])
    return replace(failed, needed=False)
