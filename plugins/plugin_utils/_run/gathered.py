# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Taking out of `hostvars` what the decisions need, once for each host, and nothing stale.

What a task registers stays until the host runs the task again: after the host has dropped out of
the play, and in a later run of the role, too. And a variable of the same name that was given with
`-e` is stronger. So a result counts only if it carries the id of this run, which its module was
given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    variables.FENCE_PROBLEM,
    *variables.OF_THE_GROUP,
)

_REGISTERED = (
    variables.BEGUN,
    variables.ENDED,
    variables.OBSERVED,
    variables.REHEARSED,
    variables.RECHECKED,
    variables.RESULT,
    variables.STRUCK,
    variables.VERIFIED,
)


def gather(
    hosts: Iterable[str],
    hostvars: HostVars,
    run: str,
    made: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the variables that count, for each host. `made` is the plan, once there is one."""
    return {host: _of_host(host, hostvars[host], run, made or {}) for host in hosts}


def _of_host(
    host: str, own: Mapping[str, Any], run: str, made: Mapping[str, Any]
) -> dict[str, Any]:
    found = {name: own.get(name) for name in _WANTED}
    found[variables.RESULTS] = list(made.get("results", {}).get(host, ()))
    for name in _REGISTERED:
        found[name] = _of_this_run(own.get(name), run)
    return found


def _of_this_run(result: object, run: str) -> Mapping[str, Any] | None:
    """Return a registered result, of one that its module did not make only that it failed."""
    if not isinstance(result, Mapping):
        return None
    if result.get("run") == run:
        return result
    if result.get("unreachable"):
        return {"unreachable": True, "msg": result.get("msg")}
    return {"failed": True, "msg": result.get("msg")} if result.get("failed") else None
