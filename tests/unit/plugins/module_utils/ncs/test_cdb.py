# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""CDB reads: the start phase and the transaction id."""

from __future__ import annotations

import inspect
import socket
import struct
from typing import Any, Callable, Tuple

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import cdb, error, terms
from ansible_collections.nso.ha.plugins.module_utils.ncs.terms import Atom
from helpers import term_values, vectors
from helpers.attempt import attempt
from helpers.properties import repeatable_few
from helpers.scripted_daemon import Expect, Script, ScriptedDaemon, Send, Step, Ways
from helpers.vectors import ACCEPTED, CDB_NAME_FRAME, HELLO, framed
from hypothesis import given
from hypothesis import strategies as st

Pair = Tuple[socket.socket, socket.socket]
Answered = Callable[[bytes], socket.socket]

GET_PHASE = bytes.fromhex(vectors.CLIENT["cdb"]["get_phase"])
GET_TXID = bytes.fromhex(vectors.CLIENT["cdb"]["get_txid"])
NAME: str = vectors.CLIENT["cdb"]["client_name"]["name"]

GREETING: Script = [Expect(HELLO["cdb"]), Send(ACCEPTED), Expect(CDB_NAME_FRAME)]


def phase_answer(term: terms.Term) -> bytes:
    return framed(struct.pack(">I", 65) + terms.encode(term))


def txid_answer(term: terms.Term) -> bytes:
    return framed(struct.pack(">I", 66) + terms.encode(term))


def test_the_vectors_are_all_tested() -> None:
    assert set(vectors.CLIENT["cdb"]) == {"client_name", "get_phase", "get_txid"}
    assert len(vectors.SERVER["cdb"]) == 4


def test_the_name_of_this_client_is_that_of_the_vectors() -> None:
    assert cdb.CLIENT_NAME == NAME


def test_connect_introduces_itself_as_the_vendors_do(family: int) -> None:
    with ScriptedDaemon(GREETING, family=family) as daemon, daemon.client() as sock:
        cdb.connect(sock, cdb.READ_SOCKET, *daemon.where)


def test_connect_takes_its_arguments_by_name(family: int) -> None:
    with ScriptedDaemon(GREETING, family=family) as daemon, daemon.client() as sock:
        ip, port, path = daemon.where
        cdb.connect(sock=sock, type=cdb.READ_SOCKET, ip=ip, port=port, path=path)


def test_a_connection_can_have_a_name_of_its_own() -> None:
    frame = framed(bytes(4) + "größe".encode())
    script: Script = [Expect(HELLO["cdb"]), Send(ACCEPTED), Expect(frame)]
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        cdb.connect_name(sock, cdb.READ_SOCKET, "größe", *daemon.where)


@pytest.mark.parametrize("socket_type", [cdb.READ_SOCKET, 1, 2])
def test_the_first_frame_is_an_operation_whatever_the_type_of_the_socket(socket_type: int) -> None:
    with ScriptedDaemon(GREETING) as daemon, daemon.client() as sock:
        cdb.connect(sock, socket_type, *daemon.where)


def test_a_name_without_a_utf8_form_is_an_error(pair: Pair) -> None:
    with pytest.raises(error.Error, match="not valid UTF-8"):
        cdb.introduce(pair[0], "n\ud800")


def test_the_parameters_are_those_of_the_vendors_module() -> None:
    wanted: dict[Callable[..., object], list[str]] = {
        cdb.connect: ["sock", "type", "ip", "port", "path"],
        cdb.connect_name: ["sock", "type", "name", "ip", "port", "path"],
        cdb.get_phase: ["sock"],
        cdb.get_txid: ["sock"],
    }
    for function, names in wanted.items():
        assert list(inspect.signature(function).parameters) == names


@pytest.mark.parametrize(
    "entry", vectors.SERVER["cdb"], ids=[entry["name"] for entry in vectors.SERVER["cdb"]]
)
def test_each_answer_is_read_as_what_it_means(entry: dict[str, Any], way: Ways) -> None:
    means = entry["means"]
    is_phase = "phase" in means
    # The next answer follows at once, and is left for the next request.
    answers = bytes.fromhex(entry["frame"]) + vectors.answer("txid alone", "cdb")
    script: list[Step] = [*GREETING, Expect(GET_PHASE if is_phase else GET_TXID), way.step(answers)]
    script += [Expect(GET_TXID)]
    with ScriptedDaemon(script) as daemon, daemon.client(kind=way.kind) as sock:
        cdb.connect(sock, cdb.READ_SOCKET, *daemon.where)
        if is_phase:
            assert means == {"phase": 2, "flag": "normal"}
            expected = {"phase": 2, "flags": 0, "init": False, "upgrade": False}
            assert cdb.get_phase(sock) == expected
        elif isinstance(means, list):
            assert cdb.get_txid(sock) == tuple(means)
        else:
            with pytest.raises(error.Error) as caught:
                cdb.get_txid(sock)
            assert caught.value.confd_errno == means["confd_errno"]
            assert caught.value.confd_lasterr == means["confd_lasterr"]
            assert not caught.value.outcome_unknown
        assert cdb.get_txid(sock) == (1732, 356000, 123456, None)


