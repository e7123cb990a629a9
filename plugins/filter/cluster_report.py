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
positional: hostvars, run, plan, check_mode
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
    description: What M(nso.ha.cluster_decision) returned as RV(nso.ha.cluster_decision#module:run).
    type: dict
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
    msg: "{{ (groups['nso'] | nso.ha.cluster_report(hostvars, run)).table }}"
"""

RETURN = r"""
_value:
  description: The report.
  returned: always
  type: dict
  contains:
    operation:
      description: The name of the operation.
      returned: always
      type: str
    run:
      description: The id of this run.
      returned: with a plan
      type: str
    owner:
      description: Who ran it.
      returned: with a plan
      type: str
    began:
      description: When it began, in UTC.
      returned: with a plan
      type: str
    primary:
      description: Inventory names of the primary before and after. Empty where that is not known.
      returned: always
      type: dict
      contains:
        before:
          description: The primary before.
          returned: always
          type: str
        after:
          description: The primary after.
          returned: always
          type: str
    write_gap:
      description: For how long no node took writes as primary.
      returned: with a plan
      type: dict
      contains:
        seconds:
          description: The time in seconds, or null.
          returned: always
          type: float
        means:
          description: V(measured), V(at most), V(none) if the primary did not change, or
            V(not known).
          returned: always
          type: str
    election:
      description: By inventory name, why a node was not chosen as primary.
      returned: with a plan
      type: dict
    steps:
      description: What was done, in order.
      returned: with a plan
      type: list
      elements: dict
      contains:
        wave:
          description: The name of the wave it was part of.
          returned: always
          type: str
        host:
          description: The inventory name of the node.
          returned: always
          type: str
        orders:
          description: The orders that were given.
          returned: always
          type: list
          elements: str
        reason:
          description: Why.
          returned: always
          type: str
        outcome:
          description: V(done), V(failed) or V(unknown).
          returned: always
          type: str
        start:
          description: When the first order was given, in seconds since 1970 by the clock of the
            node, or null.
          returned: always
          type: float
        end:
          description: When the last order was answered, likewise, or null.
          returned: always
          type: float
        finished:
          description: When the wave was over, by the clock of the controller.
          returned: always
          type: float
        txid:
          description: The transaction id of the node afterwards, or null where the step does not
            tell it.
          returned: always
          type: dict
          contains:
            primary_id:
              description: Node id of the primary that made the transaction, or null.
              returned: always
              type: str
            timestamp:
              description: Megaseconds, seconds and microseconds of that primary's clock.
              returned: always
              type: list
              elements: int
    remaining:
      description: What is still to be done.
      returned: with a plan
      type: list
      elements: str
    outcome:
      description: V(done), V(planned), V(refused), V(rolled_back), V(incomplete), V(unknown) or
        V(two_primaries).
      returned: always
      type: str
    changed:
      description: Whether any order was given, or may have been.
      returned: always
      type: bool
    nodes:
      description: What is known of each node.
      returned: always
      type: list
      elements: dict
      contains:
        host:
          description: Its inventory name.
          returned: always
          type: str
        node_id:
          description: Its id in the cluster.
          returned: always
          type: str
        wanted:
          description: The role it should have.
          returned: always
          type: str
        upstream:
          description: Inventory name of the node it should follow. Empty stands for the primary.
          returned: always
          type: str
        role:
          description: The role it has, or null if it did not answer.
          returned: always
          type: str
        primary:
          description: The node that it follows, or null.
          returned: always
          type: dict
          contains:
            node_id:
              description: The id by which it knows that node.
              returned: always
              type: str
            address:
              description: The address of that node.
              returned: always
              type: str
        txid:
          description: The id of its last transaction, or null if it is not known.
          returned: always
          type: dict
          contains:
            primary_id:
              description: Node id of the primary that made the transaction, or null.
              returned: always
              type: str
            timestamp:
              description: Megaseconds, seconds and microseconds of that primary's clock.
              returned: always
              type: list
              elements: int
        txid_before:
          description: The id of its last transaction before anything was done, or null.
          returned: with a plan
          type: dict
          contains:
            primary_id:
              description: Node id of the primary that made the transaction, or null.
              returned: always
              type: str
            timestamp:
              description: Megaseconds, seconds and microseconds of that primary's clock.
              returned: always
              type: list
              elements: int
        txid_text:
          description: The same as the table shows it.
          returned: always
          type: str
        done:
          description: What was done, or in check mode would be. Without a plan, how it compares.
          returned: always
          type: str
        problem:
          description: What a person has to know about it. Perhaps empty.
          returned: always
          type: str
    verdicts:
      description: The checks that did not simply pass.
      returned: always
      type: list
      elements: dict
      contains:
        check:
          description: The name of the check.
          returned: always
          type: str
        result:
          description: V(failed), V(overridden) or V(not evaluable).
          returned: always
          type: str
        reason:
          description: Why it did not pass.
          returned: always
          type: str
        host:
          description: The node it is about. Empty where it is about the cluster.
          returned: always
          type: str
    table:
      description: All of it as lines of text.
      returned: always
      type: list
      elements: str
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import gathered, kept, processes, report


def cluster_report(
    hosts: Sequence[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    run: Mapping[str, Any],
    plan: Mapping[str, Any] | None = None,
    check_mode: bool = False,
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    found = gathered.gather(hosts, hostvars, run["id"], plan)
    if plan is None:
        kept_there = kept.kept(hosts, found, run["id"], "", processes.is_gone)
        return report.status(hosts, found, kept_there)
    return report.report(hosts, found, plan, run, check_mode)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_report": cluster_report}
