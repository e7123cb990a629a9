# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_report
short_description: Report what a run over an HA cluster of NSO nodes came to
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Returns the outcome of a run as data and as a table for a terminal of 80 columns.
  - Made for the role P(nso.ha.cluster#role). It only computes.
positional: hostvars, active, plan, check_mode
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
  active:
    description: Inventory names of the nodes that have not dropped out of the play.
    type: list
    elements: str
    required: true
  plan:
    description: What P(nso.ha.cluster_plan#filter) returned. Without it, what was found is compared
      with what is wanted and nothing else.
    type: dict
  check_mode:
    description: Whether the run was in check mode.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show the table
  ansible.builtin.debug:
    msg: "{{ (groups['nso'] | nso.ha.cluster_report(hostvars, ansible_play_batch)).table }}"
"""

RETURN = r"""
_value:
  description:
    - The report, with the keys C(outcome), C(changed), C(nodes), C(verdicts) and C(table).
  type: dict
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils import gathered, report


def cluster_report(
    hosts: Sequence[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    active: Collection[str],
    plan: Mapping[str, Any] | None = None,
    check_mode: bool = False,
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    found = gathered.gather(hosts, hostvars, active, plan)
    if plan is None:
        return report.status(hosts, found)
    return report.report(hosts, found, plan, check_mode)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_report": cluster_report}
