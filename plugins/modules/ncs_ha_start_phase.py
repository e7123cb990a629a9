#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ncs_ha_start_phase
short_description: Let a Cisco NSO daemon enter its next start phase
description:
  - A daemon that was started with C(ncs --start-phase0) waits in phase 0, closed to clients. It
    takes HA orders from phase 1 on, and clients in phase 2. This module lets it enter these phases,
    one after the other, and waits until it has.
  - A daemon that is in the phase already, or in a later one, gets no order. None goes back.
  - Where an order is not answered in time, or the daemon closes the connection, RV(outcome) is
    V(unknown), whatever the daemon says when it is asked again.
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
extends_documentation_fragment:
  - nso.ha.attributes
  - nso.ha.attributes.action_group
  - nso.ha.connection
attributes:
  check_mode:
    support: full
    details: Connects, reads the start phase, and gives no order.
  diff_mode:
    support: full
    details: The start phase before and after. C(null) stands for one that is not known.
  idempotent:
    support: full
options:
  token:
    description:
      - Accepted, as the other modules of the action group have it, and ignored. This module uses no
        HA socket.
    type: raw
  phase:
    description: The start phase that the daemon is to reach.
    type: int
    choices: [1, 2]
    required: true
  wait_timeout:
    description: Seconds to wait for each phase. The daemon may enter it after that.
    type: float
    default: 300
  operation:
    description:
      - The operation on the whole cluster that this is part of. Before the order, the lock of
        that operation has to be held on this node and to list the step as due. The step is struck
        off and the lock renewed, and no other process changes either until the order is answered.
      - Without it, nothing is read or written in a state directory.
    type: dict
    suboptions:
      state_dir:
        description: Absolute path of the node's state directory, in which its lock is.
        type: path
        required: true
      run_id:
        description: The id of the run, under which M(nso.ha.ncs_ha_operation) took the lock.
        type: str
        required: true
      step:
        description: The name under which the lock lists this step.
        type: str
        required: true
notes:
  - This module uses no HA socket, so it takes nothing away from another HA controller.
seealso:
  - module: nso.ha.ncs_ha_role
  - module: nso.ha.ncs_ha_status
"""

EXAMPLES = r"""
- name: The daemon takes HA orders from here on
  nso.ha.ncs_ha_start_phase:
    phase: 1

- name: The daemon takes clients from here on
  nso.ha.ncs_ha_start_phase:
    phase: 2
    wait_timeout: 600
"""

RETURN = r"""
outcome:
  description:
    - V(done) means that the daemon is in the phase, or would be in check mode.
    - V(failed) means that an order was refused or not given, or had no effect.
    - V(unknown) means that an order was sent and no valid answer came. The daemon may have entered
      the phase or may still do so.
  returned: when the node answered, and always with O(operation)
  type: str
  sample: done
run_id:
  description: The id of the run.
  returned: when O(operation) is given
  type: str
  sample: 3f0c
step:
  description: The step of the operation.
  returned: when O(operation) is given
  type: str
  sample: phase_1
phase:
  description: The start phase of the daemon.
  returned: when the node answered
  type: dict
  sample: {"before": 0, "after": 1}
  contains:
    before:
      description: The phase before.
      type: int
      returned: always
    after:
      description: The phase after, or null if it is not known. In check mode, what it would be.
      type: int
      returned: always
transitions:
  description: Names of the orders that were given, in order. In check mode, of those that would be
    given. After a failure, the last one is the one that failed.
  returned: when the node answered
  type: list
  elements: str
  sample: [start_phase_1]
times:
  description: When each of the orders was given. Empty where none was.
  returned: when the node answered
  type: list
  elements: dict
  sample: [{"order": "start_phase_1", "start": 1764028800.25, "end": 1764028800.5}]
  contains:
    order:
      description: The name of the order.
      type: str
      returned: always
    start:
      description: When it was sent, in seconds since 1970 by the clock of this host.
      type: float
      returned: always
    end:
      description: When it was known what came of it, likewise.
      type: float
      returned: always
error:
  description: What went wrong.
  returned: on failure, when there is an error code
  type: dict
  sample:
    code: 18
    name: INTERNAL
    meaning: the daemon failed inside
    hint: read the daemon's log
    details: ""
    os_error: ""
  contains:
    code:
      description: The number of the error.
      type: int
      returned: always
    name:
      description: Its name, or V(ERROR_) and the number where this collection does not know it.
      type: str
      returned: always
    meaning:
      description: What it means.
      type: str
      returned: always
    hint:
      description: What to do about it.
      type: str
      returned: always
    details:
      description: What the daemon or the operating system adds. Perhaps empty.
      type: str
      returned: always
    os_error:
      description: The name of the operating system's error, such as V(ECONNREFUSED). Empty where it
        was none of these.
      type: str
      returned: always
"""

from typing import Any, Callable, Mapping

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nso.ha.plugins.module_utils._apply import operation
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import not_started
from ansible_collections.nso.ha.plugins.module_utils._apply.start_phase import start
from ansible_collections.nso.ha.plugins.module_utils._node import options, validation
from ansible_collections.nso.ha.plugins.module_utils._node.failures import (
    ModuleFailure,
    reported,
)


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        **options.connection_spec(),
        "phase": {"type": "int", "required": True, "choices": [1, 2]},
        "wait_timeout": {"type": "float", "default": 300},
        "operation": options.operation_spec(),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    identity = options.run_and_step(module.params["operation"])
    try:
        result = _run(module.params, module.warn, module.check_mode)
    except ModuleFailure as failure:
        result = {**not_started(identity), **failure.result}
        module.fail_json(msg=failure.message, **identity, **result)
    else:
        module.exit_json(**identity, **result)


def _run(
    params: Mapping[str, Any], warn: Callable[[str], None], check_mode: bool
) -> dict[str, Any]:
    """Return what the module returns. Raises ModuleFailure."""
    with reported("Preparing to connect", "the target"):
        validation.check_seconds("wait_timeout", params["wait_timeout"])
        target = options.target(params)
        option = params["operation"]
        part_of = operation.from_option(option, warn) if option else None
    return start(target, params["phase"], params["wait_timeout"], part_of, check_mode)


if __name__ == "__main__":
    main()
