#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ncs_ha_role
short_description: Give a Cisco NSO node its role in an HA cluster
description:
  - Gives an NSO node a role in its HA cluster. Only the orders that are needed are given, and none
    if the node is in the requested state.
  - To become V(secondary) or V(relay), a node copies its primary, and B(its own data is
    overwritten), unless both have the same transaction id. The module does not compare data. The
    role P(nso.ha.cluster#role) does, before it changes anything.
  - After the orders, even if one failed, the status is read again and returned.
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
    details: Reads the role as O(look) says, and gives no orders. What only an order can show, such
      as a token that differs from the primary's, is not predicted. Without the HA socket, nodes do
      not report the addresses of others, so an order to follow the same primary at another address
      is not predicted either.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(force=true) an order is given every time. With O(wait=false), it is not
      documented which role a node reports while it is copying. It may still report V(none). Then a
      second run orders the copy again, and O(role=none) finds nothing to do and does not stop the
      copy.
options:
  role:
    description:
      - The role the node should have.
      - A node with role V(none) is not in a cluster, and B(accepts writes).
      - V(relay) is a secondary that other secondaries copy from. NSO 6.7 and later do not have it.
    type: str
    required: true
    choices: [none, primary, secondary, relay]
  node_id:
    description:
      - The id of the node in the cluster. At most 255 bytes.
      - It must be text, so quote an id that YAML would read as a number, such as V(0x1F) or V(1e3).
      - Required unless O(role=none).
    type: raw
  primary_id:
    description:
      - The id of the node to copy, which may be a relay.
      - It must be text, like O(node_id).
      - Required for O(role=secondary) and O(role=relay).
    type: raw
  primary_ip:
    description:
      - The address at which this node connects to the node to copy. A host name is resolved on the
        target. If it has several addresses, the first one that accepts connections on O(ha_port) is
        used, or the first one if none does.
      - From NSO 6.7 on the nodes use TLS by default. The certificate of the other node must then
        contain its address, even if a host name is given here.
      - Required for O(role=secondary) and O(role=relay).
      - A node that follows O(primary_id) at another address is ordered to follow it at this one.
    type: str
  ha_port:
    description: The HA port of O(primary_ip). It is not part of an order, since all nodes use the
      same port, 4570 unless C(ncs.conf) says otherwise.
    type: int
    default: 4570
  wait:
    description:
      - Whether to wait until a copy is in place.
      - With V(false) the module returns at once and RV(outcome) is V(started). Use
        M(nso.ha.ncs_ha_status) to wait for the result.
      - It must be V(true) for O(role=relay).
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for a copy. The copy may go on after that.
    type: float
    default: 300
  force:
    description:
      - Whether to give the order for the role even if nothing differs, for instance to reconnect a
        secondary. The module then reports a change.
    type: bool
    default: false
  operation:
    description:
      - The operation on the whole cluster that this step is part of. Before the first order, this
        node must have the lock of that operation, and the lock must list the step as due. The step
        is removed from the lock and the lock is renewed. No other process changes either until the
        last order is answered.
      - A node is promoted to V(primary) only if the lock confirms that every host that has to be
        fenced is fenced, see M(nso.ha.ncs_ha_operation).
      - Without this option, no state directory is read or written.
    type: dict
    version_added: 0.1.0
    suboptions:
      state_dir:
        description: Absolute path of the node's state directory, which has its lock.
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
        description: The name of the operation in the promotion history, by default the name in its
          lock.
        type: str
      epoch:
        description:
          - The number of the promotion, if the node is to become V(primary).
          - An entry with this number is added to the node's promotion history before the order is
            given. If it cannot be written, the order is not given.
        type: int
      promotions:
        description: Entries that are merged into the node's promotion history before any order,
          if there are orders to give. They have the keys of RV(entry).
        type: list
        elements: dict
      stand_still:
        description:
          - Seconds for the node to hand over the primary role. Only with O(role=none).
          - First it is put into read-only mode, as by M(nso.ha.ncs_ha_read_only) in an operation,
            and it stays in that mode. Then the module waits until the node gives the same
            transaction id twice, for at most this number of seconds. Then the order is given, also
            to a node that is V(none) already. A node that follows another one gets no order.
          - RV(txid) is read when the node is V(none). RV(transitions) and RV(times) begin with
            V(read_only) where that order was given.
          - If it is not known whether read-only mode was enabled, RV(outcome) is V(unknown).
        type: float
      administrator:
        description: With O(operation.stand_still), read-only mode must already have been set by an
          administrator. If it has not, no order is given.
        type: bool
        default: false
      lift:
        description:
          - With O(role=primary), the read-only mode that an operation has put the node into is
            lifted once the node is V(primary), and its mark removed, as by
            M(nso.ha.ncs_ha_read_only) in an operation. RV(transitions) and RV(times) end with
            V(writable) where that order was given.
          - A mode without a mark was set by an administrator, and stays.
          - A node that is V(primary) already is refused, since something else has promoted it.
        type: bool
        default: false
      txid:
        description: The transaction id that the node must have to become V(primary). The module
          waits for it for at most a second. If the node has another one, it gets no order.
        type: dict
        suboptions:
          primary_id:
            description: Node id of the primary that made the transaction. Empty or left out for a
              node that has not been in a cluster.
            type: str
          timestamp:
            description: Megaseconds, seconds and microseconds of that primary's clock.
            type: list
            elements: int
            required: true
notes:
  - Outside check mode the role is read over the HA socket, whatever O(look) says, and O(token) is
    required.
  - Over the HA socket a node does not report its own node id. So this module does not notice that a
    primary uses another node id than requested.
seealso:
  - module: nso.ha.ncs_ha_status
  - module: nso.ha.ncs_ha_secondary_dead
  - module: nso.ha.ncs_ha_operation
"""

EXAMPLES = r"""
- name: This node is the primary
  nso.ha.ncs_ha_role:
    token: "{{ nso_ha_token }}"
    role: primary
    node_id: n1

- name: This node copies the primary
  nso.ha.ncs_ha_role:
    token: "{{ nso_ha_token }}"
    role: secondary
    node_id: n2
    primary_id: n1
    primary_ip: 192.0.2.1

- name: Start copying and look later
  nso.ha.ncs_ha_role:
    token: "{{ nso_ha_token }}"
    role: secondary
    node_id: n3
    primary_id: n1
    primary_ip: nso-1.example.net
    wait: false

- name: This node becomes primary, as part of an operation that holds the lock of the node
  nso.ha.ncs_ha_role:
    token: "{{ nso_ha_token }}"
    role: primary
    node_id: n1
    operation:
      state_dir: /var/lib/nso-ha
      run_id: "{{ run_id }}"
      step: promote
      name: switchover
      epoch: 2
      txid: {primary_id: n3, timestamp: [1764, 28799, 0]}

- name: This node leaves the cluster
  nso.ha.ncs_ha_role:
    token: "{{ nso_ha_token }}"
    role: none
"""

RETURN = r"""
before:
  description: What the node said of itself before any order.
  returned: when the node answered
  type: dict
  sample: {"role": "none", "state": 1, "primary": null, "secondaries": []}
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
  sample:
    role: secondary
    state: 2
    primary: {"node_id": "n1", "address": "192.0.2.1"}
    secondaries: []
  contains: *state
transitions:
  description: Names of the orders that were given, in order. In check mode, of those that would be
    given. After a failure, the last one is the one that failed.
  returned: when the node answered
  type: list
  elements: str
  sample: [besecondary]
outcome:
  description:
    - V(done) means that the node is, or in check mode would be, in the wanted state.
    - V(started) means that a copy was ordered with O(wait=false), and that its result is not known
      yet.
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
  sample: promote
entry:
  description: What was added to the promotion history, or null. It stays there even if the
    order then fails.
  returned: when O(operation) is given and the node answered
  type: dict
  sample:
    epoch: 2
    primary: n1
    txid: {"primary_id": "n3", "timestamp": [1764, 28799, 0]}
    start: [1764, 28800, 250000]
    at: "2025-11-25T00:00:00.250000Z"
    operation: switchover
    run_id: 3f0c
  contains:
    epoch:
      description: The number of the promotion. It grows from one promotion to the next.
      type: int
      returned: always
    primary:
      description: The node that was made primary.
      type: str
      returned: always
    txid:
      description: The transaction id of that node right before, or null if it told none.
      type: dict
      returned: always
      contains:
        primary_id:
          description: Node id of the primary that made the transaction, or null on a node that had
            not been in a cluster.
          type: str
          returned: always
        timestamp:
          description: Megaseconds, seconds and microseconds of that primary's clock.
          type: list
          elements: int
          returned: always
    start:
      description: Megaseconds, seconds and microseconds of that node's clock at that moment.
      type: list
      elements: int
      returned: always
    at:
      description: The same moment in UTC, for people.
      type: str
      returned: always
    operation:
      description: The name of the operation.
      type: str
      returned: always
    run_id:
      description: The id of the run.
      type: str
      returned: always
lifted:
  description:
    - What came of lifting read-only mode, or null if the node has not become primary.
    - V(done) means that no operation keeps it in the mode any more. With V(failed) or V(unknown)
      the node is primary, and may refuse writes.
  returned: when O(operation.lift) is true and the node answered
  type: str
  sample: done
txid:
  description: The transaction id of the node after the orders, or null if it could not be
    read.
  returned: when O(operation) is given and the node answered
  type: dict
  sample: {"primary_id": "n1", "timestamp": [1764, 28800, 623456]}
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
  returned: when O(operation) is given and the node answered
  type: list
  elements: dict
  sample: [{"order": "beprimary", "start": 1764028800.5, "end": 1764028800.75}]
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
dialled:
  description: How this host would dial the node to follow.
  returned: in check mode with O(operation), when O(role) is V(secondary) or V(relay) and the node
    answered
  type: dict
  sample:
    addresses: [192.0.2.1, 198.51.100.1]
    port: 4570
    accepted: 198.51.100.1
    failures: [{"address": 192.0.2.1, "os_error": ECONNREFUSED}]
  contains:
    addresses:
      description: The addresses that O(primary_ip) stands for on this host.
      type: list
      elements: str
      returned: always
    port:
      description: The HA port.
      type: int
      returned: always
    accepted:
      description: The first address that accepted a connection, or null if none did, and where no
        order is needed, as nothing was dialled then.
      type: str
      returned: always
    failures:
      description: The addresses that accepted none. Nothing is wrong with that where the node to
        follow is not V(primary) yet, as its HA port may be closed.
      type: list
      elements: dict
      returned: always
      contains:
        address:
          description: The address.
          type: str
          returned: always
        os_error:
          description: The name of the operating system's error, such as V(ECONNREFUSED).
          type: str
          returned: always
error:
  description: What went wrong.
  returned: on failure, when there is an error code
  type: dict
  sample:
    code: 25
    name: HA_CONNECT
    meaning: the node could not reach the HA port of its primary
    hint: check primary_ip, HA port 4570 and firewalls between them, that TLS is set alike on both
      and the certificate names primary_ip, and that the other node is primary or relay
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
from ansible_collections.nso.ha.plugins.module_utils._apply import (
    orders,
    role_options,
    transitions,
)
from ansible_collections.nso.ha.plugins.module_utils._apply.change import Change, apply
from ansible_collections.nso.ha.plugins.module_utils._apply.escort import Escort
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import not_started
from ansible_collections.nso.ha.plugins.module_utils._node import options, validation
from ansible_collections.nso.ha.plugins.module_utils._node.addresses import Upstream
from ansible_collections.nso.ha.plugins.module_utils._node.connection import (
    HaConnection,
    Target,
)
from ansible_collections.nso.ha.plugins.module_utils._node.failures import (
    ModuleFailure,
    reported,
)
from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    FOLLOWERS,
    NONE,
    PRIMARY,
    ROLES,
    HaState,
)
from ansible_collections.nso.ha.plugins.module_utils.ncs import error


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        **options.connection_spec(),
        **options.look_spec(),
        "role": {"type": "str", "required": True, "choices": list(ROLES)},
        "node_id": {"type": "raw"},
        "primary_id": {"type": "raw"},
        "primary_ip": {"type": "str"},
        "ha_port": {"type": "int", "default": 4570},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": 300},
        "force": {"type": "bool", "default": False},
        "operation": options.operation_spec(
            name={"type": "str"},
            epoch={"type": "int"},
            promotions={"type": "list", "elements": "dict"},
            stand_still={"type": "float"},
            administrator={"type": "bool", "default": False},
            lift={"type": "bool", "default": False},
            txid=options.txid_spec(),
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
        role_options.check_role_options(
            params["role"],
            params["node_id"],
            params["primary_id"],
            params["primary_ip"],
            params["wait"],
        )
        validation.check_seconds("wait_timeout", params["wait_timeout"])
        validation.check_port("ha_port", params["ha_port"])
        target = options.look_target(params) if check_mode else options.ha_target(params)
        ways = options.ways(params)
        escort, hands_over = _escort(params, target, warn), _hands_over(params)
        obstacle = _obstacle(hands_over, _lifts(params))
        wanted = transitions.Wanted(params["role"], _upstream(params))
    # What a rehearsal tells of the node to follow. Nobody else waits for a port that may be closed.
    tells = check_mode and params["operation"] is not None
    dialled: dict[str, Any] = {}

    def decide(state: HaState) -> Change:
        needed = transitions.orders(state, wanted, params["force"] or hands_over)
        upstream = wanted.upstream
        if upstream and (tells or len(upstream.same) > 1):
            dials = transitions.BESECONDARY in needed
            upstream, told = _dialled(upstream, params["ha_port"], params["timeout"], dials)
            if tells:
                dialled.update(told)
        arguments = orders.Arguments(
            params["node_id"] or "", upstream, params["wait"], params["wait_timeout"]
        )

        def give(connection: HaConnection, order: str) -> None:
            orders.give(connection, order, arguments)

        return Change(
            orders=needed,
            predicted=transitions.predict(state, wanted._replace(upstream=upstream), needed),
            give=give,
            reached=lambda after: transitions.matches(after, wanted),
            background=not params["wait"] and transitions.BESECONDARY in needed,
            obstacle=obstacle(state),
        )

    if check_mode:
        # Compiled at each call on the target, so it is imported only where it is needed.
        from ansible_collections.nso.ha.plugins.module_utils._apply.foresight import foresee
        from ansible_collections.nso.ha.plugins.module_utils._node.node_status import ITS_PRIMARY

        return {**foresee(target, ways, decide, escort, ITS_PRIMARY), **dialled}
    return {**apply(target, decide, escort), **dialled}


def _dialled(
    upstream: Upstream, port: int, timeout: float, dials: bool
) -> tuple[Upstream, dict[str, Any]]:
    """Return the node to follow at the address to dial, and what came of dialling it."""
    from ansible_collections.nso.ha.plugins.module_utils._node import dialling

    dialled = dialling.Dialled()
    if dials:
        patience = min(timeout, dialling.PATIENCE)
        dialled = dialling.dial(dialling.in_turn(upstream), port, patience)
    told = {"dialled": dialled.as_result(upstream, port)}
    return upstream._replace(address=dialled.accepted or upstream.address), told


def _upstream(params: Mapping[str, Any]) -> Upstream | None:
    if params["role"] not in FOLLOWERS:
        return None
    return role_options.upstream(params["primary_id"], params["primary_ip"], params["timeout"])


def _escort(params: Mapping[str, Any], target: Target, warn: Callable[[str], None]) -> Escort:
    option = params["operation"]
    if option is None:
        return Escort()
    # Compiled at each call on the target, so it is imported only where this option needs it.
    from ansible_collections.nso.ha.plugins.module_utils._apply import operation

    part_of = operation.from_option(option, warn)
    if _hands_over(params):
        from ansible_collections.nso.ha.plugins.module_utils._apply.hand_over import HandOverEscort

        return HandOverEscort(part_of, target, option["stand_still"])
    if part_of.lift or (params["role"] in FOLLOWERS and part_of.keeps_mode):
        from ansible_collections.nso.ha.plugins.module_utils._apply.kept_mode import KeptModeEscort

        return KeptModeEscort(part_of, target, params["node_id"] or "")
    from ansible_collections.nso.ha.plugins.module_utils._apply.promotion import PromotionEscort

    return PromotionEscort(part_of, target, params["node_id"] or "")


def _why_not_to_hand_over(state: HaState) -> error.Error | None:
    """Return why a node in this state cannot hand over, or None.

    One that has lost its role is none and takes writes, so it is closed as the primary would be.
    """
    if state.role not in FOLLOWERS:
        return None
    why = f"the node is {state} by now, so it has no primary role to hand over"
    return error.Error(error.ERR_BADSTATE, why)


def _obstacle(hands_over: bool, lifts: bool) -> Callable[[HaState], error.Error | None]:
    """Return what tells why a node in a state is not to be given its orders, or None."""
    if hands_over:
        return _why_not_to_hand_over
    return _why_not_to_lift if lifts else lambda _state: None


def _why_not_to_lift(state: HaState) -> error.Error | None:
    """Return why a node in this state is not to be promoted and opened in one step, or None."""
    if state.role != PRIMARY:
        return None
    why = "another than this run has made the node primary"
    return error.Error(error.ERR_BADSTATE, why)


def _lifts(params: Mapping[str, Any]) -> bool:
    """Return whether read-only mode is lifted once the node is primary. Raises OptionError."""
    lifts = bool((params["operation"] or {}).get("lift"))
    if lifts and params["role"] != PRIMARY:
        raise validation.OptionError("operation.lift needs role: primary")
    return lifts


def _hands_over(params: Mapping[str, Any]) -> bool:
    """Return whether the node hands the primary role over. Raises OptionError."""
    option = params["operation"] or {}
    if option.get("stand_still") is None:
        return False
    if params["role"] != NONE:
        raise validation.OptionError("operation.stand_still needs role: none")
    validation.check_seconds("operation.stand_still", option["stand_still"])
    return True


if __name__ == "__main__":
    main()
