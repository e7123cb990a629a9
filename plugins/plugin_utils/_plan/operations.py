# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What each operation on a cluster comes to: the topology it wants, by the observations.

Once the role of each node is known, all operations are the same work: planner.py plans it and
judge.py checks it. Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    FOLLOWERS,
    NONE,
    PRIMARY,
    SECONDARY,
)

from .._model import identity, links
from .._model.history import Promotion, PromotionHistory
from .._model.observation import Answer, Observation, Silence
from .._model.topology import (
    Member,
    Topology,
    first_choice,
    led_by,
    seated,
    wanted_primary,
)
from .election import Election, elect

CONVERGE = "converge"
SWITCHOVER = "switchover"
FAILOVER = "failover"
REJOIN = "rejoin"
TEAR_DOWN = "tear_down"

#: What an operator can ask for.
OPERATIONS = (CONVERGE, SWITCHOVER, FAILOVER, REJOIN, TEAR_DOWN)

#: Bringing the former primary back after a switchover that failed. No operator asks for it.
ROLL_BACK = "roll_back"

#: The operation, in the promotion history, of a primary that something else has made.
FOUND = "found"


@dataclass(frozen=True)
class Scene:
    """The cluster before an operation.

    inventory:  the nodes as the inventory wants them: a topology without problems
    observed:   the observation of each node, by host
    unfinished: names of the operations that broke off and left a mark or a lock, with their runs
    unlocked:   nodes on which this run has no lock, so that it can do nothing there, each with the
                reason
    """

    inventory: Sequence[Member]
    observed: Mapping[str, Observation]
    history: PromotionHistory
    unfinished: Mapping[str, str] = field(default_factory=dict)
    unlocked: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def members(self) -> Sequence[Member]:
        """Return the nodes with a role for each: the present or last primary stays primary."""
        out = {member.host for member in self.inventory if member.role == NONE}
        present_or_last = (self.primary, self.last_primary)
        hosts = [host for host in present_or_last if host and host not in out]
        return seated(self.inventory, hosts[0] if hosts else first_choice(self.inventory))

    @cached_property
    def topology(self) -> Topology:
        """Return the members as a topology."""
        return Topology(self.members)

    @cached_property
    def _as_given(self) -> Topology:
        """Return the nodes by host and by id, with the roles of the inventory."""
        return Topology(self.inventory)

    @property
    def pinned(self) -> str:
        """Return the host to which the inventory gives the role primary, or ""."""
        return wanted_primary(self.inventory)

    def host_of(self, node_id: str) -> str:
        """Return the host of the member that goes by this node id, or "" if none does."""
        member = identity.member_of(self._as_given, self.observed, node_id)
        return member.host if member else ""

    def node_id(self, host: str) -> str:
        """Return the id that a member goes by: as it says itself, else as the inventory says."""
        return identity.own_id(self.observed[host]) or self._as_given.members[host].node_id

    @property
    def last_primary(self) -> str:
        """Return the last recorded primary, or "" if the promotion history does not say."""
        newest = self.history.newest
        return self.host_of(newest.primary) if newest else ""

    @property
    def last_writer(self) -> str:
        """Return the last recorded primary that has taken writes, or "" if that is not recorded.

        A promotion is recorded before it is carried out. If a node answers and has given no
        transaction id since its promotion, the order may have failed, and nothing was written.
        """
        if self.history.newest is None:
            return ""
        for promotion in reversed(self.history.epochs):
            host = self.host_of(promotion.primary)
            observation = self.observed.get(host)
            if (
                not isinstance(observation, Answer)
                or observation.txid is None
                or promotion.can_have_given(observation.txid)
            ):
                return host
        return ""

    @property
    def primary(self) -> str:
        """Return the host that is primary now, or "" if none is, or if it is not clear which.

        Of two, it is the last recorded primary, if the promotion history says that the other was
        primary before it: that node has come back and does not know yet that it was replaced.
        """
        only = links.only_primary(self.observed)
        if only:
            return only
        living = links.primaries(self.observed)
        last = self.last_primary
        if last in living and all(self.superseded(host) for host in living if host != last):
            return last
        return ""

    def superseded(self, host: str) -> bool:
        """Return whether a node was primary and another was made primary after it."""
        newest = self.history.newest
        promotions = self.history.of(self.node_id(host))
        return newest is not None and bool(promotions) and promotions[-1].number < newest.number

    @property
    def handing_over(self) -> str:
        """Return the host whose hand-over broke off after it had left the primary role, or "".

        One that was in the read-only mode of an administrator has no mark. It is the last primary
        that took writes, has no role now, and still refuses writes. One that is kept in that mode
        as a follower has done all that.
        """
        held = [
            host
            for host, observation in self.observed.items()
            if isinstance(observation, Answer)
            and observation.held
            and observation.state.role != PRIMARY
        ]
        if held:
            return held[0] if len(held) == 1 else ""
        last = self.observed.get(self.last_writer)
        if not isinstance(last, Answer) or last.state.role != NONE or last.held_as_follower:
            return ""
        refuses_writes = last.admin_read_only or last.facts.read_only
        return self.last_writer if refuses_writes and not links.primaries(self.observed) else ""


