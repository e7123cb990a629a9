# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated nodes for these tests, and the certainty that none of them outlives its test."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ncs_sim.cluster import Cluster
from ncs_sim.raw_client import RawClient

VECTORS = Path(__file__).parent / "../../vectors"

# 127.0.100.x to 127.0.119.x, eight addresses a block; two runs at once rarely meet.
_BLOCKS = itertools.count(os.getpid() * 37)
_PER_OCTET, _OCTETS = 31, 20


@pytest.fixture
def first_address() -> str:
    """The first of eight addresses that no other test uses now."""
    block = next(_BLOCKS) % (_PER_OCTET * _OCTETS)
    return f"127.0.{100 + block // _PER_OCTET}.{1 + 8 * (block % _PER_OCTET)}"


@pytest.fixture
def up(tmp_path: Path, first_address: str) -> Iterator[Callable[..., Cluster]]:
    """Start a cluster; it is stopped when the test ends, however it ends."""
    clusters: list[Cluster] = []

    def start(nodes: int = 1, **options: Any) -> Cluster:
        assert not clusters, "one cluster a test"
        options.setdefault("exit_with_pid", os.getpid())
        cluster = Cluster.up(tmp_path / "sim", nodes, first_address=first_address, **options)
        clusters.append(cluster)
        return cluster

    yield start
    for cluster in clusters:
        cluster.down()
        assert not any(node.running for node in cluster.nodes)


@pytest.fixture
def replicating(up: Callable[..., Cluster]) -> Callable[..., Cluster]:
    """Start a cluster with n1 primary and all others its secondaries."""

    def start(nodes: int = 2, **options: Any) -> Cluster:
        cluster = up(nodes, **options)
        first = cluster.nodes[0]
        with RawClient.ha(first, cluster.token) as client:
            client.beprimary("n1")
        for node in cluster.nodes[1:]:
            with RawClient.ha(node, cluster.token) as client:
                client.besecondary(node.name, "n1", first.address)
        return cluster

    return start


@pytest.fixture(scope="session")
def client_vectors() -> dict[str, Any]:
    """What vendor clients put on the socket."""
    content: dict[str, Any] = json.loads((VECTORS / "client.json").read_text())
    return content


@pytest.fixture(scope="session")
def server_vectors() -> dict[str, Any]:
    """What a daemon answers."""
    content: dict[str, Any] = json.loads((VECTORS / "server.json").read_text())
    return content


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait until something holds, or fail at the deadline."""

    def wait(holds: Callable[[], bool], seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"did not come true within {seconds:g} s"
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def maapi_vectors() -> dict[str, Any]:
    """What two vendors' clients put on a MAAPI socket, and which answers they accept."""
    content: dict[str, Any] = json.loads((VECTORS / "maapi.json").read_text())
    return content
