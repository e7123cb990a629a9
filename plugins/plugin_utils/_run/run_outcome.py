# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What came of a run over a cluster, in one word and in one sentence. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils._store.lock import ANNOUNCE, EVENTS

from .._model import links
from .._model.observation import Answer, Observation, in_admin_mode
from .._model.topology import Member, Topology
from .._plan import operations
from .._plan.plan import CATCH_UP, PROMOTE
from .._plan.planner import STARTED
from .run_state import Decision

PLANNED = "planned"
REFUSED = "refused"
TWO_PRIMARIES = "two_primaries"
ROLLED_BACK = "rolled_back"
INCOMPLETE = "incomplete"

#: The outcomes with which a playbook succeeds.
GOOD = (DONE, PLANNED)

_TEXT = {
    DONE: "done: the cluster matches the plan.",
    PLANNED: "planned; nothing was changed.",
    REFUSED: "refused; nothing was changed.",
    ROLLED_BACK: "failed and was rolled back: the cluster is as it was before.",
    INCOMPLETE: "incomplete: not everything matches the plan.",
    UNKNOWN: "ended without an answer: whether an order was carried out is not known.",
    TWO_PRIMARIES: "ended with two primaries.",
}
#: The same after a run that only finished what an earlier one had left.
_ONLY_FINISHED = "was not carried out: this run only finished what an interrupted run had left."

_ENDED = "The cluster has been torn down. Every node has role none{}."


def outcome(decision: Decision, observed: Mapping[str, Observation], *, dry: bool) -> str:
    """Return the outcome of a run, from its steps and the last look at every node."""
    plan, progress = decision.plan, decision.progress
    # A candidate that does not catch up in time was only waited for.
    acted = any(step.wave not in (CATCH_UP, *EVENTS) for step in progress.steps)
    unannounced = any(step.wave == ANNOUNCE and step.outcome != DONE for step in progress.steps)
    if len(links.primaries(observed)) > 1 and (acted or not (progress.refused or dry)):
        return TWO_PRIMARIES
    if progress.undecided:
        return UNKNOWN
    wanted = Topology(plan.members)
    right = all(is_right(wanted, observed, host) for host in plan.required)
    if (progress.rolled_back or plan.undoes) and right and not progress.refused:
        return INCOMPLETE if unannounced else ROLLED_BACK
    if any(step.outcome == UNKNOWN for step in progress.steps):
        return UNKNOWN
    if progress.refused and not acted:
        return REFUSED
    if progress.refused or set(plan.blocked) & set(plan.required):
        return INCOMPLETE
    if dry and (plan.waves or plan.incomplete):
        return PLANNED
    return DONE if right else INCOMPLETE


def headline(result: str, decision: Decision, observed: Mapping[str, Observation]) -> str:
    """Return the outcome as a sentence."""
    plan = decision.plan
    name = plan.operation.replace("_", " ").capitalize()
    if result == DONE and plan.operation == operations.TEAR_DOWN:
        return _ENDED.format("" if in_admin_mode(observed) else " and accepts writes")
    if result == ROLLED_BACK and plan.undoes and not decision.progress.rolled_back:
        return f"{name} {_ONLY_FINISHED}"
    now = links.only_primary(observed)
    promoted = any(
        step.wave == PROMOTE and step.outcome == DONE and step.host == now
        for step in decision.progress.steps
    )
    if result == DONE and promoted and plan.former != now:
        return f"{name} done{_moved(plan.former, now)}."
    return f"{name} {_TEXT[result]}"


def _moved(former: str, now: str) -> str:
    return f", from {former} to {now}" if former else f": {now} is primary"


def is_right(wanted: Topology, observed: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node has its place, is kept read-only as wanted, and does not wait."""
    return (
        links.is_as_wanted(wanted, observed, host)
        and links.is_kept_as_wanted(wanted, observed, host)
        and not waits(wanted.members[host], observed[host])
    )


def waits(member: Member, observation: Observation) -> bool:
    """Return whether a node waits in a start phase for an operation to let it go on."""
    return member.start_phases and isinstance(observation, Answer) and observation.phase < STARTED
