# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An order that was not answered in time, but whose node says afterwards that it did it.

A module that gets no answer to an order asks the node again, in the same step. What the node says
of itself then is no inference: a step whose effect the node states is done. Anything less leaves
the outcome unknown. Pure functions over plain data.
"""

from __future__ import annotations

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils._apply.transitions import (
    BENONE,
    BEPRIMARY,
    BERELAY,
)
from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    NONE,
    PRIMARY,
    RELAY,
    HaState,
)

from .._model.observation import state_from
from .._plan.plan import SECONDARY_DEAD, WRITABLE, Step
from .results import Result

#: The name of the error of an order that was not answered in time.
_TIMEOUT = "TIMEOUT"


def note(step: Step, result: Result) -> str:
    """Return in words that the node itself says that a step is done, or "" where it does not.

    `result` is what the module returned for this step in this run, with the outcome unknown.

    Never so for `besecondary`: a node may say that it is secondary before the copy is in place.
    """
    before, after = result.get("before"), result.get("after")
    given = [order for order in result.get("transitions") or () if order != WRITABLE]
    # A new primary may still refuse writes.
    if WRITABLE in step.orders and result.get("lifted") != DONE:
        return ""
    if result.get("outcome") != UNKNOWN or not (given and before and after):
        return ""
    if not _has_effect(step, given[-1], state_from(before), state_from(after)):
        return ""
    # A connection that ends may be a daemon that restarts. It is none then, but not by the order,
    # and the read-only mode of a primary that hands over is lost.
    if given[-1] == BENONE and (result.get("error") or {}).get("name") != _TIMEOUT:
        return ""
    return (
        f"did not answer the order {given[-1]} in time. Asked again, it says that the order was "
        f"carried out: it is {after['role']}"
    )


def _has_effect(step: Step, order: str, before: HaState, after: HaState) -> bool:
    """Return whether a node has changed as the last order of a step is to change it."""
    if order == BEPRIMARY:
        return step.role == PRIMARY and after.role == PRIMARY != before.role
    if order == BENONE:
        return step.role == NONE and after.role == NONE != before.role
    if order == BERELAY:
        follows = after.primary is not None and after.primary.node_id == step.upstream_id
        return step.role == RELAY and after.role == RELAY != before.role and follows
    if order == SECONDARY_DEAD:
        dead = step.upstream_id
        struck = before.has_secondary(dead) and not after.has_secondary(dead)
        return struck and after.role == before.role
    return False
