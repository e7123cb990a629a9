# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Giving a node its orders, and finding out what came of them.

"The call came back" is not "it happened": after the orders, and after any that failed, the node is
asked again.
"""

from __future__ import annotations

import time
from typing import Callable, NamedTuple

from .._node.addresses import Upstream
from .._node.connection import HaConnection, Target, ha_connection
from .._node.state import HaState
from ..ncs import error, ha
from .outcomes import Execution, NotGiven, Timed
from .transitions import BENONE, BEPRIMARY, BERELAY, BESECONDARY


class Arguments(NamedTuple):
    """What the orders to a node take. `wait_timeout` is in seconds."""

    node_id: str
    upstream: Upstream | None
    wait: bool
    wait_timeout: float


def give(connection: HaConnection, order: str, arguments: Arguments) -> None:
    """Give one of the orders of transitions.py; return once it is answered, if it will be."""
    if order == BENONE:
        ha.benone(connection.sock)
    elif order == BEPRIMARY:
        ha.beprimary(connection.sock, arguments.node_id)
    elif order == BERELAY:
        ha.berelay(connection.sock)
    elif order == BESECONDARY and arguments.upstream is not None:
        timeout = connection.sock.gettimeout()
        if arguments.wait:
            connection.sock.settimeout(arguments.wait_timeout)
        try:
            ha.besecondary(
                connection.sock,
                arguments.node_id,
                arguments.upstream.node_id,
                arguments.upstream.address,
                arguments.wait,
            )
        finally:
            connection.sock.settimeout(timeout)
    else:
        raise ValueError(f"no such order, or no node to follow: {order}")


def give_all(
    target: Target,
    connection: HaConnection,
    names: tuple[str, ...],
    give: Callable[[HaConnection, str], None],
    before: Callable[[str], None],
) -> Execution:
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
    after, problem_after = _read_again(target, connection, failure)
    return Execution(given, failure, after, problem_after, stopped, times)


def _read_again(
    target: Target, connection: HaConnection, failure: error.Failure | None
) -> tuple[HaState | None, error.Failure | None]:
    """Return the state of the node now, or why it could not be read."""
    if failure is None or _was_answered(failure):
        try:
            return connection.state(), None
        except error.Failure:
            # Another controller may have taken the HA socket in the meantime: read on a new one.
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
