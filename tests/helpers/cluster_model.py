# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster without sockets: nodes that obey orders as docs/protocol.md says.

Independent of the code under test: which orders a role takes is decided here a second time. Only
the types of what was seen are shared. cluster_play.py runs whole operations on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import (
    Answer,
    Observation,
    Silence,
)
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member

NONE, PRIMARY, SECONDARY, RELAY = "none", "primary", "secondary", "relay"


class Refused(Exception):
    """The daemon answers an order with an error."""


class Flight(NamedTuple):
    """A transaction that was let in and is not committed yet. `turn` is that of the node then."""

    host: str
    turn: int
    value: str


@dataclass
class Node:
    """One node.

    name:      the id it goes by now, which it tells without its HA socket unless it is `vague`
    turn:      how often its role has changed
    reachable: whether its daemon answers; one that is not `running` refuses to be connected to
    read_only: the administrator's read-only mode, which `mark` says that a run has set
    skew:      by how much its clock is ahead
    mute:      whether it tells nothing without its HA socket
    waits:     whether it is started with --start-phase0
    vague:     whether it tells neither its id nor who is connected to it without its HA socket
    mark, record, lock: what its state directory holds, as `ncs_ha_status` returns it; they are
               replaced and not changed
    """

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
    phase: int = 2
    turn: int = 0
    running: bool = True
    read_only: bool = False
    skew: int = 0
    mute: bool = False
    vague: bool = False
    waits: bool = False
    mark: dict[str, Any] | None = None
    announced: dict[str, Any] | None = None
    record: list[dict[str, Any]] = field(default_factory=list)
    lock: dict[str, Any] | None = None

    def remember(self, entries: Iterable[dict[str, Any]]) -> None:
        """Add entries to its promotion history."""
        self.record += [entry for entry in entries if entry not in self.record]

    def txid_result(self) -> dict[str, Any] | None:
        """Return its transaction id as the modules return it."""
        return self.txid.as_dict() if self.txid else None


