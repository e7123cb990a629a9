# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster without sockets: nodes that obey orders as docs/protocol.md says.

Independent of the code under test: which orders a role takes is decided here a second time. Only
the types of what was seen are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils.state import HaState, Peer, TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils.observed import Observation, Seen, Unseen
from ansible_collections.nso.ha.plugins.plugin_utils.topology import Member

NONE, PRIMARY, SECONDARY, RELAY = "none", "primary", "secondary", "relay"


class Refused(Exception):
    """The daemon answers an order with an error."""


@dataclass
class Node:
    """One node. `name` is the id it goes by now, which no status tells."""

    host: str
    node_id: str
    address: str
    role: str = NONE
    name: str = ""
    upstream: tuple[str, str] | None = None
    listed: dict[str, str] = field(default_factory=dict)
    txid: TransactionId | None = None
    data: frozenset[str] = frozenset()
    reachable: bool = True
    phase: int = 1


class Cluster:
    """Nodes by inventory name.

    notices: whether a follower finds out at once that its upstream is gone, or keeps believing
    copied:  for each copy that replaced data: the node, and what of its data was lost by it
    """

    def __init__(self, nodes: Iterable[Node], notices: bool = True) -> None:
        self.nodes = {node.host: node for node in nodes}
        self.notices = notices
        self.copied: list[tuple[str, frozenset[str]]] = []
        self.clock = 100

    # What the daemons do.

    def beprimary(self, host: str, my_id: str) -> None:
        node = self.nodes[host]
        if node.role == PRIMARY:
            return
        self._leave(node)
        node.role, node.name = PRIMARY, my_id

    def benone(self, host: str) -> None:
        self._leave(self.nodes[host])

    def besecondary(self, host: str, my_id: str, upstream_id: str, address: str) -> None:
        node = self.nodes[host]
        self._leave(node)
        above = self._at(address)
        if above is None or not above.reachable or above.role not in (PRIMARY, RELAY):
            raise Refused(f"{host}: HA_CONNECT to {upstream_id} at {address}")
        if above.name != upstream_id:
            raise Refused(f"{host}: HA_BADNAME, {above.name} is not {upstream_id}")
        if node.txid is None or node.txid != above.txid:
            self.copied.append((host, node.data - above.data))
            node.data, node.txid = above.data, above.txid
        node.role, node.name, node.upstream = SECONDARY, my_id, (upstream_id, address)
        above.listed[my_id] = node.address

    def berelay(self, host: str) -> None:
        node = self.nodes[host]
        if node.role != SECONDARY:
            raise Refused(f"{host}: BADSTATE")
        node.role = RELAY

    def write(self, host: str, value: str) -> bool:
        """Write as a client does; return whether it was acknowledged."""
        node = self.nodes[host]
        if node.role not in (NONE, PRIMARY):
            return False
        self.clock += 1
        txid = TransactionId(node.name if node.role == PRIMARY else None, (0, self.clock, 0))
        self._commit(node, txid, value)
        return True

    def _commit(self, node: Node, txid: TransactionId, value: str) -> None:
        node.txid, node.data = txid, node.data | {value}
        for follower in self._followers(node):
            self._commit(follower, txid, value)

    def _at(self, address: str) -> Node | None:
        return next((node for node in self.nodes.values() if node.address == address), None)

    def _followers(self, above: Node) -> list[Node]:
        """Return the nodes at the other end of the links that both ends know."""
        return [
            node
            for node in self.nodes.values()
            if node.role in (SECONDARY, RELAY)
            and node.upstream == (above.name, above.address)
            and above.listed.get(node.name) == node.address
        ]

    def _leave(self, node: Node) -> None:
        above = self._at(node.upstream[1]) if node.upstream else None
        if above is not None:
            above.listed.pop(node.name, None)
        followers = self._followers(node)
        node.role, node.upstream, node.listed = NONE, None, {}
        if self.notices:
            for follower in followers:
                self._leave(follower)

    # What the module ncs_ha_role makes of a wanted role.

    def give_role(
        self, host: str, role: str, my_id: str, upstream: tuple[str, str] | None, force: bool
    ) -> list[str]:
        """Give the orders that a node needs now; return their names."""
        given: list[str] = []

        def order(name: str, act: Callable[[], None]) -> None:
            given.append(name)
            act()

        node = self.nodes[host]
        follows = upstream is not None and node.upstream == upstream
        if role == NONE:
            if node.role != NONE or force:
                order("benone", lambda: self.benone(host))
        elif role == PRIMARY:
            if node.role != PRIMARY or force:
                order("beprimary", lambda: self.beprimary(host, my_id))
        elif node.role != role or not follows or force:
            assert upstream is not None
            up_id, address = upstream
            if node.role == RELAY:
                order("benone", lambda: self.benone(host))
            if not (role == RELAY and node.role == SECONDARY and follows and not force):
                order("besecondary", lambda: self.besecondary(host, my_id, up_id, address))
            if role == RELAY:
                order("berelay", lambda: self.berelay(host))
        return given

    # What an operator sees.

    def look(self) -> dict[str, Observation]:
        """Return what is seen of each node."""
        return {host: self._look(node) for host, node in self.nodes.items()}

    def _look(self, node: Node) -> Observation:
        if not node.reachable:
            return Unseen(f"no answer from {node.host}", reachable=True)
        return Seen(self._state(node), node.phase, node.txid)

    def _state(self, node: Node) -> HaState:
        primary = Peer(*node.upstream) if node.upstream else None
        listed = tuple(Peer(name, address) for name, address in node.listed.items())
        return HaState(node.role, primary, listed)

    def results(self) -> dict[str, dict[str, Any]]:
        """Return what ncs_ha_status returns on each node."""
        return {host: self._result(node) for host, node in self.nodes.items()}

    def _result(self, node: Node) -> dict[str, Any]:
        if not node.reachable:
            return {"failed": True, "msg": f"no answer from {node.host}"}
        found = {
            **self._state(node).as_result(),
            "phase": node.phase,
            "txid": node.txid.as_result() if node.txid else None,
        }
        return {"ha": found}

    def primaries(self) -> set[str]:
        """Return the nodes that are primary, seen or not."""
        return {node.host for node in self.nodes.values() if node.role == PRIMARY}

    def is_right(self, member: Member, upstream: Member | None) -> bool:
        """Return whether a node has the wanted role, by both ends of its link."""
        node = self.nodes[member.host]
        if node.role != member.role:
            return False
        if upstream is None:
            return True
        above = self.nodes[upstream.host]
        return (
            node.upstream == (upstream.node_id, upstream.address)
            and above.role in (PRIMARY, RELAY)
            and above.listed.get(member.node_id) == node.address
        )


def hostvars(
    members: Iterable[Member], **by_host: Mapping[str, object]
) -> dict[str, dict[str, Any]]:
    """Return Ansible's variables of the hosts; each keyword is a variable, with values by host."""
    found: dict[str, dict[str, Any]] = {}
    for member in members:
        found[member.host] = {
            "nso_ha_node_id": member.node_id,
            "nso_ha_node_ip": member.address,
            "nso_ha_role": member.role,
            "nso_ha_upstream": member.upstream,
            **{
                name: values[member.host]
                for name, values in by_host.items()
                if member.host in values
            },
        }
    return found
