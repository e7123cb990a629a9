# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The status of one node: everything that `ncs_ha_status` returns, read in one go.

There are two ways to find out the role. The operational state takes nothing from any HA controller;
the HA socket is taken from the one that has it. The ways that a task allows are tried in its order,
the next one only where the daemon answered and did not tell by the one before.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Container, NamedTuple, Sequence

from ..ncs import error, ipc
from .cdb_socket import Database, DatabaseConnection, cdb_connection
from .connection import HaConnection, Target, ha_connection
from .failures import ModuleFailure, as_result
from .operational_state import OperationalState, read_beside, read_operational_state
from .state import FOLLOWERS, NONE, SECONDARY, HaState, Peer
from .ways import HA_SOCKET, OPERATIONAL_STATE

#: Longest time for all that is read over MAAPI beside the HA socket, in seconds.
PATIENCE = 3.0


#: What a node may leave untold of others: whom it follows, and who is connected to it.
ITS_PRIMARY, ITS_SECONDARIES = "primary", "secondaries"


class NodeStatus(NamedTuple):
    """What a node said of itself at one time.

    look:        how the role was found, OPERATIONAL_STATE or HA_SOCKET
    operational: what else it tells
    """

    state: HaState
    look: str
    operational: OperationalState

    @property
    def database(self) -> Database:
        """What CDB tells."""
        return self.operational.database

    @property
    def versions(self) -> ipc.Versions:
        """The versions that the daemon announced."""
        return self.operational.versions

    def as_result(self) -> dict[str, Any]:
        """Return it as `ncs_ha_status` returns it: the same keys whatever the state."""
        txid = self.database.txid
        return {
            **self.state.as_result(),
            "look": self.look,
            **self.operational.facts._asdict(),
            "phase": self.database.phase,
            "upgrade": self.database.upgrade,
            "txid": txid.as_dict() if txid else None,
            "server": {
                "protocol_version": self.versions.protocol,
                "library_version": ipc.dotted(self.versions.library),
            },
        }


class Unanswered(ModuleFailure):
    """A daemon answered, and its operational state does not tell what was asked.

    what:    what it does not tell, and why: a sentence
    failure: why it broke off or refused, or None
    passing: whether it may tell that soon
    """

    def __init__(self, what: str, hint: str, failure: error.Failure | None, passing: bool) -> None:
        details = {"error": as_result(failure)} if failure else {}
        super().__init__(f"{what} Hint: {hint}.", {"unanswered": True, **details})
        self.what = what
        self.failure = failure
        self.passing = passing


def no_guard() -> None:
    """Let the HA socket be used."""


