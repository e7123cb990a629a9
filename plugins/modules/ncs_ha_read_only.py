#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ncs_ha_read_only
short_description: Enable or disable read-only mode on a Cisco NSO node
description:
  - Puts an NSO daemon into the administrator's read-only mode, in which no new write transaction
    begins, or lifts that mode. Where the daemon says that it is as wanted already, no order is
    given.
  - The mode is independent of the role of the node. A secondary takes no writes anyway.
  - The daemon loses it when it restarts.
  - NSO 6.7 and later say whether they are in this mode. An earlier release only says whether the
    node accepts writes. If it accepts none and is not a primary, or does not answer the question,
    the mode is not known. Then the order is given, and counts as a change.
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
    details: Connects, reads the mode and the transaction id, and gives no order.
  diff_mode:
    support: full
    details: The mode before and after. C(null) stands for a mode that is not known.
  idempotent:
    support: partial
    details: Where the daemon does not tell whether it is in this mode, the order is given every
      time, and is a change every time. What it comes to is the same.
options:
  token:
    description:
      - Accepted, as the other modules of the action group have it, and ignored. This module uses no
        HA socket.
    type: raw
  read_only:
    description: Whether the node is to be in read-only mode.
    type: bool
    required: true
  operation:
    description:
      - The operation on the whole cluster that this is part of. Before the order, the lock of
        that operation has to be held on this node and to list the step as due. The step is struck
        off and the lock renewed, and no other process changes either until the order is answered.
      - What an operation puts into read-only mode gets a mark in the state directory. A mode that
        is on without a mark is an administrator's. It gets no mark and no order, and is not lifted.
      - A mark whose daemon is not in the mode any more, as after a restart, is removed without
        an order where the mode is to be lifted.
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
      name:
        description: What the operation is called in the mark that is kept while the daemon is
          read-only. Without it, what its lock says.
        type: str
      follower:
        description: With O(read_only=true), the mode lasts beyond the operation, for as long as the
          node is not primary. The mark says so once the daemon is in the mode. Without it, a mark
          says that the operation is not finished.
        type: bool
        default: false
notes:
  - This module uses no HA socket, so it takes nothing away from another HA controller.
seealso:
  - module: nso.ha.ncs_ha_role
  - module: nso.ha.ncs_ha_operation
"""

EXAMPLES = r"""
- name: Enable read-only mode
  nso.ha.ncs_ha_read_only:
    read_only: true

- name: Disable read-only mode
  nso.ha.ncs_ha_read_only:
    read_only: false
"""

RETURN = r"""
outcome:
  description:
    - V(done) means that the order was carried out, or would be given in check mode.
    - V(failed) means that it was refused or not given.
    - V(unknown) means that it was sent and no valid answer came. The daemon may have carried it out
      or may still do so.
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
  sample: release
mode:
  description: Whether the node was in the administrator's read-only mode, and whether it is now.
  returned: when the node answered
  type: dict
  sample: {"before": false, "after": true}
  contains:
    before:
      description: The mode before, or null if the daemon does not tell it.
      type: bool
      returned: always
    after:
      description: The mode after, or null if it is not known. In check mode, what it would be.
        Where the daemon does not tell it, what the order that it carried out has set.
      type: bool
      returned: always
administrator:
  description: Whether the mode was on and no operation had set it, so that it was left alone.
  returned: when O(operation) is given and the step was not refused
  type: bool
  sample: false
txid:
  description: The transaction id of the node after the order, or null if it could not be
    read.
  returned: when the node answered
  type: dict
  sample: {"primary_id": "n1", "timestamp": [1764, 28800, 123456]}
  contains:
    primary_id:
      description: Node id of the primary that made the transaction, or null on a node that has not
        been in a cluster.
      type: str
      returned: always
    timestamp:
      description: Megaseconds, seconds and microseconds of that primary's clock.
      type: list
      elements: int
      returned: always
times:
  description: When each of the orders was given. Empty where none was.
  returned: when the node answered
  type: list
  elements: dict
  sample: [{"order": "read_only", "start": 1764028800.25, "end": 1764028800.5}]
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
from ansible_collections.nso.ha.plugins.module_utils._apply.read_only import set_read_only
from ansible_collections.nso.ha.plugins.module_utils._node import options
from ansible_collections.nso.ha.plugins.module_utils._node.failures import (
    ModuleFailure,
    reported,
)


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        **options.connection_spec(),
        "read_only": {"type": "bool", "required": True},
        "operation": options.operation_spec(
            name={"type": "str"}, follower={"type": "bool", "default": False}
        ),
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
        target = options.target(params)
        option = params["operation"]
        part_of = operation.from_option(option, warn) if option else None
    return set_read_only(target, params["read_only"], part_of, check_mode)


if __name__ == "__main__":
    main()