@pytest.mark.parametrize(
    ("flag", "flags", "init", "upgrade"),
    [
        ("false", 0, False, False),
        ("normal", 0, False, False),
        ("init", cdb.FLAG_INIT, True, False),
        ("upgrade", cdb.FLAG_UPGRADE, False, True),
    ],
)
@pytest.mark.parametrize("phase", [0, 1, 2])
def test_every_phase_and_flag_is_read(
    answered: Answered, phase: int, flag: str, flags: int, init: bool, upgrade: bool
) -> None:
    sock = answered(phase_answer((phase, Atom(flag))))
    expected = {"phase": phase, "flags": flags, "init": init, "upgrade": upgrade}
    assert cdb.get_phase(sock) == expected


def test_the_flags_have_the_vendors_numbers() -> None:
    assert (cdb.FLAG_INIT, cdb.FLAG_UPGRADE) == (1, 2)


def test_a_primary_id_is_text_whatever_its_bytes(answered: Answered) -> None:
    sock = answered(txid_answer(("größe".encode(), (1, 2, 3))) + txid_answer((b"\xff", (1, 2, 3))))
    assert cdb.get_txid(sock) == (1, 2, 3, "größe")
    assert cdb.get_txid(sock) == (1, 2, 3, "\\xff")


WRONG_PHASES = [
    (),
    (1,),
    (1, Atom("normal"), 0),
    (Atom("normal"), 1),
    (b"1", Atom("normal")),
    (1, b"normal"),
    (1, Atom("other")),
    (3, Atom("normal")),
    (-1, Atom("normal")),
    (1, 0),
    (1, [Atom("normal")]),
    [1, Atom("normal")],
    1,
    Atom("normal"),
]


@pytest.mark.parametrize("term", WRONG_PHASES, ids=repr)
def test_a_phase_that_makes_no_sense_leaves_the_outcome_unknown(
    answered: Answered, term: terms.Term
) -> None:
    with pytest.raises(error.Error, match="a start phase of the form") as caught:
        cdb.get_phase(answered(phase_answer(term)))
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    assert caught.value.outcome_unknown


WRONG_TXIDS = [
    (),
    (1, 2),
    (1, 2, 3, 4),
    (1, 2, b"3"),
    (Atom("a"), 2, 3),
    (b"n1", (1, 2)),
    (b"n1", (1, 2, 3, 4)),
    (b"n1", [1, 2, 3]),
    (b"n1", (1, 2, 3), 0),
    (Atom("n1"), (1, 2, 3)),
    ([110, 49], (1, 2, 3)),
    [1, 2, 3],
    b"n1",
    Atom("undefined"),
    0,
]


@pytest.mark.parametrize("term", WRONG_TXIDS, ids=repr)
def test_a_txid_that_makes_no_sense_leaves_the_outcome_unknown(
    answered: Answered, term: terms.Term
) -> None:
    with pytest.raises(error.Error, match="a transaction id of the form") as caught:
        cdb.get_txid(answered(txid_answer(term)))
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    assert caught.value.outcome_unknown


def test_an_answer_without_a_term_is_no_answer(answered: Answered) -> None:
    sock = answered(framed(struct.pack(">I", 65)) + framed(struct.pack(">I", 66)))
    for read in (cdb.get_phase, cdb.get_txid):
        with pytest.raises(error.Error, match="of the form None") as caught:
            read(sock)
        assert caught.value.outcome_unknown


@pytest.mark.parametrize("read", [cdb.get_phase, cdb.get_txid])
def test_an_answer_about_something_else_is_no_answer(
    answered: Answered, read: Callable[[socket.socket], Any]
) -> None:
    with pytest.raises(error.Error, match="about operation 67") as caught:
        read(answered(framed(struct.pack(">I", 67) + terms.encode((1, Atom("normal"))))))
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("read", [cdb.get_phase, cdb.get_txid])
def test_an_eof_leaves_the_outcome_unknown(
    answered: Answered, read: Callable[[socket.socket], Any]
) -> None:
    with pytest.raises(error.EOF) as caught:
        read(answered(b""))
    assert caught.value.outcome_unknown


@repeatable_few
@given(
    term_values.values
    | st.tuples(term_values.scalars, term_values.scalars)
    | st.tuples(term_values.scalars, st.tuples(*[term_values.integers] * 3))
    | st.tuples(*[term_values.integers | term_values.binaries] * 3)
)
def test_any_term_is_an_answer_or_an_error(term: terms.Term) -> None:
    for operation, read in ((65, cdb.get_phase), (66, cdb.get_txid)):
        ours, peer = socket.socketpair()
        with ours, peer:
            ours.settimeout(5)
            peer.sendall(framed(struct.pack(">I", operation) + terms.encode(term)))
            result, failure = attempt(lambda: read(ours))  # noqa: B023 - called at once
        if failure:
            assert failure.__class__ is error.Error
            assert failure.outcome_unknown
        elif operation == 65:
            assert isinstance(result, dict)
            assert set(result) == {"phase", "flags", "init", "upgrade"}
        else:
            assert isinstance(result, tuple)
            assert all(isinstance(part, int) for part in result[:3])
            assert result[3] is None or isinstance(result[3], str)


@repeatable_few
@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_an_answer_or_a_failure(content: bytes, with_operation: bool) -> None:
    prefix = struct.pack(">I", 65) if with_operation else b""
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.settimeout(5)
        peer.sendall(framed(prefix + content))
        phase, failure = attempt(lambda: cdb.get_phase(ours))
    assert isinstance(phase, dict) or isinstance(failure, error.Error)
