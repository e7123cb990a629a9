# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs on a model of a cluster.

The way of a run and its decisions are those of the collection. What is modelled is what the modules
do to a node (cluster_modules.py), and the tasks of a hook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.nso.ha.plugins.plugin_utils._agents.call import Call
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import hooks, leases, planning, settings
from ansible_collections.nso.ha.plugins.plugin_utils._run.calls import WITH_TOKEN
from ansible_collections.nso.ha.plugins.plugin_utils._run.hooks import VARIABLES
from ansible_collections.nso.ha.plugins.plugin_utils._run.leases import Crowd
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision, Run
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import Settings
from ansible_collections.nso.ha.plugins.plugin_utils._run.walk import Surroundings, Walk

from helpers import cases
from helpers.cases import every_run_is_gone
from helpers.cluster_model import Cluster
from helpers.cluster_modules import Modules, Result
from helpers.modules import ROOT

_FAIL = "ansible.builtin.fail"


class Interrupted(BaseException):
    """The run ends here as if it were killed: nothing of it happens any more."""


class Play:
    """A run of one operation.

    before:    see Modules; it may raise Interrupted
    plans:     for nso.ha.plan, the operation that is planned
    variables: what the operator asks for: variables of the group without the prefix nso_ha_
    """

    def __init__(
        self,
        members: Sequence[Member],
        cluster: Cluster,
        operation: str = operations.CONVERGE,
        run_id: str = "run",
        before: Callable[[str], object] = lambda _change: None,
        plans: str = "",
        **variables: object,
    ) -> None:
        group = {f"nso_ha_{name}": value for name, value in variables.items()}
        self._settings = {
            member.host: _settings(member.host, {**_variables(member), **group})
            for member in members
        }
        self._run = _run(plans or operation, run_id, self._settings, group, bool(plans))
        self._looks = 0
        self._nodes = _Nodes(cluster, before)
        self._walk = self._new_walk()

    def run(self) -> Decision:
        """Do it all; return the last decision."""
        self.walk()
        for verdict in self.decision.verdicts:
            assert verdict.check != "decision", verdict
        return self.decision

    def walk(self) -> None:
        """Do it all, even if something in the collection is broken."""
        self._walk.operation()
        while self._walk.due:
            due = hooks.for_playbook(self._walk.due, self._run, self._settings, self._walk.decision)
            problems = {
                host: problem
                for host in due["hosts"]
                if (problem := self._nodes.run_hook(due["path"], host, due["hosts"][host]))
            }
            # Another process goes on, with nothing but the plain data.
            paused, self._walk = self._walk.paused, self._new_walk()
            self._walk.resume(paused, problems)

    @property
    def decision(self) -> Decision:
        """Return what was decided last."""
        return self._walk.decision

    @property
    def report(self) -> Result:
        """Return the report of the run."""
        return self._walk.report.data

    @property
    def changed(self) -> set[str]:
        """Return the hosts on which something was changed, or may have been."""
        return self._walk.changed

    @property
    def lines(self) -> list[str]:
        """Return what the run prints at its end."""
        return [line.text for line in self._walk.report.lines]

    def _new_walk(self) -> Walk:
        around = Surroundings(gone=every_run_is_gone, now=self._now)
        return Walk(self._run, self._settings, self._nodes, around)

    def _now(self) -> float:
        """Return the time: some seconds after 1970, and half a second later each time."""
        self._looks += 1
        return 100.0 + self._looks / 2


class _Nodes:
    """Makes calls of modules on the model, one after the other."""

    def __init__(self, cluster: Cluster, before: Callable[[str], object]) -> None:
        self._modules = Modules(cluster, before).by_name()
        self._interrupted = False

    def run(self, calls: Sequence[Call]) -> Sequence[Result]:
        return [self._call(call) for call in calls]

    def _call(self, call: Call) -> Result:
        if self._interrupted:
            raise Interrupted
        token = {"token": "secret"} if call.module in WITH_TOKEN else {}
        arguments = {**call.arguments, **token}
        try:
            return self._modules[call.module](
                Call(call.host, call.module, arguments, call.check_mode)
            )
        except Interrupted:
            self._interrupted = True
            raise

    def run_hook(self, path: str, host: str, due: Mapping[str, Any]) -> Result:
        """Run the tasks of a hook; return why they failed, as the role keeps it, or nothing."""
        known = {"nso_ha_fence_host": due["hook"]["host"], "nso_ha_hook.host": due["hook"]["host"]}
        for task in yaml.safe_load(Path(path).read_text()):
            (module,) = set(task) - {"name", "when"}
            if task.get("when") is False:
                continue
            options = {name: _filled_in(value, known) for name, value in task[module].items()}
            if module == _FAIL:
                text = f"the task '{task['name']}' in {path} failed: {options['msg']}"
                return {"run_id": due["hook"]["run_id"], "step": due["step"], "text": text}
            defaults = due["confirms"] if module == hooks.CONFIRMS else {}
            result = self._call(Call(host, module, {**defaults, **options}))
            if result.get("failed"):
                text = f"the task '{task['name']}' in {path} failed: {result['msg']}"
                return {"run_id": due["hook"]["run_id"], "step": due["step"], "text": text}
        return {}


def _filled_in(value: str, known: Mapping[str, str]) -> str:
    for name, text in known.items():
        value = value.replace(f"{{{{ {name} }}}}", text)
    assert "{{" not in value
    return value


def _run(
    operation: str,
    run_id: str,
    of_hosts: Mapping[str, Settings],
    group: Mapping[str, Any],
    dry: bool,
) -> Run:
    crowd = Crowd(len(of_hosts), forks=5)
    begun = cases.run(
        [of_host.member for of_host in of_hosts.values()],
        operation,
        dry=dry,
        problems=tuple(planning.problems(operation, of_hosts, crowd, dry)),
        hooks={event: str(path) for event, name in VARIABLES.items() if (path := group.get(name))},
        lease=leases.lease(list(of_hosts.values()), crowd),
        inventory="-i inventory.yml",
    )
    return replace(begun, run_id=run_id)


def _settings(host: str, variables: Mapping[str, Any]) -> Settings:
    known = {**_defaults(), **variables, settings.TOKEN: variables["nso_ha_token"]}
    return settings.read(host, known.get)


@cache
def _defaults() -> Mapping[str, Any]:
    """Return the defaults of the role."""
    path = ROOT / "roles" / "cluster" / "defaults" / "main.yml"
    defaults: Mapping[str, Any] = yaml.safe_load(path.read_text())
    return defaults


def _variables(member: Member) -> Result:
    """Return what the inventory says of a node."""
    return {
        "nso_ha_token": "secret",
        "nso_ha_node_id": member.node_id,
        "nso_ha_node_ip": member.address,
        "nso_ha_role": member.role,
        "nso_ha_upstream": member.upstream,
        "nso_ha_priority": member.priority,
        "nso_ha_hold_followers": member.hold,
        "nso_ha_start_phases": member.start_phases,
    }
