# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames on sockets: bounds, deadlines, and what a failure says of the request's outcome."""

from __future__ import annotations

import socket
import struct
import time
import tracemalloc
from typing import Callable, Tuple

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, frames, terms
from helpers.scripted_daemon import (
    Close,
    Deaf,
    Expect,
    OneByteSocket,
    Script,
    ScriptedDaemon,
    Send,
    Trickle,
    Ways,
)
from helpers.vectors import framed

Pair = Tuple[socket.socket, socket.socket]
Answered = Callable[[bytes], socket.socket]

#: A time limit that passes soon, and one that a test that waits for it never exceeds; in seconds.
SOON = 0.3
LATE = 10.0


def test_a_frame_is_its_length_and_its_payload(pair: Pair) -> None:
    ours, peer = pair
    frames.send_frame(ours, b"payload", frames.Deadline(5))
    assert peer.recv(100) == b"\0\0\0\x07payload"


def test_an_empty_frame_is_a_frame(answered: Answered) -> None:
    assert frames.receive_frame(answered(b"\0\0\0\0"), frames.Deadline(5)) == b""


def test_frames_are_read_one_at_a_time_and_nothing_beyond(way: Ways) -> None:
    data = framed(b"first") + framed(b"") + framed(b"third") + b"rest"
    with ScriptedDaemon([way.step(data)]) as daemon, daemon.client(kind=way.kind) as sock:
        sock.connect(daemon.address)
        limit = frames.Deadline(5)
        assert [frames.receive_frame(sock, limit) for _unused in range(3)] == [
            b"first",
            b"",
            b"third",
        ]
        assert frames.receive(sock, 4, limit) == b"rest"


def test_a_frame_is_sent_whole_even_where_the_socket_takes_a_byte_at_a_time() -> None:
    frame = framed(bytes(range(256)))
    with ScriptedDaemon([Expect(frame)]) as daemon, daemon.client(kind=OneByteSocket) as sock:
        sock.connect(daemon.address)
        frames.send_frame(sock, bytes(range(256)), frames.Deadline(5))


def test_the_longest_frame_is_read() -> None:
    size = frames.MAX_FRAME
    assert size == 16 * 1024 * 1024
    content = b"x" * size
    with ScriptedDaemon([Send(framed(content))]) as daemon, daemon.client() as sock:
        sock.connect(daemon.address)
        assert frames.receive_frame(sock, frames.Deadline(LATE)) == content


@pytest.mark.parametrize("size", [16 * 1024 * 1024 + 1, 2**31, 2**32 - 1])
def test_a_longer_frame_is_refused_as_soon_as_it_is_announced(pair: Pair, size: int) -> None:
    ours, peer = pair
    # Only the length comes, so waiting for the rest would take until the deadline.
    peer.sendall(struct.pack(">I", size))
    tracemalloc.start()
    try:
        with pytest.raises(error.Error, match=f"{size} bytes.*16777216") as caught:
            frames.receive_frame(ours, frames.Deadline(60))
        _unused, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    assert peak < 1024 * 1024


def test_a_frame_that_is_announced_and_does_not_come_takes_no_memory(answered: Answered) -> None:
    sock = answered(struct.pack(">I", frames.MAX_FRAME) + b"only this")
    tracemalloc.start()
    try:
        with pytest.raises(error.EOF, match="after 9 of 16777216 bytes"):
            frames.receive_frame(sock, frames.Deadline(5))
        _unused, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1024 * 1024


def test_a_longer_frame_is_not_sent(pair: Pair) -> None:
    ours, peer = pair
    with pytest.raises(error.Error, match="16777217 bytes") as caught:
        frames.send_frame(ours, bytes(frames.MAX_FRAME + 1), frames.Deadline(5))
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    ours.shutdown(socket.SHUT_WR)
    assert peer.recv(1) == b""


@pytest.mark.parametrize("cut", range(8))
def test_the_end_of_the_stream_is_an_eof_wherever_it_comes(answered: Answered, cut: int) -> None:
    with pytest.raises(error.EOF) as caught:
        frames.receive_frame(answered(framed(b"abcd")[:cut]), frames.Deadline(5))
    expected = {0: "", 4: ""}.get(cut, f"after {cut % 4} of 4 bytes")
    assert caught.value.confd_lasterr == expected


def test_a_reset_is_an_eof() -> None:
    # Closing with unread bytes makes the daemon's side reset the connection.
    with ScriptedDaemon([Close()]) as daemon, daemon.client() as sock:
        sock.connect(daemon.address)

        def send_much() -> None:
            for _unused in range(10_000):
                frames.send(sock, b"x" * 1000, frames.Deadline(5))

        with pytest.raises(error.EOF):
            send_much()
        with pytest.raises(error.EOF):
            frames.receive(sock, 1, frames.Deadline(5))


