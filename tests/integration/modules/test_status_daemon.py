# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_status: where nothing listens, whether the daemon is known not to run.

The host of these tests is taken to have no NSO of its own at the default endpoints.
"""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.secrecy import run_discreetly
from helpers.simulated import Simulation
from helpers.stage import NONE, PRIMARY, Stage
from helpers.state_directory import StateDirectory
from helpers.until import until
from ncs_sim.raw_client import RawClient

NOT_RUNNING = {
    "running": False,
    "why": "Nothing listens where it would, and no process is a daemon.",
}
#: A Python program that sleeps until its standard input ends.
SLEEP = "import sys; sys.stdin.read()"


class Daemon:
    """A process that is called like a daemon, by a name that no other test knows.

    name: its name, which begins with ncs.smp
    """

    def __init__(self, *arguments: str | bytes) -> None:
        self.name = f"ncs.smp-{secrets.token_hex(8)}"
        self.process = subprocess.Popen(
            [self.name, "-c", SLEEP, *arguments], executable=sys.executable, stdin=subprocess.PIPE
        )

    @property
    def pattern(self) -> str:
        """What finds it: the default pattern, for this name."""
        return rf"^{self.name}( |$)"

    def state(self) -> str:
        """Return the letter for its state."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def signal(self, number: signal.Signals, state: str) -> None:
        """Send it a signal; wait until it is in this state."""
        self.process.send_signal(number)
        until(lambda: self.state() == state, what=f"state {state} of process {self.process.pid}")


@contextmanager
def daemon(*arguments: str | bytes) -> Iterator[Daemon]:
    """A process that is called like a daemon."""
    found = Daemon(*arguments)
    try:
        yield found
    finally:
        found.process.kill()
        found.process.communicate()


def look(address: str, process: str = "^no-process-has-this-name$", **more: Any) -> dict[str, Any]:
    """Ask at an address where nothing listens on port 5; return the result."""
    where = {"ip": address, "port": 5, "ha_ip": address}
    options = {"token": "some-token", "process": process, **where}
    result = run_discreetly("ncs_ha_status", {**options, **more})
    assert result["failed"] is True
    assert "ha" not in result
    return result


def test_where_nothing_listens_and_no_process_is_there_the_daemon_does_not_run(
    simulation: Simulation,
) -> None:
    result = look(simulation.address())
    assert result["daemon"] == NOT_RUNNING
    assert NOT_RUNNING["why"] in result["msg"]
    assert result["error"]["os_error"] == "ECONNREFUSED"


def test_a_process_of_the_daemon_is_found(simulation: Simulation) -> None:
    ip = simulation.address()
    with daemon("-root", "/opt/ncs") as found:
        seen = look(ip, found.pattern)["daemon"]
        assert seen["running"] is True
        assert f"Process {found.process.pid} ({found.name} " in seen["why"]
        # Its name and nothing else finds it.
        assert look(ip, rf"^{found.name}$")["daemon"] == NOT_RUNNING
        assert look(ip, rf"^grep {found.name}")["daemon"] == NOT_RUNNING
    assert look(ip, found.pattern)["daemon"] == NOT_RUNNING


def test_what_was_found_is_in_the_message(simulation: Simulation) -> None:
    with daemon() as found:
        result = look(simulation.address(), found.pattern)
    assert result["daemon"]["why"] in result["msg"]
    assert "Connection refused" in result["msg"]
    assert "nso_ha_process" in result["msg"]


def test_a_stopped_process_is_alive_and_one_that_was_not_waited_for_is_not(
    simulation: Simulation,
) -> None:
    ip = simulation.address()
    with daemon() as found:
        found.signal(signal.SIGSTOP, "T")
        assert look(ip, found.pattern)["daemon"]["running"] is True
        found.signal(signal.SIGKILL, "Z")
        assert look(ip, found.pattern)["daemon"] == NOT_RUNNING


def test_a_command_that_is_not_utf_8_does_not_spoil_the_result(simulation: Simulation) -> None:
    with daemon(b"\xff\xfe") as found:
        result = look(simulation.address(), found.pattern)
    assert result["daemon"]["running"] is True
    assert rf"{SLEEP} \xff\xfe)" in result["daemon"]["why"]
    result["msg"].encode("utf-8")


def test_a_command_that_only_names_the_daemon_is_not_one(simulation: Simulation) -> None:
    name = f"ncs.smp-{secrets.token_hex(8)}"
    with subprocess.Popen([sys.executable, "-c", SLEEP, name], stdin=subprocess.PIPE):
        assert look(simulation.address(), rf"^{name}( |$)")["daemon"] == NOT_RUNNING


