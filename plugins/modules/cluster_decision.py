#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_decision
short_description: Begin a run over an HA cluster of NSO nodes
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Made for the role P(nso.ha.cluster#role), which runs it once at the beginning. It runs on the
    controller, connects to nothing and changes nothing.
  - Says who runs this, and whether the play that it is part of can run an operation. One play runs
    one cluster, all of it, and its hosts go in step.
  - Loads the file with the fencing tasks, and says whether they can be relied on.
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
  group:
    description: The inventory group that holds all nodes of the cluster.
    type: str
    required: true
  operation:
    description: The name of the operation. Without one, nothing is asked of the play.
    type: str
    default: ""
  fence_tasks:
    description: For the operation V(failover), the file with the fencing tasks, if there is one.
    type: str
    default: ""
seealso:
  - module: nso.ha.ncs_ha_operation
"""

EXAMPLES = r"""
- name: See whether this play can run a failover
  nso.ha.cluster_decision:
    group: nso
    operation: failover
  register: decision
  run_once: true
"""

RETURN = r"""
run:
  description: What tells this run from every other. It goes into the lock and into the log of
    operations that are kept on the nodes.
  returned: always
  type: dict
  sample:
    id: 3f0c9d2e77aa01bc
    owner: ops@bastion
    began: "2025-11-24T16:26:40Z"
    process: {"host": "bastion", "boot": "", "namespace": "", "pid": 1234, "began": ""}
  contains:
    id:
      description: An id that no other run has.
      returned: always
      type: str
    owner:
      description: The user of AWX and the number of the job, or else the user and the controller.
      returned: always
      type: str
    began:
      description: The time, in UTC.
      returned: always
      type: str
    process:
      description: The process on the controller, so that a later run finds out whether it lives.
      returned: always
      type: dict
      contains:
        host:
          description: Name of the controller.
          returned: always
          type: str
        boot:
          description: Id of its boot. Empty where the system has none.
          returned: always
          type: str
        namespace:
          description: Which process ids are meant. Empty where the system does not say.
          returned: always
          type: str
        pid:
          description: The process id.
          returned: always
          type: int
        began:
          description: When it began, in ticks since boot. Empty where the system does not say.
          returned: always
          type: str
check_mode:
  description: Whether this task runs in check mode, by the command line or by its play.
  returned: always
  type: bool
  sample: false
problems:
  description: Why this play cannot run the operation, in words.
  returned: always
  type: list
  elements: str
  sample: []
fence_problem:
  description: Why the fencing tasks cannot be relied on, in words. Empty if they can, or if there
    are none.
  returned: always
  type: str
  sample: ""
"""
