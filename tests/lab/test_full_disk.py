# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault 20: a disk that is full shows before anything changes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.clusters import ALL_MAY_GO, assert_done, assert_refused, assert_whole, roles
from helpers.playbooks import edit, run_playbook
from helpers.simulated import Simulation


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a lock and a record, and not much more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], check=True, timeout=10
    )
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True, timeout=10)


@pytest.fixture
def simulation(tmp_path: Path) -> Iterator[Simulation]:
    with Simulation(tmp_path) as simulation:
        yield simulation


def fill(disk: Path) -> Path:
    """Take all the room there is."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


def test_a_full_disk_is_told_before_anything_changes(
    simulation: Simulation, small_disk: Path
) -> None:
    cluster = simulation.cluster(3)
    inventory = edit(cluster.inventory, {"n2": {"nso_ha_state_dir": str(small_disk / "state")}})
    assert_done(run_playbook("nso.ha.converge", inventory, variables=ALL_MAY_GO))
    before = roles(cluster)
    filler = fill(small_disk)

    refused = run_playbook("nso.ha.switchover", inventory)
    assert_refused(refused, "(lockable failed) n2", "No space left on device", "free some space")
    assert roles(cluster) == before
    assert not any(one["readonly"] for one in cluster.status().values())

    filler.unlink()
    assert_done(run_playbook("nso.ha.switchover", inventory))
    assert_whole(cluster, "n2")
