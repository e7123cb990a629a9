# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: SIM117 - a connection and what it raises are two things
"""HA events: subscribing to them and reading them."""

from __future__ import annotations

import inspect
import socket
from typing import Any, Callable, Tuple

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, events, terms
from ansible_collections.nso.ha.plugins.module_utils.ncs.events import NotificationsData
from ansible_collections.nso.ha.plugins.module_utils.ncs.terms import Atom
from helpers import term_values, vectors
from helpers.attempt import attempt
from helpers.properties import repeatable_few
from helpers.scripted_daemon import Expect, Script, ScriptedDaemon, Send, Trickle, Ways
from helpers.vectors import ACCEPTED, HELLO, framed
from hypothesis import given
from hypothesis import strategies as st

Pair = Tuple[socket.socket, socket.socket]
Answered = Callable[[bytes], socket.socket]

OK = vectors.answer("ok")
HEARTBEAT = framed(terms.encode((8192, 0)))


def subscription(mask: int) -> bytes:
    (found,) = [entry for entry in vectors.CLIENT["events_subscribe"] if entry["mask"] == mask]
    return bytes.fromhex(found["frame"])


@pytest.mark.parametrize(
    "entry",
    vectors.CLIENT["events_subscribe"],
    ids=[str(entry["mask"]) for entry in vectors.CLIENT["events_subscribe"]],
)
def test_each_subscription_is_sent_as_the_vendors_send_it(
    entry: dict[str, Any], family: int, way: Ways
) -> None:
    # An event may follow the answer at once.
    script: Script = [
        Expect(HELLO["events"]),
        Send(ACCEPTED),
        Expect(bytes.fromhex(entry["frame"])),
        way.step(OK + HEARTBEAT),
    ]
    data = NotificationsData(heartbeat_interval=entry["heartbeat_ms"])
    with ScriptedDaemon(script, family=family) as daemon, daemon.client(kind=way.kind) as sock:
        events.notifications_connect2(sock, entry["mask"], data, *daemon.where)
        assert events.read_notification(sock) == {"type": events.NOTIF_HEARTBEAT}


def test_without_options_there_are_no_heartbeats(family: int) -> None:
    script: Script = [Expect(HELLO["events"]), Send(ACCEPTED), Expect(subscription(64)), Send(OK)]
    with ScriptedDaemon(script, family=family) as daemon, daemon.client() as sock:
        ip, port, path = daemon.where
        events.notifications_connect(
            sock=sock, mask=events.NOTIF_HA_INFO, ip=ip, port=port, path=path
        )


def test_the_parameters_are_those_of_the_vendors_module() -> None:
    wanted: dict[Callable[..., object], list[str]] = {
        events.notifications_connect: ["sock", "mask", "ip", "port", "path"],
        events.notifications_connect2: ["sock", "mask", "data", "ip", "port", "path"],
        events.read_notification: ["sock"],
    }
    for function, names in wanted.items():
        assert list(inspect.signature(function).parameters) == names


def test_the_numbers_are_those_of_the_protocol() -> None:
    assert (events.NOTIF_HA_INFO, events.NOTIF_HEARTBEAT) == (64, 8192)
    assert [
        events.HA_INFO_NOPRIMARY,
        events.HA_INFO_SECONDARY_DIED,
        events.HA_INFO_SECONDARY_ARRIVED,
        events.HA_INFO_SECONDARY_INITIALIZED,
        events.HA_INFO_IS_PRIMARY,
        events.HA_INFO_IS_NONE,
        events.HA_INFO_BESECONDARY_RESULT,
    ] == [1, 2, 3, 4, 5, 6, 7]


def test_there_is_no_way_to_ask_for_events_that_stop_the_daemon() -> None:
    assert not [name for name in vars(events) if "SYNC" in name]


HA_INFO_SYNC = 1 << 20


@pytest.mark.parametrize(
    "mask", [0, 1, 63, 65, 128, 64 | 256, 16384, -1, HA_INFO_SYNC, 64 | 8192 | HA_INFO_SYNC]
)
def test_events_this_client_cannot_read_are_not_asked_for(mask: int) -> None:
    with ScriptedDaemon() as daemon, daemon.client() as sock:
        with pytest.raises(error.Error, match=rf"events {mask} ") as caught:
            events.notifications_connect(sock, mask, *daemon.where)
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE


@pytest.mark.parametrize(
    ("mask", "interval", "sent"),
    [(8192, -1, 1000), (64 | 8192, 0, 1000), (8192, 999, 1000), (8192, 1001, 1001), (64, 5, 5)],
)
def test_too_short_an_interval_between_heartbeats_is_raised(
    pair: Pair, mask: int, interval: int, sent: int
) -> None:
    client, daemon = pair
    daemon.sendall(OK)
    events.subscribe(client, mask, NotificationsData(heartbeat_interval=interval))
    assert daemon.recv(4096) == framed(terms.encode((mask, sent, 0, Atom("undefined"), 0)))


@pytest.mark.parametrize(
    "answer", [Atom("error"), b"ok", (Atom("ok"),), (64, (6, 0)), 0, [], (1, 2)], ids=repr
)
def test_a_subscription_that_is_not_answered_with_ok_is_an_error(
    answered: Answered, answer: terms.Term
) -> None:
    with pytest.raises(error.Error, match="neither ok nor") as caught:
        events.subscribe(answered(framed(terms.encode(answer))), 64, NotificationsData())
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE


def _expected(means: dict[str, Any]) -> dict[str, Any]:
    """Return what a vector means, with the address family that the API adds."""
    event = dict(means)
    for name in ("secondary_died", "secondary_arrived"):
        if name in event:
            event[name] = {**event[name], "af": socket.AF_INET}
    return {"type": 64, "hnot": event}


@pytest.mark.parametrize(
    "entry", vectors.SERVER["events"], ids=[entry["name"] for entry in vectors.SERVER["events"]]
)
def test_each_event_is_read_as_what_it_means(entry: dict[str, Any], way: Ways) -> None:
    # A heartbeat follows at once, and is left for the next call.
    script: Script = [way.step(bytes.fromhex(entry["frame"]) + HEARTBEAT)]
    with ScriptedDaemon(script) as daemon, daemon.client(kind=way.kind) as sock:
        sock.connect(daemon.address)
        assert events.read_notification(sock) == _expected(entry["means"])
        assert events.read_notification(sock) == {"type": events.NOTIF_HEARTBEAT}


def test_the_vectors_have_every_kind_of_event() -> None:
    assert {entry["means"]["type"] for entry in vectors.SERVER["events"]} == set(range(1, 8))


@pytest.mark.parametrize(
    ("address", "node"),
    [
        ((192, 0, 2, 7), {"af": socket.AF_INET, "ip4": "192.0.2.7"}),
        ((0, 0, 0, 0, 0, 0, 0, 1), {"af": socket.AF_INET6, "ip6": "::1"}),
        (b"host.example", {"af": socket.AF_UNSPEC, "str": "host.example"}),
        (b"192.0.2.7", {"af": socket.AF_INET, "ip4": "192.0.2.7"}),
        (b"::1", {"af": socket.AF_INET6, "ip6": "::1"}),
    ],
)
@pytest.mark.parametrize(("kind", "name"), [(2, "secondary_died"), (3, "secondary_arrived")])
def test_a_secondary_is_told_with_the_family_of_its_address(
    answered: Answered, kind: int, name: str, address: terms.Term, node: dict[str, Any]
) -> None:
    sock = answered(framed(terms.encode((64, (kind, (b"n2", address))))))
    assert events.read_notification(sock) == {
        "type": 64,
        "hnot": {"type": kind, name: {"nodeid": "n2", **node}},
    }


@pytest.mark.parametrize("term", [(8192,), (8192, 0), (8192, Atom("x"), [])])
def test_a_heartbeat_is_any_tuple_with_its_number(answered: Answered, term: terms.Term) -> None:
    assert events.read_notification(answered(framed(terms.encode(term)))) == {"type": 8192}


@pytest.mark.parametrize("value", [0, 26, Atom("undefined"), b"", [], (1, 2)], ids=repr)
@pytest.mark.parametrize("kind", [5, 6])
def test_what_is_not_used_of_an_event_may_be_anything(
    answered: Answered, kind: int, value: terms.Term
) -> None:
    event = events.read_notification(answered(framed(terms.encode((64, (kind, value))))))
    assert event == {"type": 64, "hnot": {"type": kind}}


