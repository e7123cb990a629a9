# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: SIM117 - a connection and what it raises are two things
"""Connecting: handshake, protocol versions, access check, and the caller's socket."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import access, error, frames, ipc
from helpers import vectors
from helpers.scripted_daemon import (
    Close,
    Deaf,
    Expect,
    Script,
    ScriptedDaemon,
    Send,
    Step,
    Trickle,
    Ways,
)
from helpers.vectors import ACCEPTED, CHALLENGE, HELLO, PASSED, REFUSED, RESPONSE, SECRET

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

SOON = 0.3
LATE = 10.0

CLIENTS = {
    "ha": ipc.Client.HA,
    "events": ipc.Client.EVENTS,
    "cdb": ipc.Client.CDB,
    "maapi": ipc.Client.MAAPI,
}

#: The versions of a daemon by protocol version; docs/protocol.md, "Handshake".
RELEASES = {66: 0x06060000, 85: 0x08050600, 86: 0x08060800, 87: 0x08070200}


def hello(client: int, protocol: int, library: int) -> bytes:
    return struct.pack(">BHIBB", client, protocol, library, 0, 0)


def answer(status: int, protocol: int, library: int) -> bytes:
    return struct.pack(">BHIBB", status, protocol, library, 20, 9)


HA_V2 = HELLO["ha_with_access_check_v2"]
HA_V1 = b"\x91" + HELLO["ha"][1:]

CHALLENGE_V1 = b"\x0b" + bytes(range(16, 32))
RESPONSE_V1 = b"\x0c" + hashlib.md5(SECRET + CHALLENGE_V1[1:]).digest()


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_each_kind_of_client_shakes_hands_as_the_vendors_do(
    name: str, family: int, way: Ways
) -> None:
    # What follows the answer belongs to the next reader.
    script: Script = [Expect(HELLO[name]), way.step(ACCEPTED + b"next")]
    with ScriptedDaemon(script, family=family) as daemon, daemon.client(kind=way.kind) as sock:
        versions = ipc.connect(sock, CLIENTS[name], daemon.address)
        assert versions == ipc.Versions(77, 0x07070100)
        assert frames.receive(sock, 4, frames.Deadline(5)) == b"next"


def test_the_handshakes_of_the_vectors_are_all_tested() -> None:
    assert set(HELLO) == {*CLIENTS, "ha_with_access_check_v2"}


def test_other_limits_of_the_daemon_are_no_obstacle() -> None:
    script: Script = [Expect(HELLO["ha"]), Send(answer(2, 77, 0x07070200))]
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        assert ipc.connect(sock, ipc.Client.HA, daemon.address) == (77, 0x07070200)


@pytest.mark.parametrize("status", [3, 11, 127, 255])
def test_a_status_that_is_not_known_is_an_error(status: int) -> None:
    script: Script = [Expect(HELLO["ha"]), Send(answer(status, 86, 0x08060800))]
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        with pytest.raises(error.Error, match=rf"protocol 86, .* status {status}\b") as caught:
            ipc.connect(sock, ipc.Client.HA, daemon.address)
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE


def test_the_refusal_of_the_vectors_is_answered_with_its_own_versions(family: int) -> None:
    again = hello(17, 86, 0x08060800)
    assert again == HELLO["ha"][:1] + REFUSED[1:7] + b"\0\0"
    first: Script = [Expect(HELLO["ha"]), Send(REFUSED)]
    second: Script = [Expect(again), Send(answer(0, 86, 0x08060800))]
    with ScriptedDaemon(first, second, family=family) as daemon, daemon.client() as sock:
        assert ipc.connect(sock, ipc.Client.HA, daemon.address) == (86, 0x08060800)


@pytest.mark.parametrize("protocol", sorted(RELEASES))
def test_each_release_is_met_with_its_own_versions(protocol: int, way: Ways) -> None:
    library = RELEASES[protocol]
    first: Script = [Expect(HELLO["cdb"]), way.step(answer(1, protocol, library)), Close()]
    second: Script = [Expect(hello(5, protocol, library)), way.step(answer(0, protocol, library))]
    with ScriptedDaemon(first, second) as daemon, daemon.client(kind=way.kind) as sock:
        assert ipc.connect(sock, ipc.Client.CDB, daemon.address) == (protocol, library)


def test_the_second_answer_may_have_other_limits_too() -> None:
    first: Script = [Expect(HELLO["ha"]), Send(REFUSED)]
    second: Script = [Expect(hello(17, 86, 0x08060800)), Send(answer(2, 86, 0x08060800))]
    with ScriptedDaemon(first, second) as daemon, daemon.client() as sock:
        ipc.connect(sock, ipc.Client.HA, daemon.address)


def test_a_second_refusal_is_an_error_that_names_both_versions() -> None:
    # The daemon also sees that no third connection is made.
    first: Script = [Expect(HELLO["ha"]), Send(REFUSED)]
    second: Script = [Expect(hello(17, 86, 0x08060800)), Send(answer(1, 87, 0x08070200))]
    with ScriptedDaemon(first, second) as daemon, daemon.client() as sock:
        with pytest.raises(error.Error) as caught:
            ipc.connect(sock, ipc.Client.HA, daemon.address)
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    text = str(caught.value)
    for part in ("protocol 77", "7.7.1.0", "protocol 87", "8.7.2.0", "protocol 86", "8.6.8.0"):
        assert part in text


def test_a_daemon_that_refuses_the_versions_it_has_itself_is_not_asked_for_ever() -> None:
    refusal = answer(1, 77, 0x07070100)
    script: Script = [Expect(HELLO["ha"]), Send(refusal)]
    with ScriptedDaemon(script, script) as daemon, daemon.client() as sock:
        with pytest.raises(error.Error, match="refused this client") as caught:
            ipc.connect(sock, ipc.Client.HA, daemon.address)
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE


# The caller's socket.


@pytest.mark.parametrize("timeout", [None, 4.0])
def test_the_callers_socket_stays_good_after_a_second_connection(
    family: int, timeout: float | None
) -> None:
    first: Script = [Expect(HELLO["ha"]), Send(REFUSED)]
    second: Script = [
        Expect(hello(17, 86, 0x08060800)),
        Send(answer(0, 86, 0x08060800)),
        Expect(b"more"),
    ]
    with ScriptedDaemon(first, second, family=family) as daemon, daemon.client(timeout) as sock:
        number = sock.fileno()
        ipc.connect(sock, ipc.Client.HA, daemon.address)
        assert sock.fileno() == number
        assert sock.gettimeout() == timeout
        assert not os.get_inheritable(number)
        sock.settimeout(5)
        sock.sendall(b"more")


def test_the_second_connection_leaves_no_descriptor_open() -> None:
    first: Script = [Expect(HELLO["ha"]), Send(REFUSED)]
    second: Script = [Expect(hello(17, 86, 0x08060800)), Send(answer(1, 86, 0x08060800))]

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = descriptors()
    with ScriptedDaemon(first, second) as daemon, daemon.client() as sock:
        with pytest.raises(error.Error):
            ipc.connect(sock, ipc.Client.HA, daemon.address)
    assert descriptors() == before


# Deadlines.


@pytest.mark.parametrize(
    "script",
    [
        [Deaf()],
        [Expect(HELLO["ha"]), Deaf()],
        [Expect(HELLO["ha"]), Send(ACCEPTED[:8]), Deaf()],
    ],
    ids=["deaf", "silent", "one byte short"],
)
def test_a_daemon_that_does_not_answer_is_given_up(script: Script) -> None:
    with ScriptedDaemon(script) as daemon, daemon.client(SOON) as sock:
        started = time.monotonic()
        with pytest.raises(error.Timeout):
            ipc.connect(sock, ipc.Client.HA, daemon.address)
        assert SOON <= time.monotonic() - started < LATE


def test_a_daemon_that_trickles_a_challenge_is_given_up() -> None:
    script: Script = [Expect(HA_V2), Send(b"\x0b"), Trickle(pause=0.05)]
    with ScriptedDaemon(script) as daemon, daemon.client(SOON) as sock:
        with pytest.raises(error.Timeout):
            ipc.connect(sock, ipc.Client.HA, daemon.address, SECRET)


def test_both_connections_have_one_deadline_together(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    class Recorded(frames.Deadline):
        def __init__(self, seconds: float) -> None:
            asked.append(seconds)
            super().__init__(seconds)

    monkeypatch.setattr(frames, "Deadline", Recorded)
    first: Script = [Expect(HELLO["ha"]), Send(REFUSED)]
    second: Script = [Expect(hello(17, 86, 0x08060800)), Send(answer(0, 86, 0x08060800))]
    with ScriptedDaemon(first, second) as daemon, daemon.client(4.0) as sock:
        ipc.connect(sock, ipc.Client.HA, daemon.address)
    assert asked == [4.0]


def test_a_full_backlog_is_a_timeout_that_names_the_address() -> None:
    # Nobody accepts, and the queue of those to be accepted is full.
    with socket.socket() as listener:
        listener.bind(("127.0.120.2", 0))
        listener.listen(0)
        address = listener.getsockname()
        failures = []
        with contextlib.ExitStack() as stack:
            # The first ones may only wait for an answer; at last connecting itself does.
            for _unused in range(4):
                sock = stack.enter_context(socket.socket())
                sock.settimeout(0.1)
                with pytest.raises(error.Timeout) as caught:
                    ipc.connect(sock, ipc.Client.HA, address)
                failures.append(str(caught.value))
    assert f"connecting to 127.0.120.2:{address[1]} (0.1 s)" in failures[-1]


def test_where_nobody_listens_the_error_names_address_and_reason(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.120.3", 0))
        address = free.getsockname()
    with socket.socket() as sock, pytest.raises(error.Error) as caught:
        ipc.connect(sock, ipc.Client.HA, address)
    assert caught.value.confd_errno == error.ERR_OS
    assert f"connecting to 127.0.120.3:{address[1]}" in str(caught.value)
    assert caught.value.strerror == "Connection refused"

    path = str(tmp_path / "nobody")
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(error.Error) as caught:
        ipc.connect(sock, ipc.Client.HA, path)
    assert caught.value.confd_lasterr == f"connecting to {path}"
    assert caught.value.strerror == "No such file or directory"


@pytest.mark.parametrize("address", [("127.0.120.3", 65536), ("127.0.120.3\0", 4569)])
def test_an_address_that_python_itself_refuses_is_an_error_too(address: tuple[str, int]) -> None:
    with socket.socket() as sock, pytest.raises(error.Error) as caught:
        ipc.connect(sock, ipc.Client.HA, address)
    assert caught.value.confd_errno == error.ERR_OS
    assert f"connecting to {address[0]}:{address[1]}" in str(caught.value)


def test_an_ipv6_address_is_shown_in_brackets() -> None:
    with socket.socket(socket.AF_INET6) as sock, pytest.raises(error.Error, match=r"\[::1\]:1\b"):
        ipc.connect(sock, ipc.Client.HA, ("::1", 1))


# The access check.


def test_the_access_check_of_the_vectors_is_passed(family: int, way: Ways) -> None:
    script: Script = [
        Expect(HA_V2),
        way.step(CHALLENGE),
        Expect(RESPONSE),
        way.step(PASSED + ACCEPTED + b"next"),
    ]
    with ScriptedDaemon(script, family=family) as daemon, daemon.client(kind=way.kind) as sock:
        assert ipc.connect(sock, ipc.Client.HA, daemon.address, SECRET) == (77, 0x07070100)
        assert frames.receive(sock, 4, frames.Deadline(5)) == b"next"


@pytest.mark.parametrize("client", list(ipc.Client))
def test_every_kind_of_client_can_be_checked(client: ipc.Client) -> None:
    script: Script = [
        Expect(hello(client | 0xC0, 77, 0x07070100)),
        Send(CHALLENGE),
        Expect(RESPONSE),
        Send(PASSED + ACCEPTED),
    ]
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        ipc.connect(sock, client, daemon.address, SECRET)


V1: Script = [Expect(HA_V1), Send(CHALLENGE_V1), Expect(RESPONSE_V1), Send(PASSED + ACCEPTED)]


def test_an_older_daemon_gets_the_older_check_on_a_new_connection(family: int) -> None:
    first: Script = [Expect(HA_V2), Close()]
    with ScriptedDaemon(first, V1, family=family) as daemon, daemon.client() as sock:
        number = sock.fileno()
        assert ipc.connect(sock, ipc.Client.HA, daemon.address, SECRET) == (77, 0x07070100)
        assert sock.fileno() == number


def test_an_empty_secret_is_a_secret() -> None:
    digest = hashlib.sha256(CHALLENGE[1:]).digest()
    script: Script = [
        Expect(HA_V2),
        Send(CHALLENGE),
        Expect(b"\x0c" + digest),
        Send(PASSED + ACCEPTED),
    ]
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        ipc.connect(sock, ipc.Client.HA, daemon.address, b"")


def test_versions_are_negotiated_behind_the_check() -> None:
    first: Script = [Expect(HA_V2), Send(CHALLENGE), Expect(RESPONSE), Send(PASSED + REFUSED)]
    second: Script = [
        Expect(hello(17 | 0xC0, 86, 0x08060800)),
        Send(CHALLENGE),
        Expect(RESPONSE),
        Send(PASSED + answer(0, 86, 0x08060800)),
    ]
    with ScriptedDaemon(first, second) as daemon, daemon.client() as sock:
        assert ipc.connect(sock, ipc.Client.HA, daemon.address, SECRET) == (86, 0x08060800)


def test_an_older_check_and_other_versions_can_come_together() -> None:
    first: Script = [Expect(HA_V2), Close()]
    second: list[Step] = [Expect(HA_V1), Send(CHALLENGE_V1), Expect(RESPONSE_V1), Send(PASSED)]
    second += [Send(answer(1, 66, 0x06060000))]
    third: list[Step] = [
        Expect(hello(17 | 0x80, 66, 0x06060000)),
        Send(CHALLENGE_V1),
        Expect(RESPONSE_V1),
    ]
    third += [Send(PASSED + answer(0, 66, 0x06060000))]
    with ScriptedDaemon(first, second, third) as daemon, daemon.client() as sock:
        assert ipc.connect(sock, ipc.Client.HA, daemon.address, SECRET) == (66, 0x06060000)


@pytest.mark.parametrize("verdict", [1, 3, 255])
def test_a_wrong_secret_is_refused_by_name(verdict: int) -> None:
    response = b"\x0c" + hashlib.sha256(b"wrong" + CHALLENGE[1:]).digest()
    script: Script = [Expect(HA_V2), Send(CHALLENGE), Expect(response), Send(bytes([verdict]))]
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        with pytest.raises(error.Error, match="NCS_IPC_ACCESS_FILE") as caught:
            ipc.connect(sock, ipc.Client.HA, daemon.address, b"wrong")
    assert caught.value.confd_errno == error.ERR_ACCESS_DENIED
    assert "is not the one of the daemon" in caught.value.confd_lasterr


@pytest.mark.parametrize(
    "script",
    [
        [Expect(HA_V2), Send(CHALLENGE), Expect(RESPONSE), Close()],
        [Expect(HA_V2), Send(CHALLENGE), Expect(RESPONSE), Send(PASSED), Close()],
        [Expect(HA_V2), Send(CHALLENGE), Expect(RESPONSE), Send(PASSED + ACCEPTED[:5]), Close()],
        [Expect(HA_V2), Send(CHALLENGE[:20]), Close()],
    ],
    ids=["instead of the verdict", "after the verdict", "in the answer", "in the challenge"],
)
def test_a_daemon_that_closes_during_the_check_points_at_the_access_file(
    script: Script,
) -> None:
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        with pytest.raises(error.EOF, match="NCS_IPC_ACCESS_FILE"):
            ipc.connect(sock, ipc.Client.HA, daemon.address, SECRET)


def test_a_daemon_with_the_check_and_a_client_without_is_explained(family: int) -> None:
    script: Script = [Expect(HELLO["ha"]), Close()]
    with ScriptedDaemon(script, family=family) as daemon, daemon.client() as sock:
        with pytest.raises(error.EOF, match=r"this client needs .*NCS_IPC_ACCESS_FILE"):
            ipc.connect(sock, ipc.Client.HA, daemon.address)


class HesitantSocket(socket.socket):
    """A client's socket that sends nothing before the daemon has closed the connection."""

    daemon: ScriptedDaemon

    def connect(self, address: tuple[object, ...] | str | ReadableBuffer) -> None:
        super().connect(address)
        self.daemon.await_close()


