# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data between nodes: copies, commits, transaction ids, lost peers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from ncs_sim.cluster import Cluster, NodeError, WriteUnknown
from ncs_sim.errors import Refusal
from ncs_sim.raw_client import RawClient
from ncs_sim.terms import Term

Up = Callable[..., Cluster]
Until = Callable[..., None]


def ids(cluster: Cluster) -> list[object]:
    return [status["txid"] for status in cluster.status().values()]


def listed(status: dict[str, Any]) -> list[str]:
    return [peer["node_id"] for peer in status["secondaries"]]


def all_events(events: RawClient, count: int) -> list[Term]:
    return [events.receive_term() for _unused in range(count)]


def test_an_acknowledged_write_is_on_every_secondary_under_one_id(replicating: Up) -> None:
    cluster = replicating(3)
    txid = cluster.node("n1").write("key", "välue")
    assert txid["primary_id"] == "n1"
    assert ids(cluster) == [txid] * 3
    assert [node.read("key") for node in cluster.nodes] == ["välue"] * 3
    with pytest.raises(NodeError) as caught:
        cluster.node("n2").write("key", "other")
    assert caught.value.code == 17


def test_both_ends_list_each_other_and_a_secondary_its_primary_only(replicating: Up) -> None:
    cluster = replicating(3)
    addresses = [tuple(int(part) for part in node.address.split(".")) for node in cluster.nodes]
    with RawClient.ha(cluster.node("n1"), cluster.token) as client:
        assert client.status() == (3, [(b"n2", addresses[1]), (b"n3", addresses[2])])
    with RawClient.ha(cluster.node("n2"), cluster.token) as client:
        assert client.status() == (2, [(b"n1", addresses[0])])


def test_becoming_secondary_overwrites_the_nodes_own_data(up: Up) -> None:
    cluster = up(2)
    first, second = cluster.nodes
    first.write("shared", "primary's")
    second.write("shared", "lost")
    second.write("own", "lost")
    with RawClient.ha(first, "t") as primary, RawClient.ha(second, "t") as secondary:
        primary.beprimary("n1")
        with RawClient.events(second) as events:
            secondary.besecondary("n2", "n1", first.address)
            assert events.receive_term() == (64, (4, 1))
    assert second.dump() == {"shared": "primary's"}
    assert ids(cluster)[0] == ids(cluster)[1]


def test_equal_transaction_ids_need_no_copy(replicating: Up) -> None:
    cluster = replicating(2)
    first, second = cluster.nodes
    first.write("k", "v")
    with RawClient.ha(second, cluster.token) as secondary, RawClient.events(second) as events:
        secondary.benone()
        secondary.besecondary("n2", "n1", first.address, wait=False)
        assert all_events(events, 3) == [(64, (6, 0)), (64, (4, 0)), (64, (7, 0))]


def test_a_write_on_none_is_allowed_and_makes_an_id_without_a_primary(up: Up) -> None:
    node = up().node("n1")
    before = node.status()["txid"]["timestamp"]
    after = node.write("k", "v")
    assert after["primary_id"] is None
    assert after["timestamp"] > before


def test_a_first_time_primary_names_its_id_and_keeps_the_time(up: Up) -> None:
    node = up().node("n1")
    before = node.status()["txid"]
    with RawClient.ha(node, "t") as client, RawClient.cdb(node) as cdb:
        client.beprimary("n1")
        assert cdb.operation(66) == (b"n1", tuple(before["timestamp"]))
    again = node.status()["txid"]
    with RawClient.ha(node, "t") as client:
        client.benone()
        client.beprimary("other")
    assert node.status()["txid"] == again


def test_a_large_data_set_is_copied_whole_while_writes_go_on(up: Up) -> None:
    cluster = up(2)
    first, second = cluster.nodes
    for index in range(40):
        first.write(f"big{index}", "x" * 100_000)
    acknowledged: list[str] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            first.write(f"live{len(acknowledged)}", "v")
            acknowledged.append(f"live{len(acknowledged)}")

    with RawClient.ha(first, "t") as primary, RawClient.ha(second, "t") as secondary:
        primary.beprimary("n1")
        writer = threading.Thread(target=write)
        writer.start()
        try:
            secondary.besecondary("n2", "n1", first.address)
        finally:
            copied = list(acknowledged)
            stop.set()
            writer.join()
    assert first.dump() == second.dump()
    assert set(copied) <= set(second.dump())


