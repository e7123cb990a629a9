# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relays with secondaries of their own: what passes through, and what becomes of them without."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from helpers.until import until
from ncs_sim.cluster import Cluster, NodeError
from ncs_sim.errors import Refusal
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient
from ncs_sim.terms import Term

Up = Callable[..., Cluster]

WITH_RELAYS = ("5.7", "6.5", "6.6")
WITHOUT = "6.7"


def tree(up: Up, **options: Any) -> Cluster:
    """n1 primary; n2 its relay, with the secondaries n3 and n4; n5 a secondary of n1."""
    cluster = up(5, **options)
    first, relay, third, fourth, fifth = cluster.nodes
    first.write("before", "1")
    with RawClient.ha(first, cluster.token) as client:
        client.beprimary("n1")
    with RawClient.ha(relay, cluster.token) as client:
        client.besecondary("n2", "n1", first.address)
        client.berelay()
    for node, upstream in ((third, relay), (fourth, relay), (fifth, first)):
        with RawClient.ha(node, cluster.token) as client:
            client.besecondary(node.name, upstream.name, upstream.address)
    return cluster


def roles(cluster: Cluster) -> list[str]:
    return [node.status().get("role", "-") for node in cluster.nodes]


def listed(node: NodeHandle) -> list[str]:
    return [peer["node_id"] for peer in node.status()["secondaries"]]


def term(node: NodeHandle) -> Term:
    """Its entry in a status answer."""
    return (node.name.encode(), tuple(int(part) for part in node.address.split(".")))


@pytest.mark.parametrize("release", WITH_RELAYS)
def test_releases_before_6_7_have_relays(up: Up, release: str) -> None:
    cluster = up(2, release=release)
    first, second = cluster.nodes
    with RawClient.ha(first, cluster.token) as client:
        client.beprimary("n1")
    with RawClient.ha(second, cluster.token) as client:
        client.besecondary("n2", "n1", first.address)
        client.berelay()
        assert client.status() == (4, [term(first)])


def test_6_7_refuses_berelay_and_the_node_stays_a_secondary(up: Up) -> None:
    cluster = up(2, release=WITHOUT)
    first, second = cluster.nodes
    with RawClient.ha(first, cluster.token) as client:
        client.beprimary("n1")
    with RawClient.ha(second, cluster.token) as client:
        client.besecondary("n2", "n1", first.address)
        with pytest.raises(Refusal) as caught:
            client.berelay()
        assert caught.value.code == 51
        assert client.status() == (2, [term(first)])
    first.write("k", "v")
    assert second.read("k") == "v"


def test_status_lists_the_primary_first_and_each_node_its_own_secondaries_only(up: Up) -> None:
    cluster = tree(up)
    first, relay, third, fourth, fifth = cluster.nodes
    wanted: list[tuple[NodeHandle, Term]] = [
        (first, (3, [term(relay), term(fifth)])),
        (relay, (4, [term(first), term(third), term(fourth)])),
        (third, (2, [term(relay)])),
        (fifth, (2, [term(first)])),
    ]
    for node, status in wanted:
        with RawClient.ha(node, cluster.token) as client:
            assert client.status() == status


def test_copies_and_commits_pass_through_to_every_node_before_they_are_acknowledged(
    up: Up,
) -> None:
    cluster = tree(up)
    first = cluster.node("n1")
    assert [node.read("before") for node in cluster.nodes] == ["1"] * 5
    for number in range(20):
        txid = first.write(f"key{number}", str(number))
        assert [node.status()["txid"] for node in cluster.nodes] == [txid] * 5
    assert all(node.dump() == first.dump() for node in cluster.nodes)
    with pytest.raises(NodeError, match="a relay takes no writes"):
        cluster.node("n2").write("k", "v")


def test_a_large_copy_passes_through_while_writes_go_on(up: Up) -> None:
    cluster = up(3)
    first, relay, last = cluster.nodes
    for index in range(10):
        first.write(f"big{index}", "x" * 100_000)
    with RawClient.ha(first, cluster.token) as client:
        client.beprimary("n1")
    with RawClient.ha(relay, cluster.token) as client:
        client.besecondary("n2", "n1", first.address)
        client.berelay()
    acknowledged: list[str] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            key = f"live{len(acknowledged)}"
            first.write(key, "v")
            acknowledged.append(key)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: len(acknowledged) > 3)
        with RawClient.ha(last, cluster.token) as client:
            client.besecondary("n3", "n2", relay.address)
    finally:
        stop.set()
        writer.join()
    assert set(acknowledged) <= set(last.dump())
    assert first.dump() == relay.dump() == last.dump()