def test_a_daemon_that_closes_before_the_first_byte_is_explained(family: int) -> None:
    with ScriptedDaemon([Close()], family=family) as daemon:
        with daemon.client(kind=HesitantSocket) as sock:
            assert isinstance(sock, HesitantSocket)
            sock.daemon = daemon
            with pytest.raises(error.EOF, match="NCS_IPC_ACCESS_FILE"):
                ipc.connect(sock, ipc.Client.HA, daemon.address)


def test_a_client_with_the_check_and_a_daemon_without_is_explained(family: int) -> None:
    # Such a daemon closes at the newer check and at the older one alike.
    scripts: tuple[Script, ...] = ([Expect(HA_V2), Close()], [Expect(HA_V1), Close()])
    with ScriptedDaemon(*scripts, family=family) as daemon, daemon.client() as sock:
        with pytest.raises(error.EOF, match=r"must not have .*NCS_IPC_ACCESS_FILE"):
            ipc.connect(sock, ipc.Client.HA, daemon.address, SECRET)


@pytest.mark.parametrize("first", [ACCEPTED, REFUSED, b"\x0c" + bytes(32)])
def test_an_answer_instead_of_a_challenge_is_explained(first: bytes) -> None:
    with ScriptedDaemon([Expect(HA_V2), Send(first)]) as daemon, daemon.client() as sock:
        with pytest.raises(error.Error, match=r"must not have .*NCS_IPC_ACCESS_FILE") as caught:
            ipc.connect(sock, ipc.Client.HA, daemon.address, SECRET)
    assert caught.value.confd_errno == error.ERR_ACCESS_DENIED


