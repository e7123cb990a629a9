# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster ends: from the bottom up, and nobody loses data."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import assert_done, assert_idle, assert_led_by, assert_predicted, order, roles
from helpers.load import CLEAN, Load
from helpers.playbooks import run_playbook
from helpers.state_on_nodes import operations
from ncs_sim.cluster import Cluster

TEAR_DOWN = "nso.ha.tear_down"


def test_the_secondaries_leave_before_the_primary(cluster: Cluster, tmp_path: Path) -> None:
    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        planned = run_playbook(TEAR_DOWN, cluster.inventory, "--check")
        assert_predicted(planned, n1="benone", n2="benone", n3="benone")
        assert_led_by(cluster, "n1")

        done = run_playbook(TEAR_DOWN, cluster.inventory)
        assert_done(done)
        assert [host for _wave, host in done.waves()][-1] == "n1"
        assert roles(cluster) == {"n1": "none", "n2": "none", "n3": "none"}
        # What counts is what a primary has.
        order(cluster, "n1", "primary")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    for name in cluster.status():
        assert operations(cluster, name) == [("tear_down", "done")]
    order(cluster, "n1", "none")
    assert_idle(cluster.inventory, "tear_down")
