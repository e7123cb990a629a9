# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a plan comes to while it is carried out: locks, rehearsals and steps, judged one by one.

Each function returns the plan with more in it. A verdict that failed forbids whatever has not been
done yet. Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import FAILED as NOT_DONE

from .._checks import guards
from .._checks.case import FAILED, NOT_EVALUABLE, PASSED, Verdict
from .._model.observation import Answer, Observation, from_result, state_from
from .._plan import planner
from . import variables
from .variables import HostVars


def locked(
    made: Mapping[str, Any], hosts: Iterable[str], hostvars: HostVars, now: float
) -> dict[str, Any]:
    """Return the plan with a verdict on each of these hosts where the lock could not be taken.

    `began` is added, the time before the first step.
    """
    verdicts = []
    for host in hosts:
        result = hostvars[host].get(variables.BEGUN) or {}
        if result.get("failed") or not variables.said(result, made["run"]):
            verdicts.append(Verdict("lock", FAILED, str(result.get("msg", _LOST)), host))
    return {**with_verdicts(made, verdicts), "began": now}


def can_roll_back(made: Mapping[str, Any]) -> bool:
    """Return whether to try to bring the former primary back after a step that was not done.

    Not once the next one is primary. Where it may yet become it, `not_withdrawn` says so.
    """
    history = made.get("history", [])
    promoted = any(one["wave"] == planner.PROMOTE and one["outcome"] == DONE for one in history)
    held = any(one["wave"] == planner.HOLD for one in history)
    return bool(made["refused"]) and held and not promoted


def not_withdrawn(made: Mapping[str, Any], hostvars: HostVars) -> list[Verdict]:
    """Return a verdict on each step of which it is not known that it will not be taken any more.

    That is known of a step whose module said what came of it, and of one that was struck off the
    lock on its node while it was still due: its module takes no step that is not.
    """
    found = []
    for wave in made["waves"]:
        for host, step in wave["steps"].items():
            outcome = made.get("outcomes", {}).get(host, {}).get(step["name"])
            if outcome in (DONE, NOT_DONE) or wave["name"] == planner.CATCH_UP:
                continue
            if outcome is None and wave["name"] != planner.PROMOTE:
                continue
            struck = hostvars[host].get(variables.STRUCK) or {}
            begun = outcome is not None
            if variables.said(struck, made["run"]) and _withdrawn(step["name"], struck, begun):
                continue
            why = (
                f"the step {step['name']} may have been taken, or may still be: its module has not "
                f"said what came of it, and it could not be withdrawn from the lock on {host}"
            )
            found.append(Verdict("withdrawn", NOT_EVALUABLE, why, host))
    return found


def _withdrawn(step: str, struck: Mapping[str, Any], begun: bool) -> bool:
    """Return whether the lock on a node keeps a step from being taken.

    One that may have begun has to have been struck off just now. For one that has not begun it is
    enough that the lock does not list it, or is that of another run.
    """
    if begun:
        return step in struck.get("struck", ())
    lock = struck.get("lock")
    if not lock:
        return False
    return bool(lock["id"] != struck["run"] or step not in lock["steps"])


def rehearsed(made: Mapping[str, Any], hostvars: HostVars) -> dict[str, Any]:
    """Return the plan with a verdict on each host on which the order was tried in check mode."""
    verdicts = []
    for host in made["rehearse"]:
        result = hostvars[host].get(variables.REHEARSED) or {"msg": "it was not tried"}
        if "transitions" not in result or result.get("failed"):
            reason = str(result.get("msg", "no reason"))
        else:
            reason = _moved(from_result(hostvars[host].get(variables.OBSERVED)), result)
        outcome = FAILED if reason else PASSED
        verdicts.append(Verdict("rehearsal", outcome, reason, host))
    return with_verdicts(made, verdicts)


def _moved(earlier: Observation, result: Mapping[str, Any]) -> str:
    """Return in words that a node is not any more what the plan was made for, or nothing."""
    if not isinstance(earlier, Answer) or not result.get("before"):
        return ""
    now = state_from(result["before"])
    if (now.role, now.primary) == (earlier.state.role, earlier.state.primary):
        return ""
    return f"was {earlier.state} when the plan was made and is {now} now; run it again"


