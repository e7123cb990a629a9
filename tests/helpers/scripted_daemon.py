# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that plays a script: it expects exact bytes and sends exact bytes, nothing else.

One script for each connection, in the order in which they come. Whatever does not go by the script
(other bytes, missing bytes, bytes after its end, too few or too many connections) fails the test
when the daemon is left. Nothing runs on after that, and nothing waits longer than PATIENCE.
"""

from __future__ import annotations

import contextlib
import select
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Sequence, Union

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: Longest time for one step of a script, in seconds.
PATIENCE = 5.0

#: The loopback address of these daemons, so that they are in nobody's way.
IP = "127.0.120.1"


class Expect(NamedTuple):
    """These bytes have to come."""

    data: bytes


class Send(NamedTuple):
    """Send these bytes at once."""

    data: bytes


class SendByteByByte(NamedTuple):
    """Send these bytes one at a time."""

    data: bytes


class Trickle(NamedTuple):
    """Send this byte again and again, with a pause in seconds, until somebody closes."""

    byte: bytes = b"\0"
    pause: float = 0.02


class Close(NamedTuple):
    """Close the connection, whether or not all of it has been read."""


class Deaf(NamedTuple):
    """Read nothing more, and keep the connection open."""


Step = Union[Expect, Send, SendByteByByte, Trickle, Close, Deaf]
Script = Sequence[Step]


class OneByteSocket(socket.socket):
    """A client's socket that takes and gives a single byte in each call."""

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        return super().recv(min(bufsize, 1), flags)

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        return super().send(memoryview(data)[:1], flags)


class ScriptedDaemon:
    """A listening socket with its scripts; to be used in a with statement."""

    def __init__(self, *scripts: Script, family: int = socket.AF_INET) -> None:
        self.family = family
        self.scripts = scripts
        self.problems: list[str] = []
        self.ip: str | None = None
        self.port = 0
        self.path: str | None = None
        self._connections = 0
        self._closed = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str | tuple[str | None, int]:
        """The address as the socket module takes it."""
        return self.path if self.path is not None else (self.ip, self.port)

    @property
    def where(self) -> tuple[str | None, int, str | None]:
        """The address as the vendor's functions take it: ip, port, path."""
        return self.ip, self.port, self.path

    def client(
        self,
        timeout: float | None = PATIENCE,
        kind: type[socket.socket] = socket.socket,
    ) -> socket.socket:
        """Return a new socket of the right family, not connected."""
        sock = kind(self.family, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        return sock

    def await_close(self) -> None:
        """Wait until the daemon has closed one more of its connections."""
        assert self._closed.acquire(timeout=PATIENCE), "the daemon closed nothing"

    def __enter__(self) -> ScriptedDaemon:
        self._stack = contextlib.ExitStack()
        listener = self._stack.enter_context(socket.socket(self.family, socket.SOCK_STREAM))
        if self.family == socket.AF_UNIX:
            # Short on purpose: the path of a Unix socket has little room.
            directory = tempfile.mkdtemp(prefix="ipc")
            self._stack.callback(shutil.rmtree, directory)
            self.path = str(Path(directory) / "s")
            listener.bind(self.path)
        else:
            listener.bind((IP if self.family == socket.AF_INET else "::1", 0))
            self.ip, self.port = listener.getsockname()[:2]
        listener.listen(8)
        # Closing one end makes the other readable, for every thread that looks.
        stop, self._stopped = socket.socketpair()
        self._stop = stop
        self._stack.enter_context(self._stopped)
        self._start(self._accept, listener)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.close()
        for thread in self._threads:
            thread.join(4 * PATIENCE)
            assert not thread.is_alive(), "a thread of the scripted daemon does not end"
        self._stack.close()
        if self._connections != len(self.scripts):
            self.problems.append(f"{self._connections} connections came, not {len(self.scripts)}")
        report = "; ".join(self.problems)
        if failure is None:
            assert not report, report
        elif report:
            print("The scripted daemon:", report)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            readable, _unused, _unused = select.select(
                [listener, self._stopped], [], [], 20 * PATIENCE
            )
            # What has connected already is served, even if the test has ended meanwhile.
            if listener not in readable:
                return
            connection = listener.accept()[0]
            number = self._connections
            self._connections += 1
            if number < len(self.scripts):
                self._start(self._play, connection, number)
            else:
                connection.close()

    def _play(self, connection: socket.socket, number: int) -> None:
        try:
            with connection:
                connection.settimeout(PATIENCE)
                if self.family != socket.AF_UNIX:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for step in self.scripts[number]:
                    if isinstance(step, Close):
                        return
                    if isinstance(step, Deaf):
                        self._stopped_or_readable([], 20 * PATIENCE)
                        return
                    self._do(connection, step)
                self._hold(connection)
        except (AssertionError, OSError) as problem:
            self.problems.append(f"connection {number + 1}: {problem}")
        finally:
            self._closed.release()

    def _do(self, connection: socket.socket, step: Step) -> None:
        if isinstance(step, Expect):
            _expect(connection, step.data)
        elif isinstance(step, Send):
            connection.sendall(step.data)
        elif isinstance(step, SendByteByByte):
            for position in range(len(step.data)):
                connection.sendall(step.data[position : position + 1])
        elif isinstance(step, Trickle):
            with contextlib.suppress(OSError):
                while not self._stopped_or_readable([], step.pause):
                    connection.sendall(step.byte)

    def _hold(self, connection: socket.socket) -> None:
        """Wait until the client closes or the test ends; nothing more may come."""
        self._stopped_or_readable([connection], 20 * PATIENCE)
        connection.setblocking(False)
        try:
            more = connection.recv(4096)
        except (BlockingIOError, ConnectionResetError):
            return
        assert not more, f"unexpected bytes {more.hex()}"

    def _stopped_or_readable(self, others: list[socket.socket], seconds: float) -> bool:
        return bool(select.select([self._stopped, *others], [], [], seconds)[0])


def _expect(connection: socket.socket, wanted: bytes) -> None:
    got = b""
    while len(got) < len(wanted):
        try:
            piece = connection.recv(len(wanted) - len(got))
        except socket.timeout:
            piece = b""
        got += piece
        as_wanted = bool(piece) and wanted.startswith(got)
        assert as_wanted, f"{wanted.hex()} expected, {got.hex()} came"


class Ways(NamedTuple):
    """How bytes get from the daemon to the client: a name, the step, the client's socket."""

    name: str
    step: Any
    kind: type[socket.socket]


#: Whole, and byte by byte: in what the daemon sends and in what the client reads.
WAYS = (
    Ways("whole", Send, socket.socket),
    Ways("byte by byte", SendByteByByte, OneByteSocket),
)
