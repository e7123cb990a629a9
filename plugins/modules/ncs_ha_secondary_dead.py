#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ncs_ha_secondary_dead
short_description: Tell a Cisco NSO node that one of its secondaries is dead
description:
  - Tells a primary or relay that a secondary is dead, so that it does not have to find that out by
    itself, which takes up to three times the tick timeout (20 seconds unless set otherwise; with 0
    it takes for ever). Until then its commits wait for that secondary.
  - Of use also before a secondary that came back sooner than that is attached again, as the daemon
    may refuse a second one of the same node id.
  - Changes something only if that node is in the list of connected secondaries.
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
extends_documentation_fragment:
  - nso.ha.attributes
  - nso.ha.attributes.action_group
  - nso.ha.connection
  - nso.ha.connection.ha_socket
  - nso.ha.connection.look
attributes:
  check_mode:
    support: full
    details: Looks as O(look) says, and gives no order.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  node_id:
    description: The node id of the secondary that is dead. Text, so quote one that YAML would take
      for a number.
    type: raw
    required: true
  operation:
    description:
      - The operation on the whole cluster that this is part of. Before the order, the lock of
        that operation has to be held on this node and to list the step as due. The step is struck
        off and the lock renewed, and no other process changes either until the order is answered.
      - Without it, nothing is read or written in a state directory.
    type: dict
    version_added: 0.1.0
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
  - Without check mode the secondaries are found over the HA socket, whatever O(look) says, and
    O(token) is required.
seealso:
  - module: nso.ha.ncs_ha_status
  - module: nso.ha.ncs_ha_role
"""

EXAMPLES = r"""
- name: The host of n3 has lost its power
  nso.ha.ncs_ha_secondary_dead:
    token: "{{ nso_ha_token }}"
    node_id: n3
"""

RETURN = r"""
before:
  description: What the node said of itself before any order.
  returned: when the node answered
  type: dict
  sample:
    role: primary
    state: 3
    primary: null
    secondaries: [{"node_id": "n2", "address": "192.0.2.2"}]
  contains: &state
    role:
      description: V(none), V(primary), V(secondary) or V(relay).
      type: str
      returned: always
    state:
      description: The same as the daemon's number. 1 is none, 2 secondary, 3 primary, 4 relay.
      type: int
      returned: always
    primary:
      description: The node that this one follows, or null.
      type: dict
      returned: always
      contains:
        node_id:
          description: The id by which this node knows it.
          type: str
          returned: always
        address:
          description: Its address, its host name where the daemon tells that, or null where it was
            not found over the HA socket.
          type: str
          returned: always
    secondaries:
      description: The nodes that are connected as secondaries of this one, or null where the
        operational state does not tell them.
      type: list
      elements: dict
      returned: always
      contains:
        node_id:
          description: The id by which this node knows it.
          type: str
          returned: always
        address:
          description: Its address, its host name where the daemon tells that, or null where it was
            not found over the HA socket.
          type: str
          returned: always
after:
  description:
    - What the node said of itself after the last order, or null if it did not answer any more.
    - In check mode, what it would say.
  returned: when the node answered
  type: dict
  sample: {"role": "primary", "state": 3, "primary": null, "secondaries": []}
  contains: *state
transitions:
  description: Names of the orders that were given, in order. In check mode, of those that would be
    given. After a failure, the last one is the one that failed.
  returned: when the node answered
  type: list
  elements: str
  sample: [secondary_dead]
outcome:
  description:
    - V(done) means that the node is, or in check mode would be, in the wanted state.
    - V(failed) means that an order was refused, or had another effect than wanted. RV(after) tells
      what the node is now.
    - V(unknown) means that an order was sent and no valid answer came. The daemon may have carried
      it out or may still do so. RV(after) tells what the node said when it was asked again.
  returned: when the node answered, and always with O(operation)
  type: str
  sample: done
unanswered:
  description: That NSO answered in check mode, and does not tell what is needed by any way that
    O(look) allows.
  returned: when no way tells it in check mode
  type: bool
run_id:
  description: The id of the run.
  returned: when O(operation) is given
  type: str
  sample: 3f0c
step:
  description: The step of the operation.
  returned: when O(operation) is given
  type: str
  sample: dead n3
times:
  description: When each of the orders was given. Empty where none was.
  returned: when O(operation) is given and the node answered
  type: list
  elements: dict
  sample: [{"order": "secondary_dead", "start": 1764028800.25, "end": 1764028800.5}]
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
    code: 17
    name: BADSTATE
    meaning: the node is not in a state for this order
    hint: wait for start phase 1; a relay has to be a secondary first
    details: the daemon is in start phase 0 and takes no orders
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
from ansible_collections.nso.ha.plugins.module_utils._apply.change import Change, apply
from ansible_collections.nso.ha.plugins.module_utils._apply.escort import Escort
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import not_started
from ansible_collections.nso.ha.plugins.module_utils._node import options, validation
from ansible_collections.nso.ha.plugins.module_utils._node.failures import (
    ModuleFailure,
    reported,
)
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState

ORDER = "secondary_dead"


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        **options.connection_spec(),
        **options.look_spec(),
        "node_id": {"type": "raw", "required": True},
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
        validation.check_node_id("node_id", params["node_id"])
        target = options.look_target(params) if check_mode else options.ha_target(params)
        ways = options.ways(params)
        escort = _escort(params, warn)
    node_id: str = params["node_id"]

    def decide(state: HaState) -> Change:
        return Change(
            orders=(ORDER,) if state.has_secondary(node_id) else (),
            predicted=state.without_secondary(node_id),
            give=lambda connection, _order: connection.declare_dead(node_id),
            reached=lambda after: not after.has_secondary(node_id),
        )

    if check_mode:
        # Compiled at each call on the target, so it is imported only where it is needed.
        from ansible_collections.nso.ha.plugins.module_utils._apply.foresight import foresee
        from ansible_collections.nso.ha.plugins.module_utils._node.node_status import (
            ITS_SECONDARIES,
        )

        return foresee(target, ways, decide, escort, ITS_SECONDARIES)
    return apply(target, decide, escort)


def _escort(params: Mapping[str, Any], warn: Callable[[str], None]) -> Escort:
    option = params["operation"]
    return operation.Holding(operation.from_option(option, warn)) if option else Escort()


if __name__ == "__main__":
    main()
