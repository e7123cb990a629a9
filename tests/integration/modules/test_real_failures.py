# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that arise for real: nothing is made to refuse, the nodes cannot do what is asked."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Any

import pytest
from helpers import wire
from helpers.recording_proxy import RecordingProxy
from helpers.running import RunningModule
from helpers.secrecy import run_discreetly
from helpers.simulated import Simulation
from helpers.stage import NONE, PRIMARY, SECONDARY_OF_OTHER, SUBJECT, WANTED, Stage
from helpers.until import until
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient


def assert_failed(result: dict[str, Any], name: str, code: int) -> None:
    """The order was refused with this error, and the text says it."""
    assert result["failed"] is True
    assert result["outcome"] == "failed"
    assert result["error"]["name"] == name
    assert result["error"]["code"] == code
    assert f"{name} ({code})" in result["msg"]
    assert result["error"]["meaning"] in result["msg"]
    assert result["error"]["hint"] in result["msg"]


def assert_stayed_none(stage: Stage, result: dict[str, Any], orders: list[str]) -> None:
    assert result["transitions"] == orders
    assert result["changed"] is False
    assert result["before"] == result["after"] == stage.own_view()
    assert result["after"]["role"] == NONE


def test_a_token_that_differs_from_the_primarys_is_ha_badtoken(stage: Stage) -> None:
    stage.put(NONE)
    data = stage.subject.dump()
    result = stage.role("secondary", token=f"wrong-{secrets.token_hex(8)}")
    assert_failed(result, "HA_BADTOKEN", 28)
    assert_stayed_none(stage, result, ["besecondary"])
    assert stage.subject.dump() == data
    assert stage.role("secondary")["outcome"] == "done", "the right token helps"


def test_a_primary_of_another_name_is_ha_badname(stage: Stage) -> None:
    stage.put(NONE)
    data = stage.subject.dump()
    result = stage.role("secondary", primary_id="somebody-else")
    assert_failed(result, "HA_BADNAME", 29)
    assert_stayed_none(stage, result, ["besecondary"])
    assert stage.subject.dump() == data


def test_nobody_at_the_primarys_address_is_ha_connect(stage: Stage) -> None:
    stage.put(NONE)
    data = stage.subject.dump()
    result = stage.role("secondary", primary_ip=stage.simulation.address())
    assert_failed(result, "HA_CONNECT", 25)
    assert_stayed_none(stage, result, ["besecondary"])
    assert stage.subject.dump() == data


def test_a_node_that_is_not_primary_is_ha_connect(stage: Stage) -> None:
    stage.put(NONE)
    with stage.hand(stage.wanted) as client:
        client.benone()
    result = stage.role("secondary")
    assert_failed(result, "HA_CONNECT", 25)
    assert_stayed_none(stage, result, ["besecondary"])


ODD_PRIMARIES = [
    ("HA_BADFXS", 27, {"packages": "of another build"}),
    ("HA_BADVSN", 52, {"release": "6.5"}),
    ("HA_BADCONFIG", 69, {"stream_config": "other streams"}),
]


@pytest.mark.parametrize(("name", "code", "options"), ODD_PRIMARIES, ids=["fxs", "vsn", "config"])
def test_a_primary_that_is_not_alike_is_told_by_its_own_error(
    stage: Stage, simulation: Simulation, name: str, code: int, options: dict[str, Any]
) -> None:
    stage.put(NONE)
    data = stage.subject.dump()
    odd = simulation.node("odd", **options)
    with stage.hand(odd) as client:
        client.beprimary("odd")
    result = stage.role("secondary", primary_id="odd", primary_ip=odd.address)
    assert_failed(result, name, code)
    assert_stayed_none(stage, result, ["besecondary"])
    assert stage.subject.dump() == data


