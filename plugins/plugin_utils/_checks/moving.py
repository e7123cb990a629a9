# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The checks of a plan that moves the primary role to another node. Each is a pure function.

A check returns its findings; without any it has passed.
"""

from __future__ import annotations

from ansible_collections.nso.ha.plugins.module_utils._node.state import NONE
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import show

from .._model.links import named_primaries, primaries
from .._model.observation import Answer, Observation, Silence, txid_of
from .._plan import operations
from .._plan.election import Ages
from .case import (
    FAILED,
    NOT_EVALUABLE,
    OVERRIDDEN,
    PASSED,
    Case,
    Finding,
    Verdict,
    failed,
)
from .consents import ALLOW_DATA_LOSS, Consents, entry, option


def still_seen(case: Case) -> list[Finding]:
    """No node that answers is connected to a primary that does not."""
    if not case.promotes:
        return []
    reasons = []
    for host, peer in named_primaries(case.observed):
        upstream = case.scene.host_of(peer.node_id)
        # A primary that is no node of the inventory is for foreign_primary.
        if not upstream or isinstance(case.observed[upstream], Answer):
            continue
        where = f"{upstream} at {peer.address}" if peer.address else upstream
        reasons.append(
            f"{host} is connected to {where}, which does not answer here and may well live. If it "
            "has died, its secondaries find out within three times the tick timeout, unless that "
            "is 0; then run this again"
        )
    return failed(reasons)


def primary_gone(case: Case) -> list[Finding]:
    """At most one node that answers is primary."""
    living = primaries(case.observed)
    if len(living) > 1:
        return [
            (FAILED, f"{' and '.join(living)} are primary and answer. nso.ha.status shows them all")
        ]
    return []


def suspects(case: Case) -> dict[str, Silence]:
    """Return the nodes that may be primary unseen: silent, and not known to be stopped.

    A node may be one although the promotion history names another as the last primary: a controller
    on the other side of a broken network may have promoted it.
    """
    return {
        host: observation
        for host, observation in case.observed.items()
        if isinstance(observation, Silence) and not observation.stopped
    }


def to_fence(case: Case, consents: Consents) -> list[str]:
    """Return the hosts that have to be fenced before the promotion.

    Where there are fencing tasks, the former primary is always fenced, whatever it answers.
    """
    if case.operation != operations.FAILOVER or not case.promotes:
        return []
    hosts = list(suspects(case))
    if not case.fences:
        return [] if "fenced" in consents.overridden else hosts
    former = case.goal.former
    return [former, *hosts] if former and former not in hosts else hosts


def fenced(case: Case) -> list[Finding]:
    """Each node that may be primary unseen is fenced before the promotion."""
    if not case.promotes or case.fences:
        return []
    reasons = []
    for host, silence in suspects(case).items():
        former = host == case.goal.former
        reasons.append(
            f"{host} {'was the primary and ' if former else ''}does not answer "
            f"({silence.reason.rstrip('.')}), so it may be primary where this side cannot see it, "
            "or when it wakes up. Name tasks in nso_ha_fence_tasks that fence it, or make sure "
            "that it is off and override this check"
        )
    return failed(reasons)


#: The name of the verdicts on data that the next primary lacks.
DATA_LOSS = "data_loss"


def losses(case: Case, consents: Consents) -> list[Verdict]:
    """Return the verdicts on the nodes that have, or may have, data that the new primary lacks."""
    if not case.promotes:
        return []
    new = case.topology.primary.host
    candidate = case.observed[new]
    if not isinstance(candidate, Answer):
        return []
    ages = Ages(
        case.scene.history,
        [answer.txid for answer in case.observed.values() if isinstance(answer, Answer)],
    )
    verdicts = []
    for member in case.scene.members:
        observation = case.observed[member.host]
        # What the former primary alone has is out of reach. When that node comes back its data is
        # compared, and is not overwritten without consent.
        if member.host in (new, case.goal.former) and isinstance(observation, Silence):
            continue
        if member.host == new or member.role == NONE:
            continue
        result, why = FAILED, ""
        if isinstance(observation, Silence):
            why = f"does not answer ({observation.reason}) and may have newer data than {new}"
        elif ages.newer(observation.txid, candidate.txid):
            why = f"has newer data ({show(observation.txid)}) than {new} ({show(candidate.txid)})"
        elif ages.newer(observation.txid, candidate.txid) is None:
            result = NOT_EVALUABLE
            why = f"has data ({show(observation.txid)}), and it cannot be told whether that is "
            why += f"newer than the data of {new} ({show(candidate.txid)})"
        if not why:
            continue
        if consents.data_loss.cover(member.host, txid_of(observation)):
            result = OVERRIDDEN
        else:
            ask = option(ALLOW_DATA_LOSS, [entry(member.host, txid_of(observation))])
            void = consents.data_loss.void(member.host, case.observed)
            why += f". {void}" if void else ""
            why += f". Bring it back or choose it, or give up what only it has: {ask}"
        verdicts.append(Verdict(DATA_LOSS, result, why, member.host))
    return verdicts or [Verdict(DATA_LOSS, PASSED, "")]


def all_answer(case: Case) -> list[Finding]:
    """All nodes answer before a planned move."""
    if not case.plan.steps:
        return []
    return failed(
        f"{host} does not answer: {observation.reason}"
        for host, observation in case.observed.items()
        if isinstance(observation, Silence)
    )


def ready(case: Case) -> list[Finding]:
    """No node is starting or being upgraded before a planned move."""
    if not case.plan.steps:
        return []
    reasons = []
    for host, observation in case.observed.items():
        waits = case.topology.members[host].start_phases
        if isinstance(observation, Answer) and observation.phase < 2 and not waits:
            reasons.append(
                f"{host} is in start phase {observation.phase}, and has to be in phase 2"
            )
        if isinstance(observation, Answer) and observation.upgrade:
            reasons.append(f"{host} is in the middle of an upgrade")
    former = case.plan.hands_over
    if former and txid_of(case.observed[former]) is None:
        reasons.append(
            f"{former} does not tell the id of its last transaction, which has to be handed over"
        )
    return failed(reasons)


def read_only(case: Case) -> list[Finding]:
    """The read-only mode of an administrator does not end because another node becomes primary."""
    if not case.promotes:
        return []
    former, new = case.goal.former, case.topology.primary.host
    leaving, candidate = case.observed.get(former), case.observed[new]
    if former == new or not isinstance(leaving, Answer) or not leaving.admin_read_only:
        return []
    as_well = candidate.admin_read_only if isinstance(candidate, Answer) else False
    if as_well:
        return []
    set_it, lift = (f"-m nso.ha.ncs_ha_read_only -a read_only={word}" for word in ("true", "false"))
    if isinstance(candidate, Answer) and candidate.held_as_follower:
        return [(FAILED, _lifts_ours(former, new, lift))]
    about = "is not" if as_well is False else "does not tell whether it is"
    why = (
        f"an administrator put {former} into read-only mode, and {new} {about} in it, so {new} "
        f"{'would' if as_well is False else 'may'} take writes as primary. Put {new} into it too "
        f"(ansible {new} {set_it}), or lift it (ansible {former} {lift}), or let {new} take "
        "writes: nso_ha_override=read_only"
    )
    if as_well is None:
        why += f". Where {new} is in it, override this check too"
    return [(FAILED if as_well is False else NOT_EVALUABLE, why)]


def _lifts_ours(former: str, new: str, lift: str) -> str:
    return (
        f"an administrator put {former} into read-only mode, and {new} is in it only for as long "
        f"as it is not primary, so {new} would take writes as primary. Lift it (ansible {former} "
        f"{lift}), or let {new} take writes: nso_ha_override=read_only"
    )


def gap(case: Case) -> list[Finding]:
    """A hand-over is not expected to take longer than the operator allows.

    While it lasts both nodes have to answer about as many questions as when they were looked at.
    """
    former, new = case.plan.hands_over, case.topology.primary.host
    times = {host: _seconds(case.observed[host]) for host in (former, new) if host}
    expected = sum(times.values())
    if not former or not case.gap_limit or expected <= case.gap_limit:
        return []
    slowest = max(times, key=lambda host: times[host])
    return [
        (
            FAILED,
            f"{former} took {times[former]:.1f} s to answer and {new} {times[new]:.1f} s, so no "
            f"node would accept writes for about {expected:.0f} s; nso_ha_gap_limit is "
            f"{case.gap_limit:g} s. Find out what slows {slowest} down, or allow it with "
            "nso_ha_override=gap",
        )
    ]


def _seconds(observation: Observation) -> float:
    """Return how long a node took to answer, 0 where it is not known."""
    return observation.seconds or 0.0 if isinstance(observation, Answer) else 0.0


def candidate_failed(case: Case) -> list[Finding]:
    """The former primary only comes back if no other node has become primary.

    A former primary that is still primary is only released, which does no harm.
    """
    if not case.promotes:
        return []
    former = case.topology.primary.host
    reasons = []
    for host in primaries(case.observed):
        if host != former:
            reasons.append(f"{host} has become primary in the meantime")
    for host, observation in case.observed.items():
        if isinstance(observation, Silence) and not observation.stopped and host != former:
            reasons.append(f"{host} does not answer and may be primary: {observation.reason}")
    return failed(reasons)
