# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `ncs-sim`, run the way a person runs it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from ncs_sim.cli import main
from ncs_sim.cluster import Cluster
from ncs_sim.fault_kinds import KINDS
from ncs_sim.process import ProcessId

Run = Callable[..., subprocess.CompletedProcess[str]]
Until = Callable[..., None]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Run ncs-sim; whatever it left running is stopped afterwards."""
    directory = tmp_path / "sim"

    def ncs_sim(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ncs_sim", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done

    yield ncs_sim
    if (directory / "cluster.json").exists():
        Cluster.open(directory).down()


@pytest.fixture
def ctl(run: Run, tmp_path: Path) -> Run:
    def ask(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        return run("ctl", "--dir", str(tmp_path / "sim"), *arguments, status=status)

    return ask


@pytest.fixture
def up(run: Run, tmp_path: Path, first_address: str) -> Callable[..., None]:
    def start(*options: str) -> None:
        where = ["--dir", str(tmp_path / "sim"), "--first-address", first_address]
        run("up", *where, "--exit-with-pid", str(os.getpid()), *options)

    return start


def test_each_node_gets_a_state_directory_that_can_be_made_and_has_not_been(
    up: Callable[..., None], tmp_path: Path
) -> None:
    up("--nodes", "2")
    hosts = yaml.safe_load((tmp_path / "sim" / "inventory.yml").read_text())["nso"]["hosts"]
    state = {name: Path(host["nso_ha_state_dir"]) for name, host in hosts.items()}
    assert state == {name: tmp_path / "sim" / name / "state" for name in ("n1", "n2")}
    for path in state.values():
        assert path.parent.is_dir()
        assert not path.exists()


def test_a_cluster_lives_from_up_to_down(
    up: Callable[..., None], run: Run, ctl: Run, tmp_path: Path
) -> None:
    up("--nodes", "2")
    directory = tmp_path / "sim"
    inventory = directory / "inventory.yml"
    assert stat.S_IMODE(inventory.stat().st_mode) == 0o600
    token = Cluster.open(directory).token
    assert token in inventory.read_text()
    status = json.loads(ctl("n1", "status").stdout)
    assert status["role"] == "none"
    assert token not in json.dumps(status)
    assert token.encode() not in Path(f"/proc/{status['pid']}/cmdline").read_bytes()
    assert run("up", "--dir", str(directory), status=1).stderr.count("\n") == 1
    ctl("n1", "write", "key", "value")
    assert ctl("n1", "read", "key").stdout == "value\n"
    ctl("n1", "read", "other", status=1)
    ctl("n1", "kill")
    assert json.loads(ctl("n1", "status").stdout)["running"] is False
    ctl("n1", "write", "key", "other", status=1)
    ctl("n1", "start")
    assert json.loads(ctl("n1", "dump").stdout) == {"key": "value"}
    ctl("n2", "freeze")
    ctl("n2", "write", "k", "v", "--timeout", "0.3", status=3)
    processes = [node.process for node in Cluster.open(directory).nodes]
    run("down", "--dir", str(directory))
    assert not any(process and process.alive for process in processes)
    run("down", "--dir", str(directory))


def test_phase_refuse_and_hold_reach_the_node(up: Callable[..., None], ctl: Run) -> None:
    up("--nodes", "1", "--start-phase", "0")
    ctl("n1", "phase", "1")
    assert json.loads(ctl("n1", "status").stdout)["phase"] == 1
    ctl("n1", "fault", "refuse", "18", "no reason")
    ctl("n1", "fault", "hold", "0.1")
    ctl("n1", "stop")
    ctl("n1", "start")


def test_faults_and_orders_by_hand_reach_the_node(up: Callable[..., None], ctl: Run) -> None:
    up("--nodes", "2")
    ctl("n1", "fault", "close", "3", "--for", "status", "--next")
    ctl("n1", "fault", "cut", "n9")
    close = {"fault": "close", "place": "status", "count": 3, "from_start": False, "once": True}
    cut = {"fault": "cut", "peer": "n9", "established": False}
    assert json.loads(ctl("n1", "faults").stdout) == [close, cut]
    ctl("n1", "clear", "cut", "n9")
    assert json.loads(ctl("n1", "faults").stdout) == [close]
    ctl("n1", "clear")
    ctl("n1", "fault", "close", "many", status=2)
    assert ctl("n1", "fault", "pieces", "0", status=1).stderr.count("\n") == 1
    ctl("n1", "order", "primary")
    ctl("n2", "order", "secondary", "n1")
    assert json.loads(ctl("n2", "status").stdout)["primary"]["node_id"] == "n1"
    ctl("n1", "fault", "controller", "a-token")
    assert json.loads(ctl("n1", "faults").stdout) == [{"fault": "controller", "own_token": True}]
    ctl("n1", "clear")
    assert json.loads(ctl("n1", "faults").stdout) == []
    assert ctl("n2", "order", "primary", "n1", status=1).stderr.count("\n") == 1


def test_a_reused_pid_is_never_signalled(up: Callable[..., None], ctl: Run, tmp_path: Path) -> None:
    up("--nodes", "1")
    ctl("n1", "stop")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        found = ProcessId.of(stranger.pid)
        assert found is not None
        ProcessId(found.pid, found.start - 1).save(tmp_path / "sim" / "n1")
        ctl("n1", "kill")
        assert stranger.poll() is None
        stranger.kill()


def test_a_node_ends_with_the_process_it_depends_on(
    run: Run, tmp_path: Path, first_address: str, until: Until
) -> None:
    with subprocess.Popen(["sleep", "60"]) as parent:
        run(
            "up",
            *("--dir", str(tmp_path / "sim"), "--first-address", first_address),
            *("--nodes", "1", "--exit-with-pid", str(parent.pid)),
        )
        node = Cluster.open(tmp_path / "sim").node("n1")
        assert node.running
        parent.kill()
    until(lambda: not node.running)


def test_a_node_runs_in_the_foreground_until_it_is_told_to_stop(
    tmp_path: Path, first_address: str, until: Until
) -> None:
    directory = tmp_path / "alone"
    command = [sys.executable, "-m", "ncs_sim", "node"]
    command += ["--dir", str(directory), "--address", first_address]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as node:
        # The last thing that it makes; before, it may not be ready for the signal.
        until((directory / "ctl").exists)
        node.send_signal(signal.SIGTERM)
        assert node.wait(10) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["node", "--dir", "/nonexistent/x"],
        ["node", "--dir", "/nonexistent/x", "--again"],
        ["node", "--dir", "/nonexistent/x", "--address", "nonsense"],
        ["up", "--dir", "/nonexistent/x", "--nodes", "0"],
        ["up", "--dir", "/nonexistent/x", "--first-address", "x"],
        ["down", "--dir", "/nonexistent"],
        ["ctl", "--dir", "/nonexistent", "n1", "status"],
    ],
)
def test_a_mistake_is_told_in_one_line(run: Run, arguments: list[str]) -> None:
    done = run(*arguments, status=1)
    assert done.stderr.startswith("ncs-sim: ")
    assert done.stderr.count("\n") == 1


def test_an_address_that_is_taken_fails_the_whole_up(
    up: Callable[..., None], run: Run, tmp_path: Path, first_address: str
) -> None:
    up("--nodes", "1")
    other = tmp_path / "other"
    done = run("up", "--dir", str(other), "--first-address", first_address, status=1)
    assert "cannot listen on" in done.stderr
    assert not any(node.running for node in Cluster.open(other).nodes)


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    ctl = ["ctl", "--dir", "x", "n1"]
    faults = [[*ctl, "fault", name] for name in KINDS]
    for command in (
        [],
        ["node"],
        ["up"],
        ["down"],
        ["ctl"],
        ["load"],
        ["judge"],
        [*ctl, "fault"],
        *faults,
    ):
        with pytest.raises(SystemExit) as caught:
            main([*command, "--help"])
        assert caught.value.code == 0
        assert "usage: ncs-sim" in capsys.readouterr().out
