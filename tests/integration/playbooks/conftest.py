# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated clusters for tests of playbooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.clusters import order
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster

#: Seconds for a test of several playbook runs where the machine has much else to do.
LONGEST = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this directory more time than the others; leave most to `make test-all`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(LONGEST))
            if item.get_closest_marker("main") is None:
                item.add_marker(pytest.mark.thorough)


@pytest.fixture
def simulation(tmp_path: Path) -> Iterator[Simulation]:
    with Simulation(tmp_path) as simulation:
        yield simulation


@pytest.fixture
def fresh(simulation: Simulation) -> Cluster:
    """Three nodes that were never in a cluster."""
    return simulation.cluster(3)


@pytest.fixture
def pair(simulation: Simulation) -> Cluster:
    """Two nodes that were never in a cluster, for what does not take three."""
    return simulation.cluster(2)


@pytest.fixture
def duo(pair: Cluster) -> Cluster:
    """Two nodes, n1 primary and n2 its secondary, made so by hand."""
    order(pair, "n1", "primary")
    order(pair, "n2", "secondary", "n1")
    return pair


@pytest.fixture(scope="module")
def outer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Four nodes that several tests share; each gives them the roles it starts from."""
    with Simulation(tmp_path_factory.mktemp("outer")) as simulation:
        yield simulation.cluster(4)


@pytest.fixture
def cluster(fresh: Cluster) -> Cluster:
    """Three nodes, n1 primary, n2 and n3 its secondaries, made so by hand."""
    order(fresh, "n1", "primary")
    order(fresh, "n2", "secondary", "n1")
    order(fresh, "n3", "secondary", "n1")
    return fresh
