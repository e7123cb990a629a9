# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a node tells of itself beside its role, as plain data."""

from __future__ import annotations

from typing import NamedTuple


class Facts(NamedTuple):
    """What a node tells of itself without its HA socket. None stands for what is not known.

    node_id:         the node id that it goes by
    read_only:       whether it refuses writes, for whatever reason
    admin_read_only: whether it does because an administrator, or an operation, said so
    daemon_status:   starting, phase0, phase1, started or stopping
    nso_version:     such as "6.7"
    ha_enabled:      whether HA is enabled in ncs.conf
    rule_based_ha:   whether NSO's own rule-based HA is enabled
    raft:            whether NSO's own HA Raft is enabled
    """

    node_id: str | None = None
    read_only: bool | None = None
    admin_read_only: bool | None = None
    daemon_status: str | None = None
    nso_version: str | None = None
    ha_enabled: bool | None = None
    rule_based_ha: bool | None = None
    raft: bool | None = None


#: Nothing is known.
NO_FACTS = Facts()
