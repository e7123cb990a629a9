# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary that was replaced wakes up, and has a write that nobody else has."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import (
    assert_done,
    assert_ended,
    assert_idle,
    assert_predicted,
    assert_refused,
    assert_whole,
    order,
    roles,
)
from helpers.load import CLEAN, Load
from helpers.playbooks import run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import give_history
from helpers.until import until

REJOIN = "nso.ha.rejoin"


def test_it_is_named_and_kept_until_the_operator_gives_it_up(
    simulation: Simulation, tmp_path: Path
) -> None:
    cluster = simulation.cluster(2, tick_timeout=0.5)
    order(cluster, "n1", "primary")
    order(cluster, "n2", "secondary", "n1")
    give_history(cluster, "n1")
    n1, n2 = cluster.nodes
    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        # No client reaches it from here on.
        load.leave_out("n1")
        n1.freeze()
        until(lambda: n2.status()["role"] == "none", what="the loss of the primary")
        agreed = {"nso_ha_timeout": 1, "nso_ha_override": "fenced"}
        done = run_playbook("nso.ha.failover", cluster.inventory, variables=agreed)
        assert done.status == 0, done.output
        assert "(fenced overridden) n1" in done.text
        load.until_acknowledged(5, by="n2")

        n1.thaw()
        until(lambda: n1.status()["secondaries"] == [], what="that n1 is alone")
        n1.write("stray", "value")
        status = run_playbook("nso.ha.status", cluster.inventory)
        assert "n1 and n2 are primary at the same time" in status.text

        # It stops being primary at once, and keeps what it has.
        left = run_playbook(REJOIN, cluster.inventory)
        assert_ended(
            left, "incomplete", "(n1) has transactions that were made after another primary"
        )
        assert left.waves() == [("step_down", "n1")]
        assert roles(cluster) == {"n1": "none", "n2": "primary"}
        assert n1.read("stray") == "value"

        assert_refused(run_playbook(REJOIN, cluster.inventory), "(overwrite failed) n1")
        consent = {"nso_ha_allow_overwrite": "n1"}
        planned = run_playbook(REJOIN, cluster.inventory, "--check", variables=consent)
        assert_predicted(planned, n1="besecondary")
        assert n1.read("stray") == "value"

        assert_done(run_playbook(REJOIN, cluster.inventory, variables=consent))
        load.bring_back("n1")
        load.until_acknowledged(5, by="n2")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert n1.read("stray") is None
    assert_whole(cluster, "n2")
    assert_idle(cluster.inventory, "rejoin")
