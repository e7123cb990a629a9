# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS on the link between two nodes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ncs_sim.cluster import Cluster, NodeError, start_node
from ncs_sim.handle import NodeHandle

Up = Callable[..., Cluster]
Start = Callable[..., NodeHandle]

HA_CONNECT, HA_CLOSED = 25, 26


@pytest.fixture
def start(tmp_path: Path, first_address: str) -> Iterator[Start]:
    """Start nodes of one authority, each with options of its own."""
    prefix, _dot, last = first_address.rpartition(".")
    with ExitStack() as stack:

        def begin(number: int, *, tls: bool = True, **options: Any) -> NodeHandle:
            options["tls_directory"] = str(tmp_path / "tls") if tls else None
            address = f"{prefix}.{int(last) + number}"
            node = start_node(
                tmp_path / f"n{number}", address, exit_with_pid=os.getpid(), **options
            )
            stack.callback(node.stop)
            return node

        yield begin


def follow(node: NodeHandle, primary: NodeHandle) -> int | None:
    """The code with which a node fails to join; None if it joins."""
    primary.order("primary")
    try:
        node.order("secondary", primary)
    except NodeError as error:
        assert node.status()["role"] == "none"
        assert primary.status()["secondaries"] == []
        return error.code
    return None


def test_nodes_with_tls_replicate_and_start_again(up: Up) -> None:
    cluster = up(2, tls=True)
    first, second = cluster.nodes
    assert follow(second, first) is None
    first.write("k", "v")
    assert second.read("k") == "v"
    second.stop()
    second.start()
    assert follow(second, first) is None


@pytest.mark.parametrize(
    ("above", "below", "code"), [(False, True, HA_CONNECT), (True, False, HA_CLOSED)]
)
def test_nodes_whose_settings_differ_do_not_join(
    start: Start, above: bool, below: bool, code: int
) -> None:
    assert follow(start(2, tls=below), start(1, tls=above)) == code


def test_a_certificate_has_to_name_the_address_that_is_dialled(start: Start) -> None:
    first = start(1, tls_names=("n1.example.org", "192.0.2.1"))
    second = start(2)
    assert follow(second, first) == HA_CONNECT
    assert f"certificate is not valid for '{first.address}'" in second.log


def test_a_certificate_may_name_more_than_the_address(start: Start, first_address: str) -> None:
    first = start(0, tls_names=("n1.example.org", first_address))
    assert follow(start(1), first) is None


def test_a_certificate_of_another_authority_is_not_believed(start: Start, tmp_path: Path) -> None:
    first = start(1)
    (tmp_path / "tls").rename(tmp_path / "old")
    assert follow(start(2), first) == HA_CONNECT
