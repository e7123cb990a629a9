# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a node is in its cluster: the role model.

Plain data, no I/O. Only this file knows the numbers and the list that the status is made of; all
others work with these types.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

from ..ncs import ha_status
from .addresses import canonical

NONE = "none"
PRIMARY = "primary"
SECONDARY = "secondary"
RELAY = "relay"

ROLES = (NONE, PRIMARY, SECONDARY, RELAY)

_ROLE_OF_STATE = {
    ha_status.STATE_NONE: NONE,
    ha_status.STATE_PRIMARY: PRIMARY,
    ha_status.STATE_SECONDARY: SECONDARY,
    ha_status.STATE_SECONDARY_RELAY: RELAY,
}
_STATE_OF_ROLE = {role: state for state, role in _ROLE_OF_STATE.items()}

#: Roles of a node that copies another one.
FOLLOWERS = (SECONDARY, RELAY)


class Peer(NamedTuple):
    """Another node, as a node names it.

    address: its canonical address or its host name, "" where the node does not tell
    """

    node_id: str
    address: str

    def as_result(self) -> dict[str, Any]:
        """Return it as the modules return it."""
        return {"node_id": self.node_id, "address": self.address or None}


class HaState(NamedTuple):
    """What a node says of itself: its role, whom it copies, who copies it.

    A node does not tell its own node id, so it is not here.

    secondaries: the nodes that are connected to it, None where it does not tell
    """

    role: str
    primary: Peer | None = None
    secondaries: tuple[Peer, ...] | None = ()

    def __str__(self) -> str:
        """Return it in a few words."""
        if self.role in FOLLOWERS and self.primary:
            where = f" at {self.primary.address}" if self.primary.address else ""
            return f"{self.role} of {self.primary.node_id}{where}"
        return self.role

    def has_secondary(self, node_id: str) -> bool:
        """Return whether the node lists one of this id as connected."""
        return any(peer.node_id == node_id for peer in self.secondaries or ())

    def without_secondary(self, node_id: str) -> HaState:
        """Return the same state without the secondary of this id."""
        if self.secondaries is None:
            return self
        rest = tuple(peer for peer in self.secondaries if peer.node_id != node_id)
        return self._replace(secondaries=rest)

    def as_result(self) -> dict[str, Any]:
        """Return it as the modules return it."""
        return {
            "role": self.role,
            "state": _STATE_OF_ROLE[self.role],
            "primary": self.primary.as_result() if self.primary else None,
            "secondaries": None
            if self.secondaries is None
            else [peer.as_result() for peer in self.secondaries],
        }


def admin_mode(told: bool | None, refuses_writes: bool | None, role: str | None) -> bool | None:
    """Return whether a node is in the administrator's read-only mode, None where it is not known.

    told:           what it says of that mode itself, None in releases that do not have the leaf
    refuses_writes: whether it refuses writes for whatever reason, as every follower does
    """
    if told is not None:
        return told
    if refuses_writes is False:
        return False
    return True if refuses_writes and role == PRIMARY else None


def from_status(state: int, listed: Sequence[ha_status.Node]) -> HaState:
    """Return the state that an answer to a status order tells (docs/protocol.md, "HA socket").

    Followers list their primary first. A follower that lists no node is between primaries.
    """
    peers: list[Peer] = [Peer(node["nodeid"], canonical(node["address"])) for node in listed]
    role = _ROLE_OF_STATE[state]
    if role in FOLLOWERS and peers:
        return HaState(role, peers[0], tuple(peers[1:]))
    return HaState(role, None, tuple(peers))
