# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names as primary_ip: resolved on the target, sent to the daemon as an address."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest
from helpers.secrecy import run_discreetly
from helpers.simulated import Simulation
from ncs_sim.raw_client import RawClient

HOSTS = Path("/etc/hosts")


def local_name() -> tuple[str, str]:
    """Return a name in the hosts file of this machine, and the loopback address it resolves to."""
    lines = HOSTS.read_text().splitlines() if HOSTS.exists() else []
    for line in lines:
        for name in line.partition("#")[0].split()[1:]:
            try:
                found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            except OSError:
                continue
            address = str(found[0][4][0])
            if ipaddress.ip_address(address).is_loopback:
                return name, address
    pytest.skip(f"no name in {HOSTS} of this machine resolves to a loopback address")


def test_a_name_that_resolves_on_the_target_is_followed_by_its_address(
    simulation: Simulation,
) -> None:
    name, address = local_name()
    # The primary has to be at that very address, so its HA port is one that nobody else uses.
    ha_port = simulation.port()
    primary = simulation.node(
        "p", address=address, ipc_address=simulation.address(), ha_port=ha_port
    )
    own = simulation.address() if ":" not in address else "::1"
    node = simulation.node("n", address=own, ipc_address=simulation.address(), ha_port=ha_port)
    with RawClient.ha(primary, simulation.token) as client:
        client.beprimary("p")
    options = {
        "token": simulation.token,
        "ip": node.ipc_address,
        "role": "secondary",
        "node_id": "n",
        "primary_id": "p",
        "primary_ip": name,
    }
    foreseen = run_discreetly("ncs_ha_role", options, check=True)
    done = run_discreetly("ncs_ha_role", options)
    assert done["outcome"] == "done"
    assert done["after"] == foreseen["after"]
    assert done["after"]["primary"] == {"node_id": "p", "address": address}
    assert node.status()["primary"] == {"node_id": "p", "address": address}
    for primary_ip in (name, address):
        again = run_discreetly("ncs_ha_role", {**options, "primary_ip": primary_ip})
        assert again["changed"] is False, "the name and its address are the same node"


def test_a_name_as_ip_is_resolved_too(simulation: Simulation) -> None:
    name, address = local_name()
    own = simulation.address() if ":" not in address else "::1"
    port = simulation.port()
    node = simulation.node("n", address=own, ipc_address=address, ipc_port=port)
    options = {"token": simulation.token, "ip": name, "port": port}
    assert run_discreetly("ncs_ha_status", options)["ha"]["role"] == "none"
    node.stop()
    result = run_discreetly("ncs_ha_status", options)
    assert result["failed"] is True
    assert f"{name}:{port}" in result["msg"]


def test_an_ip_that_does_not_resolve_is_named(simulation: Simulation) -> None:
    options = {"token": simulation.token, "ip": "no-such-host.invalid", "timeout": 3}
    result = run_discreetly("ncs_ha_status", options)
    assert result["failed"] is True
    assert "no-such-host.invalid" in result["msg"]
    assert result["error"]["name"] == "OS"
