# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for any bytes a daemon could send: one check for each target of `make fuzz`.

A check takes an input, see fuzz_inputs.py, and raises if something does not hold. It knows nothing
of the fuzzer, so the tests call it too.
"""

from __future__ import annotations

import contextlib
import json
import socket
import tracemalloc
from typing import Any, Callable, Iterator, NamedTuple, cast
from unittest import mock

from ansible_collections.nso.ha.plugins.module_utils.ncs import (
    cdb,
    error,
    events,
    frames,
    ha,
    maapi,
    terms,
)

from helpers import term_values
from helpers.virtual_socket import ENDS, SILENT, Delivery, VirtualSocket, clock_of

#: The time limit of every call, in seconds of the socket's own clock.
LIMIT = 10.0
#: The most bytes that one call to a socket may have room for.
ROOM = 64 * 1024


@contextlib.contextmanager
def small_bounds(target: str) -> Iterator[None]:
    """Bounds that inputs of a few hundred bytes reach; the real ones need hundreds of thousands."""
    # A status is 4 deep, so what reads answers needs as much.
    depth = 2 if target == "terms" else 4
    small: dict[str, Any] = {"MAX_DEPTH": depth, "MAX_ELEMENTS": 12, "MAX_ATOM": 20}
    bounds = mock.patch.multiple(terms, **small), mock.patch.object(ha, "MAX_NODES", 2)
    with bounds[0], bounds[1], mock.patch.object(maapi, "MAX_TRACE_LINES", 1):
        yield


# Terms


def check_terms(data: bytes) -> None:
    """A TermError, or a value within the bounds, which can be written and is read as the same."""
    tracemalloc.start()
    try:
        value: terms.Term = terms.decode(data)
        refused = False
    except terms.TermError:
        refused = True
    finally:
        _unused, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    # An empty tuple takes 2 bytes here and an atom as short takes 80 in Python.
    assert peak < 64 * 1024 + 100 * len(data), f"{len(data)} bytes took {peak} bytes of memory"
    if refused:
        return
    depth, elements = _measure(value)
    assert depth <= terms.MAX_DEPTH, f"{depth} tuples or lists inside each other were read"
    assert elements <= terms.MAX_ELEMENTS, f"a term of {elements} elements was read"
    try:
        again = terms.decode(terms.encode(value))
    except terms.TermError as problem:
        raise AssertionError(f"what was read is not accepted again: {problem}") from problem
    assert term_values.same(again, value), f"{value!r} became {again!r}"


def _measure(value: terms.Term) -> tuple[int, int]:
    """Return the depth of a value, and the number of all elements in it."""
    deepest = elements = 0
    level = [value]
    while level:
        containers = [one for one in level if isinstance(one, (tuple, list)) and one]
        level = [inner for one in containers for inner in one]
        deepest += bool(containers)
        elements += len(level)
    return deepest, elements


# Streams


class _Case(NamedTuple):
    """A stream, a beginning of it, and one more way in which either comes."""

    stream: bytes
    cut: bytes
    delivery: Delivery

    @classmethod
    def of(cls, data: bytes) -> _Case:
        piece, cut, rest = data[:3].ljust(3, b"\0")
        stream = data[3:]
        delivery = Delivery(piece + 1, (rest // len(ENDS)) / 20, ENDS[rest % len(ENDS)])
        return cls(stream, stream[: cut % (len(stream) + 1)], delivery)


class _Outcome(NamedTuple):
    """What a call returned, or the failure it ended with."""

    value: object = None
    kind: type[error.Failure] | None = None
    code: int | None = None
    text: str = ""
    outcome_unknown: bool = False

    @property
    def is_break(self) -> bool:
        """Whether no answer came. A refusal can have the same codes."""
        return self.kind in (error.EOF, error.Timeout)


_Reader = Callable[[socket.socket], object]


def _outcome(reader: _Reader, sock: VirtualSocket) -> _Outcome:
    """Call a reader; whatever it raises beside a Failure of the client is a finding."""
    with clock_of(sock):
        try:
            outcome = _Outcome(reader(cast(socket.socket, sock)))
        except error.Failure as failure:
            text = str(failure)
            # As Ansible does with it.
            text.encode("utf-8")
            outcome = _Outcome(
                None, type(failure), failure.confd_errno, text, failure.outcome_unknown
            )
    # Adding floats up is exact to some digits only.
    assert sock.now <= LIMIT + 1e-6, f"{sock.now} s passed, and the limit is {LIMIT} s"
    if outcome.kind is error.Timeout:
        assert sock.now >= LIMIT - 1e-6, f"a timeout after {sock.now} of {LIMIT} s"
    assert sock.largest <= ROOM, f"a call had room for {sock.largest} bytes"
    assert sock.gettimeout() == LIMIT, "the socket has another timeout than before"
    return outcome


def _deliver(reader: _Reader, stream: bytes, delivery: Delivery) -> tuple[_Outcome, int]:
    """Return what a reader makes of a stream, and how many bytes of it were taken."""
    sock = VirtualSocket(stream, delivery, LIMIT)
    return _outcome(reader, sock), sock.read


_WHOLE = Delivery(2**20)
_BYTE_BY_BYTE = Delivery(1)


def _check_reader(reader: _Reader, case: _Case) -> None:
    """The way in which bytes come may be too slow; it makes no other difference."""
    whole = _deliver(reader, case.stream, _WHOLE)
    single = _deliver(reader, case.stream, _BYTE_BY_BYTE)
    assert single == whole, f"whole: {whole}, byte by byte: {single}"
    pieces = _deliver(reader, case.stream, case.delivery._replace(pause=0.0))
    assert pieces[1] == whole[1], f"{pieces[1]} bytes were taken, and {whole[1]} where all came"
    # The words for a break are those of how the stream ends.
    same = pieces[0] == whole[0] or (pieces[0].is_break and whole[0].is_break)
    assert same, f"whole: {whole[0]}, in pieces: {pieces[0]}"
    slow, _unused = _deliver(reader, case.stream, case.delivery)
    assert slow == pieces[0] or slow.kind is error.Timeout, f"{slow}, and quickly {pieces[0]}"
    _deliver(reader, case.cut, case.delivery)


def _read_frame(sock: socket.socket) -> bytes:
    with frames.deadline(sock) as limit:
        return frames.receive_frame(sock, limit)


def _read_term(sock: socket.socket) -> terms.Term:
    with frames.deadline(sock) as limit:
        return frames.receive_term(sock, limit)


def check_frames(data: bytes) -> None:
    """The frame that was sent, or the failure that fits, and nothing is taken beyond the frame."""
    case = _Case.of(data)
    _check_reader(_read_term, case)
    for stream in (case.stream, case.cut):
        for delivery in (_WHOLE, _BYTE_BY_BYTE, case.delivery._replace(pause=0.0)):
            outcome, taken = _deliver(_read_frame, stream, delivery)
            wanted = _what_is_right(stream, delivery)
            assert (outcome.value, outcome.code, taken) == wanted, f"{outcome}, not {wanted}"


def _what_is_right(stream: bytes, delivery: Delivery) -> tuple[object, int | None, int]:
    """Return payload, error code and bytes to be taken, found in another way than the reader's."""
    size = int.from_bytes(stream[:4], "big")
    if len(stream) >= 4 and size > 16 * 1024 * 1024:
        return None, error.ERR_PROTOUSAGE, 4
    if len(stream) >= 4 + size and len(stream) >= 4:
        return stream[4 : 4 + size], None, 4 + size
    end = error.ERR_TIMEOUT if delivery.end == SILENT else error.ERR_EOF
    return None, end, len(stream)