def fenced(made: Mapping[str, Any], hostvars: HostVars) -> dict[str, Any]:
    """Return the plan with a verdict on each host that had to be fenced.

    What counts is the confirmation in the lock of the node that is to be primary, as read after the
    fencing tasks. That no task failed proves nothing.
    """
    candidate = made["moves"]["to"]
    result = hostvars[candidate].get(variables.BEGUN) or {}
    lock = (result.get("lock") or {}) if variables.said(result, made["run"]) else {}
    held = lock if lock.get("id") == made["run"] else {}
    problem = hostvars[candidate].get(variables.FENCE_PROBLEM) or {}
    why = (
        f"its fencing tasks have not confirmed, in the lock on {candidate}, that it is fenced: "
        "they have to end with nso.ha.ncs_ha_operation, state: confirmed, and the host"
    )
    if isinstance(problem, Mapping) and problem.get("run") == made["run"]:
        why = str(problem["text"])
    found = []
    for host in made["lock"]["fence"][candidate]:
        ok = host in held.get("fenced", ())
        found.append(Verdict("fence", PASSED if ok else FAILED, "" if ok else why, host))
    return with_verdicts(made, found)


def after_wave(
    made: Mapping[str, Any],
    wave: Mapping[str, Any],
    hostvars: HostVars,
    now: float,
) -> dict[str, Any]:
    """Return the plan with what a wave that has just run came to; `now` is in seconds.

    A step that was not done forbids the next wave. What the next steps need to know is added:

    outcomes:   {host: {name of a step: outcome}}
    awaited:    the transaction id that the next primary has to have before it takes over
    timeline:   with the promotion that was just recorded
    reversible: whether the former primary can be brought back now
    """
    outcomes = {host: dict(earlier) for host, earlier in made.get("outcomes", {}).items()}
    results = {host: list(earlier) for host, earlier in made.get("results", {}).items()}
    history = list(made.get("history", []))
    verdicts = []
    found = dict(made)
    for host, step in wave["steps"].items():
        own = hostvars[host].get(variables.RESULT) or {"msg": _LOST}
        result = _complete(own, step, made["run"])
        outcomes.setdefault(host, {})[step["name"]] = result["outcome"]
        results.setdefault(host, []).append(result)
        history.append(_told(wave["name"], host, step, result, now))
        if result["outcome"] != DONE:
            reason = str(result.get("msg", "the step failed without a reason"))
            verdicts.append(Verdict("step", FAILED, reason, host))
        elif _hands_over(made, wave):
            found["awaited"] = result.get("txid")
            if not result.get("txid"):
                reason = "does not tell the id of its last transaction, which has to be handed over"
                verdicts.append(Verdict("step", FAILED, reason, host))
        if result.get("entry"):
            found["timeline"] = [*found["timeline"], result["entry"]]
    found["results"], found["history"], found["outcomes"] = results, history, outcomes
    judged = with_verdicts(found, verdicts)
    return {**judged, "reversible": can_roll_back(judged)}


def _hands_over(made: Mapping[str, Any], wave: Mapping[str, Any]) -> bool:
    """Return whether this wave is that of a primary whose data the next one has to have."""
    if wave["name"] not in (planner.HOLD, planner.STEP_DOWN):
        return False
    return any(one["name"] == planner.HOLD for one in made["waves"])


_LOST = "it dropped out of the play before this was done"


def _outcome(result: Mapping[str, Any], step: Mapping[str, Any], run: str) -> str:
    """Return what a step came to, by the word of its own module.

    Where there is none, as the host was lost, the task was cut off or the module died, the module
    may have been at any point, and may still go on.
    """
    said = variables.said(result, run, step["name"])
    if step["orders"] == [planner.WAIT]:
        # It only looks, so without an answer nothing has happened.
        return DONE if said and result.get("ha") and not result.get("failed") else NOT_DONE
    return str(result.get("outcome", UNKNOWN)) if said else UNKNOWN


def _complete(result: Mapping[str, Any], step: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Return a result in the shape of those of `ncs_ha_role`, whatever module it is of."""
    outcome = _outcome(result, step, run)
    given = list(step["orders"]) if outcome == DONE and step["orders"] != [planner.WAIT] else []
    return {"transitions": given, **result, "outcome": outcome}


def _told(
    wave: str, host: str, step: Mapping[str, Any], result: Mapping[str, Any], now: float
) -> dict[str, Any]:
    """Return what the report says of a step. Times are seconds since 1970 by the node's clock."""
    times = result.get("times") or []
    return {
        "wave": wave,
        "host": host,
        "orders": list(result["transitions"]) or list(step["orders"]),
        "reason": step["reason"],
        "outcome": result["outcome"],
        "start": times[0]["start"] if times else None,
        "end": times[-1]["end"] if times else None,
        "finished": now,
        "txid": result.get("txid"),
    }


def with_verdicts(made: Mapping[str, Any], verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """Return the plan with more verdicts; a failed one forbids whatever has not been done yet."""
    more = list(verdicts)
    return {
        **made,
        "verdicts": [*made["verdicts"], *(dict(vars(one)) for one in more)],
        "refused": made["refused"] or guards.refused(more),
    }
