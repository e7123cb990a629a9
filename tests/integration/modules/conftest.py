# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated nodes for these tests: a stage that all tests share, and nodes of one's own.

Also the recording proxy in front of the stage's node.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.forked import ForkedModules
from helpers.recording_proxy import RecordingProxy
from helpers.simulated import Simulation
from helpers.stage import Stage
from helpers.state_directory import StateDirectory


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, forked: ForkedModules) -> Iterator[Stage]:
    """One node to work on and two primaries; each test puts them into the state it needs."""
    with Simulation(tmp_path_factory.mktemp("stage")) as simulation:
        yield Stage(simulation, forked)


@pytest.fixture
def simulation(tmp_path: Path) -> Iterator[Simulation]:
    """Nodes of one's own, for this test only."""
    with Simulation(tmp_path) as found:
        yield found


@pytest.fixture
def directory(tmp_path: Path, forked: ForkedModules) -> StateDirectory:
    """A state directory that does not exist yet, for the stage's node."""
    return StateDirectory(tmp_path / "state", forked)


@pytest.fixture
def proxy(stage: Stage) -> Iterator[RecordingProxy]:
    """What stands between a module and the stage's node, and keeps what the module sends."""
    subject = stage.subject
    address = stage.simulation.address()
    with RecordingProxy(address, subject.ipc_port, subject.ipc_address) as found:
        yield found


@pytest.fixture(scope="session")
def forked() -> Iterator[ForkedModules]:
    """What runs modules many times."""
    with ForkedModules() as found:
        yield found
