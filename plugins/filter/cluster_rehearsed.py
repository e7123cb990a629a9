# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_rehearsed
short_description: Add to a plan what came of trying it in check mode
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Adds a verdict for each host on which M(nso.ha.ncs_ha_role) was run in check mode.
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
- name: Add the rehearsal
  ansible.builtin.set_fact:
    plan: "{{ plan | nso.ha.cluster_rehearsed(hostvars) }}"
"""

RETURN = r"""
_value:
  description: The plan, with more verdicts.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import gathered, progress


def cluster_rehearsed(
    plan: Mapping[str, Any],
    hostvars: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    found = gathered.gather(plan["targets"], hostvars, plan["run"], plan)
    return progress.rehearsed(plan, found)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_rehearsed": cluster_rehearsed}