def test_a_socket_that_is_closed_already_is_an_error() -> None:
    sock = socket.socket()
    sock.settimeout(5)
    sock.close()
    for use in (
        lambda: frames.receive(sock, 1, frames.Deadline(5)),
        lambda: frames.send(sock, b"x", frames.Deadline(5)),
    ):
        with pytest.raises(error.Error) as caught:
            use()
        assert caught.value.confd_errno == error.ERR_OS
        assert caught.value.strerror == "Bad file descriptor"


def test_bytes_that_trickle_in_do_not_extend_the_deadline() -> None:
    # A frame of a thousand bytes that would take twenty seconds, each byte within the timeout.
    script: Script = [Send(struct.pack(">I", 1000)), Trickle()]
    with ScriptedDaemon(script) as daemon, daemon.client(SOON) as sock:
        sock.connect(daemon.address)
        started = time.monotonic()
        with pytest.raises(error.Timeout, match=r"within 0\.3 s"), frames.deadline(sock) as limit:
            frames.receive_frame(sock, limit)
        assert SOON <= time.monotonic() - started < LATE


def test_the_deadline_counts_from_the_start_and_not_from_the_first_byte() -> None:
    limit = frames.Deadline(SOON)
    with ScriptedDaemon([Trickle()]) as daemon, daemon.client(60) as sock:
        sock.connect(daemon.address)
        with pytest.raises(error.Timeout):
            frames.receive(sock, 10_000, limit)


def test_a_daemon_that_reads_nothing_does_not_hold_us_up() -> None:
    with ScriptedDaemon([Deaf()]) as daemon, daemon.client(SOON) as sock:
        sock.connect(daemon.address)
        started = time.monotonic()
        with pytest.raises(error.Timeout), frames.deadline(sock) as limit:
            frames.send_frame(sock, bytes(frames.MAX_FRAME), limit)
        assert SOON <= time.monotonic() - started < LATE


@pytest.mark.parametrize("own", [None, 0.0, 0.25, 7.0])
def test_the_socket_has_its_own_timeout_again_afterwards(
    pair: Pair, own: float | None, asked: list[float]
) -> None:
    ours, peer = pair
    ours.settimeout(own)
    with frames.deadline(ours, 99.0) as limit:
        peer.sendall(b"x")
        frames.receive(ours, 1, limit)
    assert ours.gettimeout() == own
    with pytest.raises(error.Timeout), frames.deadline(ours, 99.0) as limit:
        frames.receive(ours, 1, limit)
    assert ours.gettimeout() == own
    assert asked == [own or 99.0] * 2


def test_without_anything_said_the_limit_is_half_a_minute(pair: Pair, asked: list[float]) -> None:
    ours, _unused = pair
    ours.settimeout(None)
    with frames.deadline(ours):
        pass
    assert asked == [30.0]


def test_a_socket_that_was_closed_meanwhile_is_left_alone(pair: Pair) -> None:
    ours, _unused = pair
    with frames.deadline(ours):
        ours.close()
    assert ours.fileno() == -1


def test_what_is_left_of_a_deadline_is_never_nothing() -> None:
    limit = frames.Deadline(60)
    assert 0 < limit.remaining() <= 60
    with pytest.raises(error.Timeout):
        frames.Deadline(0).remaining()


def test_a_frame_that_is_no_term_is_an_error(answered: Answered) -> None:
    with pytest.raises(
        error.Error, match=r"malformed reply from the daemon: .*unknown tag 70"
    ) as caught:
        frames.receive_term(answered(framed(b"\x83\x46" + bytes(8))), frames.Deadline(5))
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    # What the exception hides from view it does not keep either.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_text_of_the_daemon_loses_its_nul_and_is_never_undecodable() -> None:
    assert frames.text(b"bad token\0") == "bad token"
    assert frames.text(b"bad\xff") == "bad\\xff"
    assert frames.text("größe".encode()) == "größe"


def test_values_in_messages_are_cut() -> None:
    assert frames.brief((1, b"x")) == "(1, b'x')"
    assert len(frames.brief(b"x" * 10_000)) == 100
    assert frames.brief(b"x" * 10_000).endswith("...")
    assert len(frames.brief(b"x" * 97)) == 100


# Requests, as on CDB and MAAPI sockets. 66 is the number of one that takes no argument.

OP = 66
ECHO = struct.pack(">I", OP)
FAILED = struct.pack(">I", OP | 0x80000000)


@pytest.mark.parametrize(
    ("argument", "content"),
    [
        (None, ECHO),
        (1, ECHO + b"\x83\x61\x01"),
        (0, ECHO + b"\x83\x61\x00"),
        ((), ECHO + b"\x83h\0"),
    ],
)
def test_a_request_is_the_operation_and_its_argument(
    argument: terms.Term | None, content: bytes
) -> None:
    script: Script = [Expect(framed(content)), Send(framed(ECHO))]
    with ScriptedDaemon(script) as daemon, daemon.client() as sock:
        sock.connect(daemon.address)
        assert frames.request(sock, OP, argument) is None


