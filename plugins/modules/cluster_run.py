#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_run
short_description: Run an operation over an HA cluster of NSO nodes
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Private to the role P(nso.ha.cluster#role), which is how to use it. It may change from release
    to release.
  - It runs on the controller. For each host it starts a process there, the agent, that runs modules
    on that host when it is asked, with the connection and the variables that Ansible has for the
    host. The run itself is one task, which asks the agents, decides, and prints a line for each
    wave and the report. The agents end with the run.
  - Once a run has begun, it does not fail. What speaks against going on is a verdict, so that the
    locks are given back first; the last step says on every host that the run has failed.
extends_documentation_fragment:
  - nso.ha.attributes
attributes:
  check_mode:
    support: full
    details: A run says what it would do then.
  diff_mode:
    support: none
    details: The report says what each node was and is.
  idempotent:
    support: full
    details: A run that finds the cluster as it should be changes nothing.
options:
  step:
    description:
      - What to do.
      - V(state) runs on each host, returns what its variables say, and starts its agent. It is
        skipped where tags leave out the rest of the role, and fails if that was included.
      - V(status) looks at the nodes and reports, V(history) reports what has happened to the
        cluster. V(plan) says what the operation would do, and V(carry_out) does it. One play runs
        one cluster, all of it, and its hosts go in step; nothing that the role inherits from the
        play makes it do something else.
      - V(resume) goes on where the run has paused for tasks of the user's own.
      - V(end) runs on each host, and says whether something was changed there and why the run has
        failed.
    type: str
    required: true
    choices:
      - state
      - status
      - history
      - plan
      - carry_out
      - resume
      - end
  operation:
    description: For V(plan) and V(carry_out), the name of the operation.
    type: str
    default: ""
seealso:
  - module: nso.ha.ncs_ha_operation
"""

EXAMPLES = r"""
- name: State the settings of each node
  nso.ha.cluster_run:
    step: state
  register: nso_ha_result

- name: Read the HA status of the cluster
  nso.ha.cluster_run:
    step: status
  register: nso_ha_result
  run_once: true
"""

RETURN = r"""
settings:
  description: What the variables of a host say.
  returned: for V(state)
  type: dict
agent:
  description: Where the agent of a host listens, and its process id.
  returned: for V(state)
  type: dict
task:
  description: The id of the task that asked. Settings of another task are not those of this run.
  returned: for V(state)
  type: str
check_mode:
  description: Whether the task was in check mode on this host.
  returned: for V(state)
  type: bool
run_id:
  description: The id of the run. Empty as long as there is no report.
  returned: for everything but V(end)
  type: str
outcome:
  description: What came of it. V(unknown) as long as there is no report.
  returned: for everything but V(end)
  type: str
hook:
  description: The tasks of the user's own that the run has paused for. Empty once it has ended.
  returned: for V(status), V(history), V(plan), V(carry_out) and V(resume)
  type: dict
paused:
  description: What V(resume) goes on from.
  returned: when the run has paused
  type: dict
problem:
  description: Why the run ends with an error. Empty if it does not.
  returned: when the run has ended
  type: str
ends:
  description: By host, whether something was changed there, and what is wrong with its variables.
  returned: when the run has ended
  type: dict
msg:
  description: For V(end), why the run ends with an error, or what is wrong with the host.
  returned: for V(end)
  type: str
ansible_stats:
  description: The report as custom statistics, or that there is none.
  returned: for V(state), and when the run has ended
  type: dict
"""
