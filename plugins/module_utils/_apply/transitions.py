# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which orders take a node from the role it has to the role it should have.

The whole rule is TABLE; the rest of this file finds the row. No order is given that is not needed,
because `besecondary` can overwrite the node's data.

What the table avoids is assumed in docs/protocol.md, "HA socket": leaving the relay role goes
through none, as no document says whether `besecondary` on a relay works. A primary is ordered
straight to secondary, which is assumed to work and answered with an error where it does not.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

from .._node.addresses import Upstream
from .._node.state import FOLLOWERS, NONE, PRIMARY, RELAY, SECONDARY, HaState, Peer

BENONE = "benone"
BEPRIMARY = "beprimary"
BESECONDARY = "besecondary"
BERELAY = "berelay"

ORDERS = (BENONE, BEPRIMARY, BESECONDARY, BERELAY)


class Wanted(NamedTuple):
    """The role a node should have, and for a follower the node to follow."""

    role: str
    upstream: Upstream | None = None


_SECONDARY_OF_WANTED = "secondary of the wanted primary"
_SECONDARY_OF_OTHER = "secondary of another"
_RELAY_OF_WANTED = "relay of the wanted primary"
_RELAY_OF_OTHER = "relay of another"

_Orders = Tuple[str, ...]

TABLE: dict[str, dict[str, _Orders]] = {
    NONE: {
        NONE: (),
        PRIMARY: (BEPRIMARY,),
        SECONDARY: (BESECONDARY,),
        RELAY: (BESECONDARY, BERELAY),
    },
    PRIMARY: {
        NONE: (BENONE,),
        PRIMARY: (),
        SECONDARY: (BESECONDARY,),
        RELAY: (BESECONDARY, BERELAY),
    },
    _SECONDARY_OF_WANTED: {
        NONE: (BENONE,),
        PRIMARY: (BEPRIMARY,),
        SECONDARY: (),
        RELAY: (BERELAY,),
    },
    _SECONDARY_OF_OTHER: {
        NONE: (BENONE,),
        PRIMARY: (BEPRIMARY,),
        SECONDARY: (BESECONDARY,),
        RELAY: (BESECONDARY, BERELAY),
    },
    _RELAY_OF_WANTED: {
        NONE: (BENONE,),
        PRIMARY: (BEPRIMARY,),
        SECONDARY: (BENONE, BESECONDARY),
        RELAY: (),
    },
    _RELAY_OF_OTHER: {
        NONE: (BENONE,),
        PRIMARY: (BEPRIMARY,),
        SECONDARY: (BENONE, BESECONDARY),
        RELAY: (BENONE, BESECONDARY, BERELAY),
    },
}

#: What is ordered where nothing is needed but the operator insists. A relay cannot be ordered to
#: be one again, so it goes all the way.
FORCED: dict[str, _Orders] = {
    NONE: (BENONE,),
    PRIMARY: (BEPRIMARY,),
    SECONDARY: (BESECONDARY,),
    RELAY: (BENONE, BESECONDARY, BERELAY),
}


def follows(state: HaState, upstream: Upstream | None) -> bool:
    """Return whether the node follows this upstream, by node id, and by address where it tells."""
    if state.primary is None or upstream is None:
        return False
    same_address = not state.primary.address or state.primary.address in upstream.same
    return state.primary.node_id == upstream.node_id and same_address


def matches(state: HaState, wanted: Wanted) -> bool:
    """Return whether no order is needed."""
    return not needed(state, wanted)


def needed(state: HaState, wanted: Wanted) -> _Orders:
    """Return the orders that are needed, in the order to give them."""
    return TABLE[_row(state, wanted)][wanted.role]


def orders(state: HaState, wanted: Wanted, force: bool = False) -> _Orders:
    """Return the orders to give: those needed, or with `force` the role's own at least.

    `berelay` alone would leave a broken link as it is, so with `force` that is made anew as well.
    """
    given = needed(state, wanted)
    if not force:
        return given
    return TABLE[NONE][RELAY] if given == (BERELAY,) else given or FORCED[wanted.role]


def predict(state: HaState, wanted: Wanted, given: _Orders) -> HaState:
    """Return what the node will say of itself once the orders have been carried out."""
    if not given or (matches(state, wanted) and wanted.role in (NONE, PRIMARY)):
        return state
    if wanted.upstream is None:
        return HaState(wanted.role)
    if BESECONDARY not in given:
        return HaState(wanted.role, state.primary)
    return HaState(wanted.role, Peer(wanted.upstream.node_id, wanted.upstream.address))


def _row(state: HaState, wanted: Wanted) -> str:
    if state.role not in FOLLOWERS:
        return state.role
    # Where no primary is wanted, both rows of a follower say the same.
    same = follows(state, wanted.upstream)
    if state.role == SECONDARY:
        return _SECONDARY_OF_WANTED if same else _SECONDARY_OF_OTHER
    return _RELAY_OF_WANTED if same else _RELAY_OF_OTHER
