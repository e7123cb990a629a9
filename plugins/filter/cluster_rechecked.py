# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_rechecked
short_description: Add to a plan what changed since it was made
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Adds a verdict for each host that was looked at before a wave and is not any more what it was
    when the plan was made.
  - Made for the role P(nso.ha.cluster#role). It only computes.
positional: wave, hostvars, overwrite
options:
  _input:
    description: What P(nso.ha.cluster_plan#filter) returned.
    type: dict
    required: true
  wave:
    description: The wave of the plan that comes next.
    type: dict
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
  overwrite:
    description: The variable C(nso_ha_allow_overwrite). A truth value, or inventory names as a list
      or as text with commas.
    type: raw
    default: false
"""

EXAMPLES = r"""
- name: Judge again
  ansible.builtin.set_fact:
    plan: "{{ plan | nso.ha.cluster_rechecked(wave, hostvars) }}"
"""

RETURN = r"""
_value:
  description: The plan, with more verdicts.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import gathered, recheck


def cluster_rechecked(
    plan: Mapping[str, Any],
    wave: Mapping[str, Any],
    hostvars: Mapping[str, Mapping[str, Any]],
    overwrite: object = False,
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    found = gathered.gather(plan["targets"], hostvars, plan["run"], plan)
    return recheck.rechecked(plan, wave, found, overwrite)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_rechecked": cluster_rechecked}
