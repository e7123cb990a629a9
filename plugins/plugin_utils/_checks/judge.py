# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a plan may be carried out: the verdict of each check, with the reason.

A check can be overridden by its name and by nothing broader; overwriting data needs a consent, by
node. A check that cannot be evaluated counts as failed. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY

from .._model import data_rules, mistaken
from .._model.observation import Answer, txid_of
from .._plan import operations
from .._plan.operations import Scene
from .._plan.plan import Step
from . import checks, moving, orphans
from .case import FAILED, NOT_EVALUABLE, OVERRIDDEN, PASSED, Case, Finding, Verdict
from .consents import ALLOW_OVERWRITE, Consents, entry, option

OVERWRITE = "overwrite"
PRIMARY_NAME = "primary_name"
SWAPPED = "swapped"


def verdicts(case: Case, consents: Consents) -> list[Verdict]:
    """Return the verdict of every check of the operation, and on the data of every node."""
    judged = []
    for name in CHECKS_OF[case.operation]:
        findings = CHECKS[name](case)
        for result, reason in findings:
            judged.append(
                Verdict(name, OVERRIDDEN if name in consents.overridden else result, reason)
            )
        if not findings:
            judged.append(Verdict(name, PASSED, ""))
    if case.operation == operations.FAILOVER:
        judged += moving.losses(case, consents)
    if case.operation != operations.ROLL_BACK:
        judged += orphans.cut_off(case, consents)
    return judged + [overwriting(case, step, consents) for step in case.plan.steps if step.relation]


def names(scene: Scene, consents: Consents) -> list[Verdict]:
    """Return the verdicts on the ids that nodes go by, where there is no plan to be judged.

    A node that goes by another id than the inventory's may be why there is none.
    """
    reasons = {
        PRIMARY_NAME: checks.wrong_names(scene),
        SWAPPED: mistaken.swapped_nodes(scene.topology, scene.observed),
    }
    return [
        Verdict(check, OVERRIDDEN if check in consents.overridden else FAILED, reason)
        for check, of_check in reasons.items()
        for reason in of_check
    ]


def refused(judged: Iterable[Verdict]) -> bool:
    """Return whether any of these verdicts forbids the plan."""
    return any(verdict.result in (FAILED, NOT_EVALUABLE) for verdict in judged)


def overwriting(case: Case, step: Step, consents: Consents) -> Verdict:
    """Return the verdict on a node that is to copy the primary."""
    observation = case.observed[step.host]
    primary = case.observed[case.topology.primary.host]
    why = data_rules.explain(step.relation, txid_of(observation), txid_of(primary))
    if not step.overwrites:
        return Verdict(OVERWRITE, PASSED, why, step.host)
    if (
        step.relation == data_rules.NEWER
        and isinstance(observation, Answer)
        and observation.state.role == PRIMARY
    ):
        why += ", as it takes writes now: stop these and run again"
    if consents.overwrite.cover(step.host, txid_of(observation)):
        return Verdict(OVERWRITE, OVERRIDDEN, why, step.host)
    ask = option(ALLOW_OVERWRITE, [entry(step.host, txid_of(observation))])
    sentences = [
        f"{why}; its data would be overwritten",
        consents.overwrite.void(step.host, case.observed),
        f"If that data may go: {ask}",
    ]
    return Verdict(OVERWRITE, FAILED, ". ".join(filter(None, sentences)), step.host)


Check = Callable[[Case], list[Finding]]

#: The checks by name. A check returns its findings; without any it has passed.
CHECKS: dict[str, Check] = {
    "one_primary": checks.one_primary,
    "foreign_primary": checks.foreign_primary,
    "hidden_primary": checks.hidden_primary,
    "newer_data": checks.newer_data,
    "primary_answers": checks.primary_answers,
    PRIMARY_NAME: checks.primary_name,
    "start_phase": checks.start_phase_reached,
    "last_primary": checks.last_primary,
    "all_answer": moving.all_answer,
    "ready": moving.ready,
    "primary_gone": moving.primary_gone,
    "still_seen": moving.still_seen,
    "fenced": moving.fenced,
    "read_only": moving.read_only,
    "candidate_failed": moving.candidate_failed,
    "versions": checks.versions,
    "lockable": checks.lockable,
    "external_ha": checks.external_ha,
    SWAPPED: checks.swapped,
    "node_ip": checks.node_ip,
    "gap": moving.gap,
}

#: The checks that an operation has to pass.
CHECKS_OF: dict[str, tuple[str, ...]] = {
    operations.CONVERGE: (
        "one_primary",
        "foreign_primary",
        "hidden_primary",
        "newer_data",
        "primary_answers",
        PRIMARY_NAME,
        "start_phase",
        "last_primary",
        "read_only",
        "versions",
        "lockable",
        "external_ha",
        SWAPPED,
        "node_ip",
        "gap",
    ),
    operations.SWITCHOVER: (
        "one_primary",
        "foreign_primary",
        "all_answer",
        "ready",
        "newer_data",
        "read_only",
        PRIMARY_NAME,
        "versions",
        "lockable",
        "external_ha",
        SWAPPED,
        "node_ip",
        "gap",
    ),
    operations.FAILOVER: (
        "primary_gone",
        "still_seen",
        "foreign_primary",
        "fenced",
        PRIMARY_NAME,
        "start_phase",
        "versions",
        "lockable",
        "external_ha",
        SWAPPED,
        "node_ip",
    ),
    operations.REJOIN: (
        "one_primary",
        "foreign_primary",
        PRIMARY_NAME,
        "start_phase",
        "versions",
        "lockable",
        "external_ha",
        SWAPPED,
        "node_ip",
    ),
    operations.TEAR_DOWN: (
        "foreign_primary",
        PRIMARY_NAME,
        "start_phase",
        "lockable",
        "external_ha",
    ),
    operations.ROLL_BACK: ("candidate_failed", "start_phase"),
}

#: The checks that an operator can override: those of the operations that an operator can run.
OVERRIDABLE = tuple(
    name
    for name in CHECKS
    if any(name in CHECKS_OF[operation] for operation in operations.OPERATIONS)
)
