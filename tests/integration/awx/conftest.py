# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated cluster for jobs of AWX."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.awx_jobs import Jobs
from helpers.clusters import order
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster

#: Seconds for a test of many jobs where the machine has much else to do.
LONGEST = 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this directory more time, and to one worker, as they share nodes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(LONGEST))
            item.add_marker(pytest.mark.xdist_group("awx"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes, n1 primary and the others its secondaries. No test changes that."""
    with Simulation(tmp_path_factory.mktemp("site")) as simulation:
        cluster = simulation.cluster(3)
        order(cluster, "n1", "primary")
        order(cluster, "n2", "secondary", "n1")
        order(cluster, "n3", "secondary", "n1")
        yield cluster


@pytest.fixture(scope="module")
def jobs(site: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    """The jobs of that cluster."""
    return Jobs(tmp_path_factory.mktemp("jobs"), site)
