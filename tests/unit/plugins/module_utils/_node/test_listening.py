# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses something listens on, by tables of these tests and by those of the kernel."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from pathlib import Path
from typing import Iterator

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import listening
from helpers.fake_proc import ESTABLISHED, TIME_WAIT, FakeProc
from helpers.scripted_daemon import IP

PORT = 4570


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path / "proc")


def on_port(proc: FakeProc, port: int = PORT) -> list[str]:
    return [str(address) for address in listening.on_port(port, str(proc))]


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "127.0.0.1", "127.1.2.3", "192.0.2.77", "::", "::1", "2001:db8::1:2", "fe80::1"],
)
def test_every_address_is_told_as_it_is_written(proc: FakeProc, address: str) -> None:
    proc.socket(address, PORT)
    assert on_port(proc) == [address]


@pytest.mark.parametrize("address", ["127.1.2.3", "0.0.0.0", "192.0.2.77"])
def test_an_ipv4_address_inside_an_ipv6_one_is_that_ipv4_address(
    proc: FakeProc, address: str
) -> None:
    proc.socket(f"::ffff:{address}", PORT)
    assert on_port(proc) == [address]


def test_all_listeners_on_the_port_are_told_and_no_others(proc: FakeProc) -> None:
    proc.socket("127.1.2.3", PORT)
    proc.socket("127.1.2.4", PORT - 1)
    proc.socket("127.1.2.5", PORT)
    # The bytes of the port the other way round.
    proc.socket("127.1.2.6", socket.ntohs(PORT))
    proc.socket("::1", PORT)
    proc.socket("2001:db8::1", PORT + 1)
    assert on_port(proc) == ["127.1.2.3", "127.1.2.5", "::1"]
    assert on_port(proc, PORT - 1) == ["127.1.2.4"]


@pytest.mark.parametrize("state", [ESTABLISHED, TIME_WAIT])
def test_a_connection_is_not_a_listener(proc: FakeProc, state: str) -> None:
    proc.socket("127.1.2.3", PORT, state)
    proc.socket("::1", PORT, state)
    assert on_port(proc) == []


@pytest.mark.parametrize("port", [1, 255, 256, 65535])
def test_ports_of_any_size_are_compared_whole(proc: FakeProc, port: int) -> None:
    proc.socket("127.1.2.3", port)
    assert on_port(proc, port) == ["127.1.2.3"]
    assert on_port(proc, port - 1 or 2) == []


def test_a_host_without_ipv6_has_one_table(proc: FakeProc) -> None:
    proc.socket("127.1.2.3", PORT)
    proc.table("tcp6").unlink()
    assert on_port(proc) == ["127.1.2.3"]


def test_a_table_that_is_missing_is_an_error(proc: FakeProc) -> None:
    proc.table("tcp").unlink()
    with pytest.raises(FileNotFoundError):
        on_port(proc)


@pytest.mark.parametrize("name", ["tcp", "tcp6"])
def test_a_table_that_cannot_be_read_is_an_error(proc: FakeProc, name: str) -> None:
    proc.table(name).unlink()
    proc.table(name).mkdir()
    with pytest.raises(IsADirectoryError):
        on_port(proc)


@pytest.mark.parametrize("address", ["127.1.2.3", "2001:db8::1"])
def test_a_table_beyond_all_measure_is_an_error_and_not_half_read(
    proc: FakeProc, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MAX_LINES", 3)
    for _unused in range(3):
        proc.socket(address, PORT)
    assert len(on_port(proc)) == 3
    proc.socket(address, PORT)
    with pytest.raises(OSError, match="has more than 3 lines"):
        on_port(proc)


# The kernel's own tables


@contextlib.contextmanager
def listener(family: int, address: str) -> Iterator[int]:
    """Listen at an address of the loopback range; give the port."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind((address, 0))
        sock.listen(1)
        port: int = sock.getsockname()[1]
        yield port


@pytest.mark.parametrize(
    ("family", "address", "told"),
    [
        (socket.AF_INET, IP, IP),
        (socket.AF_INET6, "::1", "::1"),
        (socket.AF_INET6, f"::ffff:{IP}", IP),
    ],
    ids=["IPv4", "IPv6", "IPv4 in IPv6"],
)
def test_a_listener_of_this_host_is_told(family: int, address: str, told: str) -> None:
    with listener(family, address) as port:
        assert ipaddress.ip_address(told) in listening.on_port(port)


def test_a_socket_that_is_bound_and_does_not_listen_is_not_told() -> None:
    with socket.socket() as sock:
        sock.bind((IP, 0))
        assert ipaddress.ip_address(IP) not in listening.on_port(sock.getsockname()[1])
