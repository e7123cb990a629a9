# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Handing the primary role over: what happens on the old primary right before it becomes none.

It is put into read-only mode first, as a node that is none takes writes. Then its transaction id is
to stand still: a transaction that began before may still be committed. How long that may take is
not told, so after a while the role is given up all the same. The id that counts is read when the
node is none. What a transaction does that is still under way then is assumed, see docs/protocol.md,
"MAAPI socket".
"""

from __future__ import annotations

import time
from typing import Any

from .._node.cdb_socket import cdb_connection
from .._node.connection import Target
from .._node.failures import ModuleFailure
from .._store.files import StoreError
from ..ncs import error
from . import read_only
from .operation import Holding, Operation
from .outcomes import Execution, NotGiven
from .promotion import read_txid_result

#: How often the transaction id is read while it is to stand still, in seconds.
INTERVAL = 0.02

_ANOTHERS_MODE = (
    "an administrator has put the node into read-only mode in the meantime. Hint: run the "
    "operation again, which asks whether the next primary is to be in it, too."
)


_NOT_READ_ONLY = "the node could not be put into read-only mode before"


class HandOverEscort(Holding):
    """The escort of the order that ends the primary role.

    patience: longest wait for the transaction id to stand still, in seconds
    """

    def __init__(self, operation: Operation, target: Target, patience: float) -> None:
        super().__init__(operation)
        self._target = target
        self._patience = patience
        self._held: dict[str, Any] = {}

    def before(self, order: str) -> None:
        """Put the node into read-only mode and wait for its last transaction. Raises NotGiven."""
        try:
            held = self.hold()
            self._operation.directory.add(self._operation.history)
            self._held = read_only.hold(self._target, self._operation, held)
        except StoreError as problem:
            raise NotGiven(order, str(problem)) from None
        except ModuleFailure as failure:
            # Where it is not known what came of read-only mode, the node may yet refuse writes.
            self._held = failure.result
            why = f"{_NOT_READ_ONLY}. {failure.message}"
            raise NotGiven(order, why, outcome=failure.result["outcome"]) from None
        except error.Failure as failure:
            raise NotGiven(order, f"{_NOT_READ_ONLY}: {failure}.", failure) from None
        if self._held["administrator"] and not self._operation.administrator:
            raise NotGiven(order, _ANOTHERS_MODE)
        try:
            stand_still(self._target, self._patience)
        except error.Failure as failure:
            why = f"its transaction id cannot be read: {failure}."
            raise NotGiven(order, why, failure) from None

    def result(self, execution: Execution) -> dict[str, Any]:
        """Return when all orders were given, and the last transaction id."""
        times = [*self._held.get("times", ()), *super().result(execution)["times"]]
        given = [timed["order"] for timed in times]
        if execution.given and not execution.times:
            # Only foreseen: whether the mode is on already has not been asked.
            expected = () if self._operation.administrator else (read_only.ORDER,)
            given = [*expected, *execution.given]
        return {
            **({"changed": True} if self._held.get("changed") else {}),
            **({"error": self._held["error"]} if "error" in self._held else {}),
            "times": times,
            "transitions": given,
            "txid": read_txid_result(self._target, execution),
        }


def stand_still(target: Target, patience: float) -> bool:
    """Wait until two reads give the same transaction id; return whether they did in time.

    Raises error.Failure.
    """
    end = time.monotonic() + patience
    with cdb_connection(target) as database:
        last = database.txid()
        while time.monotonic() < end:
            time.sleep(INTERVAL)
            now = database.txid()
            if now == last:
                return True
            last = now
    return False