def _subscribe(sock: socket.socket) -> None:
    events.subscribe(sock, events.NOTIF_HA_INFO, events.NotificationsData())


#: Functions of the client that read an answer, in the order of fuzz_inputs.ANSWERS, and whether a
#: break leaves it unknown what the daemon did.
READERS: tuple[tuple[_Reader, bool], ...] = (
    (ha.status, True),
    (ha.benone, True),
    (cdb.get_phase, True),
    (cdb.get_txid, True),
    (lambda sock: maapi.set_readonly_mode(sock, True), True),
    (_subscribe, True),
    (events.read_notification, False),
    (maapi.end_user_session, True),
    (lambda sock: maapi.start_trans(sock, maapi.OPERATIONAL, maapi.READ), True),
    (lambda sock: maapi.exists(sock, 2, "/ncs-state/ha"), True),
    (lambda sock: maapi.get_elem(sock, 2, "/ncs-state/ha/mode"), True),
    (lambda sock: maapi.xpath_eval_expr(sock, 2, "/ncs-state/ha/mode"), True),
)


def check_answers(data: bytes) -> None:
    """What can be written as JSON, or a Failure; a break leaves the outcome unknown."""
    number = data[0] if data else 0
    reader, doubtful = READERS[number % len(READERS)]
    case = _Case.of(data[1:])
    _check_reader(reader, case)
    for stream in (case.stream, case.cut):
        outcome, _unused = _deliver(reader, stream, case.delivery)
        json.dumps(outcome.value, ensure_ascii=False).encode("utf-8")
        if outcome.is_break:
            assert outcome.outcome_unknown == doubtful, f"{outcome}"


CHECKS: dict[str, Callable[[bytes], None]] = {
    "terms": check_terms,
    "frames": check_frames,
    "answers": check_answers,
}


def check_at_both_bounds(target: str, data: bytes) -> None:
    """Check an input with the real bounds and with small ones."""
    CHECKS[target](data)
    with small_bounds(target):
        CHECKS[target](data)
