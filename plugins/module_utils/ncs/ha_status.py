# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the answer to a status order is made of: the states of a node, and the nodes it lists.

Source: docs/protocol.md, "HA socket". Plain data, no I/O.
"""

from __future__ import annotations

from typing import TypedDict

STATE_NONE = 1
STATE_SECONDARY = 2
STATE_PRIMARY = 3
STATE_SECONDARY_RELAY = 4
# The vendor's older names.
STATE_SLAVE = STATE_SECONDARY
STATE_MASTER = STATE_PRIMARY
STATE_SLAVE_RELAY = STATE_SECONDARY_RELAY

STATES = (STATE_NONE, STATE_SECONDARY, STATE_PRIMARY, STATE_SECONDARY_RELAY)


class Node(TypedDict):
    """A node as the daemon lists it."""

    nodeid: str
    address: str
