# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: SIM117 - a connection and what it raises are two things
"""HA orders: the bytes that are sent, what is made of the answers, and what is known afterwards."""

from __future__ import annotations

import inspect
import socket
from pathlib import Path
from typing import Any, Callable, Tuple, TypeVar

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, ha, terms
from ansible_collections.nso.ha.plugins.module_utils.ncs.terms import Atom
from helpers import term_values, vectors
from helpers.attempt import attempt
from helpers.properties import repeatable_few
from helpers.scripted_daemon import Close, Deaf, Expect, Script, ScriptedDaemon, Send, Trickle, Ways
from helpers.vectors import ACCEPTED, HELLO, TOKEN, TOKEN_FRAME, framed
from hypothesis import given
from hypothesis import strategies as st

Pair = Tuple[socket.socket, socket.socket]
Answered = Callable[[bytes], socket.socket]

T = TypeVar("T")

SOON = 0.3

OK = vectors.answer("ok")
GREETING: Script = [Expect(HELLO["ha"]), Send(ACCEPTED), Expect(TOKEN_FRAME)]

ORDERS: dict[str, Callable[..., Any]] = {
    "status": ha.status,
    "beprimary": ha.beprimary,
    "besecondary": ha.besecondary,
    "berelay": ha.berelay,
    "secondary_dead": ha.secondary_dead,
    "benone": ha.benone,
}

#: Each order that is answered with ok, ready to be given.
ANSWERED_WITH_OK: dict[str, Callable[[socket.socket], None]] = {
    "beprimary": lambda sock: ha.beprimary(sock, "n1"),
    "besecondary": lambda sock: ha.besecondary(sock, "n2", "n1", "192.0.2.10", True),
    "benone": ha.benone,
    "berelay": ha.berelay,
    "secondary_dead": lambda sock: ha.secondary_dead(sock, "n3"),
}
EVERY: dict[str, Callable[[socket.socket], Any]] = {**ANSWERED_WITH_OK, "status": ha.status}

each_order = pytest.mark.parametrize("order", list(EVERY.values()), ids=list(EVERY))
each_ok_order = pytest.mark.parametrize(
    "order", list(ANSWERED_WITH_OK.values()), ids=list(ANSWERED_WITH_OK)
)


def refusal(*parts: terms.Term) -> bytes:
    return framed(terms.encode((Atom("error"), *parts)))


def _order_id(entry: dict[str, Any]) -> str:
    return " ".join([entry["order"], *(str(value) for value in entry["args"].values())])


@pytest.mark.parametrize("entry", vectors.CLIENT["orders"], ids=_order_id)
def test_each_order_is_sent_as_the_vendors_send_it(
    entry: dict[str, Any], family: int, way: Ways
) -> None:
    name, arguments = entry["order"], entry["args"]
    script: list[Any] = [*GREETING, Expect(bytes.fromhex(entry["frame"]))]
    if name == "status":
        script.append(way.step(vectors.answer("status none")))
    elif arguments.get("waitreply") is not False:
        script.append(way.step(OK))
    with ScriptedDaemon(script, family=family) as daemon, daemon.client(kind=way.kind) as sock:
        ha.connect(sock, TOKEN, *daemon.where)
        result = ORDERS[name](sock, **arguments)
    assert result == ((1, []) if name == "status" else None)


def test_the_orders_of_the_vectors_are_all_orders() -> None:
    assert {entry["order"] for entry in vectors.CLIENT["orders"]} == set(ORDERS)


@pytest.mark.parametrize(
    "entry", vectors.SERVER["answers"], ids=[entry["name"] for entry in vectors.SERVER["answers"]]
)
def test_each_answer_is_read_as_what_it_means(entry: dict[str, Any], way: Ways) -> None:
    means = entry["means"]
    is_status = isinstance(means, list)
    sent = vectors.order_frame("status" if is_status else "benone")
    # The next answer follows at once, and is left for the next order.
    answers = bytes.fromhex(entry["frame"]) + OK
    script: Script = [
        *GREETING,
        Expect(sent),
        way.step(answers),
        Expect(vectors.order_frame("berelay")),
    ]
    with ScriptedDaemon(script) as daemon, daemon.client(kind=way.kind) as sock:
        ha.connect(sock, TOKEN, *daemon.where)
        if is_status:
            assert ha.status(sock) == (means[0], means[1])
        elif means == "ok":
            ha.benone(sock)
        else:
            with pytest.raises(error.Error) as caught:
                ha.benone(sock)
            assert caught.value.confd_errno == means["confd_errno"]
            assert caught.value.confd_lasterr == means.get("confd_lasterr", "")
            assert not caught.value.outcome_unknown
        ha.berelay(sock)