def test_a_taken_ha_port_is_ha_bind(stage: Stage) -> None:
    stage.put(NONE)
    with socket.create_server((stage.subject.address, stage.subject.ha_port)):
        result = stage.role("primary")
    assert_failed(result, "HA_BIND", 30)
    assert_stayed_none(stage, result, ["beprimary"])


# Start phase 0, and relays on releases without them: refused before any order.


@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
@pytest.mark.parametrize("role", ["primary", "secondary", "relay"])
def test_start_phase_0_is_badstate_before_any_order(
    stage: Stage, proxy: RecordingProxy, role: str, check: bool
) -> None:
    stage.put(NONE)
    stage.subject.phase(0)
    before = stage.snapshot()
    options = stage.role_options(role, ip=proxy.ip)
    result = run_discreetly("ncs_ha_role", options, check=check)
    assert_failed(result, "BADSTATE", 17)
    assert_stayed_none(stage, result, [])
    assert "start phase 0" in result["msg"]
    assert proxy.ip in result["msg"]
    assert stage.snapshot() == before
    until(lambda: proxy.open_now == 0)
    sent = [bytes(connection.sent) for connection in proxy.connections]
    assert set(wire.order_numbers(sent)) == {wire.STATUS}


def test_start_phase_0_is_no_obstacle_where_nothing_is_to_be_done(stage: Stage) -> None:
    stage.put(NONE)
    stage.subject.phase(0)
    assert stage.role("none")["changed"] is False


@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
def test_a_relay_on_6_7_is_refused_before_its_data_are_overwritten(
    simulation: Simulation, check: bool
) -> None:
    cluster = simulation.cluster(2, release="6.7")
    node, primary = cluster.nodes
    with RawClient.ha(primary, cluster.token) as client:
        client.beprimary("p")
    primary.write("key", "of the primary")
    node.write("key", "of its own")
    before = (node.status(), node.dump())
    options = {
        "token": cluster.token,
        "ip": node.ipc_address,
        "role": "relay",
        "node_id": "n",
        "primary_id": "p",
        "primary_ip": primary.address,
    }
    result = run_discreetly("ncs_ha_role", options, check=check)
    assert_failed(result, "NOT_IMPLEMENTED", 51)
    assert result["transitions"] == []
    assert result["changed"] is False
    assert "berelay" in result["msg"]
    assert (node.status(), node.dump()) == before
    assert primary.status()["secondaries"] == []


def test_a_secondary_on_6_7_is_possible(simulation: Simulation) -> None:
    """So that the test above is known to be about relays."""
    cluster = simulation.cluster(2, release="6.7")
    node, primary = cluster.nodes
    with RawClient.ha(primary, cluster.token) as client:
        client.beprimary("p")
    primary.write("key", "of the primary")
    options = {
        "token": cluster.token,
        "ip": node.ipc_address,
        "role": "secondary",
        "node_id": "n",
        "primary_id": "p",
        "primary_ip": primary.address,
    }
    assert run_discreetly("ncs_ha_role", options)["outcome"] == "done"
    assert node.dump() == {"key": "of the primary"}


# Nodes that cannot be reached or do not answer. Nothing is known of them then, so nothing is told.


