# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may have happened to a cluster whose every promotion was recorded."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from helpers.cluster_model import NONE, PRIMARY, RELAY, SECONDARY, Cluster, Node

HOSTS = ("a", "b", "c", "d")

_HOST = st.sampled_from(HOSTS)
#: What is frequent is there more than once.
_ACT = st.sampled_from(
    (
        *("write",) * 3,
        *("promote",) * 2,
        *("follow",) * 3,
        *("fail_over", "leave", "cut", "heal", "start_over"),
    )
)
#: Further apart than any history is long, so that no two nodes give the same id.
_SKEWS = st.permutations((0, 1000, 2000, 3000))


class History:
    """A cluster with a past. Nodes that are cut off are on their own, and may have an operator.

    In an `orderly` one, nobody becomes primary without all that the last one had when it was seen
    last, and nobody writes on a node that has left. So the only data that is lost is that of a
    primary that went on where nobody saw it.
    """

    def __init__(self, skews: list[int], orderly: bool = False) -> None:
        same = frozenset(("all",))
        nodes = [
            Node(host, host, f"10.0.0.{number}", skew=skew, data=same)
            for number, (host, skew) in enumerate(zip(HOSTS, skews, strict=True), 1)
        ]
        self.cluster = Cluster(nodes)
        self.nodes = self.cluster.nodes
        self.number = 0
        self.orderly = orderly
        self.last: Node | None = None

    def side(self, host: str) -> list[Node]:
        """Return the nodes that see each other: with this one, those that are cut off as it is."""
        mine = self.nodes[host].reachable
        return [one for one in self.nodes.values() if one.reachable == mine]

    def do(self, act: str, host: str) -> None:
        """Let something happen to a node, if it can."""
        getattr(self, f"_{act}")(self.nodes[host])

    def _is_in_order(self, node: Node) -> bool:
        """Return whether a node can be made primary without the loss of anything."""
        last = self.last
        if last is None:
            return True
        return node.reachable and last.txid is not None and node.txid == last.txid

    def _write(self, node: Node) -> None:
        if self.orderly and self.last and node.role == NONE:
            return
        self.number += 1
        self.cluster.write(node.host, f"write {self.number}")

    def _promote(self, node: Node) -> None:
        """Make a node primary after the primary of its side, whatever it may lack."""
        if self.orderly and not self._is_in_order(node):
            return
        for one in self.side(node.host):
            if one.role == PRIMARY and one is not node:
                self.cluster.benone(one.host)
        if node.role == PRIMARY:
            return
        self.last = node
        side = self.side(node.host)
        known = [entry["epoch"] for one in side for entry in one.record]
        made = self.cluster.promotion(node, max(known, default=0) + 1)
        union = [entry for one in side for entry in one.record]
        for one in side:
            one.remember([*union, made])
        self.cluster.beprimary(node.host, node.node_id)

    def _fail_over(self, node: Node) -> None:
        """Make a node primary in place of one that is cut off with what it has."""
        if self.orderly and not self._is_in_order(node):
            return
        for one in self.side(node.host):
            if one.role == PRIMARY and one is not node:
                self._cut(one)
        self._promote(node)

    def _follow(self, node: Node) -> None:
        above = next((one for one in self.side(node.host) if one.role == PRIMARY), None)
        if above is None or above is node or (self.orderly and above is not self.last):
            return
        union = [entry for one in self.side(node.host) for entry in one.record]
        node.remember(union)
        node_reachable, above.reachable = above.reachable, True
        self.cluster.besecondary(node.host, node.node_id, above.node_id, above.address)
        above.reachable = node_reachable

    def _leave(self, node: Node) -> None:
        self.cluster.benone(node.host)

    def _cut(self, node: Node) -> None:
        """Cut a node off, perhaps with others that were cut off before."""
        self._unlink(node)
        node.reachable = False

    def _heal(self, node: Node) -> None:
        self._unlink(node)
        node.reachable = True

    def _unlink(self, node: Node) -> None:
        if node.role in (SECONDARY, RELAY):
            self.cluster.benone(node.host)
        for one in self.nodes.values():
            if one.upstream is not None and one.upstream[1] == node.address:
                self.cluster.benone(one.host)

    def _start_over(self, node: Node) -> None:
        """Write on a node that is in no cluster."""
        if node.role == NONE:
            self._write(node)


@st.composite
def histories(draw: st.DrawFn, orderly: bool = False, most: int = 30) -> History:
    """Return a cluster after up to so many events."""
    history = History(draw(_SKEWS), orderly)
    if orderly or draw(st.booleans()):
        # Most clusters begin in order: one primary, and the others with its data.
        history.do("write", "a")
        history.do("promote", "a")
        for host in HOSTS[1:]:
            history.do("follow", host)
    for act, host in draw(st.lists(st.tuples(_ACT, _HOST), max_size=most)):
        history.do(act, host)
    return history


def entries(history: History, hosts: list[str]) -> list[dict[str, Any]]:
    """Return the record that these nodes have together."""
    found: list[dict[str, Any]] = []
    for host in hosts:
        found += [one for one in history.nodes[host].record if one not in found]
    return found
