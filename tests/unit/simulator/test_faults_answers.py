# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of answers, as a client sees them: late, in pieces, cut off, or something else instead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers.simulated import Simulation
from helpers.until import until
from ncs_sim.errors import Refusal
from ncs_sim.fault_kinds import KINDS, REQUESTS
from ncs_sim.handle import NodeError, NodeHandle
from ncs_sim.raw_client import KIND_CDB, KIND_HA, RawClient
from ncs_sim.terms import Atom, Term, TermError, decode, encode

#: Seconds: what is late, and what would run into the time limit of the client.
LATE = 0.2
FOR_EVER = 600
MIB = 1 << 20

STATUS_OF_NONE = len(encode((1, []))) + 4
SPOILS = ("garbage", "no-term", "oversized", "deep", "wide", "wrong-type")


@pytest.fixture(scope="module")
def only_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeHandle]:
    with Simulation(tmp_path_factory.mktemp("faults")) as simulation:
        yield simulation.node("n1")


@pytest.fixture
def node(only_node: NodeHandle) -> NodeHandle:
    """A node that is none, without faults."""
    only_node.clear()
    only_node.order("none")
    return only_node


def seconds_of(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


def all_bytes(client: RawClient) -> bytes:
    """All that still comes before the node closes; fails if it does not close."""
    data = b""
    try:
        while part := client.socket.recv(1 << 16):
            data += part
    except ConnectionResetError:
        pass
    return data


def test_slow_delays_the_named_request(node: NodeHandle) -> None:
    node.fault("slow", seconds=LATE, place="status")
    with RawClient.ha(node, "t") as client:
        assert seconds_of(client.status) >= LATE


def test_slow_delays_nothing_but_the_named_request_until_it_is_cleared(node: NodeHandle) -> None:
    node.fault("slow", seconds=FOR_EVER, place="status")
    with RawClient.ha(node, "t") as client, RawClient.cdb(node) as cdb:
        client.benone()
        cdb.operation(65)
        node.clear()
        client.status()


def test_slow_without_a_name_delays_every_answer(node: NodeHandle) -> None:
    node.fault("slow", seconds=LATE)
    with RawClient.ha(node, "t") as client:
        assert seconds_of(client.status) >= LATE
        assert seconds_of(client.benone) >= LATE
    with RawClient.cdb(node) as cdb, RawClient.maapi(node) as maapi:
        assert seconds_of(lambda: cdb.operation(66)) >= LATE
        assert seconds_of(lambda: maapi.operation(402, 1)) >= LATE


def test_slow_is_in_the_handshake_only_where_that_is_named(node: NodeHandle) -> None:
    node.fault("slow", seconds=FOR_EVER)
    with RawClient(node) as client:
        client.shake_hands(KIND_HA)
    node.clear()
    node.fault("slow", seconds=LATE, place="handshake")
    with RawClient(node) as client:
        assert seconds_of(lambda: client.shake_hands(KIND_CDB)) >= LATE


def test_slow_can_be_one_kind_of_client(node: NodeHandle) -> None:
    node.fault("slow", seconds=LATE, place="cdb")
    with RawClient.cdb(node) as cdb:
        assert seconds_of(lambda: cdb.operation(65)) >= LATE
    node.fault("slow", seconds=FOR_EVER, place="cdb")
    with RawClient.ha(node, "t") as client:
        client.status()


def test_slow_carries_an_order_out_before_its_late_answer_which_clear_lets_go(
    node: NodeHandle,
) -> None:
    node.fault("slow", seconds=FOR_EVER, place="beprimary")
    with RawClient.ha(node, "t") as client:
        order = threading.Thread(target=client.beprimary, args=("n1",))
        order.start()
        until(lambda: node.status()["role"] == "primary")
        assert order.is_alive()
        node.clear()
        order.join(10)
        assert not order.is_alive()


def test_pieces_have_the_size_asked_for_and_are_the_whole_answer(node: NodeHandle) -> None:
    node.fault("pieces", size=3, pause=0.05)
    with RawClient.ha(node, "t") as client:
        client.send_frame(encode((4,)))
        pieces: list[bytes] = []
        while sum(len(piece) for piece in pieces) < STATUS_OF_NONE:
            pieces.append(client.socket.recv(1000))
        assert {len(piece) for piece in pieces[:-1]} == {3}
        assert decode(b"".join(pieces)[4:]) == (1, [])
        node.clear()
        client.send_frame(encode((4,)))
        assert len(client.socket.recv(1000)) == STATUS_OF_NONE


def test_an_answer_is_closed_after_any_byte(node: NodeHandle) -> None:
    for count in range(STATUS_OF_NONE + 1):
        node.fault("close", count=count)
        with RawClient.ha(node, "t") as client:
            client.send_frame(encode((4,)))
            assert len(all_bytes(client)) == count
    node.fault("close", count=STATUS_OF_NONE + 1)
    with RawClient.ha(node, "t") as client:
        assert client.status() == client.status() == (1, [])


def test_close_can_count_from_the_first_byte_of_the_connection(node: NodeHandle) -> None:
    node.fault("close", count=4, from_start=True, place="cdb")
    with RawClient(node) as cdb, pytest.raises(EOFError, match="after 4 of 9 bytes"):
        cdb.shake_hands(KIND_CDB)
    with RawClient.ha(node, "t") as client:
        assert client.status() == (1, []), "another kind of client"
    node.fault("close", count=9 + STATUS_OF_NONE + 2, from_start=True, place=None)
    with RawClient.ha(node, "t") as client:
        assert client.status() == (1, [])
        client.send_frame(encode((4,)))
        assert len(all_bytes(client)) == 2
    node.clear()
    with RawClient.ha(node, "t") as client:
        assert client.status() == client.status() == (1, [])


def test_close_can_be_in_the_handshake(node: NodeHandle) -> None:
    for count in range(9):
        node.fault("close", count=count, place="handshake")
        with RawClient(node) as client, pytest.raises((EOFError, ConnectionResetError)):
            client.shake_hands(KIND_HA)
    node.clear()
    with RawClient(node) as client:
        client.shake_hands(KIND_HA)


def test_an_order_is_carried_out_though_its_answer_is_cut_off_once(node: NodeHandle) -> None:
    node.fault("close", count=0, once=True, place="beprimary")
    with RawClient.ha(node, "t") as client:
        assert client.status() == (1, []), "not the answer that is named"
        client.send_frame(encode((1, b"n1")))
        assert all_bytes(client) == b""
    assert node.faults() == []
    with RawClient.ha(node, "t") as client:
        assert client.status() == (3, [])


def spoilt(node: NodeHandle) -> bytes:
    """The answer of 4 bytes and what belongs to them, as far as it comes."""
    with RawClient.ha(node, "t") as client:
        client.send_frame(encode((4,)))
        length = client.receive(4)
        size = int.from_bytes(length, "big")
        return length + (client.receive(size) if size <= 16 * MIB else b"")


def test_garbage_is_no_frame(node: NodeHandle) -> None:
    node.fault("garbage")
    assert spoilt(node) == b"HTTP"


def test_garbage_can_stand_for_the_handshake(node: NodeHandle) -> None:
    node.fault("garbage", place="handshake", once=True)
    with RawClient(node) as client:
        assert client.shake_hands(KIND_HA) == b"HTTP/1.1 "
    with RawClient(node) as client:
        assert client.shake_hands(KIND_HA)[0] == 0


@pytest.mark.parametrize("size", [16 * MIB + 1, 2**32 - 1])
def test_an_oversized_frame_is_announced(node: NodeHandle, size: int) -> None:
    node.fault("oversized", size=size)
    assert int.from_bytes(spoilt(node), "big") == size


def test_no_term_and_a_deep_one_are_whole_frames(node: NodeHandle) -> None:
    node.fault("no-term")
    with pytest.raises(TermError, match="no version byte"):
        decode(spoilt(node)[4:])
    node.clear()
    node.fault("deep", levels=30_000)
    with pytest.raises(TermError, match="nested too deep"):
        decode(spoilt(node)[4:])


def test_a_wide_list_fills_the_largest_frame(node: NodeHandle) -> None:
    node.fault("wide")
    answer = spoilt(node)
    assert len(answer) == 4 + 16 * MIB
    assert answer[4:6] == b"\x83l"
    assert int.from_bytes(answer[6:10], "big") == len(answer) - 11


def test_a_wrong_type_is_a_term_of_ones_choice(node: NodeHandle) -> None:
    node.fault("wrong-type")
    assert decode(spoilt(node)[4:]) == (Atom("undefined"), [])
    node.fault("wrong-type", term=encode((1, b"x")).hex())
    assert decode(spoilt(node)[4:]) == (1, b"x")


@pytest.mark.parametrize("fault", SPOILS)
def test_a_spoilt_answer_can_be_one_or_all_of_one_kind(node: NodeHandle, fault: str) -> None:
    right = len(encode((1, []))) + 4
    node.fault(fault, once=True)
    assert len(spoilt(node)) != right
    assert len(spoilt(node)) == right
    node.fault(fault, place="benone")
    assert len(spoilt(node)) == len(spoilt(node)) == right
    node.fault(fault, place="ha")
    assert len(spoilt(node)) == len(spoilt(node)) != right
    node.clear()
    assert len(spoilt(node)) == right


@pytest.mark.parametrize("fault", ["no-term", "deep", "wrong-type"])
def test_the_operation_stays_in_front_of_a_spoilt_answer(node: NodeHandle, fault: str) -> None:
    node.fault(fault, place="get_txid")
    with RawClient.cdb(node) as cdb:
        assert cdb.operation(65) == (2, Atom("normal"))
        cdb.send_frame((66).to_bytes(4, "big"))
        answer = cdb.receive_frame()
    assert answer[:4] == bytes([0, 0, 0, 66])
    assert answer[4:] != encode((1, 1, 1))


def test_refuse_is_for_one_order_and_hold_ends_with_clear(node: NodeHandle) -> None:
    node.fault("refuse", code=26, reason="no")
    with RawClient.ha(node, "t") as client:
        with pytest.raises(Refusal) as caught:
            client.benone()
        assert (caught.value.code, caught.value.reason) == (26, "no")
        client.benone()
        node.fault("refuse", code=26)
        node.clear()
        client.benone()
        node.hold(FOR_EVER)
        caught_in_thread: list[int] = []

        def follow_nobody() -> None:
            try:
                client.besecondary("n1", "n2", "127.0.250.250")
            except Refusal as refusal:
                caught_in_thread.append(refusal.code)

        order = threading.Thread(target=follow_nobody)
        order.start()
        until(lambda: node.waiting() == ["besecondary"])
        assert node.faults() == [], "it has been used up"
        node.clear("refuse")
        assert node.waiting() == ["besecondary"]
        node.clear("hold")
        order.join(10)
        assert node.waiting() == []
    assert caught_in_thread == [25]


def test_a_fault_takes_the_place_of_one_like_it_and_ends_with_the_process(
    node: NodeHandle,
) -> None:
    node.fault("slow", seconds=1)
    node.fault("slow", seconds=2)
    node.fault("slow", seconds=3, place="status")
    assert node.faults() == [
        {"fault": "slow", "place": None, "seconds": 2},
        {"fault": "slow", "place": "status", "seconds": 3},
    ]
    node.stop()
    node.start()
    assert node.faults() == []


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("no such fault", {}),
    ("slow", {}),
    ("slow", {"seconds": "1"}),
    ("slow", {"seconds": True}),
    ("slow", {"seconds": -1}),
    ("slow", {"seconds": 1, "place": "nowhere"}),
    ("slow", {"seconds": 1, "more": 1}),
    ("pieces", {"size": 0}),
    ("close", {"count": 1.5}),
    ("wrong-type", {"term": "xyz"}),
    ("refuse", {"code": -1}),
    ("copy", {"peer": "n1"}),
]