def test_a_lost_primary_makes_its_secondary_none_and_reports_it(
    replicating: Up, until: Until
) -> None:
    cluster = replicating(2)
    second = cluster.node("n2")
    with RawClient.events(second) as events:
        cluster.node("n1").kill()
        assert all_events(events, 2) == [(64, (1, 26)), (64, (6, 0))]
    until(lambda: second.status()["role"] == "none")


def test_a_lost_secondary_is_reported_and_commits_go_on(replicating: Up, until: Until) -> None:
    cluster = replicating(2)
    first, second = cluster.nodes
    address = tuple(int(part) for part in second.address.split("."))
    with RawClient.events(first) as events:
        second.kill()
        assert events.receive_term() == (64, (2, (b"n2", address)))
    first.write("k", "v")
    assert listed(first.status()) == []
    second.start()
    with RawClient.events(first) as events, RawClient.ha(second, cluster.token) as client:
        client.besecondary("n2", "n1", first.address)
        assert events.receive_term() == (64, (3, (b"n2", address)))
    assert second.read("k") == "v"


def test_a_frozen_primary_is_noticed_by_missing_ticks(replicating: Up, until: Until) -> None:
    cluster = replicating(2, tick_timeout=0.2)
    first, second = cluster.nodes
    with RawClient.events(second) as events:
        first.freeze()
        assert events.receive_term() == (64, (1, 31))
    assert second.status()["role"] == "none"
    first.thaw()
    until(lambda: listed(first.status()) == [])
    assert first.status()["role"] == "primary"


def test_a_primary_that_was_frozen_goes_on_alone(replicating: Up, until: Until) -> None:
    cluster = replicating(3, tick_timeout=0.2)
    first, *others = cluster.nodes
    before = first.status()
    first.freeze()
    until(lambda: all(node.status()["role"] == "none" for node in others))
    epochs = [node.status()["epoch"] for node in others]
    first.thaw()
    until(lambda: listed(first.status()) == [])
    # Its old secondaries have had some ticks of time to come back by the first heartbeat.
    with RawClient.events(first, 64 | 8192, 1000) as events:
        beat = events.receive_term()
    assert isinstance(beat, tuple)
    assert beat[0] == 8192
    after = first.status()
    assert (after["role"], after["epoch"]) == ("primary", before["epoch"])
    first.write_as_primary("k", "v")
    for node, epoch in zip(others, epochs, strict=True):
        status = node.status()
        assert (status["role"], status["epoch"], status["joining"]) == ("none", epoch, False)
        assert node.read("k") is None


def test_a_frozen_secondary_delays_a_write_until_it_is_dropped(replicating: Up) -> None:
    cluster = replicating(3, tick_timeout=0.2)
    cluster.node("n3").freeze()
    started = time.monotonic()
    cluster.node("n1").write("k", "v")
    assert time.monotonic() - started > 0.1
    assert listed(cluster.node("n1").status()) == ["n2"]
    assert cluster.node("n2").read("k") == "v"


def test_ticks_keep_an_idle_link_alive(replicating: Up) -> None:
    cluster = replicating(2, tick_timeout=0.1)
    time.sleep(0.5)  # well over the limit of silence
    assert cluster.node("n2").status()["role"] == "secondary"


def test_ticks_of_zero_switch_noticing_off(replicating: Up) -> None:
    cluster = replicating(2, tick_timeout=0)
    first, second = cluster.nodes
    assert [node.config.silence_limit for node in cluster.nodes] == [None, None]
    second.freeze()
    with pytest.raises(WriteUnknown):
        first.write("k", "v", timeout=1.0)  # ticks of 0.1 s would have given the secondary up
    assert listed(first.status()) == ["n2"]
    second.thaw()
    assert second.status()["role"] == "secondary"


