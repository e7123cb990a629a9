# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The status of one node: everything that `ncs_ha_status` returns, read in one go."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

from ..ncs import error, ipc
from .cdb_socket import Database, DatabaseConnection, cdb_connection
from .connection import HaConnection, Target, ha_connection
from .state import HaState


class NodeStatus(NamedTuple):
    """What a node said of itself at one time."""

    state: HaState
    database: Database
    versions: ipc.Versions

    def as_result(self) -> dict[str, Any]:
        """Return it as `ncs_ha_status` returns it: the same keys whatever the state."""
        txid = self.database.txid
        return {
            **self.state.as_result(),
            "phase": self.database.phase,
            "upgrade": self.database.upgrade,
            "txid": txid.as_dict() if txid else None,
            "server": {
                "protocol_version": self.versions.protocol,
                "library_version": ipc.dotted(self.versions.library),
            },
        }


class StatusReader:
    """Reads the status of a node any number of times over the same connections.

    They are opened at the first read, and again at the read after one that failed.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._stack = contextlib.ExitStack()
        self._connections: tuple[DatabaseConnection, HaConnection] | None = None

    def read(self, timeout: float) -> NodeStatus:
        """Read everything once, each answer within `timeout` seconds.

        Raises error.Failure.
        """
        try:
            database, node = self._connect(timeout)
            database.sock.settimeout(timeout)
            node.sock.settimeout(timeout)
            return NodeStatus(node.state(), database.read(), node.versions)
        except error.Failure:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections, if there are any."""
        self._connections = None
        self._stack.close()

    def _connect(self, timeout: float) -> tuple[DatabaseConnection, HaConnection]:
        if self._connections is None:
            target = self._target._replace(timeout=timeout)
            # CDB first: where it fails, no other controller has lost its HA socket for nothing.
            database = self._stack.enter_context(cdb_connection(target))
            node = self._stack.enter_context(ha_connection(target))
            self._connections = (database, node)
        return self._connections
