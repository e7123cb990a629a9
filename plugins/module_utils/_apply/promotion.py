# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Giving a node its role as part of an operation: what is checked and recorded before the orders.

A promotion is recorded before the node is made primary. An entry too many, of a promotion that
failed, does no harm; one too few would let two histories pass for one.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from .._node.cdb_socket import cdb_connection, read_txid
from .._node.connection import Target
from .._node.transaction_id import TransactionId
from .._store import clock, promotions
from .._store.files import StoreError
from .._store.lock import Lock
from ..ncs import error
from .operation import Holding, Operation
from .outcomes import Execution, NotGiven
from .transitions import BEPRIMARY

#: Longest wait for the last transaction of the old primary, in seconds.
PATIENCE = 1.0
#: How often the transaction id is read meanwhile, in seconds.
INTERVAL = 0.02


class PromotionEscort(Holding):
    """The escort of the orders for a role.

    entry: what was added to the promotion history of this node, or None
    """

    def __init__(self, operation: Operation, target: Target, node_id: str) -> None:
        super().__init__(operation)
        self._target = target
        self._node_id = node_id
        self.entry: promotions.Entry | None = None

    def before(self, order: str) -> None:
        """Renew the lock, and record what has to be recorded. Raises NotGiven."""
        try:
            held = self.hold()
            self._operation.directory.add(self._operation.history)
            if order == BEPRIMARY:
                self._before_promotion(held)
        except StoreError as problem:
            raise NotGiven(order, str(problem)) from None
        except error.Failure as failure:
            why = f"its transaction id cannot be read: {failure}."
            raise NotGiven(order, why, failure) from None
        except ValueError as problem:
            why = f"its transaction id cannot be recorded: {problem}."
            raise NotGiven(order, why) from None

    def _before_promotion(self, held: Lock) -> None:
        if held.unfenced:
            raise NotGiven(
                BEPRIMARY,
                f"{' and '.join(held.unfenced)} may still be primary, and the lock on this node "
                "has no confirmation by this run that it is fenced. Hint: name fencing tasks in "
                "nso_ha_fence_tasks that end with nso.ha.ncs_ha_operation and state: confirmed.",
            )
        wanted = self._operation.txid
        epoch = self._operation.epoch
        if wanted is None and epoch is None:
            return
        actual = _read_until(self._target, wanted)
        if wanted is not None and actual != wanted:
            raise NotGiven(
                BEPRIMARY,
                f"the transaction id of this node is {actual or 'unknown'}, not {wanted}, so its "
                "data are not those it was chosen for. Hint: run the operation again, which reads "
                "the state of all nodes anew.",
            )
        if epoch is not None:
            self._record(epoch, actual, self._operation.name or held.operation)

    def _record(self, epoch: int, txid: TransactionId | None, name: str) -> None:
        now = time.time()
        entry = promotions.check_entry(
            {
                "epoch": epoch,
                "primary": self._node_id,
                "txid": txid.as_dict() if txid else None,
                "start": clock.timestamp(now),
                "at": clock.iso_text(now),
                "operation": name,
                "run_id": self._operation.run_id,
            }
        )
        self._operation.directory.add([entry])
        self.entry = entry

    def result(self, execution: Execution) -> dict[str, Any]:
        """Return when the orders were given, and what was read and recorded."""
        return {
            **super().result(execution),
            "entry": self.entry,
            "txid": read_txid_result(self._target, execution),
        }


def _read_until(target: Target, wanted: TransactionId | None) -> TransactionId | None:
    """Return the transaction id of a node, once it is the one that is awaited, or time is up.

    The old primary has given up its role by then, and what it sent last may just arrive.
    """
    end = time.monotonic() + PATIENCE
    with cdb_connection(target) as database:
        txid = database.txid()
        while wanted is not None and txid != wanted and time.monotonic() < end:
            time.sleep(INTERVAL)
            txid = database.txid()
    return txid


def read_txid_result(target: Target, execution: Execution) -> dict[str, Any] | None:
    """Return the transaction id of a node after its orders, None where it cannot be read."""
    # A node whose state could not be read would only be waited for once more.
    if execution.after is None:
        return None
    with contextlib.suppress(error.Failure):
        txid = read_txid(target)
        return txid.as_dict() if txid else None
    return None
