# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What to do to a cluster so that it is as wanted: the planner.

One pure function, `plan`, from the wanted topology and what was seen of the nodes to waves of
steps. It knows nothing of Ansible or sockets. Whether a plan may be carried out is said by
guards.py.

The order of the waves is what keeps a cluster whole. Whoever has to leave the cluster or the
primary role leaves first, so that there are never two primaries. Then comes the primary, then the
relays from the top down, then the secondaries, all of them at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.nso.ha.plugins.module_utils import addresses, transitions
from ansible_collections.nso.ha.plugins.module_utils.state import (
    FOLLOWERS,
    NONE,
    PRIMARY,
    RELAY,
    HaState,
)

from . import data
from .observed import Observation, Seen, Unseen
from .topology import Member, Topology

LEAVE = "leave"
PROMOTE = "promote"
RELAYS = "relays"
SECONDARIES = "secondaries"

_WAVE_NAMES = (LEAVE, PROMOTE, RELAYS, SECONDARIES)


@dataclass(frozen=True)
class Step:
    """One node gets one role.

    orders:   names of the orders that the node is expected to need
    force:    order even if the node believes that nothing is needed
    relation: for a step that follows, how its data stands to the primary's (data.py), else "". Also
              where no copy is expected: a node that lost its link by then copies after all
    """

    host: str
    role: str
    upstream: str
    orders: tuple[str, ...]
    reason: str
    force: bool
    relation: str

    @property
    def overwrites(self) -> bool:
        """Return whether data of the node that the primary may not have could be replaced."""
        return bool(self.relation) and self.relation not in data.SAFE


@dataclass(frozen=True)
class Wave:
    """Steps that may be done at the same time."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Plan:
    """Waves in order, and the nodes about which nothing can be done, each with the reason."""

    waves: tuple[Wave, ...] = ()
    blocked: Mapping[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return all steps, in order."""
        return tuple(step for wave in self.waves for step in wave.steps)


def plan(topology: Topology, seen: Mapping[str, Observation]) -> Plan:
    """Return what is needed to make the cluster as wanted. `topology` has no problems."""
    return _Planner(topology, seen).plan()


