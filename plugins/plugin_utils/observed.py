# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What was seen of the nodes: results of `ncs_ha_status`, as plain data for the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils.state import HaState, Peer, TransactionId


@dataclass(frozen=True)
class Seen:
    """A node that answered."""

    state: HaState
    phase: int
    txid: TransactionId | None


@dataclass(frozen=True)
class Unseen:
    """A node that did not answer, and why. It is not assumed to be none, or anything else."""

    reason: str
    reachable: bool = False


Observation = Seen | Unseen


def from_result(result: Mapping[str, Any] | None) -> Observation:
    """Make an observation of the registered result of `ncs_ha_status`, or of none."""
    if not result:
        return Unseen("it dropped out of the play before it was asked")
    if result.get("unreachable"):
        return Unseen(f"Ansible cannot reach it: {_first_line(result)}")
    found = result.get("ha")
    if result.get("failed") and not found:
        return Unseen(_first_line(result), reachable=True)
    if not found:
        return Unseen("it was not asked", reachable=True)
    return from_ha(found)


def from_ha(found: Mapping[str, Any]) -> Seen:
    """Make an observation of the `ha` dictionary that `ncs_ha_status` returns."""
    txid = found["txid"]
    return Seen(
        state=state_from(found),
        phase=int(found["phase"]),
        txid=TransactionId(txid["primary_id"], tuple(txid["timestamp"])) if txid else None,
    )


def state_from(found: Mapping[str, Any]) -> HaState:
    """Return the role model of what a module returned (`ha`, `before` or `after`)."""
    primary = found["primary"]
    return HaState(
        role=found["role"],
        primary=_peer(primary) if primary else None,
        secondaries=tuple(_peer(peer) for peer in found["secondaries"]),
    )


def _peer(found: Mapping[str, Any]) -> Peer:
    return Peer(str(found["node_id"]), str(found["address"]))


def _first_line(result: Mapping[str, Any]) -> str:
    text = str(result.get("msg") or "no reason given").strip()
    return text.splitlines()[0] if text else "no reason given"
