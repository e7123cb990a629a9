# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAAPI calls: read-only mode and start phases. test_maapi_reading.py has the others."""

from __future__ import annotations

import inspect
import socket
import struct
from typing import Callable, Tuple

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, maapi, terms
from helpers import term_values, vectors
from helpers.attempt import attempt
from helpers.properties import repeatable_few
from helpers.scripted_daemon import Expect, Script, ScriptedDaemon, Send, Step, Ways
from helpers.vectors import ACCEPTED, HELLO, framed
from hypothesis import given

Pair = Tuple[socket.socket, socket.socket]
Answered = Callable[[bytes], socket.socket]
Call = Callable[[socket.socket], None]

_SENT = vectors.CLIENT["maapi"]


def echo(operation: int) -> bytes:
    return framed(struct.pack(">I", operation))


#: Each call with what is sent and what is answered.
CALLS: list[tuple[str, Call, bytes, bytes]] = [
    (
        "read-only on",
        lambda sock: maapi.set_readonly_mode(sock, True),
        bytes.fromhex(_SENT["set_readonly_mode"]["true"]),
        vectors.answer("read-only set", "maapi"),
    ),
    (
        "read-only off",
        lambda sock: maapi.set_readonly_mode(sock, False),
        bytes.fromhex(_SENT["set_readonly_mode"]["false"]),
        echo(229),
    ),
    (
        "start phase",
        lambda sock: maapi.start_phase(sock, *_SENT["start_phase"]["args"]),
        bytes.fromhex(_SENT["start_phase"]["frame"]),
        vectors.answer("phase started", "maapi"),
    ),
    (
        "wait for start",
        lambda sock: maapi.wait_start(sock, *_SENT["wait_start"]["args"]),
        bytes.fromhex(_SENT["wait_start"]["frame"]),
        echo(402),
    ),
]
each_call = pytest.mark.parametrize(
    ("call", "sent", "answer"), [entry[1:] for entry in CALLS], ids=[entry[0] for entry in CALLS]
)


def test_the_vectors_are_all_tested() -> None:
    assert set(_SENT) == {"set_readonly_mode", "start_phase", "wait_start"}
    assert set(_SENT["set_readonly_mode"]) == {"true", "false"}
    names = {entry["name"]: entry["means"] for entry in vectors.SERVER["maapi"]}
    assert names == {"read-only set": "ok", "phase started": "ok"}


@each_call
def test_each_call_is_sent_and_answered_as_with_the_vendors(
    call: Call, sent: bytes, answer: bytes, family: int, way: Ways
) -> None:
    # The answer of the second call follows that of the first at once.
    script: list[Step] = [Expect(HELLO["maapi"]), Send(ACCEPTED), Expect(sent)]
    script += [way.step(answer + answer), Expect(sent)]
    with ScriptedDaemon(script, family=family) as daemon, daemon.client(kind=way.kind) as sock:
        maapi.connect(sock, *daemon.where)
        call(sock)
        call(sock)


def test_connect_takes_its_arguments_by_name(family: int) -> None:
    script: Script = [Expect(HELLO["maapi"]), Send(ACCEPTED)]
    with ScriptedDaemon(script, family=family) as daemon, daemon.client() as sock:
        ip, port, path = daemon.where
        maapi.connect(sock=sock, ip=ip, port=port, path=path)


def test_the_parameters_are_those_of_the_vendors_module() -> None:
    wanted: dict[Callable[..., object], list[str]] = {
        maapi.connect: ["sock", "ip", "port", "path"],
        maapi.set_readonly_mode: ["sock", "flag"],
        maapi.start_phase: ["sock", "phase", "synchronous"],
        maapi.wait_start: ["sock", "phase"],
        maapi.start_user_session: ["sock", "username", "context", "groups", "src_addr", "prot"],
        maapi.end_user_session: ["sock"],
        maapi.start_trans: ["sock", "name", "readwrite"],
        maapi.finish_trans: ["sock", "thandle"],
        maapi.exists: ["sock", "thandle", "path"],
        maapi.get_elem: ["sock", "thandle", "path"],
        maapi.xpath_eval_expr: ["sock", "thandle", "expr", "trace", "path"],
    }
    for function, names in wanted.items():
        assert list(inspect.signature(function).parameters) == names


@pytest.mark.parametrize(
    ("call", "term"),
    [
        (lambda sock: maapi.start_phase(sock, 2, False), (2, 0)),
        (lambda sock: maapi.start_phase(sock, 1, False), (1, 0)),
        (maapi.wait_start, 2),
        (lambda sock: maapi.wait_start(sock, 0), 0),
        (lambda sock: maapi.wait_start(sock, 1), 1),
    ],
)
def test_other_arguments_are_sent_as_given(pair: Pair, call: Call, term: terms.Term) -> None:
    ours, peer = pair
    operation = 401 if isinstance(term, tuple) else 402
    peer.sendall(echo(operation))
    call(ours)
    sent = vectors.payload(peer.recv(100))
    assert sent[:4] == struct.pack(">I", operation)
    assert term_values.same(terms.decode(sent[4:]), term)


@each_call
def test_a_refusal_is_an_error_that_leaves_no_doubt(
    answered: Answered, call: Call, sent: bytes, answer: bytes
) -> None:
    refusal = bytes([answer[4] | 0x80]) + answer[5:8] + struct.pack(">I", 57)
    reason = terms.encode(b"no way\0")
    with pytest.raises(error.Error) as caught:
        call(answered(framed(refusal + reason)))
    assert caught.value.confd_errno == error.ERR_START_FAILED
    assert caught.value.confd_lasterr == "no way"
    assert not caught.value.outcome_unknown


@each_call
def test_an_eof_leaves_the_outcome_unknown(
    answered: Answered, call: Call, sent: bytes, answer: bytes
) -> None:
    with pytest.raises(error.EOF) as caught:
        call(answered(answer[:-1]))
    assert caught.value.outcome_unknown


@each_call
def test_an_answer_about_something_else_leaves_the_outcome_unknown(
    answered: Answered, call: Call, sent: bytes, answer: bytes
) -> None:
    with pytest.raises(error.Error, match="about operation 1, not") as caught:
        call(answered(echo(1)))
    assert caught.value.outcome_unknown


@each_call
def test_garbage_leaves_the_outcome_unknown(
    answered: Answered, call: Call, sent: bytes, answer: bytes
) -> None:
    with pytest.raises(error.Error, match="malformed reply") as caught:
        call(answered(framed(answer[4:8] + b"\x83\x46junk")))
    assert caught.value.outcome_unknown


def test_a_socket_without_timeout_gets_a_limit_and_starting_a_longer_one(
    pair: Pair, asked: list[float]
) -> None:
    ours, _unused = pair
    ours.settimeout(None)
    for _name, call, _sent, _answer in CALLS:
        with pytest.raises(error.Timeout) as caught:
            call(ours)
        assert caught.value.outcome_unknown
    assert asked == [30.0, 30.0, 300.0, 300.0]


@repeatable_few
@given(term_values.values)
def test_any_term_is_an_answer_or_an_error(term: terms.Term) -> None:
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.settimeout(5)
        peer.sendall(framed(struct.pack(">I", 229) + terms.encode(term)))
        _unused, failure = attempt(lambda: maapi.set_readonly_mode(ours, True))
    assert failure is None or failure.outcome_unknown
