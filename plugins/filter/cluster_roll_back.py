# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_roll_back
short_description: Plan how to bring the former primary back
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Returns the plan that makes a cluster as it was, after a step of a hand-over was not done.
  - Made for the role P(nso.ha.cluster#role). It only computes.
positional: hostvars, given
options:
  _input:
    description: What P(nso.ha.cluster_plan#filter) returned.
    type: dict
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
  given:
    description:
      - What the operator asked for, with the keys V(operation), V(candidate), V(allow_overwrite),
        V(allow_data_loss), V(override), V(break_lock), V(fence_tasks), V(check_mode),
        V(lock_timeout), V(wait_timeout), V(run), V(problems), V(fence_problem), V(locked) and
        V(unfinished).
      - V(run), V(problems) and V(fence_problem) are of M(nso.ha.cluster_decision). V(locked) has
        the inventory names of the nodes on which the run holds the lock. V(unfinished) is of the
        plan that was made before the lock was taken, or empty. The others are the variables of the
        role P(nso.ha.cluster#role) of these names.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Bring the former primary back
  ansible.builtin.set_fact:
    plan: "{{ plan | nso.ha.cluster_roll_back(hostvars, given) }}"
"""

RETURN = r"""
_value:
  description: A plan as of P(nso.ha.cluster_plan#filter). What was done before is in it.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import cluster, gathered, processes


def cluster_roll_back(
    plan: Mapping[str, Any],
    hostvars: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    found = gathered.gather(plan["targets"], hostvars, plan["run"], plan)
    return cluster.roll_back(plan, found, given, processes.is_gone)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_roll_back": cluster_roll_back}