# The HA port


def test_a_primary_with_another_ipc_port_than_configured_is_found_by_its_ha_port(
    simulation: Simulation,
) -> None:
    node = simulation.node("n", ipc_port=4568)
    with RawClient.ha(node, simulation.token) as client:
        client.beprimary("n")
    seen = look(node.address, ha_port=node.ha_port)["daemon"]
    assert seen["running"] is True
    assert f"Something listens on HA port {node.ha_port} at {node.address}." in seen["why"]
    # It is another node to one with another address, and not known to be to one without.
    ip = simulation.address()
    assert look(ip, ha_port=node.ha_port)["daemon"] == NOT_RUNNING
    for unknown in (None, "", "no such name"):
        assert look(ip, ha_port=node.ha_port, ha_ip=unknown)["daemon"]["running"] is True


def test_a_node_at_the_default_port_of_its_address_is_found(simulation: Simulation) -> None:
    node = simulation.node("n")
    assert node.ipc_port == 4569
    result = look(node.address)
    assert result["daemon"]["running"] is True
    assert f"Something listens at {node.address}:4569. Hint: " in result["msg"]


def test_a_node_is_gone_when_it_was_killed(simulation: Simulation) -> None:
    node = simulation.node("n")
    node.kill()
    options: dict[str, Any] = {"port": node.ipc_port, "ha_port": node.ha_port}
    assert look(node.address, **options)["daemon"] == NOT_RUNNING


# Where the module was to connect


def test_a_socket_that_is_left_over_or_was_never_there_is_looked_at(
    simulation: Simulation, tmp_path: Path
) -> None:
    ip, path = simulation.address(), tmp_path / "ipc"
    options: dict[str, Any] = {"ip": None, "port": None, "path": str(path)}
    missing = look(ip, **options)
    assert (missing["error"]["os_error"], missing["daemon"]) == ("ENOENT", NOT_RUNNING)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen(1)
    left_over = look(ip, **options)
    assert (left_over["error"]["os_error"], left_over["daemon"]) == ("ECONNREFUSED", NOT_RUNNING)


def test_nothing_is_said_of_the_daemon_where_something_else_went_wrong(
    simulation: Simulation, tmp_path: Path
) -> None:
    ip = simulation.address()
    file = tmp_path / "file"
    file.write_text("")
    ways: dict[str, dict[str, Any]] = {
        "ENOTDIR": {"ip": None, "port": None, "path": str(file / "ipc")},
        "no such host": {"ip": "a..b"},
        "bad option": {"timeout": -1},
        "no access file": {"access_file": "/none"},
    }
    for name, options in ways.items():
        assert "daemon" not in look(ip, **options), name


def test_nothing_is_said_of_a_daemon_that_is_silent(simulation: Simulation) -> None:
    node = simulation.node("n")
    node.freeze()
    result = look(node.address, port=node.ipc_port, timeout=0.3)
    assert result["error"]["name"] == "TIMEOUT"
    assert "daemon" not in result


def test_nothing_is_said_of_a_daemon_that_answers(stage: Stage) -> None:
    stage.put(PRIMARY)
    assert "daemon" not in stage.status()
    # In spite of a process that would be taken for one.
    assert "daemon" not in stage.status(process=f"^{Path(sys.executable).name}")


# Run and step


def test_a_look_says_whose_it_is_whatever_came_of_it(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    options: dict[str, Any] = {"run_id": "b", "step": "observe"}
    nobody = stage.simulation.address()
    directory.begin("a")
    ways: dict[str, dict[str, Any]] = {
        "answered": {},
        "nobody listens": {"ip": nobody},
        "never reached": {"ip": nobody, "wait_for": {"phase": 1}, "wait_timeout": 0.2},
        "not met": {"wait_for": {"role": "relay"}, "wait_timeout": 0.2},
        "bad option": {"timeout": -1},
        "bad pattern": {"process": "("},
        "bad directory": {"state_dir": "var/nso-ha"},
        "no access file": {"access_file": "/none"},
        "locked": {"state_dir": str(directory.path)},
    }
    for name, more in ways.items():
        result = stage.status(**options, **more)
        assert bool(result.get("failed")) is (name != "answered"), name
        assert {key: result.get(key) for key in options} == options, name


def test_a_look_that_is_part_of_nothing_says_so(stage: Stage) -> None:
    stage.put(NONE)
    assert not {"run_id", "step"} & set(stage.status())
    assert "step" not in stage.status(run_id="b")