@pytest.mark.parametrize("tag", ["640002", "7302", "760002", "7702"])
def test_ok_may_be_written_in_any_of_the_four_forms(answered: Answered, tag: str) -> None:
    ha.benone(answered(framed(bytes.fromhex("83" + tag + "6f6b"))))


@pytest.mark.parametrize("tag", ["640005", "7305", "760005", "7705"])
def test_error_may_be_written_in_any_of_the_four_forms(answered: Answered, tag: str) -> None:
    term = bytes.fromhex("836802" + tag + "6572726f72" + "611c")
    with pytest.raises(error.Error) as caught:
        ha.benone(answered(framed(term)))
    assert caught.value.confd_errno == error.ERR_HA_BADTOKEN


def test_a_list_of_bytes_may_be_written_as_a_string(answered: Answered) -> None:
    # A status with nobody in it, and an answer in which the list of nodes are two bytes.
    assert ha.status(answered(framed(bytes.fromhex("83680261016b0000")))) == (1, [])


def test_bytes_in_the_place_of_nodes_are_no_nodes(answered: Answered) -> None:
    with pytest.raises(error.Error, match="a node of the form 5"):
        ha.status(answered(framed(bytes.fromhex("83680261036b00020506"))))


def test_every_address_a_node_can_have_is_read(answered: Answered) -> None:
    listed: list[tuple[str, bytes, terms.Term, str]] = [
        ("n1", b"n1", (192, 0, 2, 255), "192.0.2.255"),
        ("n2", b"n2", (0x2001, 0xDB8, 0, 0, 0, 0, 0, 1), "2001:db8::1"),
        ("n3", b"n3", b"host.example", "host.example"),
        ("größe", "größe".encode(), (0, 0, 0, 0, 0, 0, 0, 1), "::1"),
        ("bad\\xff", b"bad\xff", b"bad\xff", "bad\\xff"),
    ]
    term: terms.Term = (3, [(raw, address) for _name, raw, address, _text in listed])
    state, nodes = ha.status(answered(framed(terms.encode(term))))
    assert state == ha.STATE_PRIMARY
    assert nodes == [{"nodeid": name, "address": text} for name, _raw, _address, text in listed]


def test_an_ipv6_primary_is_eight_numbers_and_a_host_name_is_text(pair: Pair) -> None:
    ours, peer = pair
    wanted = {
        "2001:db8::ffff": (0x2001, 0xDB8, 0, 0, 0, 0, 0, 0xFFFF),
        "192.0.2.1": (192, 0, 2, 1),
        "primary.example": b"primary.example",
    }
    for address, term in wanted.items():
        ha.besecondary(ours, "n2", "n1", address, False)
        sent = terms.decode(peer.recv(1000)[4:])
        assert term_values.same(sent, (2, b"n2", (b"n1", term), 0))


def test_the_order_of_ipv6_is_written_byte_by_byte_as_expected(pair: Pair) -> None:
    ours, peer = pair
    ha.besecondary(ours, "b", "a", "fe80::1", False)
    address = "6808" + "620000fe80" + "6100" * 6 + "6101"
    term = "8368046102" + "6d0000000162" + "6802" + "6d0000000161" + address + "6100"
    assert peer.recv(1000).hex() == framed(bytes.fromhex(term)).hex()


def test_besecondary_without_waiting_reads_nothing(pair: Pair) -> None:
    ours, peer = pair
    peer.sendall(b"for somebody else")
    ha.besecondary(ours, "n2", "n1", "192.0.2.10", False)
    assert peer.recv(1000) == vectors.order_frame("besecondary", waitreply=False)
    assert ours.recv(1000) == b"for somebody else"


#: All that the vendor's module has, deprecated names included.
VENDOR = {
    *("bemaster", "benone", "beprimary", "berelay", "besecondary", "beslave", "connect"),
    *("secondary_dead", "slave_dead", "status"),
    *("STATE_MASTER", "STATE_NONE", "STATE_PRIMARY", "STATE_SECONDARY", "STATE_SECONDARY_RELAY"),
    *("STATE_SLAVE", "STATE_SLAVE_RELAY"),
}


