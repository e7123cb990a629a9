# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules do to the nodes of cluster_model.py, and what they return.

They are those of the collection, one that switches a host off, model.power.off, and one that tells
a load balancer of it, model.balancer.ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.nso.ha.plugins.module_utils._node.state import FOLLOWERS
from ansible_collections.nso.ha.plugins.plugin_utils._agents.call import Call
from ansible_collections.nso.ha.plugins.plugin_utils._run import results

from helpers.cluster_model import Cluster, Node, Refused

Result = dict[str, Any]
Module = Callable[[Call], Result]

#: With a host, the name of the look at it just before a wave that cannot be taken back.
LOOK = "look"

#: The options of the modules that are not of the collection.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "model.power.off": {"host": {"type": "str", "required": True}},
    "model.balancer.ask": {},
}


@cache
def _validator(name: str) -> ArgumentSpecValidator:
    """Return what validates the options of a module, as the module itself does."""
    options = _OPTIONS.get(name)
    if options is None:
        module = name.rpartition(".")[2]
        code = import_module(f"ansible_collections.nso.ha.plugins.modules.{module}")
        options = code.argument_spec()
    return ArgumentSpecValidator(options)


class Modules:
    """The modules.

    before: called with the name of each change just before it is made, and with that of each LOOK
    """

    def __init__(self, cluster: Cluster, before: Callable[[str], object]) -> None:
        self._cluster = cluster
        self._before = before

    def by_name(self) -> dict[str, Module]:
        """Return the modules by their full names."""
        functions = {
            "model.power.off": self._switch_off,
            "model.balancer.ask": self._ask_balancer,
            "nso.ha.ncs_ha_operation": self._operate,
            "nso.ha.ncs_ha_read_only": self._set_read_only,
            "nso.ha.ncs_ha_role": self._give_role,
            "nso.ha.ncs_ha_secondary_dead": self._declare_dead,
            "nso.ha.ncs_ha_start_phase": self._start_phase,
            "nso.ha.ncs_ha_status": self._read_status,
        }
        return {name: self._module(name, act) for name, act in functions.items()}

    def _module(self, name: str, act: Callable[[Node, Mapping[str, Any], bool], Result]) -> Module:
        def module(call: Call) -> Result:
            problems = _validator(name).validate(dict(call.arguments)).error_messages
            assert not problems, f"{name}: {problems}"
            return act(self._cluster.nodes[call.host], call.arguments, call.check_mode)

        return module

    def _switch_off(self, _node: Node, options: Mapping[str, Any], check: bool) -> Result:
        """Do what tasks of the operator do that fence a host."""
        self._before(f"power off {options['host']}")
        self._cluster.stop(options["host"])
        return {"changed": True}

    def _ask_balancer(self, node: Node, _options: Mapping[str, Any], check: bool) -> Result:
        """Do what tasks of the operator do for the clients."""
        self._before(f"balancer {node.host}")
        return {"changed": True}

    def _read_status(self, node: Node, options: Mapping[str, Any], check: bool) -> Result:
        said = {"run_id": options["run_id"], "step": options["step"]}
        directory: Result = {}
        if "state_dir" in options:
            directory["state_directory"] = self._cluster.state_directory(node)
        known = (options["run_id"], *options.get("ignore_locks", ()))
        ways = options["look"]
        by_socket = ways[0] == "ha_socket" or (node.mute and "ha_socket" in ways)
        assert not by_socket or options.get("token")
        if by_socket and directory and node.lock and node.lock["run_id"] not in known:
            return {**said, **directory, "failed": True, "msg": "another run", "locked": True}
        if options["step"].startswith(results.before("")):
            self._before(f"{LOOK} {node.host}")
        unmet = self._cluster.unmet(node, options.get("wait_for") or {})
        failed = {"failed": True, "msg": f"{node.host}: {unmet}"} if unmet else {}
        return {**said, **failed, **self._cluster.status(node, ways), **directory}

    # The lock, and what is recorded

    def _operate(self, node: Node, options: Mapping[str, Any], check: bool) -> Result:
        act = {
            "begun": self._begin,
            "held": self._hold,
            "confirmed": self._confirm,
            "ended": self._end,
        }
        return {"run_id": options["run_id"], **act[options["state"]](node, options)}

    def _begin(self, node: Node, options: Mapping[str, Any]) -> Result:
        existing, run_id = node.lock, options["run_id"]
        if existing and existing["run_id"] not in (run_id, *options.get("replace", ())):
            return {"failed": True, "msg": "another run", "struck": [], "lock": existing}
        held = existing if existing and existing["run_id"] == run_id else None
        self._before(f"{'renew' if held else 'lock'} {node.host}")
        node.lock = {
            "run_id": run_id,
            "operation": options["name"],
            "owner": options["owner"],
            "process": options["process"],
            "taken": "then",
            "expires": "later",
            "expired": False,
            "lease": 900.0,
            "steps": options["steps"],
            "fence": options.get("fence", []),
            "fenced": held["fenced"] if held else [],
            "confirmed": held["confirmed"] if held else [],
        }
        struck = [step for step in held["steps"] if step not in options["steps"]] if held else []
        return {"changed": not held, "lock": node.lock, "struck": struck}

    def _hold(self, node: Node, options: Mapping[str, Any]) -> Result:
        said = {"step": options["step"]}
        try:
            held = _held(node, options["run_id"])
            if options.get("begins") == "withdraw":
                node.announced = None
            return {**said, "changed": False, "lock": held}
        except Refused as problem:
            return {**said, "failed": True, "msg": str(problem), "lock": node.lock}

    def _confirm(self, node: Node, options: Mapping[str, Any]) -> Result:
        try:
            lock = _held(node, options["run_id"])
        except Refused as problem:
            return {"failed": True, "msg": str(problem), "lock": node.lock}
        self._before(f"confirm {node.host}")
        event, host = options["event"], options["host"]
        name = f"{event} {host}"
        if event == "fence":
            assert host in lock["fence"]
            node.lock = {**lock, "fenced": [*lock["fenced"], host]}
        else:
            assert name in lock["steps"]
            due = [step for step in lock["steps"] if step != name]
            node.lock = {**lock, "steps": due, "confirmed": [*lock["confirmed"], name]}
        if event == "announce":
            node.announced = {"epoch": options["epoch"], "run_id": options["run_id"], "at": "now"}
        return {"changed": True, "lock": node.lock}

    def _end(self, node: Node, options: Mapping[str, Any]) -> Result:
        completed = self._complete(node, options.get("promotions", ()))
        given_back = node.lock is not None and node.lock["run_id"] == options["run_id"]
        if given_back:
            self._before(f"unlock {node.host}")
            node.lock = None
        return {"changed": completed or given_back, "lock": node.lock}

    def _complete(self, node: Node, entries: Iterable[Result]) -> bool:
        """Complete the promotion history of a node; return whether it lacked anything."""
        if all(entry in node.record for entry in entries):
            return False
        self._before(f"remember {node.host}")
        node.remember(entries)
        return True

    # The orders, which are all part of an operation

    def _declare_dead(self, node: Node, options: Mapping[str, Any], check: bool) -> Result:
        operation, dead = options["operation"], options["node_id"]

        def act() -> Result:
            if dead not in node.listed:
                return {"transitions": [], "after": self._state(node)}
            _start(node, operation)
            self._before(f"dead {node.host}")
            del node.listed[dead]
            return {
                "changed": True,
                "transitions": ["secondary_dead"],
                "after": self._state(node),
            }

        return _outcome(node, operation, act)

    def _start_phase(self, node: Node, options: Mapping[str, Any], check: bool) -> Result:
        operation, phase = options["operation"], options["phase"]
        if check:
            return {"changed": node.phase < phase}

        def act() -> Result:
            if node.phase >= phase:
                return {"changed": False, "transitions": []}
            _start(node, operation)
            self._before(f"start_phase_{phase} {node.host}")
            assert node.phase == phase - 1
            node.phase = phase
            return {"changed": True, "transitions": [f"start_phase_{phase}"]}

        return _outcome(node, operation, act)

    def _set_read_only(self, node: Node, options: Mapping[str, Any], check: bool) -> Result:
        operation, on = options["operation"], options["read_only"]
        if check:
            return {"changed": node.read_only != on}
        assert operation["follower"] == on

        def act() -> Result:
            _start(node, operation)
            return self._keep(node, operation) if on else self._open(node)

        return _outcome(node, operation, act)

    def _keep(self, node: Node, operation: Mapping[str, Any]) -> Result:
        """Put a node into read-only mode that is to stay in it as a follower."""
        administrator = node.read_only and not node.mark
        changed = not node.read_only
        if not administrator:
            self._mark(node, operation)
            if changed:
                self._before(f"read_only True {node.host}")
                node.read_only = True
            assert node.mark
            self._before(f"mark as follower {node.host}")
            node.mark = {**node.mark, "follower": True}
        return {
            "changed": changed,
            "administrator": administrator,
            "txid": node.txid_result(),
            "times": [],
        }

    def _open(self, node: Node) -> Result:
        """Lift the read-only mode that a run has set."""
        administrator = node.read_only and not node.mark
        changed = node.read_only and node.mark is not None
        if changed:
            self._before(f"read_only False {node.host}")
            node.read_only = False
        if node.mark:
            self._before(f"unmark {node.host}")
            node.mark = None
        return {
            "changed": changed,
            "administrator": administrator,
            "txid": node.txid_result(),
            "times": [],
        }

    def _mark(self, node: Node, operation: Mapping[str, Any]) -> None:
        self._before(f"mark {node.host}")
        node.mark = {
            "run_id": operation["run_id"],
            "operation": operation["name"],
            "at": "now",
        }

    def _give_role(self, node: Node, options: Mapping[str, Any], check: bool) -> Result:
        operation = options["operation"]
        orders: list[str] = []
        entry: Result | None = None

        def before(order: str) -> None:
            nonlocal entry
            if not orders:
                _start(node, operation)
                if order != "beprimary" and (node.mark or {}).get("follower"):
                    self._forget(node)
            self._complete(node, operation["promotions"])
            if order == "beprimary":
                entry = self._promote(node, operation)
            if "stand_still" in operation:
                orders.extend(self._close(node, operation))
            self._before(f"{order} {node.host}")
            orders.append(order)

        def act() -> Result:
            if check:
                status = self._cluster.status(node, options["look"])
                if "ha" not in status:
                    raise Refused(status["msg"])
                return {"transitions": [], "before": status["ha"]}
            follows = "primary_id" in options
            self._cluster.give_role(
                node.host,
                options["role"],
                options.get("node_id", ""),
                (options["primary_id"], options["primary_ip"]) if follows else None,
                options.get("force", False) or "stand_still" in operation,
                before,
            )
            return self._lift(node, orders) if operation.get("lift") else {}

        answers = node.reachable
        outcome = _outcome(node, operation, act)
        if check or not answers:
            return outcome
        return {
            **outcome,
            "changed": bool(orders),
            "transitions": orders,
            "after": self._state(node),
            "txid": node.txid_result(),
            "entry": entry,
            "times": [],
        }

    def _forget(self, node: Node) -> None:
        """Remove the mark of a follower that has lost read-only mode."""
        if not node.read_only:
            self._before(f"unmark {node.host}")
            node.mark = None

    def _lift(self, node: Node, orders: list[str]) -> Result:
        """Let a new primary take writes."""
        if "beprimary" not in orders:
            raise Refused(f"{node.host}: it has become primary in the meantime")
        if self._open(node)["changed"]:
            orders.append("writable")
        return {"lifted": "done"}

    def _close(self, node: Node, operation: Mapping[str, Any]) -> list[str]:
        """Put a node that hands over into read-only mode; return the orders for that."""
        if node.role in FOLLOWERS:
            raise Refused(f"{node.host}: it has no primary role to hand over")
        administrator = node.read_only and not node.mark
        if operation["administrator"] != administrator:
            raise Refused(f"{node.host}: it is, or is not, read-only by an administrator")
        if administrator:
            return []
        self._mark(node, operation)
        self._before(f"read_only True {node.host}")
        orders = [] if node.read_only else ["read_only"]
        node.read_only = True
        return orders

    def _promote(self, node: Node, operation: Mapping[str, Any]) -> Result | None:
        """Record that a node is made primary, if it may be; return the entry."""
        lock = _held(node, operation["run_id"])
        unfenced = set(lock["fence"]) - set(lock["fenced"])
        if unfenced:
            raise Refused(f"{node.host}: {', '.join(unfenced)} may still be primary")
        if "txid" in operation and node.txid_result() != operation["txid"]:
            raise Refused(f"{node.host}: its data are not those it was chosen for")
        if "epoch" not in operation:
            return None
        self._before(f"record {node.host}")
        entry = self._cluster.promotion(
            node, operation["epoch"], operation["name"], operation["run_id"]
        )
        node.remember([entry])
        return entry

    def _state(self, node: Node) -> Result:
        state: Result = self._cluster.state(node).as_result()
        return state


def _held(node: Node, run_id: str) -> Result:
    """Return the lock of a run on a node."""
    if node.lock is None or node.lock["run_id"] != run_id:
        raise Refused(f"{node.host}: the lock of {run_id} is not held")
    return node.lock


def _start(node: Node, operation: Mapping[str, Any]) -> None:
    """Strike a step off the lock, as each module does before its first order."""
    lock, step = _held(node, operation["run_id"]), operation["step"]
    if step not in lock["steps"]:
        raise Refused(f"{node.host}: the step {step} is not due")
    before = lock["steps"][: lock["steps"].index(step)]
    assert not [name for name in before if name.startswith(("withdraw ", "backup "))]
    node.lock = {**lock, "steps": [due for due in lock["steps"] if due != step]}


def _outcome(node: Node, operation: Mapping[str, Any], act: Callable[[], Result]) -> Result:
    """Return what a module returns that is part of an operation, and does this."""
    said = {"run_id": operation["run_id"], "step": operation["step"]}
    try:
        if not node.reachable:
            raise Refused(f"no answer from {node.host}")
        return {**said, "outcome": "done", **act()}
    except Refused as problem:
        return {**said, "failed": True, "outcome": "failed", "msg": str(problem)}
