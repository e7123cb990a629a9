# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""nso_ha_start_phases: a node waits in phase 0, gets its role in phase 1, and opens in phase 2."""

from __future__ import annotations

import pytest
from helpers.clusters import assert_done, assert_nothing_to_do, assert_predicted, order, roles
from helpers.playbooks import Run, run_playbook
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster
from ncs_sim.handle import NodeError

CONVERGE, REJOIN, STATUS = "nso.ha.converge", "nso.ha.rejoin", "nso.ha.status"
WAITS = {"nso_ha_role": "member", "nso_ha_start_phases": True, "nso_ha_wait_timeout": 5}


def waiting(simulation: Simulation, nodes: int) -> Cluster:
    """Return a cluster that is right, whose nodes wait in phase 0 when they start again."""
    cluster = simulation.cluster(nodes, start_phase=0)
    for node in cluster.nodes:
        node.phase(2)
    order(cluster, "n1", "primary")
    for node in cluster.nodes[1:]:
        order(cluster, node.name, "secondary", "n1")
    return cluster


def play(cluster: Cluster, playbook: str, *arguments: str, **variables: object) -> Run:
    return run_playbook(playbook, cluster.inventory, *arguments, variables={**WAITS, **variables})


def phases(cluster: Cluster) -> dict[str, int]:
    return {name: int(str(one["phase"])) for name, one in cluster.status().items()}


@pytest.mark.main
def test_a_node_that_restarts_is_closed_until_it_follows_again(simulation: Simulation) -> None:
    duo = waiting(simulation, 2)
    duo.node("n2").kill()
    duo.node("n2").start()
    with pytest.raises(NodeError, match="start phase 0"):
        duo.node("n2").write("of its", "own")
    status = play(duo, STATUS)
    assert "n2 waits in start phase 0, closed to clients." in status.text
    foreseen = play(duo, REJOIN, "--check")
    assert_predicted(foreseen, n2="start_phase_1 besecondary start_phase_2")
    assert "n2" in foreseen.changed
    done = play(duo, REJOIN)
    assert_done(done)
    assert [wave for wave, host in done.waves() if host == "n2"] == [
        "phase_1",
        "secondaries",
        "phase_2",
    ]
    assert phases(duo) == {"n1": 2, "n2": 2}
    assert roles(duo) == {"n1": "primary", "n2": "secondary"}
    assert_nothing_to_do(play(duo, REJOIN))


def test_where_all_wait_the_last_primary_opens_first(simulation: Simulation) -> None:
    trio = waiting(simulation, 3)
    trio.node("n1").write("last", "one")
    for node in trio.nodes:
        node.kill()
    for node in trio.nodes:
        node.start()
    done = play(trio, CONVERGE)
    assert_done(done)
    names = list(dict.fromkeys(wave for wave, _host in done.waves()))
    assert names == [
        "primary_phase_1",
        "promote",
        "primary_phase_2",
        "phase_1",
        "secondaries",
        "phase_2",
    ]
    assert set(phases(trio).values()) == {2}
    assert_nothing_to_do(play(trio, CONVERGE))


def test_where_the_answer_does_not_come_it_is_unknown_and_a_second_run_finishes(
    simulation: Simulation,
) -> None:
    duo = waiting(simulation, 2)
    duo.node("n2").kill()
    duo.node("n2").start()
    duo.node("n2").fault("slow", seconds=600, place="start_phase")
    failed = play(duo, REJOIN, nso_ha_start_timeout=1)
    assert failed.report["outcome"] == "unknown", failed.output
    assert "The order start_phase_1" in failed.text
    assert roles(duo)["n2"] == "none"
    duo.node("n2").clear()
    assert_done(play(duo, REJOIN))
    assert phases(duo) == {"n1": 2, "n2": 2}


def test_without_the_variable_it_is_refused_with_what_to_do(simulation: Simulation) -> None:
    duo = waiting(simulation, 2)
    duo.node("n2").kill()
    duo.node("n2").start()
    refused = play(duo, REJOIN, nso_ha_start_phases=False, nso_ha_wait_timeout=0.5)
    assert refused.report["outcome"] == "refused"
    assert "(start_phase failed) n2 is in start phase 0" in refused.text
    assert "set nso_ha_start_phases to true for it" in refused.text
    assert phases(duo) == {"n1": 2, "n2": 0}