class Cluster:
    """Nodes by inventory name.

    notices: whether a follower finds out at once that its upstream is gone, or keeps believing
    copied:  for each copy that replaced data: the node, and what of its data was lost by it
    written: all that was acknowledged to a client
    """

    def __init__(self, nodes: Iterable[Node], notices: bool = True) -> None:
        self.nodes = {node.host: node for node in nodes}
        self.notices = notices
        self.copied: list[tuple[str, frozenset[str]]] = []
        self.written: set[str] = set()
        self.clock = 100

    def copy(self) -> Cluster:
        """Return the same cluster once more."""
        nodes = (
            replace(node, listed=dict(node.listed), record=list(node.record))
            for node in self.nodes.values()
        )
        copied = Cluster(nodes, self.notices)
        copied.copied, copied.written, copied.clock = (
            list(self.copied),
            set(self.written),
            self.clock,
        )
        return copied

    # What the daemons do.

    def beprimary(self, host: str, my_id: str) -> None:
        node = self.nodes[host]
        if node.role == PRIMARY:
            return
        self._leave(node)
        node.role, node.name = PRIMARY, my_id
        if node.txid is not None and node.txid.primary_id is None:
            # A first-time primary puts its name to the data it has.
            node.txid = TransactionId(my_id, node.txid.timestamp)

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
        if my_id in above.listed:
            raise Refused(f"{host}: {above.name} has a link to {my_id} that has not ended for it")
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
        flight = self.take_off(host, value)
        return flight is not None and self.land(flight)

    def take_off(self, host: str, value: str) -> Flight | None:
        """Begin a transaction; return None if it is not let in."""
        node = self.nodes[host]
        closed = node.read_only or node.phase < 2 or not node.running
        if node.role not in (NONE, PRIMARY) or closed:
            return None
        return Flight(host, node.turn, value)

    def land(self, flight: Flight) -> bool:
        """Commit it, which read-only mode does not prevent any more; return if acknowledged."""
        node = self.nodes[flight.host]
        if node.turn != flight.turn:
            return False
        by = node.name if node.role == PRIMARY else None
        self._commit(node, TransactionId(by, self.stamp(node)), flight.value)
        self.written.add(flight.value)
        return True

    def stamp(self, node: Node) -> tuple[int, int, int]:
        """Return the time by the clock of a node, later than ever before."""
        self.clock += 1
        return (0, self.clock + node.skew, 0)

    def promotion(
        self, node: Node, epoch: int, operation: str = "converge", run_id: str = "run"
    ) -> dict[str, Any]:
        """Return the entry for a promotion of a node now."""
        start = self.stamp(node)
        return {
            "epoch": epoch,
            "primary": node.node_id,
            "txid": node.txid_result(),
            "start": list(start),
            "at": str(start[1]),
            "operation": operation,
            "run_id": run_id,
        }

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

    def stop(self, host: str) -> None:
        """End the daemon. Nobody needs to notice at once."""
        node = self.nodes[host]
        notices, self.notices = self.notices, False
        self._leave(node)
        self.notices = notices
        node.running = node.reachable = node.read_only = False

    def start(self, host: str) -> None:
        """Start the daemon, which is none then."""
        node = self.nodes[host]
        node.running = node.reachable = True
        node.phase = 0 if node.waits else 2

    def notice(self) -> None:
        """Let those whose link has ended find out, and those that they follow."""
        for node in self.nodes.values():
            above = self._at(node.upstream[1]) if node.upstream else None
            if above is not None and node not in self._followers(above):
                self._leave(node)
        for node in self.nodes.values():
            below = {one.name for one in self._followers(node)}
            node.listed = {name: at for name, at in node.listed.items() if name in below}

    def _leave(self, node: Node) -> None:
        above = self._at(node.upstream[1]) if node.upstream else None
        if above is not None and node in self._followers(above):
            above.listed.pop(node.name, None)
        elif node.upstream and above is None:
            # A node that lists it may go by that name, too, and be at that address.
            for other in self.nodes.values():
                other.listed.pop(node.name, None)
        followers = self._followers(node)
        node.role, node.upstream, node.listed = NONE, None, {}
        node.turn += 1
        if self.notices:
            for follower in followers:
                self._leave(follower)

    # What the module ncs_ha_role makes of a wanted role.

    def give_role(
        self,
        host: str,
        role: str,
        my_id: str,
        upstream: tuple[str, str] | None,
        force: bool,
        before: Callable[[str], None] = lambda _order: None,
    ) -> list[str]:
        """Give the orders that a node needs now; return their names. `before` may forbid one."""
        given: list[str] = []

        def order(name: str, act: Callable[[], None]) -> None:
            if self.nodes[host].phase < 1:
                raise Refused(f"{host}: BADSTATE in start phase 0")
            before(name)
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
            return Silence(f"no answer from {node.host}", reachable=True, stopped=not node.running)
        state = self.state(node)
        facts = Facts(**_read_only(node))  # type: ignore[arg-type]
        mark = node.mark or {}
        follower = bool(mark.get("follower"))
        held = bool(mark) and not follower
        return Answer(
            state, node.phase, node.txid, held=held, held_as_follower=follower, facts=facts
        )

    def state(self, node: Node) -> HaState:
        """Return what a node says of itself."""
        primary = Peer(*node.upstream) if node.upstream else None
        listed = tuple(Peer(name, address) for name, address in node.listed.items())
        return HaState(node.role, primary, listed)

    def results(self, run_id: str = "run", step: str = "observe") -> dict[str, dict[str, Any]]:
        """Return what ncs_ha_status returns on each node, to this run and for this step."""
        said = {"run_id": run_id, "step": step}
        return {
            host: {**said, **self.status(node), "state_directory": self.state_directory(node)}
            for host, node in self.nodes.items()
        }

    def told(self, node: Node) -> dict[str, Any]:
        """Return what a node says of itself without its HA socket: of others, ids alone."""
        said: dict[str, Any] = self.state(node).as_result()
        if said["primary"]:
            said["primary"] = {**said["primary"], "address": None}
        for peer in said["secondaries"]:
            peer["address"] = None
        if node.vague:
            if node.role in (PRIMARY, RELAY):
                said["secondaries"] = None
            return said
        # A node that has left may tell the id of its past.
        return {**said, "node_id": node.name or None}

    def status(self, node: Node, ways: Iterable[str] = ("ha_socket",)) -> dict[str, Any]:
        """Return what ncs_ha_status returns of a daemon that is looked at by these ways."""
        if not node.reachable:
            lost: dict[str, Any] = {"failed": True, "msg": f"no answer from {node.host}"}
            if not node.running:
                lost["daemon"] = {"running": False, "why": "no process of it is there"}
            return lost
        way = next((way for way in ways if way == "ha_socket" or not node.mute), "")
        if not way:
            return {"failed": True, "msg": f"{node.host} does not tell", "unanswered": True}
        found = {
            **(self.state(node).as_result() if way == "ha_socket" else self.told(node)),
            "phase": node.phase,
            "txid": node.txid_result(),
            **_read_only(node),
        }
        return {"ha": found}

    def state_directory(self, node: Node) -> dict[str, Any]:
        """Return what ncs_ha_status returns of a state directory."""
        return {
            "path": "/state",
            "lock": node.lock,
            "promotions": list(node.record),
            "read_only": node.mark,
            "announced": node.announced,
            "damaged": [],
            "lock_problem": "",
        }

    def unmet(self, node: Node, wanted: Mapping[str, Any]) -> list[str]:
        """Return the conditions of the option wait_for that do not hold, by name."""
        actual = {
            "role": node.role,
            "phase": node.phase,
            "primary_id": node.upstream[0] if node.upstream else None,
            "txid": node.txid_result(),
            "secondaries": list(node.listed),
        }
        return [
            name
            for name, value in wanted.items()
            if value is not None and not _is_met(name, actual[name], value)
        ]

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


def _read_only(node: Node) -> dict[str, bool]:
    """Return what a node tells of its read-only mode: the overall one, and the administrator's."""
    follows = node.role in (SECONDARY, RELAY)
    return {"read_only": node.read_only or follows, "admin_read_only": node.read_only}


def _is_met(name: str, actual: Any, wanted: Any) -> bool:
    if name == "secondaries":
        return set(wanted) <= set(actual)
    if name == "phase":
        return bool(actual >= wanted)
    of_a_primary = name == "txid" and actual and actual["primary_id"] is not None
    if of_a_primary and actual["primary_id"] == wanted["primary_id"]:
        # A later transaction of the same primary will do.
        return bool(actual["timestamp"] >= wanted["timestamp"])
    return bool(actual == wanted)