def test_a_host_without_md5_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def new(name: str, data: bytes = b"") -> NoReturn:
        raise ValueError(f"[digital envelope routines] unsupported: {name}")

    monkeypatch.setattr(hashlib, "new", new)
    scripts: tuple[Script, ...] = ([Expect(HA_V2), Close()], [Expect(HA_V1), Send(CHALLENGE_V1)])
    with ScriptedDaemon(*scripts) as daemon, daemon.client() as sock:
        with pytest.raises(error.Error, match=r"does not allow its digest \(md5\)") as caught:
            ipc.connect(sock, ipc.Client.HA, daemon.address, SECRET)
    assert caught.value.confd_errno == error.ERR_ACCESS_DENIED


# The access file, and addresses as the vendor's functions take them.


@pytest.mark.parametrize(
    "content", [b"", b"secret", b" secret \n", bytes(range(256)), b"x" * 65536]
)
def test_the_whole_content_of_the_access_file_counts(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "access"
    file.write_bytes(content)
    assert access.read_file(str(file)) == content


def test_an_access_file_that_is_too_large_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "access"
    file.write_bytes(bytes(65537))
    with pytest.raises(error.Error, match="65536 bytes") as caught:
        access.read_file(str(file))
    assert caught.value.confd_errno == error.ERR_ACCESS_DENIED
    assert str(file) in str(caught.value)


def test_an_access_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "missing", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(error.Error) as caught:
            access.read_file(str(path))
        assert caught.value.confd_errno == error.ERR_OS
        assert str(path) in caught.value.confd_lasterr
        assert caught.value.strerror == reason


def test_the_access_file_is_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: int
) -> None:
    file = tmp_path / "access"
    file.write_bytes(SECRET)
    monkeypatch.setenv("NCS_IPC_ACCESS_FILE", str(file))
    script: Script = [Expect(HA_V2), Send(CHALLENGE), Expect(RESPONSE), Send(PASSED + ACCEPTED)]
    with ScriptedDaemon(script, family=family) as daemon, daemon.client() as sock:
        ipc.connect_as_vendor(sock, ipc.Client.HA, *daemon.where)


