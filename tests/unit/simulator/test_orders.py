# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HA socket's orders on one or two nodes."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from ncs_sim.cluster import Cluster, NodeError, WriteUnknown
from ncs_sim.errors import Refusal
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient
from ncs_sim.terms import OK, Atom, Term, decode, encode

Up = Callable[..., Cluster]
Until = Callable[..., None]


def refused(order: Callable[[], object]) -> int:
    with pytest.raises(Refusal) as caught:
        order()
    return caught.value.code


def test_a_new_ha_socket_closes_the_older_and_the_role_stays(up: Up) -> None:
    cluster = up()
    node = cluster.node("n1")
    with RawClient.ha(node, "a") as older:
        older.beprimary("n1")
        with RawClient.ha(node, "b") as newer:
            assert newer.status() == (3, [])
            with pytest.raises((EOFError, OSError)):
                older.status()
            assert newer.status() == (3, [])


def test_a_connection_without_a_token_replaces_nothing(up: Up) -> None:
    node = up().node("n1")
    with RawClient.ha(node, "a") as older, RawClient(node) as idle:
        idle.shake_hands(17)
        time.sleep(0.1)  # it would have been closed by now
        assert older.status() == (1, [])


def test_only_status_works_in_start_phase_0(up: Up) -> None:
    cluster = up(start_phase=0)
    node = cluster.node("n1")
    with RawClient.ha(node, "t") as client:
        for order in (
            lambda: client.beprimary("n1"),
            lambda: client.besecondary("n1", "n2", "127.0.0.9"),
            client.benone,
            client.berelay,
            lambda: client.secondary_dead("n2"),
        ):
            assert refused(order) == 17
        assert client.status() == (1, [])
        node.phase(1)
        client.beprimary("n1")


def test_beprimary_reports_an_ha_port_that_is_taken(up: Up) -> None:
    node = up().node("n1")
    with socket.create_server((node.address, node.ha_port)), RawClient.ha(node, "t") as client:
        assert refused(lambda: client.beprimary("n1")) == 30
        assert client.status() == (1, [])


def test_berelay_needs_a_secondary_and_a_primary_keeps_its_id(up: Up) -> None:
    with RawClient.ha(up().node("n1"), "t") as client:
        assert refused(client.berelay) == 17
        client.beprimary("n1")
        client.beprimary("n1")
        assert refused(lambda: client.beprimary("other")) == 17
        assert client.status() == (3, [])


MALFORMED: list[Term] = [
    (1,),
    (1, Atom("n1")),
    (1, b""),
    (1, b"\xff"),
    (2, b"n1", (b"n2", (1, 2, 3)), 1),
    (2, b"n1", (b"n2", (1, 2, 3, 256)), 1),
    (2, b"n1", (b"n2", (1, 2, 3, 4)), 2),
    Atom("status"),
]


def test_a_malformed_order_is_refused_and_the_socket_lives_on(up: Up) -> None:
    with RawClient.ha(up().node("n1"), "t") as client:
        codes = [refused(partial(client.request, order)) for order in MALFORMED]
        assert codes == [21] * len(MALFORMED)
        assert refused(lambda: client.request((7,))) == 51
        assert client.status() == (1, [])


def test_an_order_that_is_no_term_is_refused(up: Up) -> None:
    with RawClient.ha(up().node("n1"), "t") as client:
        client.send_frame(b"\x83\x50garbage")
        assert refused(client.receive_term) == 21


def test_nobody_there_is_ha_connect_and_leaves_the_node_none(up: Up) -> None:
    cluster = up(2)
    with RawClient.ha(cluster.node("n2"), "t") as client:
        assert refused(lambda: client.besecondary("n2", "n1", cluster.node("n1").address)) == 25
        assert client.status() == (1, [])


def test_different_tokens_are_found_by_the_secondary(up: Up) -> None:
    cluster = up(2)
    first, second = cluster.nodes
    with RawClient.ha(first, "t0ken-1") as primary, RawClient.ha(second, "t0ken-2") as secondary:
        primary.beprimary("n1")
        assert refused(lambda: secondary.besecondary("n2", "n1", first.address)) == 28
        assert secondary.status() == (1, [])
        assert primary.status() == (3, [])
    assert "t0ken" not in first.log + second.log


