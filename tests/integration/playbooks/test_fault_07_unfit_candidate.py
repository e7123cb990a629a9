# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node that is to be primary cannot be: refused before anything changes.

test_switchover.py has the one that is primary already: there is nothing to do.
"""

from __future__ import annotations

from helpers.clusters import assert_refused, order
from helpers.playbooks import edit, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import state_files

SWITCHOVER = "nso.ha.switchover"


def test_nothing_is_changed_if_nobody_can_take_over(simulation: Simulation) -> None:
    cluster = simulation.cluster(4)
    order(cluster, "n1", "primary")
    for name in ("n2", "n3"):
        order(cluster, name, "secondary", "n1")
    inventory = edit(
        cluster.inventory, {"n2": {"nso_ha_priority": 0}, "n3": {"nso_ha_role": "none"}}
    )
    before = cluster.status()

    nobody = run_playbook(SWITCHOVER, inventory)
    assert_refused(
        nobody,
        "(candidate failed)",
        "n2: it is never to be primary",
        "n3: it should be in no cluster",
        "n4: it is not connected to n1",
    )
    # The node that is named is taken or refused, and never replaced by another.
    named = run_playbook(SWITCHOVER, cluster.inventory, variables={"nso_ha_candidate": "n4"})
    assert_refused(named, "n4 cannot become primary: it is not connected to n1")
    unknown = run_playbook(SWITCHOVER, cluster.inventory, variables={"nso_ha_candidate": "n7"})
    assert_refused(unknown, "nso_ha_candidate is 'n7'", "there are n1, n2, n3, n4")
    assert cluster.status() == before

    cluster.node("n2").kill()
    dead = run_playbook(SWITCHOVER, cluster.inventory, variables={"nso_ha_candidate": "n2"})
    assert_refused(dead, "n2 cannot become primary: it does not answer")
    assert not any(state_files(cluster, name) for name in before)
