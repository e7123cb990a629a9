# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The few reads of CDB that HA needs, with the names of the vendor's ``_ncs.cdb``.

Source: docs/protocol.md, "CDB socket". Safe to use beside any HA controller.
"""

from __future__ import annotations

import socket
import struct
from typing import TypedDict

from . import frames, ipc, nodes, terms

READ_SOCKET = 0

#: The name under which this client appears in the daemon's list of CDB clients.
CLIENT_NAME = "ncs_ha"

_CLIENT_NAME = 0
_GET_PHASE = 65
_GET_TXID = 66

#: The bits of the flags of a phase, as in the vendor's API.
FLAG_INIT = 1
FLAG_UPGRADE = 2

_FLAGS = {"false": 0, "normal": 0, "init": FLAG_INIT, "upgrade": FLAG_UPGRADE}


class Phase(TypedDict):
    """The start phase, 0 to 2, and what goes on in it: as flags, and each flag as a boolean."""

    phase: int
    flags: int
    init: bool
    upgrade: bool


def connect(
    sock: socket.socket,
    type: int = READ_SOCKET,
    ip: str | None = None,
    port: int = 0,
    path: str | None = None,
) -> None:
    """Connect `sock`: ip and port, or path for AF_UNIX.

    `type` is what the vendor's function has, too. It is not sent: this client only reads.
    """
    connect_name(sock, type, CLIENT_NAME, ip, port, path)


def connect_name(
    sock: socket.socket,
    type: int,
    name: str,
    ip: str | None = None,
    port: int = 0,
    path: str | None = None,
) -> None:
    """Connect `sock` under the client name `name`."""
    ipc.connect_as_vendor(sock, ipc.Client.CDB, ip, port, path)
    introduce(sock, name)


def introduce(sock: socket.socket, name: str = CLIENT_NAME) -> None:
    """Send the first frame of a CDB socket that is connected: an operation without an answer."""
    with frames.deadline(sock) as limit:
        frames.send_frame(sock, struct.pack(">I", _CLIENT_NAME) + nodes.binary(name), limit)


def get_phase(sock: socket.socket) -> Phase:
    """Return the start phase."""
    answer = frames.request(sock, _GET_PHASE)
    if isinstance(answer, tuple) and len(answer) == 2:
        phase, flag = answer
        flags = _FLAGS.get(flag) if isinstance(flag, terms.Atom) else None
        if isinstance(phase, int) and 0 <= phase <= 2 and flags is not None:
            return {
                "phase": phase,
                "flags": flags,
                "init": flags == FLAG_INIT,
                "upgrade": flags == FLAG_UPGRADE,
            }
    with frames.answering():
        raise frames.unexpected(f"a start phase of the form {frames.brief(answer)}")


def get_txid(sock: socket.socket) -> tuple[int, int, int, str | None]:
    """Return the transaction id: megaseconds, seconds, microseconds, and the primary's node id.

    The time is that of the clock of the primary that made the transaction. The node id is None on
    a node that has not been in a cluster.
    """
    answer = frames.request(sock, _GET_TXID)
    primary: str | None = None
    timestamp = answer
    if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], bytes):
        primary = answer[0].decode("utf-8", "backslashreplace")
        timestamp = answer[1]
    if isinstance(timestamp, tuple) and len(timestamp) == 3:
        mega, seconds, micro = timestamp
        if isinstance(mega, int) and isinstance(seconds, int) and isinstance(micro, int):
            return mega, seconds, micro, primary
    with frames.answering():
        raise frames.unexpected(f"a transaction id of the form {frames.brief(answer)}")
