#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_decision
short_description: Decide on the next step of a run over an HA cluster of NSO nodes
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Private to the role P(nso.ha.cluster#role), which runs it once for each decision. It may change
    from release to release.
  - It runs on the controller, connects to nothing and changes nothing. It reads what the hosts of
    the cluster have stated of their settings, and what the modules of this run have returned.
  - Once a run has begun, a decision does not fail. What speaks against going on is a verdict in
    what it returns, so that the locks are given back first.
extends_documentation_fragment:
  - nso.ha.attributes
attributes:
  check_mode:
    support: full
    details: It only reads, so it does the same with and without check mode.
  diff_mode:
    support: N/A
    details: It only reads.
  idempotent:
    support: full
    details: It changes nothing. The id of the run is another one each time.
options:
  step:
    description:
      - What to decide.
      - V(settings) runs on each host and returns what its variables say, as modules will see them.
        It is skipped where tags leave out the rest of the role, and fails if that was included.
      - V(begin) gives the run its id, and says whether the play that it is part of can run the
        operation. One play runs one cluster, all of it, and its hosts go in step; nothing that
        the role inherits from the play makes its tasks do something else. It loads the files with
        tasks of the user's own, and says whether they can be relied on.
      - V(find_gone) says which runs hold a lock and have ended.
      - V(plan) makes the plan, V(plan_again) makes it again once the lock is held.
      - V(judge_locks), V(judge_renewal), V(judge_rehearsal), V(judge_recheck) and V(judge_wave)
        add what came of the task before.
      - V(judge_hook_tasks) loads a file with tasks of the user's own once more, right before it is
        used.
      - V(roll_back) plans how to bring the former primary back.
      - V(report) and V(report_status) make the report, and print it; V(report_so_far) makes the one
        that goes into the log of operations, before the locks are given back.
    type: str
    required: true
    choices:
      - settings
      - begin
      - plan
      - plan_again
      - judge_locks
      - judge_renewal
      - judge_hook_tasks
      - judge_rehearsal
      - judge_recheck
      - judge_wave
      - roll_back
      - find_gone
      - report_so_far
      - report
      - report_status
  operation:
    description: For V(begin), the name of the operation. Empty for one that only looks.
    type: str
    default: ""
  dry:
    description: For V(begin), whether the run only says what it would do, whatever the mode.
    type: bool
    default: false
  hosts:
    description: For V(judge_locks), inventory names of the nodes whose lock should be held by now.
    type: list
    elements: str
    default: []
  once:
    description: For V(judge_locks), whether a task that ran once took these locks.
    type: bool
    default: false
  wave:
    description: For V(judge_hook_tasks), V(judge_recheck) and V(judge_wave), the number of the
      wave, from 0.
    type: int
    default: 0
  occasion:
    description: For V(judge_renewal), what the locks were renewed for.
    type: str
    default: ""
seealso:
  - module: nso.ha.ncs_ha_operation
"""

EXAMPLES = r"""
- name: State what the variables of this host say
  nso.ha.cluster_decision:
    step: settings
  register: __nso_ha_settings

- name: Begin a run
  nso.ha.cluster_decision:
    step: begin
    operation: converge
  register: __nso_ha_begin
  run_once: true
"""

RETURN = r"""
settings:
  description: What the variables of a host say.
  returned: for V(settings)
  type: dict
task:
  description: The id of the task that asked. Settings of another task are not those of this run.
  returned: for V(settings)
  type: str
check_mode:
  description: Whether the task was in check mode on this host.
  returned: for V(settings)
  type: bool
run:
  description: What tells this run from every other.
  returned: for V(begin)
  type: dict
run_id:
  description: The id of the run.
  returned: for everything but V(settings) and V(begin)
  type: str
plan:
  description: The plan.
  returned: for V(plan), V(plan_again), V(roll_back) and what judges
  type: dict
progress:
  description: How far the run has come.
  returned: for V(plan), V(plan_again), V(roll_back) and what judges
  type: dict
needed:
  description: Whether there is anything to do under the lock.
  returned: for V(plan), V(plan_again), V(roll_back) and what judges
  type: bool
gone:
  description: The ids of runs that hold a lock and have ended.
  returned: for V(find_gone)
  type: list
  elements: str
report:
  description: The report, which the role hands on as C(nso_ha_report) and C(nso_ha_result).
  returned: for V(report), V(report_so_far) and V(report_status)
  type: dict
ansible_stats:
  description: The report as custom statistics. Until there is one, they say that there is none.
  returned: for V(begin), V(report) and V(report_status)
  type: dict
"""
