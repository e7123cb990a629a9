# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_fenced
short_description: Add to a plan whether the former primary is confirmed to be fenced
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Adds a verdict for each host that the tasks in C(nso_ha_fence_tasks) had to fence, by what the
    lock of the node that is to be primary says.
  - Made for the role P(nso.ha.cluster#role). It only computes.
positional: hostvars
options:
  _input:
    description: What P(nso.ha.cluster_plan#filter) returned.
    type: dict
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Go on only if the former primary is fenced
  ansible.builtin.set_fact:
    plan: "{{ plan | nso.ha.cluster_fenced(hostvars) }}"
"""

RETURN = r"""
_value:
  description: The plan, with more verdicts.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import gathered, progress


def cluster_fenced(
    plan: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    found = gathered.gather(plan["targets"], hostvars, plan["run"], plan)
    return progress.fenced(plan, found)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_fenced": cluster_fenced}
