# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Planning a failover as if nodes were dead that live, to find out whether it would work.

Such a plan is never carried out. The nodes are taken for silent, and what followed them for nodes
that have lost their primary. Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ansible_collections.nso.ha.plugins.module_utils._node.state import NONE, PRIMARY, HaState
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import show

from .._model import identity
from .._model.observation import Answer, Observation, Silence, txid_of
from .._model.topology import Topology
from .._plan.election import Ages
from .._plan.operations import FAILOVER, Scene
from .results import Results

ASSUME_DEAD = "nso_ha_assume_dead"

#: Why a run refuses that is no plan of a failover.
ONLY_PLANNED = (
    f"{ASSUME_DEAD} is for nso.ha.plan with nso_ha_operation={FAILOVER} alone, as it takes a node "
    "for dead that may live. Run that, or leave the variable out"
)


def without(results: Results, dead: Collection[str]) -> Results:
    """Return the results without those of the nodes that are taken for dead."""
    by_host = {host: named for host, named in results.by_host.items() if host not in dead}
    return replace(results, by_host=by_host)


def suppose(
    topology: Topology, observed: Mapping[str, Observation], dead: Collection[str]
) -> dict[str, Observation]:
    """Return the observations as they would be after these nodes had died.

    A node that loses its primary has role none (docs/protocol.md, "HA socket"), so what follows it
    loses its primary, too. It takes writes then, unless an administrator or an operation keeps it
    in read-only mode: that it refuses writes as a follower says nothing of that.
    """
    lost = set(dead)
    supposed: dict[str, Observation] = {
        **observed,
        **dict.fromkeys(dead, Silence(f"it is taken for dead ({ASSUME_DEAD})")),
    }
    followers = _followers(topology, observed)
    while orphaned := {host for host, above in followers.items() if above in lost} - lost:
        lost |= orphaned
    for host in lost.difference(dead):
        answer = supposed[host]
        if isinstance(answer, Answer):
            facts = answer.facts._replace(read_only=answer.facts.admin_read_only)
            supposed[host] = replace(answer, state=HaState(NONE, None, ()), facts=facts)
    return supposed


def _followers(topology: Topology, observed: Mapping[str, Observation]) -> dict[str, str]:
    """Return the nodes that follow another member, each with that member."""
    followers = {}
    for host, observation in observed.items():
        upstream = observation.state.primary if isinstance(observation, Answer) else None
        member = identity.member_of(topology, observed, upstream.node_id) if upstream else None
        member = member or (topology.by_address(upstream.address) if upstream else None)
        if member is not None:
            followers[host] = member.host
    return followers


def consequences(
    scene: Scene, observed: Mapping[str, Observation], dead: Collection[str], candidate: str
) -> tuple[str, ...]:
    """Return sentences on what is supposed, and on what would be lost with the nodes.

    `scene` has the nodes as they would be, `observed` as they are. `candidate` is the node that
    would become primary, or "".
    """
    names = " and ".join(sorted(dead))
    sentences = [f"This is what a failover would do if {names} died now. Nothing is done."]
    if scene.primary:
        sentences.append(f"{scene.primary} would still be primary, so nothing would fail over.")
    elif candidate:
        former = [host for host in dead if _is_primary(observed[host])]
        sentences += [_lost(scene, observed, host, candidate) for host in former]
    return tuple(sentences)


def _lost(scene: Scene, observed: Mapping[str, Observation], former: str, candidate: str) -> str:
    last, copied = txid_of(observed[former]), txid_of(observed[candidate])
    if last is not None and last == copied:
        return f"No data would be lost: {candidate} has the last transaction of {former}, {last}."
    about = f"{former} was at {show(last)} when it was asked, and {candidate} at {show(copied)}"
    newer = Ages(scene.history, (last, copied)).newer(last, copied)
    if newer is None:
        return f"{about}. Whether data would be lost is not known."
    if not newer:
        return f"No data would be lost: {about}."
    return (
        f"{about}. What {former} has beyond that would be lost until {former} came back, unless it "
        "was written while the nodes were asked."
    )


def _is_primary(observation: Observation) -> bool:
    return isinstance(observation, Answer) and observation.state.role == PRIMARY
