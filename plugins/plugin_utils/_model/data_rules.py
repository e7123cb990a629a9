# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What would happen to a node's data if it copied the primary: the data rules.

Runs on the controller. Pure functions over plain data.

Source: docs/protocol.md, "CDB socket". Equal transaction ids mean equal data. The ids that one
primary gives are in the order of its clock [assumed]. The order of ids of different primaries
proves nothing by itself: the promotion history (history.py) tells what came after what.
"""

from __future__ import annotations

from ansible_collections.nso.ha.plugins.module_utils._node import transaction_id
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId

from .history import PromotionHistory

EQUAL = "equal"
COPY = "copy"
HANDED = "handed"
BEHIND = "behind"
NEWER = "newer"
OTHER = "other"
DIVERGED = "diverged"
UNRECORDED = "unrecorded"
UNKNOWN = "unknown"

#: Relations that need no consent: the node has nothing that the primary lacks.
SAFE = frozenset((EQUAL, COPY, HANDED, BEHIND))


def compare(
    txid: TransactionId | None, primary_txid: TransactionId | None, history: PromotionHistory
) -> str:
    """Return how a node's data stands to the data of the primary it would copy.

    EQUAL:      nothing is copied
    BEHIND:     an ancestor of the primary's data, by the promotion history
    NEWER:      the node has transactions that come after those of the primary
    DIVERGED:   the node has transactions of a primary that had been replaced by then
    OTHER:      the last transactions are of different primaries, or of none
    UNRECORDED: an older id of the same primary, and the promotion history does not say whether it
                is an ancestor: that node may have been primary twice, and replaced in between
    UNKNOWN:    one of the two ids is not known
    """
    if txid is None or primary_txid is None:
        return UNKNOWN
    if txid == primary_txid:
        return EQUAL
    line = history.line_with(primary_txid)
    primary_place = line.place(primary_txid) if line else None
    if line is None or primary_place is None:
        return _unrecorded(txid, primary_txid)
    place = line.place(txid)
    if place is not None:
        return BEHIND if place < primary_place else NEWER
    # Data from before the oldest promotion of the line may well be an ancestor.
    return DIVERGED if history.number_of(txid) >= line.oldest else _unrecorded(txid, primary_txid)


def _unrecorded(txid: TransactionId, primary_txid: TransactionId) -> str:
    # An id without a primary is of a node in no cluster, so it is on no line.
    if not txid.primary_id or txid.primary_id != primary_txid.primary_id:
        return OTHER
    return UNRECORDED if txid.timestamp < primary_txid.timestamp else NEWER


def explain(relation: str, txid: TransactionId | None, primary_txid: TransactionId | None) -> str:
    """Return in words what `relation` means for these two ids."""
    shown, primary_shown = transaction_id.show(txid), transaction_id.show(primary_txid)
    if relation == EQUAL:
        return f"has the same data as the primary ({shown}), so nothing is copied"
    if relation == COPY:
        return "is connected to the primary, so its data is a copy already"
    if relation == HANDED:
        return "has nothing that the next primary does not get before it takes over"
    if relation == BEHIND:
        return (
            f"has older data of the same history as the primary ({shown}, primary {primary_shown})"
        )
    if relation == NEWER:
        return f"has newer data than the primary ({shown}, primary {primary_shown})"
    if relation == DIVERGED:
        return (
            f"has transactions that were made after another primary had taken over, so nobody else "
            f"has them ({shown}, primary {primary_shown})"
        )
    if relation == UNRECORDED:
        return (
            f"seems to be behind the primary ({shown}, primary {primary_shown}), but no promotion "
            "history says that nothing was lost in between"
        )
    if relation == OTHER:
        return f"has data that the primary may not have ({shown}, primary {primary_shown})"
    return (
        f"cannot be compared with the primary: a transaction id is unknown ({shown}, primary "
        f"{primary_shown})"
    )
