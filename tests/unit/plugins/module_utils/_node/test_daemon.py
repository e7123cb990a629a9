# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a daemon is known not to run: by its endpoints, its HA port and its process."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
from pathlib import Path
from typing import Any, Iterator

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import daemon
from ansible_collections.nso.ha.plugins.module_utils._node.daemon import Evidence, Place
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import (
    Endpoint,
    TcpEndpoint,
    UnixEndpoint,
)
from ansible_collections.nso.ha.plugins.module_utils.ncs import ipc
from helpers.fake_proc import FakeProc
from helpers.scripted_daemon import IP

#: The default of ncs_ha_status; tests/unit/test_consistency_modules.py sees to that.
PATTERN = r"^ncs\.smp( |$)"
HA_PORT = 4570
#: The address at which other nodes dial this one, and that of another node on the same host.
HA_IP = "127.0.120.2"
OTHER_IP = "127.0.120.3"

NOT_RUNNING = Evidence(False, "Nothing listens where it would, and no process is a daemon.")


class Host:
    """A host on which no daemon runs, until a test adds something.

    Both default endpoints are places of this test. A connection to NSO's real ones fails the test.
    """

    def __init__(self, path: Path, port: int) -> None:
        self.proc = FakeProc(path / "proc")
        self.configured = path / "configured"
        self.default_path = path / "default"
        self.default_port = port

    def look(self, endpoint: Endpoint | None = None, ha_ip: str = HA_IP) -> Evidence:
        """Look for a daemon that was configured to listen at this endpoint."""
        place = Place(
            endpoint or UnixEndpoint(str(self.configured)), ha_ip, HA_PORT, re.compile(PATTERN)
        )
        return daemon.find_daemon(place, str(self.proc))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setattr(daemon, "PATIENCE", 0.2)
    with closed_port() as port:
        host = Host(tmp_path, port)
        monkeypatch.setattr(daemon, "DEFAULT_PATH", str(host.default_path))
        monkeypatch.setattr(ipc, "DEFAULT_IP", IP)
        monkeypatch.setattr(ipc, "DEFAULT_PORT", port)
        yield host


@contextlib.contextmanager
def closed_port(ip: str = IP) -> Iterator[int]:
    """A port that is in use, so that no other test gets it, and where nothing listens."""
    with socket.socket() as sock:
        sock.bind((ip, 0))
        port: int = sock.getsockname()[1]
        yield port


