#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ncs_ha_status
short_description: Read the HA status of a Cisco NSO node, or wait for it
description:
  - Reads which role an NSO node has in its HA cluster, which node it follows, which nodes follow
    it, its start phase and its transaction id.
  - With O(wait_for), waits until the node is in a certain state.
  - It disturbs no HA controller and needs no token, unless O(look) names the HA socket.
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
    details: It only reads, so it does the same with and without check mode.
  diff_mode:
    support: N/A
    details: It only reads.
  idempotent:
    support: full
options:
  wait_for:
    description:
      - What to wait for. Everything that is given must be true at the same time.
      - While waiting, a daemon that cannot be reached yet is tried again. A daemon that does not
        report its role ends the wait, unless it is in start phase 0 or may be changing its primary.
    type: dict
    suboptions:
      role:
        description: The role that the node must have.
        type: str
        choices: [none, primary, secondary, relay]
      primary_id:
        description: Node id of the node that it must follow. It must be text, so quote an id that
          YAML would read as a number.
        type: raw
      secondaries:
        description: Node ids that must all be connected to it, each of them text. Others may be
          connected as well.
        type: list
        elements: raw
      phase:
        description: The start phase that the node must have reached. A later one is also accepted.
        type: int
        choices: [0, 1, 2]
      txid:
        description: The id of a transaction that the node must have. A later transaction of the
          same primary is also accepted.
        type: dict
        version_added: 0.1.0
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
  wait_timeout:
    description: Seconds to wait for O(wait_for).
    type: float
    default: 300
  state_dir:
    description:
      - Absolute path of the node's state directory. If it is given, RV(state_directory) is
        returned, whether NSO answers or not.
      - A directory that does not exist counts as empty, and is not created.
    type: path
    version_added: 0.1.0
  operations:
    description:
      - How many entries of the log of operations to return, the newest, with O(state_dir). They are
        in RV(state_directory.operations).
    type: int
    default: 0
    version_added: 0.1.0
  run_id:
    description:
      - The id of the run that this task is part of, with O(state_dir).
      - If another run holds the lock there and it has not expired, NSO is not asked over the HA
        socket, since that would take the socket away from the run that is giving orders. The module
        then fails with RV(locked).
      - The operational state is still read, since that does not disturb the run. The lock is then
        in RV(state_directory), and what was read may change at any time.
    type: str
    version_added: 0.1.0
  ignore_locks:
    description: Ids of runs that are known to be gone. Their locks do not count.
    type: list
    elements: str
    default: []
    version_added: 0.1.0
  step:
    description: The purpose of this task. It is returned unchanged.
    type: str
    version_added: 0.1.0
  ha_ip:
    description:
      - The address or host name at which the other nodes connect to this one. It is used to find
        out whether a daemon that does not answer is running, see RV(daemon).
      - Without it, any loopback address at which something listens on O(ha_port) counts as an
        address of this node.
    type: str
    version_added: 0.1.0
  ha_port:
    description: The port at which the other nodes connect to this one, used for the same purpose.
    type: int
    default: 4570
    version_added: 0.1.0
  process:
    description:
      - A regular expression that matches the process of the daemon, used for the same purpose. It
        is matched against the name of the executable, a blank, and its arguments.
      - By default C(ncs.smp), with any arguments. A C(ncs_cli) or a Java VM is not a daemon.
    type: str
    default: "^ncs\\.smp( |$)"
    version_added: 0.1.0
seealso:
  - module: nso.ha.ncs_ha_role
  - module: nso.ha.ncs_ha_operation
"""

EXAMPLES = r"""
- name: Read the HA status
  nso.ha.ncs_ha_status:
  register: found

- name: Read it over the HA socket where the operational state does not tell it
  nso.ha.ncs_ha_status:
    look: [operational_state, ha_socket]
    token: "{{ nso_ha_token }}"

- name: Wait until both secondaries are connected
  nso.ha.ncs_ha_status:
    wait_for:
      role: primary
      secondaries: [n2, n3]
    wait_timeout: 60

- name: Wait until the daemon is up far enough to take orders
  nso.ha.ncs_ha_status:
    path: /tmp/nso/nso-ipc
    wait_for:
      phase: 1