@dataclass(frozen=True)
class Goal:
    """What an operation wants of a cluster.

    members:  the nodes, each with the role it should get
    problem:  why the operation is not possible, or ""
    former:   the host that is or was primary before, or "" if that is not known
    election: how the new primary was chosen, if it was
    undoes:   why this only undoes what is left of a run that broke off, or ""
    """

    members: Sequence[Member]
    problem: str = ""
    former: str = ""
    election: Election = field(default_factory=Election)
    undoes: str = ""


def goal(operation: str, scene: Scene, candidate: str = "") -> Goal:
    """Return what an operation wants. `candidate` is the host that the operator names, or ""."""
    return _GOALS[operation](scene, candidate)


def _converge(scene: Scene, candidate: str) -> Goal:
    """Keep the present primary, bring the last one back, or take the first choice.

    Where no node is primary, or two are, the operator may name the one that is to be.
    """
    former = scene.primary or scene.last_primary
    if scene.pinned or candidate == scene.primary != "":
        return Goal(scene.members, former=former)
    if not candidate:
        return Goal(scene.members, _why_not_back(scene), former)
    if scene.primary:
        why = f"{scene.primary} is primary, and converge leaves it so. nso.ha.switchover moves the "
        why += f"primary role to {candidate}"
        return Goal(scene.members, why, former)
    return Goal(led_by(scene.members, candidate), former=former)


def _switchover(scene: Scene, candidate: str) -> Goal:
    former = scene.primary or scene.handing_over
    if not former:
        return Goal(
            scene.members,
            "there is not one primary that could hand over. nso.ha.status shows what there is; "
            "where the primary is dead, nso.ha.failover makes another one",
        )
    if scene.primary and candidate in ("", scene.primary) and _is_unfinished(scene):
        candidate = scene.primary
    if candidate == scene.primary != "":
        return Goal(led_by(scene.members, candidate), former=former)
    barred = _barred(scene, candidate)
    if not candidate:
        barred[former] = "it is the one that hands over"
    if scene.primary:
        hint = "" if _has_followers(scene, former) else f". {_WAY_OUT}"
        barred |= {
            host: f"it is not connected to {former}, so it may lack data{hint}"
            for host, observation in scene.observed.items()
            if isinstance(observation, Answer)
            and host != former
            and (observation.state.role not in FOLLOWERS or not _copies(scene, host, former))
        }
    if candidate in barred and _broke_off(scene):
        why = f"{_left_by_switchover(scene)}, and has to be finished before {candidate} can take "
        why += "over"
        return Goal(led_by(scene.members, former), former=former, undoes=why)
    election = elect(scene.members, _as_equal(scene, former), scene.history, candidate, barred)
    return _elected(scene, former, election)


def _barred(scene: Scene, candidate: str) -> dict[str, str]:
    """Return the nodes that cannot be chosen: without a lock, or secondary and not named."""
    barred = {host: f"it has no lock ({why})" for host, why in scene.unlocked.items()}
    if not scene.pinned:
        for member in scene.inventory:
            if member.role == SECONDARY and member.host != candidate:
                why = "it is primary only where it is named (nso_ha_role is secondary)"
                barred.setdefault(member.host, why)
    return barred


def _elected(scene: Scene, former: str, election: Election) -> Goal:
    if not election.chosen:
        return Goal(scene.members, election.problem, former, election)
    return Goal(led_by(scene.members, election.chosen), "", former, election)


def _broke_off(scene: Scene) -> bool:
    """Return whether a switchover broke off after the promotion of the node that is primary."""
    newest = _promotion_of_primary(scene)
    return newest is not None and newest.run_id == scene.unfinished.get(SWITCHOVER)


def _left_by_switchover(scene: Scene) -> str:
    """Return what the switchover that broke off was doing, by the promotions that it recorded."""
    run_id = scene.unfinished.get(SWITCHOVER)
    promotions = scene.history.epochs
    earlier = [promotion for promotion in promotions if promotion.run_id != run_id]
    if earlier and scene.host_of(earlier[-1].primary) == scene.primary:
        return f"a switchover that broke off was bringing {scene.primary} back as primary"
    return f"a switchover that broke off has made {scene.primary} primary"


