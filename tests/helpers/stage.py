# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage for the modules: one node to work on, and two primaries that it can follow.

Tests share a stage, and each puts it into the state it needs, whatever the one before has left, by
orders of a raw client that shares no code with the one under test.
"""

from __future__ import annotations

import itertools
import socket
from typing import Any

from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient

from helpers.forked import ForkedModules
from helpers.simulated import Simulation
from helpers.state_directory import StateDirectory
from helpers.until import until

#: States that `Stage.put` knows; "wanted" and "other" are the two primaries.
NONE = "none"
PRIMARY = "primary"
SECONDARY_OF_WANTED = "secondary of wanted"
SECONDARY_OF_OTHER = "secondary of other"
RELAY_OF_WANTED = "relay of wanted"
RELAY_OF_OTHER = "relay of other"
STARTS = (
    NONE,
    PRIMARY,
    SECONDARY_OF_WANTED,
    SECONDARY_OF_OTHER,
    RELAY_OF_WANTED,
    RELAY_OF_OTHER,
)

#: The request of a MAAPI socket that sets and lifts read-only mode.
_SET_READ_ONLY = 229

#: The node ids.
SUBJECT, WANTED, OTHER = "subject", "wanted", "other"


class Stage:
    """The three nodes."""

    def __init__(self, simulation: Simulation, modules: ForkedModules) -> None:
        cluster = simulation.cluster(3)
        self.simulation = simulation
        self._modules = modules
        self.token = cluster.token
        self.subject, self.wanted, self.other = cluster.nodes
        self._values = itertools.count(1)

    # What is ordered by hand

    def hand(self, node: NodeHandle) -> RawClient:
        """Return an HA socket for orders by hand."""
        client = RawClient.ha(node, self.token)
        # Token and order are two small packets in a row; the second need not wait 40 ms.
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def cdb(self, node: NodeHandle) -> RawClient:
        """Return a CDB socket for requests by hand."""
        client = RawClient.cdb(node)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def put(self, start: str) -> None:
        """Bring the nodes into a state: both primaries primary, the subject as named."""
        for node, node_id in ((self.wanted, WANTED), (self.other, OTHER)):
            self._make_primary(node, node_id)
        self._alive(self.subject)
        self._make_none(self.subject)
        # From here on the subject's data are nobody else's.
        self.subject.write("of the subject", str(next(self._values)))
        if start == PRIMARY:
            with self.hand(self.subject) as client:
                client.beprimary(SUBJECT)
        elif start != NONE:
            role, _unused, node_id = start.partition(" of ")
            followed = self.wanted if node_id == WANTED else self.other
            with self.hand(self.subject) as client:
                client.besecondary(SUBJECT, node_id, followed.address)
                if role == "relay":
                    client.berelay()

    def attach_other(self) -> None:
        """Make the other primary a secondary of the subject."""
        with self.hand(self.other) as client:
            client.besecondary(OTHER, SUBJECT, self.subject.address)

    def _make_primary(self, node: NodeHandle, node_id: str) -> None:
        status = self._alive(node)
        if status["role"] != PRIMARY or status["node_id"] != node_id:
            self._make_none(node)
            with self.hand(node) as client:
                client.beprimary(node_id)
        mark = f"of {node_id}"
        # What it took from another primary meanwhile goes on standing there, which harms nobody.
        if node.read(mark) is None or node.status()["txid"]["primary_id"] != node_id:
            node.write(mark, str(next(self._values)))

    def _make_none(self, node: NodeHandle) -> None:
        with self.hand(node) as client:
            client.benone()

    def _alive(self, node: NodeHandle) -> dict[str, Any]:
        """Undo what an earlier test did to the process; return the status."""
        if not node.running:
            node.start()
        if node.frozen:
            node.thaw()
        node.clear()
        if node.status()["phase"] != 2:
            node.phase(2)
        if node.status()["readonly"]:
            with RawClient.maapi(node) as client:
                client.operation(_SET_READ_ONLY, 0)
        return node.status()

    # What the module is told

    def connection(self, **more: object) -> dict[str, Any]:
        """Return the connection options for the subject, and more options."""
        return {"token": self.token, "ip": self.subject.ipc_address, **more}

    def by_ha_socket(self, **more: object) -> dict[str, Any]:
        """The same, for modules that can look at the subject: over its HA socket."""
        return self.connection(**{"look": ["ha_socket"], **more})

    def without_ha_socket(self, **more: object) -> dict[str, Any]:
        """The same, without token: as these modules look where nothing is said."""
        return {"ip": self.subject.ipc_address, **more}

    def role_options(self, role: str, **more: object) -> dict[str, Any]:
        """Return the options of ncs_ha_role for the subject, following `wanted`."""
        options = self.by_ha_socket(role=role)
        if role != NONE:
            options["node_id"] = SUBJECT
        if role in ("secondary", "relay"):
            options.update(primary_id=WANTED, primary_ip=self.wanted.address)
        return {**options, **more}

    def role(self, role: str, *, check: bool = False, **more: object) -> dict[str, Any]:
        """Run ncs_ha_role on the subject."""
        return self._modules.run("ncs_ha_role", self.role_options(role, **more), check=check)

    def status(self, *, check: bool = False, **more: object) -> dict[str, Any]:
        """Run ncs_ha_status on the subject."""
        return self._modules.run("ncs_ha_status", self.by_ha_socket(**more), check=check)

    def look(self, *, check: bool = False, **more: object) -> dict[str, Any]:
        """Run ncs_ha_status on the subject without its HA socket and without token."""
        return self._modules.run("ncs_ha_status", self.without_ha_socket(**more), check=check)

    def dead(self, node_id: str, *, check: bool = False, **more: object) -> dict[str, Any]:
        """Run ncs_ha_secondary_dead on the subject."""
        options = self.by_ha_socket(node_id=node_id, **more)
        return self._modules.run("ncs_ha_secondary_dead", options, check=check)

    def read_only(self, flag: bool, *, check: bool = False, **more: object) -> dict[str, Any]:
        """Run ncs_ha_read_only on the subject."""
        options = self.connection(read_only=flag, **more)
        return self._modules.run("ncs_ha_read_only", options, check=check)

    def state_directory(self) -> StateDirectory:
        """Return a state directory for the subject that does not exist yet."""
        path = self.subject.directory.parent / f"state{next(self._values)}"
        return StateDirectory(path, self._modules)

    # What the nodes themselves say

    def own_view(self, node: NodeHandle | None = None) -> dict[str, Any]:
        """Return what a node says of itself beside its IPC port, as the modules would put it."""
        status = (node or self.subject).status()
        states = {"none": 1, "secondary": 2, "primary": 3, "relay": 4}
        return {
            "role": status["role"],
            "state": states[status["role"]],
            "primary": status["primary"],
            "secondaries": status["secondaries"],
        }

    def snapshot(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return all that the subject knows, and its data."""
        return self.subject.status(), self.subject.dump()

    def until_not_listed(self, node: NodeHandle, node_id: str) -> None:
        """Wait until a primary has noticed that a secondary has left."""
        until(lambda: node_id not in _ids(node), what=f"{node.name} without {node_id}")


def _ids(node: NodeHandle) -> list[str]:
    return [peer["node_id"] for peer in node.status()["secondaries"]]
