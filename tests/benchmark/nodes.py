# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated nodes, as many as a figure needs. They end with the with statement, or with us."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from helpers.clusters import order
from helpers.simulated import AddressBlock
from helpers.state_on_nodes import give_history
from ncs_sim.cluster import Cluster
from ncs_sim.config import NodeConfig
from ncs_sim.files import write_private
from ncs_sim.handle import NodeHandle
from ncs_sim.inventory import inventory

#: Seconds until so many nodes have to be up.
_START = 120


@contextlib.contextmanager
def fresh(directory: Path, count: int) -> Iterator[Cluster]:
    """Start n1 to nN, all none and never in a cluster. `ncs-sim up` starts no more than 64."""
    directory.mkdir(mode=0o700, parents=True)
    with contextlib.closing(_Block()) as block:
        first = ip_address(block.take(count))
        handles = []
        for number in range(count):
            name = f"n{number + 1}"
            address = str(first + number)
            config = NodeConfig(str(directory / name), address, exit_with_pid=os.getpid())
            handles.append(NodeHandle.create(name, config))
        cluster = Cluster(directory, handles, f"token-{secrets.token_hex(12)}", None)
        write_private(cluster.inventory, inventory(handles, cluster.token))
        try:
            for node in handles:
                node.launch()
            for node in handles:
                node.wait_ready(_START)
            yield cluster
        finally:
            cluster.down()


@contextlib.contextmanager
def running(directory: Path, count: int) -> Iterator[Cluster]:
    """Start a cluster that is as wanted: n1 is primary, and all nodes have a record of that."""
    with fresh(directory, count) as cluster:
        make_whole(cluster)
        yield cluster


def make_whole(cluster: Cluster) -> None:
    """Let all nodes follow n1, by hand, and have a record as if a playbook had done it."""
    order(cluster, "n1", "primary")
    for node in cluster.nodes[1:]:
        order(cluster, node.name, "secondary", "n1")
    give_history(cluster, "n1")


class _Block(AddressBlock):
    """A block of addresses that can be closed."""

    def close(self) -> None:
        self.release()
