# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Giving a node its role as part of an operation: what is checked and recorded on the way.

A node is recorded as primary before it is one. A record too many, of a promotion that failed, does
no harm; one too few would let two histories pass for one.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from .._node.cdb_socket import read_txid
from .._node.node import Target
from .._node.transaction_id import TransactionId
from .._store import clock, timeline
from .._store.files import KeptError
from .._store.lock import Lock
from ..ncs import error
from .operation import Holding, Operation
from .outcomes import NotGiven, Report
from .transitions import BEPRIMARY


class Promotion(Holding):
    """The escort of the orders for a role.

    entry: what was written to the record for this node, or None
    """

    def __init__(self, operation: Operation, target: Target, node_id: str) -> None:
        super().__init__(operation)
        self._target = target
        self._node_id = node_id
        self.entry: timeline.Entry | None = None

    def before(self, order: str) -> None:
        """See to the lock and to the record. Raises NotGiven."""
        try:
            held = self.hold()
            self._operation.directory.add(self._operation.timeline)
            if order == BEPRIMARY:
                self._before_promotion(held)
        except KeptError as problem:
            raise NotGiven(order, str(problem)) from None
        except error.Failure as failure:
            why = f"its transaction id cannot be read: {failure}."
            raise NotGiven(order, why, failure) from None
        except ValueError as problem:
            why = f"its transaction id is none that can be recorded: {problem}."
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
        found = read_txid(self._target)
        if wanted is not None and found != wanted:
            raise NotGiven(
                BEPRIMARY,
                f"the transaction id of this node is {found or 'unknown'}, not {wanted}, so its "
                "data are not those it was chosen for. What usually helps: run the operation "
                "again, which looks at all nodes anew.",
            )
        if epoch is not None:
            self._record(epoch, found, self._operation.name or held.operation)

    def _record(self, epoch: int, found: TransactionId | None, name: str) -> None:
        now = time.time()
        entry = timeline.check(
            {
                "epoch": epoch,
                "primary": self._node_id,
                "txid": found.as_dict() if found else None,
                "start": clock.stamp(now),
                "at": clock.text(now),
                "operation": name,
                "run": self._operation.id,
            }
        )
        self._operation.directory.add([entry])
        self.entry = entry

    def more(self, report: Report) -> dict[str, Any]:
        """Return what the module returns beside the rest."""
        txid: TransactionId | None = None
        # A node that does not answer when asked for its state would be waited for once more.
        if report.after is not None:
            with contextlib.suppress(error.Failure):
                txid = read_txid(self._target)
        return {
            **super().more(report),
            "entry": self.entry,
            "txid": txid.as_dict() if txid else None,
        }
