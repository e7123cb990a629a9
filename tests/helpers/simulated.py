# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated NSO nodes for tests: addresses that nobody else uses, and nothing left running.

    with Simulation(tmp_path) as simulation:
        cluster = simulation.cluster(3)               # n1, n2, n3, and cluster.inventory
        odd = simulation.node("odd", packages="two")  # one more, with options of its own

Each Simulation has a block of loopback addresses of its own, 127.X.Y.1 to 127.X.Y.254, where X
comes from the pytest-xdist worker. The block is claimed, so that several test runs on one
host never share addresses. All nodes are stopped at the end of the with statement, frozen ones too;
should the test process be killed, they stop by themselves.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import socket
from pathlib import Path
from typing import Any

from ncs_sim.cluster import Cluster, start_node
from ncs_sim.handle import NodeHandle

#: The second octet of the addresses of the first worker.
FIRST_OCTET = 20
#: The first of the ports that Simulation.port hands out; below those the system takes by itself.
FIRST_PORT = 12000

_BLOCKS = 250
_PORTS = 2
_WORKERS = 40
_counter = itertools.count()


class AddressBlock:
    """The addresses 127.X.Y.1 to 127.X.Y.254 and a few ports, claimed until `release`."""

    def __init__(self) -> None:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").lstrip("gw")) % _WORKERS
        for _unused in range(_BLOCKS):
            block = next(_counter) % _BLOCKS
            self.prefix = f"127.{FIRST_OCTET + worker}.{block + 1}"
            first = FIRST_PORT + (worker * _BLOCKS + block) * _PORTS
            self.ports = range(first, first + _PORTS)
            # A name in the abstract namespace: the kernel frees it when this process ends.
            claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                claim.bind(f"\0nso.ha tests {self.prefix}")
            except OSError:
                claim.close()
                continue
            self._claim = claim
            self._used = 0
            return
        raise RuntimeError(f"all {_BLOCKS} blocks of 127.{FIRST_OCTET + worker} are in use")

    def take(self, count: int = 1) -> str:
        """Return the first of so many consecutive addresses, not handed out before."""
        first = self._used + 1
        self._used += count
        if self._used > 254:
            raise RuntimeError(f"{self.prefix} has no address left")
        return f"{self.prefix}.{first}"

    def release(self) -> None:
        """Let others have the block."""
        self._claim.close()


class Simulation:
    """Any number of simulated nodes and clusters, for as long as a with statement.

    token: a token for the nodes that `node` starts; a cluster has its own
    """

    def __init__(self, directory: Path) -> None:
        self.token = f"token-{secrets.token_hex(12)}"
        self._directory = directory
        self._block = AddressBlock()
        self._names = itertools.count(1)
        self._ports = iter(self._block.ports)
        self._stack = contextlib.ExitStack()
        self._started: list[NodeHandle] = []

    def address(self) -> str:
        """Return an address at which no node is."""
        return self._block.take()

    def port(self) -> int:
        """Return a port for nodes on addresses that others use, too, such as ::1.

        The next call returns another one.
        """
        return next(self._ports)

    def cluster(self, nodes: int = 3, **options: Any) -> Cluster:
        """Start nodes n1, n2, ... with the same options (those of Cluster.up), all none."""
        directory = self._directory / f"cluster{next(self._names)}"
        options.setdefault("exit_with_pid", os.getpid())
        options.setdefault("first_address", self._block.take(nodes))
        cluster = Cluster.up(directory, nodes, **options)
        self._stack.callback(cluster.down)
        self._started += cluster.nodes
        return cluster

    def node(self, name: str, **options: Any) -> NodeHandle:
        """Start one node with options of its own (those of NodeOptions, and `address`)."""
        directory = self._directory / f"{name}{next(self._names)}"
        options.setdefault("exit_with_pid", os.getpid())
        address = options.pop("address", None) or self.address()
        node = start_node(directory, address, name=name, **options)
        self._stack.callback(node.stop)
        self._started.append(node)
        return node

    def close(self) -> None:
        """Stop all nodes, make sure of it, and let go of the addresses."""
        try:
            self._stack.close()
            left = [node.name for node in self._started if node.running]
            assert not left, f"still running: {', '.join(left)}"
        finally:
            self._block.release()

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
