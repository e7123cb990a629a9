# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a plan may be carried out: named checks, each with its verdict and its reason.

Each check can be overridden by its own name and by nothing broader; overwriting data has a consent
of its own, by node. A check that cannot be evaluated counts as failed. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.nso.ha.plugins.module_utils import addresses
from ansible_collections.nso.ha.plugins.module_utils.state import FOLLOWERS, NONE, PRIMARY, RELAY

from . import data
from .observed import Observation, Seen, Unseen
from .planner import Plan, Step, relation
from .topology import Topology

PASSED = "passed"
FAILED = "failed"
OVERRIDDEN = "overridden"

OVERWRITE = "overwrite"


@dataclass(frozen=True)
class Verdict:
    """What a check came to. `host` is the node it is about, or "" where it is about all."""

    check: str
    result: str
    reason: str
    host: str = ""


@dataclass(frozen=True)
class Consents:
    """What the operator agreed to: nodes whose data may be replaced, and checks by name."""

    overwrite_all: bool = False
    overwrite: frozenset[str] = field(default_factory=frozenset)
    overridden: frozenset[str] = field(default_factory=frozenset)

    def may_overwrite(self, host: str) -> bool:
        """Return whether the data of this node may be replaced."""
        return self.overwrite_all or host in self.overwrite


@dataclass(frozen=True)
class Case:
    """All that a check may look at."""

    topology: Topology
    seen: Mapping[str, Observation]
    plan: Plan


def verdicts(case: Case, consents: Consents) -> list[Verdict]:
    """Return the verdict of every check."""
    found = []
    for name, check in CHECKS.items():
        reasons = check(case)
        result = OVERRIDDEN if name in consents.overridden else FAILED
        found += [Verdict(name, result, reason) for reason in reasons]
        if not reasons:
            found.append(Verdict(name, PASSED, ""))
    return found + [overwriting(case, step, consents) for step in case.plan.steps if step.relation]


def refused(found: Iterable[Verdict]) -> bool:
    """Return whether any of these verdicts forbids the plan."""
    return any(verdict.result == FAILED for verdict in found)


def overwriting(case: Case, step: Step, consents: Consents) -> Verdict:
    """Return the verdict on one node that is to copy the primary."""
    own, primary = case.seen[step.host], case.seen[case.topology.primary.host]
    why = data.explain(
        step.relation,
        own.txid if isinstance(own, Seen) else None,
        primary.txid if isinstance(primary, Seen) else None,
    )
    if not step.overwrites:
        return Verdict(OVERWRITE, PASSED, why, step.host)
    if step.relation == data.NEWER and isinstance(own, Seen) and own.state.role == PRIMARY:
        why += ", as it takes writes now: stop these and run again"
    if consents.may_overwrite(step.host):
        return Verdict(OVERWRITE, OVERRIDDEN, why, step.host)
    return Verdict(
        OVERWRITE,
        FAILED,
        f"{why}; its data would be overwritten, which needs nso_ha_allow_overwrite to name it",
        step.host,
    )


def _one_primary(case: Case) -> list[str]:
    """There is one primary at most, and none outside of what the plan can reach."""
    primaries = [
        host
        for host, one in case.seen.items()
        if isinstance(one, Seen) and one.state.role == PRIMARY
    ]
    found = []
    if len(primaries) > 1:
        found.append(
            f"{' and '.join(primaries)} are primary at the same time, so each may have writes that "
            "the others do not have. Find out which one is right, make it the wanted primary, and "
            "override this check"
        )
    if case.plan.steps:
        found += _other_primaries(case)
    return found


def _other_primaries(case: Case) -> list[str]:
    """Return the primaries that followers name and that cannot be asked to leave."""
    found = []
    for host, one in case.seen.items():
        if not isinstance(one, Seen) or one.state.role not in FOLLOWERS or not one.state.primary:
            continue
        node_id, address = one.state.primary
        member = case.topology.by_node_id(node_id)
        if member is None:
            found.append(
                f"{host} follows {node_id} at {address}, which is no node of the inventory; there "
                "may be two primaries"
            )
        # Of a member that answered, its own answer counts; a relay is allowed to be followed.
        elif isinstance(case.seen[member.host], Unseen) and member.role not in (PRIMARY, RELAY):
            found.append(
                f"{host} follows {member.host}, which should be {member.role} and did not answer; "
                "there may be two primaries"
            )
    return found


def _promotes(plan: Plan) -> bool:
    return any(step.role == PRIMARY for step in plan.steps)


def _hidden_primary(case: Case) -> list[str]:
    """A node that does not answer is not assumed to be none."""
    if not _promotes(case.plan):
        return []
    return [
        f"{host} may be primary and cannot be asked: {one.reason}"
        for host, one in case.seen.items()
        if isinstance(one, Unseen)
    ]


def _newer_data(case: Case) -> list[str]:
    """Nobody becomes primary without the data of a node that is not to copy it.

    Of those that are to copy, `overwriting` tells.
    """
    if not _promotes(case.plan):
        return []
    wanted = case.topology.primary.host
    primary = case.seen[wanted]
    copying = {step.host for step in case.plan.steps if step.relation}
    found = []
    for host, one in case.seen.items():
        if host == wanted or host in copying or not isinstance(one, Seen):
            continue
        stands = relation(case.topology, case.seen, host)
        if stands in data.SAFE or is_spare(one):
            continue
        theirs = primary.txid if isinstance(primary, Seen) else None
        found.append(
            f"{host} {data.explain(stands, one.txid, theirs)}, and is not to follow {wanted}, "
            f"which would be primary without that data. If {host} has the right data, let it be "
            "the primary first"
        )
    return found


def is_spare(one: Seen) -> bool:
    """Return whether a node is in no cluster and its last transaction was made in none."""
    return one.state.role == NONE and one.txid is not None and not one.txid.primary_id


def _primary_answers(case: Case) -> list[str]:
    """Nothing is done to the others while the wanted primary does not answer."""
    primary = case.topology.primary.host
    one = case.seen[primary]
    if isinstance(one, Seen) or not case.plan.steps:
        return []
    return [f"{primary}, the wanted primary, did not answer: {one.reason}"]


def _primary_name(case: Case) -> list[str]:
    """A primary does not tell its own node id, but its secondaries do."""
    wanted = case.topology.primary
    one = case.seen[wanted.host]
    if not isinstance(one, Seen) or one.state.role != PRIMARY:
        return []
    return [
        f"{wanted.host} is primary under the node id {other.state.primary.node_id!r}, as {host} "
        f"says, and should be {wanted.node_id!r}. Set nso_ha_node_id to the id it has, or make it "
        "none first"
        for host, other in case.seen.items()
        if isinstance(other, Seen)
        and other.state.primary
        and other.state.role in FOLLOWERS
        and addresses.canonical(other.state.primary.address) == addresses.canonical(wanted.address)
        and other.state.primary.node_id != wanted.node_id
    ]


def _phase(case: Case) -> list[str]:
    """A daemon takes no orders before start phase 1."""
    found = []
    for host in sorted({step.host for step in case.plan.steps}):
        one = case.seen[host]
        if isinstance(one, Seen) and one.phase < 1:
            found.append(f"{host} is in start phase {one.phase} and takes orders from phase 1 on")
    return found


Check = Callable[[Case], list[str]]

#: The checks by name. Each returns the reasons why it fails, none when it passes.
CHECKS: dict[str, Check] = {
    "one_primary": _one_primary,
    "hidden_primary": _hidden_primary,
    "newer_data": _newer_data,
    "primary_answers": _primary_answers,
    "primary_name": _primary_name,
    "start_phase": _phase,
}