@pytest.fixture(params=["ncs_ha_role", "ncs_ha_status", "ncs_ha_secondary_dead"])
def any_module(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """A module, and its options beside those of the connection."""
    name: str = request.param
    options: dict[str, dict[str, Any]] = {
        "ncs_ha_role": {"role": "primary", "node_id": SUBJECT},
        "ncs_ha_status": {},
        "ncs_ha_secondary_dead": {"node_id": "x"},
    }
    return name, options[name]


def assert_not_reached(result: dict[str, Any], where: str) -> None:
    assert result["failed"] is True
    assert not result.get("changed")
    assert where in result["msg"]
    assert result["error"]["hint"] in result["msg"]
    for key in ("before", "after", "transitions", "outcome", "ha"):
        assert key not in result


def test_a_closed_ipc_port_is_named(stage: Stage, any_module: tuple[str, dict[str, Any]]) -> None:
    name, options = any_module
    ip = stage.simulation.address()
    result = run_discreetly(name, {"token": stage.token, "ip": ip, "port": 4999, **options})
    assert_not_reached(result, f"{ip}:4999")
    assert result["error"]["name"] == "OS"
    assert "Connection refused" in result["msg"]


def test_a_unix_path_where_nothing_is_gets_named(
    stage: Stage, any_module: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    name, options = any_module
    path = str(tmp_path / "nobody")
    result = run_discreetly(name, {"token": stage.token, "path": path, **options})
    assert_not_reached(result, path)
    assert result["error"]["name"] == "OS"
    assert "No such file or directory" in result["msg"]


def test_a_unix_path_that_is_too_long_gets_named(stage: Stage, tmp_path: Path) -> None:
    path = str(tmp_path / ("x" * 200))
    result = run_discreetly("ncs_ha_status", {"token": stage.token, "path": path})
    assert_not_reached(result, path)
    assert result["error"]["name"] == "OS"


def test_a_frozen_daemon_is_a_timeout(stage: Stage, any_module: tuple[str, dict[str, Any]]) -> None:
    name, options = any_module
    stage.put(NONE)
    stage.subject.freeze()
    try:
        result = run_discreetly(name, stage.by_ha_socket(timeout=0.4, **options))
    finally:
        stage.subject.thaw()
    assert_not_reached(result, stage.subject.ipc_address)
    assert result["error"]["name"] == "TIMEOUT"
    assert "0.4 s" in result["msg"]
    assert stage.own_view()["role"] == NONE


def test_a_listener_that_is_no_nso_is_a_clear_error(stage: Stage) -> None:
    """The HA port in place of the IPC port, which is an easy mistake."""
    stage.put(PRIMARY)
    result = stage.status(port=stage.subject.ha_port, timeout=1)
    assert_not_reached(result, f"{stage.subject.address}:{stage.subject.ha_port}")
    assert result["error"]["name"] in ("PROTOUSAGE", "EOF", "TIMEOUT")


def test_an_unreadable_access_file_is_named_before_any_connection(
    stage: Stage, tmp_path: Path
) -> None:
    missing = str(tmp_path / "no-such-file")
    result = stage.status(access_file=missing)
    assert_not_reached(result, missing)
    assert result["error"]["name"] == "OS"


def test_a_daemon_that_dies_before_its_answer_is_reported_as_unknown(
    simulation: Simulation,
) -> None:
    """It is asked again, does not answer, and so nothing is claimed about it."""
    cluster = simulation.cluster(2)
    node, primary = cluster.nodes
    with RawClient.ha(primary, cluster.token) as client:
        client.beprimary("p")
    node.hold(60)
    options = {
        "token": cluster.token,
        "ip": node.ipc_address,
        "role": "secondary",
        "node_id": "n",
        "primary_id": "p",
        "primary_ip": primary.address,
    }
    with RunningModule("ncs_ha_role", options) as running:
        until(lambda: _role(node) == "secondary")
        node.kill()
        result = running.result()
    assert result["failed"] is True
    assert result["outcome"] == "unknown"
    assert result["after"] is None
    assert result["changed"] is True
    assert result["transitions"] == ["besecondary"]
    assert result["diff"]["after"] == {}
    assert "did not answer when asked again" in result["msg"]


def test_berelay_is_not_given_to_a_node_whose_copy_failed(stage: Stage) -> None:
    stage.put(SECONDARY_OF_OTHER)
    result = stage.role("relay", primary_id=WANTED, primary_ip=stage.simulation.address())
    assert_failed(result, "HA_CONNECT", 25)
    assert result["transitions"] == ["besecondary"]
    assert stage.own_view()["role"] == NONE


def _role(node: NodeHandle) -> str:
    role: str = node.status()["role"]
    return role
