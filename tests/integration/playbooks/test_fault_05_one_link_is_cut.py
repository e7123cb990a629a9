# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary and one secondary lose each other: no failover, and converge repairs it later."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import assert_done, assert_whole, order
from helpers.load import CLEAN, Load
from helpers.playbooks import in_one, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import give_history
from helpers.until import until


def test_the_lost_secondary_is_shown_and_attached_again(
    simulation: Simulation, tmp_path: Path
) -> None:
    cluster = simulation.cluster(3, tick_timeout=0.5)
    order(cluster, "n1", "primary")
    for name in ("n2", "n3"):
        order(cluster, name, "secondary", "n1")
    give_history(cluster, "n1")
    n1, _n2, n3 = cluster.nodes
    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        n1.cut(n3)
        until(lambda: n3.status()["role"] == "none", what="the loss of the primary")
        load.until_acknowledged(5, by="n1")

        would_fail_over = ("nso.ha.plan", {"nso_ha_operation": "failover"})
        both = in_one(tmp_path / "both.yml", would_fail_over, "nso.ha.status")
        shown = run_playbook(both, cluster.inventory)
        assert "would beprimary" not in shown.output
        assert [node["done"] for node in shown.report["nodes"]] == [
            "as wanted",
            "as wanted",
            "differs",
        ]

        n1.heal(n3)
        repaired = run_playbook("nso.ha.converge", cluster.inventory)
        assert_done(repaired)
        assert repaired.changed == {"n3"}
        load.until_acknowledged(5, by="n1")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(cluster)
