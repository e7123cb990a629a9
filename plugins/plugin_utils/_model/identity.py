# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which member is meant by the ids and addresses that nodes name, and who is no member at all.

A node tells the node id that it goes by, if its release has it among its operational state
(docs/protocol.md, "Reading state without the HA socket"), and then that counts. By its HA socket it
does not. Its followers name it, the promotion history has the id of the last primary, and so have
the transactions that a primary has made. An address identifies a node if the inventory has it as an
address; a host name means something only on the nodes. Then the two ends of a link tell: who
follows, and who lists that follower. Pure functions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    FOLLOWERS,
    PRIMARY,
    RELAY,
    Peer,
)

from .history import PromotionHistory
from .links import named_primaries, primaries
from .observation import Answer, Observation, Silence, txid_of
from .topology import Member, Topology


@dataclass(frozen=True)
class Stranger:
    """A node that is no member, as a member names it.

    host: the member that names it
    """

    host: str
    node_id: str
    address: str

    def __str__(self) -> str:
        """Return what identifies it."""
        return f"{self.node_id} at {self.address}" if self.address else self.node_id


def own_id(observation: Observation) -> str | None:
    """Return the id that a node says it goes by, None if it does not tell or goes by none."""
    return observation.own_id if isinstance(observation, Answer) else None


def member_of(
    topology: Topology, observed: Mapping[str, Observation], node_id: str
) -> Member | None:
    """Return the member that goes by a node id: as it says itself, else as the inventory says.

    A silent one keeps the inventory's id, whatever others claim: it may be the one that is meant.
    The own id of a follower does not count, as it gets the inventory's when it is next attached.
    """
    member = topology.by_node_id(node_id)
    if member is not None:
        observation = observed[member.host]
        if isinstance(observation, Silence) or observation.own_id == node_id:
            return member
    host = _leading(observed).get(node_id)
    if host is not None:
        return topology.members[host]
    if member is not None and _leads(observed[member.host]) and own_id(observed[member.host]):
        return None
    return member


def _leading(observed: Mapping[str, Observation]) -> dict[str, str]:
    """Return the hosts of primaries and relays by the ids that they say they go by."""
    return {
        node_id: host
        for host, observation in observed.items()
        if _leads(observation) and (node_id := own_id(observation)) is not None
    }


def _leads(observation: Observation) -> bool:
    return isinstance(observation, Answer) and observation.state.role in (PRIMARY, RELAY)


def misnamed(
    topology: Topology, observed: Mapping[str, Observation], history: PromotionHistory
) -> dict[str, str]:
    """Return the members that go, or may go, by another node id than the inventory's, with why."""
    reasons = {}
    for host, observation in observed.items():
        member, node_id = topology.members[host], own_id(observation)
        if _leads(observation) and node_id not in (None, member.node_id):
            reasons[host] = _named_otherwise(member, str(node_id), observation, "it says itself")
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    leading = _leading(observed)
    for follower, peer in named_primaries(observed):
        by_other_id = _by_other_id(topology, observed, leading, follower, peer)
        if by_other_id is not None and by_other_id.host not in reasons:
            named[by_other_id.host, peer.node_id].append(follower)
    for (host, node_id), followers in named.items():
        say = f"{' and '.join(followers)} {'says' if len(followers) == 1 else 'say'}"
        reasons[host] = _named_otherwise(topology.members[host], node_id, observed[host], say)
    known = {peer.node_id for _follower, peer in named_primaries(observed)}
    for host in primaries(observed):
        member = topology.members[host]
        if own_id(observed[host]) is not None:
            continue
        why = _made_otherwise(topology, member, observed[host], history)
        if why and host not in reasons and member.node_id not in known:
            reasons[host] = why
    return reasons


def _by_other_id(
    topology: Topology,
    observed: Mapping[str, Observation],
    leading: Mapping[str, str],
    follower: str,
    peer: Peer,
) -> Member | None:
    """Return the member that a follower names by an id that is not the inventory's, or None."""
    claiming = leading.get(peer.node_id)
    if claiming is not None:
        leader = topology.members[claiming]
        return None if peer.node_id == leader.node_id or claiming == follower else leader
    member, by_id = topology.by_address(peer.address), topology.by_node_id(peer.node_id)
    # Ids may have been exchanged: then the member of this id answers, and leads nobody.
    if member is None and (by_id is None or not may_lead(observed[by_id.host])):
        member = _lister(topology, observed, follower)
    if member is None or member.node_id == peer.node_id or member.host == follower:
        return None
    if own_id(observed[member.host]) is not None:
        # It says another one. What the follower says is of an earlier time.
        return None
    # One that has left goes by no id. Its followers are going to find out.
    return member if may_lead(observed[member.host]) else None


def may_lead(observation: Observation) -> bool:
    """Return whether a node may have followers."""
    return isinstance(observation, Silence) or _leads(observation)


