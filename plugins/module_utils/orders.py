# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Giving a node its orders, and finding out what came of them.

"The call came back" is not "it happened": after the orders, and after any that failed, the node is
asked again. Three outcomes are told apart: done, failed, and unknown where an order was sent and
not answered. A copy that nobody waits for is started.
"""

from __future__ import annotations

from typing import Callable, NamedTuple

from .ncs import error
from .node import HaConnection, Target, ha_connection
from .state import HaState

DONE = "done"
STARTED = "started"
FAILED = "failed"
UNKNOWN = "unknown"


class Report(NamedTuple):
    """What came of giving orders.

    given:   names of the orders that were sent, in order; the last one is the one that failed
    failure: why the last one failed, or None
    after:   what the node said of itself afterwards, or None where it could not be asked
    problem: why it could not be asked, or None
    """

    given: tuple[str, ...]
    failure: error.Failure | None
    after: HaState | None
    problem: error.Failure | None = None


def carry_out(
    target: Target,
    connection: HaConnection,
    names: tuple[str, ...],
    give: Callable[[HaConnection, str], None],
) -> Report:
    """Give the orders one by one until one fails, then read the node's state.

    The state is read on the same connection, or on a new one where that may be broken.
    """
    given: tuple[str, ...] = ()
    failure: error.Failure | None = None
    for name in names:
        given += (name,)
        try:
            give(connection, name)
        except error.Failure as problem:
            failure = problem
            break
    if failure is None or _was_answered(failure):
        try:
            return Report(given, failure, connection.state())
        except error.Failure:
            # Another controller may have taken the HA socket meanwhile: ask on a new one.
            pass
    try:
        with ha_connection(target) as again:
            return Report(given, failure, again.state())
    except error.Failure as problem:
        return Report(given, failure, None, problem)


def _was_answered(failure: error.Failure) -> bool:
    """Return whether the daemon refused the order, so that the connection is as good as before."""
    gone = isinstance(failure, (error.EOF, error.Timeout))
    return not gone and not failure.outcome_unknown