@pytest.mark.parametrize(("name", "arguments"), WRONG)
def test_a_fault_that_cannot_be_is_refused(
    node: NodeHandle, name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(NodeError):
        node.fault(name, **arguments)
    assert node.faults() == []


def test_every_request_that_has_an_answer_has_a_name(node: NodeHandle) -> None:
    """So that the names in the table of faults are those of real requests."""
    peer = (b"p", (127, 0, 250, 250))
    arguments: dict[str, tuple[Term, ...]] = {
        "beprimary": (b"x",),
        "besecondary": (b"x", peer, 1),
        "secondary_dead": (b"x",),
    }
    for number, name in enumerate(REQUESTS["ha"], 1):
        node.fault("garbage", once=True, place=name)
        with RawClient.ha(node, "t") as client:
            client.send_frame(encode((number, *arguments.get(name, ()))))
            assert client.receive(4) == b"HTTP", name
    for kind, op, name in (
        (RawClient.cdb, 65, "get_phase"),
        (RawClient.cdb, 66, "get_txid"),
        (RawClient.maapi, 229, "set_readonly"),
        (RawClient.maapi, 401, "start_phase"),
        (RawClient.maapi, 402, "wait_start"),
        (RawClient.maapi, 100, "start_user_session"),
        (RawClient.maapi, 101, "end_user_session"),
        (RawClient.maapi, 140, "start_trans"),
        (RawClient.maapi, 142, "finish_trans"),
        (RawClient.maapi, 164, "exists"),
        (RawClient.maapi, 166, "get_elem"),
        (RawClient.maapi, 247, "xpath_eval_expr"),
    ):
        node.fault("garbage", once=True, place=name)
        with kind(node) as client:
            client.send_frame(op.to_bytes(4, "big"))
            assert client.receive(4) == b"HTTP", name
    node.fault("garbage", once=True, place="event")
    with RawClient(node) as client:
        client.shake_hands(11)
        client.send_frame(encode((64, 0, 0, Atom("undefined"), 0)))
        assert client.receive(4) == b"HTTP"


def test_every_fault_has_a_line_of_help() -> None:
    for name, kind in KINDS.items():
        assert kind.__doc__, name
        assert "\n" not in kind.__doc__, name