@pytest.mark.parametrize("argument", [None, 0])
def test_a_transaction_handle_is_sent_between_operation_and_argument(
    argument: terms.Term | None,
) -> None:
    for handle in (0, 2, 2**32 - 1):
        rest = b"" if argument is None else b"\x83\x61\x00"
        sent = framed(ECHO + struct.pack(">I", handle) + rest)
        with ScriptedDaemon([Expect(sent), Send(framed(ECHO))]) as daemon, daemon.client() as sock:
            sock.connect(daemon.address)
            assert frames.request(sock, OP, argument, thandle=handle) is None


def test_the_answer_of_a_request_is_the_operation_and_perhaps_a_term(way: Ways) -> None:
    # The second answer has come already when the second request is made.
    answers = framed(ECHO) + framed(ECHO + b"\x83\x61\x07")
    script: Script = [Expect(framed(ECHO)), way.step(answers), Expect(framed(ECHO))]
    with ScriptedDaemon(script) as daemon, daemon.client(kind=way.kind) as sock:
        sock.connect(daemon.address)
        assert [frames.request(sock, OP), frames.request(sock, OP)] == [None, 7]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", r"0 bytes instead of an operation number"),
        (ECHO[:3], "3 bytes instead of an operation number"),
        (struct.pack(">I", 65), "about operation 65, not 66"),
        (struct.pack(">I", 65 | 0x80000000) + bytes(4), "about operation 65, not 66"),
        (ECHO + b"\x83", "malformed reply"),
        (ECHO + b"junk", "malformed reply"),
        (ECHO + b"\x83\x61\x01\x00", "1 bytes follow"),
        (FAILED, "without an error code"),
        (FAILED + b"\0\0\0", "without an error code"),
        (FAILED + bytes(4) + b"\x83\x61", "malformed reply"),
        (ECHO + b"\x83" + b"\x68\x01" * 65 + b"\x61\x00", "inside each other"),
    ],
)
def test_an_answer_that_makes_no_sense_leaves_the_outcome_unknown(
    answered: Answered, content: bytes, why: str
) -> None:
    with pytest.raises(error.Error, match=why) as caught:
        frames.request(answered(framed(content)), OP)
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    ("rest", "lasterr"),
    [
        (b"", ""),
        (terms.encode(b"bad state\0"), "bad state"),
        (terms.encode(b"bad state"), "bad state"),
        (terms.encode((b"bad state\0", b"app-tag")), "bad state"),
        (terms.encode(b"\0"), ""),
        (terms.encode(b""), ""),
        (terms.encode(17), ""),
        (terms.encode((1, b"x")), ""),
        (terms.encode((b"x", 1, 2)), ""),
        (terms.encode([114, 101]), ""),
    ],
)
def test_a_refusal_has_a_code_and_leaves_no_doubt(
    answered: Answered, rest: bytes, lasterr: str
) -> None:
    sock = answered(framed(FAILED + struct.pack(">I", 17) + rest))
    with pytest.raises(error.Error) as caught:
        frames.request(sock, OP)
    assert caught.type is error.Error
    assert (caught.value.confd_errno, caught.value.confd_lasterr) == (17, lasterr)
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("cut", range(8))
def test_no_answer_leaves_the_outcome_unknown(answered: Answered, cut: int) -> None:
    with pytest.raises(error.EOF) as caught:
        frames.request(answered(framed(ECHO)[:cut]), OP)
    assert caught.value.outcome_unknown


def test_an_answer_too_late_leaves_the_outcome_unknown() -> None:
    script: Script = [Expect(framed(ECHO)), Send(struct.pack(">I", 1000)), Trickle()]
    with ScriptedDaemon(script) as daemon, daemon.client(SOON) as sock:
        sock.connect(daemon.address)
        with pytest.raises(error.Timeout) as caught:
            frames.request(sock, OP)
        assert caught.value.outcome_unknown
        assert sock.gettimeout() == SOON


def test_a_request_that_could_not_be_sent_has_no_outcome() -> None:
    with ScriptedDaemon([Deaf()], family=socket.AF_UNIX) as daemon, daemon.client(SOON) as sock:
        sock.connect(daemon.address)
        with pytest.raises(error.Timeout) as caught:
            frames.request(sock, OP, bytes(8 * 1024 * 1024))
        assert not caught.value.outcome_unknown


def test_a_request_on_a_closed_connection_has_no_outcome(pair: Pair) -> None:
    ours, peer = pair
    peer.close()
    with pytest.raises(error.EOF) as caught:
        frames.request(ours, OP)
    assert not caught.value.outcome_unknown


def test_a_request_has_its_own_limit_where_the_socket_has_none(
    pair: Pair, asked: list[float]
) -> None:
    ours, _unused = pair
    ours.settimeout(None)
    for given in ((), (77.0,)):
        with pytest.raises(error.Timeout):
            frames.request(ours, OP, None, *given)
    assert asked == [30.0, 77.0]
