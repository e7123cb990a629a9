# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order is answered too late, but the node does what it was told, and says so."""

from __future__ import annotations

from helpers.clusters import assert_done, assert_led_by, until_roles
from helpers.playbooks import run_playbook
from helpers.state_on_nodes import give_history
from ncs_sim.cluster import Cluster

#: Seconds that the daemons have for an answer here.
SHORT = {"nso_ha_timeout": 2}


def test_a_failover_goes_on_with_a_primary_that_says_late_that_it_is_one(cluster: Cluster) -> None:
    give_history(cluster, "n1")
    cluster.node("n1").kill()
    until_roles(cluster, n2="none", n3="none")
    cluster.node("n2").fault("slow", seconds=600, place="beprimary")
    run = run_playbook("nso.ha.failover", cluster.inventory, variables=SHORT)
    assert run.status == 0, run.output
    assert run.report["outcome"] == "done"
    assert "(n2) did not answer the order beprimary in time." in run.text
    cluster.node("n2").clear()
    assert_led_by(cluster, "n2")


def test_a_switchover_goes_on_where_both_ends_answer_late(cluster: Cluster) -> None:
    give_history(cluster, "n1")
    cluster.node("n1").fault("slow", seconds=600, place="benone")
    cluster.node("n2").fault("slow", seconds=600, place="beprimary")
    given = {**SHORT, "nso_ha_candidate": "n2"}
    run = run_playbook("nso.ha.switchover", cluster.inventory, variables=given)
    assert_done(run)
    for name, order in (("n1", "benone"), ("n2", "beprimary")):
        assert f"({name}) did not answer the order {order} in time." in run.text
        cluster.node(name).clear()
    assert_led_by(cluster, "n2")
