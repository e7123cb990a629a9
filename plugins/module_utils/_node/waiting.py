# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting for a node to be in a certain state, within a time limit."""

from __future__ import annotations

import time
from typing import Any, Callable, Iterator, Mapping, NamedTuple

from ..ncs import error
from .cdb_socket import Database
from .node_status import ITS_PRIMARY, ITS_SECONDARIES, NodeStatus, StatusReader, Unanswered
from .options import transaction_id
from .state import HaState
from .transaction_id import TransactionId
from .validation import OptionError, text_problem

#: Pauses between two reads, in seconds: the first, the factor to the next, the longest.
FIRST_PAUSE = 0.1
PAUSE_FACTOR = 1.5
LONGEST_PAUSE = 2.0

#: Least time for each answer of the last read, in seconds.
LAST_READ = 1.0

#: What passes by itself while a daemon starts or stops; everything else ends the wait at once.
TRANSIENT = frozenset((error.ERR_OS, error.ERR_EOF, error.ERR_TIMEOUT, error.ERR_BADSTATE))


class Conditions(NamedTuple):
    """What to wait for; None stands for anything.

    secondaries: node ids that all have to be connected; there may be others
    phase:       the start phase that has to be reached, or passed
    txid:        the transaction that the node has to have
    """

    role: str | None = None
    primary_id: str | None = None
    secondaries: tuple[str, ...] = ()
    phase: int | None = None
    txid: TransactionId | None = None

    @property
    def peers(self) -> tuple[str, ...]:
        """Return what of other nodes is needed to tell whether they hold, see StatusReader."""
        named = {ITS_PRIMARY: self.primary_id is not None, ITS_SECONDARIES: bool(self.secondaries)}
        return tuple(what for what, needed in named.items() if needed)


def conditions(wait_for: Mapping[str, Any]) -> Conditions | None:
    """Return the conditions of the option wait_for, or None where it asks for nothing.

    Raises OptionError.
    """
    for name in ("primary_id", "secondaries"):
        value = wait_for.get(name)
        for node_id in value if isinstance(value, list) else [value]:
            problem = text_problem(node_id)
            if problem:
                raise OptionError(f"wait_for.{name} {problem}")
    given = Conditions(
        role=wait_for.get("role") or None,
        primary_id=wait_for.get("primary_id") or None,
        secondaries=tuple(wait_for.get("secondaries") or ()),
        phase=wait_for.get("phase"),
        txid=transaction_id("wait_for.txid", wait_for.get("txid")),
    )
    return None if given == Conditions() else given


def unmet(wanted: Conditions, state: HaState, database: Database) -> list[str]:
    """Return the conditions that do not hold, in words."""
    missing: list[str] = []
    if wanted.role is not None and state.role != wanted.role:
        missing.append(f"role is {state.role}, not {wanted.role}")
    if wanted.primary_id is not None:
        primary = state.primary.node_id if state.primary else None
        if primary != wanted.primary_id:
            missing.append(f"primary is {primary or 'none'}, not {wanted.primary_id}")
    absent = [node_id for node_id in wanted.secondaries if not state.has_secondary(node_id)]
    if absent:
        missing.append(f"not connected as secondary: {', '.join(absent)}")
    if wanted.phase is not None and database.phase < wanted.phase:
        missing.append(f"start phase is {database.phase}, not {wanted.phase}")
    if wanted.txid is not None and not _has(database.txid, wanted.txid):
        missing.append(f"transaction id is {database.txid or 'unknown'}, not {wanted.txid}")
    return missing


def _has(last: TransactionId | None, wanted: TransactionId) -> bool:
    """Return whether a node has a transaction, by the id of its last one.

    A copy may have received more by now: a later transaction of the same primary will do.
    """
    if last is None or last == wanted:
        return last is not None
    later = last.timestamp > wanted.timestamp
    return bool(wanted.primary_id) and last.primary_id == wanted.primary_id and later


class Waited(NamedTuple):
    """How a wait ended. `missing` is empty where all conditions held.

    last:    the last status that could be read, or None
    failure: why the very last read failed, or None
    """

    missing: tuple[str, ...]
    last: NodeStatus | None
    failure: error.Failure | Unanswered | None


def wait(reader: StatusReader, wanted: Conditions, timeout: float, wait_timeout: float) -> Waited:
    """Read the status until all conditions hold, for at most `wait_timeout` seconds.

    Each answer may take `timeout` seconds. A failure that does not pass by itself is raised at
    once.
    """
    last: NodeStatus | None = None
    failure: error.Failure | Unanswered | None = None
    missing: tuple[str, ...] = ("the status could not be read",)
    for left in pauses(wait_timeout):
        try:
            last = reader.read(min(timeout, max(left, LAST_READ)))
        except (error.Failure, Unanswered) as problem:
            if not _passes(problem):
                raise
            failure = problem
            continue
        failure = None
        missing = tuple(unmet(wanted, last.state, last.database))
        if not missing:
            break
    return Waited(missing, last, failure)


def _passes(problem: error.Failure | Unanswered) -> bool:
    """Return whether a failure to read the status may pass by itself."""
    if isinstance(problem, error.Failure):
        return problem.confd_errno in TRANSIENT
    return problem.passing or (problem.failure is not None and _passes(problem.failure))


def pauses(
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[float]:
    """Yield the seconds that are left, pausing in between, until `timeout` seconds have passed.

    Yields at least once. The pauses grow, and the last one is cut so that one more read happens
    when the time is up.
    """
    end = clock() + timeout
    pause = FIRST_PAUSE
    left = timeout
    while True:
        yield left
        if left <= 0:
            return
        sleep(min(pause, left))
        pause = min(pause * PAUSE_FACTOR, LONGEST_PAUSE)
        left = max(0.0, end - clock())
