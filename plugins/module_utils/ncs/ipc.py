# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Connecting to the daemon's IPC port: address, handshake, protocol versions.

Source: docs/protocol.md, "Where a client connects" and "Handshake"; access.py has the access check.
"""

from __future__ import annotations

import enum
import os
import socket
import struct
from typing import Any, NamedTuple, Tuple, Union

from . import access, error, frames

#: What the vendor's clients of NSO 5.7 announce first; a daemon of another release says its own.
PROTOCOL_VERSION = 77
LIBRARY_VERSION = 0x07070100

DEFAULT_IP = "127.0.0.1"
DEFAULT_PORT = 4569


class Client(enum.IntEnum):
    """What a connection is for; the first byte of the handshake."""

    CDB = 5
    MAAPI = 7
    EVENTS = 11
    HA = 17


class Versions(NamedTuple):
    """The protocol and library version of one side; the library's as 0xMMmmppqq."""

    protocol: int
    library: int

    def __str__(self) -> str:
        return f"protocol {self.protocol}, library {dotted(self.library)}"


def dotted(library: int) -> str:
    """Return a library version as text: 0x07070100 is "7.7.1.0"."""
    return ".".join(str(part) for part in struct.pack(">I", library))


OURS = Versions(PROTOCOL_VERSION, LIBRARY_VERSION)


_ACCEPTED = (0, 2)  # 2: other limits for depth and keys, which no HA message comes near
_REFUSED = 1

#: A path, or what the socket module takes for an IP address: host, port, and more for IPv6.
Address = Union[str, Tuple[Any, ...]]


def connect(
    sock: socket.socket,
    client: Client,
    address: Address,
    access_secret: bytes | None = None,
) -> Versions:
    """Connect `sock` and shake hands; return the daemon's versions.

    `address` is a path for a Unix socket, else (ip, port). `access_secret` turns the access check
    on; it has to be on at both ends or at neither.

    A daemon can refuse our protocol version, and one of an older release our access check. Either
    leaves the connection of no use, so each is answered by one more connection: the first with the
    versions that the refusal names, the second with the older check. The new connection takes the
    old one's file descriptor: the caller's socket object stays good.

    Raises error.Error, error.Timeout, error.EOF. After any of them the socket is to be closed.
    """
    check = access.V2 if access_secret is not None else None
    versions = OURS
    refused = False
    with frames.deadline(sock) as limit:
        _dial(sock, address, limit)
        while True:
            try:
                status, daemon_versions = _shake_hands(
                    sock, client, versions, check, access_secret or b"", limit
                )
            except access.NoChallenge:
                if check is None or check.older is None:
                    raise error.EOF(
                        "it did so instead of asking for the access secret. Either its "
                        "ncs-ipc-access-check is off, and this client must not have "
                        f"{access.ACCESS_FILE}, or it stopped"
                    ) from None
                # [assumed] docs/protocol.md, "Access check": nothing says how an older daemon meets
                # the newer check. It closes on any check that it does not expect.
                check = check.older
            else:
                if status in _ACCEPTED:
                    return daemon_versions
                if status != _REFUSED or refused:
                    raise _not_accepted(status, versions, daemon_versions)
                versions, refused = daemon_versions, True
            _redial(sock, address, limit)


def _not_accepted(status: int, client: Versions, daemon: Versions) -> error.Error:
    if status == _REFUSED:
        return error.Error(
            error.ERR_PROTOUSAGE,
            f"the daemon ({daemon}) refused this client ({OURS}), and again when it offered "
            f"{client}",
        )
    return error.Error(
        error.ERR_PROTOUSAGE,
        f"the daemon ({daemon}) answered the handshake with status {status}, which is not known",
    )


def _dial(sock: socket.socket, address: Address, limit: frames.Deadline) -> None:
    try:
        sock.settimeout(limit.remaining())
        sock.connect(address)
        if sock.family != socket.AF_UNIX:
            # The token and the first order are two small writes without an answer in between: left
            # to itself, TCP keeps the second back until the first is acknowledged, some 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (socket.timeout, TimeoutError):
        raise error.Timeout(f"connecting to {_show(address)} ({limit.seconds:g} s)") from None
    except OSError as problem:
        raise error.os_error(f"connecting to {_show(address)}", problem) from None
    except (OverflowError, TypeError, ValueError) as problem:
        # A port above 65535, a NUL character: Python refuses them before the system sees them.
        raise error.Error(error.ERR_OS, f"connecting to {_show(address)}", str(problem)) from None


def _redial(sock: socket.socket, address: Address, limit: frames.Deadline) -> None:
    fresh = socket.socket(sock.family, sock.type, sock.proto)
    try:
        os.dup2(fresh.fileno(), sock.fileno(), inheritable=False)
    finally:
        fresh.close()
    _dial(sock, address, limit)


def _show(address: Address) -> str:
    if isinstance(address, str):
        return address
    ip, port = address[:2]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _shake_hands(
    sock: socket.socket,
    client: Client,
    versions: Versions,
    check: access.Check | None,
    secret: bytes,
    limit: frames.Deadline,
) -> tuple[int, Versions]:
    """Return the status of the daemon's answer and its versions."""
    flags = check.flags if check else 0
    # The last two bytes are the largest depth and number of keys; vendor clients send 0 for both.
    hello = struct.pack(">BHIBB", client | flags, versions.protocol, versions.library, 0, 0)
    try:
        # A daemon that closes at once makes the sending fail, or the reading: it is a race.
        frames.send(sock, hello, limit)
        if check:
            check.prove(sock, secret, limit)
        answer = frames.receive(sock, 9, limit)
    except error.EOF:
        if check:
            raise error.EOF(
                "it did so in the handshake, during the access check or after it. The secret in "
                f"{access.ACCESS_FILE} may not be the one of the daemon"
            ) from None
        raise error.EOF(
            "it did so in the handshake. If its ncs-ipc-access-check is on, this client needs "
            f"{access.ACCESS_FILE}; on a Unix socket it has to run as root, as NSO's user, or as a "
            "user with local_ipc_access"
        ) from None
    status, protocol, library = struct.unpack(">BHI", answer[:7])
    return status, Versions(protocol, library)


def connect_as_vendor(
    sock: socket.socket,
    client: Client,
    ip: str | None,
    port: int,
    path: str | None,
) -> Versions:
    """Connect as the functions of _ncs do: address by arguments, access file by environment."""
    file = os.environ.get("NCS_IPC_ACCESS_FILE")
    secret = access.read_file(file) if file else None
    if sock.family == socket.AF_UNIX:
        if not path:
            raise error.Error(error.ERR_OS, "an AF_UNIX socket needs the path of the daemon's")
        return connect(sock, client, path, secret)
    return connect(sock, client, (ip or DEFAULT_IP, port or DEFAULT_PORT), secret)
