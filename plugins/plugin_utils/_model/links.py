# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who follows whom, by both ends, and what the data of a follower is worth. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ansible_collections.nso.ha.plugins.module_utils._apply import transitions
from ansible_collections.nso.ha.plugins.module_utils._node import addresses
from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    FOLLOWERS,
    PRIMARY,
    RELAY,
    HaState,
    Peer,
)

from . import data_rules
from .history import PromotionHistory
from .observation import Answer, Observation, Silence
from .topology import Member, Topology


def primaries(observed: Mapping[str, Observation]) -> list[str]:
    """Return the nodes that say of themselves that they are primary."""
    return [
        host
        for host, one in observed.items()
        if isinstance(one, Answer) and one.state.role == PRIMARY
    ]


def only_primary(observed: Mapping[str, Observation]) -> str:
    """Return the node that says that it is primary, or "" if none or more than one does."""
    living = primaries(observed)
    return living[0] if len(living) == 1 else ""


def named_primaries(observed: Mapping[str, Observation]) -> Iterator[tuple[str, Peer]]:
    """Yield each node that follows another, with the one that it names."""
    for host, one in observed.items():
        if isinstance(one, Answer) and one.state.role in FOLLOWERS and one.state.primary:
            yield host, one.state.primary


def linked(topology: Topology, observed: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node follows the one it should, said by both ends.

    A secondary may take a while to find out that its primary is gone, and a primary that a
    secondary is gone. Where the other end did not answer, one end has to do.
    """
    member, upstream, own = topology.members[host], topology.upstream(host), observed[host]
    if upstream is None or not isinstance(own, Answer):
        return False
    if own.state.role not in FOLLOWERS or not names_as_primary(own.state, upstream):
        return False
    other = observed[upstream.host]
    if not isinstance(other, Answer):
        return True
    return other.state.role in (PRIMARY, RELAY) and other.lists(member.node_id)


def is_as_wanted(topology: Topology, observed: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node has its role, follows the right node if any, and is not held."""
    member, own = topology.members[host], observed[host]
    if not isinstance(own, Answer) or own.state.role != member.role or own.held:
        return False
    return member.role not in FOLLOWERS or linked(topology, observed, host)


def names_as_primary(state: HaState, upstream: Member) -> bool:
    """Return whether a follower names this upstream as its primary.

    A host name cannot be compared with an address here, as it is resolved on the nodes. The node id
    has to do then, and the other end, which lists the follower only if it is the same node.
    """
    if not addresses.is_literal(upstream.address):
        return state.primary is not None and state.primary.node_id == upstream.node_id
    return transitions.follows(state, as_upstream(upstream))


def as_upstream(member: Member) -> addresses.Upstream:
    address = addresses.canonical(member.address)
    return addresses.Upstream(member.node_id, address, frozenset((address,)))


def copies_from(
    topology: Topology, observed: Mapping[str, Observation], host: str, primary: str
) -> bool:
    """Return whether `host` is connected to a live primary, perhaps through relays."""
    own, passed = observed[host], set[str]()
    while isinstance(own, Answer) and host not in passed:
        if host == primary:
            return own.state.role == PRIMARY
        passed.add(host)
        above = topology.by_node_id(own.state.primary.node_id) if own.state.primary else None
        if above is None:
            return False
        node_id, host, own = topology.members[host].node_id, above.host, observed[above.host]
        if isinstance(own, Answer) and not own.lists(node_id):
            return False
    return False


def relation(
    topology: Topology, observed: Mapping[str, Observation], history: PromotionHistory, host: str
) -> str:
    """Return how the data of a node stands to that of the wanted primary, see data_rules.py."""
    own, primary = observed[host], observed[topology.primary.host]
    if not isinstance(own, Answer) or not isinstance(primary, Answer):
        return data_rules.UNKNOWN
    if copies_from(topology, observed, host, topology.primary.host):
        # Looked at one after the other, a busy primary and its copy never have the same id.
        return data_rules.COPY
    return data_rules.compare(own.txid, primary.txid, history)


def reparented(topology: Topology, observed: Mapping[str, Observation]) -> Topology:
    """Return the topology with the secondaries of a relay that does not answer further up.

    One that follows its relay all the same stays: only this side cannot see that relay.
    """
    changed = []
    for member in topology.members.values():
        above = topology.upstream(member.host)
        if above is None or linked(topology, observed, member.host):
            changed.append(member)
            continue
        while above.role == RELAY and isinstance(observed[above.host], Silence):
            above = topology.upstream(above.host) or topology.primary
        upstream = "" if above.role == PRIMARY else above.host
        same = above == topology.upstream(member.host)
        changed.append(member if same else replace(member, upstream=upstream))
    return Topology(changed)