def test_a_relay_that_dies_makes_its_secondaries_none_and_nobody_else(up: Up) -> None:
    cluster = tree(up)
    first, relay, third, fourth, fifth = cluster.nodes
    with RawClient.events(third) as events:
        relay.kill()
        assert events.receive_term() == (64, (1, 26))
        assert events.receive_term() == (64, (6, 0))
    until(lambda: roles(cluster) == ["primary", "-", "none", "none", "secondary"])
    assert listed(first) == ["n5"]
    first.write("after", "2")
    assert [node.read("after") for node in (third, fourth, fifth)] == [None, None, "2"]
    # They can be attached elsewhere, and nothing is missing then.
    third.order("secondary", first)
    fourth.order("secondary", first)
    assert listed(first) == ["n5", "n3", "n4"]
    assert third.dump() == fourth.dump() == first.dump()


def test_a_frozen_relay_is_given_up_above_and_below(up: Up) -> None:
    cluster = tree(up, tick_timeout=0.2)
    first, relay, third, fourth, _fifth = cluster.nodes
    relay.freeze()
    until(lambda: [node.status()["role"] for node in (third, fourth)] == ["none"] * 2)
    until(lambda: listed(first) == ["n5"])
    first.write("k", "v")
    relay.thaw()
    until(lambda: relay.status()["role"] == "none")


def test_a_primary_that_dies_makes_the_whole_branch_none(up: Up) -> None:
    cluster = tree(up)
    cluster.node("n1").kill()
    until(lambda: roles(cluster) == ["-", "none", "none", "none", "none"])


def test_a_relay_that_is_ordered_to_leave_lets_its_secondaries_go(up: Up) -> None:
    cluster = tree(up)
    with RawClient.ha(cluster.node("n2"), cluster.token) as client:
        client.benone()
    until(lambda: roles(cluster) == ["primary", "none", "none", "none", "secondary"])


def test_a_relay_must_be_none_before_it_follows_another(up: Up) -> None:
    cluster = tree(up)
    first, relay = cluster.nodes[:2]
    with RawClient.ha(relay, cluster.token) as client:
        with pytest.raises(Refusal) as caught:
            client.besecondary("n2", "n1", first.address)
        assert caught.value.code == 17
        client.benone()
        client.besecondary("n2", "n1", first.address)
    assert relay.status()["role"] == "secondary"
    assert listed(first) == ["n5", "n2"]


def test_a_relay_can_become_primary_and_its_secondaries_become_none(up: Up) -> None:
    cluster = tree(up)
    first, relay, third, fourth, _fifth = cluster.nodes
    first.kill()
    until(lambda: roles(cluster)[1:] == ["none"] * 4)
    with RawClient.ha(relay, cluster.token) as client:
        client.beprimary("n2")
    for node in (third, fourth):
        node.order("secondary", relay)
    txid = relay.write("k", "v")
    assert txid["primary_id"] == "n2"
    assert third.status()["txid"] == fourth.status()["txid"] == txid


def test_a_secondary_of_a_relay_can_be_declared_dead_there(up: Up) -> None:
    cluster = tree(up)
    relay, third = cluster.node("n2"), cluster.node("n3")
    with RawClient.ha(relay, cluster.token) as client:
        client.secondary_dead("n3")
    assert listed(relay) == ["n4"]
    until(lambda: third.status()["role"] == "none")


def test_a_cut_above_a_relay_reaches_the_nodes_below(up: Up) -> None:
    cluster = tree(up, tick_timeout=0.2)
    cluster.node("n1").cut(cluster.node("n2"))
    until(lambda: roles(cluster) == ["primary", "none", "none", "none", "secondary"])
    assert listed(cluster.node("n1")) == ["n5"]


def test_relays_can_be_chained(up: Up) -> None:
    cluster = up(4)
    nodes = cluster.nodes
    nodes[0].write("before", "1")
    nodes[0].order("primary")
    nodes[1].order("relay", nodes[0])
    nodes[2].order("relay", nodes[1])
    nodes[3].order("secondary", nodes[2])
    txid = nodes[0].write("k", "v")
    assert [node.status()["txid"] for node in nodes] == [txid] * 4
    assert roles(cluster) == ["primary", "relay", "relay", "secondary"]
    nodes[0].kill()
    until(lambda: roles(cluster) == ["-", "none", "none", "none"])


def test_a_copy_that_fails_below_a_relay_disturbs_nobody_above(up: Up) -> None:
    cluster = up(3)
    first, relay, last = cluster.nodes
    first.write("k", "v")
    first.order("primary")
    relay.order("relay", first)
    relay.fault("copy")
    with RawClient.ha(last, "") as client:
        with pytest.raises(Refusal) as caught:
            client.besecondary("n3", "n2", relay.address)
        assert caught.value.code == 26
    assert roles(cluster) == ["primary", "relay", "none"]
    relay.clear()
    last.order("secondary", relay)
    assert last.read("k") == "v"
