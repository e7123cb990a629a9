# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A node's MAAPI socket: what an administrator may set. Safe to use beside any HA controller."""

from __future__ import annotations

import contextlib
import socket
from typing import Iterator

from ..ncs import ipc, maapi
from .connection import Target, connected


class MaapiConnection:
    """A MAAPI socket of a node."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def set_read_only(self, read_only: bool) -> None:
        """Set or lift the administrator's read-only mode."""
        maapi.set_readonly_mode(self.sock, read_only)

    def start_phase(self, phase: int, patience: float) -> None:
        """Let the daemon enter start phase 1 or 2, and wait for so many seconds until it has."""
        timeout = self.sock.gettimeout()
        self.sock.settimeout(patience)
        try:
            maapi.start_phase(self.sock, phase, synchronous=True)
        finally:
            self.sock.settimeout(timeout)


@contextlib.contextmanager
def maapi_connection(target: Target) -> Iterator[MaapiConnection]:
    """Connect a MAAPI socket, which takes nothing from any HA controller. Closed at the end."""
    with connected(target, ipc.Client.MAAPI) as (sock, _versions):
        yield MaapiConnection(sock)
