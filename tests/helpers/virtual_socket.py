# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket without a network, on a clock of its own: waiting takes no time, and is still counted.

As much of a socket as the client uses once it is connected. It checks what a real one cannot tell:
that no call is made without a time limit, and how much memory each call asks for.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Iterator, NamedTuple
from unittest import mock

from ansible_collections.nso.ha.plugins.module_utils.ncs import frames

#: How a stream can end: the other side closes, resets, or says nothing more.
CLOSED, RESET, SILENT = "closed", "reset", "silent"
ENDS = (CLOSED, RESET, SILENT)


class Delivery(NamedTuple):
    """How bytes come: at most `piece` at a time, `pause` seconds before each, and then the end."""

    piece: int
    pause: float = 0.0
    end: str = CLOSED


class VirtualSocket:
    """The client's end.

    now:     seconds that have passed on the clock
    read:    how many bytes have been taken from the stream
    largest: the most bytes that one call had room for
    """

    family = socket.AF_UNIX

    def __init__(self, stream: bytes, delivery: Delivery, timeout: float) -> None:
        self._stream = stream
        self._delivery = delivery
        self._timeout: float | None = timeout
        self.now = 0.0
        self.read = 0
        self.largest = 0

    def monotonic(self) -> float:
        return self.now

    def gettimeout(self) -> float | None:
        return self._timeout

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def fileno(self) -> int:
        return 0

    def send(self, data: memoryview) -> int:
        return len(data)

    def recv(self, size: int) -> bytes:
        assert size > 0, "nothing was asked for"
        self.largest = max(self.largest, size)
        if self.read < len(self._stream):
            self._wait(self._delivery.pause)
        elif self._delivery.end == CLOSED:
            return b""
        elif self._delivery.end == RESET:
            raise ConnectionResetError
        else:
            self._wait(float("inf"))
        piece = self._stream[self.read : self.read + min(size, self._delivery.piece)]
        self.read += len(piece)
        return piece

    def _wait(self, seconds: float) -> None:
        assert self._timeout, "a call that could wait for ever"
        if seconds > self._timeout:
            self.now += self._timeout
            raise socket.timeout("timed out")
        self.now += seconds


@contextlib.contextmanager
def clock_of(sock: VirtualSocket) -> Iterator[None]:
    """Let the client's deadlines count on the clock of this socket."""
    with mock.patch.object(frames, "time", sock):
        yield