def test_secondary_dead_drops_a_listed_node_only(replicating: Up, until: Until) -> None:
    cluster = replicating(3)
    with RawClient.ha(cluster.node("n1"), cluster.token) as client:
        client.secondary_dead("n9")
        client.secondary_dead("n2")
    assert listed(cluster.node("n1").status()) == ["n3"]
    until(lambda: cluster.node("n2").status()["role"] == "none")


def test_a_primary_ordered_to_be_secondary_lets_its_secondaries_go(
    replicating: Up, until: Until
) -> None:
    cluster = replicating(2)
    first, second = cluster.nodes
    with RawClient.ha(second, cluster.token) as client:
        client.benone()
        client.beprimary("n2")
    with RawClient.ha(first, cluster.token) as client:
        client.besecondary("n1", "n2", second.address)
    assert second.write("k", "v")["primary_id"] == "n2"
    assert first.read("k") == "v"
    assert listed(second.status()) == ["n1"]


def test_a_write_is_unknown_when_the_role_changes_before_it_is_confirmed(
    replicating: Up, until: Until
) -> None:
    cluster = replicating(2, tick_timeout=10)
    first, second = cluster.nodes
    second.freeze()
    caught: list[BaseException] = []

    def write() -> None:
        try:
            first.write("k", "v")
        except WriteUnknown as error:
            caught.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    until(lambda: first.read("k") == "v")
    with RawClient.ha(first, cluster.token) as client:
        client.benone()
    writer.join(10)
    assert len(caught) == 1


def test_a_second_connection_of_the_same_id_is_refused_until_the_first_is_reported_dead(
    replicating: Up, until: Until
) -> None:
    cluster = replicating(3)
    first, second, third = cluster.nodes
    third.order("none")
    until(lambda: listed(first.status()) == ["n2"])
    with RawClient.ha(third, cluster.token) as client:
        with pytest.raises(Refusal) as caught:
            client.besecondary("n2", "n1", first.address)
        assert caught.value.code == 26
        assert client.status() == (1, [])
        assert "HA_DUPLICATE_NODEID" in first.log
        assert second.status()["role"] == "secondary"
        with RawClient.ha(first, cluster.token) as primary:
            primary.secondary_dead("n2")
        client.besecondary("n2", "n1", first.address)
    assert first.status()["secondaries"] == [{"node_id": "n2", "address": third.address}]


def test_a_second_connection_of_the_same_id_may_replace_the_first(
    replicating: Up, until: Until
) -> None:
    cluster = replicating(3, same_id="replace")
    first, second, third = cluster.nodes
    with RawClient.ha(third, cluster.token) as client:
        client.benone()
        client.besecondary("n2", "n1", first.address)
    until(lambda: second.status()["role"] == "none")
    assert first.status()["secondaries"] == [{"node_id": "n2", "address": third.address}]


def test_garbage_on_the_ha_port_disturbs_nobody(replicating: Up) -> None:
    cluster = replicating(2)
    first = cluster.node("n1")
    hello = b'{"ha":86,"id":"n2","address":"nowhere","nonce":"00"}'
    for data in (b"\xff" * 8, b"\0\0\0\x02[]", len(hello).to_bytes(4, "big") + hello):
        with socket.create_connection((first.address, first.ha_port), 10) as sock:
            sock.sendall(data)
            assert sock.recv(1000) == b""
    first.write("k", "v")
    assert cluster.node("n2").read("k") == "v"


def test_a_cluster_that_comes_up_again_has_its_data_and_token_and_no_roles(
    replicating: Up,
) -> None:
    cluster = replicating(2)
    cluster.node("n1").write("k", "v")
    cluster.down()
    first = cluster.nodes[0].address
    with Cluster.up(cluster.directory, 2, first_address=first) as again:
        assert again.token == cluster.token
        assert [node.read("k") for node in again.nodes] == ["v", "v"]
        assert {status["role"] for status in again.status().values()} == {"none"}
