# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The checks of a plan that makes a cluster as wanted. Each is a pure function.

Each returns what it finds; it passes where that is nothing.
"""

from __future__ import annotations

from ansible_collections.nso.ha.plugins.module_utils._node import addresses
from ansible_collections.nso.ha.plugins.module_utils._node.state import NONE, PRIMARY, RELAY

from .._model import data_rules
from .._model.links import copies_from, named_primaries, primaries, relation
from .._model.observation import Answer, Silence, txid_of
from .._plan import operations
from .case import FAILED, NOT_EVALUABLE, Case, Finding, failed


def one_primary(case: Case) -> list[Finding]:
    """There is one primary at most, and none outside of what the plan can reach."""
    living = primaries(case.observed)
    found = []
    # A node that has come back and was replaced meanwhile is what rejoin is for.
    known = case.operation == operations.REJOIN and case.scene.primary
    if len(living) > 1 and not known:
        found.append(
            f"{' and '.join(living)} are primary at the same time, so each may have writes that "
            "the others do not have. Find out which one is right, make it the wanted primary, and "
            "override this check"
        )
    if case.plan.steps:
        found += _other_primaries(case)
    return failed(found)


def _other_primaries(case: Case) -> list[str]:
    """Return the primaries that followers name and that cannot be asked to leave."""
    found = []
    for host, (node_id, address) in named_primaries(case.observed):
        member = case.topology.by_node_id(node_id)
        if member is None:
            found.append(
                f"{host} follows {node_id} at {address}, which is no node of the inventory; there "
                "may be two primaries"
            )
        # Of a member that answered, its own answer counts; a relay is allowed to be followed.
        elif isinstance(case.observed[member.host], Silence) and member.role not in (
            PRIMARY,
            RELAY,
        ):
            found.append(
                f"{host} follows {member.host}, which should be {member.role} and did not answer; "
                "there may be two primaries"
            )
    return found


def last_primary(case: Case) -> list[Finding]:
    """The primary does not move because the inventory was forgotten.

    After a switchover or a failover the inventory may name another primary than the one that was
    made last. And when all nodes have restarted and are none, the last one has to come back.
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
                "the record has two promotions at the same time, so nobody can tell which node was "
                f"primary last and whether {wanted.host} may be",
            )
        ]
    last = case.scene.last_primary
    if last == wanted.host or _finishes(case, last):
        return []
    if case.scene.primary and newest.operation == operations.CONVERGE:
        return []
    return [
        (
            FAILED,
            f"the primary was {last or newest.primary} in the end, by {newest.operation} at "
            f"{newest.at}, and the inventory wants {wanted.host}. Correct nso_ha_role in the "
            "inventory, or move the primary with nso.ha.switchover, or override this check",
        )
    ]


def _finishes(case: Case, last: str) -> bool:
    """Return whether a run like this one broke off when the last primary had left its role."""
    if not last or case.operation not in case.scene.unfinished:
        return False
    return relation(case.topology, case.observed, case.scene.history, last) in data_rules.SAFE


def hidden_primary(case: Case) -> list[Finding]:
    """A node that does not answer is not assumed to be none."""
    if not case.promotes:
        return []
    return failed(
        f"{host} may be primary and cannot be asked: {one.reason}"
        for host, one in case.observed.items()
        if isinstance(one, Silence)
    )


def newer_data(case: Case) -> list[Finding]:
    """Nobody becomes primary without the data of a node that is not to copy it.

    Of those that are to copy, `overwriting` tells. A node that hands over is waited for.
    """
    if not case.promotes:
        return []
    wanted = case.topology.primary.host
    primary = case.observed[wanted]
    copying = {step.host for step in case.plan.steps if step.relation}
    found = []
    for host, one in case.observed.items():
        if host == wanted or host in copying or not isinstance(one, Answer):
            continue
        old = case.plan.hands_over
        if old and copies_from(case.topology, case.observed, host, old):
            continue
        stands = relation(case.topology, case.observed, case.scene.history, host)
        if stands in data_rules.SAFE or is_spare(one):
            continue
        about = data_rules.explain(stands, one.txid, txid_of(primary))
        found.append(
            f"{host} {about}, and is not to follow {wanted}, which would be primary without that "
            f"data. If {host} has the right data, let it be the primary first"
        )
    return failed(found)


def is_spare(one: Answer) -> bool:
    """Return whether a node is in no cluster and its last transaction was made in none."""
    return one.state.role == NONE and one.txid is not None and not one.txid.primary_id


def primary_answers(case: Case) -> list[Finding]:
    """Nothing is done to the others while the wanted primary does not answer."""
    primary = case.topology.primary.host
    one = case.observed[primary]
    if isinstance(one, Answer) or not case.plan.roles:
        return []
    return [(FAILED, f"{primary}, the wanted primary, did not answer: {one.reason}")]


def primary_name(case: Case) -> list[Finding]:
    """A primary does not tell its own node id, but its secondaries do."""
    wanted = case.topology.primary
    one = case.observed[wanted.host]
    if not isinstance(one, Answer) or one.state.role != PRIMARY:
        return []
    return failed(
        f"{wanted.host} is primary under the node id {named.node_id!r}, as {host} "
        f"says, and should be {wanted.node_id!r}. Set nso_ha_node_id to the id it has, or make it "
        "none first"
        for host, named in named_primaries(case.observed)
        if addresses.canonical(named.address) == addresses.canonical(wanted.address)
        and named.node_id != wanted.node_id
    )


def start_phase_reached(case: Case) -> list[Finding]:
    """A daemon takes no orders before start phase 1."""
    found = []
    for host in sorted({step.host for step in case.plan.steps}):
        one = case.observed[host]
        if isinstance(one, Answer) and one.phase < 1:
            found.append(f"{host} is in start phase {one.phase} and takes orders from phase 1 on")
    return failed(found)
