# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAAPI calls that read: user session, transaction, exists, get element, XPath to text."""

from __future__ import annotations

import socket
import struct
from typing import Any, Callable, Tuple

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, maapi, terms
from ansible_collections.nso.ha.plugins.module_utils.ncs.terms import Atom
from helpers import term_values, vectors
from helpers.attempt import attempt
from helpers.properties import repeatable_few
from helpers.scripted_daemon import Expect, Script, ScriptedDaemon, Ways
from helpers.vectors import framed, maapi_answer, maapi_call
from hypothesis import given
from hypothesis import strategies as st

Pair = Tuple[socket.socket, socket.socket]
Answered = Callable[[bytes], socket.socket]
Call = Callable[[socket.socket], Any]

MODE = "/tfnm:ncs-state/ha/mode"
EXPRESSION = "/ncs-state/ha/mode"
SECONDARIES = "/tfnm:ncs-state/ha/connected-secondary"
LINES: list[str] = []


def start_session(sock: socket.socket) -> None:
    maapi.start_user_session(sock, "admin", "system", [], "127.0.0.1", maapi.PROTO_TCP)


def evaluate(sock: socket.socket) -> str:
    return maapi.xpath_eval_expr(sock, 2, EXPRESSION)


def get_mode(sock: socket.socket) -> maapi.Value:
    return maapi.get_elem(sock, 2, MODE)


#: The calls of the vendor's Erlang client that this client has, and what they return or raise.
CALLS: dict[str, tuple[Call, object]] = {
    "start_user_session/6": (start_session, None),
    "start_user_session refused": (start_session, error.ERR_BADSTATE),
    "end_user_session": (maapi.end_user_session, None),
    "start_trans/3 running read": (lambda sock: maapi.start_trans(sock, 2, 1), 1),
    "start_trans/3 operational read": (
        lambda sock: maapi.start_trans(sock, maapi.OPERATIONAL, maapi.READ),
        2,
    ),
    "start_trans/3 running read-write": (lambda sock: maapi.start_trans(sock, 2, 2), 3),
    "start_trans read-write refused": (lambda sock: maapi.start_trans(sock, 2, 2), 4),
    "start_trans without a session": (lambda sock: maapi.start_trans(sock, 2, 1), 22),
    "finish_trans": (lambda sock: maapi.finish_trans(sock, 2), None),
    "finish_trans unknown handle": (lambda sock: maapi.finish_trans(sock, 2), error.ERR_NOTRANS),
    "exists true": (lambda sock: maapi.exists(sock, 2, MODE), True),
    "exists false": (lambda sock: maapi.exists(sock, 2, MODE), False),
    "get_elem enumeration": (get_mode, (28, 2)),
    "get_elem not there": (get_mode, error.ERR_NOEXISTS),
    "get_elem string": (lambda sock: maapi.get_elem(sock, 2, "/tfnm:ncs-state/ha/node-id"), "n1"),
    "get_elem boolean": (
        lambda sock: maapi.get_elem(sock, 2, "/tfnm:ncs-state/read-only-mode"),
        False,
    ),
    "get_elem boolean true": (
        lambda sock: maapi.get_elem(sock, 2, "/tfnm:ncs-state/admin-configured-read-only-mode"),
        True,
    ),
    "get_elem leaf-list": (lambda sock: maapi.get_elem(sock, 2, SECONDARIES), ["n2", "n3"]),
    "get_elem with a key": (
        lambda sock: maapi.get_elem(sock, 1, "/ncs:high-availability/ha-node{n1}/address"),
        (127, 0, 0, 1),
    ),
    "xpath_eval_expr": (evaluate, "primary"),
    "xpath_eval_expr nothing there": (evaluate, ""),
    "xpath_eval_expr with trace": (
        lambda sock: maapi.xpath_eval_expr(sock, 2, EXPRESSION, LINES.append),
        "primary",
    ),
    "xpath_eval_expr with context": (
        lambda sock: maapi.xpath_eval_expr(sock, 2, "mode", path="/tfnm:ncs-state/ha"),
        "primary",
    ),
    "xpath_eval_expr error while evaluating": (evaluate, error.ERR_XPATH),
    "xpath_eval_expr refused": (evaluate, error.ERR_XPATH),
}
#: Calls of the vendor's client that this one does not have, as no HA controller needs them.
OTHERS = {
    "connect",
    "get_my_user_session_id",
    "get_my_user_session_id without a session",
    "get_user_session",
    "get_user_sessions",
    "get_object",
    "get_values",
    "get_next first and last",
    "is_lock_set",
    "num_instances",
    "start_trans/5 with flags",
    "start_user_session/8",
    "start_user_session/8 with identification",
    "start_user_session/7 with port and groups",
    "xpath_eval one node, continue",
    "xpath_eval two nodes, stop at the first",
    "xpath_eval nothing there",
    "xpath_eval error while evaluating",
    "xpath_eval refused",
}
each_call = pytest.mark.parametrize("name", list(CALLS))


