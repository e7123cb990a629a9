# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that answers: an HA socket that knows nothing but status, and a plain echo.

Started by client.py with the answer as hex. It prints its port, and ends when its stdin is closed.
Both kinds of connection are answered by the same loop, so only what the client does differs.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

from helpers import vectors

#: The first byte of a connection that wants an echo; no client of a daemon begins so.
ECHO = b"\0"
#: Loopback, so that it is in nobody's way.
IP = "127.0.121.1"

#: As a client sends it.
REQUEST = vectors.order_frame("status")


def main(answer: bytes) -> None:
    """Serve one connection after the other."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    with socket.create_server((IP, 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection = listener.accept()[0]
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _serve(connection, answer)


def receive(sock: socket.socket, count: int) -> bytes:
    """Return exactly so many bytes; fewer if the other end closes."""
    data = sock.recv(count)
    while data and len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            break
        data += more
    return data


def _serve(connection: socket.socket, answer: bytes) -> None:
    if receive(connection, 1) != ECHO:
        receive(connection, len(vectors.HELLO["ha"]) - 1)
        connection.sendall(vectors.ACCEPTED)
        size = int.from_bytes(receive(connection, 4), "big")
        receive(connection, size)
    while receive(connection, len(REQUEST)) == REQUEST:
        connection.sendall(answer)


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(bytes.fromhex(sys.argv[1]))
