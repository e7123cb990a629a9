# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of the role on a model of a cluster.

The tasks and the decisions are those of the collection. What is modelled is what Ansible does
(role_runner.py) and what the modules do to a node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._model import plain
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import (
    decisions,
    planning,
    results,
    settings,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.planning import Known
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import Settings
from ansible_collections.nso.ha.plugins.plugin_utils._run.state import (
    Decision,
    OperationPlan,
    Progress,
    Run,
)

from helpers.cluster_model import Cluster, Node, Refused
from helpers.role_runner import Call, Failures, Result, RoleRunner

#: Variables in which the role registers what was decided.
_SETTINGS, _DECISION, _REPORTED = (
    "__nso_ha_settings",
    "__nso_ha_decision",
    "__nso_ha_reported",
)


#: With a host, the name of the look at it just before a wave that cannot be taken back.
LOOK = "look"


class Interrupted(Exception):
    """The run ends here as if it were killed: nothing of it happens any more."""


def every_run_is_gone(_process: Mapping[str, Any]) -> bool:
    """No run but this one lives."""
    return True


class Play:
    """A run of one operation.

    before:    called with the name of each change just before it is made, and with that of each
               LOOK; it may raise Interrupted
    variables: what the operator asks for: variables of the group without the prefix nso_ha_
    failures:  the hosts on which the play failed
    """

    def __init__(
        self,
        members: Sequence[Member],
        cluster: Cluster,
        operation: str = operations.CONVERGE,
        run_id: str = "run",
        before: Callable[[str], object] = lambda _change: None,
        **variables: object,
    ) -> None:
        self.failures: Failures = {}
        self._hosts = [member.host for member in members]
        self._cluster = cluster
        self._operation = operation
        self._run_id = run_id
        self._before = before
        self._run: Run | None = None
        self._settings: dict[str, Settings] = {}
        self._plan: tuple[Result, OperationPlan] | None = None
        group = {f"nso_ha_{name}": value for name, value in variables.items()}
        self._runner = RoleRunner(
            {member.host: {**_variables(member), **group} for member in members},
            {
                "nso.ha.cluster_decision": self._decide,
                "nso.ha.ncs_ha_operation": self._operate,
                "nso.ha.ncs_ha_read_only": self._set_read_only,
                "nso.ha.ncs_ha_role": self._give_role,
                "nso.ha.ncs_ha_secondary_dead": self._declare_dead,
                "nso.ha.ncs_ha_status": self._read_status,
            },
        )

    def run(self) -> Decision:
        """Do it all; return the decision as it is in the end."""
        self.failures = self._runner.run(self._operation)
        return self.decision

    @property
    def decision(self) -> Decision:
        """Return what was decided last."""
        return self._typed(self._registered[_DECISION])

    @property
    def report(self) -> Result:
        """Return the report of the run."""
        found: Result = self._registered[_REPORTED]["report"]
        return found

    @property
    def _registered(self) -> Result:
        return self._runner.registered[self._hosts[0]]

    # The decisions

    def _decide(self, call: Call) -> Result:
        _check(call, "step", "operation", "dry", "hosts", "once", "wave")
        step = call.arguments["step"]
        if step == "settings":
            return self._state(call)
        if step == "begin":
            return self._begin(call)
        assert self._run is not None
        registered = self._runner.registered
        known = Known(
            run=self._run,
            settings=self._settings,
            results=results.gather(registered, registered[call.host], self._run_id),
            gone=every_run_is_gone,
        )
        earlier = registered[call.host].get(_DECISION)
        about = decisions.Subject(
            decision=self._typed(earlier) if earlier else None,
            now=0.0,
            hosts=tuple(call.arguments.get("hosts", ())),
            once=call.arguments.get("once", False),
            wave=call.arguments.get("wave", 0),
        )
        return {**decisions.decide(step, known, about), "run": self._run_id}

    def _typed(self, registered: Result) -> Decision:
        """Return a registered decision. Most do not change the plan, which takes long to convert."""
        plan, progress = registered["plan"], registered["progress"]
        if self._plan is None or self._plan[0] != plan:
            self._plan = (plan, plain.from_dict(OperationPlan, plan))
        return Decision(
            self._plan[1], plain.from_dict(Progress, progress), needed=registered["needed"]
        )

    def _state(self, call: Call) -> Result:
        own = settings.read(call.host, call.scope.value, {})
        self._settings[call.host] = own
        return {"settings": plain.to_dict(own)}

    def _begin(self, call: Call) -> Result:
        self._run = Run(
            run_id=self._run_id,
            owner="me@here",
            began="2026-01-02T03:04:05Z",
            process={"pid": 1},
            operation=call.arguments["operation"],
            hosts=tuple(self._hosts),
            dry=call.arguments["dry"],
            problems=tuple(planning.problems(self._operation, self._settings)),
        )
        return {"run": plain.to_dict(self._run)}

    # The modules

    def _read_status(self, call: Call) -> Result:
        _check(
            call,
            *_CONNECTION,
            "state_dir",
            "run_id",
            "step",
            "ha_ip",
            "ha_port",
            "process",
            "ignore_locks",
            "wait_for",
            "wait_timeout",
        )
        arguments, node = call.arguments, self._cluster.nodes[call.host]
        said = _said(arguments["run_id"], arguments["step"])
        kept = {"kept": self._cluster.kept(node)} if "state_dir" in arguments else {}
        known = (arguments["run_id"], *arguments.get("ignore_locks", ()))
        if kept and node.lock and node.lock["id"] not in known:
            return {**said, **kept, "failed": True, "msg": "another run", "locked": True}
        if arguments["step"].startswith(results.before("")):
            self._before(f"{LOOK} {node.host}")
        status = self._cluster.status(node)
        missing = self._cluster.unmet(node, arguments.get("wait_for") or {})
        failed = {"failed": True, "msg": f"{node.host}: {missing}"} if missing else {}
        return {**said, **status, **kept, **failed}

    def _operate(self, call: Call) -> Result:
        _check(
            call,
            "state_dir",
            "state",
            "id",
            "node_id",
            "name",
            "owner",
            "process",
            "lease",
            "steps",
            "fence",
            "host",
            "replace",
            "timeline",
            "log",
        )
        node = self._cluster.nodes[call.host]
        act = {"begun": self._begin_at, "confirmed": self._confirm_at, "ended": self._end_at}
        return act[call.arguments["state"]](node, call.arguments)

    def _begin_at(self, node: Node, wanted: Mapping[str, Any]) -> Result:
        existing = node.lock
        run_id = wanted["id"]
        if existing and existing["id"] not in (run_id, *wanted.get("replace", ())):
            msg = f"{node.host}: another operation runs on this node"
            return {"failed": True, "msg": msg, "run": run_id, "struck": [], "lock": existing}
        held = existing if existing and existing["id"] == run_id else None
        self._before(f"{'renew' if held else 'lock'} {node.host}")
        node.lock = {
            "id": run_id,
            "operation": wanted["name"],
            "owner": wanted["owner"],
            "process": wanted["process"],
            "taken": "then",
            "expires": "later",
            "expired": False,
            "steps": wanted["steps"],
            "fence": wanted.get("fence", []),
            "fenced": held["fenced"] if held else [],
        }
        struck = [step for step in held["steps"] if step not in wanted["steps"]] if held else []
        return {"changed": not held, "run": run_id, "lock": node.lock, "struck": struck}

    def _confirm_at(self, node: Node, wanted: Mapping[str, Any]) -> Result:
        lock = _held(node, wanted["id"])
        assert wanted["host"] in lock["fence"]
        self._before(f"confirm {node.host}")
        node.lock = {**lock, "fenced": [*lock["fenced"], wanted["host"]]}
        return {"changed": True, "run": wanted["id"], "lock": node.lock}

    def _end_at(self, node: Node, wanted: Mapping[str, Any]) -> Result:
        completed = self._remember(node, wanted.get("timeline", ()))
        given_back = node.lock is not None and node.lock["id"] == wanted["id"]
        if given_back:
            self._before(f"unlock {node.host}")
            node.lock = None
        return {"changed": completed or given_back, "run": wanted["id"], "lock": node.lock}

    def _declare_dead(self, call: Call) -> Result:
        _check(call, *_CONNECTION, "node_id", "operation")
        node, operation = self._cluster.nodes[call.host], call.arguments["operation"]
        said, dead = _said(operation["id"], operation["step"]), call.arguments["node_id"]
        if not node.reachable:
            return {**said, **_no_answer(node)}
        if dead not in node.listed:
            return {**said, "outcome": "done", "transitions": [], "after": self._state_of(node)}
        try:
            _start(node, operation)
        except Refused as problem:
            return {**said, "failed": True, "msg": str(problem), "outcome": "failed"}
        self._before(f"dead {node.host}")
        del node.listed[dead]
        orders = {"transitions": ["secondary_dead"], "after": self._state_of(node)}
        return {**said, "changed": True, "outcome": "done", **orders}

    def _set_read_only(self, call: Call) -> Result:
        _check(call, *_CONNECTION, "read_only", "operation")
        node, operation = self._cluster.nodes[call.host], call.arguments["operation"]
        said, on = _said(operation["id"], operation["step"]), call.arguments["read_only"]
        if not node.reachable:
            return {**said, **_no_answer(node)}
        try:
            _start(node, operation)
        except Refused as problem:
            return {**said, "failed": True, "msg": str(problem), "outcome": "failed"}
        if on:
            self._before(f"mark {node.host}")
            node.mark = {"run": operation["id"], "operation": operation["name"], "at": "now"}
        self._before(f"read_only {on} {node.host}")
        node.read_only = on
        if not on:
            self._before(f"unmark {node.host}")
            node.mark = None
        return {**said, "changed": True, "outcome": "done", "txid": txid_of(node), "times": []}

    def _give_role(self, call: Call) -> Result:
        _check(
            call,
            *_CONNECTION,
            "role",
            "node_id",
            "primary_id",
            "primary_ip",
            "wait_timeout",
            "force",
            "operation",
        )
        arguments, node = call.arguments, self._cluster.nodes[call.host]
        operation = arguments["operation"]
        said = _said(operation["id"], operation["step"])
        if not node.reachable:
            return {**said, **_no_answer(node)}
        if call.check_mode:
            return {**said, "transitions": [], "before": self._state_of(node)}
        orders: list[str] = []
        entries: list[Result] = []

        def escort(order: str) -> None:
            if not orders:
                _start(node, operation)
            self._remember(node, operation["timeline"])
            if order == "beprimary":
                entries.extend(self._record_promotion(node, operation))
            self._before(f"{order} {node.host}")
            orders.append(order)

        upstream = (arguments["primary_id"], arguments["primary_ip"]) if (
            "primary_id" in arguments
        ) else None
        failed: Result = {}
        try:
            self._cluster.give_role(
                node.host,
                arguments["role"],
                arguments["node_id"],
                upstream,
                arguments["force"],
                escort,
            )
        except Refused as problem:
            failed = {"failed": True, "msg": str(problem)}
        return {
            **said,
            **failed,
            "outcome": "failed" if failed else "done",
            "changed": bool(orders),
            "transitions": orders,
            "after": self._state_of(node),
            "txid": txid_of(node),
            "entry": entries[-1] if entries else None,
            "times": [],
        }

    def _record_promotion(self, node: Node, operation: Mapping[str, Any]) -> list[Result]:
        """Record that a node is made primary, if it may be; return the entry."""
        lock = _held(node, operation["id"])
        unfenced = set(lock["fence"]).difference(lock["fenced"])
        if unfenced:
            raise Refused(f"{node.host}: {', '.join(unfenced)} may still be primary")
        if "txid" in operation and txid_of(node) != operation["txid"]:
            raise Refused(f"{node.host}: its data are not those it was chosen for")
        if "epoch" not in operation:
            return []
        self._before(f"record {node.host}")
        entry = promotion(
            self._cluster, node, operation["epoch"], operation["name"], operation["id"]
        )
        remember(node, [entry])
        return [entry]

    def _remember(self, node: Node, entries: Sequence[Result]) -> bool:
        """Complete the promotion history of a node; return whether it lacked anything."""
        if all(entry in node.record for entry in entries):
            return False
        self._before(f"remember {node.host}")
        remember(node, entries)
        return True

    def _state_of(self, node: Node) -> Result:
        state: Result = self._cluster.state(node).as_result()
        return state


#: The options that every module that connects has. In the model nothing can be wrong with them.
_CONNECTION = ("token", "path", "ip", "port", "access_file", "timeout")


def _check(call: Call, *known: str) -> None:
    unknown = set(call.arguments).difference(known)
    assert not unknown, unknown


def _said(run_id: str, step: str) -> Result:
    return {"run": run_id, "step": step}


def _no_answer(node: Node) -> Result:
    return {"failed": True, "msg": f"no answer from {node.host}", "outcome": "failed"}


def _held(node: Node, run_id: str) -> Result:
    """Return the lock of a run on a node."""
    if node.lock is None or node.lock["id"] != run_id:
        raise Refused(f"{node.host}: the lock of {run_id} is not held")
    return node.lock


def _start(node: Node, operation: Mapping[str, Any]) -> None:
    """Strike a step off the lock, as each module does before its first order."""
    lock, step = _held(node, operation["id"]), operation["step"]
    if step not in lock["steps"]:
        raise Refused(f"{node.host}: the step {step} is not due")
    node.lock = {**lock, "steps": [due for due in lock["steps"] if due != step]}


def _variables(member: Member) -> Result:
    """Return what the inventory says of a node."""
    return {
        "nso_ha_token": "secret",
        "nso_ha_node_id": member.node_id,
        "nso_ha_node_ip": member.address,
        "nso_ha_role": member.role,
        "nso_ha_upstream": member.upstream,
        "nso_ha_priority": member.priority,
    }


def promotion(
    cluster: Cluster, node: Node, epoch: int, operation: str = "converge", run_id: str = "run"
) -> Result:
    """Return the entry for a promotion of a node now."""
    start = cluster.stamp(node)
    return {
        "epoch": epoch,
        "primary": node.node_id,
        "txid": txid_of(node),
        "start": list(start),
        "at": str(start[1]),
        "operation": operation,
        "run": run_id,
    }


def remember(node: Node, entries: Iterable[Result]) -> None:
    """Add entries to the promotion history of a node."""
    node.record += [entry for entry in entries if entry not in node.record]


def txid_of(node: Node) -> Result | None:
    """Return the transaction id of a node as the modules return it."""
    return node.txid.as_dict() if node.txid else None