@contextlib.contextmanager
def listener(address: Any, family: int = socket.AF_INET, backlog: int = 8) -> Iterator[Any]:
    """Something that listens and never accepts, as a daemon that is frozen; give its address."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind(address)
        sock.listen(backlog)
        yield sock.getsockname()


def unix_listener(path: Path, backlog: int = 8) -> contextlib.AbstractContextManager[Any]:
    return listener(str(path), socket.AF_UNIX, backlog)


def failing_connect(monkeypatch: pytest.MonkeyPatch, problems: dict[Any, OSError]) -> None:
    """Let connecting to these addresses fail, and to all others be refused."""

    def connect(_sock: socket.socket, address: Any) -> None:
        raise problems.get(address, ConnectionRefusedError(errno.ECONNREFUSED, "refused"))

    monkeypatch.setattr(socket.socket, "connect", connect, raising=False)


def test_a_host_without_any_sign_of_a_daemon_has_none(host: Host) -> None:
    assert host.look() == NOT_RUNNING
    with closed_port() as port:
        assert host.look(TcpEndpoint(IP, port)) == NOT_RUNNING


# Processes


@pytest.mark.parametrize(
    ("command", "more"),
    [
        (["ncs.smp"], {}),
        (["ncs.smp", "-K", "true", "--", "-root", "/opt/ncs"], {"name": "beam.smp"}),
        (["/opt/ncs/current/lib/ncs/erts/bin/ncs.smp", "-W", "w"], {"name": "erts"}),
        (["ncs.smp", ""], {"name": "x"}),
    ],
)
def test_a_process_is_found_by_its_command(host: Host, command: list[str], more: Any) -> None:
    host.proc.process(77, command, **more)
    seen = host.look()
    assert seen.running is True
    assert "Process 77 (ncs.smp" in seen.why
    assert "nso_ha_process" in seen.why


@pytest.mark.parametrize("command", [["renamed"], ["/bin/sh", "/opt/ncs.smp", "x"], [""], []])
def test_a_process_is_found_by_its_name(host: Host, command: list[str]) -> None:
    host.proc.process(77, command, name="ncs.smp")
    assert host.look().running is True


@pytest.mark.parametrize(
    "executable", ["/opt/ncs/bin/ncs.smp", "/opt/ncs/bin/ncs.smp (deleted)", "ncs.smp"]
)
def test_a_process_is_found_by_its_executable(host: Host, executable: str) -> None:
    host.proc.process(77, ["something", "else"], executable=executable)
    seen = host.look()
    assert seen.running is True
    # What a person sees in the list of processes.
    assert "Process 77 (something else)" in seen.why


@pytest.mark.parametrize(
    ("command", "more"),
    [
        (["ncs_cli", "-u", "admin"], {"executable": "/opt/ncs/bin/ncs_cli"}),
        (["/usr/bin/java", "-classpath", "/opt/ncs/java", "ncs.smp"], {"executable": "/bin/java"}),
        (["vi", "ncs.smp"], {}),
        (["grep", "ncs.smp"], {}),
        (["/usr/bin/grep", "^ncs.smp"], {}),
        (["tail", "-f", "/var/log/ncs.smp"], {}),
        (["sh", "-c", "ncs.smp -x"], {}),
        (["/opt/ncs.smp/other", "ncs.smp "], {}),
        (["ncs.smp2"], {}),
        (["ncs.smp.old", "ncs.smp"], {}),
        (["ncsXsmp"], {}),
        (["my-ncs.smp"], {}),
        (["NCS.SMP"], {}),
        (["beam.smp"], {"executable": "/usr/lib/erlang/bin/beam.smp"}),
        (["", "ncs.smp"], {"name": "x"}),
        ([], {"name": "kworker/0:1"}),
    ],
)
def test_another_process_is_not_a_daemon(host: Host, command: list[str], more: Any) -> None:
    host.proc.process(77, command, **more)
    assert host.look() == NOT_RUNNING


@pytest.mark.parametrize("state", ["R", "S", "D", "T", "t", "I"])
def test_a_process_that_sleeps_or_is_stopped_is_alive(host: Host, state: str) -> None:
    host.proc.process(77, ["ncs.smp"], state=state)
    assert host.look().running is True


@pytest.mark.parametrize("state", ["Z", "X"])
@pytest.mark.parametrize("name", ["ncs.smp", "a) S (ncs.smp", ") R"])
def test_a_process_that_has_ended_and_was_not_waited_for_is_not_alive(
    host: Host, state: str, name: str
) -> None:
    host.proc.process(77, ["ncs.smp"], name=name, state=state)
    assert host.look() == NOT_RUNNING


@pytest.mark.parametrize("name", ["a) Z (b", "Z", "with blank"])
def test_a_name_with_anything_in_it_does_not_hide_a_process(host: Host, name: str) -> None:
    host.proc.process(77, ["ncs.smp"], name=name)
    assert host.look().running is True


def test_the_pattern_says_what_a_daemon_looks_like(host: Host) -> None:
    host.proc.process(77, ["ncs.smp", "-root", "/opt/other"])
    host.proc.process(78, ["my-daemon"])
    place = Place(UnixEndpoint("/none/x"), HA_IP, HA_PORT, re.compile("-root /opt/ncs"))
    assert daemon.find_daemon(place, str(host.proc)) == NOT_RUNNING
    local = place._replace(process=re.compile("daemon$"))
    assert "Process 78 (my-daemon)" in daemon.find_daemon(local, str(host.proc)).why


def test_a_pattern_sees_the_arguments_right_after_an_executable_that_was_replaced(
    host: Host,
) -> None:
    host.proc.process(77, ["x", "-root"], executable="/opt/ncs/bin/ncs.smp (deleted)")
    place = Place(UnixEndpoint("/none/x"), HA_IP, HA_PORT, re.compile(r"^ncs\.smp -root$"))
    assert daemon.find_daemon(place, str(host.proc)).running is True


@pytest.mark.parametrize("command", [[""], []])
def test_a_process_without_a_command_is_told_by_its_name(host: Host, command: list[str]) -> None:
    host.proc.process(77, command, name="ncs.smp")
    assert "Process 77 (ncs.smp) " in host.look().why


def test_a_long_command_is_cut_in_the_message(host: Host) -> None:
    host.proc.process(77, ["ncs.smp", "x" * 5000])
    assert len(host.look().why) < 400


def test_a_command_that_is_not_utf_8_is_told_as_text_that_is(host: Host) -> None:
    """Ansible refuses the whole result of a module otherwise."""
    words = ["ncs.smp", os.fsdecode(b"\xff\xfe"), os.fsdecode("ä".encode())]
    host.proc.process(77, words, name=os.fsdecode(b"\xff"), executable=os.fsdecode(b"/bin/\xff"))
    seen = host.look()
    assert seen.running is True
    assert r"(ncs.smp \xff\xfe ä)" in seen.why
    seen.why.encode("utf-8")


def hidden(host: Host) -> None:
    seen = host.look()
    assert seen.running is None
    assert "Processes of other users cannot be seen on this host" in seen.why
    assert "Hint: run this with become." in seen.why


def test_where_the_first_process_is_hidden_nothing_is_known(host: Host) -> None:
    for path in sorted((host.proc.path / "1").iterdir()):
        path.unlink()
    (host.proc.path / "1").rmdir()
    hidden(host)


def test_where_the_first_process_cannot_be_read_nothing_is_known(host: Host) -> None:
    command = host.proc.path / "1" / "cmdline"
    command.unlink()
    command.mkdir()
    hidden(host)


def test_without_proc_nothing_is_known(host: Host) -> None:
    host.proc.path.rename(host.proc.path.with_name("elsewhere"))
    hidden(host)


@pytest.mark.parametrize("file", ["cmdline", "stat"])
def test_a_process_that_cannot_be_read_may_be_a_daemon(
    host: Host, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = host.proc.process(77, ["other"]) / file
    real = daemon._read

    def read(name: str) -> bytes:
        if name == str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(name)

    monkeypatch.setattr(daemon, "_read", read)
    hidden(host)


@pytest.mark.parametrize("missing", [("stat", "cmdline"), ("cmdline",)])
def test_a_process_that_has_vanished_is_passed_over(host: Host, missing: tuple[str, ...]) -> None:
    directory = host.proc.process(77, ["ncs.smp"])
    for name in missing:
        (directory / name).unlink()
    assert host.look() == NOT_RUNNING
    host.proc.process(78, ["ncs.smp"])
    assert "Process 78 " in host.look().why


@pytest.mark.parametrize("file", ["stat", "cmdline"])
def test_a_process_that_vanishes_while_it_is_read_is_passed_over(
    host: Host, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = host.proc.process(77, ["ncs.smp"]) / file
    real = daemon._read

    def read(name: str) -> bytes:
        if name == str(path):
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        return real(name)

    monkeypatch.setattr(daemon, "_read", read)
    assert host.look() == NOT_RUNNING


def test_a_process_of_which_nothing_is_left_to_read_is_passed_over(host: Host) -> None:
    (host.proc.process(77, ["ncs.smp"]) / "stat").write_text("")
    assert host.look() == NOT_RUNNING


# The HA port


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "::", HA_IP, f"::ffff:{HA_IP}"),
        # An address that NSO has by default, and addresses by which no two nodes are told apart.
        *("127.0.0.1", "::1", "::ffff:127.0.0.1", "192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7"),
    ],
)
def test_a_listener_on_the_ha_port_may_be_the_daemon(host: Host, address: str) -> None:
    host.proc.socket(address, HA_PORT)
    seen = host.look()
    assert seen.running is True
    told = address[len("::ffff:") :] if address.startswith("::ffff:") else address
    assert f"Something listens on HA port {HA_PORT} at {told}. Hint: " in seen.why


@pytest.mark.parametrize("address", [OTHER_IP, f"::ffff:{OTHER_IP}"])
def test_a_listener_at_another_loopback_address_is_another_node(host: Host, address: str) -> None:
    host.proc.socket(address, HA_PORT)
    assert host.look() == NOT_RUNNING
    assert host.look(ha_ip=OTHER_IP).running is True


def test_of_several_listeners_that_of_this_node_counts(host: Host) -> None:
    host.proc.socket(OTHER_IP, HA_PORT)
    host.proc.socket(HA_IP, HA_PORT)
    assert f"at {HA_IP}." in host.look().why


def test_a_listener_on_another_port_does_not_count(host: Host) -> None:
    host.proc.socket(HA_IP, HA_PORT + 1)
    host.proc.socket("0.0.0.0", HA_PORT - 1)
    assert host.look() == NOT_RUNNING


@pytest.mark.parametrize("ha_ip", ["", "a..b", "300.1.2.3..", "0.0.0.0", "fe80::1%lo", "a\0b"])
def test_where_the_address_of_the_node_is_not_known_every_listener_counts(
    host: Host, ha_ip: str
) -> None:
    host.proc.socket(OTHER_IP, HA_PORT)
    assert host.look(ha_ip=ha_ip).running is True


def test_where_the_name_of_the_node_cannot_be_resolved_every_listener_counts(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_arguments: object, **_options: object) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    host.proc.socket(OTHER_IP, HA_PORT)
    seen = host.look(UnixEndpoint(str(host.configured)), ha_ip="nso.example")
    assert f"Something listens on HA port {HA_PORT} at {OTHER_IP}." in seen.why
    assert seen.running is True


def test_the_name_of_the_node_may_have_several_addresses(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def two(name: Any, *arguments: Any, **options: Any) -> Any:
        if name != "nso.example":
            return real(name, *arguments, **options)
        return [
            entry for ip in ("192.0.2.1", OTHER_IP) for entry in real(ip, *arguments, **options)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    host.proc.socket(HA_IP, HA_PORT)
    assert host.look(ha_ip="nso.example") == NOT_RUNNING
    host.proc.socket(OTHER_IP, HA_PORT)
    assert host.look(ha_ip="nso.example").running is True


def test_without_the_tables_of_the_kernel_nothing_is_known(host: Host) -> None:
    host.proc.table("tcp").unlink()
    seen = host.look()
    assert seen.running is None
    assert (
        f"Whether something listens on HA port {HA_PORT} cannot be determined: No such" in seen.why
    )


# Endpoints


def test_a_configured_endpoint_that_answers_is_a_daemon(host: Host) -> None:
    with unix_listener(host.configured):
        assert host.look() == Evidence(True, f"Something listens at {host.configured}.")
    with listener((IP, 0)) as (_ip, port):
        seen = host.look(TcpEndpoint(IP, port))
    assert seen == Evidence(True, f"Something listens at {IP}:{port}.")


def test_a_socket_that_is_left_over_is_not_a_daemon(host: Host) -> None:
    with unix_listener(host.configured):
        pass
    assert host.configured.exists()
    assert host.look() == NOT_RUNNING


def test_nso_at_its_default_path_is_found_with_a_hint(host: Host) -> None:
    with unix_listener(host.default_path):
        seen = host.look()
    assert seen.running is True
    assert f"Something listens at {host.default_path}. Hint: " in seen.why
    assert "nso_ha_path" in seen.why


def test_nso_at_its_default_port_is_found_with_a_hint(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listener((IP, 0)) as (_ip, port):
        monkeypatch.setattr(ipc, "DEFAULT_PORT", port)
        seen = host.look()
    assert seen.running is True
    assert f"Something listens at {IP}:{port}. Hint: " in seen.why
    assert "nso_ha_port" in seen.why


def test_nso_at_its_default_port_of_the_configured_address_is_found(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listener((OTHER_IP, 0)) as (_ip, port), closed_port(OTHER_IP) as closed:
        monkeypatch.setattr(ipc, "DEFAULT_PORT", port)
        seen = host.look(TcpEndpoint(OTHER_IP, closed))
    assert seen.running is True
    assert f"Something listens at {OTHER_IP}:{port}. Hint: " in seen.why


def test_a_default_that_is_configured_needs_no_hint(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listener((IP, 0)) as (_ip, port):
        monkeypatch.setattr(ipc, "DEFAULT_PORT", port)
        seen = host.look(TcpEndpoint(IP, port))
    assert seen == Evidence(True, f"Something listens at {IP}:{port}.")


def test_each_endpoint_is_tried_once(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    def connect(_sock: socket.socket, address: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")

    monkeypatch.setattr(socket.socket, "connect", connect, raising=False)
    path, port = str(host.default_path), host.default_port
    host.look()
    assert tried == [str(host.configured), path, (IP, port)]
    for endpoint in (UnixEndpoint(path), TcpEndpoint(IP, port)):
        tried.clear()
        host.look(endpoint)
        assert sorted(map(str, tried)) == sorted(map(str, [path, (IP, port)]))
    tried.clear()
    host.look(TcpEndpoint(OTHER_IP, 5))
    assert tried == [(OTHER_IP, 5), path, (IP, port), (OTHER_IP, port)]


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "No route to host"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset"), "Connection reset"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily"), "Resource temporarily"),
        (socket.timeout("timed out"), "timed out"),
    ],
)
@pytest.mark.parametrize("where", ["configured", "default path", "default port"])
def test_what_cannot_be_tried_may_be_a_daemon(
    host: Host, where: str, problem: OSError, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address: Any = {
        "configured": str(host.configured),
        "default path": str(host.default_path),
        "default port": (IP, host.default_port),
    }[where]
    failing_connect(monkeypatch, {address: problem})
    seen = host.look()
    assert seen.running is None
    assert f"cannot be determined: {words}." in seen.why
    told = f"{IP}:{host.default_port}" if where == "default port" else address
    assert f"Whether a daemon listens at {told} " in seen.why


def test_a_path_that_cannot_be_looked_at_may_be_a_daemon(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    seen = host.look(UnixEndpoint(str(tmp_path / "file" / "ipc")))
    assert seen.running is None
    assert "cannot be determined: Not a directory." in seen.why
    seen = host.look(UnixEndpoint("/" + "x" * 200))
    assert seen.running is None
    assert "cannot be determined: AF_UNIX path too long." in seen.why


def test_a_file_that_is_no_socket_is_not_a_daemon(host: Host) -> None:
    host.configured.write_text("")
    assert host.look() == NOT_RUNNING


def test_a_listener_that_accepts_nobody_is_a_daemon_while_its_queue_has_room(host: Host) -> None:
    with unix_listener(host.configured, backlog=0), contextlib.ExitStack() as stack:
        assert host.look().running is True
        # The look's own connection is gone and still in the queue; from here on it is full.
        with contextlib.suppress(BlockingIOError):
            while True:
                sock = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                sock.setblocking(False)
                sock.connect(str(host.configured))
        seen = host.look()
    assert seen.running is None
    assert f"Whether a daemon listens at {host.configured} cannot be determined: " in seen.why


def test_a_name_that_cannot_be_resolved_may_be_a_daemon(host: Host) -> None:
    seen = host.look(TcpEndpoint("a..b", 4))
    assert seen.running is None
    assert "Whether a daemon listens at a..b:4 cannot be determined: " in seen.why


class Name:
    """A host name with two addresses."""

    name = "nso.example"
    addresses = ("192.0.2.1", "192.0.2.2")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.getaddrinfo)

    def getaddrinfo(self, name: Any, *arguments: Any, **options: Any) -> Any:
        names = self.addresses if name == self.name else (name,)
        return [entry for ip in names for entry in self._real(ip, *arguments, **options)]


@pytest.mark.parametrize("number", [0, 1])
def test_every_address_of_a_name_has_to_be_refused(
    host: Host, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = Name(monkeypatch)
    failing_connect(monkeypatch, {})
    assert host.look(TcpEndpoint(name.name, 4)) == NOT_RUNNING
    failing_connect(monkeypatch, {(name.addresses[number], 4): socket.timeout("timed out")})
    seen = host.look(TcpEndpoint(name.name, 4))
    assert seen.running is None
    assert f"Whether a daemon listens at {name.name}:4 cannot be determined: timed out." in seen.why


def test_one_address_of_a_name_that_answers_is_a_daemon(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Name, "addresses", (IP, OTHER_IP))
    name = Name(monkeypatch)
    with listener((OTHER_IP, 0)) as (_ip, port):
        assert host.look(TcpEndpoint(name.name, port)).running is True


# All of it


def test_one_sure_sign_counts_more_than_what_cannot_be_looked_at(
    host: Host, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    unclear = UnixEndpoint(str(tmp_path / "file" / "ipc"))
    host.proc.table("tcp").unlink()
    assert host.look(unclear).running is None
    host.proc.process(77, ["ncs.smp"])
    seen = host.look(unclear)
    assert seen.running is True
    assert "cannot be determined" not in seen.why


def test_all_that_cannot_be_looked_at_is_told(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    host.proc.table("tcp").unlink()
    (host.proc.path / "1" / "cmdline").unlink()
    seen = host.look(UnixEndpoint(str(tmp_path / "file" / "ipc")))
    assert seen.running is None
    for part in (
        "Not a directory.",
        "HA port 4570 cannot be determined",
        "Processes of other users",
    ):
        assert part in seen.why


@pytest.mark.skipif(
    not os.access("/proc/1/cmdline", os.R_OK), reason="this user cannot see all processes"
)
def test_this_host_can_be_looked_at(host: Host) -> None:
    """With the real processes and tables, and a pattern that nothing matches."""
    place = Place(UnixEndpoint(str(host.configured)), HA_IP, host.default_port, re.compile("$^x"))
    assert daemon.find_daemon(place) == NOT_RUNNING
