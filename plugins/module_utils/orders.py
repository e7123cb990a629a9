# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Giving a node its orders, and finding out what came of them.

"The call came back" is not "it happened": after the orders, and after any that failed, the node is
asked again. Three outcomes are told apart: done, failed, and unknown where an order was sent and
not answered. A copy that nobody waits for is started.
"""

from __future__ import annotations

import time
from typing import Callable, NamedTuple

from .ncs import error
from .node import HaConnection, Target, ha_connection
from .state import HaState

DONE = "done"
STARTED = "started"
FAILED = "failed"
UNKNOWN = "unknown"


class NotGiven(Exception):
    """An order that may not be given now.

    why:     in words, whole sentences
    failure: what the daemon has to do with it, or None
    """

    def __init__(self, order: str, why: str, failure: error.Failure | None = None) -> None:
        super().__init__(order, why, failure)
        self.order = order
        self.why = why
        self.failure = failure


class Timed(NamedTuple):
    """When an order was sent and when it was known what came of it: seconds since 1970."""

    order: str
    start: float
    end: float


class Report(NamedTuple):
    """What came of giving orders.

    given:   names of the orders that were sent, in order; the last one is the one that failed
    failure: why the last one failed, or None
    after:   what the node said of itself afterwards, or None where it could not be asked
    problem: why it could not be asked, or None
    stopped: why the order after the last one was not given, or None
    times:   when each of those given was given
    """

    given: tuple[str, ...]
    failure: error.Failure | None
    after: HaState | None
    problem: error.Failure | None = None
    stopped: NotGiven | None = None
    times: tuple[Timed, ...] = ()


def whenever(_order: str) -> None:
    """Let every order be given."""


def carry_out(
    target: Target,
    connection: HaConnection,
    names: tuple[str, ...],
    give: Callable[[HaConnection, str], None],
    before: Callable[[str], None] = whenever,
) -> Report:
    """Give the orders one by one until one fails, then read the node's state.

    `before` is called with the name of each order right before it is given, and raises NotGiven to
    stop there. The state is read on the same connection, or on a new one where that may be broken.
    """
    given: tuple[str, ...] = ()
    failure: error.Failure | None = None
    stopped: NotGiven | None = None
    times: tuple[Timed, ...] = ()
    for name in names:
        try:
            before(name)
        except NotGiven as reason:
            stopped = reason
            break
        given += (name,)
        start = time.time()
        try:
            give(connection, name)
        except error.Failure as problem:
            failure = problem
            break
        finally:
            times += (Timed(name, start, time.time()),)
    after, unasked = _ask_again(target, connection, failure)
    return Report(given, failure, after, unasked, stopped, times)


def _ask_again(
    target: Target, connection: HaConnection, failure: error.Failure | None
) -> tuple[HaState | None, error.Failure | None]:
    """Return what the node says of itself now, or why it could not be asked."""
    if failure is None or _was_answered(failure):
        try:
            return connection.state(), None
        except error.Failure:
            # Another controller may have taken the HA socket meanwhile: ask on a new one.
            pass
    try:
        with ha_connection(target) as again:
            return again.state(), None
    except error.Failure as problem:
        return None, problem


def _was_answered(failure: error.Failure) -> bool:
    """Return whether the daemon refused the order, so that the connection is as good as before."""
    gone = isinstance(failure, (error.EOF, error.Timeout))
    return not gone and not failure.outcome_unknown
