# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy in front of a node's IPC port that keeps every byte a client sends.

It decodes nothing; helpers/wire.py does that afterwards.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading

_CHUNK = 64 * 1024
_PATIENCE = 10.0


class Recorded:
    """One connection: what the client sent, and whether and how it ended.

    clean: the client closed it in good order, not by a reset, and before the daemon did
    """

    def __init__(self) -> None:
        self.sent = bytearray()
        self.open = True
        self.clean = False


class RecordingProxy:
    """Listens at an address of its own, for as long as a with statement."""

    def __init__(self, listen_ip: str, port: int, node_ip: str) -> None:
        self.ip = listen_ip
        self.port = port
        self.connections: list[Recorded] = []
        self.most_open = 0
        self._node = (node_ip, port)
        self._peers: dict[socket.socket, tuple[socket.socket, Recorded, bool]] = {}

    def start_anew(self) -> None:
        """Forget what was recorded; nothing may be connected."""
        assert not self.open_now
        self.connections = []
        self.most_open = 0

    @property
    def open_now(self) -> int:
        return sum(connection.open for connection in self.connections)

    def __enter__(self) -> RecordingProxy:
        self._listener = socket.create_server((self.ip, self.port))
        self._stop, self._stopped = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._stopped, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.close()
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "the proxy does not end"
        for sock in [*self._peers, self._listener, self._stopped]:
            sock.close()
        self._selector.close()

    def _serve(self) -> None:
        while True:
            for key, _unused in self._selector.select():
                if key.fileobj is self._stopped:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._peers:
                    self._pass_on(key.fileobj)

    def _accept(self) -> None:
        client = self._listener.accept()[0]
        recorded = Recorded()
        try:
            node = socket.create_connection(self._node, _PATIENCE)
        except OSError:
            recorded.open = False
            self.connections.append(recorded)
            client.close()
            return
        for sock in (client, node):
            sock.settimeout(_PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(sock, selectors.EVENT_READ)
        self._peers[client] = (node, recorded, True)
        self._peers[node] = (client, recorded, False)
        self.connections.append(recorded)
        self.most_open = max(self.most_open, self.open_now)

    def _pass_on(self, source: socket.socket) -> None:
        other, recorded, from_client = self._peers[source]
        data, clean = b"", True
        try:
            data = source.recv(_CHUNK)
        except OSError:
            clean = False
        if from_client:
            recorded.sent += data
        if not data:
            for sock in (source, other):
                self._selector.unregister(sock)
                del self._peers[sock]
                sock.close()
            recorded.clean = clean and from_client
            recorded.open = False
            return
        # A side that is gone is noticed when it is read from.
        with contextlib.suppress(OSError):
            other.sendall(data)