class StatusReader:
    """Reads the status of a node any number of times.

    The HA socket, with a CDB socket beside it, is opened at the first read that uses it, and again
    at the read after one that failed. Without the HA socket each read has connections of its own: a
    change of the HA role ends transactions.

    ways:        the ways that are allowed, in order
    guard:       is called before the HA socket is opened, and raises ModuleFailure to forbid it
    needed:      ITS_PRIMARY, ITS_SECONDARIES: a node that does not tell these has not answered
    """

    def __init__(
        self,
        target: Target,
        ways: Sequence[str] = (OPERATIONAL_STATE,),
        guard: Callable[[], None] = no_guard,
        needed: Container[str] = (),
    ) -> None:
        self._target = target
        self._ways = tuple(ways)
        self._guard = guard
        self._needed = needed
        self._stack = contextlib.ExitStack()
        self._connections: tuple[DatabaseConnection, HaConnection] | None = None

    def read(self, timeout: float) -> NodeStatus:
        """Read everything once, each answer within `timeout` seconds.

        Raises error.Failure, and ModuleFailure where no way that is allowed tells the role.
        """
        target = self._target._replace(timeout=timeout)
        told: OperationalState | None = None
        untold: Unanswered | None = None
        for way in self._ways:
            last = way == self._ways[-1]
            try:
                if way == HA_SOCKET:
                    return self._by_ha_socket(target, told, untold)
                told = read_operational_state(target)
                return NodeStatus(self._state(told, last), way, told)
            except Unanswered as unanswered:
                untold = unanswered
                if last:
                    self.close()
                    raise
            except error.Failure as failure:
                self.close()
                if last or not failure.refused:
                    raise
        raise ValueError("no way to look")

    def close(self) -> None:
        """Close the connections, if there are any."""
        self._connections = None
        self._stack.close()

    def _state(self, told: OperationalState, last: bool) -> HaState:
        """Return what the operational state tells of the role. Raises Unanswered.

        Where it is not the last way, a follower has to tell its primary.
        """
        role = told.role
        if role is None:
            raise self._unanswered(told, "role")
        untold = role in FOLLOWERS and told.primary_id is None
        if untold and (ITS_PRIMARY in self._needed or not last):
            raise self._unanswered(told, ITS_PRIMARY)
        secondaries = told.secondaries
        if secondaries is None and role in (NONE, SECONDARY):
            secondaries = ()
        if secondaries is None and ITS_SECONDARIES in self._needed:
            raise self._unanswered(told, ITS_SECONDARIES)
        return HaState(
            role,
            Peer(told.primary_id, "") if role in FOLLOWERS and told.primary_id else None,
            None if secondaries is None else tuple(Peer(node_id, "") for node_id in secondaries),
        )

    def _unanswered(self, told: OperationalState, what: str) -> Unanswered:
        where = self._target.endpoint
        if told.failure:
            why = f": {told.failure}"
        elif told.facts.ha_enabled is False:
            why = ", as HA is not enabled in its ncs.conf"
        else:
            why = ". This release may not have it where it was looked for"
        if told.facts.ha_enabled is False:
            hint = "set /ncs-config/ha/enabled to true in ncs.conf and restart NSO"
        elif HA_SOCKET in self._ways:
            hint = "read the log of the daemon"
        else:
            hint = (
                f"allow the HA socket with look: [{OPERATIONAL_STATE}, {HA_SOCKET}] (nso_ha_look "
                "in the role nso.ha.cluster). Where it is used, any other HA controller of the "
                "node loses it"
            )
        # Before start phase 1 a daemon may not have everything yet. A follower has no primary
        # while it changes from one to another.
        passing = what == ITS_PRIMARY or told.database.phase < 1
        return Unanswered(
            f"NSO at {where} answered, but its operational state does not tell the {what} of the "
            f"node{why}.",
            hint,
            told.failure,
            passing,
        )

    def _by_ha_socket(
        self, target: Target, told: OperationalState | None, untold: Unanswered | None
    ) -> NodeStatus:
        database, node = self._connect(target, untold)
        database.sock.settimeout(target.timeout)
        node.sock.settimeout(target.timeout)
        state = node.state()
        content = database.read()
        if told is None:
            told = read_beside(target, node.versions, content, min(target.timeout, PATIENCE))
        operational = told._replace(versions=node.versions, database=content)
        return NodeStatus(state, HA_SOCKET, operational)

    def _connect(
        self, target: Target, untold: Unanswered | None
    ) -> tuple[DatabaseConnection, HaConnection]:
        if self._connections is None:
            self._guard()
            if not target.token:
                because = f"{untold.what} " if untold else ""
                raise ModuleFailure(
                    f"{because}The HA socket of {target.endpoint} comes next, and it needs the "
                    "token of the cluster, which is not given. Hint: set token (nso_ha_token in "
                    "the role nso.ha.cluster).",
                    untold.result if untold else None,
                )
            # CDB first: where it fails, no other controller has lost its HA socket for nothing.
            database = self._stack.enter_context(cdb_connection(target))
            node = self._stack.enter_context(ha_connection(target))
            self._connections = (database, node)
        return self._connections
