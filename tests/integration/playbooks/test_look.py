# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a cluster takes nothing from another controller, and needs no token."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from helpers.clusters import assert_done, assert_led_by, assert_refused, order
from helpers.playbooks import in_one, run_playbook
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster
from ncs_sim.raw_client import RawClient

NO_TOKEN = {"nso_ha_token": ""}
#: The code with which nodes refuse the sessions in which their operational state is read.
ACCESS_DENIED = 3


@pytest.mark.main
def test_status_plan_and_check_mode_leave_the_ha_sockets_of_others_open(
    duo: Cluster, tmp_path: Path
) -> None:
    before = duo.status()
    looks = in_one(
        tmp_path / "looks.yml",
        "nso.ha.status",
        "nso.ha.plan",
        "nso.ha.converge",
        "nso.ha.switchover",
    )
    with ExitStack() as stack:
        controllers = {
            name: stack.enter_context(RawClient.ha(duo.node(name), duo.token)) for name in before
        }
        run = run_playbook(looks, duo.inventory, "--check", variables=NO_TOKEN)
        assert run.status == 0, run.output
        assert (run.report["operation"], run.report["outcome"]) == ("switchover", "planned")
        assert run.node("n2")["done"] == "would wait beprimary"
        assert run.node("n2")["primary"] == {"node_id": "n1", "address": None}
        assert run.node("n1")["nso_version"]
        # Each daemon still answers the controller that has its HA socket.
        for controller in controllers.values():
            controller.status()
    assert duo.status() == before

    refused = run_playbook("nso.ha.switchover", duo.inventory, variables=NO_TOKEN)
    assert_refused(refused, "n1, n2: there is no token. Set nso_ha_token")
    assert duo.status() == before


def test_nodes_that_refuse_to_be_read_without_the_ha_socket_are_silent_until_it_is_allowed(
    simulation: Simulation,
) -> None:
    cluster = simulation.cluster(2, refuse_sessions=ACCESS_DENIED)
    order(cluster, "n1", "primary")
    order(cluster, "n2", "secondary", "n1")
    told = run_playbook("nso.ha.status", cluster.inventory)
    assert [node["done"] for node in told.report["nodes"]] == ["no answer", "no answer"]
    for words in ("does not tell the role", "ACCESS_DENIED", "nso_ha_look"):
        assert words in told.text
    # It is not known that no other node is primary.
    refused = run_playbook("nso.ha.failover", cluster.inventory)
    assert_refused(refused, "does not tell the role", "nso_ha_look")
    assert_led_by(cluster, "n1")

    both = {"nso_ha_look": "operational_state, ha_socket"}
    assert_done(run_playbook("nso.ha.switchover", cluster.inventory, variables=both))
    assert_led_by(cluster, "n2")


def test_nsos_own_ha_on_a_node_is_told_and_no_role_is_given_beside_it(
    simulation: Simulation,
) -> None:
    cluster = simulation.cluster(2, own_ha="rule-based")
    rule_based = "n1 has NSO's rule-based HA enabled"
    assert rule_based in run_playbook("nso.ha.status", cluster.inventory).text
    refused = run_playbook("nso.ha.converge", cluster.inventory)
    assert_refused(refused, f"(external_ha failed) {rule_based}")