def test_an_access_file_that_the_environment_names_has_to_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NCS_IPC_ACCESS_FILE", str(tmp_path / "missing"))
    with ScriptedDaemon() as daemon, daemon.client() as sock:
        with pytest.raises(error.Error, match="missing"):
            ipc.connect_as_vendor(sock, ipc.Client.HA, *daemon.where)


def test_an_empty_variable_names_no_access_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCS_IPC_ACCESS_FILE", "")
    script: Script = [Expect(HELLO["ha"]), Send(ACCEPTED)]
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        ipc.connect_as_vendor(sock, ipc.Client.HA, *daemon.where)


class RecordingSocket(socket.socket):
    """A client's socket that connects to nobody."""

    def connect(self, address: tuple[object, ...] | str | ReadableBuffer) -> None:
        raise OSError(111, f"asked for {address}")


@pytest.mark.parametrize(
    ("ip", "port", "wanted"),
    [
        (None, 0, ("127.0.0.1", 4569)),
        ("", 0, ("127.0.0.1", 4569)),
        ("192.0.2.1", 0, ("192.0.2.1", 4569)),
        (None, 4, ("127.0.0.1", 4)),
        ("192.0.2.1", 4, ("192.0.2.1", 4)),
    ],
)
def test_an_address_that_is_not_given_is_the_default(
    ip: str | None, port: int, wanted: tuple[str, int]
) -> None:
    with RecordingSocket() as sock, pytest.raises(error.Error) as caught:
        ipc.connect_as_vendor(sock, ipc.Client.HA, ip, port, "/path/of/no/use")
    assert caught.value.strerror == f"asked for {wanted}"


@pytest.mark.parametrize("path", [None, ""])
def test_a_unix_socket_needs_a_path(path: str | None) -> None:
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(error.Error, match="path") as caught:
        ipc.connect_as_vendor(sock, ipc.Client.HA, "127.0.0.1", 4569, path)
    assert caught.value.confd_errno == error.ERR_OS


def test_versions_are_shown_as_people_write_them() -> None:
    assert ipc.dotted(0x07070100) == "7.7.1.0"
    assert ipc.dotted(0x0807FF00) == "8.7.255.0"
    assert str(ipc.Versions(86, 0x08060800)) == "protocol 86, library 8.6.8.0"


def test_the_numbers_are_those_of_the_protocol() -> None:
    assert (ipc.PROTOCOL_VERSION, ipc.LIBRARY_VERSION) == (77, 0x07070100)
    assert (ipc.DEFAULT_IP, ipc.DEFAULT_PORT) == ("127.0.0.1", 4569)
    assert {client.name: int(client) for client in ipc.Client} == {
        "CDB": 5,
        "MAAPI": 7,
        "EVENTS": 11,
        "HA": 17,
    }
    assert vectors.CLIENT["access_check_v2"]["secret"] == SECRET.decode()
