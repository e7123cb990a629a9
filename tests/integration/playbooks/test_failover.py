# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover never replaces a primary that lives. What it does for a dead one: test_fault_01."""

from __future__ import annotations

from helpers.clusters import assert_idle, assert_refused
from helpers.playbooks import edit, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import state_files
from ncs_sim.cluster import Cluster

FAILOVER = "nso.ha.failover"


def test_a_primary_that_its_secondary_still_sees_is_not_replaced(
    duo: Cluster, simulation: Simulation
) -> None:
    before = duo.status()
    hidden = edit(duo.inventory, {"n1": {"nso_ha_port": simulation.port()}})
    refused = run_playbook(FAILOVER, hidden)
    assert_refused(refused, "(still_seen failed) n2 is connected to n1")

    named = run_playbook(FAILOVER, duo.inventory, variables={"nso_ha_candidate": "n2"})
    assert_refused(named, "n1 is primary and answers, so there is nothing to fail over from")
    assert_idle(duo.inventory, "failover")
    assert duo.status() == before
    assert not any(state_files(duo, name) for name in before)
