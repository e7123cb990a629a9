# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What modules returned in this run, by host: the one place where registered results are read.

What a task registers stays until the host runs the task again: after the host has dropped out of
the play, and in a later run of the role, too. So a result counts only if it carries the id of this
run, which its module was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._model.observation import Observation, Silence, from_result

#: The names of the results of a node.
OBSERVATION = "observation"
LOCK = "lock"
RENEWAL = "renewal"
CONFIRMATION = "confirmation"
REHEARSAL = "rehearsal"
RECHECK = "recheck"
STEP = "step"
WITHDRAWAL = "withdrawal"
VERIFICATION = "verification"
ENDED = "ended"

#: Variable of a host with the run, the step and the reason why the tasks of a hook failed, if they
#: did.
HOOK_PROBLEM = "__nso_ha_hook_problem"

#: The steps of the observations of locked nodes, as their results say.
UNDER_LOCK = "under lock"
ROLLING_BACK = "roll back"

#: The most of what a host printed that a reason has, in characters.
_MAX_PRINTED = 200

Result = Mapping[str, Any]


def before(wave: str) -> str:
    """Return the step of the observation before a wave, as its results say."""
    return f"before {wave}"


@dataclass(frozen=True)
class Results:
    """Results by host and name. Of a result that no module made only the failure is left."""

    run_id: str
    by_host: Mapping[str, Mapping[str, Result]] = field(default_factory=dict)

    def of(self, host: str, name: str) -> Result:
        """Return the result of a host, empty if there is none of this run."""
        return self.by_host.get(host, {}).get(name) or {}

    def said(self, host: str, name: str, step: str | None = None) -> bool:
        """Return whether the module itself has made this result, in this run and for this step."""
        return is_said(self.of(host, name), self.run_id, step)

    def observation(self, host: str, name: str = OBSERVATION) -> Observation:
        """Return what was observed of a node."""
        return from_result(self.of(host, name))

    def observations(
        self, hosts: Iterable[str], locked: Iterable[str] = (), step: str = ""
    ) -> dict[str, Observation]:
        """Return the observations of these hosts; of those that are locked, at this step."""
        observed = {host: self.observation(host) for host in hosts}
        for host in locked:
            missing = not self.said(host, OBSERVATION, step)
            if missing and not isinstance(observed.get(host), Silence):
                observed[host] = Silence("it dropped out of the play before it was asked again")
        return observed

    def hook_problem(self, host: str, step: str) -> str:
        """Return why the tasks of a hook have failed on a host in this run, or nothing."""
        problem = self.of(host, HOOK_PROBLEM)
        return str(problem.get("text", "")) if is_said(problem, self.run_id, step) else ""


def is_said(result: Result, run_id: str, step: str | None = None) -> bool:
    """Return whether a module has made this result itself, in this run and for this step.

    One that was cut off, that Ansible made in its place, or that an earlier run left does not
    count.
    """
    if result.get("run_id") != run_id:
        return False
    return step is None or result.get("step") == step


def of_this_run(result: object, run_id: str) -> Result:
    """Return a result of this run; of one that no module of ours made, what Ansible says of it.

    A host that has no Python, no sudo or no room for modules gives such a result, and so does one
    where something else has answered.
    """
    if not isinstance(result, Mapping):
        return {}
    if result.get("run_id") == run_id:
        return result
    if result.get("unreachable"):
        return {"unreachable": True, "msg": result.get("msg")}
    if result.get("run_id"):
        return {"failed": True, "msg": result.get("msg")} if result.get("failed") else {}
    if result.get("failed"):
        return {"failed": True, "ran": False, "msg": _reason(result)}
    if not result or result.get("skipped"):
        return {}
    return {"failed": True, "ran": False, "msg": "what answered there was not the module"}


def _reason(result: Result) -> object:
    """Return why Ansible could not run a module, with what the host printed, each in one line."""
    printed = str(result.get("module_stderr") or "").strip().splitlines()
    message = str(result.get("msg") or "").strip().splitlines()
    if not message or not printed or printed[0] in message[0]:
        return result.get("msg")
    return f"{message[0]}: {printed[0][:_MAX_PRINTED]}"
