# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the state directories of the nodes say, put together.

They hold the promotion history, locks, and marks of runs that broke off. Read from the dictionary
`state_directory` that `ncs_ha_status` returns. Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from .._model.history import Promotion, PromotionHistory, promotion_from
from .._model.observation import Silence
from .results import OBSERVATION, Results

#: Tells whether a process that controlled a run is known to have ended.
Gone = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class UnderWay:
    """A run that holds its lock on a node, as far as is known.

    taken: since when, in UTC by the clock of that node
    """

    operation: str
    owner: str
    run_id: str
    taken: str


@dataclass(frozen=True)
class Mark:
    """Which run has put a daemon into read-only mode and not lifted it yet."""

    operation: str
    run_id: str


@dataclass(frozen=True)
class Stored:
    """What the state directories of all nodes say.

    history:    the promotions that any node knows
    incomplete: by host, why its promotion history has to be completed
    replace:    ids of locks whose run is gone
    locked:     for each lock that stands in the way, or may do so, a sentence about it
    unfinished: names of the operations that broke off, each with the id of the run
    held:       by host, the lock of this run
    unusable:   for each thing that must be neither relied on nor replaced, a sentence about it
    exposed:    for each other way to change what is stored that users of a host have, a sentence
    announced:  by host, the number of the promotion for which it was announced as primary
    under_way:  the runs whose locks are in `locked`
    marks:      by host, the run that broke off and left its daemon in read-only mode
    """

    history: PromotionHistory
    incomplete: Mapping[str, str] = field(default_factory=dict)
    replace: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    unfinished: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unusable: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    announced: Mapping[str, int] = field(default_factory=dict)
    under_way: tuple[UnderWay, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)


def read(hosts: Collection[str], results: Results, broken: str, gone: Gone) -> Stored:
    """Return what is stored. `broken` is the id of a lock that the operator breaks, or ""."""
    directories = {
        host: results.of(host, OBSERVATION).get("state_directory") or {} for host in hosts
    }
    promotions = _promotions(directories)
    # Most nodes share one set. Equal sets may differ in keys that are only kept.
    distinct = {id(known): known for known in promotions.values()}
    history = PromotionHistory(chain(*distinct.values()))
    left: dict[str, dict[str, str]] = {}
    for host, directory in directories.items():
        if mark := _unfinished_mark(directory):
            left.setdefault(mark["run_id"], {})[host] = mark["at"]
    stale: dict[str, Mapping[str, Any]] = {}
    living: dict[str, tuple[list[str], Mapping[str, Any]]] = {}
    for host, directory in directories.items():
        lock = directory.get("lock")
        if not lock or lock["run_id"] == results.run_id:
            continue
        if lock["expired"] or lock["run_id"] == broken or gone(lock.get("process") or {}):
            stale[lock["run_id"]] = lock
        else:
            living.setdefault(lock["run_id"], ([], lock))[0].append(host)
    marks = {
        host: Mark(str(mark["operation"]), str(mark["run_id"]))
        for host, directory in directories.items()
        if (mark := _unfinished_mark(directory)) and mark["run_id"] not in living
    }
    return Stored(
        history=history,
        incomplete={
            host: why
            for host, directory in directories.items()
            if (why := _lacks(directory, promotions[host], history))
        },
        replace=tuple(stale),
        locked=(
            *_no_such_lock(broken, stale, living),
            *(
                _in_the_way(who, lock, left.get(run_id, {}))
                for run_id, (who, lock) in living.items()
            ),
            *(
                _unread(host, problem)
                for host, directory in directories.items()
                if (problem := directory.get("lock_problem")) and not _is_stopped(results, host)
            ),
        ),
        unfinished={
            **{mark.operation: mark.run_id for mark in marks.values()},
            **{str(lock["operation"]): str(lock["run_id"]) for lock in stale.values()},
        },
        held={
            host: lock
            for host, directory in directories.items()
            if (lock := directory.get("lock")) and lock["run_id"] == results.run_id
        },
        unusable=(*_texts(hosts, results, "unusable"), *_untrusted(hosts, results, stopped=False)),
        exposed=exposed(hosts, results),
        announced={
            host: int(announced["epoch"])
            for host, directory in directories.items()
            if (announced := directory.get("announced"))
        },
        under_way=tuple(
            UnderWay(str(lock["operation"]), str(lock["owner"]), run_id, str(lock["taken"]))
            for run_id, (_who, lock) in living.items()
        ),
        marks=marks,
    )


