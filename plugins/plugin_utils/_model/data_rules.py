# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What would happen to a node's data if it copied the primary: the data rules.

Runs on the controller. Pure functions over plain data.

Source: docs/protocol.md, "CDB socket". Equal transaction ids mean equal data. The ids of one
primary's time are in order of its clock. Order between ids of different primaries proves nothing
by itself: the record of promotions (timeline.py) tells what came after what.
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

#: What needs nobody's consent: nothing is lost that the primary does not have.
SAFE = frozenset((EQUAL, COPY, HANDED, BEHIND))


def compare(
    own: TransactionId | None, primary: TransactionId | None, history: PromotionHistory
) -> str:
    """Return how a node's data stands to the data of the primary it would copy.

    EQUAL:      nothing is copied
    BEHIND:     an ancestor of the primary's data, by the record of promotions
    NEWER:      has transactions that come after those of the primary to copy
    DIVERGED:   has transactions of a primary that had been replaced by then
    OTHER:      the last transactions are of different primaries, or of none
    UNRECORDED: an older id of the same primary, and the record does not say whether it is an
                ancestor: that node may have been primary twice, and lost it in between
    UNKNOWN:    one of the two ids is not known
    """
    if own is None or primary is None:
        return UNKNOWN
    if own == primary:
        return EQUAL
    line = history.line_with(primary)
    theirs = line.place(primary) if line else None
    if line is None or theirs is None:
        return _unrecorded(own, primary)
    mine = line.place(own)
    if mine is not None:
        return BEHIND if mine < theirs else NEWER
    # What is older than all that the line leads back to may well be an ancestor.
    return DIVERGED if history.number_of(own) >= line.oldest else _unrecorded(own, primary)


def _unrecorded(own: TransactionId, primary: TransactionId) -> str:
    # An id without a primary was made by a node on its own, so it is on nobody's timeline.
    if not own.primary_id or own.primary_id != primary.primary_id:
        return OTHER
    return UNRECORDED if own.timestamp < primary.timestamp else NEWER


def explain(relation: str, own: TransactionId | None, primary: TransactionId | None) -> str:
    """Return in words what `relation` means for these two ids."""
    mine, theirs = transaction_id.show(own), transaction_id.show(primary)
    if relation == EQUAL:
        return f"has the same data as the primary ({mine}), so nothing is copied"
    if relation == COPY:
        return "is connected to the primary, so its data is a copy already"
    if relation == HANDED:
        return "has nothing that the next primary does not get before it takes over"
    if relation == BEHIND:
        return f"is behind the primary on the same timeline ({mine}, primary {theirs})"
    if relation == NEWER:
        return f"has newer data than the primary ({mine}, primary {theirs})"
    if relation == DIVERGED:
        return (
            f"has transactions that were made after another primary had taken over, so nobody else "
            f"has them ({mine}, primary {theirs})"
        )
    if relation == UNRECORDED:
        return (
            f"seems to be behind the primary ({mine}, primary {theirs}), but no record of "
            "promotions says that nothing was lost in between"
        )
    if relation == OTHER:
        return f"has data that the primary may not have ({mine}, primary {theirs})"
    return f"has a transaction id, or its primary has, that is not known ({mine}, primary {theirs})"