@pytest.fixture(autouse=True)
def the_vendors_client_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the client is the only thing in which the requests differ."""
    monkeypatch.setattr(maapi, "CLIENT_NAME", "econfd")
    LINES.clear()


def test_every_call_of_the_vectors_is_tested_or_not_needed() -> None:
    names = {entry["name"] for entry in vectors.MAAPI["erlang"]["reading"]}
    assert names == set(CALLS) | OTHERS


def outcome(call: Call, sock: socket.socket) -> object:
    """Return what a call returned, or the code of the refusal that it raised."""
    result, failure = attempt(lambda: call(sock))
    if failure is None:
        return result
    assert failure.refused
    assert not failure.outcome_unknown
    return failure.confd_errno


@each_call
def test_each_call_is_sent_and_answered_as_with_the_vendors_erlang_client(
    name: str, way: Ways
) -> None:
    call, wanted = CALLS[name]
    entry = maapi_call(name)
    answer = maapi_answer(entry)
    sent = Expect(bytes.fromhex(entry["frame"]))
    # The answer of the second call follows that of the first at once.
    script: Script = [sent, way.step(answer + answer), sent]
    with ScriptedDaemon(script) as daemon, daemon.client(kind=way.kind) as sock:
        sock.connect(daemon.address)
        results = [outcome(call, sock), outcome(call, sock)]
    assert results == [wanted, wanted]
    assert type(results[0]) is type(wanted)


def test_lines_of_trace_are_handed_on_and_left_out_where_nobody_asked(answered: Answered) -> None:
    answer = maapi_answer(maapi_call("xpath_eval_expr with trace"))
    sock = answered(answer + answer)
    assert maapi.xpath_eval_expr(sock, 2, EXPRESSION, LINES.append) == "primary"
    assert LINES == ["a trace line"]
    assert maapi.xpath_eval_expr(sock, 2, EXPRESSION) == "primary"
    assert LINES == ["a trace line"]


def test_the_client_has_a_name_of_its_own(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    ours, peer = pair
    peer.sendall(framed(struct.pack(">I", 140) + b"\x83\x61\x07"))
    assert maapi.start_trans(ours, 2, 1) == 7
    assert b"ncs_ha" in peer.recv(200)


def test_groups_and_other_addresses_are_sent_in_the_vendors_form(pair: Pair) -> None:
    ours, peer = pair
    peer.sendall(framed(struct.pack(">I", 100)))
    maapi.start_user_session(ours, "admin", "system", ["ncsadmin"], "::1", 2)
    sent = terms.decode(vectors.payload(peer.recv(300))[4:])
    source = ((0, 0, 0, 0, 0, 0, 0, 1), 0)
    assert sent == [b"admin", source, Atom("system"), 2, 1, b"ncsadmin"]


@pytest.mark.parametrize("path", ["ncs-state", "/what:ever", ""])
@pytest.mark.parametrize(
    "call",
    [
        maapi.exists,
        maapi.get_elem,
        lambda sock, thandle, path: maapi.xpath_eval_expr(sock, thandle, "x", path=path),
    ],
)
def test_a_path_that_is_none_is_not_sent(pair: Pair, call: Callable[..., Any], path: str) -> None:
    ours, peer = pair
    with pytest.raises(error.Error) as caught:
        call(ours, 1, path)
    assert caught.value.confd_errno == error.ERR_BADPATH
    ours.shutdown(socket.SHUT_WR)
    assert peer.recv(1) == b""


# Answers that are none.


def answer_of(name: str, term: Any) -> bytes:
    """Return the answer of a call that is this term."""
    operation = vectors.payload(bytes.fromhex(maapi_call(name)["answers"][0]))[:4]
    return framed(operation + terms.encode(term))


def result_of(term: Any) -> bytes:
    """Return the answer to an XPath expression, with this term as its result."""
    return framed(struct.pack(">I", 247)) + framed(terms.encode(term))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("start_trans/3 running read", framed(struct.pack(">I", 140))),
        *(
            ("start_trans/3 running read", answer_of("start_trans/3 running read", term))
            for term in (-1, 2**32, Atom("ok"), b"1", [1], (1,))
        ),
        ("exists true", framed(struct.pack(">I", 164))),
        *(
            ("exists true", answer_of("exists true", term))
            for term in (2, -1, Atom("true"), Atom("false"), b"1", [1])
        ),
        ("get_elem string", framed(struct.pack(">I", 166))),
        ("get_elem string", framed(struct.pack(">I", 166) + b"\x83\x46junk")),
        ("xpath_eval_expr", answer_of("xpath_eval_expr", b"primary")),
        *(
            ("xpath_eval_expr", result_of(term))
            for term in (
                b"primary",
                (b"ok", b"primary"),
                (Atom("ok"), Atom("primary")),
                (Atom("ok"), b"primary", 1),
                (Atom("done"), b"primary"),
                (Atom("return"),),
                [Atom("ok"), b"primary"],
            )
        ),
        ("xpath_eval_expr", framed(struct.pack(">I", 247)) + framed(b"junk")),
    ],
)
def test_a_malformed_reply_is_an_error(answered: Answered, name: str, answer: bytes) -> None:
    with pytest.raises(error.Error, match="malformed reply") as caught:
        CALLS[name][0](answered(answer))
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    assert caught.value.outcome_unknown


@each_call
def test_an_eof_leaves_the_outcome_unknown(answered: Answered, name: str) -> None:
    with pytest.raises(error.EOF) as caught:
        CALLS[name][0](answered(maapi_answer(maapi_call(name))[:-1]))
    assert caught.value.outcome_unknown


def test_a_trace_without_end_is_refused(
    answered: Answered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maapi, "MAX_TRACE_LINES", 3)
    head = framed(struct.pack(">I", 247))
    line, result = (framed(terms.encode((Atom(kind), b"x"))) for kind in ("trace", "ok"))
    sock = answered(head + 3 * line + result + head + 4 * line + result)
    assert evaluate(sock) == "x"
    with pytest.raises(error.Error, match="more than 3 lines of trace") as caught:
        evaluate(sock)
    assert caught.value.outcome_unknown


def test_all_frames_of_a_result_have_one_time_limit(asked: list[float], pair: Pair) -> None:
    ours, peer = pair
    ours.settimeout(None)
    peer.sendall(framed(struct.pack(">I", 247)))
    with pytest.raises(error.Timeout):
        evaluate(ours)
    assert asked == [30.0]


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b"", ""),
        (terms.encode(b"reason\0"), "reason"),
        (terms.encode(b"reason"), "reason"),
        (terms.encode((b"reason\0", b"app-tag")), "reason"),
        (terms.encode(b"\0"), ""),
        (terms.encode(b""), ""),
    ],
)
@each_call
def test_each_form_of_refusal_is_read(
    answered: Answered, name: str, rest: bytes, reason: str
) -> None:
    operation = vectors.payload(bytes.fromhex(maapi_call(name)["frame"]))[:4]
    refusal = bytes([0x80, *operation[1:]]) + struct.pack(">I", 44) + rest
    with pytest.raises(error.Error) as caught:
        CALLS[name][0](answered(framed(refusal)))
    assert (caught.value.confd_errno, caught.value.confd_lasterr) == (44, reason)
    assert not caught.value.outcome_unknown


@repeatable_few
@given(term_values.values, st.sampled_from(sorted(CALLS)))
def test_any_term_is_an_answer_or_an_error(term: terms.Term, name: str) -> None:
    ours, peer = socket.socketpair()
    operation = vectors.payload(bytes.fromhex(maapi_call(name)["frame"]))[:4]
    with ours, peer:
        ours.settimeout(5)
        content = b"" if name.startswith("xpath") else terms.encode(term)
        peer.sendall(framed(operation + content) + framed(terms.encode(term)))
        peer.shutdown(socket.SHUT_WR)
        result, failure = attempt(lambda: CALLS[name][0](ours))
    assert failure is None or failure.outcome_unknown
    if failure is None:
        assert str(result).encode("utf-8", "surrogatepass")
