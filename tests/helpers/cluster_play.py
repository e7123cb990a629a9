# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of the role on a model of a cluster: what its tasks and modules do, without Ansible.

The decisions are those of the collection. What is here follows roles/cluster/tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._run import cluster, progress, recheck, report

from helpers.cluster_model import Cluster, Node, Refused, hostvars

Result = dict[str, Any]


class Interrupted(Exception):
    """The run ends here as if it were killed: nothing of it happens any more."""


def given(operation: str = "converge", run: str = "run", **more: object) -> Result:
    """Return what an operator asked for: an operation, with nothing agreed to."""
    return {
        "operation": operation,
        "candidate": "",
        "allow_overwrite": False,
        "allow_data_loss": False,
        "override": [],
        "break_lock": "",
        "fence_tasks": "",
        "check_mode": False,
        "lock_timeout": 900,
        "wait_timeout": 300,
        "run": {
            "id": run,
            "owner": "me@here",
            "began": "2026-01-02T03:04:05Z",
            "process": {"pid": 1},
        },
        "problems": [],
        "fence_problem": "",
        "locked": [],
        "unfinished": [],
        **more,
    }


def everybody_is_gone(_process: Mapping[str, Any]) -> bool:
    """No run but this one lives."""
    return True


class Play:
    """A run of one operation.

    before: called with the name of each change just before it is made; it may raise Interrupted
    plan:   the plan, as far as it has come
    """

    def __init__(
        self,
        members: Sequence[Member],
        there: Cluster,
        asked: Result,
        before: Callable[[str], object] = lambda _change: None,
    ) -> None:
        self.members = members
        self.hosts = [one.host for one in members]
        self.there = there
        self.asked = asked
        self.before = before
        self.locked: list[str] = []
        self.observed: dict[str, Result] = {}
        self.plan: Result = {}

    def run(self) -> Result:
        """Do it all; return the plan as it is in the end."""
        self._plan()
        needed = self.plan["waves"] or self.plan["lacking"] or self.plan["lock"]["replace"]
        if self.plan["refused"] or not needed:
            return self.plan
        self._lock()
        self._plan("under lock")
        self._renew()
        self._rehearse()
        self._carry_out()
        if self.plan.get("reversible"):
            struck = {host: self._withdraw(host) for host in self.locked}
            self._observe("roll back")
            found = self._found(__nso_ha_struck=struck)
            self.plan = cluster.roll_back(self.plan, found, self._asked(), everybody_is_gone)
            self._renew()
            self._carry_out()
        self._unlock()
        return self.plan

    def report(self) -> Result:
        """Return the report of it, with a look at all nodes now."""
        after = self.there.results(self.run_id, "verify") if self.plan.get("results") else {}
        found = self._found(__nso_ha_results=self.plan.get("results", {}), __nso_ha_verified=after)
        return report.report(self.hosts, found, self.plan, self.asked["run"])

    # The tasks

    def _found(self, **by_host: Mapping[str, object]) -> dict[str, dict[str, Any]]:
        return hostvars(self.members, __nso_ha_observed=self.observed, **by_host)

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return str(self.asked["run"]["id"])

    def _said(self, step: str) -> Result:
        return {"run": self.run_id, "step": step}

    def _asked(self) -> Result:
        return {
            **self.asked,
            "unfinished": self.plan.get("unfinished", []),
            "locked": self.locked,
        }

    def _observe(self, step: str) -> None:
        self.observed = self.there.results(self.run_id, step)

    def _plan(self, step: str = "observe") -> None:
        self._observe(step)
        self.plan = cluster.plan(self.hosts, self._found(), self._asked(), everybody_is_gone)

    def _lock(self) -> None:
        self.locked = list(self.plan["lock"]["hosts"])
        for host in self.locked:
            self.before(f"lock {host}")
            self.there.nodes[host].lock = {
                "id": self.asked["run"]["id"],
                "operation": self.asked["operation"],
                "owner": self.asked["run"]["owner"],
                "process": self.asked["run"]["process"],
                "taken": "then",
                "expires": "later",
                "expired": False,
                "steps": list(self.plan["lock"]["steps"][host]),
                "fence": list(self.plan["lock"]["fence"][host]),
                "fenced": [],
            }

    def _renew(self) -> None:
        for host in self.plan["lock"]["renew"]:
            self.before(f"renew {host}")
            lock = self._held(self.there.nodes[host])
            lock["steps"] = list(self.plan["lock"]["steps"][host])
            lock["fence"] = list(self.plan["lock"]["fence"][host])

    def _withdraw(self, host: str) -> Result:
        """Strike all steps off a lock; return what ncs_ha_operation returns."""
        self.before(f"withdraw {host}")
        lock = self._held(self.there.nodes[host])
        struck, lock["steps"] = lock["steps"], []
        return {"run": self.run_id, "struck": struck, "lock": dict(lock)}

    def _held(self, node: Node) -> Result:
        assert node.lock is not None, "there is no lock"
        assert node.lock["id"] == self.run_id, "another run holds the lock"
        return node.lock

    def _start(self, node: Node, name: str) -> None:
        """Strike a step off the lock, as each module does before its first order."""
        steps = self._held(node)["steps"]
        if name not in steps:
            raise Refused(f"{node.host}: the step {name} is not due")
        steps.remove(name)

    def _rehearse(self) -> None:
        if self.plan["refused"] or not self.plan["rehearse"]:
            return
        tried = {
            host: {
                **self._said("rehearse"),
                "transitions": [],
                "before": self.there.state(node).as_result(),
            }
            for host, node in self.there.nodes.items()
        }
        self.plan = progress.rehearsed(self.plan, self._found(__nso_ha_rehearsed=tried))

    def _carry_out(self) -> None:
        for wave in self.plan["waves"]:
            if self.plan["refused"]:
                return
            if wave["look"]:
                self.before("look")
                looked = self.there.results(self.run_id, recheck.purpose(wave))
                now = {host: looked[host] for host in wave["look"]}
                self.plan = recheck.rechecked(
                    self.plan,
                    wave,
                    self._found(__nso_ha_rechecked=now),
                    self.asked["allow_overwrite"],
                )
            if self.plan["refused"]:
                return
            results = {
                host: {**self._said(step["name"]), **self._step(wave, host)}
                for host, step in wave["steps"].items()
            }
            found = self._found(__nso_ha_result=results)
            self.plan = progress.after_wave(self.plan, wave, found, 0.0)

    def _unlock(self) -> None:
        acted = bool(self.plan.get("results")) or not self.plan["refused"]
        for host in self.locked:
            self.before(f"unlock {host}")
            node = self.there.nodes[host]
            if acted:
                remember(node, self.plan["timeline"])
            node.lock = None

    # The modules

    def _step(self, wave: Result, host: str) -> Result:
        step, node = wave["steps"][host], self.there.nodes[host]
        if not node.reachable:
            return {"failed": True, "msg": f"no answer from {host}", "outcome": "failed"}
        if wave["kind"] == "dead":
            self._start(node, step["name"])
            self.before(f"dead {host}")
            node.listed.pop(step["upstream_id"], None)
            return {"outcome": "done", "transitions": step["orders"], "changed": True}
        if wave["kind"] == "read_only":
            self._start(node, step["name"])
            return self._read_only(node, wave["name"] == "hold")
        if wave["kind"] == "catch_up":
            awaited = self.plan["awaited"]
            if node.txid is None or node.txid.as_dict() != awaited:
                return {"failed": True, "msg": f"{host} does not catch up"}
            return {"ha": {**self.there.results()[host]["ha"]}}
        return self._role(wave, node, step)

    def _read_only(self, node: Node, on: bool) -> Result:
        if on:
            self.before(f"mark {node.host}")
            run = self.asked["run"]
            mark = {"run": run["id"], "operation": self.asked["operation"], "at": run["began"]}
            node.mark = mark
        self.before(f"read_only {on} {node.host}")
        node.read_only = on
        if not on:
            self.before(f"unmark {node.host}")
            node.mark = None
        return {"outcome": "done", "txid": txid_of(node), "times": []}

    def _role(self, wave: Result, node: Node, step: Result) -> Result:
        target = self.plan["targets"][node.host]
        entry: Result | None = None
        started = False

        def escort(order: str) -> None:
            nonlocal entry, started
            if not started:
                self._start(node, step["name"])
                started = True
            self.before(f"remember {node.host}")
            remember(node, self.plan["timeline"])
            if order == "beprimary" and wave["name"] == "promote":
                entry = self._promotion(node)
            self.before(f"{order} {node.host}")

        upstream = (target["primary_id"], target["primary_ip"])
        given_orders: list[str] = []
        try:
            given_orders = self.there.give_role(
                node.host,
                step["role"],
                target["node_id"],
                upstream if step["role"] in ("secondary", "relay") else None,
                step["force"],
                escort,
            )
        except Refused as problem:
            return {
                "failed": True,
                "outcome": "failed",
                "msg": str(problem),
                "transitions": given_orders,
                "after": self._ha(node),
                "txid": txid_of(node),
                "entry": entry,
            }
        return {
            "outcome": "done",
            "changed": bool(given_orders),
            "transitions": given_orders,
            "after": self._ha(node),
            "txid": txid_of(node),
            "entry": entry,
            "times": [],
        }

    def _promotion(self, node: Node) -> Result:
        """Record that a node is made primary, if it has what it should have."""
        awaited = self.plan.get("awaited")
        if awaited is not None and txid_of(node) != awaited:
            raise Refused(f"{node.host}: its data are not those it was chosen for")
        self.before(f"record {node.host}")
        made = promotion(
            self.there, node, self.plan["epoch"], self.asked["operation"], self.asked["run"]["id"]
        )
        remember(node, [made])
        return made

    def _ha(self, node: Node) -> Result:
        found: Result = self.there.state(node).as_result()
        return found


def promotion(
    there: Cluster, node: Node, epoch: int, operation: str = "converge", run: str = "run"
) -> Result:
    """Return the entry for a promotion of a node now."""
    start = there.stamp(node)
    return {
        "epoch": epoch,
        "primary": node.node_id,
        "txid": txid_of(node),
        "start": list(start),
        "at": str(start[1]),
        "operation": operation,
        "run": run,
    }


def remember(node: Node, entries: Iterable[Result]) -> None:
    """Add entries to the record of a node."""
    node.record += [one for one in entries if one not in node.record]


def txid_of(node: Node) -> Result | None:
    """Return the transaction id of a node as the modules return it."""
    txid: TransactionId | None = node.txid
    return txid.as_dict() if txid else None