def test_it_has_every_name_of_the_vendors_module() -> None:
    assert set(ha.__all__) == {*VENDOR, "send_token"}
    assert all(hasattr(ha, name) for name in ha.__all__)


def test_the_older_names_are_the_same_functions() -> None:
    assert ha.bemaster is ha.beprimary
    assert ha.beslave is ha.besecondary
    assert ha.slave_dead is ha.secondary_dead


def test_the_states_have_the_vendors_numbers_and_names() -> None:
    assert ha.STATE_NONE == 1
    assert ha.STATE_SECONDARY == ha.STATE_SLAVE == 2
    assert ha.STATE_PRIMARY == ha.STATE_MASTER == 3
    assert ha.STATE_SECONDARY_RELAY == ha.STATE_SLAVE_RELAY == 4


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (ha.connect, ["sock", "token", "ip", "port", "pstr"]),
        (ha.beprimary, ["sock", "mynodeid"]),
        (ha.besecondary, ["sock", "mynodeid", "primary_id", "primary_ip", "waitreply"]),
        (ha.benone, ["sock"]),
        (ha.berelay, ["sock"]),
        (ha.secondary_dead, ["sock", "nodeid"]),
        (ha.status, ["sock"]),
    ],
)
def test_the_parameters_are_those_of_the_vendors_module(
    function: Callable[..., Any], names: list[str]
) -> None:
    assert list(inspect.signature(function).parameters) == names


def test_connect_takes_its_arguments_by_name(family: int) -> None:
    with ScriptedDaemon(GREETING, family=family) as daemon, daemon.client() as sock:
        ip, port, path = daemon.where
        ha.connect(sock=sock, token=TOKEN, ip=ip, port=port, pstr=path)


def test_connect_takes_its_arguments_by_place(family: int) -> None:
    with ScriptedDaemon(GREETING, family=family) as daemon, daemon.client() as sock:
        ha.connect(sock, TOKEN, daemon.ip, daemon.port, daemon.path)


def test_connect_honours_the_access_file_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "access"
    file.write_bytes(vectors.SECRET)
    monkeypatch.setenv("NCS_IPC_ACCESS_FILE", str(file))
    script: Script = [
        Expect(HELLO["ha_with_access_check_v2"]),
        Send(vectors.CHALLENGE),
        Expect(vectors.RESPONSE),
        Send(vectors.PASSED + ACCEPTED),
        Expect(TOKEN_FRAME),
    ]
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        ha.connect(sock, TOKEN, *daemon.where)


@pytest.mark.parametrize(
    ("token", "raw"),
    [
        ("plain", b"plain"),
        ("größe", "größe".encode()),
        # What Python makes of bytes on a command line that are not UTF-8.
        ("raw\udcff", b"raw\xff"),
        ("", b""),
        ("nul\0inside", b"nul\0inside"),
    ],
)
def test_a_token_is_raw_bytes(pair: Pair, token: str, raw: bytes) -> None:
    ours, peer = pair
    ha.send_token(ours, token)
    assert peer.recv(100) == framed(raw)


def test_a_token_that_is_no_bytes_at_all_is_an_error_that_does_not_tell_it(pair: Pair) -> None:
    ours, peer = pair
    with pytest.raises(error.Error, match="token") as caught:
        ha.send_token(ours, "hush\ud800")
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    assert "hush" not in repr(caught.value) + str(caught.value)
    assert not isinstance(caught.value.__cause__, UnicodeError)
    assert caught.value.__suppress_context__
    ours.shutdown(socket.SHUT_WR)
    assert peer.recv(1) == b""


@pytest.mark.parametrize(
    "give",
    [
        lambda sock: ha.beprimary(sock, "n\ud800"),
        lambda sock: ha.secondary_dead(sock, "n\ud800"),
        lambda sock: ha.besecondary(sock, "n\ud800", "n1", "192.0.2.1", True),
        lambda sock: ha.besecondary(sock, "n1", "n\ud800", "192.0.2.1", True),
        lambda sock: ha.besecondary(sock, "n1", "n2", "host\ud800", True),
    ],
)
def test_text_that_is_not_utf8_is_refused_before_anything_is_sent(
    pair: Pair, give: Callable[[socket.socket], None]
) -> None:
    ours, peer = pair
    with pytest.raises(error.Error, match="not valid UTF-8") as caught:
        give(ours)
    assert not caught.value.outcome_unknown
    ours.shutdown(socket.SHUT_WR)
    assert peer.recv(1) == b""