"""

RETURN = r"""
ha:
  description:
    - What the node says of itself. The keys are always the same, with null for what is not known.
    - When O(wait_for) was not met in time, the last state seen, or null when the node never
      answered.
  returned: when the node answered, and when O(wait_for) was not met
  type: dict
  contains:
    role:
      description: V(none), V(primary), V(secondary) or V(relay).
      type: str
      returned: always
      sample: secondary
    state:
      description: The same as the daemon's number. 1 is none, 2 secondary, 3 primary, 4 relay.
      type: int
      returned: always
      sample: 2
    primary:
      description: The node that this one follows, or null. Of a follower it is null where the node
        does not tell it without its HA socket.
      type: dict
      returned: always
      sample: {"node_id": "n1", "address": "192.0.2.1"}
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
      sample: []
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
    look:
      description: How the role was found, V(operational_state) or V(ha_socket).
      type: str
      returned: always
      sample: operational_state
    node_id:
      description: The node id that the node goes by, or null. A node that is V(none) has none.
      type: str
      returned: always
      sample: n2
    read_only:
      description: Whether the node refuses writes, for whatever reason, or null.
      type: bool
      returned: always
    admin_read_only:
      description: Whether it does because it was told to, by an administrator or an operation, or
        null. Told from NSO 6.7 on.
      type: bool
      returned: always
    daemon_status:
      description: V(starting), V(phase0), V(phase1), V(started) or V(stopping), or null.
      type: str
      returned: always
      sample: started
    nso_version:
      description: The version of NSO, or null.
      type: str
      returned: always
      sample: "6.7"
    ha_enabled:
      description: Whether HA is enabled in C(ncs.conf), or null.
      type: bool
      returned: always
      sample: true
    rule_based_ha:
      description: Whether NSO's own rule-based HA is enabled, or null.
      type: bool
      returned: always
      sample: false
    raft:
      description: Whether NSO's own HA Raft is enabled, or null.
      type: bool
      returned: always
      sample: false
    phase:
      description: The start phase, from 0 to 2. Orders are taken from 1 on.
      type: int
      returned: always
      sample: 2
    upgrade:
      description: Whether a data model upgrade is under way.
      type: bool
      returned: always
    txid:
      description:
        - The id of the last transaction, or null if the daemon does not tell one.
        - Equal ids mean equal data. Order between ids of different primaries proves nothing.
      type: dict
      returned: always
      sample: {"primary_id": "n1", "timestamp": [1764, 2800, 123456]}
      contains:
        primary_id:
          description: Node id of the primary that made the transaction, or null on a node that has
            not been in a cluster.
          type: str
          returned: always
        timestamp:
          description: Megaseconds, seconds and microseconds of that primary's clock.
          type: list
          elements: int
          returned: always
    server:
      description: The versions that the daemon announced.
      type: dict
      returned: always
      sample: {"protocol_version": 77, "library_version": "7.7.1.0"}
      contains:
        protocol_version:
          description: The version of the IPC protocol. 87 and later are NSO 6.7 and later.
          type: int
          returned: always
        library_version:
          description: The version of the vendor's client library that goes with it.
          type: str
          returned: always
unanswered:
  description: That NSO answered, and does not tell the role by any way that O(look) allows.
  returned: when no way tells the role
  type: bool
locked:
  description: That NSO was not asked over its HA socket, as the lock of another run is there, or
    may be there.
  returned: where that is so
  type: bool
run_id:
  description: The run that this look is part of.
  returned: when O(run_id) is given
  type: str
  sample: 3f0c
step:
  description: What this look is for.
  returned: when O(step) is given
  type: str
  sample: observe
daemon:
  description:
    - Whether the daemon runs, by all that can be seen of it on its host. A refused connection alone
      does not tell, as NSO may listen somewhere else.
    - It is known not to run where nothing listens at O(path), O(ip) and O(port), at both of NSO's
      default endpoints and on O(ha_port), and no process is a daemon.
  returned: when nothing listens where NSO was to be asked and O(wait_for) was not given, and when
    the daemon does not run and the lock cannot be read
  type: dict
  sample:
    running: false
    why: Nothing listens where it would, and no process is a daemon.
  contains:
    running:
      description: Whether it runs, or null if that cannot be known.
      type: bool
      returned: always
    why:
      description: What was found, in words.
      type: str
      returned: always
answered_in:
  description: How long it took the node to tell RV(ha), in seconds.
  returned: when the node answered and O(wait_for) is not given
  type: float
  sample: 0.042
