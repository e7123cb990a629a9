# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The planner: which steps give a cluster the wanted topology.

One pure function, `plan_for`, from the wanted topology, the observations and the promotion history
to waves of steps. It knows nothing of Ansible, sockets or operations: an operation only wants
another topology. Whether a plan may be carried out is for judge.py to say.

The order of the waves keeps a cluster whole. Links that have ended unnoticed are reported first.
Then nodes that have to leave the cluster or the primary role do so, so that there are never two
primaries. Then comes the primary, then the relays from the top down, then the secondaries, all at
once. A living primary that hands over to a copy is put into read-only mode before it leaves its
role, until it follows the copy: a node that leaves the primary role has role none for a moment, and
would take writes. Where followers are kept in that mode, each is put into it once it follows, and
it ends with the promotion of one of them, in the same step. A node that waits in start phase 0 gets
its role in phase 1, and is open to clients once it has it, in phase 2.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from ansible_collections.nso.ha.plugins.module_utils._apply import transitions
from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    FOLLOWERS,
    NONE,
    PRIMARY,
    RELAY,
    SECONDARY,
    HaState,
)

from .._model import data_rules, identity
from .._model.history import PromotionHistory
from .._model.links import (
    as_upstream,
    copies_from,
    is_kept_as_wanted,
    is_to_be_kept,
    linked,
    names_as_primary,
    primaries,
    relation,
)
from .._model.observation import Answer, Observation, Silence, in_admin_mode
from .._model.topology import Member, Topology
from .plan import (
    CATCH_UP,
    DEAD,
    HAND_OVER,
    HOLD,
    LEAVE,
    OPEN,
    PHASE_1,
    PHASE_2,
    PRIMARY_PHASE_1,
    PRIMARY_PHASE_2,
    PROMOTE,
    READ_ONLY,
    RELAYS,
    RELEASE,
    SECONDARIES,
    SECONDARY_DEAD,
    START_PHASE_1,
    START_PHASE_2,
    STEP_DOWN,
    WAIT,
    WAVES,
    WRITABLE,
    Plan,
    Step,
    wave,
)

#: The start phase in which a daemon is open to clients.
STARTED = 2

#: The roles in the order in which the nodes that have them leave the cluster.
_LEAVING = (SECONDARY, RELAY, PRIMARY)


def plan_for(
    topology: Topology,
    observed: Mapping[str, Observation],
    history: PromotionHistory,
    left_out: Mapping[str, str] | None = None,
    unlocked: Collection[str] = (),
) -> Plan:
    """Return the plan that gives the cluster this topology, which has no problems.

    A topology without a primary is that of a cluster that is torn down. Nodes that are `left_out`,
    each for its reason, are not attached, and are told of no dead link. On those that are
    `unlocked` nothing can be done.
    """
    return _Planner(topology, observed, history, left_out or {}, unlocked).plan()


