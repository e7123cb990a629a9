# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_plan
short_description: Plan an operation on an HA cluster of NSO nodes
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Compares what the operation wants with what M(nso.ha.ncs_ha_status) registered on each node, and
    returns the needed steps in waves, with the verdicts of the checks.
  - Made for the role P(nso.ha.cluster#role). It only computes.
positional: hostvars, given
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
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ groups['nso'] | nso.ha.cluster_plan(hostvars, given) }}"
"""

RETURN = r"""
_value:
  description: The plan.
  returned: always
  type: dict
  contains:
    operation:
      description: The name of the operation.
      returned: always
      type: str
    run:
      description: The id of the run. A result that does not carry it counts for nothing.
      returned: always
      type: str
    members:
      description: The nodes with the roles they are to get.
      returned: always
      type: list
      elements: dict
      contains:
        host:
          description: The inventory name of the node.
          returned: always
          type: str
        node_id:
          description: Its id in the cluster.
          returned: always
          type: str
        address:
          description: The address at which others dial it.
          returned: always
          type: str
        role:
          description: The role it is to get.
          returned: always
          type: str
        upstream:
          description: Inventory name of the node it is to follow. Empty stands for the primary.
          returned: always
          type: str
        priority:
          description: How much it is preferred as primary.
          returned: always
          type: int
    moves:
      description: The primary before and after. Empty where that is not known.
      returned: always
      type: dict
      contains:
        from:
          description: The inventory name of the one before.
          returned: always
          type: str
        to:
          description: The inventory name of the one after.
          returned: always
          type: str
    election:
      description: By inventory name, why a node was not chosen as primary.
      returned: always
      type: dict
    waves:
      description: What is done one after the other. Nothing where the cluster is as wanted.
      returned: always
      type: list
      elements: dict
      contains:
        name:
          description: The name of the wave.
          returned: always
          type: str
        kind:
          description: How its steps are done, V(role), V(looked_at), V(read_only),
            V(catch_up) or V(dead).
          returned: always
          type: str
        look:
          description: Inventory names of the nodes that are looked at once more before it.
          returned: always
          type: list
          elements: str
        steps:
          description: By inventory name, what is done on a node and why. Each has the V(name) under
            which the lock of the node lists it.
          returned: always
          type: dict
    targets:
      description: By inventory name, the options of M(nso.ha.ncs_ha_role) for the wanted role.
      returned: always
      type: dict
    blocked:
      description: By inventory name, why nothing can be done about a node.
      returned: always
      type: dict
    verdicts:
      description: What the checks say.
      returned: always
      type: list
      elements: dict
      contains:
        check:
          description: The name of the check.
          returned: always
          type: str
        result:
          description: V(passed), V(failed), V(overridden) or V(not evaluable).
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
    refused:
      description: Whether a check forbids what has not been done yet.
      returned: always
      type: bool
    rehearse:
      description: Inventory names of the nodes on which the order is tried in check mode first.
      returned: always
      type: list
      elements: str
    timeline:
      description: The record of promotions that every node should have, each as in what
        M(nso.ha.ncs_ha_status) returns.
      returned: always
      type: list
      elements: dict
      contains:
        epoch:
          description: The number of the promotion.
          returned: always
          type: int
        primary:
          description: Node id of the node that was made primary.
          returned: always
          type: str
        txid:
          description: The transaction id it had at that moment, or null.
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
        start:
          description: Megaseconds, seconds and microseconds of its clock at that moment.
          returned: always
          type: list
          elements: int
        at:
          description: The same moment in UTC, for people.
          returned: always
          type: str
        operation:
          description: The name of the operation. V(found) for a primary that something else made.
          returned: always
          type: str
        run:
          description: The id of the operation.
          returned: always
          type: str
    epoch:
      description: The number of the next promotion.
      returned: always
      type: int
    lacking:
      description: By inventory name, why the record of a node is to be completed.
      returned: always
      type: dict
    lock:
      description: Where to take the lock.
      returned: always
      type: dict
      contains:
        hosts:
          description: The inventory names of the nodes. The first one is locked alone.
          returned: always
          type: list
          elements: str
        replace:
          description: The ids of locks that may be replaced.
          returned: always
          type: list
          elements: str
        steps:
          description: By inventory name, the names of the steps that the lock lists.
          returned: always
          type: dict
        fence:
          description: By inventory name, the hosts that have to be fenced before a promotion there.
          returned: always
          type: dict
        renew:
          description: Inventory names of the nodes whose lock says something else yet.
          returned: always
          type: list
          elements: str
    silent:
      description: Inventory names of the nodes that did not answer.
      returned: always
      type: list
      elements: str
    unfinished:
      description: The operations that broke off, as marks and locks tell.
      returned: always
      type: list
      elements: dict
      contains:
        operation:
          description: The name of the operation.
          returned: always
          type: str
        run:
          description: The id of its run.
          returned: always
          type: str
    must:
      description: Inventory names of the nodes that have to be as wanted in the end.
      returned: always
      type: list
      elements: str
    before:
      description: By inventory name, the transaction id before anything was done, or null.
      returned: always
      type: dict
    verify:
      description: By inventory name, the O(nso.ha.ncs_ha_status#module:wait_for) that verifies it.
      returned: always
      type: dict
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import cluster, gathered, processes


def cluster_plan(
    hosts: Sequence[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    found = gathered.gather(hosts, hostvars, given["run"]["id"])
    return cluster.plan(hosts, found, given, processes.is_gone)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_plan": cluster_plan}
