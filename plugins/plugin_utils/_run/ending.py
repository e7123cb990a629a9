# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What became of recording, logging and giving back the locks at the end of a run.

Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .results import ENDED, LOCK, Result, Results


def problems(hosts: Iterable[str], results: Results) -> list[str]:
    """Return what was not recorded, logged or given back, in words.

    `hosts` are those on which the run may hold its lock. This is for after the tasks that give the
    locks back: a host that has not said that it did so may still be locked.
    """
    reasons = []
    for host in hosts:
        ended = _ended(host, results)
        if not ended:
            reasons += _unanswered(host, results)
        elif ended.get("failed"):
            lock = ended.get("lock") or {}
            more = f". {_stays(lock)}" if lock.get("run_id") == results.run_id else ""
            reasons.append(f"{host}: {_plain(ended)}{more}")
    return reasons


def _ended(host: str, results: Results) -> Result:
    """Return what the module said when it ended the run on a host, empty if it said nothing.

    For a host that has dropped out of the play, another task has run it.
    """
    for of_task in (results, results.one_by_one(ENDED)):
        if of_task.said(host, ENDED):
            return of_task.of(host, ENDED)
    return {}


def _unanswered(host: str, results: Results) -> list[str]:
    """Return a sentence on a host that did not answer at the end, if it may be locked."""
    tried = [of_task.of(host, LOCK) for of_task in (results, results.one_by_one(LOCK))]
    locks = [result.get("lock") or {} for result in tried]
    held = [lock for lock in locks if lock.get("run_id") == results.run_id]
    # Where no lock was tried there is no result; where a task was cut off only a failure is left.
    if not held and not any(result and "run_id" not in result for result in tried):
        return []
    last = results.of(host, ENDED) or results.one_by_one(ENDED).of(host, ENDED)
    why = _plain(last) if last else "it had dropped out of the play"
    lease = f" {held[0]['lease']:g} s after it was renewed last" if held else " by itself"
    return [
        f"{host}: it is not known whether the operation was recorded and logged there, nor whether "
        f"the lock was given back: {why}. If it was not, it expires{lease}, and "
        f"nso_ha_break_lock={results.run_id} breaks it"
    ]


def _stays(lock: Mapping[str, Any]) -> str:
    return (
        f"Its lock stays and refuses other operations until it expires at {lock['expires']}; "
        f"nso_ha_break_lock={lock['run_id']} breaks it"
    )


def _plain(result: Result) -> str:
    return str(result.get("msg") or "no reason was given").strip().rstrip(".")
