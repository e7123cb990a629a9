# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Nodes that the inventory mistakes for one another, and addresses that are not theirs.

The node id that a daemon says it goes by, and the addresses at which a primary lists its
secondaries, are compared with the inventory. Without the HA socket nodes tell no addresses, and a
node with role none goes by no id (docs/protocol.md, "Reading state without the HA socket"). What is
not told is not compared. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.nso.ha.plugins.module_utils._node import addresses
from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY, RELAY

from .identity import own_id
from .observation import Answer, Observation
from .topology import Member, Topology

_COMPARE = "Compare ansible_host, nso_ha_node_id and nso_ha_node_ip of"


def swapped_nodes(topology: Topology, observed: Mapping[str, Observation]) -> list[str]:
    """Return why nodes seem to be other nodes than the inventory takes them for, in words."""
    by_id, by_address = {}, {}
    for host, observation in observed.items():
        other = topology.by_node_id(own_id(observation) or "")
        if other is not None and other.host != host:
            by_id[host] = other
    for _lister, member, address in _listed(topology, observed):
        other = topology.by_address(address)
        if other is not None and other.host != member.host and member.host not in by_id:
            by_address[member.host] = other
    reasons = []
    for host, other in _once(by_id):
        told = f"{host} says that its node id is {other.node_id!r}"
        if _is_mutual(by_id, host, other):
            reasons.append(
                f"{told}, and {other.host} that its node id is "
                f"{topology.members[host].node_id!r}: the two are swapped. {_COMPARE} {host} and "
                f"{other.host}"
            )
        else:
            reasons.append(
                f"{told}, which is the node id of {other.host} in the inventory. {_COMPARE} "
                f"{host} and {other.host}"
            )
    for host, other in _once(by_address):
        member = topology.members[host]
        if _is_mutual(by_address, host, other):
            reasons.append(
                f"{member.node_id!r} is connected from {other.address}, and {other.node_id!r} "
                f"from {member.address}: the addresses of {host} and {other.host} are swapped. "
                f"{_COMPARE} {host} and {other.host}"
            )
        else:
            reasons.append(
                f"{member.node_id!r} is connected from {other.address}, which is the address of "
                f"{other.host} in the inventory. {_COMPARE} {host} and {other.host}"
            )
    return reasons


def _once(by_host: Mapping[str, Member]) -> Iterator[tuple[str, Member]]:
    """Yield each node and the one that it seems to be; of two that are swapped, the first only."""
    for host, other in by_host.items():
        if not (_is_mutual(by_host, host, other) and host > other.host):
            yield host, other


def _is_mutual(by_host: Mapping[str, Member], host: str, other: Member) -> bool:
    back = by_host.get(other.host)
    return back is not None and back.host == host


def other_addresses(topology: Topology, observed: Mapping[str, Observation]) -> dict[str, str]:
    """Return the nodes that are connected from another address than the inventory's, with why.

    Not those with the address of another member, see `swapped_nodes`. A host name is not compared,
    as it is resolved on the nodes.
    """
    reasons = {}
    for lister, member, address in _listed(topology, observed):
        if not addresses.is_literal(member.address) or topology.by_address(address) is not None:
            continue
        reasons[member.host] = (
            f"{member.address_from} of {member.host} is {member.address}, and {lister} lists "
            f"{member.node_id!r} at {address}"
        )
    return reasons


def _listed(
    topology: Topology, observed: Mapping[str, Observation]
) -> Iterator[tuple[str, Member, str]]:
    """Yield the members that others list as connected: the lister, the member, and its address."""
    for host, observation in observed.items():
        if not isinstance(observation, Answer) or observation.state.role not in (PRIMARY, RELAY):
            continue
        for peer in observation.state.secondaries or ():
            member = topology.by_node_id(peer.node_id)
            if member is not None and peer.address:
                yield host, member, peer.address
