# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node a module talks to: options of the task, environment of the target, Unix and IPv6.

Nodes of different roles stand at the addresses, so that the role tells which of them answered.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from helpers.secrecy import run_discreetly
from helpers.simulated import Simulation
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient

ENV_ADDR, ENV_PORT, ENV_PATH = "NCS_IPC_ADDR", "NCS_IPC_PORT", "NCS_IPC_PATH"
#: The same for all nodes here that are not at the default port.
OTHER_PORT = 4999


class Nodes(NamedTuple):
    """Where each node is."""

    token: str
    none: NodeHandle  # at the default port
    secondary: NodeHandle  # at OTHER_PORT of the same address
    primary: NodeHandle  # on a Unix socket
    nobody: str  # an address where nothing is

    def places(self) -> dict[str, Any]:
        return {
            "none": self.none.ipc_address,
            "nobody": self.nobody,
            "path": self.primary.ipc_path,
            "no path": f"{self.primary.ipc_path}-not",
            "port": OTHER_PORT,
            "closed port": 4998,
        }


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with Simulation(tmp_path_factory.mktemp("nodes")) as simulation:
        primary = simulation.cluster(1, unix=True).nodes[0]
        none = simulation.node("none")
        secondary = simulation.node("secondary", ipc_address=none.ipc_address, ipc_port=OTHER_PORT)
        with RawClient.ha(primary, simulation.token) as client:
            client.beprimary("p")
        with RawClient.ha(secondary, simulation.token) as client:
            client.besecondary("s", "p", primary.address)
        yield Nodes(simulation.token, none, secondary, primary, simulation.address())


class Case(NamedTuple):
    """Options and environment, as keys of Nodes.places; and the role of the node that is meant."""

    options: Mapping[str, str]
    environment: Mapping[str, str]
    role: str


CASES = {
    "address of the environment": Case({}, {ENV_ADDR: "none"}, "none"),
    "address and port of the environment": Case(
        {}, {ENV_ADDR: "none", ENV_PORT: "port"}, "secondary"
    ),
    "path of the environment": Case({}, {ENV_PATH: "path"}, "primary"),
    "path before address and port, both of the environment": Case(
        {}, {ENV_PATH: "path", ENV_ADDR: "none", ENV_PORT: "port"}, "primary"
    ),
    "ip of the task": Case({"ip": "none"}, {}, "none"),
    "ip and port of the task": Case({"ip": "none", "port": "port"}, {}, "secondary"),
    "path of the task": Case({"path": "path"}, {}, "primary"),
    "path before ip and port, both of the task": Case(
        {"path": "path", "ip": "none", "port": "port"}, {}, "primary"
    ),
    "ip of the task before address of the environment": Case(
        {"ip": "none"}, {ENV_ADDR: "nobody"}, "none"
    ),
    "port of the task before port of the environment": Case(
        {"ip": "none", "port": "port"}, {ENV_PORT: "closed port"}, "secondary"
    ),
    "path of the task before everything of the environment": Case(
        {"path": "path"}, {ENV_PATH: "no path", ENV_ADDR: "none"}, "primary"
    ),
    "ip of the task before path of the environment": Case(
        {"ip": "none"}, {ENV_PATH: "path"}, "none"
    ),
    "port of the task before path of the environment": Case(
        {"port": "port"}, {ENV_PATH: "path", ENV_ADDR: "none"}, "secondary"
    ),
    "port of the environment with ip of the task": Case(
        {"ip": "none"}, {ENV_PORT: "port"}, "secondary"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_task_before_environment_and_path_before_ip(nodes: Nodes, case: Case) -> None:
    places = nodes.places()
    options = {key: places[value] for key, value in case.options.items()}
    environment = {key: str(places[value]) for key, value in case.environment.items()}
    result = run_discreetly(
        "ncs_ha_status", {"token": nodes.token, **options}, environment=environment
    )
    assert result["ha"]["role"] == case.role


def test_a_path_that_is_wrong_is_not_made_up_for_by_an_ip(nodes: Nodes) -> None:
    """A task that names a node must not end up at another."""
    places = nodes.places()
    options = {"token": nodes.token, "path": places["no path"], "ip": places["none"]}
    result = run_discreetly("ncs_ha_status", options)
    assert result["failed"] is True
    assert places["no path"] in result["msg"]


# Orders over a Unix socket


def test_orders_over_a_unix_socket_do_the_same(simulation: Simulation) -> None:
    cluster = simulation.cluster(2, unix=True)
    node, primary = cluster.nodes
    assert node.ipc_path is not None
    with RawClient.ha(primary, cluster.token) as client:
        client.beprimary("p")
    primary.write("key", "value")
    options = {
        "token": cluster.token,
        "path": node.ipc_path,
        "role": "secondary",
        "node_id": "n",
        "primary_id": "p",
        "primary_ip": primary.address,
    }
    assert run_discreetly("ncs_ha_role", options, check=True)["changed"] is True
    assert node.status()["role"] == "none"
    assert run_discreetly("ncs_ha_role", options)["outcome"] == "done"
    assert run_discreetly("ncs_ha_role", options)["changed"] is False
    assert node.dump() == {"key": "value"}
    node.refuse(18, "on purpose")
    options["role"] = "none"
    assert (
        f"failed at {node.ipc_path}: INTERNAL (18)" in run_discreetly("ncs_ha_role", options)["msg"]
    )


def test_a_unix_socket_that_a_killed_daemon_left_behind_is_a_clear_error(
    simulation: Simulation,
) -> None:
    node = simulation.cluster(1, unix=True).nodes[0]
    assert node.ipc_path is not None
    node.kill()
    assert Path(node.ipc_path).exists()
    options = {"token": simulation.token, "path": node.ipc_path}
    result = run_discreetly("ncs_ha_status", options)
    assert result["error"]["name"] == "OS"
    assert f"{node.ipc_path}: " in result["msg"]
    assert "Connection refused" in result["msg"]


# IPv6


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address ::1")
def test_ipv6_to_the_node_and_between_the_nodes(simulation: Simulation) -> None:
    # All that is on ::1 shares its ports, so both are ones that only this test uses.
    ha_port, ipc_port = simulation.port(), simulation.port()
    primary = simulation.node("p", address="::1", ha_port=ha_port, ipc_address=simulation.address())
    node = simulation.node("n", address="::1", ha_port=ha_port, ipc_port=ipc_port)
    with RawClient.ha(primary, simulation.token) as client:
        client.beprimary("p")
    primary.write("key", "value")
    options = {
        "token": simulation.token,
        "ip": "::1",
        "port": ipc_port,
        "role": "secondary",
        "node_id": "n",
        "primary_id": "p",
        "primary_ip": "0:0:0:0:0:0:0:1",
    }
    foreseen = run_discreetly("ncs_ha_role", options, check=True)
    done = run_discreetly("ncs_ha_role", options)
    assert done["outcome"] == "done"
    assert done["after"] == foreseen["after"]
    assert done["after"]["primary"] == {"node_id": "p", "address": "::1"}
    assert node.status()["primary"] == {"node_id": "p", "address": "::1"}
    assert node.dump() == {"key": "value"}
    for address in ("::1", "0::1", "0:0:0:0:0:0:0:1"):
        again = run_discreetly("ncs_ha_role", {**options, "primary_ip": address})
        assert again["changed"] is False
    node.stop()
    assert f"[::1]:{ipc_port}" in run_discreetly("ncs_ha_role", options)["msg"]