# Refusals.


@pytest.mark.parametrize(
    ("parts", "code", "lasterr"),
    [
        ((25,), 25, ""),
        ((28, b"bad token"), 28, "bad token"),
        ((28, b"bad token\0"), 28, "bad token"),
        ((28, (b"bad token\0", b"app-tag")), 28, "bad token"),
        ((28, (b"bad token", Atom("tag"))), 28, "bad token"),
        ((28, b""), 28, ""),
        ((28, b"\xff"), 28, "\\xff"),
        ((99999,), 99999, ""),
        ((-1, b"x"), -1, "x"),
        ((256**255 - 1,), 256**255 - 1, ""),
    ],
)
@each_order
def test_a_refusal_is_an_error_that_leaves_no_doubt(
    answered: Answered,
    order: Callable[[socket.socket], Any],
    parts: tuple[Any, ...],
    code: int,
    lasterr: str,
) -> None:
    with pytest.raises(error.Error) as caught:
        order(answered(refusal(*parts)))
    assert caught.type is error.Error
    assert (caught.value.confd_errno, caught.value.confd_lasterr) == (code, lasterr)
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (Atom("badstate"),),
        (b"25",),
        (25, Atom("reason")),
        (25, [98, 97, 100]),
        (25, b"reason", 1),
        (25, (b"reason",)),
        (25, (Atom("reason"), b"tag")),
        (25, (b"reason", b"tag", 1)),
        ([25],),
    ],
)
@each_order
def test_a_refusal_that_makes_no_sense_leaves_the_outcome_unknown(
    answered: Answered, order: Callable[[socket.socket], Any], parts: tuple[Any, ...]
) -> None:
    with pytest.raises(error.Error, match="a refusal of the form") as caught:
        order(answered(refusal(*parts)))
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    assert caught.value.outcome_unknown


# Answers that are none.


@pytest.mark.parametrize(
    "answer",
    [b"ok", [], (), (Atom("ok"),), Atom("okay"), Atom("error"), 0, (1, []), [Atom("error"), 25]],
    ids=repr,
)
@each_ok_order
def test_anything_but_ok_leaves_the_outcome_unknown(
    answered: Answered, order: Callable[[socket.socket], None], answer: terms.Term
) -> None:
    with pytest.raises(error.Error, match="neither ok nor an error") as caught:
        order(answered(framed(terms.encode(answer))))
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    assert caught.value.outcome_unknown


N1 = (b"n1", (127, 0, 0, 1))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Atom("ok"), "a status"),
        (1, "a status"),
        ([1, []], "a status"),
        ((1,), "a status"),
        ((1, [], []), "a status"),
        ((1, ()), "a status"),
        ((1, b""), "a status"),
        ((0, []), "the state 0"),
        ((5, []), "the state 5"),
        ((-1, []), "the state -1"),
        ((2**100, []), "the state"),
        ((Atom("none"), []), "the state"),
        ((b"\x01", []), "the state"),
        (([1], []), "the state"),
        ((3, [b"n1"]), "a node"),
        ((3, [(b"n1",)]), "a node"),
        ((3, [[b"n1", (127, 0, 0, 1)]]), "a node"),
        ((3, [(*N1, 0)]), "a node"),
        ((3, [N1, 7]), "a node"),
        ((3, [(Atom("n1"), (127, 0, 0, 1))]), "a node"),
        ((3, [(b"n1", [127, 0, 0, 1])]), "an address"),
        ((3, [(b"n1", (127, 0, 0))]), "an address"),
        ((3, [(b"n1", (127, 0, 0, 256))]), "an address"),
        ((3, [(b"n1", (127, 0, 0, -1))]), "an address"),
        ((3, [(b"n1", (127, 0, 0, b"1"))]), "an address"),
        ((3, [(b"n1", (127, 0, 0, 1, 5))]), "an address"),
        ((3, [(b"n1", (0, 0, 0, 0, 0, 0, 0, 65536))]), "an address"),
        ((3, [(b"n1", Atom("undefined"))]), "an address"),
    ],
    ids=repr,
)
def test_a_status_that_makes_no_sense_is_an_error(
    answered: Answered, answer: terms.Term, why: str
) -> None:
    with pytest.raises(error.Error, match=f"malformed reply from the daemon: {why}") as caught:
        ha.status(answered(framed(terms.encode(answer))))
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    assert caught.value.outcome_unknown


