# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_gone
short_description: Say which locks on the nodes of an HA cluster are nobody's any more
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Returns the ids of the runs that hold a lock and are known to be gone. Their process on this
    controller has ended, the lock has expired, or the operator breaks it.
  - Made for the role P(nso.ha.cluster#role). It looks at the processes of this host, and changes
    nothing.
positional: hostvars, run, broken
options:
  _input:
    description: Inventory names of all nodes of the cluster.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
  run:
    description: The id of this run.
    type: str
    required: true
  broken:
    description: The variable C(nso_ha_break_lock).
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show whose locks do not count
  ansible.builtin.debug:
    msg: "{{ groups['nso'] | nso.ha.cluster_gone(hostvars, run.id) }}"
"""

RETURN = r"""
_value:
  description: The ids of the runs.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import gathered, kept, processes


def cluster_gone(
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    run: str,
    broken: str = "",
) -> list[str]:
    """See DOCUMENTATION."""
    names = list(hosts)
    found = gathered.gather(names, hostvars, run)
    return list(kept.kept(names, found, run, broken, processes.is_gone).replace)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_gone": cluster_gone}
