# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab for each test. Run by `make lab-test`, as root."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.clusters import ALL_MAY_GO, assert_done
from helpers.load import Load
from helpers.playbooks import run_playbook
from ncs_lab.lab import Lab, down

#: Seconds for a test of several playbook runs, each of which waits for hosts that are cut off.
LONGEST = 400
#: Seconds. After three times this, nodes take a silent peer for dead; a busy machine needs some.
TICK = 1.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this directory more time than the others."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONGEST))


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory for a lab, with a short name. What was made in it is taken away at the end."""
    parent = Path(tempfile.mkdtemp(prefix="nsoha-"))
    try:
        yield parent / "lab"
        down(parent / "lab")
    finally:
        shutil.rmtree(parent)


@pytest.fixture
def lab(place: Path) -> Iterator[Lab]:
    """Three hosts, whose nodes were never in a cluster."""
    with Lab.up(place, 3, tick_timeout=TICK) as lab:
        yield lab


@pytest.fixture
def whole(lab: Lab) -> Lab:
    """n1 is primary, n2 and n3 are its secondaries, and the nodes have a record of that."""
    assert_done(run_playbook("nso.ha.converge", lab.inventory, variables=ALL_MAY_GO))
    return lab


@pytest.fixture
def load(whole: Lab, tmp_path: Path) -> Iterator[Load]:
    """Writes that go on all the time."""
    with Load(whole.directory, tmp_path / "history") as load:
        load.until_acknowledged(10, by="n1")
        yield load
