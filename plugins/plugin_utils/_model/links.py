# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which node follows which, as both ends say, and how their data compares. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
        for host, observation in observed.items()
        if isinstance(observation, Answer) and observation.state.role == PRIMARY
    ]


def only_primary(observed: Mapping[str, Observation]) -> str:
    """Return the node that says that it is primary, or "" if none or more than one does."""
    living = primaries(observed)
    return living[0] if len(living) == 1 else ""


def named_primaries(observed: Mapping[str, Observation]) -> Iterator[tuple[str, Peer]]:
    """Yield each follower that answered, with the upstream that it names."""
    for host, observation in observed.items():
        if not isinstance(observation, Answer):
            continue
        state = observation.state
        if state.role in FOLLOWERS and state.primary:
            yield host, state.primary


def follow_the_same(state: HaState, other: HaState) -> bool:
    """Return whether two states name the same upstream, by its address where both tell it."""
    if state.primary is None or other.primary is None:
        return state.primary is other.primary
    told = bool(state.primary.address and other.primary.address)
    same_address = not told or state.primary.address == other.primary.address
    return state.primary.node_id == other.primary.node_id and same_address


def with_listers(
    members: Iterable[Member], observed: Mapping[str, Observation]
) -> dict[str, Observation]:
    """Return the observations, with the upstreams that followers do not tell.

    It is the member that lists the follower. If none does, or several do, it is not known.
    """
    by_host = {member.host: member for member in members}
    completed = dict(observed)
    for host, observation in observed.items():
        if not isinstance(observation, Answer) or not observation.upstream_untold:
            continue
        listing = [
            (other, seen)
            for other, seen in observed.items()
            if isinstance(seen, Answer) and seen.lists(by_host[host].node_id)
        ]
        if len(listing) == 1:
            ((lister, answer),) = listing
            upstream = Peer(answer.own_id or by_host[lister].node_id, "")
            state = observation.state._replace(primary=upstream)
            completed[host] = replace(observation, state=state, upstream_untold=False)
    return completed


def linked(topology: Topology, observed: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node follows its upstream, as both ends say.

    A secondary may take a while to find out that its primary is gone, and a primary that a
    secondary is gone. Where the upstream did not answer, or does not tell who is connected to it,
    the word of the follower has to do, on its own id as well.
    """
    member, upstream, follower = topology.members[host], topology.upstream(host), observed[host]
    if upstream is None or not isinstance(follower, Answer):
        return False
    if follower.state.role not in FOLLOWERS or not names_as_primary(follower.state, upstream):
        return False
    followed = observed[upstream.host]
    if not isinstance(followed, Answer):
        return True
    listed = followed.lists(member.node_id)
    if listed is None:
        listed = follower.own_id in (None, member.node_id)
    return followed.state.role in (PRIMARY, RELAY) and listed


def is_as_wanted(topology: Topology, observed: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node has its role, follows its upstream if it has one, and is not held."""
    member, observation = topology.members[host], observed[host]
    if not isinstance(observation, Answer) or observation.held:
        return False
    if observation.state.role != member.role:
        return False
    return member.role not in FOLLOWERS or linked(topology, observed, host)


def is_to_be_kept(member: Member) -> bool:
    """Return whether a member with this role is to be kept in read-only mode."""
    return member.hold and member.role in FOLLOWERS


def is_kept_as_wanted(topology: Topology, observed: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node that is to be kept in read-only mode is in it, and no other is."""
    observation = observed[host]
    if not isinstance(observation, Answer):
        return False
    if is_to_be_kept(topology.members[host]):
        return observation.is_kept_read_only or observation.admin_read_only is True
    return not observation.held_as_follower


def names_as_primary(state: HaState, upstream: Member) -> bool:
    """Return whether a follower names this upstream as its primary.

    A host name cannot be compared with an address here, as it is resolved on the nodes. The node id
    has to do then, and the other end, which lists the follower only if it is the same node.
    """
    if not addresses.is_literal(upstream.address):
        return state.primary is not None and state.primary.node_id == upstream.node_id
    return transitions.follows(state, as_upstream(upstream))


def as_upstream(member: Member) -> addresses.Upstream:
    """Return what the role model needs to know of a member that others follow."""
    address = addresses.canonical(member.address)
    return addresses.Upstream(member.node_id, address, frozenset((address,)))


def copies_from(
    topology: Topology, observed: Mapping[str, Observation], host: str, primary: str
) -> bool:
    """Return whether `host` is connected to a live primary, perhaps through relays."""
    observation, passed = observed[host], set[str]()
    while isinstance(observation, Answer) and host not in passed:
        if host == primary:
            return observation.state.role == PRIMARY
        passed.add(host)
        named = observation.state.primary
        upstream = topology.by_node_id(named.node_id) if named else None
        if upstream is None:
            return False
        node_id = topology.members[host].node_id
        host, observation = upstream.host, observed[upstream.host]
        if isinstance(observation, Answer) and observation.lists(node_id) is False:
            return False
    return False


def relation(
    topology: Topology, observed: Mapping[str, Observation], history: PromotionHistory, host: str
) -> str:
    """Return how the data of a node stands to that of the wanted primary, see data_rules.py."""
    observation, primary = observed[host], observed[topology.primary.host]
    if not isinstance(observation, Answer) or not isinstance(primary, Answer):
        return data_rules.UNKNOWN
    if copies_from(topology, observed, host, topology.primary.host):
        # A busy primary and its copy, observed at different moments, never have the same id.
        return data_rules.COPY
    return data_rules.compare(observation.txid, primary.txid, history)


def reparented(topology: Topology, observed: Mapping[str, Observation]) -> Topology:
    """Return the topology with the followers of a silent relay moved to the relay's upstream.

    A node that still follows its relay stays: only the controller cannot reach that relay.
    """
    changed = []
    for member in topology.members.values():
        upstream = topology.upstream(member.host)
        if upstream is None or linked(topology, observed, member.host):
            changed.append(member)
            continue
        while upstream.role == RELAY and isinstance(observed[upstream.host], Silence):
            upstream = topology.upstream(upstream.host) or topology.primary
        same = upstream == topology.upstream(member.host)
        name = "" if upstream.role == PRIMARY else upstream.host
        changed.append(member if same else replace(member, upstream=name))
    return Topology(changed)
