# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the nodes keep between runs: the record of promotions, locks, and marks of unfinished runs.

Read from the `kept` dictionary that `ncs_ha_status` returns. Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._model.history import Promotion, PromotionHistory, promotion_from
from . import variables
from .variables import HostVars

#: Tells whether a process that controlled a run is known to have ended.
Gone = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Kept:
    """What all nodes keep, put together.

    record:     the promotions that any node knows
    lacking:    for each host whose record has to be completed, why
    replace:    ids of locks that are nobody's any more
    locked:     for each lock that stands in the way, a sentence about it
    unfinished: names of the operations that broke off, each with the id of the run
    held:       by host, the lock of this run
    """

    record: PromotionHistory
    lacking: Mapping[str, str] = field(default_factory=dict)
    replace: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    unfinished: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def kept(hosts: Iterable[str], hostvars: HostVars, run: str, broken: str, gone: Gone) -> Kept:
    """Return what is kept. `broken` is the id of a lock that the operator breaks, or ""."""
    found = {host: _of(host, hostvars) for host in hosts}
    epochs = _epochs(found)
    record = PromotionHistory(set().union(*epochs.values()))
    stale: dict[str, Mapping[str, Any]] = {}
    living: dict[str, tuple[list[str], Mapping[str, Any]]] = {}
    for host, own in found.items():
        lock = own.get("lock")
        if not lock or lock["id"] == run:
            continue
        if lock["expired"] or lock["id"] == broken or gone(lock.get("process") or {}):
            stale[lock["id"]] = lock
        else:
            living.setdefault(lock["id"], ([], lock))[0].append(host)
    marks = [
        own["read_only"]
        for own in found.values()
        if own.get("read_only") and own["read_only"]["run"] not in living
    ]
    return Kept(
        record=record,
        lacking={
            host: why for host, own in found.items() if (why := _lacks(own, epochs[host], record))
        },
        replace=tuple(stale),
        locked=tuple(_in_the_way(who, lock) for who, lock in living.values()),
        unfinished={
            **{str(mark["operation"]): str(mark["run"]) for mark in marks},
            **{str(lock["operation"]): str(lock["id"]) for lock in stale.values()},
        },
        held={
            host: lock
            for host, own in found.items()
            if (lock := own.get("lock")) and lock["id"] == run
        },
    )


def _of(host: str, hostvars: HostVars) -> Mapping[str, Any]:
    result = hostvars[host].get(variables.OBSERVED) or {}
    return result.get("kept") or {}


def _epochs(found: Mapping[str, Mapping[str, Any]]) -> dict[str, frozenset[Promotion]]:
    """Return the promotions that each host knows. Nearly always they know the same: read once."""
    different: list[tuple[object, frozenset[Promotion]]] = []
    epochs = {}
    for host, own in found.items():
        entries = own.get("timeline") or []
        known = next((known for text, known in different if text == entries), None)
        if known is None:
            known = frozenset(map(promotion_from, entries))
            different.append((entries, known))
        epochs[host] = known
    return epochs


def _lacks(own: Mapping[str, Any], mine: frozenset[Promotion], record: PromotionHistory) -> str:
    """Return why the record of a node has to be completed, or nothing."""
    if not own:
        return ""
    if own["damaged"]:
        return f"its record is damaged ({'; '.join(own['damaged'])})"
    missing = len(record.all) - len(mine)
    return f"its record lacks {missing} of {len(record.all)} promotions" if missing else ""


def _in_the_way(hosts: list[str], lock: Mapping[str, Any]) -> str:
    return (
        f"{lock['owner']} runs {lock['operation']} since {lock['taken']} and holds the lock on "
        f"{', '.join(hosts)}, which is valid until {lock['expires']} unless it is renewed. Wait "
        f"for that run. If it is truly gone, run this with nso_ha_break_lock={lock['id']}"
    )
