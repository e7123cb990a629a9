# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The ways to find out the role of a node, as users name them."""

from __future__ import annotations

OPERATIONAL_STATE = "operational_state"
HA_SOCKET = "ha_socket"
WAYS = (OPERATIONAL_STATE, HA_SOCKET)
