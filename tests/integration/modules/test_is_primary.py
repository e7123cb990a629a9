# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program ncs-ha-is-primary: its installation, and what it says of nodes in all conditions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from helpers import pythons
from helpers.modules import run_module
from helpers.simulated import Simulation
from helpers.until import until
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient

MODULE = "ncs_ha_is_primary"
IS_PRIMARY, IS_NOT, UNKNOWN = 0, 1, 2
#: Seconds that a start of Python may take on a busy machine, beside the limit of the program.
SLACK = 5.0
#: docs/protocol.md, "MAAPI socket".
SET_READ_ONLY = 229


class Said(NamedTuple):
    status: int
    text: str
    seconds: float


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, as the module installs it."""
    path = tmp_path_factory.mktemp("program") / "ncs-ha-is-primary"
    installed = run_module(MODULE, {"path": str(path), "python": sys.executable})
    assert installed["changed"]
    return path


def run(
    program: Path,
    *words: str,
    environment: Mapping[str, str] | None = None,
    text: str = "",
    python: Path | None = None,
) -> Said:
    begun = time.monotonic()
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NCS_")}
    ended = subprocess.run(
        [*([str(python), "-IS"] if python else []), str(program), *words],
        input=text,
        env={**clean, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not ended.stderr, ended.stderr
    return Said(ended.returncode, ended.stdout, time.monotonic() - begun)


def ask(program: Path, node: NodeHandle, *words: str, timeout: float = 10) -> Said:
    where = ["--ip", node.ipc_address, "--port", str(node.ipc_port), "--timeout", str(timeout)]
    return run(program, *where, *words)


def test_roles_read_only_mode_and_secondaries(program: Path, simulation: Simulation) -> None:
    cluster = simulation.cluster(2, release="6.7")
    first, second = cluster.nodes
    assert ask(program, first)[:2] == (IS_NOT, "the role of the node is none\n")
    first.order("primary")
    assert ask(program, first)[:2] == (IS_PRIMARY, "the node is the primary and takes writes\n")
    alone = ask(program, first, "--secondaries", "1")
    assert alone.status == IS_NOT
    assert "connected secondaries: 0, needed: 1" in alone.text
    second.order("secondary", first)
    assert ask(program, first, "--secondaries", "1").status == IS_PRIMARY
    assert ask(program, second)[:2] == (IS_NOT, "the role of the node is secondary\n")

    with RawClient.maapi(first) as client:
        client.operation(SET_READ_ONLY, 1)
    assert ask(program, first)[:2] == (IS_NOT, "the node is the primary, but in read-only mode\n")
    with RawClient.maapi(first) as client:
        client.operation(SET_READ_ONLY, 0)
    assert ask(program, first, "--quiet")[:2] == (IS_PRIMARY, "")

    first.phase(1)
    assert ask(program, first).status == IS_NOT
    first.phase(2)
    first.order("none")
    assert ask(program, first).status == IS_NOT


def test_a_daemon_that_hangs_dies_or_comes_back_as_none_is_not_the_primary(
    program: Path, simulation: Simulation
) -> None:
    node = simulation.cluster(1).node("n1")
    node.order("primary")
    assert ask(program, node).status == IS_PRIMARY
    node.freeze()
    hung = ask(program, node, timeout=0.5)
    assert hung.status == UNKNOWN
    assert hung.seconds < 0.5 + SLACK
    node.thaw()
    assert ask(program, node).status == IS_PRIMARY
    node.kill()
    dead = ask(program, node)
    assert dead.status == UNKNOWN
    assert "Connection refused" in dead.text
    node.start()
    assert ask(program, node)[:2] == (IS_NOT, "the role of the node is none\n")


def test_answers_that_are_late_cut_off_or_nonsense_end_in_time_and_are_not_known(
    program: Path, simulation: Simulation
) -> None:
    node = simulation.cluster(1).node("n1")
    node.order("primary")
    # Each single answer is in time, all of them together are not.
    node.fault("slow", seconds=0.3, place="maapi")
    slow = ask(program, node, timeout=1)
    assert slow.status == UNKNOWN
    assert slow.seconds < 1 + SLACK
    node.clear()
    for fault in ("garbage", "no-term", "wrong-type", "deep"):
        node.fault(fault)
        assert ask(program, node, timeout=1).status == UNKNOWN, fault
        node.clear()
    node.fault("close", count=3)
    assert ask(program, node, timeout=1).status == UNKNOWN
    node.clear()
    assert ask(program, node).status == IS_PRIMARY


@pytest.mark.parametrize(
    "options",
    [
        {"refuse_sessions": 3},
        {"lacks": ("read-only-mode",)},
        {"lacks": ("daemon-status",)},
        {"lacks": ("ha/mode",)},
    ],
)
def test_what_a_daemon_does_not_tell_is_not_known(
    program: Path, simulation: Simulation, options: dict[str, Any]
) -> None:
    node = simulation.node("n1", **options)
    node.order("primary")
    assert ask(program, node).status == UNKNOWN


def test_a_daemon_without_ha_is_not_the_primary(program: Path, simulation: Simulation) -> None:
    node = simulation.node("n1", ha_enabled=False)
    assert ask(program, node).status == UNKNOWN


def test_a_program_that_stood_still_does_not_say_what_was_true_before(
    program: Path, simulation: Simulation
) -> None:
    node = simulation.cluster(1).node("n1")
    node.order("primary")
    node.fault("slow", seconds=0.5, place="maapi")
    words = ["--ip", node.ipc_address, "--port", str(node.ipc_port), "--timeout", "3"]
    with subprocess.Popen([str(program), *words], stdout=subprocess.PIPE, text=True) as process:
        until(lambda: bool(node.waiting()), what="that the program waits for an answer")
        process.send_signal(signal.SIGSTOP)
        node.clear()
        time.sleep(3.2)
        process.send_signal(signal.SIGCONT)
        text, _nothing = process.communicate(timeout=20)
    assert process.returncode == UNKNOWN, text


def test_the_endpoint_and_the_access_file_come_from_options_or_the_environment(
    program: Path, simulation: Simulation
) -> None:
    cluster = simulation.cluster(1, unix=True, access_check="v2")
    node = cluster.node("n1")
    node.order("primary")
    secret = node.config.access_secret_file
    assert secret
    environment = {"NCS_IPC_PATH": str(node.ipc_path), "NCS_IPC_ACCESS_FILE": secret}
    assert run(program, "--timeout", "10", environment=environment).status == IS_PRIMARY
    words = ["--path", str(node.ipc_path), "--timeout", "10"]
    assert run(program, *words, "--access-file", secret).status == IS_PRIMARY
    without = run(program, *words)
    assert without.status == UNKNOWN
    missing = run(program, *words, "--access-file", "/nonexistent")
    assert missing.status == UNKNOWN
    assert "/nonexistent" in missing.text
    assert Path(secret).read_text() not in without.text + missing.text


def test_the_look_takes_the_ha_socket_from_nobody(program: Path, simulation: Simulation) -> None:
    cluster = simulation.cluster(1)
    node = cluster.node("n1")
    with RawClient.ha(node, cluster.token) as client:
        client.beprimary("n1")
        assert ask(program, node, "--secondaries", "1").status == IS_NOT
        assert client.status()


def test_a_load_balancer_gets_an_answer_by_http(program: Path, simulation: Simulation) -> None:
    node = simulation.cluster(1).node("n1")
    where = ["--ip", node.ipc_address, "--port", str(node.ipc_port), "--timeout", "10", "--http"]
    request = "OPTIONS / HTTP/1.0\r\nHost: node\r\n\r\n"
    assert run(program, *where, text=request).text.startswith("HTTP/1.1 503 ")
    node.order("primary")
    found = run(program, *where, text=request)
    assert found.text.startswith("HTTP/1.1 200 OK")
    assert found.status == IS_PRIMARY
    node.freeze()
    hung = run(program, *where[:4], "--timeout", "0.5", "--http", text=request)
    assert hung.text.startswith("HTTP/1.1 503 ")


@pytest.mark.parametrize("version", pythons.VERSIONS)
def test_the_program_runs_on_every_python_of_the_nodes(
    program: Path, simulation: Simulation, version: str
) -> None:
    python = pythons.find(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    node = simulation.cluster(1).node("n1")
    node.order("primary")
    where = ["--ip", node.ipc_address, "--port", str(node.ipc_port), "--timeout", "10"]
    assert run(program, *where, python=python).status == IS_PRIMARY


def test_installing_changes_what_differs_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "ncs-ha-is-primary"
    params = {"path": str(path), "python": sys.executable}
    assert run_module(MODULE, params, check=True)["changed"]
    assert not path.exists()
    first = run_module(MODULE, params)
    assert first["changed"]
    assert path.stat().st_mode & 0o7777 == 0o755
    for check in (True, False):
        again = run_module(MODULE, params, check=check)
        assert not again["changed"]
        assert again["checksum"] == first["checksum"]

    path.chmod(0o777)
    assert run_module(MODULE, params)["changed"]
    assert path.stat().st_mode & 0o7777 == 0o755
    path.write_bytes(b"#!/bin/true\n")
    assert run_module(MODULE, params, check=True)["changed"]
    assert run_module(MODULE, params)["changed"]
    assert run(path, "--port", "1").status == UNKNOWN


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"path": "relative"}, ("relative", "not absolute")),
        ({"path": "/nonexistent/program"}, ("/nonexistent does not exist",)),
        ({"path": "/dev"}, ("/dev", "not a regular file")),
        ({"python": "python3"}, ("python is 'python3'",)),
        ({"python": "/nonexistent/python3"}, ("/nonexistent/python3", "does not have")),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, params: dict[str, Any], words: tuple[str, ...]
) -> None:
    given = {"path": str(tmp_path / "program"), "python": sys.executable, **params}
    for check in (True, False):
        refused = run_module(MODULE, given, check=check)
        assert refused["failed"]
        assert all(word in refused["msg"] for word in words), refused["msg"]
