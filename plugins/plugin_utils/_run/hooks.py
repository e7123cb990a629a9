# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What came of tasks of the user's own, the hooks of a run. Pure functions over plain data.

What counts is the confirmation in the lock on the node that ran them, as read after them. That no
task failed proves nothing: they may have been skipped, or cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import FAILED as NOT_DONE
from ansible_collections.nso.ha.plugins.module_utils._store.lock import (
    ANNOUNCE,
    BACKUP,
    FENCE,
    WITHDRAW,
)

from .._checks.case import FAILED, PASSED, Verdict
from .._checks.consents import Nodes, value_option
from .._plan.plan import PROMOTE, Step, Wave
from . import commands
from .results import CONFIRMATION, Results
from .run_state import Decision, Run, StepResult
from .settings import Settings

#: The variable that names the tasks of each event.
VARIABLES: Mapping[str, str] = {
    FENCE: "nso_ha_fence_tasks",
    WITHDRAW: "nso_ha_withdraw_tasks",
    BACKUP: "nso_ha_backup_tasks",
    ANNOUNCE: "nso_ha_announce_tasks",
}

#: How messages call the tasks of each event, and what they are to have confirmed.
WORDS: Mapping[str, tuple[str, str]] = {
    FENCE: ("fencing tasks", "that it is fenced"),
    WITHDRAW: ("withdraw tasks", "that it is withdrawn"),
    BACKUP: ("backup tasks", "that it is backed up"),
    ANNOUNCE: ("announce tasks", "that it is announced"),
}

#: The task that confirms, and what names the host that it confirms for.
CONFIRMS = "nso.ha.ncs_ha_operation"
_NAMED = {FENCE: "nso_ha_fence_host"}


def host_variable(event: str) -> str:
    """Return the variable in which the tasks of an event find the host that they are about."""
    return _NAMED.get(event, "nso_ha_hook.host")


def after_reading(decision: Decision, problem: str) -> Decision:
    """Return the decision with the reason why the tasks of a hook cannot be relied on, or "".

    The file was read when the run began. Somebody may have edited it in the meantime.
    """
    return decision.with_progress(hook_problem=problem)


def for_playbook(
    wave: Wave, run: Run, settings: Mapping[str, Settings], decision: Decision
) -> dict[str, Any]:
    """Return what the playbook needs to run the tasks of a hook.

    event, path: which tasks they are
    hosts:       by host that runs them: the step they are; the variables that they may use; the
                 options of the task that confirms; and when their time is over, in
                 seconds since 1970
    """
    plan = decision.plan
    former = plan.targets.get(plan.former)
    newest = max((entry["epoch"] for entry in decision.progress.promotions), default=0)
    hosts = {}
    for step in wave.steps:
        about = step.upstream or step.host
        of_host = settings[step.host]
        hosts[step.host] = {
            "step": step.name,
            "hook": {
                "event": wave.name,
                "host": about,
                "node_id": plan.targets[about].node_id,
                "former_host": plan.former,
                "former_node_id": former.node_id if former else "",
                "operation": run.operation,
                "run_id": run.run_id,
            },
            "confirms": {
                "state_dir": of_host.state_dir,
                "run_id": run.run_id,
                "node_id": of_host.member.node_id,
                "within": of_host.limits.hook,
                "event": wave.name,
                "epoch": newest,
            },
            "ends": decision.progress.renewed + of_host.limits.hook,
        }
    return {"event": wave.name, "path": run.hooks[wave.name], "hosts": hosts}


def after_hook(decision: Decision, wave: Wave, run: Run, results: Results, now: float) -> Decision:
    """Return the decision with what came of a hook that has just run on the nodes of its steps.

    One that is not confirmed forbids what comes after it. Not so an announcement: the primary is
    there, and the nodes that follow it are needed all the same. `now` is in seconds since 1970.
    """
    if decision.progress.refused:
        return decision
    verdicts, taken = [], []
    for step in wave.steps:
        why = _why_not(decision, wave, step, results)
        about = step.upstream or step.host
        taken.append(_step_result(wave, step, _advice(wave.name, why, run), now))
        if why and wave.name != ANNOUNCE:
            verdicts.append(Verdict(wave.name, FAILED, taken[-1].message, about))
        elif wave.name == FENCE:
            verdicts.append(Verdict(wave.name, PASSED, "", about))
    steps = (*decision.progress.steps, *taken)
    judged = decision.progress.judged + 1
    return decision.with_verdicts(verdicts).with_progress(steps=steps, judged=judged)


