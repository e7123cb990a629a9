# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The checks of a plan that gives a cluster the wanted topology. Each is a pure function.

A check returns its findings; without any it has passed.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.nso.ha.plugins.module_utils._node import addresses
from ansible_collections.nso.ha.plugins.module_utils._node.state import NONE, PRIMARY, RELAY

from .._model import data_rules, identity, itself, mistaken
from .._model.history import Promotion
from .._model.identity import Stranger
from .._model.links import copies_from, named_primaries, primaries, relation
from .._model.observation import Answer, Observation, Silence, txid_of
from .._model.topology import Member
from .._model.versions import LinkVersions
from .._plan import operations
from .._plan.operations import Scene
from .case import FAILED, NOT_EVALUABLE, Case, Finding, failed


def one_primary(case: Case) -> list[Finding]:
    """There is at most one primary, and none that the plan cannot reach."""
    living = primaries(case.observed)
    reasons = []
    # A primary that was replaced and has come back is what rejoin is for.
    known = case.operation == operations.REJOIN and case.scene.primary
    if len(living) > 1 and not known:
        reasons.append(
            f"{' and '.join(living)} are primary at the same time, so each may have writes that "
            f"the others do not have. Find out which one is right, {_choose(case)}, and override "
            "this check"
        )
    if case.plan.steps:
        reasons += _other_primaries(case)
    return failed(reasons)


def _choose(case: Case) -> str:
    if case.scene.pinned:
        return "give it nso_ha_role primary"
    return "name it in nso_ha_candidate"


def _other_primaries(case: Case) -> list[str]:
    """Return why primaries that followers name may be out of the reach of the plan."""
    reasons = []
    for host, named in named_primaries(case.observed):
        member = identity.member_of(case.topology, case.observed, named.node_id)
        # Where a member answered, its answer counts; a relay may have followers.
        if (
            member is not None
            and isinstance(case.observed[member.host], Silence)
            and member.role not in (PRIMARY, RELAY)
        ):
            reasons.append(
                f"{host} follows {member.host}, which should be {member.role} and did not answer; "
                "there may be two primaries"
            )
    return reasons


def foreign_primary(case: Case) -> list[Finding]:
    """No node follows a primary that is no node of the inventory."""
    if not case.plan.steps:
        return []
    return failed(
        f"{stranger.host} follows {stranger}, which is no node of the inventory; there may be two "
        "primaries. If it has died, its followers find out within three times the tick timeout, "
        "unless that is 0"
        + "".join(_perhaps(member, stranger.node_id) for member in _alike(case, stranger))
        for stranger in identity.foreign_primaries(case.topology, case.observed)
    )


def _alike(case: Case, stranger: Stranger) -> list[Member]:
    """Return the members that neither their own word nor an address tells from a stranger."""
    return [
        member
        for host, member in case.topology.members.items()
        if not (stranger.address and addresses.is_literal(member.address))
        and identity.may_lead(case.observed[host])
        and identity.own_id(case.observed[host]) is None
        and host != stranger.host
    ]


def _perhaps(member: Member, node_id: str) -> str:
    return f". If it is {member.host}, set nso_ha_node_id of {member.host} to {node_id!r}"


def external_ha(case: Case) -> list[Finding]:
    """NSO's own HA is at work nowhere, and HA is enabled where a role is given.

    What is not known passes: not every release tells it.
    """
    if not case.plan.roles:
        return []
    given = {step.host for step in case.plan.roles if step.role != NONE}
    reasons = []
    for host, observation in case.observed.items():
        if isinstance(observation, Answer):
            reasons += itself.ha_of_its_own(host, observation)
            reasons += itself.not_enabled(host, observation) if host in given else []
    return failed(f"{reason}, or override this check" for reason in reasons)


def last_primary(case: Case) -> list[Finding]:
    """The primary does not move because the inventory is out of date.

    After a switchover or a failover the inventory may name another node than the last recorded
    primary. When all nodes have restarted and are none, the last recorded primary has to come back.
    """
    history = case.scene.history
    if not case.promotes or not history:
        return []
    newest = history.newest
    wanted = case.topology.primary
    if newest is None:
        return [
            (
                NOT_EVALUABLE,
                "the promotion history has two promotions at the same time, so it is not known "
                f"which node was primary last and whether {wanted.host} may be",
            )
        ]
    last = case.scene.last_primary
    if last == wanted.host or _finishes(case, last):
        return []
    if case.scene.primary and newest.operation == operations.CONVERGE:
        return []
    if not last:
        return [(FAILED, _unknown_last_primary(newest))]
    return [
        (
            FAILED,
            f"the last recorded primary is {last} ({newest.operation} at "
            f"{newest.at}), but {_names(case, wanted.host)}, or move the primary with "
            "nso.ha.switchover, or override this check",
        )
    ]


def _names(case: Case, wanted: str) -> str:
    """Return who wants another primary, and how to put that right."""
    if case.scene.pinned:
        return f"the inventory names {wanted}. Correct nso_ha_role in the inventory"
    return f"nso_ha_candidate names {wanted}. Leave it out"


def _finishes(case: Case, last: str) -> bool:
    """Return whether a run of this operation broke off after the last primary had stepped down."""
    if not last or case.operation not in case.scene.unfinished:
        return False
    return relation(case.topology, case.observed, case.scene.history, last) in data_rules.SAFE


def hidden_primary(case: Case) -> list[Finding]:
    """A node that does not answer may be primary."""
    if not case.promotes:
        return []
    return failed(
        f"{host} may be primary and cannot be asked: {observation.reason}"
        for host, observation in case.observed.items()
        if isinstance(observation, Silence)
    )


