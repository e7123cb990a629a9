# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The northbound port of simulated nodes: open on the primary alone, closed with its traffic."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.load import CLEAN, Load
from helpers.until import until
from ncs_sim.cluster import Cluster, NodeError, NodeHandle, NotRunning
from ncs_sim.errors import SimError
from ncs_sim.northbound import GREETING
from ncs_sim.northbound_client import Service

Up = Callable[..., Cluster]

PORT = 8888


def service(node: NodeHandle) -> Service:
    return Service(node.address, PORT)


def is_open(node: NodeHandle) -> bool:
    """Whether a node greets who connects to its northbound port."""
    try:
        with socket.create_connection(service(node), 2) as sock:
            return sock.recv(100) == GREETING
    except OSError:
        return False


def test_the_port_is_open_on_the_primary_alone(up: Up) -> None:
    cluster = up(2, northbound_port=PORT)
    first, second = cluster.nodes
    assert not is_open(first), "it is none"
    first.order("primary")
    second.order("secondary", first)
    until(lambda: is_open(first), what="that the primary listens")
    assert not is_open(second)
    answer = service(first).write("key", "value", 5)
    assert answer["node"] == "n1"
    assert second.read("key") == "value"

    first.order("none")
    second.order("primary")
    until(lambda: is_open(second), what="that the new primary listens")
    assert not is_open(first)
    with pytest.raises(NotRunning):
        service(first).write("key", "other", 5)


def test_a_primary_that_leaves_the_role_ends_the_traffic_that_is_under_way(up: Up) -> None:
    node = up(1, northbound_port=PORT).node("n1")
    node.order("primary")
    until(lambda: is_open(node))
    with socket.create_connection(service(node), 5) as client:
        assert client.recv(100) == GREETING
        node.order("none")
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""


def test_a_primary_does_not_listen_before_phase_2(up: Up) -> None:
    node = up(1, northbound_port=PORT).node("n1")
    node.order("primary")
    until(lambda: is_open(node))
    node.phase(1)
    assert not is_open(node)
    node.phase(2)
    until(lambda: is_open(node))


def test_writers_that_know_one_address_write_to_whoever_has_it_and_the_history_names_it(
    up: Up, tmp_path: Path
) -> None:
    cluster = up(2, northbound_port=PORT)
    first, second = cluster.nodes
    first.order("primary")
    second.order("secondary", first)
    until(lambda: is_open(first))
    to = str(service(first))
    with Load(cluster.directory, tmp_path / "history", to=to, writers=3) as load:
        load.until_acknowledged(20, by="n1")
        first.order("none")
        second.order("primary")
        load.until_outcome("unsent", by=to)
        second.order("none")
        first.order("primary")
        second.order("secondary", first)
        load.until_acknowledged(20, by="n1")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert not load.acknowledged(by="n2")


@pytest.mark.parametrize("text", ["", "127.0.0.1", "name:80", "127.0.0.1:0", "127.0.0.1:x"])
def test_what_is_no_address_and_port_is_refused(text: str) -> None:
    with pytest.raises(SimError):
        Service.parse(text)


def test_addresses_of_both_kinds_are_read_and_printed() -> None:
    for text in ("127.0.0.1:80", "[::1]:80"):
        assert str(Service.parse(text)) == text


def test_an_error_of_the_node_keeps_its_code(up: Up) -> None:
    node = up(1, northbound_port=PORT).node("n1")
    node.order("primary")
    until(lambda: is_open(node))
    with pytest.raises(NodeError) as caught:
        service(node).write("", "value", 5)
    assert not isinstance(caught.value, NotRunning)
