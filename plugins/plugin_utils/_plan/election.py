# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which node is to be the next primary, and why not each of the others.

The rule: of the nodes that are allowed and answer, the one with the newest data; of these the one
that most others can follow, by their versions; of these the one with the highest priority; of these
the first by name. A candidate that the operator names is taken
or refused, never replaced by another. Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.nso.ha.plugins.module_utils._node import transaction_id
from ansible_collections.nso.ha.plugins.module_utils._node.state import NONE
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId

from .._model.history import PromotionHistory
from .._model.observation import Observation, Silence, txid_of
from .._model.topology import Member, Topology
from .._model.versions import LinkVersions


@dataclass(frozen=True)
class Election:
    """The result of choosing a primary.

    chosen:  inventory name of the new primary, or "" if there is none
    reasons: for each other node, why it was not chosen
    problem: why there is none, or ""
    """

    chosen: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


class Ages:
    """How new the data of nodes is, compared with one another."""

    def __init__(self, history: PromotionHistory, txids: Iterable[TransactionId | None]) -> None:
        known = [txid for txid in txids if txid is not None]
        self._line = history.line_of(known)
        self._one_primary = len({txid.primary_id for txid in known}) <= 1

    def knows(self, txid: TransactionId | None) -> bool:
        """Return whether an id can be compared: it is on the main line, or there is no line."""
        return txid is not None and (self._line is None or self._line.place(txid) is not None)

    def newer(self, txid: TransactionId | None, other: TransactionId | None) -> bool | None:
        """Return whether `txid` is newer than `other`, or None if that cannot be determined."""
        if txid is None or other is None:
            return None
        if txid == other:
            return False
        if self._line is not None:
            place, other_place = self._line.place(txid), self._line.place(other)
            return None if place is None or other_place is None else place > other_place
        # Without a promotion history that has them: the ids of one primary are in order.
        return txid.timestamp > other.timestamp if self._one_primary and txid.primary_id else None


def elect(
    members: Iterable[Member],
    observed: Mapping[str, Observation],
    history: PromotionHistory,
    named: str = "",
    barred: Mapping[str, str] | None = None,
) -> Election:
    """Return the chosen primary, and why each other node was not chosen.

    named:  the candidate that the operator names, or ""
    barred: nodes that cannot be chosen this time, each with the reason
    """
    barred = barred or {}
    members = list(members)
    reasons: dict[str, str] = {}
    fit: list[Member] = []
    for member in members:
        why = barred.get(member.host) or _unfit(member, observed[member.host])
        if why:
            reasons[member.host] = why
        else:
            fit.append(member)
    if named:
        return _named(named, fit, reasons)
    if not fit:
        return Election("", reasons, "no node can become primary: " + _listed(reasons))
    ages = Ages(history, [txid_of(observed[member.host]) for member in fit])
    for member in fit:
        if not ages.knows(txid_of(observed[member.host])):
            reasons[member.host] = (
                f"its data has no place in the promotion history ({_shown(observed, member)})"
            )
    fit = [member for member in fit if member.host not in reasons]
    if not fit:
        return Election("", reasons, "no node can become primary: " + _listed(reasons))
    followers = _followers(members, observed)

    def rank(member: Member) -> tuple[int, int, str]:
        return (-followers[member.host], -member.priority, member.host)

    best = fit[0]
    for member in fit[1:]:
        newer = ages.newer(txid_of(observed[member.host]), txid_of(observed[best.host]))
        older = ages.newer(txid_of(observed[best.host]), txid_of(observed[member.host]))
        if newer is None or older is None:
            return Election(
                "",
                reasons,
                f"it cannot be told whether {best.host} ({_shown(observed, best)}) or "
                f"{member.host} ({_shown(observed, member)}) has the newer data. Find out, and "
                "name the right one in nso_ha_candidate",
            )
        if newer or (not older and rank(member) < rank(best)):
            best = member
    for member in fit:
        if member is not best:
            reasons[member.host] = _why_not(member, best, observed, ages, followers)
    return Election(best.host, reasons)


def _named(named: str, fit: Iterable[Member], reasons: dict[str, str]) -> Election:
    if named in reasons:
        return Election("", reasons, f"{named} cannot become primary: {reasons[named]}")
    others = {member.host: f"{named} was named" for member in fit if member.host != named}
    return Election(named, {**reasons, **others})


def _unfit(member: Member, observation: Observation) -> str:
    """Return why a node cannot become primary, or nothing."""
    if isinstance(observation, Silence):
        return "it does not answer"
    if member.role == NONE:
        return "it should be in no cluster (nso_ha_role is none)"
    if member.priority == 0:
        return "it is never to be primary (nso_ha_priority is 0)"
    if observation.phase < 1 and not member.start_phases:
        return f"it is in start phase {observation.phase} and takes no orders"
    return ""


def _followers(members: Iterable[Member], observed: Mapping[str, Observation]) -> Mapping[str, int]:
    """Return for each node how many of those that answer can follow it."""
    topology = Topology(members)
    versions = LinkVersions(topology, observed)
    living = [
        member.host
        for member in topology.members.values()
        if member.role != NONE and not isinstance(observed[member.host], Silence)
    ]
    return {
        host: sum(host != other and not versions.why_not(other, host) for other in living)
        for host in topology.members
    }


def _why_not(
    member: Member,
    best: Member,
    observed: Mapping[str, Observation],
    ages: Ages,
    followers: Mapping[str, int],
) -> str:
    if ages.newer(txid_of(observed[best.host]), txid_of(observed[member.host])):
        older, newest = _shown(observed, member), _shown(observed, best)
        return f"has older data than {best.host} ({older}, {newest})"
    if followers[member.host] != followers[best.host]:
        fewer, more = followers[member.host], followers[best.host]
        return (
            f"fewer nodes can follow it ({fewer}, {best.host} has {more}), as NSO releases differ"
        )
    if member.priority != best.priority:
        return f"has the lower priority ({member.priority}, {best.host} has {best.priority})"
    return f"is equal to {best.host} in data and priority, and comes after it by name"


def _shown(observed: Mapping[str, Observation], member: Member) -> str:
    return transaction_id.show(txid_of(observed[member.host]))


def _listed(reasons: Mapping[str, str]) -> str:
    return "; ".join(f"{host}: {why}" for host, why in reasons.items()) or "there is none"