def _promotion_of_primary(scene: Scene) -> Promotion | None:
    """Return the last promotion, if it is that of the node that is primary."""
    return scene.history.newest if scene.last_primary == scene.primary else None


def _is_unfinished(scene: Scene) -> bool:
    """Return whether the last promotion belongs to a switchover that is not finished.

    It may have broken off, or ended with a node that could not be attached.
    """
    if scene.handing_over or _broke_off(scene):
        return True
    newest = _promotion_of_primary(scene)
    if newest is None or newest.operation != SWITCHOVER:
        return False
    wanted = Topology(led_by(scene.members, scene.primary))
    return any(
        isinstance(observation, Answer) and not links.is_as_wanted(wanted, scene.observed, host)
        for host, observation in scene.observed.items()
    )


def _why_not_back(scene: Scene) -> str:
    """Return why the last primary cannot be brought back, or ""."""
    last = scene.last_primary
    observation = scene.observed.get(last)
    if scene.primary or not isinstance(observation, Silence):
        return ""
    return (
        f"no node says that it is primary, and {last}, which was last, does not answer: "
        f"{observation.reason.rstrip('.')}. If it is gone, nso.ha.failover makes another node "
        "primary"
    )


#: What to do about a primary that no node follows, so that it has no copy to hand over to.
_WAY_OUT = (
    "No node follows this primary. Let the others follow it with nso.ha.rejoin; or, where they "
    "cannot, give another node nso_ha_role=primary in the inventory and run nso.ha.converge, which "
    "says what would be lost"
)


def _has_followers(scene: Scene, primary: str) -> bool:
    return any(_copies(scene, host, primary) for host in scene.observed if host != primary)


def _copies(scene: Scene, host: str, primary: str) -> bool:
    return links.copies_from(scene.topology, scene.observed, host, primary)


def _as_equal(scene: Scene, former: str) -> Mapping[str, Observation]:
    """Return the observations, with the transaction id of the primary for all nodes.

    All copies are equal. Observed at different moments, copies of a busy primary seem not to be.
    """
    source = scene.observed[former]
    if not scene.primary or not isinstance(source, Answer):
        return scene.observed
    return {
        host: replace(observation, txid=source.txid)
        if isinstance(observation, Answer)
        else observation
        for host, observation in scene.observed.items()
    }


def _failover(scene: Scene, candidate: str) -> Goal:
    former = scene.last_writer or scene.pinned
    if scene.primary:
        # A node is primary already: it remains to let the others follow it.
        if candidate in ("", scene.primary):
            return Goal(led_by(scene.members, scene.primary), former=former)
        return Goal(
            scene.members,
            f"{scene.primary} is primary and answers, so there is nothing to fail over from. "
            "nso.ha.switchover moves the primary role from a node that lives"
            + ("" if _has_followers(scene, scene.primary) else f". {_WAY_OUT}"),
            former,
        )
    barred = _barred(scene, candidate)
    election = elect(scene.members, scene.observed, scene.history, candidate, barred)
    return _elected(scene, former, election)


def _named(scene: Scene) -> str:
    """Return how the operator says which node is to be primary."""
    if scene.pinned:
        return "and with the role primary for it in the inventory"
    return "and with nso_ha_candidate=<that node>"


def _rejoin(scene: Scene, candidate: str) -> Goal:
    if not scene.primary:
        living = links.primaries(scene.observed)
        if living:
            why = f"{' and '.join(living)} are primary at the same time, and no history says which "
            why += "one is right. Find out, then run nso.ha.converge with "
            why += f"nso_ha_override=one_primary {_named(scene)}"
        else:
            why = "no node is primary, so there is nothing to rejoin. nso.ha.converge brings the "
            why += "last primary back, nso.ha.failover makes another one"
        return Goal(scene.members, why)
    return Goal(led_by(scene.members, scene.primary), former=scene.primary)


def _tear_down(scene: Scene, candidate: str) -> Goal:
    members = [replace(member, role=NONE, upstream="") for member in scene.members]
    return Goal(members, former=scene.primary)


def _roll_back(scene: Scene, candidate: str) -> Goal:
    """Return the goal with the former primary in its place; `candidate` is the former primary."""
    return Goal(led_by(scene.members, candidate), former=candidate)


_GOALS: Mapping[str, Callable[[Scene, str], Goal]] = {
    CONVERGE: _converge,
    SWITCHOVER: _switchover,
    FAILOVER: _failover,
    REJOIN: _rejoin,
    TEAR_DOWN: _tear_down,
    ROLL_BACK: _roll_back,
}