def test_a_thousand_nodes_are_read_and_not_one_more(answered: Answered) -> None:
    nodes: list[terms.Term] = [
        (b"n%d" % number, (10, 0, number // 256, number % 256)) for number in range(1001)
    ]
    too_many = framed(terms.encode((3, nodes)))
    just_enough = framed(terms.encode((3, nodes[:1000])))
    sock = answered(just_enough + too_many)
    _unused, listed = ha.status(sock)
    assert len(listed) == 1000
    assert listed[999] == {"nodeid": "n999", "address": "10.0.3.231"}
    with pytest.raises(error.Error, match="1001 nodes, more than the limit of 1000"):
        ha.status(sock)


GARBAGE = [
    b"",
    b"\x83",
    b"HTTP/1.1 400 Bad Request",
    b"\x83\x46" + bytes(8),
    b"\x83" + b"\x68\x01" * 1000 + b"\x61\x01",
    b"\x83\x6c\xff\xff\xff\xff",
    vectors.payload(OK)[:-1],
    vectors.payload(OK) + b"\0",
]


@pytest.mark.parametrize("content", GARBAGE, ids=lambda content: content[:8].hex())
@each_order
def test_garbage_leaves_the_outcome_unknown(
    answered: Answered, order: Callable[[socket.socket], Any], content: bytes
) -> None:
    with pytest.raises(error.Error, match="malformed reply") as caught:
        order(answered(framed(content)))
    assert caught.value.outcome_unknown


@each_order
def test_an_answer_that_is_too_long_leaves_the_outcome_unknown(
    answered: Answered, order: Callable[[socket.socket], Any]
) -> None:
    with pytest.raises(error.Error, match="announced") as caught:
        order(answered(b"HTTP/1.1"))
    assert caught.value.outcome_unknown


@each_order
def test_an_eof_after_the_order_leaves_the_outcome_unknown(
    answered: Answered, order: Callable[[socket.socket], Any]
) -> None:
    with pytest.raises(error.EOF) as caught:
        order(answered(OK[:-1]))
    assert caught.value.outcome_unknown


@each_order
def test_an_eof_before_the_order_is_no_outcome(
    pair: Pair, order: Callable[[socket.socket], Any]
) -> None:
    ours, peer = pair
    peer.close()
    with pytest.raises(error.EOF) as caught:
        order(ours)
    assert not caught.value.outcome_unknown


@each_order
def test_an_answer_that_trickles_in_is_a_timeout_of_unknown_outcome(
    order: Callable[[socket.socket], Any],
) -> None:
    with ScriptedDaemon([Send(b"\0\0\x10\0"), Trickle(), Deaf()]) as daemon:
        with daemon.client(SOON) as sock:
            sock.connect(daemon.address)
            with pytest.raises(error.Timeout) as caught:
                order(sock)
    assert caught.value.confd_errno == error.ERR_TIMEOUT
    assert caught.value.outcome_unknown


def test_an_order_that_the_daemon_does_not_take_is_a_timeout_without_outcome() -> None:
    with ScriptedDaemon([Deaf()], family=socket.AF_UNIX) as daemon, daemon.client(SOON) as sock:
        sock.connect(daemon.address)
        with pytest.raises(error.Timeout) as caught:
            ha.beprimary(sock, "n" * 8 * 1024 * 1024)
        assert not caught.value.outcome_unknown


def test_a_token_that_the_daemon_does_not_take_is_a_timeout() -> None:
    with ScriptedDaemon([Deaf()], family=socket.AF_UNIX) as daemon, daemon.client(SOON) as sock:
        sock.connect(daemon.address)
        with pytest.raises(error.Timeout) as caught:
            ha.send_token(sock, "x" * 8 * 1024 * 1024)
        assert "xxx" not in str(caught.value)


def test_a_daemon_that_closes_after_the_token_is_an_eof_at_the_next_order() -> None:
    with ScriptedDaemon([*GREETING, Close()]) as daemon, daemon.client() as sock:
        ha.connect(sock, TOKEN, *daemon.where)
        daemon.await_close()
        with pytest.raises(error.EOF):
            ha.status(sock)


def test_a_socket_without_timeout_gets_a_limit_and_the_first_copy_a_longer_one(
    pair: Pair, asked: list[float]
) -> None:
    ours, _unused = pair
    ours.settimeout(None)
    for order in EVERY.values():
        with pytest.raises(error.Timeout):
            order(ours)
        assert ours.gettimeout() is None
    assert dict(zip(EVERY, asked)) == {
        "beprimary": 30.0,
        "besecondary": 300.0,
        "benone": 30.0,
        "berelay": 30.0,
        "secondary_dead": 30.0,
        "status": 30.0,
    }


def test_the_limit_of_a_socket_without_timeout_is_kept(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, _unused = pair
    ours.settimeout(None)
    monkeypatch.setattr(ha, "FIRST_COPY_TIMEOUT", SOON)
    with pytest.raises(error.Timeout, match=r"within 0\.3 s"):
        ha.besecondary(ours, "n2", "n1", "192.0.2.1", True)


# Properties: whatever comes, there is a result or one of the two exceptions.


def _is_refusal(term: terms.Term | None) -> bool:
    """Say by docs/protocol.md whether this is a refusal, with or without a reason and its tag."""
    if not isinstance(term, tuple) or len(term) not in (2, 3):
        return False
    if not (isinstance(term[0], (str, bytes)) and term[0] == "error" and isinstance(term[1], int)):
        return False
    if len(term) == 2 or isinstance(term[2], bytes):
        return True
    return isinstance(term[2], tuple) and len(term[2]) == 2 and isinstance(term[2][0], bytes)


def _answer_with(content: bytes, order: Callable[[socket.socket], T]) -> T:
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.settimeout(5)
        peer.sendall(framed(content))
        peer.shutdown(socket.SHUT_WR)
        return order(ours)


def _check(content: bytes, order: Callable[[socket.socket], T]) -> T | None:
    term: terms.Term | None
    try:
        term = terms.decode(content)
    except terms.TermError:
        term = None
    result, failure = attempt(lambda: _answer_with(content, order))
    if failure:
        assert failure.outcome_unknown is not _is_refusal(term)
        assert str(failure)
    return result


_almost_status = st.tuples(
    st.integers(0, 5),
    st.lists(
        st.tuples(
            st.binary(max_size=4) | term_values.scalars,
            st.tuples(*[st.integers(-1, 256)] * 4)
            | st.tuples(*[st.integers(-1, 65536)] * 8)
            | term_values.values,
        )
        | term_values.values,
        max_size=4,
    ),
)
_almost_refusal = st.lists(
    st.just(Atom("error")) | st.integers(0, 80) | st.binary(max_size=5) | term_values.values,
    max_size=4,
).map(lambda parts: (Atom("error"), *parts))


@repeatable_few
@given(_almost_status | _almost_refusal | term_values.values)
def test_any_term_as_a_status_is_a_status_or_a_failure(answer: terms.Term) -> None:
    result = _check(terms.encode(answer), ha.status)
    if result is not None:
        state, listed = result
        assert state in (1, 2, 3, 4)
        for node in listed:
            assert set(node) == {"nodeid", "address"}
            assert isinstance(node["nodeid"], str)
            assert isinstance(node["address"], str)


@repeatable_few
@given(_almost_refusal | term_values.values, st.sampled_from(sorted(ANSWERED_WITH_OK)))
def test_any_term_but_ok_as_an_answer_is_a_failure(answer: terms.Term, name: str) -> None:
    with pytest.raises(error.Failure):
        _answer_with(terms.encode(answer), ANSWERED_WITH_OK[name])
    _check(terms.encode(answer), ANSWERED_WITH_OK[name])


@repeatable_few
@given(st.binary(max_size=100), st.sampled_from(sorted(EVERY)))
def test_any_bytes_as_an_answer_are_a_result_or_a_failure(content: bytes, name: str) -> None:
    _check(content, EVERY[name])
    _check(b"\x83" + content, EVERY[name])


@repeatable_few
@given(st.sampled_from([entry["frame"] for entry in vectors.SERVER["answers"]]), st.data())
def test_answers_with_changed_bytes_are_a_result_or_a_failure(
    frame: str, data: st.DataObject
) -> None:
    content = bytearray(vectors.payload(bytes.fromhex(frame)))
    positions = st.integers(0, len(content) - 1)
    for position, byte in data.draw(
        st.lists(st.tuples(positions, st.integers(0, 255)), min_size=1, max_size=3)
    ):
        content[position] = byte
    _check(bytes(content), ha.status)
    _check(bytes(content), ha.benone)
