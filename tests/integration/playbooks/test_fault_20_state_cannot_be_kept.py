# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock cannot be written: a clear error before anything changes. A full disk is for the lab."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import assert_led_by, assert_refused
from helpers.playbooks import edit, run_playbook
from helpers.state_on_nodes import state_files
from ncs_sim.cluster import Cluster


def test_a_directory_that_cannot_be_made_stops_the_run_at_once(
    cluster: Cluster, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("a file")
    nowhere = tmp_path / "missing" / "state"
    for wrong, check, words in (
        (in_the_way, "lock", "is not a directory"),
        (nowhere, "lockable", "No such file"),
    ):
        inventory = edit(cluster.inventory, {"n2": {"nso_ha_state_dir": str(wrong)}})
        refused = run_playbook("nso.ha.switchover", inventory)
        assert_refused(refused, f"({check} failed) n2", words)
        assert_led_by(cluster, "n1")
        # What was locked before is free again, and nothing was recorded.
        assert not state_files(cluster, "n1")
    assert in_the_way.read_text() == "a file"
