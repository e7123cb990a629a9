# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is let in: versions, access check, bounds."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ncs_sim.cluster import Cluster, start_node
from ncs_sim.config import LIBRARY_VERSIONS
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import KIND_CDB, KIND_HA, RawClient

Up = Callable[..., Cluster]

SECRET = b"the ipc secret\n"
CHECKS = {"v1": (0x80, 16, "md5"), "v2": (0xC0, 32, "sha256")}


def hello(node: NodeHandle, kind: int) -> bytes:
    return bytes([kind]) + node.config.version.to_bytes(2, "big") + bytes(6)


def is_closed(client: RawClient) -> bool:
    try:
        return client.socket.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    ("release", "version"), [("5.7", 77), ("6.5", 85), ("6.6", 86), ("6.7", 87)]
)
def test_a_release_speaks_its_protocol_version(up: Up, release: str, version: int) -> None:
    with RawClient(up(release=release).node("n1")) as client:
        answer = client.shake_hands(KIND_HA)
    assert answer[0] == 0
    assert int.from_bytes(answer[1:3], "big") == version
    assert int.from_bytes(answer[3:7], "big") == LIBRARY_VERSIONS[version]


def test_the_protocol_version_can_differ_from_the_release(up: Up) -> None:
    with RawClient(up(release="6.7", protocol_version=66).node("n1")) as client:
        assert client.shake_hands(KIND_HA, 66)[:3] == bytes([0, 0, 66])


def test_status_2_still_lets_the_client_in(up: Up) -> None:
    with RawClient.ha(up(handshake_status=2).node("n1"), "t") as client:
        assert client.status() == (1, [])


def test_an_unknown_client_kind_is_closed(up: Up) -> None:
    node = up().node("n1")
    with RawClient(node) as client:
        client.send(hello(node, 18))
        assert is_closed(client)


def test_a_silent_client_is_dropped_after_five_seconds_and_blocks_nobody(up: Up) -> None:
    node = up().node("n1")
    with RawClient(node) as silent:
        silent.send(b"\x11")
        with RawClient.ha(node, "t") as other:
            assert other.status() == (1, [])
        assert is_closed(silent)


def test_an_oversized_frame_closes_the_connection_unread(up: Up) -> None:
    node = up().node("n1")
    with RawClient.ha(node, "t") as client:
        client.send((16 * 1024 * 1024 + 1).to_bytes(4, "big") + b"x")
        assert is_closed(client)
    assert node.status()["running"]


@pytest.mark.parametrize("check", ["v1", "v2"])
def test_the_right_secret_passes_the_access_check(up: Up, tmp_path: Path, check: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    node = up(access_check=check, access_secret_file=str(secret)).node("n1")
    flags, size, algorithm = CHECKS[check]
    with RawClient(node) as client:
        client.send(hello(node, KIND_CDB | flags))
        challenge = client.receive(1 + size)
        assert challenge[0] == 11
        client.send(b"\x0c" + hashlib.new(algorithm, SECRET + challenge[1:]).digest())
        assert client.receive(1) == b"\0"
        assert client.receive(9)[0] == 0


@pytest.mark.parametrize("check", ["v1", "v2"])
def test_a_wrong_secret_is_answered_by_one_byte_and_closed(up: Up, check: str) -> None:
    node = up(access_check=check).node("n1")
    flags, size, algorithm = CHECKS[check]
    with RawClient(node) as client:
        client.send(hello(node, KIND_CDB | flags))
        challenge = client.receive(1 + size)
        client.send(b"\x0c" + hashlib.new(algorithm, b"wrong" + challenge[1:]).digest())
        assert client.receive(1) != b"\0"
        assert is_closed(client)


@pytest.mark.parametrize(
    ("check", "wrong"), [("off", [0x40, 0x80, 0xC0]), ("v1", [0, 0xC0]), ("v2", [0, 0x80])]
)
def test_an_access_check_on_one_side_only_is_closed(up: Up, check: str, wrong: list[int]) -> None:
    node = up(access_check=check).node("n1")
    for flags in wrong:
        with RawClient(node) as client:
            client.send(hello(node, KIND_CDB | flags))
            assert is_closed(client)


def test_the_secret_that_up_makes_is_private_and_in_the_inventory(up: Up) -> None:
    cluster = up(access_check="v2")
    path = cluster.node("n1").config.access_secret_file
    assert path is not None
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert path in cluster.inventory.read_text()


def test_clients_are_served_on_a_unix_socket_however_long_the_directory(up: Up) -> None:
    cluster = up(unix=True)
    node = cluster.node("n1")
    assert node.ipc_path is not None
    with RawClient.ha(node, cluster.token) as client:
        assert client.status() == (1, [])
    assert node.ipc_path in cluster.inventory.read_text()
    node.kill()
    node.start()
    with RawClient.ha(node, cluster.token) as client:
        assert client.status() == (1, [])


def test_clients_are_served_on_ipv6(tmp_path: Path) -> None:
    node = start_node(tmp_path / "n", "::1", ipc_port=14569, ha_port=14570)
    try:
        with RawClient.ha(node, "t") as client:
            client.beprimary("n6")
            assert client.status() == (3, [])
    finally:
        node.stop()
