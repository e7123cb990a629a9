# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's read-only mode, and writes that are under way when something changes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from helpers.until import until
from ncs_sim.cluster import Cluster, NodeError, WriteUnknown
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient

Up = Callable[..., Cluster]

FOR_EVER = 3600.0


def readonly(node: NodeHandle, on: bool = True) -> None:
    with RawClient.maapi(node) as client:
        client.operation(229, int(on))
    assert node.status()["readonly"] is on


def assert_takes_no_write(node: NodeHandle, why: str = "read-only") -> None:
    before = node.snapshot()
    for write in (node.write, node.write_as_primary):
        with pytest.raises(NodeError, match=why) as caught:
            write("refused", "v")
        assert caught.value.code == 17
    after = node.snapshot()
    assert after["data"] == before["data"]
    assert after["status"]["txid"] == before["status"]["txid"]


def test_a_node_that_is_none_takes_no_write_until_the_mode_is_lifted(up: Up) -> None:
    node = up().node("n1")
    assert node.status()["readonly"] is False
    readonly(node)
    assert_takes_no_write(node)
    readonly(node, False)
    node.write("k", "v")


def test_a_primary_takes_no_write_until_the_mode_is_lifted(replicating: Up) -> None:
    cluster = replicating(2)
    first, second = cluster.nodes
    readonly(first)
    assert_takes_no_write(first)
    assert second.dump() == {}
    assert second.status()["readonly"] is False, "it is each node's own"
    readonly(first, False)
    first.write_as_primary("k", "v")
    assert second.read("k") == "v"


def test_the_mode_is_lost_when_the_node_starts_again(up: Up) -> None:
    node = up().node("n1")
    readonly(node)
    node.kill()
    node.start()
    assert node.status()["readonly"] is False
    node.write("k", "v")


def test_a_secondary_in_that_mode_is_copied_to_and_follows_its_primary(up: Up) -> None:
    cluster = up(3)
    first, second, third = cluster.nodes
    first.write("of", "n1")
    second.write("of", "n2")
    readonly(second)
    first.order("primary")
    second.order("secondary", first)
    assert second.dump() == {"of": "n1"}
    second.order("relay")
    third.order("secondary", second)
    first.write("k", "v")
    assert [node.read("k") for node in cluster.nodes] == ["v"] * 3
    assert second.status()["readonly"] is True
    assert_takes_no_write(second, "relay takes no writes")


def test_the_mode_outlives_every_change_of_role(up: Up) -> None:
    cluster = up(2)
    first, second = cluster.nodes
    readonly(first)
    second.order("primary")
    orders: list[tuple[str, NodeHandle | None]] = [
        ("primary", None),
        ("none", None),
        ("secondary", second),
        ("relay", None),
        ("none", None),
        ("primary", None),
    ]
    for role, primary in orders:
        first.order(role, primary)
        status = first.status()
        assert (status["role"], status["readonly"]) == (role, True)
        assert_takes_no_write(
            first, "takes no writes" if role in ("secondary", "relay") else "read-only"
        )
    readonly(first, False)
    first.write_as_primary("k", "v")


# Writes that are under way


def in_background(
    pool: ThreadPoolExecutor, node: NodeHandle, key: str, **options: Any
) -> Future[Any]:
    return pool.submit(node.write, key, "v", **options)


def test_a_write_that_was_let_in_before_the_mode_ends_whole(replicating: Up) -> None:
    cluster = replicating(2)
    first = cluster.node("n1")
    first.slow_commit(FOR_EVER)
    with ThreadPoolExecutor() as pool:
        early = in_background(pool, first, "early")
        until(lambda: first.waiting() == ["write"])
        assert first.dump() == {}
        readonly(first)
        assert_takes_no_write(first)
        assert not early.done()
        first.clear("slow-commit")
        txid = early.result()
    assert [node.dump() for node in cluster.nodes] == [{"early": "v"}] * 2
    assert [node.status()["txid"] for node in cluster.nodes] == [txid] * 2
    assert_takes_no_write(first)


def test_a_write_that_waits_for_a_secondary_ends_whole_though_the_mode_is_set(
    replicating: Up,
) -> None:
    cluster = replicating(2)
    first, second = cluster.nodes
    second.freeze()
    with ThreadPoolExecutor() as pool:
        early = in_background(pool, first, "early")
        until(lambda: first.read("early") == "v")
        readonly(first)
        second.thaw()
        early.result()
    assert second.dump() == {"early": "v"}


@pytest.mark.parametrize("role", ["none", "secondary"])
def test_a_write_that_a_change_of_role_overtakes_is_refused_whole(
    replicating: Up, role: str
) -> None:
    cluster = replicating(2)
    first, second = cluster.nodes
    first.slow_commit(FOR_EVER)
    with ThreadPoolExecutor() as pool:
        early = in_background(pool, first, "early")
        until(lambda: first.waiting() == ["write"])
        first.order("none")
        if role == "secondary":
            second.order("primary")
            first.order("secondary", second)
        first.clear("slow-commit")
        with pytest.raises(NodeError, match="the role changed") as caught:
            early.result()
    assert not isinstance(caught.value, WriteUnknown)
    assert caught.value.code == 71
    assert [node.dump() for node in cluster.nodes] == [{}, {}]


def test_a_slow_commit_lasts_so_long_and_holds_up_nothing_else(replicating: Up) -> None:
    cluster = replicating(2)
    first, second = cluster.nodes
    # A secondary stores what its primary sends all the same.
    second.slow_commit(FOR_EVER)
    first.write("k", "v")
    assert second.read("k") == "v"
    first.slow_commit(FOR_EVER)
    with pytest.raises(WriteUnknown):
        first.write("given up", "v", timeout=0.1)
    assert first.status()["role"] == "primary"
    first.slow_commit(0.01)
    first.write("short", "v")
    first.clear()
    # Nobody waits for it any more, and it was made.
    until(lambda: second.read("given up") == "v")