def _lister(
    topology: Topology, observed: Mapping[str, Observation], follower: str
) -> Member | None:
    """Return the one member that lists this follower as connected, or None."""
    member = topology.members[follower]
    listing = [
        host
        for host, observation in observed.items()
        if isinstance(observation, Answer)
        and observation.state.role in (PRIMARY, RELAY)
        and any(
            peer.node_id == member.node_id or topology.by_address(peer.address) is member
            for peer in observation.state.secondaries or ()
        )
    ]
    return topology.members[listing[0]] if len(listing) == 1 else None


def _named_otherwise(member: Member, node_id: str, observation: Observation, say: str) -> str:
    is_primary = isinstance(observation, Answer) and observation.state.role == PRIMARY
    goes = "is primary under" if is_primary else "goes by"
    return (
        f"{member.host} {goes} the node id {node_id!r}, as {say}, and should be "
        f"{member.node_id!r}. Set nso_ha_node_id of {member.host} to {node_id!r}, or make it none "
        "first"
    )


def _made_otherwise(
    topology: Topology, member: Member, observation: Observation, history: PromotionHistory
) -> str:
    """Return why a primary that no follower names may go by another id, or ""."""
    newest, txid = history.newest, txid_of(observation)
    by = txid.primary_id if txid else None
    if member.node_id in (by, newest.primary if newest else None):
        return ""
    if newest is not None and topology.by_node_id(newest.primary) is None:
        node_id, what = newest.primary, "the last promotion on record is that of"
    elif by is not None and topology.by_node_id(by) is None:
        node_id, what = by, "its last transaction was made by"
    else:
        return ""
    return (
        f"{member.host} is primary, and no node says under which node id: {what} {node_id!r}, "
        f"which no node of the inventory has, and should be that of {member.node_id!r}. If that "
        f"was {member.host}, set its nso_ha_node_id to {node_id!r}; if it was a node that is gone, "
        "override this check"
    )


def is_listed_in_vain(
    topology: Topology, observed: Mapping[str, Observation], member: Member, lister: Member
) -> bool:
    """Return whether a node that answers surely does not follow `lister`, which lists its id.

    It is not sure where the node may name `lister` under another id or at another address, or where
    it names no member. Nor where the one that is listed may be another member under this id.
    """
    answer, listing = observed[member.host], observed[lister.host]
    if not isinstance(answer, Answer) or not isinstance(listing, Answer):
        return False
    if answer.state.role in FOLLOWERS:
        named = answer.state.primary
        meant = set(_meant(topology, observed, member.host, named)) if named else set()
        if not meant or lister.host in meant:
            return False
    return not any(
        peer.node_id == member.node_id and topology.by_address(peer.address) not in (None, member)
        for peer in listing.state.secondaries or ()
    )


def _meant(
    topology: Topology, observed: Mapping[str, Observation], follower: str, peer: Peer
) -> Iterator[str]:
    """Yield the members that a follower may mean by the upstream that it names."""
    leading = _leading(observed)
    if peer.node_id in leading:
        yield leading[peer.node_id]
    for member in (
        topology.by_node_id(peer.node_id),
        topology.by_address(peer.address),
        _by_other_id(topology, observed, leading, follower, peer),
    ):
        if member is not None:
            yield member.host


def foreign_primaries(
    topology: Topology, observed: Mapping[str, Observation]
) -> Iterator[Stranger]:
    """Yield the upstreams that followers name and that are no members under any name."""
    leading = _leading(observed)
    for follower, peer in named_primaries(observed):
        known = _is_known(topology, leading, peer)
        if not known and _by_other_id(topology, observed, leading, follower, peer) is None:
            yield Stranger(follower, peer.node_id, peer.address)


def connected_strangers(
    topology: Topology, observed: Mapping[str, Observation]
) -> Iterator[Stranger]:
    """Yield the nodes that members list as connected and that are no members.

    A member that is connected under an earlier id is none of them, if it says so itself or its
    address tells.
    """
    own_ids = {own_id(observation) for observation in observed.values()}
    for host, observation in observed.items():
        if not isinstance(observation, Answer) or observation.state.role not in (PRIMARY, RELAY):
            continue
        for peer in observation.state.secondaries or ():
            if not _is_known(topology, own_ids, peer):
                yield Stranger(host, peer.node_id, peer.address)


def _is_known(topology: Topology, own_ids: Container[str | None], peer: Peer) -> bool:
    """Return whether a node that another one names is a member, under whatever id."""
    if topology.by_node_id(peer.node_id) or topology.by_address(peer.address):
        return True
    return peer.node_id in own_ids


def remarks(topology: Topology, observed: Mapping[str, Observation]) -> list[str]:
    """Return a sentence on each node that is connected to a member and is none."""
    return [
        f"{stranger.host} lists {stranger} as connected, which is no node of the inventory."
        for stranger in connected_strangers(topology, observed)
    ] + [
        f"{stranger.host} follows {stranger}, which is no node of the inventory."
        for stranger in foreign_primaries(topology, observed)
    ]