@pytest.mark.parametrize(
    "term",
    [
        (),
        Atom("ok"),
        8192,
        [8192, 0],
        (64,),
        (64, 1),
        (64, ()),
        (64, (1,)),
        (64, (1, 2, 3)),
        (64, [1, 26]),
        (64, (Atom("noprimary"), 26)),
        (64, (1, 26), 0),
        (63, (1, 26)),
        (Atom("64"), (1, 26)),
        (64, (0, 0)),
        (64, (8, 0)),
        (64, (-1, 0)),
        (64, (1, Atom("closed"))),
        (64, (4, b"1")),
        (64, (7, [0])),
        (64, (2, b"n2")),
        (64, (2, (b"n2",))),
        (64, (3, (b"n2", (1, 2, 3)))),
        (64, (3, (Atom("n2"), (1, 2, 3, 4)))),
        (64, (3, (b"n2", (1, 2, 3, 256)))),
    ],
    ids=repr,
)
def test_an_event_that_makes_no_sense_is_an_error(answered: Answered, term: terms.Term) -> None:
    with pytest.raises(error.Error, match="malformed reply") as caught:
        events.read_notification(answered(framed(terms.encode(term))))
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE


def test_an_eof_between_events_is_an_eof(answered: Answered) -> None:
    sock = answered(HEARTBEAT)
    events.read_notification(sock)
    with pytest.raises(error.EOF) as caught:
        events.read_notification(sock)
    # Nothing was asked for, so nothing can have happened because of it.
    assert not caught.value.outcome_unknown


def test_an_event_that_trickles_in_is_a_timeout() -> None:
    with ScriptedDaemon([Send(b"\0\0\x10\0"), Trickle()]) as daemon, daemon.client(0.3) as sock:
        sock.connect(daemon.address)
        with pytest.raises(error.Timeout):
            events.read_notification(sock)


@pytest.mark.parametrize(
    "answer", [b"", OK[:-1], framed(b"junk"), framed(terms.encode((Atom("ok"),))), b"HTTP/1.1"]
)
def test_a_subscription_without_valid_answer_leaves_the_outcome_unknown(
    answered: Answered, answer: bytes
) -> None:
    with pytest.raises(error.Failure) as caught:
        events.subscribe(answered(answer), 64, NotificationsData())
    assert caught.value.outcome_unknown


def test_a_socket_without_timeout_gets_a_limit(pair: Pair, asked: list[float]) -> None:
    ours, _unused = pair
    ours.settimeout(None)
    for call in (
        lambda: events.read_notification(ours),
        lambda: events.subscribe(ours, 64, NotificationsData()),
    ):
        with pytest.raises(error.Timeout):
            call()
    assert asked == [30.0, 30.0]


_almost_events = st.tuples(
    st.sampled_from([64, 8192, 63]),
    st.tuples(
        st.integers(0, 8),
        st.integers(0, 40)
        | st.tuples(st.binary(max_size=3), st.tuples(*[st.integers(-1, 256)] * 4))
        | st.tuples(st.binary(max_size=3), st.binary(max_size=10))
        | term_values.values,
    ),
)


@repeatable_few
@given(_almost_events | term_values.values)
def test_any_term_is_an_event_or_an_error(term: terms.Term) -> None:
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.settimeout(5)
        peer.sendall(framed(terms.encode(term)))
        event, failure = attempt(lambda: events.read_notification(ours))
    if event is None:
        assert failure
        assert failure.confd_errno == error.ERR_PROTOUSAGE
    else:
        assert event["type"] in (64, 8192)
        assert ("hnot" in event) == (event["type"] == 64)


@repeatable_few
@given(st.binary(max_size=60))
def test_any_bytes_are_an_event_or_a_failure(content: bytes) -> None:
    for data in (content, b"\x83" + content):
        ours, peer = socket.socketpair()
        with ours, peer:
            ours.settimeout(5)
            peer.sendall(framed(data))
            event, failure = attempt(lambda: events.read_notification(ours))  # noqa: B023 - called at once
        if event is None:
            assert failure
            assert failure.confd_errno == error.ERR_PROTOUSAGE
        else:
            assert event["type"] in (64, 8192)
