# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many lines a user reads, with Ansible's own callback and nothing configured."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.clusters import order
from helpers.playbooks import Run, run_playbook
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "0")
    monkeypatch.setenv("COLUMNS", "80")


def lines(run: Run) -> int:
    """Return how many lines it printed, without the statistics that only tests show."""
    shown = run.output.partition("\nCUSTOM STATS:")[0]
    assert "<n1>" not in shown
    return len(shown.rstrip("\n").splitlines())


def cluster_of(simulation: Simulation, number: int) -> Cluster:
    cluster = simulation.cluster(number)
    order(cluster, "n1", "primary")
    for node in cluster.nodes[1:]:
        order(cluster, node.name, "secondary", "n1")
    return cluster


@pytest.mark.main
@pytest.mark.every_core
def test_on_three_nodes_a_run_fits_on_a_screen(simulation: Simulation, tmp_path: Path) -> None:
    cluster = cluster_of(simulation, 3)
    first = run_playbook("nso.ha.converge", cluster.inventory)
    assert first.status == 0, first.output
    most = {"status": 35, "converge": 40, "switchover": 60}
    counted = {}
    for name in most:
        run = run_playbook(f"nso.ha.{name}", cluster.inventory)
        assert run.status == 0, run.output
        counted[name] = lines(run)
        assert counted[name] <= most[name], run.output
    order(cluster, "n3", "none")
    order(cluster, "n1", "none")
    for node in cluster.nodes[::2]:
        node.write("late", node.name)
    refused = run_playbook("nso.ha.rejoin", cluster.inventory)
    assert refused.report["outcome"] == "refused", refused.output
    assert lines(refused) <= 45, refused.output


def test_a_failover_fits_on_a_screen_and_each_further_node_adds_four_lines(
    simulation: Simulation,
) -> None:
    small, large = cluster_of(simulation, 3), cluster_of(simulation, 6)
    for name in ("status", "switchover"):
        few, many = (
            run_playbook(f"nso.ha.{name}", cluster.inventory, variables={"nso_ha_candidate": "n2"})
            for cluster in (small, large)
        )
        assert few.status == many.status == 0, many.output
        assert lines(many) - lines(few) <= 4 * 3, many.output
    small.node("n2").kill()
    run = run_playbook("nso.ha.failover", small.inventory)
    assert run.status == 0, run.output
    assert lines(run) <= 65, run.output
