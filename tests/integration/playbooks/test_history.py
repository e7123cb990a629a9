# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""nso.ha.history: what has happened to a cluster, from the records on its nodes."""

from __future__ import annotations

import pytest
from helpers.frozen import nowhere
from helpers.playbooks import edit, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import give_history
from ncs_sim.cluster import Cluster

HISTORY = "nso.ha.history"


@pytest.mark.main
@pytest.mark.every_core
@pytest.mark.long
def test_operations_and_promotions_are_told_newest_first_whatever_a_dead_node_knows(
    simulation: Simulation, duo: Cluster
) -> None:
    give_history(duo, "n1")
    done = run_playbook("nso.ha.switchover", duo.inventory)
    assert done.status == 0, done.output
    # The records of n1 are read although NSO does not run there.
    duo.node("n1").kill()
    inventory = edit(duo.inventory, {"n2": nowhere(simulation)})
    history = run_playbook(HISTORY, inventory, "-e", "nso_ha_history_limit=5")
    assert history.status == 0, history.output
    newest, oldest = history.report["history"]
    assert newest["run_id"] == done.report["run_id"]
    assert newest["owner"] == done.report["owner"]
    assert newest["primary"] == {"before": "n1", "after": "n2"}
    assert newest["write_gap"] == done.report["write_gap"]
    assert newest["seconds"] >= 0
    assert [one["epoch"] for one in newest["promotions"]] == [2]
    assert oldest["outcome"] is None
    assert [one["epoch"] for one in oldest["promotions"]] == [1]
    assert set(history.report["unread"]) == {"n2"}
    assert "switchover done: n1 -> n2 (promotion 2)" in history.text
    assert "(n2) its records were not read: " in history.text
    assert history.changed == set()
