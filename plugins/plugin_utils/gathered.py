# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Taking out of `hostvars` what the decisions need, once for each host, and nothing stale.

What a task registers stays until the host runs the task again, in another play of the same run,
too. A host that has dropped out does not run it again, so what it has is not looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from . import variables
from .variables import HostVars

_WANTED = (
    "ansible_host",
    "nso_ha_node_id",
    "nso_ha_node_ip",
    "nso_ha_priority",
    "nso_ha_role",
    "nso_ha_upstream",
    *variables.OF_THE_GROUP,
)

_REGISTERED = (
    variables.BEGUN,
    variables.ENDED,
    variables.OBSERVED,
    variables.REHEARSED,
    variables.RECHECKED,
    variables.RESULT,
)


def gather(
    hosts: Iterable[str],
    hostvars: HostVars,
    active: Collection[str],
    made: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the variables that count, for each host. `made` is the plan, once there is one."""
    present = set(active)
    return {host: _of_host(host, hostvars[host], host in present, made or {}) for host in hosts}


def _of_host(
    host: str, own: Mapping[str, Any], active: bool, made: Mapping[str, Any]
) -> dict[str, Any]:
    found = {name: own.get(name) for name in _WANTED}
    found[variables.RESULTS] = list(made.get("results", {}).get(host, ()))
    if not active:
        return found
    for name in _REGISTERED:
        found[name] = own.get(name)
    # Verified is only what was verified after the steps of this run.
    if made.get("results"):
        found[variables.VERIFIED] = own.get(variables.VERIFIED)
    return found
