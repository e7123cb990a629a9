# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One NSO node through its IPC port: opening sockets, reading its state, giving it arguments.

This is the edge to the network. What is read becomes plain data (state.py); what to order is
decided elsewhere (transitions.py).
"""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Iterator, NamedTuple

from .addresses import Upstream
from .endpoint import Endpoint, UnixEndpoint
from .ncs import cdb, error, ha, ipc, maapi
from .state import HaState, TransactionId, from_status
from .transitions import BENONE, BEPRIMARY, BERELAY, BESECONDARY

# protocol.md grades: protocol 87 is NSO 6.7, and relays are gone from there on, both documented.
_FIRST_WITHOUT_RELAYS = 87


class Target(NamedTuple):
    """How to reach a node. `timeout` is in seconds, for each answer and for connecting."""

    endpoint: Endpoint
    token: str
    access_secret: bytes | None
    timeout: float

    def __repr__(self) -> str:
        return f"Target({self.endpoint})"


class Database(NamedTuple):
    """What CDB tells: start phase, transaction id where there is one, upgrade under way or not."""

    phase: int
    txid: TransactionId | None
    upgrade: bool = False


class OrderArguments(NamedTuple):
    """What the orders to a node take. `wait_timeout` is in seconds."""

    node_id: str
    upstream: Upstream | None
    wait: bool
    wait_timeout: float


class HaConnection:
    """A node's HA socket, of which its daemon has only one at a time."""

    def __init__(self, sock: socket.socket, versions: ipc.Versions) -> None:
        self.sock = sock
        self.versions = versions

    @property
    def has_relays(self) -> bool:
        """Whether this release knows the relay role, as far as its protocol version tells."""
        return self.versions.protocol < _FIRST_WITHOUT_RELAYS

    def state(self) -> HaState:
        """Read the node's HA status."""
        return from_status(*ha.status(self.sock))

    def give(self, order: str, arguments: OrderArguments) -> None:
        """Give one of the orders of transitions.py; returns when it is answered, if it will be."""
        if order == BENONE:
            ha.benone(self.sock)
        elif order == BEPRIMARY:
            ha.beprimary(self.sock, arguments.node_id)
        elif order == BERELAY:
            ha.berelay(self.sock)
        elif order == BESECONDARY and arguments.upstream is not None:
            timeout = self.sock.gettimeout()
            if arguments.wait:
                self.sock.settimeout(arguments.wait_timeout)
            try:
                ha.besecondary(
                    self.sock,
                    arguments.node_id,
                    arguments.upstream.node_id,
                    arguments.upstream.address,
                    arguments.wait,
                )
            finally:
                self.sock.settimeout(timeout)
        else:
            raise ValueError(f"no such order, or no node to follow: {order}")

    def declare_dead(self, node_id: str) -> None:
        """Tell the node that one of its secondaries is dead."""
        ha.secondary_dead(self.sock, node_id)


class DatabaseConnection:
    """A CDB socket of a node."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def phase(self) -> int:
        """Read the start phase, 0 to 2."""
        return cdb.get_phase(self.sock)["phase"]

    def read(self) -> Database:
        """Read the start phase, the transaction id, and whether an upgrade is under way."""
        found = cdb.get_phase(self.sock)
        return Database(found["phase"], self.txid(), found["upgrade"])

    def txid(self) -> TransactionId | None:
        """Read the transaction id, or None where the daemon does not tell one."""
        try:
            mega, seconds, micro, primary = cdb.get_txid(self.sock)
        except error.Error as refusal:
            # [assumed] docs/protocol.md names no error of this request. A daemon that answers with
            # one has no transaction id to tell; nonsense or no answer is another matter.
            if refusal.outcome_unknown:
                raise
            return None
        return TransactionId(primary or None, (mega, seconds, micro))


class MaapiConnection:
    """A MAAPI socket of a node."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def set_read_only(self, read_only: bool) -> None:
        """Set or lift the administrator's read-only mode; what it is cannot be read."""
        maapi.set_readonly_mode(self.sock, read_only)


@contextlib.contextmanager
def ha_connection(target: Target) -> Iterator[HaConnection]:
    """Connect an HA socket; the daemon closes the one it had. Closed at the end."""
    with _connected(target, ipc.Client.HA) as (sock, versions):
        ha.send_token(sock, target.token)
        yield HaConnection(sock, versions)


@contextlib.contextmanager
def cdb_connection(target: Target) -> Iterator[DatabaseConnection]:
    """Connect a CDB socket, which takes nothing from anybody. Closed at the end."""
    with _connected(target, ipc.Client.CDB) as (sock, _versions):
        cdb.introduce(sock)
        yield DatabaseConnection(sock)


@contextlib.contextmanager
def maapi_connection(target: Target) -> Iterator[MaapiConnection]:
    """Connect a MAAPI socket, which takes nothing from anybody. Closed at the end."""
    with _connected(target, ipc.Client.MAAPI) as (sock, _versions):
        yield MaapiConnection(sock)


def read_txid(target: Target) -> TransactionId | None:
    """Read the transaction id on a connection of its own. Raises error.Failure."""
    with cdb_connection(target) as database:
        return database.txid()


@contextlib.contextmanager
def _connected(target: Target, client: ipc.Client) -> Iterator[tuple[socket.socket, ipc.Versions]]:
    sock, versions = _connect_first(target, client)
    with contextlib.closing(sock):
        yield sock, versions


def _connect_first(target: Target, client: ipc.Client) -> tuple[socket.socket, ipc.Versions]:
    """Connect to the first address that answers: a host name may stand for several."""
    problem: error.Failure = error.Error(error.ERR_OS, f"{target.endpoint} has no address")
    for family, address in _addresses(target.endpoint):
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


def _addresses(endpoint: Endpoint) -> list[tuple[int, ipc.Address]]:
    """Return the families and addresses to try."""
    if isinstance(endpoint, UnixEndpoint):
        return [(socket.AF_UNIX, endpoint.path)]
    try:
        found = socket.getaddrinfo(endpoint.ip, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        text = getattr(problem, "strerror", None) or "it is no valid host name"
        raise error.Error(error.ERR_OS, f"looking up {endpoint.ip!r}", text) from None
    return [(int(entry[0]), entry[4]) for entry in found]


def access_secret(path: str | None) -> bytes | None:
    """Return the secret in the access file, or None where no file is given."""
    return ipc.read_access_file(path) if path else None


def path_exists(path: str) -> bool:
    """Return whether there is something at this path of the target."""
    return os.path.exists(path)
