# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that go by another id than the inventory's, and nodes that the inventory does not have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers.clusters import assert_done, assert_led_by, assert_refused, roles
from helpers.playbooks import edit, python_that_resolves, run_playbook
from ncs_sim.cluster import Cluster

NAME = "one.example"
ID_TO_SET = "Set nso_ha_node_id of n1 to 'n1'"


def renamed(cluster: Cluster, directory: Path) -> Path:
    """Write an inventory in which n1 has another node id, and a host name for an address."""
    python = python_that_resolves({NAME: [cluster.node("n1").address]}, directory)
    new = {"nso_ha_node_id": "new", "nso_ha_node_ip": NAME}
    return edit(cluster.inventory, {"n1": {**new, **python}, "n2": python, "n3": python})


def test_a_failover_leaves_a_living_primary_alone_that_the_inventory_has_renamed(
    cluster: Cluster, tmp_path: Path
) -> None:
    refused = run_playbook("nso.ha.failover", renamed(cluster, tmp_path))
    assert_refused(refused, "(primary_name failed) n1 is primary under the node id 'n1'", ID_TO_SET)
    assert_led_by(cluster, "n1")


def test_every_operation_and_status_name_the_id_that_a_renamed_primary_goes_by(
    cluster: Cluster, tmp_path: Path
) -> None:
    inventory = renamed(cluster, tmp_path)
    for operation in ("converge", "switchover", "rejoin", "tear_down"):
        assert_refused(run_playbook(f"nso.ha.{operation}", inventory), ID_TO_SET)
    planned = run_playbook("nso.ha.plan", inventory)
    assert_refused(planned, ID_TO_SET)
    status = run_playbook("nso.ha.status", inventory)
    assert (status.status, status.report["outcome"]) == (0, "incomplete")
    assert ID_TO_SET in status.text
    assert_led_by(cluster, "n1")


@pytest.mark.main
def test_a_node_that_the_inventory_has_lost_is_named_and_cut_off_only_with_consent(
    cluster: Cluster,
) -> None:
    inventory = edit(cluster.inventory, {"n3": None})
    named = "n1 lists n3 as connected, which is no node of the inventory."
    assert named in run_playbook("nso.ha.status", inventory).text

    refused = run_playbook("nso.ha.switchover", inventory)
    assert_refused(refused, named, "(orphans failed) n1 lists n3 as connected")
    assert_led_by(cluster, "n1")

    (consent,) = re.findall(r"-e (nso_ha_allow_orphans=\S+)", refused.text)
    done = run_playbook("nso.ha.switchover", inventory, "-e", consent)
    assert_done(done)
    assert "(orphans overridden) n1" in done.text
    assert roles(cluster)["n2"] == "primary"
