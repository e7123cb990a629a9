# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What came of giving orders: plain data.

Three outcomes are told apart: done, failed, and unknown where an order was sent and not answered. A
copy that is not waited for is started.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from .._node.state import HaState
from ..ncs import error

DONE = "done"
STARTED = "started"
FAILED = "failed"
UNKNOWN = "unknown"


def not_started(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcome of a step that failed before its node answered.

    identity: run and step of the result; without them there is no outcome to be counted
    """
    return {"outcome": FAILED} if identity else {}


class NotGiven(Exception):
    """An order must not be given now.

    why:     whole sentences
    failure: the failure of the client that is the cause, or None
    outcome: what the step has come to then: unknown where what had to happen before the order may
             still happen
    """

    def __init__(
        self,
        order: str,
        why: str,
        failure: error.Failure | None = None,
        outcome: str = FAILED,
    ) -> None:
        super().__init__(order, why, failure)
        self.order = order
        self.why = why
        self.failure = failure
        self.outcome = outcome

    def message(self, endpoint: object) -> str:
        """Return it in whole sentences, for an order to the daemon at this endpoint."""
        return f"The order {self.order} was not given at {endpoint}: {self.why}"


class NotFinished(NotGiven):
    """What had to follow the orders did not happen, or it is not known whether it did."""

    def message(self, endpoint: object) -> str:
        """Return it in whole sentences, which have the endpoint already."""
        return self.why


class Timed(NamedTuple):
    """When an order was sent, and when its outcome was known: seconds since 1970."""

    order: str
    start: float
    end: float


class Execution(NamedTuple):
    """What came of giving orders.

    given:   names of the orders that were sent, in order; the last one is the one that failed
    failure: why the last one failed, or None
    after:   the state of the node afterwards, or None where it could not be read
    problem: why it could not be read, or None
    stopped: why the order after the last one was not given, or what had to follow not done, or None
    times:   when each of those given was given
    """

    given: tuple[str, ...]
    failure: error.Failure | None
    after: HaState | None
    problem: error.Failure | None = None
    stopped: NotGiven | None = None
    times: tuple[Timed, ...] = ()
