#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ncs_ha_operation
short_description: Begin or end an operation on the HA cluster of a Cisco NSO node
description:
  - Takes and releases the lock of a node, so that only one operation on its cluster runs at a time,
    and keeps the promotion history and the log. All of this is files on the node. NSO is not asked,
    and need not run.
  - The lock names its owner and expires. The modules that give orders renew it.
  - While the lock is held, some disk space is reserved, so that a full disk is noticed before
    anything changes and not halfway.
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
extends_documentation_fragment:
  - nso.ha.attributes
attributes:
  check_mode:
    support: full
    details: Reads and decides as usual, and writes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: A lock that the same operation already holds is renewed, which is not a change.
options:
  state_dir:
    description:
      - Absolute path of the directory with the lock of this node, the promotion history and the log
        of operations. Each node needs a directory of its own.
      - If only its last part is missing, it is created.
    type: path
    required: true
  state:
    description:
      - V(begun) takes the lock, or renews it with other steps.
      - V(held) verifies that the run still holds the lock, and renews it unchanged. It never takes
        a lock.
      - V(confirmed) writes into the lock that a host is fenced, withdrawn, backed up or announced.
        This is the last task of a hook. See O(host) and O(event).
      - V(ended) adds to the promotion history and to the log, and releases the lock. The lock of
        another operation stays.
    type: str
    required: true
    choices: [begun, held, confirmed, ended]
  run_id:
    description: The id of the run. At most 255 characters.
    type: str
    required: true
  step:
    description: For O(state=held), the purpose of this task. It is returned unchanged, so that the
      result cannot be mistaken for an earlier one.
    type: str
  node_id:
    description: The id of the node that this directory belongs to. It must be text, so quote an id
      that YAML would read as a number.
    type: raw
    required: true
  name:
    description:
      - The name of the operation. At most 255 characters.
      - Required for O(state=begun).
    type: str
  owner:
    description:
      - Who runs the operation, for people to read.
      - Required for O(state=begun).
    type: str
  steps:
    description:
      - For O(state=begun), the names of the steps that the run still has to take on this node. No
        other order is given as part of this operation.
      - A step that was in the lock and is not in this list is removed. See RV(struck).
    type: list
    elements: str
    default: []
  fence:
    description:
      - For O(state=begun), inventory names of the hosts that must be fenced before this node is
        promoted. M(nso.ha.ncs_ha_role) refuses the promotion until each of them is confirmed as
        fenced.
    type: list
    elements: str
    default: []
  event:
    description:
      - For O(state=confirmed), what is confirmed about the host. In hooks that the role
        P(nso.ha.cluster#role) runs, this is preset.
      - V(fence) means that it cannot stay primary or come back as primary.
      - V(withdraw) means that clients are no longer sent to it, V(announce) that they are.
      - V(backup) means that its data can be restored after it was overwritten.
    type: str
    default: fence
    choices: [fence, withdraw, backup, announce]
  host:
    description:
      - For O(state=confirmed), the inventory name of the host that O(event) is about.
      - In the tasks that O(nso.ha.cluster#role:failover:nso_ha_fence_tasks) names, this is
        C(nso_ha_fence_host), and in those for the other events C(nso_ha_hook.host). All other
        options except O(state) are preset.
      - Confirm only what you have verified after it was done. Nothing else protects the cluster
        from two primaries or from losing data.
    type: str
  epoch:
    description: For O(state=confirmed) and O(event=announce), the number of the newest promotion.
      The announcement is valid until another node is promoted, or this one is withdrawn.
    type: int
    default: 0
  begins:
    description: For O(state=held), the event whose tasks begin on this node now, if any. With
      V(withdraw), an earlier announcement is no longer valid.
    type: str
    default: ""
  within:
    description:
      - For O(state=confirmed), how many seconds ago the lock may have been taken or renewed. After
        that nothing is confirmed.
      - In hooks that the role runs, this is
        O(nso.ha.cluster#role:main:nso_ha_hook_timeout).
    type: float
  process:
    description: Data that identifies the controlling process. It is stored and returned unchanged.
    type: dict
    default: {}
  lease:
    description: Seconds for which the lock is valid, from when it is taken or renewed.
    type: float
    default: 900
  replace:
    description:
      - Ids of runs that are known to be gone, whose locks may be taken over.
      - A lock that has expired is taken over in any case.
    type: list
    elements: str
    default: []
  promotions:
    description:
      - For O(state=ended), entries that are merged into the promotion history.
      - Each has the keys C(epoch), C(primary), C(txid), C(start), C(at), C(operation) and
        C(run_id), as M(nso.ha.ncs_ha_status) and M(nso.ha.ncs_ha_role) return them.
      - The newest 1000 are kept.
    type: list
    elements: dict
    default: []
  log:
    description:
      - For O(state=ended), the entry for the log of operations. C(at) and C(run_id) are added if
        they are missing. An entry that this run has already logged is not added again.
      - The newest 200 are kept.
    type: dict
seealso:
  - module: nso.ha.ncs_ha_role
  - module: nso.ha.ncs_ha_status
"""

EXAMPLES = r"""
- name: Begin an operation
  nso.ha.ncs_ha_operation:
    state_dir: /var/lib/nso-ha
    state: begun
    run_id: "{{ run_id }}"
    node_id: n1
    name: switchover
    owner: ops@bastion

- name: Confirm that the former primary is off, as the last of the fencing tasks
  nso.ha.ncs_ha_operation:
    state: confirmed
    host: "{{ nso_ha_fence_host }}"

- name: End it, and keep what was done
  nso.ha.ncs_ha_operation:
    state_dir: /var/lib/nso-ha
    state: ended
    run_id: "{{ run_id }}"
    node_id: n1
    promotions: "{{ entries }}"
    log:
      operation: switchover
      outcome: done
"""

RETURN = r"""
lock:
  description:
    - The lock that is there afterwards, in check mode the one that is there now, or null.
    - If the operation may not begin, the lock that stands in the way.
  returned: when the options are valid
  type: dict
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
      description: The other tasks of the user's that its run has confirmed, each as an event and a
        host.
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
run_id:
  description: The id of this run.
  returned: when the options are valid
  type: str
  sample: 3f0c
struck:
  description: The steps that were due before and are not any more. Their orders were not given, and
    will not be.
  returned: when the options are valid and O(state=begun)
  type: list
  elements: str
  sample: [promote]
refusal:
  description:
    - Why the operation may not begin, or null if it may.
    - V(held) means that another lock stands in the way, or that another process is at work in the
      directory.
    - V(unreadable) means that a lock may be there, and cannot be read.
    - V(unwritable) means that no other lock is there, and that this one cannot be written, because
      of the disk or the directory.
  returned: when the options are valid and O(state=begun)
  type: str
  sample: null
step:
  description: What O(step) said.
  returned: when O(step) is given
  type: str
  sample: secondaries
replaced:
  description: The lock of another operation that was taken over, or null.
  returned: when the options are valid and O(state=begun)
  type: dict
  sample: null
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
      description: The other tasks of the user's that its run has confirmed, each as an event and a
        host.
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
"""

import time
from typing import Any, Callable, Mapping

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nso.ha.plugins.module_utils._apply import operation
from ansible_collections.nso.ha.plugins.module_utils._node import validation
from ansible_collections.nso.ha.plugins.module_utils._node.failures import (
    ModuleFailure,
    reported,
)
from ansible_collections.nso.ha.plugins.module_utils._store import (
    clock,
    contents,
    lock,
    plain_json,
)
from ansible_collections.nso.ha.plugins.module_utils._store.files import StoreError
from ansible_collections.nso.ha.plugins.module_utils._store.lock import Lock
from ansible_collections.nso.ha.plugins.module_utils._store.run_directory import (
    NotFree,
    RunDirectory,
)

#: What a host is when the hook of an event has done what it is for.
_DONE = {
    lock.FENCE: "fenced",
    lock.WITHDRAW: "withdrawn",
    lock.BACKUP: "backed up",
    lock.ANNOUNCE: "announced",
}


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        "state_dir": {"type": "path", "required": True},
        "state": {
            "type": "str",
            "required": True,
            "choices": ["begun", "held", "confirmed", "ended"],
        },
        "run_id": {"type": "str", "required": True},
        "step": {"type": "str"},
        "node_id": {"type": "raw", "required": True},
        "name": {"type": "str"},
        "owner": {"type": "str"},
        "steps": {"type": "list", "elements": "str", "default": []},
        "fence": {"type": "list", "elements": "str", "default": []},
        "event": {
            "type": "str",
            "default": "fence",
            "choices": ["fence", "withdraw", "backup", "announce"],
        },
        "host": {"type": "str"},
        "epoch": {"type": "int", "default": 0},
        "begins": {"type": "str", "default": ""},
        "within": {"type": "float"},
        "process": {"type": "dict", "default": {}},
        "lease": {"type": "float", "default": 900},
        "replace": {"type": "list", "elements": "str", "default": []},
        "promotions": {"type": "list", "elements": "dict", "default": []},
        "log": {"type": "dict"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_if=[("state", "begun", ("name", "owner")), ("state", "confirmed", ("host",))],
        supports_check_mode=True,
    )
    try:
        with reported("Reading the options", "the target"):
            result = _operate(module.params, module.warn, module.check_mode)
    except ModuleFailure as failure:
        module.fail_json(msg=failure.message, **failure.result)
    else:
        module.exit_json(**result)


def _operate(
    params: Mapping[str, Any], warn: Callable[[str], None], check_mode: bool
) -> dict[str, Any]:
    """Do what `state` says. Raises OptionError, ModuleFailure."""
    path = validation.state_directory("state_dir", params["state_dir"])
    validation.check_text("run_id", params["run_id"], operation.MAX_NAME)
    validation.check_node_id("node_id", params["node_id"])
    directory = RunDirectory(path, warn)
    states = {"begun": _begin, "held": _hold, "confirmed": _confirm, "ended": _end}
    act = states[params["state"]]
    return act(directory, params, check_mode)


def _begin(directory: RunDirectory, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Take or renew the lock."""
    wanted = _wanted(params)
    begin = directory.foresee if check_mode else directory.begin
    now = time.time()
    try:
        begun = begin(wanted, params["replace"], now)
    except StoreError as problem:
        refused: dict[str, Any] = {
            "run_id": wanted.run_id,
            "replaced": None,
            "struck": [],
            "refusal": directory.refusal(problem, wanted, params["replace"], now),
        }
        if isinstance(problem, NotFree):
            raise ModuleFailure(str(problem), {**refused, "lock": _shown(problem.lock)}) from None
        raise ModuleFailure(
            f"The operation cannot begin: {problem}", {**refused, "lock": _present(directory)}
        ) from None
    return {
        "changed": not begun.renewed,
        "run_id": wanted.run_id,
        "refusal": None,
        "lock": _present(directory) if check_mode else _shown(begun.lock),
        "replaced": _shown(begun.replaced),
        "struck": list(begun.struck),
    }


def _wanted(params: Mapping[str, Any]) -> Lock:
    """Return the lock that the options ask for. Raises OptionError."""
    validation.check_text("name", params["name"], operation.MAX_NAME)
    validation.check_text("owner", params["owner"], lock.MAX_TEXT)
    validation.check_seconds("lease", params["lease"])
    if params["lease"] > lock.MAX_LEASE:
        raise validation.OptionError(
            f"lease is {params['lease']:g}; the limit is {lock.MAX_LEASE:g}"
        )
    _check_plain("process", params["process"])
    now = time.time()
    return Lock(
        run_id=params["run_id"],
        node_id=params["node_id"],
        operation=params["name"],
        owner=params["owner"],
        process=params["process"],
        taken=clock.iso_text(now),
        expires=clock.iso_text(now + params["lease"]),
        lease=params["lease"],
        steps=_texts("steps", params["steps"]),
        fence=_texts("fence", params["fence"]),
    )


def _texts(name: str, value: list[str]) -> tuple[str, ...]:
    try:
        return lock.texts(name, value)
    except ValueError as problem:
        raise validation.OptionError(str(problem)) from None


def _check_plain(name: str, value: Mapping[str, Any] | None) -> None:
    try:
        plain_json.dump(value)
    except ValueError as problem:
        raise validation.OptionError(f"{name}: {problem}") from None


def _hold(directory: RunDirectory, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Prove that the lock is held, and renew it."""
    run_id: str = params["run_id"]
    identity = {"run_id": run_id}
    if params["step"] is not None:
        validation.check_text("step", params["step"], operation.MAX_NAME)
        identity["step"] = params["step"]
    hold = directory.foresee_held if check_mode else directory.hold
    try:
        held = hold(run_id, time.time())
        if params["begins"] == lock.WITHDRAW and not check_mode:
            directory.void_announcement()
    except StoreError as problem:
        raise ModuleFailure(
            f"The lock cannot be renewed: {problem}", {**identity, "lock": _present(directory)}
        ) from None
    return {"changed": False, **identity, "lock": _shown(held)}


def _confirm(
    directory: RunDirectory, params: Mapping[str, Any], check_mode: bool
) -> dict[str, Any]:
    """Write into the lock that a hook has done what it is for."""
    run_id, event, host, within = (params[name] for name in ("run_id", "event", "host", "within"))
    if within is not None:
        validation.check_seconds("within", within)
    if params["epoch"] < 0:
        raise validation.OptionError(f"epoch is {params['epoch']}; it cannot be below 0")
    now = time.time()
    try:
        if check_mode:
            held, new = directory.foresee_confirmed(run_id, host, now, within, event)
        else:
            held, new = directory.confirm(run_id, host, now, within, event, params["epoch"])
    except StoreError as problem:
        raise ModuleFailure(
            f"That {host} is {_DONE[event]} cannot be confirmed: {problem}",
            {"run_id": run_id, "lock": _present(directory)},
        ) from None
    present = _present(directory) if check_mode else _shown(held)
    return {"changed": new, "run_id": run_id, "lock": present}


def _end(directory: RunDirectory, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Record, log, give the lock back: each of them even if the one before has failed."""
    run_id: str = params["run_id"]
    log: dict[str, Any] | None = params["log"]
    entries = operation.entries("promotions", params["promotions"])
    _check_plain("log", log)
    problems: list[str] = []
    changed = False

    def attempt(act: Callable[[], bool]) -> None:
        nonlocal changed
        try:
            changed = act() or changed
        except StoreError as problem:
            problems.append(str(problem))

    if check_mode:
        attempt(lambda: directory.would_add(entries))
        attempt(lambda: log is not None and directory.would_log(run_id, log))
        attempt(lambda: directory.is_held(run_id))
    else:
        attempt(lambda: directory.add(entries))
        attempt(lambda: log is not None and directory.log(run_id, log, time.time()))
        attempt(lambda: directory.give_back(run_id))
    result = {"changed": changed, "run_id": run_id, "lock": _present(directory)}
    if problems:
        words = "; ".join(problems)
        raise ModuleFailure(f"The operation did not end as it should: {words}", result)
    return result


def _present(directory: RunDirectory) -> dict[str, Any] | None:
    """Return the lock that is there. One that cannot be read has been reported already."""
    try:
        return _shown(contents.read_lock(directory.path))
    except StoreError:
        return None


def _shown(held: Lock | None) -> dict[str, Any] | None:
    return held.as_result(time.time()) if held else None


if __name__ == "__main__":
    main()