def _why_not(decision: Decision, wave: Wave, step: Step, results: Results) -> str:
    """Return why a hook does not count as done, or ""."""
    about = step.upstream or step.host
    if _is_confirmed(wave.name, step, results):
        return ""
    tasks, what = WORDS[wave.name]
    return (
        decision.progress.hook_problem
        or results.hook_problem(step.host, step.name)
        or f"its {tasks} have not confirmed, in the lock on {step.host}, {what}: they have to end "
        f"with {CONFIRMS}, state: confirmed, and the host ({about})"
    )


def _is_confirmed(event: str, step: Step, results: Results) -> bool:
    """Return whether the lock on a node has the confirmation of a hook, as read just now."""
    if not results.said(step.host, CONFIRMATION, f"confirmed {step.name}"):
        return False
    lock = results.of(step.host, CONFIRMATION).get("lock") or {}
    if lock.get("run_id") != results.run_id:
        return False
    if event == FENCE:
        return step.upstream in lock.get("fenced", ())
    return step.name in lock.get("confirmed", ())


def _advice(event: str, why: str, run: Run) -> str:
    """Return why a hook is not done, with what that means and what to do next; "" if it is."""
    if not why or event == FENCE:
        return why
    without = f"run it again, or do without (-e {VARIABLES[event]}='')"
    if event == WITHDRAW:
        return f"{why}. It was not told to stop. Mend its withdraw tasks and {without}"
    if event == BACKUP:
        return f"{why}. Its data was not overwritten. Mend its backup tasks and {without}"
    # What it means is told for all that clients may not find, see `not_to_be_found`.
    return why


def not_to_be_found(run: Run, decision: Decision, primary: str) -> list[str]:
    """Return sentences on a primary that clients may not find after this run, with the remedy.

    `primary` is the only one that there is at the end, or "".
    """
    last = ""
    for step in decision.progress.steps:
        done = step.outcome == DONE
        if step.host == primary and step.wave == WITHDRAW:
            last = "its withdraw tasks were run, and it is primary still"
        elif step.host == primary and step.wave == PROMOTE and done and ANNOUNCE in run.hooks:
            last = "it is primary, and has not been announced"
        elif step.host == primary and step.wave == ANNOUNCE:
            last = "" if done else "it is primary, and its announcement is not confirmed"
    if not last:
        return []
    path = run.hooks.get(ANNOUNCE)
    again = "Lead them there"
    if path:
        command = commands.command(run, "rejoin", [value_option(VARIABLES[ANNOUNCE], path)])
        again = f"To announce it again, and do nothing else: {command}"
    return [f"Clients may not find {primary}: {last}.", f"{again}."]


def _step_result(wave: Wave, step: Step, why: str, now: float) -> StepResult:
    return StepResult(
        wave=wave.name,
        name=step.name,
        host=step.host,
        orders=step.orders,
        given=() if why else step.orders,
        reason=step.reason,
        outcome=NOT_DONE if why else DONE,
        message=why,
        finished=now,
        upstream=step.upstream,
    )


def backed_up(agreed: Nodes, decision: Decision, run: Run) -> Nodes:
    """Return a consent to overwrite, where there are backup tasks only for what they backed up.

    A node that was to lose nothing when the plan was made has no backup.
    """
    if BACKUP not in run.hooks:
        return agreed
    hosts = {
        step.host
        for step in decision.progress.steps
        if step.wave == BACKUP and step.outcome == DONE
    }
    return Nodes(agreed.named & hosts, frozenset(pair for pair in agreed.exact if pair[0] in hosts))
