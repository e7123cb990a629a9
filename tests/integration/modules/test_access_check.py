# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPC access check: where it passes, and which of its failures a message is about."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from helpers.secrecy import ENV_ACCESS_FILE, run_discreetly
from helpers.simulated import Simulation
from ncs_sim.handle import NodeHandle

VERSIONS = ("v1", "v2")
MODULES: dict[str, dict[str, Any]] = {
    "ncs_ha_role": {"role": "primary", "node_id": "n"},
    "ncs_ha_status": {},
    "ncs_ha_secondary_dead": {"node_id": "x"},
    "ncs_ha_read_only": {"read_only": False},
}


class Guarded(NamedTuple):
    """Nodes with each version of the check, one without, and files to try."""

    token: str
    nodes: dict[str, NodeHandle]
    right: Path
    wrong: Path
    newline: Path

    def connection(self, version: str, **more: object) -> dict[str, Any]:
        return {"token": self.token, "ip": self.nodes[version].ipc_address, **more}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("files")
    secret = f"secret-{secrets.token_hex(12)}"
    files = {"right": secret, "wrong": f"wrong-{secrets.token_hex(12)}", "newline": f"{secret}\n"}
    for name, content in files.items():
        (directory / name).write_text(content)
    with Simulation(tmp_path_factory.mktemp("nodes")) as simulation:
        nodes = {
            version: simulation.node(
                version, access_check=version, access_secret_file=str(directory / "right")
            )
            for version in VERSIONS
        }
        nodes["off"] = simulation.node("off")
        paths = [directory / name for name in files]
        yield Guarded(simulation.token, nodes, *paths)


def assert_refused(result: dict[str, Any], guarded: Guarded, version: str, *parts: str) -> None:
    assert result["failed"] is True
    assert not result.get("changed")
    where = f"{guarded.nodes[version].ipc_address}:4569"
    for part in (where, "NCS_IPC_ACCESS_FILE", *parts):
        assert part in result["msg"]
    assert guarded.nodes[version].status()["role"] == "none"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_right_secret_is_let_in_by_every_module(guarded: Guarded, version: str) -> None:
    options = guarded.connection(version, access_file=str(guarded.right))
    made = run_discreetly("ncs_ha_role", {**options, **MODULES["ncs_ha_role"]})
    assert made["outcome"] == "done"
    assert guarded.nodes[version].status()["role"] == "primary"
    assert run_discreetly("ncs_ha_status", options)["ha"]["role"] == "primary"
    dead = run_discreetly("ncs_ha_secondary_dead", {**options, "node_id": "x"})
    assert dead["outcome"] == "done"
    opened = run_discreetly("ncs_ha_read_only", {**options, "read_only": False})
    assert opened["outcome"] == "done"
    left = run_discreetly("ncs_ha_role", {**options, "role": "none"})
    assert left["after"]["role"] == "none"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_file_of_the_environment_is_used(guarded: Guarded, version: str) -> None:
    environment = {ENV_ACCESS_FILE: str(guarded.right)}
    options = guarded.connection(version)
    result = run_discreetly("ncs_ha_status", options, environment=environment)
    assert result["ha"]["role"] == "none"


def test_the_file_of_the_task_comes_before_that_of_the_environment(guarded: Guarded) -> None:
    environment = {ENV_ACCESS_FILE: str(guarded.wrong)}
    options = guarded.connection("v2", access_file=str(guarded.right))
    result = run_discreetly("ncs_ha_status", options, environment=environment)
    assert result["ha"]["role"] == "none"


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_wrong_secret_is_named_as_such(guarded: Guarded, version: str, module: str) -> None:
    options = guarded.connection(version, access_file=str(guarded.wrong), **MODULES[module])
    result = run_discreetly(module, options)
    assert_refused(result, guarded, version, "ACCESS_DENIED (3)", "is not the one of the daemon")


def test_a_newline_at_the_end_counts(guarded: Guarded) -> None:
    options = guarded.connection("v2", access_file=str(guarded.newline))
    result = run_discreetly("ncs_ha_status", options)
    assert_refused(result, guarded, "v2", "is not the one of the daemon", "final newline")


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_secret_missing_at_the_client_is_named_as_such(
    guarded: Guarded, version: str, module: str
) -> None:
    result = run_discreetly(module, guarded.connection(version, **MODULES[module]))
    assert_refused(result, guarded, version, "If its ncs-ipc-access-check is on", "client needs")


@pytest.mark.parametrize("module", MODULES)
def test_a_check_missing_at_the_daemon_is_named_as_such(guarded: Guarded, module: str) -> None:
    options = guarded.connection("off", access_file=str(guarded.right), **MODULES[module])
    result = run_discreetly(module, options)
    assert_refused(result, guarded, "off", "ncs-ipc-access-check is off", "must not have")


def test_an_empty_variable_of_the_environment_is_none(guarded: Guarded) -> None:
    environment = {ENV_ACCESS_FILE: ""}
    result = run_discreetly("ncs_ha_status", guarded.connection("off"), environment=environment)
    assert result["ha"]["role"] == "none"


def test_the_wrong_secret_is_not_waited_away(guarded: Guarded) -> None:
    started = time.monotonic()
    options = guarded.connection("v2", access_file=str(guarded.wrong))
    wait = {"wait_for": {"role": "none"}, "wait_timeout": 60}
    result = run_discreetly("ncs_ha_status", {**options, **wait})
    assert_refused(result, guarded, "v2", "is not the one of the daemon")
    assert time.monotonic() - started < 30


def test_a_secret_missing_at_the_client_is_still_named_after_a_wait(guarded: Guarded) -> None:
    wait = {"wait_for": {"role": "none"}, "wait_timeout": 0.4}
    result = run_discreetly("ncs_ha_status", guarded.connection("v2", **wait))
    assert_refused(result, guarded, "v2", "If its ncs-ipc-access-check is on")
    assert result["ha"] is None
