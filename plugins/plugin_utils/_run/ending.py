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

    `hosts` are those on which the run may hold its lock. This is for after the locks
    were given back: a host that has not said that it did so may still be locked.
    """
    reasons = []
    for host in hosts:
        ended = results.of(host, ENDED)
        if not results.said(host, ENDED):
            reasons += _unanswered(host, results)
        elif ended.get("failed"):
            lock = ended.get("lock") or {}
            more = f". {_stays(lock)}" if lock.get("run_id") == results.run_id else ""
            reasons.append(f"{host}: {_plain(ended)}{more}")
    return reasons


def _unanswered(host: str, results: Results) -> list[str]:
    """Return a sentence on a host that did not answer at the end, if it may be locked."""
    tried = results.of(host, LOCK)
    lock = tried.get("lock") or {}
    held = lock if lock.get("run_id") == results.run_id else {}
    # Where no lock was tried there is no result; where a call was cut off only a failure is left.
    if not held and (not tried or "run_id" in tried):
        return []
    last = results.of(host, ENDED)
    why = _plain(last) if last else "it had dropped out of the play"
    lease = f" {held['lease']:g} s after it was renewed last" if held else " by itself"
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