def linked(topology: Topology, seen: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node follows the one it should, said by both ends.

    A secondary may take a while to find out that its primary is gone, and a primary that a
    secondary is gone. Where the other end did not answer, one end has to do.
    """
    member, upstream, own = topology.members[host], topology.upstream(host), seen[host]
    if upstream is None or not isinstance(own, Seen):
        return False
    if own.state.role not in FOLLOWERS or not _names(own.state, upstream):
        return False
    other = seen[upstream.host]
    if not isinstance(other, Seen):
        return True
    return other.state.role in (PRIMARY, RELAY) and other.state.has_secondary(member.node_id)


def is_as_wanted(topology: Topology, seen: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node has its role, and follows the right node if it should follow one."""
    member, own = topology.members[host], seen[host]
    if not isinstance(own, Seen) or own.state.role != member.role:
        return False
    return member.role not in FOLLOWERS or linked(topology, seen, host)


def _names(state: HaState, upstream: Member) -> bool:
    """Return whether a follower names this upstream as its primary.

    A host name cannot be compared with an address here, as it is resolved on the nodes. The node id
    has to do then, and the other end, which lists the follower only if it is the same node.
    """
    if not addresses.is_literal(upstream.address):
        return state.primary is not None and state.primary.node_id == upstream.node_id
    return transitions.follows(state, _as_upstream(upstream))


def _as_upstream(member: Member) -> addresses.Upstream:
    address = addresses.canonical(member.address)
    return addresses.Upstream(member.node_id, address, frozenset((address,)))


def relation(topology: Topology, seen: Mapping[str, Observation], host: str) -> str:
    """Return how the data of a node stands to that of the wanted primary, see data.py."""
    own, primary = seen[host], seen[topology.primary.host]
    if not isinstance(own, Seen) or not isinstance(primary, Seen):
        return data.UNKNOWN
    if _copies_from(topology, seen, host, topology.primary.host):
        # Looked at one after the other, a busy primary and its copy never have the same id.
        return data.COPY
    return data.compare(own.txid, primary.txid)


def _copies_from(
    topology: Topology, seen: Mapping[str, Observation], host: str, primary: str
) -> bool:
    """Return whether `host` is connected to a live primary, perhaps through relays."""
    own, passed = seen[host], set[str]()
    while isinstance(own, Seen) and host not in passed:
        if host == primary:
            return own.state.role == PRIMARY
        passed.add(host)
        above = topology.by_node_id(own.state.primary.node_id) if own.state.primary else None
        if above is None:
            return False
        node_id, host, own = topology.members[host].node_id, above.host, seen[above.host]
        if isinstance(own, Seen) and not own.state.has_secondary(node_id):
            return False
    return False


class _Planner:
    """The working state of one planning: what each node will be once the steps so far are done."""

    def __init__(self, topology: Topology, seen: Mapping[str, Observation]) -> None:
        self.topology = topology
        self.seen = seen
        self.states = {host: found.state for host, found in seen.items() if isinstance(found, Seen)}
        self.blocked = {
            host: found.reason for host, found in seen.items() if isinstance(found, Unseen)
        }
        self.changing: set[str] = set()
        self.waves: dict[tuple[int, int], list[Step]] = defaultdict(list)

    def plan(self) -> Plan:
        for member in self.topology.members.values():
            self._leave(member)
        self._promote(self.topology.primary)
        for member in self.topology.from_the_top():
            self._attach(member)
        waves = tuple(
            Wave(_WAVE_NAMES[place], tuple(steps))
            for (place, _depth), steps in sorted(self.waves.items())
        )
        return Plan(waves, self.blocked)

    def _leave(self, member: Member) -> None:
        state = self.states.get(member.host)
        if state is None:
            return
        if member.role == NONE and state.role != NONE:
            self._add((0, 0), member, NONE, "should be in no cluster")
        elif member.role != PRIMARY and state.role == PRIMARY:
            self._add((0, 0), member, NONE, f"is primary and should be {member.role}")

    def _promote(self, member: Member) -> None:
        state = self.states.get(member.host)
        if state is not None and state.role != PRIMARY:
            self._add((1, 0), member, PRIMARY, f"is {state.role} and should be primary")

    def _attach(self, member: Member) -> None:
        """Plan for a node that should follow another, if it does not do so yet."""
        upstream = self.topology.upstream(member.host)
        state = self.states.get(member.host)
        if upstream is None or state is None:
            return
        joined = linked(self.topology, self.seen, member.host)
        cut = upstream.host in self.changing
        if joined and state.role == member.role and not cut:
            return
        if upstream.host in self.blocked:
            self.blocked[member.host] = f"it should follow {upstream.host}, and see there"
            return
        believes = state.role in FOLLOWERS and _names(state, upstream)
        if cut and believes:
            why = f"has to follow {upstream.host} again, which changes"
        elif believes and not joined:
            why = f"believes to follow {upstream.host}, which does not list it"
        else:
            why = f"is {state} and should be {member.role} of {upstream.host}"
        # A link that is broken, or about to be, has to be made anew, whatever the node believes.
        force = believes and (cut or not joined)
        place = (2, self.topology.depth(member.host)) if member.role == RELAY else (3, 0)
        self._add(place, member, member.role, why, force)

    def _add(
        self, place: tuple[int, int], member: Member, role: str, reason: str, force: bool = False
    ) -> None:
        upstream = self.topology.upstream(member.host) if role in FOLLOWERS else None
        wanted = transitions.Wanted(role, _as_upstream(upstream) if upstream else None)
        # Those that leave do so at the same time, in whatever order.
        leaves = role == NONE
        state = self.states[member.host] if leaves else self._state_by_then(member.host)
        orders = transitions.orders(state, wanted, force)
        self.waves[place].append(
            Step(
                host=member.host,
                role=role,
                upstream=upstream.host if upstream else "",
                orders=orders,
                reason=reason,
                force=force,
                relation=relation(self.topology, self.seen, member.host) if upstream else "",
            )
        )
        self.changing.add(member.host)
        if leaves:
            # Whoever leaves may get another step, which starts from here.
            self.states[member.host] = HaState(NONE)

    def _state_by_then(self, host: str) -> HaState:
        """Return what a node will be by then: a follower of one that changes is none."""
        state = self.states[host]
        above = self.topology.by_node_id(state.primary.node_id) if state.primary else None
        if state.role in FOLLOWERS and above is not None and above.host in self.changing:
            return HaState(NONE)
        return state
