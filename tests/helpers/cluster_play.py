# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of the role on a model of a cluster: what its tasks and modules do, without Ansible.

The decisions are those of the collection. What is here follows roles/cluster/tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils.state import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils import cluster, progress, recheck, report
from ansible_collections.nso.ha.plugins.plugin_utils.topology import Member

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
        self._plan()
        self._rehearse()
        self._carry_out()
        if self.plan.get("reversible"):
            self._observe()
            self.plan = cluster.roll_back(self.plan, self._found(), self.asked, everybody_is_gone)
            self._carry_out()
        self._unlock()
        return self.plan

    def report(self) -> Result:
        """Return the report of it, with a look at all nodes now."""
        after = self.there.results() if self.plan.get("results") else {}
        found = self._found(__nso_ha_results=self.plan.get("results", {}), __nso_ha_verified=after)
        return report.report(self.hosts, found, self.plan, self.asked["run"])

    # The tasks

    def _found(self, **by_host: Mapping[str, object]) -> dict[str, dict[str, Any]]:
        return hostvars(self.members, __nso_ha_observed=self.observed, **by_host)

    def _observe(self) -> None:
        self.observed = self.there.results()

    def _plan(self) -> None:
        self._observe()
        asked = {**self.asked, "unfinished": self.plan.get("unfinished", [])}
        self.plan = cluster.plan(self.hosts, self._found(), self.hosts, asked, everybody_is_gone)

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
            }

    def _rehearse(self) -> None:
        if self.plan["refused"] or not self.plan["rehearse"]:
            return
        tried = {
            host: {"transitions": [], "before": self.there.state(node).as_result()}
            for host, node in self.there.nodes.items()
        }
        self.plan = progress.rehearsed(self.plan, self._found(__nso_ha_rehearsed=tried))

    def _carry_out(self) -> None:
        for wave in self.plan["waves"]:
            if self.plan["refused"]:
                return
            if wave["look"]:
                self.before("look")
                now = {host: self.there.results()[host] for host in wave["look"]}
                self.plan = recheck.rechecked(
                    self.plan,
                    wave,
                    self._found(__nso_ha_rechecked=now),
                    self.asked["allow_overwrite"],
                )
            if self.plan["refused"]:
                return
            results = {host: self._step(wave, host) for host in wave["steps"]}
            self.plan = progress.after_wave(
                self.plan, wave, self._found(__nso_ha_result=results), self.hosts, 0.0
            )

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
            return {"failed": True, "msg": f"no answer from {host}"}
        if wave["kind"] == "dead":
            self.before(f"dead {host}")
            node.listed.pop(step["upstream_id"], None)
            return {"outcome": "done", "transitions": step["orders"], "changed": True}
        if wave["kind"] == "read_only":
            return self._read_only(node, wave["name"] == "hold")
        if wave["kind"] == "catch_up":
            awaited = self.plan["awaited"]
            if node.txid is None or node.txid.as_result() != awaited:
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

        def escort(order: str) -> None:
            nonlocal entry
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
    return txid.as_result() if txid else None
