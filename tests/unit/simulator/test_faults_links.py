# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of links between nodes, orders by hand, and another controller."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from helpers.until import until
from ncs_sim.cluster import Cluster, NodeError
from ncs_sim.errors import Refusal
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient

Up = Callable[..., Cluster]


def role(node: NodeHandle) -> str:
    found: str = node.status()["role"]
    return found


def listed(node: NodeHandle) -> list[str]:
    return [peer["node_id"] for peer in node.status()["secondaries"]]


def follow(node: NodeHandle, primary: NodeHandle, token: str) -> int:
    """Order a node to follow another; return 0, or the code of the refusal."""
    with RawClient.ha(node, token) as client:
        try:
            client.besecondary(node.name, primary.name, primary.address)
        except Refusal as refusal:
            return refusal.code
    return 0


def pair(up: Up, **options: Any) -> tuple[Cluster, NodeHandle, NodeHandle]:
    """A primary, and a node that is none."""
    cluster = up(2, **options)
    first, second = cluster.nodes
    with RawClient.ha(first, cluster.token) as client:
        client.beprimary("n1")
    return cluster, first, second


# The first copy


@pytest.mark.parametrize("at", ["n1", "n2"])
@pytest.mark.parametrize("size", [10, 300_000], ids=["one chunk", "several chunks"])
def test_a_copy_that_fails_leaves_a_node_that_is_none_with_its_own_data(
    up: Up, at: str, size: int
) -> None:
    cluster, first, second = pair(up)
    for key in "abc":
        first.write(key, "x" * size)
    second.write("own", "data")
    before = (second.status()["txid"], second.dump())
    cluster.node(at).fault("copy")
    assert follow(second, first, cluster.token) == 26
    assert role(second) == "none"
    assert (second.status()["txid"], second.dump()) == before
    until(lambda: listed(first) == [])
    cluster.node(at).clear()
    assert follow(second, first, cluster.token) == 0
    assert second.dump() == first.dump()


# Links


def test_a_cut_link_is_given_up_at_both_ends_and_others_go_on(replicating: Up) -> None:
    cluster = replicating(3, tick_timeout=0.2)
    first, second, third = cluster.nodes
    with RawClient.events(second) as events:
        first.cut(second)
        assert events.receive_term() == (64, (1, 31)), "not closed: nothing came any more"
    until(lambda: listed(first) == ["n3"])
    assert role(second) == "none"
    first.write("k", "v")
    assert third.read("k") == "v"
    assert second.read("k") is None


@pytest.mark.parametrize("at", ["n1", "n2"])
def test_no_new_link_comes_through_a_cut_from_either_end_until_it_is_healed(
    up: Up, at: str
) -> None:
    cluster, first, second = pair(up)
    here, there = (first, second) if at == "n1" else (second, first)
    here.cut(there)
    assert follow(second, first, cluster.token) == 25
    assert (role(second), listed(first)) == ("none", [])
    here.heal(there)
    assert follow(second, first, cluster.token) == 0


def test_a_cut_can_name_the_node_id_and_hits_no_other(up: Up) -> None:
    cluster, first, second = pair(up)
    first.fault("cut", peer="n2")
    first.fault("cut", peer="n3")
    assert follow(second, first, cluster.token) == 25
    first.clear("cut", "n2")
    assert first.faults() == [{"fault": "cut", "peer": "n3", "established": False}]
    assert follow(second, first, cluster.token) == 0


@pytest.mark.parametrize("at", ["n1", "n2"])
def test_what_was_sent_into_a_cut_arrives_once_it_is_healed(replicating: Up, at: str) -> None:
    cluster = replicating(2, tick_timeout=0)
    first, second = cluster.nodes
    here, there = (first, second) if at == "n1" else (second, first)
    here.cut(there)
    writer = threading.Thread(target=first.write, args=("k", "v"))
    writer.start()
    until(lambda: first.read("k") == "v")
    assert second.read("k") is None
    assert writer.is_alive(), "acknowledged by nobody"
    here.heal(there)
    writer.join(10)
    assert not writer.is_alive()
    assert second.read("k") == "v"
    assert (role(first), listed(first)) == ("primary", ["n2"])


def test_the_end_of_a_peer_is_not_seen_through_a_cut(replicating: Up) -> None:
    cluster = replicating(2, tick_timeout=0)
    first, second = cluster.nodes
    second.cut(first)
    first.kill()
    # Twice, so that it has had the time to read what the first round brought.
    assert [role(second) for _unused in range(2)] == ["secondary"] * 2
    second.heal(first)
    until(lambda: role(second) == "none")


def test_a_node_that_leaves_is_not_seen_through_a_cut(replicating: Up) -> None:
    cluster = replicating(2, tick_timeout=0)
    first, second = cluster.nodes
    second.cut(first)
    second.order("none")
    assert [listed(first) for _unused in range(2)] == [["n2"]] * 2
    second.heal(first)
    until(lambda: listed(first) == [])


def test_a_restart_is_missed_where_only_established_links_are_cut(replicating: Up) -> None:
    cluster = replicating(2, tick_timeout=0)
    first, second = cluster.nodes
    first.miss_end_of(second)
    second.kill()
    second.start()
    assert [listed(first) for _unused in range(2)] == [["n2"]] * 2
    with RawClient.ha(first, cluster.token) as client:
        client.secondary_dead("n2")
    assert listed(first) == []
    # A new link passes, while the fault is still there.
    assert follow(second, first, cluster.token) == 0
    assert listed(first) == ["n2"]
    first.write("k", "v")
    assert second.read("k") == "v"
    second.kill()
    until(lambda: listed(first) == [])


