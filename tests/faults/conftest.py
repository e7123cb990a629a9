# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that is written to all the time. Run by `make test-faults`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.clusters import order
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three nodes, n1 primary, n2 and n3 its secondaries, made so by hand."""
    with Simulation(tmp_path) as simulation:
        cluster = simulation.cluster(3)
        order(cluster, "n1", "primary")
        order(cluster, "n2", "secondary", "n1")
        order(cluster, "n3", "secondary", "n1")
        yield cluster
