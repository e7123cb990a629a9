# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The checks of a plan that moves the primary role to another node. Each is a pure function.

Each returns what it finds; it passes where that is nothing.
"""

from __future__ import annotations

from ansible_collections.nso.ha.plugins.module_utils._node.state import NONE
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import show

from .._model.links import named_primaries, primaries
from .._model.observation import Answer, Silence
from .._plan import operations
from .._plan.election import Ages
from .case import (
    FAILED,
    NOT_EVALUABLE,
    OVERRIDDEN,
    PASSED,
    Case,
    Consents,
    Finding,
    Verdict,
    failed,
)


def still_seen(case: Case) -> list[Finding]:
    """Nobody who can be asked is connected to a primary that cannot be asked."""
    if not case.promotes:
        return []
    found = []
    for host, (node_id, address) in named_primaries(case.observed):
        above = case.scene.host_of(node_id)
        if above and isinstance(case.observed[above], Answer):
            continue
        found.append(
            f"{host} is connected to {above or node_id} at {address}, which does not answer here "
            "and may well live. If it has died, its secondaries find out within three times the "
            "tick timeout; then run this again"
        )
    return failed(found)


def primary_gone(case: Case) -> list[Finding]:
    """Nobody who can be asked takes writes as primary."""
    living = primaries(case.observed)
    if len(living) > 1:
        return [
            (FAILED, f"{' and '.join(living)} are primary and answer. nso.ha.status shows them all")
        ]
    return []


def suspects(case: Case) -> dict[str, Silence]:
    """Return the nodes that may be primary, unseen: silent, and not known to be stopped.

    That the record names another one as the last primary does not clear a node: whoever cannot see
    this side may have made it primary.
    """
    return {
        host: one
        for host, one in case.observed.items()
        if isinstance(one, Silence) and not one.stopped
    }


def to_fence(case: Case, consents: Consents) -> list[str]:
    """Return the hosts that have to be fenced before the plan makes a primary.

    Where there are fencing tasks, the former primary is always fenced, whatever it says of itself.
    """
    if case.operation != operations.FAILOVER or not case.promotes:
        return []
    found = list(suspects(case))
    if not case.fences:
        return [] if "fenced" in consents.overridden else found
    return [*({case.goal.former} - set(found)), *found]


def fenced(case: Case) -> list[Finding]:
    """A node that lives somewhere, unseen, and may be primary is kept from that."""
    if not case.promotes or case.fences:
        return []
    found = []
    for host, one in suspects(case).items():
        former = host == case.goal.former
        found.append(
            f"{host} {'was the primary and ' if former else ''}does not answer "
            f"({one.reason.rstrip('.')}), so it may be primary where this side cannot see it, or "
            "when it wakes up. Name tasks in nso_ha_fence_tasks that fence it, or make sure that "
            "it is off and override this check"
        )
    return failed(found)


#: The consent to losing what another node has.
DATA_LOSS = "data_loss"


def losses(case: Case, consents: Consents) -> list[Verdict]:
    """Nobody becomes primary without data that another node has, or may have."""
    if not case.promotes:
        return []
    new = case.topology.primary.host
    chosen = case.observed[new]
    if not isinstance(chosen, Answer):
        return []
    ages = Ages(
        case.scene.history,
        [one.txid for one in case.observed.values() if isinstance(one, Answer)],
    )
    found = []
    for member in case.scene.members:
        one = case.observed[member.host]
        # What the former primary had and its copies did not, nobody can get at. It is found when
        # the node comes back, and not overwritten then.
        if member.host in (new, case.goal.former) and isinstance(one, Silence):
            continue
        if member.host == new or member.role == NONE:
            continue
        result, why = FAILED, ""
        if isinstance(one, Silence):
            why = f"does not answer ({one.reason}) and may have newer data than {new}"
        elif ages.newer(one.txid, chosen.txid):
            why = f"has newer data ({show(one.txid)}) than {new} ({show(chosen.txid)})"
        elif ages.newer(one.txid, chosen.txid) is None:
            result = NOT_EVALUABLE
            why = f"has data ({show(one.txid)}), and it cannot be told whether that is newer than "
            why += f"the data of {new} ({show(chosen.txid)})"
        if not why:
            continue
        if member.host in consents.data_loss:
            result = OVERRIDDEN
        else:
            why += ". Bring it back or choose it, or give up what only it has: "
            why += f"nso_ha_allow_data_loss={member.host}"
        found.append(Verdict(DATA_LOSS, result, why, member.host))
    return found or [Verdict(DATA_LOSS, PASSED, "")]


def all_answer(case: Case) -> list[Finding]:
    """A planned move is made with all nodes in sight."""
    if not case.plan.steps:
        return []
    return failed(
        f"{host} does not answer: {one.reason}"
        for host, one in case.observed.items()
        if isinstance(one, Silence)
    )


def ready(case: Case) -> list[Finding]:
    """A planned move waits for a node that starts or is upgraded."""
    if not case.plan.steps:
        return []
    found = []
    for host, one in case.observed.items():
        if isinstance(one, Answer) and one.phase < 2:
            found.append(f"{host} is in start phase {one.phase}, and has to be in phase 2")
        if isinstance(one, Answer) and one.upgrade:
            found.append(f"{host} is in the middle of an upgrade")
    return failed(found)


def candidate_failed(case: Case) -> list[Finding]:
    """The former primary only comes back if the one that should have replaced it did not.

    One that has not left yet is only let go, which harms nobody.
    """
    if not case.promotes:
        return []
    former = case.topology.primary.host
    found = []
    for host in primaries(case.observed):
        if host != former:
            found.append(f"{host} has become primary in the meantime")
    for host, one in case.observed.items():
        if isinstance(one, Silence) and host != former:
            found.append(f"{host} does not answer and may be primary: {one.reason}")
    return failed(found)
