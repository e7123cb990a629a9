# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What would happen to a node's data if it copied the primary: the data rules.

Runs on the controller. Pure functions over plain data.

Source: docs/protocol.md, "CDB socket". Equal transaction ids mean equal data. The ids of one
primary are in order of its clock. Order between ids of different primaries proves nothing.
"""

from __future__ import annotations

from ansible_collections.nso.ha.plugins.module_utils.state import TransactionId

EQUAL = "equal"
COPY = "copy"
BEHIND = "behind"
NEWER = "newer"
OTHER = "other"
UNKNOWN = "unknown"

#: What needs nobody's consent: nothing is lost that the primary does not have.
SAFE = frozenset((EQUAL, COPY, BEHIND))


def compare(own: TransactionId | None, primary: TransactionId | None) -> str:
    """Return how a node's data stands to the data of the primary it would copy.

    EQUAL:   nothing is copied
    BEHIND:  older, on the timeline of one primary
    NEWER:   has transactions of that primary that the primary to copy does not have
    OTHER:   the last transactions are of different primaries, or of none
    UNKNOWN: one of the two ids is not known
    """
    if own is None or primary is None:
        return UNKNOWN
    if own == primary:
        return EQUAL
    # [assumed] docs/protocol.md: an id without a primary was made by a node on its own, so it is on
    # nobody's timeline. If such a write kept the last primary's id, it would be taken for BEHIND.
    if not own.primary_id or own.primary_id != primary.primary_id:
        return OTHER
    return BEHIND if own.timestamp < primary.timestamp else NEWER


def show(txid: TransactionId | None) -> str:
    """Return a transaction id as text: who made it, and when, in seconds of that clock."""
    if txid is None:
        return "-"
    mega, seconds, micro = txid.timestamp
    return f"{txid.primary_id or '-'}/{mega * 1_000_000 + seconds}.{micro:06d}"


def explain(relation: str, own: TransactionId | None, primary: TransactionId | None) -> str:
    """Return in words what `relation` means for these two ids."""
    mine, theirs = show(own), show(primary)
    if relation == EQUAL:
        return f"has the same data as the primary ({mine}), so nothing is copied"
    if relation == COPY:
        return "is connected to the primary, so its data is a copy already"
    if relation == BEHIND:
        return f"is behind the primary on the same timeline ({mine}, primary {theirs})"
    if relation == NEWER:
        return f"has newer data than the primary ({mine}, primary {theirs})"
    if relation == OTHER:
        return f"has data that the primary may not have ({mine}, primary {theirs})"
    return f"has a transaction id, or its primary has, that is not known ({mine}, primary {theirs})"
