# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Letting a daemon that was started with --start-phase0 go on, phase by phase.

Source: docs/protocol.md, "MAAPI socket". A phase counts as reached if the daemon has answered the
order, and says itself that it is in that phase.
"""

from __future__ import annotations

import time
from typing import Any

from .._node import failures
from .._node.cdb_socket import cdb_connection
from .._node.connection import Target
from .._node.failures import ModuleFailure
from .._node.maapi_socket import MaapiConnection, maapi_connection
from ..ncs import error
from .operation import Holding, Operation
from .outcomes import DONE, FAILED, UNKNOWN, NotGiven, Timed

#: The order that lets a daemon enter a phase, with the number of the phase.
ORDER = "start_phase_"


def start(
    target: Target, phase: int, patience: float, operation: Operation | None, check_mode: bool
) -> dict[str, Any]:
    """Let a daemon reach a start phase, unless in check mode; return what the module returns.

    patience: longest wait for each phase, in seconds

    Raises ModuleFailure.
    """
    with failures.reported("Reading the start phase", target.endpoint):
        before = _phase(target)
    orders = tuple(range(before + 1, phase + 1))
    if check_mode or not orders:
        return _result(DONE, orders, (), before, max(before, phase))
    with failures.reported("Connecting", target.endpoint), maapi_connection(target) as connection:
        return _Start(target, connection, before, orders, patience).run(operation)


def _phase(target: Target) -> int:
    with cdb_connection(target) as database:
        return database.phase()


class _Start:
    """A daemon that is to enter one phase after the other."""

    def __init__(
        self,
        target: Target,
        connection: MaapiConnection,
        before: int,
        phases: tuple[int, ...],
        patience: float,
    ) -> None:
        self._target = target
        self._connection = connection
        self._before = before
        self._phases = phases
        self._patience = patience
        self._times: list[Timed] = []

    def run(self, operation: Operation | None) -> dict[str, Any]:
        """Give the orders, under the lock where they are part of an operation."""
        holding = Holding(operation) if operation else None
        try:
            for phase in self._phases:
                if holding is not None:
                    holding.before(f"{ORDER}{phase}")
                self._give(phase)
        except NotGiven as reason:
            text = reason.message(self._target.endpoint)
            raise ModuleFailure(text, self._so_far(FAILED, self._now())) from None
        finally:
            if holding is not None:
                holding.release()
        return self._so_far(DONE, self._phases[-1])

    def _give(self, phase: int) -> None:
        order, start = f"{ORDER}{phase}", time.time()
        try:
            self._connection.start_phase(phase, self._patience)
        except error.Failure as failure:
            self._times.append(Timed(order, start, time.time()))
            raise self._failure(order, failure) from None
        self._times.append(Timed(order, start, time.time()))
        now = self._now()
        if now is None or now < phase:
            shown = "does not tell its start phase" if now is None else f"is in start phase {now}"
            where = self._target.endpoint
            raise ModuleFailure(
                f"The order {order} was answered at {where}, and the daemon {shown} all the same. "
                "Hint: read its log, and run this again.",
                self._so_far(UNKNOWN if now is None else FAILED, now),
            )

    def _failure(self, order: str, failure: error.Failure) -> ModuleFailure:
        """Return the failure of an order. One without an answer is unknown, whatever is so now."""
        now = self._now()
        shown = "unknown, it did not answer when asked again" if now is None else str(now)
        text = failures.order_message(order, self._target.endpoint, failure)
        outcome = UNKNOWN if failure.outcome_unknown else FAILED
        return ModuleFailure(
            f"{text} The start phase of the node is now: {shown}.",
            {**self._so_far(outcome, now), "error": failures.as_result(failure)},
        )

    def _now(self) -> int | None:
        """Return the start phase, None where the daemon does not tell."""
        try:
            return _phase(self._target)
        except error.Failure:
            return None

    def _so_far(self, outcome: str, after: int | None) -> dict[str, Any]:
        given = self._phases[: len(self._times)]
        return _result(outcome, given, tuple(self._times), self._before, after)


def _result(
    outcome: str, phases: tuple[int, ...], times: tuple[Timed, ...], before: int, after: int | None
) -> dict[str, Any]:
    in_vain = outcome in (FAILED, UNKNOWN) and after == before
    return {
        "changed": bool(phases) and not in_vain,
        "outcome": outcome,
        "phase": {"before": before, "after": after},
        "diff": {"before": {"phase": before}, "after": {"phase": after}},
        "transitions": [f"{ORDER}{phase}" for phase in phases],
        "times": [timed._asdict() for timed in times],
    }