def newer_data(case: Case) -> list[Finding]:
    """The new primary has the data of each node that is not to copy it.

    Nodes that are to copy it have the verdict of `overwriting`. A node that hands over is copied
    before.
    """
    if not case.promotes:
        return []
    wanted = case.topology.primary.host
    primary = case.observed[wanted]
    copying = {step.host for step in case.plan.steps if step.relation}
    reasons = []
    for host, observation in case.observed.items():
        if host == wanted or host in copying or not isinstance(observation, Answer):
            continue
        former = case.plan.hands_over
        if former and copies_from(case.topology, case.observed, host, former):
            continue
        data_relation = relation(case.topology, case.observed, case.scene.history, host)
        if data_relation in data_rules.SAFE or is_spare(observation):
            continue
        about = data_rules.explain(data_relation, observation.txid, txid_of(primary))
        reasons.append(
            f"{host} {about}, and is not to follow {wanted}, which would be primary without that "
            f"data. If {host} has the right data, let it be the primary first"
        )
    return failed(reasons)


def is_spare(answer: Answer) -> bool:
    """Return whether a node is in no cluster, and was in none at its last transaction."""
    return answer.state.role == NONE and answer.txid is not None and not answer.txid.primary_id


def primary_answers(case: Case) -> list[Finding]:
    """The wanted primary answers, else nothing is done to the other nodes."""
    primary = case.topology.primary.host
    observation = case.observed[primary]
    if isinstance(observation, Answer) or not case.plan.roles:
        return []
    return [(FAILED, f"{primary}, the wanted primary, did not answer: {observation.reason}")]


def primary_name(case: Case) -> list[Finding]:
    """Each primary goes by the node id that the inventory has for it."""
    reasons = wrong_names(case.scene)
    newest = case.scene.history.newest
    # A converge has its own rule for the last recorded primary.
    if (
        case.operation != operations.CONVERGE
        and case.promotes
        and newest is not None
        and not case.scene.last_primary
        and not primaries(case.observed)
    ):
        reasons.append(_unknown_last_primary(newest))
    return failed(reasons)


def wrong_names(scene: Scene) -> list[str]:
    """Return why nodes go, or may go, by another node id than the inventory has for them."""
    return list(identity.misnamed(scene.topology, scene.observed, scene.history).values())


def swapped(case: Case) -> list[Finding]:
    """No node is another one than the inventory takes it for, as far as the nodes tell."""
    return failed(
        f"{reason}. If the nodes are what the inventory says: nso_ha_override=swapped"
        for reason in mistaken.swapped_nodes(case.topology, case.observed)
    )


def node_ip(case: Case) -> list[Finding]:
    """Each node that others are to follow is where the inventory says, as far as it is told."""
    followed = {step.upstream for step in case.plan.roles if step.upstream}
    others = mistaken.other_addresses(case.topology, case.observed)
    return failed(
        f"{why}. Other nodes are to dial it at {case.topology.members[host].address}. Set "
        f"nso_ha_node_ip of {host} to the address at which they reach it; if that is "
        f"{case.topology.members[host].address}: nso_ha_override=node_ip"
        for host, why in others.items()
        if host in followed
    )


def _unknown_last_primary(newest: Promotion) -> str:
    return (
        f"the last recorded primary is {newest.primary!r} ({newest.operation} at {newest.at}), and "
        "no node of the inventory has that node id. If a node was renamed, set its nso_ha_node_id "
        f"to {newest.primary!r}; if the node was taken out of the inventory, make sure that it is "
        "off, and override this check"
    )


def start_phase_reached(case: Case) -> list[Finding]:
    """Each node of the plan is in start phase 1 or later, or is taken there by the plan.

    Before, a daemon takes no orders.
    """
    reasons = []
    for host in sorted({step.host for step in case.plan.steps}):
        observation = case.observed[host]
        waits = case.topology.members[host].start_phases
        if isinstance(observation, Answer) and observation.phase < 1 and not waits:
            reasons.append(
                f"{host} is in start phase {observation.phase} and takes orders from phase 1 on. "
                "If it waits there, as NSO was started with --start-phase0, set "
                "nso_ha_start_phases to true for it"
            )
    return failed(reasons)


def versions(case: Case) -> list[Finding]:
    """A new primary can be followed by a node that answers, where any is to follow it."""
    if not case.promotes:
        return []
    primary, known = case.topology.primary.host, LinkVersions(case.topology, case.observed)
    reasons = []
    for host in case.observed:
        upstream = case.topology.upstream(host)
        if upstream is None or not isinstance(case.observed[host], Answer):
            continue
        why = known.why_not(host, upstream.host)
        if not why:
            return []
        reasons.append(f"{host} cannot follow {upstream.host}: {why}")
    if not reasons:
        return []
    return failed(
        [
            f"no node could follow {primary} ({'; '.join(reasons)}). Run the same NSO release on "
            "them, or name another node in nso_ha_candidate. To have a primary without followers, "
            "or where these releases do work together: nso_ha_override=versions"
        ]
    )


def lockable(case: Case) -> list[Finding]:
    """The run has its lock on each node whose daemon runs, or may run."""
    return without_lock(case.scene.unlocked, case.observed)


def without_lock(unlocked: Mapping[str, str], observed: Mapping[str, Observation]) -> list[Finding]:
    """Return a finding on each node without a lock, unless its daemon is known not to run.

    `unlocked` has the reasons. Where no daemon runs there is nothing that a lock would protect.
    """
    reasons = []
    for host, why in unlocked.items():
        observation = observed.get(host)
        if isinstance(observation, Silence) and observation.stopped:
            continue
        reasons.append(
            f"{host} cannot be locked: {why.rstrip('.')}. Or let this run do nothing on {host}: "
            "nso_ha_override=lockable"
        )
    return failed(reasons)
