# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a plan may be carried out: named checks, each with its verdict and its reason.

Each check can be overridden by its own name and by nothing broader; overwriting data has a consent
of its own, by node. A check that cannot be evaluated counts as failed. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY

from .._model import data_rules
from .._model.observation import Answer, txid_of
from .._plan import operations
from .._plan.plan import Step
from . import checks, moving
from .case import FAILED, NOT_EVALUABLE, OVERRIDDEN, PASSED, Case, Consents, Finding, Verdict

OVERWRITE = "overwrite"


def verdicts(case: Case, consents: Consents) -> list[Verdict]:
    """Return the verdict of every check of the operation, and on the data of every node."""
    found = []
    for name in CHECKS_OF[case.operation]:
        findings = CHECKS[name](case)
        for result, reason in findings:
            found.append(
                Verdict(name, OVERRIDDEN if name in consents.overridden else result, reason)
            )
        if not findings:
            found.append(Verdict(name, PASSED, ""))
    if case.operation == operations.FAILOVER:
        found += moving.losses(case, consents)
    return found + [overwriting(case, step, consents) for step in case.plan.steps if step.relation]


def refused(found: Iterable[Verdict]) -> bool:
    """Return whether any of these verdicts forbids the plan."""
    return any(verdict.result in (FAILED, NOT_EVALUABLE) for verdict in found)


def overwriting(case: Case, step: Step, consents: Consents) -> Verdict:
    """Return the verdict on one node that is to copy the primary."""
    own, primary = case.observed[step.host], case.observed[case.topology.primary.host]
    why = data_rules.explain(step.relation, txid_of(own), txid_of(primary))
    if not step.overwrites:
        return Verdict(OVERWRITE, PASSED, why, step.host)
    if step.relation == data_rules.NEWER and isinstance(own, Answer) and own.state.role == PRIMARY:
        why += ", as it takes writes now: stop these and run again"
    if consents.may_overwrite(step.host):
        return Verdict(OVERWRITE, OVERRIDDEN, why, step.host)
    return Verdict(
        OVERWRITE,
        FAILED,
        f"{why}; its data would be overwritten, which needs nso_ha_allow_overwrite to name it",
        step.host,
    )


Check = Callable[[Case], list[Finding]]

#: The checks by name. Each returns what it finds; it passes where that is nothing.
CHECKS: dict[str, Check] = {
    "one_primary": checks.one_primary,
    "hidden_primary": checks.hidden_primary,
    "newer_data": checks.newer_data,
    "primary_answers": checks.primary_answers,
    "primary_name": checks.primary_name,
    "start_phase": checks.start_phase_reached,
    "last_primary": checks.last_primary,
    "all_answer": moving.all_answer,
    "ready": moving.ready,
    "primary_gone": moving.primary_gone,
    "still_seen": moving.still_seen,
    "fenced": moving.fenced,
    "candidate_failed": moving.candidate_failed,
}

#: Which of them an operation has to pass.
CHECKS_OF: dict[str, tuple[str, ...]] = {
    operations.CONVERGE: (
        "one_primary",
        "hidden_primary",
        "newer_data",
        "primary_answers",
        "primary_name",
        "start_phase",
        "last_primary",
    ),
    operations.SWITCHOVER: (
        "one_primary",
        "all_answer",
        "ready",
        "newer_data",
        "primary_name",
    ),
    operations.FAILOVER: (
        "primary_gone",
        "still_seen",
        "fenced",
        "primary_name",
        "start_phase",
    ),
    operations.REJOIN: ("one_primary", "primary_name", "start_phase"),
    operations.TEAR_DOWN: ("start_phase",),
    operations.ROLL_BACK: ("candidate_failed", "start_phase"),
}

#: The checks that an operator can override: all but the one that only a roll back has.
OVERRIDABLE = tuple(
    name
    for name in CHECKS
    if any(name in names for done, names in CHECKS_OF.items() if done != operations.ROLL_BACK)
)
