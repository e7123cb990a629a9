# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Frames on a socket, within a deadline: 4 bytes of length, then that many bytes.

Nothing is kept between calls and nothing is read ahead, so a plain socket is all a caller needs.
A call that fails in the middle of a frame leaves the socket at an unknown place in the stream:
close it.
"""

from __future__ import annotations

import socket
import struct
import time

from . import error, terms

#: Longest frame that is read or written, in bytes.
MAX_FRAME = 16 * 1024 * 1024
#: Time for a call on a socket that has no timeout of its own, in seconds.
DEFAULT_TIMEOUT = 30.0

_CHUNK = 64 * 1024


class Deadline:
    """A point on the monotonic clock, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, more than 0; raise error.Timeout when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> error.Timeout:
        """Return the exception for a limit that has passed."""
        return error.Timeout(f"no complete reply within {self.seconds:g} s")


class deadline:
    """Make the socket's own timeout the limit of everything that happens inside, together.

    A socket without a timeout, or a non-blocking one, gets `default` seconds: no call of this
    client waits for ever. The socket has its own timeout again afterwards.

    A class, as entering a generator would take longer than decoding a short answer.
    """

    def __init__(self, sock: socket.socket, default: float = DEFAULT_TIMEOUT) -> None:
        self._sock = sock
        self._own = sock.gettimeout()
        self._default = default

    def __enter__(self) -> Deadline:
        return Deadline(self._own or self._default)

    def __exit__(self, *_exception: object) -> None:
        if self._sock.fileno() >= 0:
            self._sock.settimeout(self._own)


def send(sock: socket.socket, data: bytes, limit: Deadline) -> None:
    """Send all of `data`. Raises error.EOF, error.Timeout or error.Error."""
    view = memoryview(data)
    while view:
        try:
            sock.settimeout(limit.remaining())
            view = view[sock.send(view) :]
        except OSError as problem:
            raise _explain("sending to the daemon", problem, limit) from None


def receive(sock: socket.socket, count: int, limit: Deadline) -> bytes:
    """Return exactly `count` bytes. Raises error.EOF, error.Timeout or error.Error."""
    data = bytearray()
    while len(data) < count:
        try:
            sock.settimeout(limit.remaining())
            # In pieces, so that memory is taken for what has come, not for what was announced.
            piece = sock.recv(min(count - len(data), _CHUNK))
        except OSError as problem:
            raise _explain("reading from the daemon", problem, limit) from None
        if not piece:
            raise error.EOF(f"after {len(data)} of {count} bytes" if data else "")
        data += piece
    return bytes(data)


def _explain(doing: str, problem: OSError, limit: Deadline) -> error.Failure:
    # socket.timeout is an OSError of its own class up to Python 3.9.
    if isinstance(problem, (socket.timeout, TimeoutError)):
        return limit.passed()
    if isinstance(problem, (ConnectionResetError, BrokenPipeError)):
        return error.EOF()
    return error.os_error(doing, problem)


def send_frame(sock: socket.socket, payload: bytes, limit: Deadline) -> None:
    """Send one frame."""
    if len(payload) > MAX_FRAME:
        raise error.Error(error.ERR_PROTOUSAGE, f"a message of {len(payload)} bytes is too long")
    send(sock, struct.pack(">I", len(payload)) + payload, limit)


def receive_frame(sock: socket.socket, limit: Deadline) -> bytes:
    """Return the payload of one frame of at most MAX_FRAME bytes."""
    size = int.from_bytes(receive(sock, 4, limit), "big")
    if size > MAX_FRAME:
        raise error.Error(
            error.ERR_PROTOUSAGE,
            f"the daemon announced a message of {size} bytes, more than the limit of {MAX_FRAME}",
        )
    return receive(sock, size, limit)


class answering:
    """Mark every failure inside as one after which the outcome of the request is not known."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, failure: object, _trace: object) -> None:
        if isinstance(failure, error.Failure):
            failure.outcome_unknown = True


def receive_term(sock: socket.socket, limit: Deadline) -> terms.Term:
    """Return the term that the next frame holds."""
    return decode(receive_frame(sock, limit))


def decode(data: bytes) -> terms.Term:
    """Decode a term from the daemon; raises error.Error (PROTOUSAGE) where it is none."""
    try:
        return terms.decode(data)
    except terms.TermError as problem:
        raise unexpected(str(problem)) from None


def unexpected(what: str) -> error.Error:
    """Return the Error for a malformed reply; `what` says what is wrong with it."""
    return error.Error(error.ERR_PROTOUSAGE, f"malformed reply from the daemon: {what}")


def brief(value: object) -> str:
    """Return a value from the daemon for an error message, cut to a readable length."""
    shown = repr(value)
    return shown if len(shown) <= 100 else shown[:97] + "..."


def text(value: bytes) -> str:
    """Return text from the daemon, without the NUL that sometimes ends it."""
    return value.rstrip(b"\0").decode("utf-8", "backslashreplace")


# The top bit of an operation number marks an answer as a refusal.
_FAILED = 0x80000000


def request(
    sock: socket.socket,
    operation: int,
    argument: terms.Term | None = None,
    default_timeout: float = DEFAULT_TIMEOUT,
    thandle: int | None = None,
) -> terms.Term | None:
    """Do one operation on a CDB or MAAPI socket; return the term of the answer, if it has one.

    `thandle` is the transaction that it is about. Source: docs/protocol.md, "CDB socket", "MAAPI
    socket" and "Reading state without the HA socket".
    """
    with deadline(sock, default_timeout) as limit:
        return exchange(sock, limit, operation, argument, thandle)


def exchange(
    sock: socket.socket,
    limit: Deadline,
    operation: int,
    argument: terms.Term | None = None,
    thandle: int | None = None,
) -> terms.Term | None:
    """Do one operation as `request` does, within a deadline that may cover more than this."""
    payload = struct.pack(">I", operation)
    if thandle is not None:
        payload += struct.pack(">I", thandle)
    if argument is not None:
        payload += terms.encode(argument)
    send_frame(sock, payload, limit)
    with answering():
        answer = receive_frame(sock, limit)
        if len(answer) < 4:
            raise unexpected(f"{len(answer)} bytes instead of an operation number")
        (echoed,) = struct.unpack(">I", answer[:4])
        if echoed & ~_FAILED != operation:
            raise unexpected(f"it is about operation {echoed & ~_FAILED}, not {operation}")
        if not echoed & _FAILED:
            return decode(answer[4:]) if len(answer) > 4 else None
        refusal = _refusal(answer[4:])
    raise refusal


def _refusal(data: bytes) -> error.Failure:
    if len(data) < 4:
        raise unexpected("a refusal without an error code")
    (code,) = struct.unpack(">I", data[:4])
    # Where the reason has another form than any that is known, the code still says what it is.
    return error.refusal(code, (reason_of(decode(data[4:])) or "") if len(data) > 4 else "")


def reason_of(term: terms.Term) -> str | None:
    """Return the reason of a refusal, Reason or {Reason, Tag}; None where it has another form."""
    if isinstance(term, tuple) and len(term) == 2:
        term = term[0]
    return text(term) if isinstance(term, bytes) else None
