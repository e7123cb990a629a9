# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Observations of nodes: results of `ncs_ha_status`, as plain data for the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node.facts import NO_FACTS, Facts
from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    FOLLOWERS,
    NONE,
    HaState,
    Peer,
    admin_mode,
)
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.module_utils._node.ways import OPERATIONAL_STATE


@dataclass(frozen=True)
class Answer:
    """A node that answered.

    upgrade:  whether a data model upgrade is under way
    held:     whether an operation put it into read-only mode and has not lifted it yet
    held_as_follower: whether an operation left it in that mode for as long as it is not primary
    protocol: the version of the IPC protocol that it speaks, or None where it is not known
    upstream_untold: whether it follows a node, and does not tell which without its HA socket
    seconds:  how long it took to tell all that, or None where that is not known
    """

    state: HaState
    phase: int
    txid: TransactionId | None
    upgrade: bool = False
    held: bool = False
    held_as_follower: bool = False
    protocol: int | None = None
    facts: Facts = NO_FACTS
    upstream_untold: bool = False
    seconds: float | None = field(default=None, compare=False)

    @property
    def own_id(self) -> str | None:
        """Return the id that the node says it goes by, None if it does not tell or has left."""
        return None if self.state.role == NONE else self.facts.node_id

    @property
    def admin_read_only(self) -> bool | None:
        """Return whether an administrator put it into read-only mode, None where it is not known.

        A mode that is marked is that of an operation.
        """
        if self.held or self.held_as_follower:
            return False
        return self._mode

    @property
    def is_kept_read_only(self) -> bool:
        """Return whether it is in the mode in which an operation left it.

        A restart ends the mode, and leaves the mark. A node that does not tell has not restarted: a
        mark of before is removed when such a node is attached again.
        """
        return self.held_as_follower and self._mode is not False

    @property
    def _mode(self) -> bool | None:
        return admin_mode(self.facts.admin_read_only, self.facts.read_only, self.state.role)

    def lists(self, node_id: str) -> bool | None:
        """Return whether a node of this id is connected as secondary, None if it does not tell."""
        return None if self.state.secondaries is None else node_id in self._secondaries

    @cached_property
    def _secondaries(self) -> frozenset[str]:
        # Computed once: each secondary is looked up in the list of its primary.
        return frozenset(peer.node_id for peer in self.state.secondaries or ())


@dataclass(frozen=True)
class Silence:
    """A node that did not answer, and why. No role is assumed for it.

    reachable: whether its host answered
    stopped:   whether its host has shown that the daemon does not run; a daemon that starts is none
    asked:     whether it was asked at all; False where it takes no part in the play
    """

    reason: str
    reachable: bool = False
    stopped: bool = False
    asked: bool = True


Observation = Answer | Silence


def from_result(result: Mapping[str, Any] | None) -> Observation:
    """Return the observation in a registered result of `ncs_ha_status`; of none, a silence."""
    if not result:
        return Silence("it dropped out of the play before it was asked")
    if result.get("unreachable"):
        return Silence(f"Ansible cannot reach it: {_first_line(result)}")
    if result.get("ran") is False:
        return Silence(f"no module ran there: {_first_line(result)}")
    status = result.get("ha")
    if result.get("failed") and not status:
        daemon = result.get("daemon") or {}
        return Silence(_first_line(result), True, daemon.get("running") is False)
    if not status:
        return Silence("it was not asked", reachable=True)
    directory = result.get("state_directory") or {}
    mark = directory.get("read_only")
    follower = bool(mark and mark.get("follower"))
    return replace(
        from_ha(status),
        held=bool(mark) and not follower,
        held_as_follower=follower,
        seconds=result.get("answered_in"),
    )


def from_ha(status: Mapping[str, Any]) -> Answer:
    """Return the observation in the `ha` dictionary that `ncs_ha_status` returns."""
    state = state_from(status)
    return Answer(
        state=state,
        phase=int(status["phase"]),
        txid=txid_from(status["txid"]),
        upgrade=bool(status.get("upgrade")),
        protocol=(status.get("server") or {}).get("protocol_version"),
        upstream_untold=state.role in FOLLOWERS
        and state.primary is None
        and status.get("look") == OPERATIONAL_STATE,
        facts=Facts(**{name: status.get(name) for name in Facts._fields}),
    )


def in_admin_mode(observed: Mapping[str, Observation]) -> list[str]:
    """Return the hosts whose nodes are known to be in the read-only mode of an administrator."""
    return [
        host
        for host, observation in observed.items()
        if isinstance(observation, Answer) and observation.admin_read_only
    ]


def txid_of(observation: Observation) -> TransactionId | None:
    """Return the transaction id of a node, or None if it is not known."""
    return observation.txid if isinstance(observation, Answer) else None


def txid_from(value: Mapping[str, Any] | None) -> TransactionId | None:
    """Return a transaction id from what the modules return."""
    return TransactionId.from_dict(value) if value else None


def state_from(status: Mapping[str, Any]) -> HaState:
    """Return the role model of what a module returned (`ha`, `before` or `after`)."""
    primary, secondaries = status["primary"], status["secondaries"]
    return HaState(
        role=status["role"],
        primary=_peer(primary) if primary else None,
        secondaries=None if secondaries is None else tuple(map(_peer, secondaries)),
    )


def _peer(peer: Mapping[str, Any]) -> Peer:
    return Peer(str(peer["node_id"]), str(peer["address"] or ""))


def _first_line(result: Mapping[str, Any]) -> str:
    text = str(result.get("msg") or "no reason given").strip()
    return text.splitlines()[0] if text else "no reason given"
