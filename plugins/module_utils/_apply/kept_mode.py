# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Giving a role to a node that an operation has put into read-only mode.

It takes writes once it is primary, in the same step. That the daemon lets the mode be lifted right
then is assumed, see docs/protocol.md, "MAAPI socket". An administrator's mode stays.

A follower that has restarted is not in the mode any more, and its mark is removed before it follows
again: then not every release tells whether it is in it.
"""

from __future__ import annotations

from typing import Any

from .._node import failures
from .._node.connection import Target
from .._node.failures import ModuleFailure
from .._node.state import PRIMARY
from .._store.files import StoreError
from .._store.lock import Lock
from ..ncs import error
from . import read_only
from .operation import Operation
from .outcomes import FAILED, UNKNOWN, Execution, NotFinished, NotGiven
from .promotion import PromotionEscort
from .transitions import BEPRIMARY

#: The order that lifts the mode, where it is one of several.
WRITABLE = "writable"


class KeptModeEscort(PromotionEscort):
    """The escort of the orders for a role of a node that an operation has made read-only."""

    def __init__(self, operation: Operation, target: Target, node_id: str) -> None:
        super().__init__(operation, target, node_id)
        self._lifting: dict[str, Any] = {}
        self._held: Lock | None = None

    def hold(self) -> Lock:
        """Strike the step off before its first order; renew the lock. Raises StoreError."""
        self._held = super().hold()
        return self._held

    def before(self, order: str) -> None:
        """Renew the lock, and record what has to be recorded. Raises NotGiven."""
        first = self._held is None
        super().before(order)
        if first and order != BEPRIMARY:
            try:
                read_only.forget_lost(self._target, self._operation)
            except StoreError as problem:
                raise NotGiven(order, str(problem)) from None

    def complete(self, execution: Execution) -> Execution:
        """Lift the mode of a node that has become primary, if an operation has set it.

        Also if the order was not answered, and the node says of itself that it is primary.
        """
        primary = execution.after is not None and execution.after.role == PRIMARY
        if not self._operation.lift or self._held is None or not primary:
            return execution
        # [assumed] docs/protocol.md, "MAAPI socket": a new primary lets the mode be lifted at once.
        try:
            self._lifting = read_only.lift(self._target, self._operation, self._held)
        except ModuleFailure as failure:
            self._lifting = failure.result
            return self._not_lifted(execution, failure.message)
        except error.Failure as failure:
            self._lifting = {"outcome": FAILED, "error": failures.as_result(failure)}
            text = failures.failure_message("Connecting", self._target.endpoint, failure)
            return self._not_lifted(execution, text)
        return execution

    def _not_lifted(self, execution: Execution, text: str) -> Execution:
        """Return what came of the orders where the mode may still be on."""
        unknown = execution.failure is not None and execution.failure.outcome_unknown
        outcome = UNKNOWN if unknown else self._lifting["outcome"]
        why = f"The node is primary, and may still be in read-only mode. {text}"
        return execution._replace(stopped=NotFinished(WRITABLE, why, outcome=outcome))

    def result(self, execution: Execution) -> dict[str, Any]:
        """Return when the orders were given, and what was read, recorded and lifted."""
        result = super().result(execution)
        if not self._operation.lift:
            return result
        lifting = [{**timed, "order": WRITABLE} for timed in self._lifting.get("times", ())]
        # Only foreseen: whether the mode is on has not been asked.
        foreseen = execution.given and not execution.times
        return {
            **result,
            **({"error": self._lifting["error"]} if "error" in self._lifting else {}),
            "times": [*result["times"], *lifting],
            "transitions": [*execution.given, *([WRITABLE] if lifting or foreseen else ())],
            "lifted": self._lifting.get("outcome"),
        }
