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

from ansible_collections.nso.ha.plugins.module_utils.outcomes import DONE, UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils.outcomes import FAILED as NOT_DONE

from . import guards, planner, variables
from .case import FAILED, PASSED, Verdict
from .observed import Observation, Seen, from_result, state_from
from .variables import HostVars


def locked(
    made: Mapping[str, Any], hosts: Iterable[str], hostvars: HostVars, now: float
) -> dict[str, Any]:
    """Return the plan with a verdict on each of these hosts where the lock could not be taken.

    `began` is added, the time before the first step.
    """
    verdicts = []
    for host in hosts:
        result = hostvars[host].get(variables.BEGUN) or {"failed": True, "msg": _LOST}
        if result.get("failed") or result.get("unreachable"):
            reason = str(result.get("msg", "no reason"))
            verdicts.append(Verdict("lock", FAILED, reason, host))
    return {**with_verdicts(made, verdicts), "began": now}


def can_roll_back(made: Mapping[str, Any]) -> bool:
    """Return whether the former primary can be brought back after a step that was not done.

    Not once the next one is primary, or may yet become it: an order without an answer may still be
    carried out.
    """
    history = made.get("history", [])
    promoted = any(
        one["wave"] == planner.PROMOTE and one["outcome"] in (DONE, UNKNOWN) for one in history
    )
    held = any(one["wave"] == planner.HOLD for one in history)
    return bool(made["refused"]) and held and not promoted


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
    if not isinstance(earlier, Seen) or not result.get("before"):
        return ""
    now = state_from(result["before"])
    if (now.role, now.primary) == (earlier.state.role, earlier.state.primary):
        return ""
    return f"was {earlier.state} when the plan was made and is {now} now; run it again"


def fenced(made: Mapping[str, Any], problem: str) -> dict[str, Any]:
    """Return the plan with a verdict on the tasks that keep the former primary off."""
    outcome = FAILED if problem else PASSED
    return with_verdicts(made, [Verdict("fence", outcome, problem, made["moves"]["from"])])


def after_wave(
    made: Mapping[str, Any],
    wave: Mapping[str, Any],
    hostvars: HostVars,
    active: Iterable[str],
    now: float,
) -> dict[str, Any]:
    """Return the plan with what a wave that has just run came to; `now` is in seconds.

    A step that was not done forbids the next wave. What the next steps need to know is added:

    awaited:    the transaction id that the next primary has to have before it takes over
    timeline:   with the promotion that was just recorded
    reversible: whether the former primary can be brought back now
    """
    present = set(active)
    results = {host: list(earlier) for host, earlier in made.get("results", {}).items()}
    history = list(made.get("history", []))
    verdicts = []
    found = dict(made)
    for host, step in wave["steps"].items():
        lost = {"unreachable": True, "msg": _LOST}
        own = hostvars[host].get(variables.RESULT) if host in present else None
        result = _complete(dict(own or lost), step)
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
    found["results"], found["history"] = results, history
    judged = with_verdicts(found, verdicts)
    return {**judged, "reversible": can_roll_back(judged)}


def _hands_over(made: Mapping[str, Any], wave: Mapping[str, Any]) -> bool:
    """Return whether this wave is that of a primary whose data the next one has to have."""
    if wave["name"] not in (planner.HOLD, planner.STEP_DOWN):
        return False
    return any(one["name"] == planner.HOLD for one in made["waves"])


_LOST = "it dropped out of the play before this was done"


def outcome_of(result: Mapping[str, Any]) -> str:
    """Return what a step came to. Not every module says so.

    Where Ansible lost the host, or the module died, the module may have been at any point.
    """
    if result.get("unreachable"):
        return UNKNOWN
    if "outcome" in result:
        return str(result["outcome"])
    if "module_stdout" in result:
        return UNKNOWN
    return NOT_DONE if result.get("failed") else DONE


def _complete(result: dict[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result in the shape of those of `ncs_ha_role`, whatever module it is of."""
    failed = bool(result.get("failed") or result.get("unreachable"))
    result["outcome"] = outcome_of(result)
    given = [] if failed or step["orders"] == [planner.WAIT] else list(step["orders"])
    result.setdefault("transitions", given)
    return result


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