state_directory:
  description: What the node's state directory holds.
  returned: when O(state_dir) is given
  type: dict
  contains:
    path:
      description: The path of the directory.
      type: str
      returned: always
      sample: /var/lib/nso-ha
    lock:
      description: Who runs an operation on this node, or null.
      type: dict
      returned: always
      sample:
        run_id: 3f0c
        node_id: n1
        operation: switchover
        owner: ops@bastion
        process: {}
        taken: "2025-11-24T16:26:40.000000Z"
        expires: "2025-11-24T16:41:40.000000Z"
        lease: 900.0
        steps: [promote]
        fence: [n3]
        fenced: [n3]
        confirmed: []
        expired: false
        doubt: ""
      contains:
        run_id:
          description: The id of the run.
          type: str
          returned: always
        node_id:
          description: The node whose directory this is.
          type: str
          returned: always
        operation:
          description: The name of the operation.
          type: str
          returned: always
        owner:
          description: Who runs it.
          type: str
          returned: always
        process:
          description: The controlling process, as it was given.
          type: dict
          returned: always
        taken:
          description: Since when, in UTC by the clock of this host.
          type: str
          returned: always
        expires:
          description: Until when it is valid, likewise.
          type: str
          returned: always
        lease:
          description: For how many seconds it is valid each time it is taken or renewed.
          type: float
          returned: always
        steps:
          description: The steps that its run has yet to take on this node.
          type: list
          elements: str
          returned: always
        fence:
          description: The hosts that have to be fenced before this node is made primary.
          type: list
          elements: str
          returned: always
        fenced:
          description: The hosts that its run has confirmed to be fenced.
          type: list
          elements: str
          returned: always
        confirmed:
          description: The other tasks of the user's that its run has confirmed, each as an event
            and a host.
          type: list
          elements: str
          returned: always
        expired:
          description: Whether its time is over.
          type: bool
          returned: always
        doubt:
          description: Why its times cannot be right, in words, or nothing. It stays valid.
          type: str
          returned: always
    promotions:
      description: The promotion history, oldest first.
      type: list
      elements: dict
      returned: always
      sample: []
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
              description: Node id of the primary that made the transaction, or null on a node that
                had not been in a cluster.
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
    read_only:
      description: Which operation has put this daemon into the administrator's read-only mode and
        not lifted it yet, or null.
      type: dict
      returned: always
      sample:
        run_id: 3f0c
        operation: switchover
        at: "2025-11-24T16:26:40.000000Z"
        follower: false
      contains:
        run_id:
          description: The id of the run.
          type: str
          returned: always
        operation:
          description: The name of the operation.
          type: str
          returned: always
        at:
          description: When, in UTC by the clock of this host.
          type: str
          returned: always
        follower:
          description: Whether the daemon is to stay in the mode for as long as it is not primary.
            Else the operation is not finished.
          type: bool
          returned: always
    announced:
      description: That tasks of the user's have announced this node as primary, and confirmed it,
        or null. It holds as long as its epoch is that of the newest promotion.
      type: dict
      returned: always
      sample: {"epoch": 3, "run_id": "3f0c", "at": "2025-11-24T16:26:40.000000Z"}
      contains:
        epoch:
          description: The number of the newest promotion at that time, or 0 for none.
          type: int
          returned: always
        run_id:
          description: The id of the run.
          type: str
          returned: always
        at:
          description: When, in UTC by the clock of this host.
          type: str
          returned: always
    operations:
      description:
        - The newest entries of the log of operations, oldest first. Each has at least what is
          below, and may have more.
        - A run that changed nothing because it was refused is not in the log.
      type: list
      elements: dict
      returned: when O(operations) is above 0
      sample: []
      contains:
        at:
          description: When this host wrote the entry, in UTC by its clock.
          type: str
          returned: always
        run_id:
          description: The id of the run.
          type: str
          returned: always
        operation:
          description: Its operation.
          type: str
          returned: always
    operations_damaged:
      description: What could not be read of the log, in words.
      type: list
      elements: str
      returned: when O(operations) is above 0
      sample: []
    damaged:
      description: What could not be read, in words.
      type: list
      elements: str
      returned: always
      sample: []
    lock_problem:
      description: Why it is not known whether a run holds the lock, or nothing. Such a lock counts
        as one that is held.
      type: str
      returned: always
      sample: ""
    unusable:
      description: What a newer release of this collection wrote, in words. It must be neither
        relied on nor replaced.
      type: list
      elements: str
      returned: always
      sample: []
    untrusted:
      description: What must not be relied on either, as every user of the host can change it, or
        one that is not trusted, in words.
      type: list
      elements: str
      returned: always
      sample: []
    exposed:
      description: Who else could change what the directory holds, in words.
      type: list
      elements: str
      returned: always
      sample: []
