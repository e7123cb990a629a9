# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons of every release: the version is negotiated, and orders mean the same to all."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from helpers.secrecy import run_discreetly
from helpers.simulated import Simulation
from ncs_sim.raw_client import RawClient


class Daemon(NamedTuple):
    """otp: which atoms it writes. handshake: 2 where its limits differ, which does no harm."""

    protocol: int
    library: str
    otp: int
    handshake: int


DAEMONS = [
    Daemon(66, "6.6.0.0", 25, 0),
    Daemon(77, "7.7.1.0", 25, 2),
    Daemon(77, "7.7.1.0", 26, 0),
    Daemon(85, "8.5.6.0", 26, 0),
    Daemon(86, "8.6.8.0", 25, 2),
    Daemon(87, "8.7.2.0", 26, 2),
]


@pytest.mark.parametrize("daemon", DAEMONS, ids=str)
def test_status_and_orders_work_with_this_daemon(simulation: Simulation, daemon: Daemon) -> None:
    cluster = simulation.cluster(
        2,
        protocol_version=daemon.protocol,
        otp=daemon.otp,
        handshake_status=daemon.handshake,
    )
    node, primary = cluster.nodes
    with RawClient.ha(primary, cluster.token) as client:
        client.beprimary("p")
    connection = {"token": cluster.token, "ip": node.ipc_address}
    follow = {"primary_id": "p", "primary_ip": primary.address, "node_id": "n"}
    done = run_discreetly("ncs_ha_role", {**connection, "role": "secondary", **follow})
    assert done["outcome"] == "done"
    assert done["after"]["primary"] == {"node_id": "p", "address": primary.address}
    assert node.status()["role"] == "secondary"

    seen = run_discreetly("ncs_ha_status", connection)["ha"]
    assert seen["server"] == {
        "protocol_version": daemon.protocol,
        "library_version": daemon.library,
    }
    assert seen["role"] == "secondary"
    assert seen["phase"] == 2
    assert seen["txid"] == node.status()["txid"]

    node.refuse(18, "a reason")
    refused = run_discreetly("ncs_ha_role", {**connection, "role": "none"})
    assert refused["error"]["name"] == "INTERNAL"
    assert refused["error"]["details"] == "a reason"

    node.refuse(18)
    refused = run_discreetly("ncs_ha_role", {**connection, "role": "none"})
    assert refused["error"]["name"] == "INTERNAL"
    assert refused["error"]["details"] == ""


@pytest.mark.parametrize(("protocol", "possible"), [(86, True), (87, False)])
def test_relays_are_foreseen_up_to_protocol_86(
    simulation: Simulation, protocol: int, possible: bool
) -> None:
    node = simulation.node("n", protocol_version=protocol)
    options = {
        "token": simulation.token,
        "ip": node.ipc_address,
        "role": "relay",
        "node_id": "n",
        "primary_id": "p",
        "primary_ip": simulation.address(),
    }
    result = run_discreetly("ncs_ha_role", options, check=True)
    assert ("failed" not in result) is possible
    assert (result["outcome"] == "done") is possible