def _unfinished_mark(directory: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the mark of a run that has made the node read-only and is not finished, or None.

    That of a follower says that the node stays so.
    """
    mark: Mapping[str, Any] | None = directory.get("read_only")
    return None if mark is None or mark.get("follower") else mark


def exposed(hosts: Collection[str], results: Results) -> tuple[str, ...]:
    """Return who could change what is stored where that forbids nothing, as in Stored."""
    return (*_texts(hosts, results, "exposed"), *_untrusted(hosts, results, stopped=True))


def _untrusted(hosts: Iterable[str], results: Results, *, stopped: bool) -> tuple[str, ...]:
    """Return what must not be relied on, on hosts whose daemon is known not to run or on the rest.

    What is stored where the daemon does not run is not needed, no more than that of a dead host.
    """
    chosen = [host for host in hosts if _is_stopped(results, host) == stopped]
    return _texts(chosen, results, "untrusted")


def _texts(hosts: Iterable[str], results: Results, name: str) -> tuple[str, ...]:
    """Return each text that state directories have under this name, with the hosts that have it."""
    hosts_of: dict[str, list[str]] = {}
    for host in hosts:
        directory = results.of(host, OBSERVATION).get("state_directory") or {}
        for text in directory.get(name) or ():
            hosts_of.setdefault(text.rstrip("."), []).append(host)
    return tuple(f"{', '.join(of_text)}: {text}" for text, of_text in hosts_of.items())


def _is_stopped(results: Results, host: str) -> bool:
    """Return whether the daemon of a node is known not to run: nobody gives orders there."""
    observation = results.observation(host)
    return isinstance(observation, Silence) and observation.stopped


def _promotions(
    directories: Mapping[str, Mapping[str, Any]],
) -> dict[str, frozenset[Promotion]]:
    """Return the promotions that each host knows. Nearly always they know the same: read once."""
    different: list[tuple[object, frozenset[Promotion]]] = []
    promotions = {}
    for host, directory in directories.items():
        entries = directory.get("promotions") or []
        known = next((known for text, known in different if text == entries), None)
        if known is None:
            known = frozenset(map(promotion_from, entries))
            different.append((entries, known))
        promotions[host] = known
    return promotions


def _lacks(
    directory: Mapping[str, Any], known: frozenset[Promotion], history: PromotionHistory
) -> str:
    """Return why the promotion history of a node has to be completed, or nothing."""
    if not directory:
        return ""
    if directory.get("lock_problem"):
        # That is told as a lock that may be held.
        return ""
    if directory["damaged"]:
        return f"its state directory is damaged ({'; '.join(directory['damaged'])})"
    missing = len(history.all) - len(known)
    if not missing:
        return ""
    return f"its promotion history lacks {missing} of {len(history.all)} promotions"


def _in_the_way(hosts: list[str], lock: Mapping[str, Any], left: Mapping[str, str]) -> str:
    """Return sentences about another run's lock; `left` is when it made which host read-only."""
    since = "".join(
        f". It made {host} read-only at {at}, so no client can write there"
        for host, at in left.items()
    )
    doubt = lock.get("doubt")
    wait = (
        f"The times of that lock are in doubt: {doubt}. The run may live, and the lock may last "
        "much longer than it. Ask its owner"
        if doubt
        else "Wait for that run"
    )
    return (
        f"{lock['owner']} has been running {lock['operation']} since {lock['taken']} and holds the "
        f"lock on {', '.join(hosts)}, which is valid until {lock['expires']} unless it is "
        f"renewed{since}. {wait}. If it is truly gone, "
        f"nso_ha_break_lock={lock['run_id']} breaks its lock"
    )


def _no_such_lock(
    broken: str,
    stale: Mapping[str, Mapping[str, Any]],
    living: Mapping[str, tuple[list[str], Mapping[str, Any]]],
) -> list[str]:
    """Return a sentence on an id that was to be broken, where only other locks stand in the way."""
    if not broken or broken in stale or not living:
        return []
    return [
        f"nso_ha_break_lock is {broken!r}, and no node has a lock of that id; there are "
        f"{', '.join(living)}"
    ]


def _unread(host: str, problem: str) -> str:
    return f"{host}: a run may hold its lock, which cannot be read: {problem.rstrip('.')}"
