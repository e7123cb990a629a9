# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One NSO node through its IPC port: opening sockets, and its HA socket.

What is read becomes plain data (state.py). cdb_socket.py and maapi_socket.py have the other
sockets.
"""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Iterator, NamedTuple

from ..ncs import access, error, ha, ipc
from .endpoint import Endpoint, UnixEndpoint
from .state import HaState, from_status

# docs/protocol.md, "Handshake" and "HA socket": 87 is NSO 6.7, which has no relays any more.
_FIRST_WITHOUT_RELAYS = 87


class Target(NamedTuple):
    """How to reach a node. `timeout` is in seconds, for each answer and for connecting."""

    endpoint: Endpoint
    token: str
    access_secret: bytes | None
    timeout: float

    def __repr__(self) -> str:
        return f"Target({self.endpoint})"


class HaConnection:
    """A node's HA socket, of which its daemon has only one at a time."""

    def __init__(self, sock: socket.socket, versions: ipc.Versions) -> None:
        self.sock = sock
        self.versions = versions

    def state(self) -> HaState:
        """Read the node's HA status."""
        return from_status(*ha.status(self.sock))

    def declare_dead(self, node_id: str) -> None:
        """Tell the node that one of its secondaries is dead."""
        ha.secondary_dead(self.sock, node_id)


def has_relays(versions: ipc.Versions) -> bool:
    """Return whether a release knows the relay role, as far as its protocol version tells."""
    return versions.protocol < _FIRST_WITHOUT_RELAYS


@contextlib.contextmanager
def ha_connection(target: Target) -> Iterator[HaConnection]:
    """Connect an HA socket; the daemon closes the one it had. Closed at the end."""
    with connected(target, ipc.Client.HA) as (sock, versions):
        ha.send_token(sock, target.token)
        yield HaConnection(sock, versions)


@contextlib.contextmanager
def connected(target: Target, client: ipc.Client) -> Iterator[tuple[socket.socket, ipc.Versions]]:
    """Connect a socket of one kind. Closed at the end. Raises error.Failure."""
    sock, versions = _connect_first(target, client)
    with contextlib.closing(sock):
        yield sock, versions


def _connect_first(target: Target, client: ipc.Client) -> tuple[socket.socket, ipc.Versions]:
    """Connect to the first address that answers: a host name may stand for several."""
    problem: error.Failure = error.Error(error.ERR_OS, f"{target.endpoint} has no address")
    for family, address in endpoint_addresses(target.endpoint):
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(target.timeout)
        try:
            return sock, ipc.connect(sock, client, address, target.access_secret)
        except error.Failure as failure:
            sock.close()
            if failure.confd_errno not in (error.ERR_OS, error.ERR_TIMEOUT):
                raise
            problem = failure
    raise problem


def endpoint_addresses(endpoint: Endpoint) -> list[tuple[int, ipc.Address]]:
    """Return the families and addresses to try. Raises error.Failure."""
    if isinstance(endpoint, UnixEndpoint):
        return [(socket.AF_UNIX, endpoint.path)]
    try:
        entries = socket.getaddrinfo(endpoint.ip, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        text = getattr(problem, "strerror", None) or "it is not a valid host name"
        raise error.Error(error.ERR_OS, f"looking up {endpoint.ip!r}", text) from None
    return [(int(entry[0]), entry[4]) for entry in entries]


def access_secret(path: str | None) -> bytes | None:
    """Return the secret in the access file, or None where no file is given."""
    return access.read_file(path) if path else None


def path_exists(path: str) -> bool:
    """Return whether a path exists on the target."""
    return os.path.exists(path)