@pytest.mark.parametrize("at", ["n1", "n2"])
def test_a_node_that_stops_ticking_is_taken_for_dead_by_its_peer(replicating: Up, at: str) -> None:
    cluster = replicating(2, tick_timeout=0.3)
    first, second = cluster.nodes
    cluster.node(at).fault("no-ticks")
    until(lambda: role(second) == "none" and listed(first) == [])
    silent = first if at == "n1" else second
    heard = second if at == "n1" else first
    assert "silent for 0.9 s" in heard.log
    assert "silent" not in silent.log
    cluster.node(at).clear()
    assert follow(second, first, cluster.token) == 0
    time.sleep(1.2)  # over the limit of silence
    assert (role(second), listed(first)) == ("secondary", ["n2"])


@pytest.mark.parametrize(
    ("at", "fault", "code"),
    [
        ("n1", "packages", 27),
        ("n2", "packages", 27),
        ("n1", "ha-version", 52),
        ("n2", "ha-version", 52),
        ("n1", "streams", 69),
        ("n2", "streams", 69),
        ("n1", "upgrade", 47),
        ("n2", "upgrade", 60),
    ],
)
def test_a_node_that_pretends_to_differ_is_not_followed_and_follows_nobody(
    up: Up, at: str, fault: str, code: int
) -> None:
    cluster, first, second = pair(up)
    cluster.node(at).fault(fault)
    assert follow(second, first, cluster.token) == code
    assert (role(second), listed(first)) == ("none", [])
    cluster.node(at).clear()
    assert follow(second, first, cluster.token) == 0


def test_an_upgrade_refuses_orders(up: Up) -> None:
    node = up().node("n1")
    node.fault("upgrade")
    with RawClient.ha(node, "t") as client:
        orders: list[Callable[[], None]] = [client.benone, client.berelay]
        for order in orders:
            with pytest.raises(Refusal) as caught:
                order()
            assert caught.value.code == 60
        assert client.status() == (1, [])
        node.clear()
        client.beprimary("n1")


# Orders by hand


def test_orders_by_hand_take_the_socket_from_nobody(up: Up) -> None:
    cluster = up(3)
    first, second, third = cluster.nodes
    clients = [RawClient.ha(node, cluster.token) for node in cluster.nodes]
    try:
        first.order("primary")
        second.order("relay", first)
        third.order("secondary", second)
        assert [role(node) for node in cluster.nodes] == ["primary", "relay", "secondary"]
        assert (listed(first), listed(second)) == (["n2"], ["n3"])
        third.order("none")
        third.order("secondary", first)
        third.order("relay")
        states = [client.status() for client in clients]
        assert [state[0] for state in states if isinstance(state, tuple)] == [3, 4, 4]
    finally:
        for client in clients:
            client.close()


def test_an_order_by_hand_is_refused_as_any_other(up: Up) -> None:
    cluster = up(2)
    first, second = cluster.nodes
    for wrong in (("primary", second), ("secondary", None), ("emperor", None)):
        with pytest.raises(NodeError, match="none, primary, secondary with a primary, or relay"):
            first.order(*wrong)
    with pytest.raises(NodeError) as caught:
        first.order("secondary", second)
    assert caught.value.code == 25
    with pytest.raises(NodeError) as caught:
        first.order("relay")
    assert caught.value.code == 17


# Another controller


@pytest.mark.parametrize(
    "options",
    [{}, {"access_check": "v2"}, {"access_check": "v1", "unix": True}],
    ids=["plain", "access check", "unix"],
)
def test_another_controller_closes_the_socket_of_whoever_has_it_and_holds_it(
    up: Up, options: dict[str, Any]
) -> None:
    node = up(**options).node("n1")
    node.fault("controller")
    assert node.faults() == [{"fault": "controller", "own_token": False}]
    node.fault("controller", token="another")
    until(lambda: node.faults() == [{"fault": "controller", "own_token": True}])
    node.clear()
    assert node.faults() == []
    assert "another" not in node.log


def test_a_client_loses_its_socket_to_the_controller_and_takes_it_back(up: Up) -> None:
    node = up().node("n1")
    with RawClient.ha(node, "t") as client:
        assert client.status() == (1, [])
        node.fault("controller", token="another")
        with pytest.raises((EOFError, OSError)):
            client.status()
    assert len(node.faults()) == 1
    with RawClient.ha(node, "t") as client:
        assert client.status() == (1, [])
        until(lambda: node.faults() == [])
        assert client.status() == (1, [])


def test_the_token_of_the_controller_counts(up: Up) -> None:
    cluster, first, second = pair(up)
    first.fault("controller")
    assert follow(second, first, cluster.token) == 0
    second.order("none")
    first.fault("controller", token="another")
    assert follow(second, first, cluster.token) == 28
    first.clear()
    assert follow(second, first, cluster.token) == 28, "it leaves its token behind"
    with RawClient.ha(first, cluster.token) as client:
        client.status()
    assert follow(second, first, cluster.token) == 0


def test_a_controller_that_cannot_get_the_socket_is_no_fault(up: Up) -> None:
    node = up().node("n1")
    node.fault("close", count=0, place="handshake")
    with pytest.raises(NodeError, match="did not get the HA socket"):
        node.fault("controller")
    assert [fault["fault"] for fault in node.faults()] == ["close"]
