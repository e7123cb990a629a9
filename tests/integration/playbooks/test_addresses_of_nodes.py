# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that other nodes cannot dial are found before an order makes them do it."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.clusters import ALL_MAY_GO, assert_done, assert_refused, assert_whole, order, roles
from helpers.playbooks import edit, python_that_resolves, run_playbook
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster

CONVERGE = "nso.ha.converge"
FAILOVER = "nso.ha.failover"
NAME = "one.example"


@pytest.mark.main
def test_a_node_at_localhost_among_others_is_refused_before_it_is_made_primary(
    cluster: Cluster,
) -> None:
    cluster.node("n1").kill()
    before = roles(cluster)
    inventory = edit(
        cluster.inventory,
        {
            "n2": {"ansible_host": "localhost", "nso_ha_node_ip": ""},
            "n3": {"nso_ha_node_ip": "192.0.2.3"},
        },
    )
    refused = run_playbook(FAILOVER, inventory, variables=ALL_MAY_GO)
    assert_refused(
        refused,
        "n2: ansible_host is 'localhost', a loopback address",
        "Set nso_ha_node_ip of n2",
    )
    assert roles(cluster) == before


def test_a_link_is_not_left_for_an_address_where_nothing_answers(
    duo: Cluster, simulation: Simulation, tmp_path: Path
) -> None:
    nowhere = simulation.address()
    before = duo.status()
    wrong = edit(duo.inventory, {"n1": {"nso_ha_node_ip": nowhere}})
    # At which address n2 follows n1 is told by its HA socket only.
    by_ha_socket = {"nso_ha_look": "ha_socket"}
    refused = run_playbook(CONVERGE, wrong, variables=by_ha_socket)
    assert_refused(
        refused,
        "(rehearsal failed) n2",
        "cannot reach n1 at",
        ":4570 (nso_ha_node_ip of n1)",
        "(ECONNREFUSED)",
    )
    assert duo.status() == before

    # Of a name with two addresses the one that answers is dialled.
    there = duo.node("n1").address
    python = python_that_resolves({NAME: [nowhere, there]}, tmp_path)
    named = edit(duo.inventory, {"n1": {"nso_ha_node_ip": NAME}, "n2": python})
    order(duo, "n2", "none")
    assert_done(run_playbook(CONVERGE, named))
    assert_whole(duo)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ("other", "leads to different addresses"),
        ("none", "cannot reach n1 at"),
    ],
)
def test_a_name_that_is_another_address_on_a_node_is_refused(
    cluster: Cluster, simulation: Simulation, tmp_path: Path, known: str, why: str
) -> None:
    there, nowhere = cluster.node("n1").address, simulation.address()
    order(cluster, "n3", "none")
    before = cluster.status()
    right = python_that_resolves({NAME: [there if known == "other" else nowhere]}, tmp_path)
    wrong = python_that_resolves({NAME: [nowhere]}, tmp_path)
    inventory = edit(cluster.inventory, {"n1": {"nso_ha_node_ip": NAME}, "n2": right, "n3": wrong})
    refused = run_playbook(CONVERGE, inventory)
    assert_refused(refused, "(rehearsal failed)", NAME, "nso_ha_node_ip", why, nowhere)
    assert cluster.status() == before