def test_a_primary_of_another_name_is_not_followed(up: Up) -> None:
    cluster = up(2)
    first, second = cluster.nodes
    with RawClient.ha(first, "t") as primary, RawClient.ha(second, "t") as secondary:
        primary.beprimary("n1")
        assert refused(lambda: secondary.besecondary("n2", "n9", first.address)) == 29


@pytest.mark.parametrize(
    ("option", "code"),
    [({"packages": "x"}, 27), ({"stream_config": "x"}, 69), ({"release": "5.7"}, 52)],
)
def test_nodes_that_differ_do_not_replicate(up: Up, option: dict[str, str], code: int) -> None:
    cluster = up(2)
    first, second = cluster.nodes
    second.stop()
    # The options are texts, each the name of a field that takes one.
    replace(second.config, **option).save()  # type: ignore[arg-type]
    second.start()
    with RawClient.ha(first, "t") as primary, RawClient.ha(second, "t") as secondary:
        primary.beprimary("n1")
        assert refused(lambda: secondary.besecondary("n2", "n1", first.address)) == code


def test_a_held_besecondary_blocks_neither_status_nor_a_new_socket(up: Up, until: Until) -> None:
    cluster = up(2)
    first, second = cluster.nodes
    with RawClient.ha(first, "t") as primary, RawClient.ha(second, "t") as secondary:
        primary.beprimary("n1")
        second.hold(30)
        secondary.send_frame(
            b"\x83h\x04a\x02m\0\0\0\x02n2h\x02m\0\0\0\x02n1h\x04"
            + b"".join(b"a" + bytes([int(part)]) for part in first.address.split("."))
            + b"a\x01"
        )
        until(lambda: second.status()["role"] == "secondary")
        with RawClient.ha(second, "t") as other:
            status = other.status()
            assert isinstance(status, tuple)
            assert status[0] == 2


def test_a_newer_order_aborts_a_besecondary_under_way(up: Up, until: Until) -> None:
    cluster = up(2, tick_timeout=5)
    first, second = cluster.nodes
    with RawClient.ha(first, "t") as primary:
        primary.beprimary("n1")
    first.freeze()  # its kernel still accepts connections
    with RawClient.events(second) as events:
        with RawClient.ha(second, "t") as client:
            client.besecondary("n2", "n1", first.address, wait=False)
            until(lambda: bool(second.status()["joining"]))
            with pytest.raises(NodeError):
                second.write("k", "v")
            assert client.status() == (1, [])
        with RawClient.ha(second, "t") as client:
            assert second.status()["joining"]
            client.beprimary("n2")
            assert client.status() == (3, [])
        assert events.receive_term() == (64, (7, 26))


def test_refuse_hits_the_next_order_and_not_status(up: Up) -> None:
    node = up().node("n1")
    node.refuse(18, "out of luck")
    with RawClient.ha(node, "t") as client:
        assert client.status() == (1, [])
        assert refused(lambda: client.beprimary("n1")) == 18
        client.beprimary("n1")


def test_phases_go_up_one_by_one_and_waiting_ends_when_reached(up: Up) -> None:
    node = up(start_phase=0).node("n1")
    with RawClient.maapi(node) as waiting, RawClient.maapi(node) as client:
        waiting.send_frame((402).to_bytes(4, "big") + b"\x83a\x02")
        assert refused(lambda: client.operation(401, (2, 1))) == 57
        client.operation(401, (1, 1))
        assert refused(lambda: client.operation(401, (1, 1))) == 57
        client.operation(401, (2, 0))
        assert waiting.receive_frame() == (402).to_bytes(4, "big")
        client.operation(402, 2)


def test_unknown_operations_are_errors_with_the_top_bit(up: Up) -> None:
    node = up().node("n1")
    with RawClient.cdb(node) as cdb, RawClient.maapi(node) as maapi:
        assert refused(lambda: cdb.operation(99)) == 51
        assert refused(lambda: maapi.operation(99)) == 51
        assert cdb.operation(65) == (2, Atom("normal"))


