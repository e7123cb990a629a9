# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The few MAAPI calls that HA needs, with the names and signatures of the vendor's ``_ncs.maapi``.

Source: docs/protocol.md, "MAAPI socket". None needs a user session. Safe to use beside any HA
controller.
"""

from __future__ import annotations

import socket

from . import frames, ipc

_SET_READONLY_MODE = 229
_START_PHASE = 401
_WAIT_START = 402

#: Time for a start phase to be reached on a socket that has no timeout of its own, in seconds.
START_TIMEOUT = 300.0


def connect(
    sock: socket.socket, ip: str | None = None, port: int = 0, path: str | None = None
) -> None:
    """Connect `sock`: ip and port, or path for AF_UNIX."""
    ipc.connect_as_vendor(sock, ipc.Client.MAAPI, ip, port, path)


def set_readonly_mode(sock: socket.socket, flag: bool) -> None:
    """Set or lift the administrator's read-only mode. It is lost when the daemon restarts."""
    frames.request(sock, _SET_READONLY_MODE, 1 if flag else 0)


def start_phase(sock: socket.socket, phase: int, synchronous: bool) -> None:
    """Let the daemon enter start phase 1 or 2; `synchronous` waits until it has."""
    frames.request(sock, _START_PHASE, (phase, 1 if synchronous else 0), START_TIMEOUT)


def wait_start(sock: socket.socket, phase: int = 2) -> None:
    """Wait until the daemon has reached start phase 0, 1 or 2."""
    frames.request(sock, _WAIT_START, phase, START_TIMEOUT)
