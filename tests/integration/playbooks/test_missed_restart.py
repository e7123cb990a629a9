# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secondary restarts, and its primary does not hear that the link has ended."""

from __future__ import annotations

import threading

import pytest
from helpers.clusters import assert_done, assert_whole, order
from helpers.playbooks import run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import give_history
from helpers.until import until


@pytest.mark.main
def test_it_is_reported_dead_before_it_is_attached(simulation: Simulation) -> None:
    # Without ticks the primary does not find out by itself.
    cluster = simulation.cluster(2, tick_timeout=0)
    order(cluster, "n1", "primary")
    order(cluster, "n2", "secondary", "n1")
    give_history(cluster, "n1")
    n1, n2 = cluster.nodes
    n1.miss_end_of(n2)
    n2.kill()
    n2.start()
    # Commits wait for the acknowledgement of every node that is listed.
    writer = threading.Thread(target=n1.write, args=("meanwhile", "written", 120))
    writer.start()
    until(lambda: n1.read("meanwhile") == "written", what="the commit on the primary")
    assert [peer["node_id"] for peer in n1.status()["secondaries"]] == ["n2"]
    assert writer.is_alive()

    run = run_playbook("nso.ha.rejoin", cluster.inventory)
    assert_done(run)
    assert run.waves() == [("dead", "n1"), ("secondaries", "n2")]
    writer.join(10)
    assert not writer.is_alive()
    assert_whole(cluster)