def test_the_flag_of_the_phase_tells_what_is_under_way_in_phase_0_only(up: Up) -> None:
    node = up(start_phase=0).node("n1")
    with RawClient.cdb(node) as cdb:
        assert cdb.operation(65) == (0, Atom("init"))
        node.fault("upgrade")
        assert cdb.operation(65) == (0, Atom("upgrade"))
        node.phase(1)
        assert cdb.operation(65) == (1, Atom("normal"))
    node.stop()
    node.start()
    with RawClient.cdb(node) as cdb:
        assert cdb.operation(65) == (0, Atom("false"))


def test_a_cdb_client_can_wait_for_phase_1(up: Up) -> None:
    node = up(start_phase=0).node("n1")
    with RawClient.cdb(node) as waiting, RawClient.cdb(node) as other:
        waiting.send_frame((64).to_bytes(4, "big"))
        assert other.operation(65) == (0, Atom("init"))
        waiting.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            waiting.receive(1)
        waiting.socket.settimeout(10)
        node.phase(1)
        assert waiting.receive_frame() == (64).to_bytes(4, "big")
        assert other.operation(64) is None


def test_a_refusal_on_the_ha_socket_is_the_code_alone_unless_more_is_wanted(up: Up) -> None:
    cluster = up()
    node = cluster.node("n1")
    error = Atom("error")
    wanted: list[tuple[str, Term]] = [
        ("code", (error, 17)),
        ("reason", (error, 17, b"not secondary")),
        ("tag", (error, 17, (b"not secondary", Atom("ncs_sim")))),
    ]
    assert node.config.refusals == wanted[0][0]
    for refusals, answer in wanted:
        node.stop()
        replace(node.config, refusals=refusals).save()
        node.start()
        with RawClient.ha(node, "t") as client:
            client.send_frame(encode((6,)))
            assert client.receive_term_as_it_is() == answer


@pytest.mark.parametrize(
    ("refusals", "reason"),
    [("code", b"1 or 0 expected\0"), ("tag", (b"1 or 0 expected\0", Atom("ncs_sim")))],
)
def test_a_reason_ends_in_nul_on_the_other_sockets(up: Up, refusals: str, reason: Term) -> None:
    with RawClient.maapi(up(refusals=refusals).node("n1")) as client:
        client.send_frame((229).to_bytes(4, "big") + encode(2))
        answer = client.receive_frame()
    assert answer[:8].hex() == "800000e500000015"
    assert decode(answer[8:]) == reason


def subscribed(node: NodeHandle, term: Term) -> Term:
    with RawClient(node) as client:
        client.shake_hands(11)
        return client.request(term)


def test_a_subscription_has_a_verbosity_from_0_to_3(up: Up) -> None:
    node = up().node("n1")
    for verbosity in range(4):
        assert subscribed(node, (64, 0, 0, Atom("undefined"), verbosity)) == OK
    for wrong in (-1, 4, Atom("normal")):
        term: Term = (64, 0, 0, Atom("undefined"), wrong)
        assert refused(partial(subscribed, node, term)) == 21


def test_a_subscription_that_would_stop_all_ha_work_is_refused(up: Up) -> None:
    node = up().node("n1")
    term: Term = (64 | 1 << 20, 0, 0, Atom("undefined"), 0)
    assert refused(lambda: subscribed(node, term)) == 21


def test_heartbeats_come_at_the_interval_which_is_raised_to_a_minimum(up: Up) -> None:
    node = up().node("n1")
    with RawClient.events(node, 8192, 10) as events:
        started = time.monotonic()
        beat = events.receive_term()
        assert isinstance(beat, tuple)
        assert beat[0] == 8192
        assert time.monotonic() - started > 0.9


def test_a_frozen_node_leaves_a_write_unknown_and_a_killed_one_refuses_it(up: Up) -> None:
    node = up().node("n1")
    node.freeze()
    assert node.status()["frozen"] is True
    with pytest.raises(WriteUnknown):
        node.write("k", "v", timeout=0.3)
    node.thaw()
    node.kill()
    assert node.status()["running"] is False
    with pytest.raises(NodeError) as caught:
        node.write("k", "v")
    assert not isinstance(caught.value, WriteUnknown)
