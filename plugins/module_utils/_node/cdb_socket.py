# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A node's CDB socket: what its database tells. Safe to use beside any HA controller."""

from __future__ import annotations

import contextlib
import socket
from typing import Iterator, NamedTuple

from ..ncs import cdb, error, ipc
from .connection import Target, connected
from .transaction_id import TransactionId


class Database(NamedTuple):
    """What CDB tells: start phase, transaction id where there is one, whether it is upgraded."""

    phase: int
    txid: TransactionId | None
    upgrade: bool = False


class DatabaseConnection:
    """A CDB socket of a node."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def phase(self) -> int:
        """Read the start phase, 0 to 2."""
        return cdb.get_phase(self.sock)["phase"]

    def read(self) -> Database:
        """Read the start phase, the transaction id, and whether an upgrade is under way."""
        phase = cdb.get_phase(self.sock)
        return Database(phase["phase"], self.txid(), phase["upgrade"])

    def txid(self) -> TransactionId | None:
        """Read the transaction id, or None where the daemon does not tell one."""
        try:
            mega, seconds, micro, primary = cdb.get_txid(self.sock)
        except error.Failure as failure:
            # [assumed] docs/protocol.md, "CDB socket", names no error of this request. A daemon
            # that refuses it has no transaction id. All else is a failure: a time limit that
            # passed, a broken connection and a malformed reply say nothing about the id.
            if failure.refused:
                return None
            raise
        return TransactionId(primary or None, (mega, seconds, micro))


@contextlib.contextmanager
def cdb_connection(target: Target) -> Iterator[DatabaseConnection]:
    """Connect a CDB socket, which takes nothing from any HA controller. Closed at the end."""
    with connected(target, ipc.Client.CDB) as (sock, _versions):
        cdb.introduce(sock)
        yield DatabaseConnection(sock)


def read_txid(target: Target) -> TransactionId | None:
    """Read the transaction id on a connection of its own. Raises error.Failure."""
    with cdb_connection(target) as database:
        return database.txid()
