# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random clusters: what is wanted, and what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from hypothesis import strategies as st

from helpers.cluster_model import NONE, PRIMARY, RELAY, SECONDARY, Cluster, Node

#: A primary that no inventory knows.
FOREIGN = ("z9", "10.9.9.9")

# Made once: making a strategy takes longer than drawing from it.
_ANY = st.integers(0, 59)
_YES_OR_NO = st.booleans()
_ROLES = st.sampled_from((NONE, PRIMARY, SECONDARY, RELAY))
_WANTED_ROLES = st.sampled_from((SECONDARY, SECONDARY, RELAY, NONE))
_ACTS = st.sampled_from(("write", "write", "lead", "leave", "follow", "relay", "cut"))
_TIMES = (1, 2, 3, 4)
#: Few enough to be equal now and then.
_TXIDS = st.sampled_from(
    [
        None,
        *(TransactionId(None, (0, time, 0)) for time in _TIMES),
        *(TransactionId(f"id{i}", (0, time, 0)) for i in (1, 2, 3) for time in _TIMES),
    ]
)

_T = TypeVar("_T")


def _one(draw: st.DrawFn, choices: Sequence[_T]) -> _T:
    return choices[draw(_ANY) % len(choices)]


def _one_in(draw: st.DrawFn, number: int) -> bool:
    return draw(_ANY) % number == number - 1


@st.composite
def wanted(draw: st.DrawFn, least: int = 1, most: int = 6) -> list[Member]:
    """Members of a topology without problems, in any order."""
    count = draw(st.integers(least, most))
    top = Member("n1", "id1", "10.0.0.1", PRIMARY)
    members, relays = [top], [top]
    for number in range(2, count + 1):
        role = draw(_WANTED_ROLES)
        above = _one(draw, relays)
        named = above is not top or draw(_YES_OR_NO)
        upstream = above.host if role != NONE and named else ""
        member = Member(f"n{number}", f"id{number}", f"10.0.0.{number}", role, upstream)
        members.append(member)
        if role == RELAY:
            relays.append(member)
    turn = draw(_ANY) % count
    return [*members[turn:], *members[:turn]]


@st.composite
def found(draw: st.DrawFn, members: list[Member], all_answer: bool = False) -> Cluster:
    """Whatever the nodes of these members may be doing, however little sense it makes."""
    nodes = {one.host: Node(one.host, one.node_id, one.address) for one in members}
    for member, node in zip(members, nodes.values(), strict=True):
        node.role = draw(_ROLES)
        node.name = member.node_id
        node.txid = draw(_TXIDS)
        node.reachable = all_answer or not _one_in(draw, 6)
        node.running = node.reachable or draw(_YES_OR_NO)
        if _one_in(draw, 8):
            # A run of some operation has held it, and was killed.
            node.read_only = True
            node.mark = {"run_id": "killed", "operation": "switchover", "at": "then"}
        elif _one_in(draw, 8):
            # It was kept so as a follower, and may have restarted since.
            node.read_only = not _one_in(draw, 3)
            node.mark = {"run_id": "a", "operation": "x", "at": "then", "follower": True}
        others = [one for one in members if one is not member]
        for other in others:
            if node.role in (PRIMARY, RELAY) and _one_in(draw, 5):
                node.listed[other.node_id] = other.address
    for member, node in zip(members, nodes.values(), strict=True):
        if node.role not in (SECONDARY, RELAY):
            continue
        choices = [(one.node_id, one.address) for one in members if one is not member]
        node.upstream = _one(draw, [*choices, FOREIGN, (members[0].node_id, FOREIGN[1])])
        above = next((one for one in nodes.values() if one.address == node.upstream[1]), None)
        if above is not None and above.role in (PRIMARY, RELAY) and not _one_in(draw, 4):
            above.listed[member.node_id] = member.address
    return Cluster(nodes.values(), notices=draw(_YES_OR_NO))


@st.composite
def situations(draw: st.DrawFn, all_answer: bool = False) -> tuple[list[Member], Cluster]:
    """What is wanted and what is found."""
    members = draw(wanted())
    return members, draw(found(members, all_answer))


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Member], Cluster]:
    """A cluster that came to be by orders and writes, none of which lost anything."""
    members = draw(wanted(least=2, most=5))
    cluster = Cluster(
        (
            Node(one.host, one.node_id, one.address, data=frozenset((f"init {one.host}",)))
            for one in members
        ),
        notices=draw(_YES_OR_NO),
    )
    for number, node in enumerate(cluster.nodes.values()):
        node.txid = TransactionId(None, (0, number, 0))
        node.mute, node.vague = _one_in(draw, 8), _one_in(draw, 4)
    hosts = [one.host for one in members]
    if draw(_YES_OR_NO):
        # Most clusters have been right once.
        _bring_up(cluster, members)
    for number in range(draw(_ANY) % 13):
        host, other = _one(draw, hosts), _one(draw, hosts)
        act = draw(_ACTS)
        _live(cluster, act, host, other, f"write {number} on {host}")
    return members, cluster


def _bring_up(cluster: Cluster, members: list[Member]) -> None:
    first = next(one for one in members if one.role == PRIMARY)
    for node in cluster.nodes.values():
        node.data, node.txid = frozenset(("all",)), TransactionId(None, (0, 50, 0))
    cluster.beprimary(first.host, first.node_id)
    for member in members:
        if member is not first:
            cluster.besecondary(member.host, member.node_id, first.node_id, first.address)


def _live(cluster: Cluster, act: str, host: str, other: str, value: str) -> None:
    node, above = cluster.nodes[host], cluster.nodes[other]
    if act == "write":
        cluster.write(host, value)
    elif act == "lead":
        cluster.beprimary(host, node.node_id)
    elif act == "leave":
        cluster.benone(host)
    elif act == "relay" and node.role == SECONDARY:
        cluster.berelay(host)
    elif act == "cut":
        # Only one end has found out.
        above.listed.pop(node.node_id, None)
    elif act == "follow" and _may_follow(cluster, node, above):
        cluster.besecondary(host, node.node_id, above.name, above.address)


def _may_follow(cluster: Cluster, node: Node, above: Node) -> bool:
    """Return whether a node can follow another without losing anything."""
    if above is node or above.role not in (PRIMARY, RELAY):
        return False
    return node.data <= above.data and not _is_above(cluster, node.host, above.host)


def _is_above(cluster: Cluster, host: str, below: str) -> bool:
    """Return whether `below` follows `host`, perhaps through others: daemons build no circles."""
    node, passed = cluster.nodes[below], set[str]()
    while node.upstream is not None and node.host not in passed:
        passed.add(node.host)
        node = next(one for one in cluster.nodes.values() if one.address == node.upstream[1])
    return node.host == host or host in passed
