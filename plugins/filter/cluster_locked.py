# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_locked
short_description: Add to a plan whether the lock was taken
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Adds a verdict for each host on which M(nso.ha.ncs_ha_operation) could not take the lock.
  - Made for the role P(nso.ha.cluster#role). It only computes.
positional: hosts, hostvars
options:
  _input:
    description: What P(nso.ha.cluster_plan#filter) returned.
    type: dict
    required: true
  hosts:
    description: Inventory names of the nodes on which the lock was to be taken by now.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Go on only with the lock
  ansible.builtin.set_fact:
    plan: "{{ plan | nso.ha.cluster_locked(plan.lock.hosts, hostvars) }}"
"""

RETURN = r"""
_value:
  description: The plan, with more verdicts.
  type: dict
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import gathered, progress


def cluster_locked(
    plan: Mapping[str, Any],
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    found = gathered.gather(plan["targets"], hostvars, plan["run"], plan)
    return progress.locked(plan, hosts, found, time.time())


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_locked": cluster_locked}