error:
  description: What went wrong.
  returned: on failure, when there is an error code
  type: dict
  sample:
    code: 45
    name: EOF
    meaning: the daemon closed the connection
    hint: another HA controller may have connected, or the daemon stopped
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

import contextlib
import re
import time
from typing import TYPE_CHECKING, Any, Mapping

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nso.ha.plugins.module_utils._node import options, validation
from ansible_collections.nso.ha.plugins.module_utils._node.connection import Target
from ansible_collections.nso.ha.plugins.module_utils._node.failures import (
    ModuleFailure,
    module_failure,
    reported,
)
from ansible_collections.nso.ha.plugins.module_utils._node.node_status import (
    NodeStatus,
    StatusReader,
)
from ansible_collections.nso.ha.plugins.module_utils._node.state import ROLES
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

# What is imported is compiled at each call on the target. So what few calls need is imported where
# they need it.
if TYPE_CHECKING:
    from ansible_collections.nso.ha.plugins.module_utils._node import daemon, waiting


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        **options.connection_spec(),
        **options.look_spec(),
        "wait_for": {
            "type": "dict",
            "options": {
                "role": {"type": "str", "choices": list(ROLES)},
                "primary_id": {"type": "raw"},
                "secondaries": {"type": "list", "elements": "raw"},
                "phase": {"type": "int", "choices": [0, 1, 2]},
                "txid": options.txid_spec(),
            },
        },
        "wait_timeout": {"type": "float", "default": 300},
        "state_dir": {"type": "path"},
        "operations": {"type": "int", "default": 0},
        "run_id": {"type": "str"},
        "ignore_locks": {"type": "list", "elements": "str", "default": []},
        "step": {"type": "str"},
        "ha_ip": {"type": "str"},
        "ha_port": {"type": "int", "default": 4570},
        "process": {"type": "str", "default": r"^ncs\.smp( |$)"},
    }


#: The options that tell which run and step a result belongs to. They are returned as they are.
_IDENTITY = ("run_id", "step")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    identity = {name: params[name] for name in _IDENTITY if params[name] is not None}
    directory: str | None = None
    try:
        directory = _directory(params["state_dir"])
        began = time.monotonic()
        status = _read_status(params, directory)
        seconds = round(time.monotonic() - began, 3)
    except ModuleFailure as failure:
        result = {**identity, **failure.result, **_contents(directory, params["operations"])}
        module.fail_json(msg=failure.message, **result)
    else:
        result = {"ha": status.as_result(), **_contents(directory, params["operations"])}
        if not params["wait_for"]:
            result["answered_in"] = seconds
        module.exit_json(changed=False, **identity, **result)


def _directory(path: str | None) -> str | None:
    """Return the state directory, if there is one. Raises ModuleFailure."""
    with reported("Reading the options", "the target"):
        return None if path is None else validation.state_directory("state_dir", path)


def _contents(directory: str | None, operations: int) -> dict[str, Any]:
    """Return what the state directory holds when all is over: it may change during a wait."""
    if directory is None:
        return {}
    from ansible_collections.nso.ha.plugins.module_utils._store import contents

    held = contents.read_contents(directory).as_result(time.time())
    if operations > 0:
        held.update(contents.newest_operations(directory, operations))
    return {"state_directory": held}


def _read_status(params: Mapping[str, Any], directory: str | None) -> NodeStatus:
    """Return the status of the node, once what is waited for holds. Raises ModuleFailure."""
    with reported("Preparing to connect", "the target"):
        validation.check_seconds("wait_timeout", params["wait_timeout"])
        validation.check_port("ha_port", params["ha_port"])
        validation.check_pattern("process", params["process"])
        target = options.look_target(params)
        wanted = _conditions(params["wait_for"])
        reader = StatusReader(
            target,
            options.ways(params),
            guard=lambda: _respect_lock(params, directory, target),
            needed=wanted.peers if wanted else (),
        )
    reading = reported("Reading the HA status", target.endpoint)
    with reading, contextlib.closing(reader):
        if wanted is not None:
            return _wait(reader, target, wanted, params["wait_timeout"])
        try:
            return reader.read(target.timeout)
        except error.Failure as failure:
            raise _explained(params, target, failure) from None