class _Planner:
    """The working state of one planning: what each node will be once the steps so far are done."""

    def __init__(
        self,
        topology: Topology,
        observed: Mapping[str, Observation],
        history: PromotionHistory,
        left_out: Mapping[str, str],
        unlocked: Collection[str],
    ) -> None:
        self.left_out = left_out
        self.unlocked = unlocked
        self.topology = topology
        self.observed = observed
        self.history = history
        self.states = {
            host: observation.state
            for host, observation in observed.items()
            if isinstance(observation, Answer)
        }
        self.blocked = {
            host: observation.reason
            for host, observation in observed.items()
            if isinstance(observation, Silence)
        }
        #: The living primary that hands over to one of its copies, or "".
        self.hands_over = ""
        #: The node that becomes primary, or "".
        self.promoted = ""
        self.admins = in_admin_mode(observed)
        self.held = {
            host
            for host, observation in observed.items()
            if isinstance(observation, Answer) and observation.held
        }
        self.changing: set[str] = set()
        self.waves: dict[tuple[str, int], list[Step]] = defaultdict(list)

    def plan(self) -> Plan:
        members = list(self.topology.members.values())
        ends = all(member.role == NONE for member in members)
        self._declare_dead()
        if not ends:
            self._hand_over(self.topology.primary)
        for member in members:
            self._leave(member)
        if not ends:
            self._promote(self.topology.primary)
            for member in self.topology.from_the_top():
                self._attach(member)
        for member in members:
            self._set_mode(member)
            self._start(member)
        order = sorted(self.waves, key=lambda key: (WAVES.index(key[0]), key[1]))
        copying = [place for place in order if place[0] in (RELAYS, SECONDARIES)]
        waves = []
        for place in order:
            name, steps = place[0], self._named(place[0], self.waves[place])
            waves.append(wave(name, steps, self._look(name, steps, place in copying[:1])))
        return Plan(tuple(waves), self.blocked, self.hands_over)

    def _named(self, wave: str, steps: Iterable[Step]) -> tuple[Step, ...]:
        """Return the steps with what identifies them on their node."""
        members = self.topology.members
        return tuple(
            replace(
                step,
                # A node may have to declare several others dead; every other step it takes once.
                name=f"{wave} {step.upstream}" if wave == DEAD else wave,
                upstream_id=members[step.upstream].node_id if step.upstream else "",
            )
            for step in steps
        )

    def _look(self, wave: str, steps: Iterable[Step], copies_first: bool) -> tuple[str, ...]:
        """Return the hosts to observe once more before a wave, see recheck.py.

        Before a promotion these are all nodes: another may have become primary, and a silent one
        may have woken up. Where a living primary hands over, its steps check what counts, and a
        look would make the time without a primary longer. Before nodes copy, it is these nodes, and
        before the first that copy the primary as well.
        """
        if wave == PROMOTE and not self.hands_over:
            return tuple(sorted(self.observed))
        if wave not in (RELAYS, SECONDARIES):
            return ()
        hosts = {step.host for step in steps}
        if copies_first:
            hosts.add(self.topology.primary.host)
        return tuple(sorted(hosts))

    def _declare_dead(self) -> None:
        """Tell each node that lists another as connected that it is dead, where that is so.

        By itself a node takes three ticks to notice. Until then its commits wait for the other one,
        and a daemon that came back sooner may be refused as a second one of its id.
        """
        told = Counter[str]()
        # In the order of the inventory, so that the same cluster always gets the same plan.
        for member in self.topology.members.values():
            for lister in self._listers[member.node_id]:
                why = self._why_dead(member, lister)
                if why:
                    reason = f"lists {member.host}, which {why}"
                    step = Step(lister.host, "", member.host, (SECONDARY_DEAD,), reason)
                    # One step for each host in a wave, as a host runs one task at a time.
                    self.waves[DEAD, told[lister.host]].append(step)
                    told[lister.host] += 1

    @cached_property
    def _listers(self) -> Mapping[str, Sequence[Member]]:
        """Return the nodes that list others as connected, by the node ids that they list.

        Without those on which nothing is done.
        """
        listers: dict[str, list[Member]] = defaultdict(list)
        for host, member in self.topology.members.items():
            state = self.states.get(host)
            if state and state.role in (PRIMARY, RELAY) and host not in self.left_out:
                for peer in state.secondaries or ():
                    listers[peer.node_id].append(member)
        return listers

    def _why_dead(self, member: Member, lister: Member) -> str:
        """Return why a node is to be declared dead where it is listed as connected, or ""."""
        observation = self.observed[member.host]
        if isinstance(observation, Silence):
            return "does not run" if observation.stopped else ""
        if identity.is_listed_in_vain(self.topology, self.observed, member, lister):
            return f"is {observation.state} and does not follow it"
        return ""

    def _hand_over(self, new: Member) -> None:
        """Let a living primary hand over to one of its copies.

        The copy has to have what the primary had when it was observed, while clients still write.
        Then the primary is put into read-only mode and made none, in one step that tells its last
        transaction. [assumed] docs/protocol.md: read-only mode keeps clients from writing, and
        stops neither transactions that began before nor replication.

        A primary that an administrator put into that mode stays in it. Its step makes sure of that.
        """
        living = primaries(self.observed)
        if new.host in living or len(living) != 1:
            return
        former = living[0]
        if not copies_from(self.topology, self.observed, new.host, former):
            return
        self.hands_over = former
        why = f"takes over from {former} and has to have everything before"
        self.waves[CATCH_UP, 0].append(Step(new.host, "", former, (WAIT,), why))
        why = f"hands over to {new.host}"
        orders: tuple[str, ...] = (READ_ONLY, transitions.BENONE)
        if former in self.admins:
            why = f"is read-only (administrator) and {why}"
            orders = (transitions.BENONE,)
        else:
            self.held.add(former)
        self.waves[HAND_OVER, 0].append(Step(former, NONE, new.host, orders, why))
        self.changing.add(former)
        self.states[former] = HaState(NONE)

    def _leave(self, member: Member) -> None:
        state = self.states.get(member.host)
        if state is None or state.role == NONE:
            return
        steps_down = state.role == PRIMARY and member.role != PRIMARY
        if member.role == NONE:
            why = "should be in no cluster"
        elif steps_down:
            why = f"is primary and should be {member.role}"
        else:
            return
        # From the bottom up: a node that loses its upstream goes to none by itself, but later.
        place = (STEP_DOWN, 0) if steps_down else (LEAVE, _LEAVING.index(state.role))
        self._add(place, member, NONE, why)

    def _promote(self, member: Member) -> None:
        state = self.states.get(member.host)
        if state is None or state.role == PRIMARY:
            return
        lifts = self._is_marked(member.host)
        self.promoted = member.host
        why = f"is {state.role} and should be primary"
        self._add((PROMOTE, 0), member, PRIMARY, why, then=(WRITABLE,) if lifts else ())

    def _attach(self, member: Member) -> None:
        """Plan for a node that should follow another, if it does not do so yet."""
        upstream = self.topology.upstream(member.host)
        state = self.states.get(member.host)
        if upstream is None or state is None:
            return
        joined = linked(self.topology, self.observed, member.host)
        cut = upstream.host in self.changing
        if joined and state.role == member.role and not cut:
            return
        if member.host in self.left_out:
            self.blocked[member.host] = self.left_out[member.host]
            return
        if upstream.host in self.blocked:
            self.blocked[member.host] = f"it should follow {upstream.host}, and see there"
            return
        believes = state.role in FOLLOWERS and names_as_primary(state, upstream)
        if cut and believes:
            why = f"has to follow {upstream.host} again, which changes"
        elif believes and not joined:
            why = f"believes to follow {upstream.host}, which does not list it"
        else:
            why = f"is {state} and should be {member.role} of {upstream.host}"
        # A link that is broken, or about to break, is made anew, whatever the node believes.
        force = believes and (cut or not joined)
        relay = member.role == RELAY
        place = (RELAYS, self.topology.depth(member.host)) if relay else (SECONDARIES, 0)
        self._add(place, member, member.role, why, force)

    def _start(self, member: Member) -> None:
        """Take a node that waits to start phase 1 for its role, and to phase 2 once it has it.

        One that is not to follow now, or about which nothing can be done, stays closed. The primary
        comes before the others, as no client can write meanwhile.
        """
        host, observation = member.host, self.observed[member.host]
        if not self._waits(member) or host in self.left_out or host in self.unlocked:
            return
        leads = member.role == PRIMARY
        if isinstance(observation, Answer) and observation.phase < 1:
            place = PRIMARY_PHASE_1 if leads else PHASE_1
            why = f"waits in start phase {observation.phase}, and takes orders from phase 1 on"
            self.waves[place, 0].append(Step(host, "", "", (START_PHASE_1,), why))
        if host not in self.blocked:
            place = PRIMARY_PHASE_2 if leads else PHASE_2
            why = "is closed to clients before start phase 2"
            self.waves[place, 0].append(Step(host, "", "", (START_PHASE_2,), why))

    def _waits(self, member: Member) -> bool:
        """Return whether a node waits in a start phase until an operation lets it go on."""
        observation = self.observed[member.host]
        return (
            member.start_phases and isinstance(observation, Answer) and observation.phase < STARTED
        )

    def _takes_orders(self, member: Member) -> bool:
        """Return whether a node is in a start phase in which it takes orders, or gets there."""
        observation = self.observed[member.host]
        started = isinstance(observation, Answer) and observation.phase >= 1
        return started or (self._waits(member) and member.host not in self.left_out)

    def _is_marked(self, host: str) -> bool:
        """Return whether an operation, this one included, has put a node into read-only mode."""
        observation = self.observed[host]
        return host in self.held or (
            isinstance(observation, Answer) and observation.held_as_follower
        )

    def _set_mode(self, member: Member) -> None:
        """Put a node into read-only mode if it is to be kept in it; else lift what is marked.

        A node that is held, by this plan or by a run that broke off, is kept from now on or
        released. While the primary is held no client can write, so it is released before the others
        attach.
        """
        host, observation = member.host, self.observed[member.host]
        if not isinstance(observation, Answer) or host == self.promoted:
            return
        if is_to_be_kept(member):
            if host in self.unlocked or host in self.admins or not self._takes_orders(member):
                return
            if host in self.held or not is_kept_as_wanted(self.topology, self.observed, host):
                why = "should be read-only as a follower (nso_ha_hold_followers)"
                self.waves[HOLD, 0].append(Step(host, "", "", (READ_ONLY,), why))
        elif host in self.held:
            why = "was put into read-only mode for as long as the primary changes"
            self._open(member, why)
        elif observation.held_as_follower and host not in self.unlocked:
            self._open(member, "was kept in read-only mode, and is not to be any more")

    def _open(self, member: Member, why: str) -> None:
        name = OPEN if member.role == PRIMARY else RELEASE
        self.waves[name, 0].append(Step(member.host, "", "", (WRITABLE,), why))

    def _add(
        self,
        place: tuple[str, int],
        member: Member,
        role: str,
        reason: str,
        force: bool = False,
        then: tuple[str, ...] = (),
    ) -> None:
        """Add a step that gives a node a role. `then` is what it does after the orders for that."""
        upstream = self.topology.upstream(member.host) if role in FOLLOWERS else None
        wanted = transitions.Wanted(role, as_upstream(upstream) if upstream else None)
        leaves = role == NONE
        # A node that leaves is as it was observed, or has become none, which is right, too.
        state = self.states[member.host] if leaves else self._state_at_step(member.host)
        orders = transitions.orders(state, wanted, force)
        data_relation = self._relation(member.host) if upstream else ""
        self.waves[place].append(
            Step(
                host=member.host,
                role=role,
                upstream=upstream.host if upstream else "",
                orders=(*orders, *then),
                reason=reason,
                force=force,
                relation=data_relation,
            )
        )
        self.changing.add(member.host)
        if leaves:
            # A node that leaves may get another step, which starts from this state.
            self.states[member.host] = HaState(NONE)

    def _relation(self, host: str) -> str:
        """Return how the data of a node will stand to the primary's when it is attached."""
        if self.hands_over and copies_from(self.topology, self.observed, host, self.hands_over):
            return data_rules.HANDED
        return relation(self.topology, self.observed, self.history, host)

    def _state_at_step(self, host: str) -> HaState:
        """Return the state of a node at its step: a follower of a node that changes is none."""
        state = self.states[host]
        upstream = self.topology.by_node_id(state.primary.node_id) if state.primary else None
        if state.role in FOLLOWERS and upstream is not None and upstream.host in self.changing:
            return HaState(NONE)
        return state