def _conditions(wait_for: Mapping[str, Any] | None) -> waiting.Conditions | None:
    """Return what to wait for, or None. Raises OptionError."""
    if not wait_for:
        return None
    from ansible_collections.nso.ha.plugins.module_utils._node import waiting

    return waiting.conditions(wait_for)


def _respect_lock(params: Mapping[str, Any], directory: str | None, target: Target) -> None:
    """Raise ModuleFailure where another run is, or may be, at work on this node.

    For the HA socket only, which would be taken from that run. Where the lock cannot be read, it
    still says whether the daemon runs. That takes nothing from a run.
    """
    if directory is None or not params["run_id"]:
        return
    from ansible_collections.nso.ha.plugins.module_utils._store import contents

    content = contents.read_contents(directory)
    if content.lock_problem:
        evidence = _evidence(params, target)
        if evidence.running is False:
            raise ModuleFailure(
                f"NSO does not run at {target.endpoint}. {evidence.why} Whether a run holds the "
                f"lock is not known: {content.lock_problem}",
                {"daemon": evidence._asdict()},
            )
        raise ModuleFailure(
            "NSO was not asked, as that takes the HA socket from a run under way, and there may be "
            f"one: {content.lock_problem}",
            {"locked": True},
        )
    held = content.lock
    known = (params["run_id"], *params["ignore_locks"])
    if held is None or held.run_id in known or held.has_expired(time.time()):
        return
    doubt = held.doubt(time.time())
    about = f" Its times are in doubt: {doubt}." if doubt else ""
    raise ModuleFailure(
        f"NSO was not asked, as that takes the HA socket from a run under way: {held}.{about}",
        {"locked": True},
    )


def _explained(
    params: Mapping[str, Any], target: Target, failure: error.Failure
) -> ModuleFailure | error.Failure:
    """Return the failure. If nothing listens, it says whether the daemon runs, by all evidence."""
    from ansible_collections.nso.ha.plugins.module_utils._node import daemon

    if failure.os_errno not in daemon.NOTHING_LISTENS:
        return failure
    evidence = _evidence(params, target)
    reported_failure = module_failure("Reading the HA status", target.endpoint, failure)
    return ModuleFailure(
        f"{reported_failure.message} {evidence.why}",
        {**reported_failure.result, "daemon": evidence._asdict()},
    )


def _evidence(params: Mapping[str, Any], target: Target) -> daemon.Evidence:
    """Return whether the daemon runs, by everything that can be seen of it on this host."""
    from ansible_collections.nso.ha.plugins.module_utils._node import daemon

    return daemon.find_daemon(
        daemon.Place(
            target.endpoint,
            params["ha_ip"] or "",
            params["ha_port"],
            re.compile(params["process"]),
        )
    )


def _wait(
    reader: StatusReader, target: Target, wanted: waiting.Conditions, seconds: float
) -> NodeStatus:
    """Return the status once all conditions hold. Raises ModuleFailure, error.Failure."""
    from ansible_collections.nso.ha.plugins.module_utils._node import waiting

    waited = waiting.wait(reader, wanted, target.timeout, seconds)
    if waited.last is not None and not waited.missing:
        return waited.last
    last = {"ha": waited.last.as_result() if waited.last else None}
    action = f"Waiting {seconds:g} s ({'; '.join(waited.missing)})"
    if isinstance(waited.failure, ModuleFailure):
        text = f"{action} was not enough. {waited.failure.message}"
        raise ModuleFailure(text, {**waited.failure.result, **last})
    if waited.failure is not None:
        timed_out = module_failure(action, target.endpoint, waited.failure)
        raise ModuleFailure(timed_out.message, {**timed_out.result, **last})
    raise ModuleFailure(
        f"{action} was not enough at {target.endpoint}. Hint: read the log of this daemon and of "
        "the node it should be connected to, or allow more time.",
        last,
    )


if __name__ == "__main__":
    main()
