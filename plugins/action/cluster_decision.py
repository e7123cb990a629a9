# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The decisions of a run, on the controller. Documented in plugins/modules/cluster_decision.py.

Only what needs Ansible is here: the variables of the hosts, and the play as Ansible runs it. The
decisions themselves are in plugin_utils/_run/decisions.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from secrets import token_hex
from typing import Any

from ansible import context
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.template import Templar
from ansible.utils.vars import load_extra_vars
from ansible_collections.nso.ha.plugins.plugin_utils._model import plain
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import (
    decisions,
    fence_file,
    planning,
    processes,
    results,
    settings,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run import play as plays
from ansible_collections.nso.ha.plugins.plugin_utils._run.planning import Known
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision, Run
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import NotEvaluable, Settings
from ansible_collections.nso.ha.plugins.plugin_utils._run.task_file import (
    FileError,
    Reader,
    first_line,
)

SETTINGS = "settings"
BEGIN = "begin"

#: Variables in which the role registers what this plugin returns: for these two steps, and for the
#: decisions.
_SETTINGS = "__nso_ha_settings"
_BEGIN = "__nso_ha_begin"
_DECISION = "__nso_ha_decision"


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        "step": {
            "type": "str",
            "required": True,
            "choices": [SETTINGS, BEGIN, *decisions.STEPS],
        },
        "operation": {"type": "str", "default": ""},
        "dry": {"type": "bool", "default": False},
        "hosts": {"type": "list", "elements": "str", "default": []},
        "once": {"type": "bool", "default": False},
        "wave": {"type": "int", "default": 0},
    }


class ActionModule(ActionBase):
    """See the documentation of the module of this name."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the result of the step."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, arguments = self.validate_argument_spec(argument_spec=argument_spec())
        step = arguments["step"]
        if step == SETTINGS:
            returned = self._settings(variables)
        elif step == BEGIN:
            returned = self._begin(variables, arguments)
        else:
            returned = self._decide(variables, arguments)
        result.update(changed=False, **returned)
        return result

    # The settings of a host

    def _settings(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of the host for which this runs, and the task that asked."""
        host = str(variables["inventory_hostname"])
        host_settings = settings.read(
            host,
            self._evaluator(variables),
            self._environment(),
            self._keywords(),
            transport=str(getattr(self._connection, "transport", "")),
        )
        # After a host has dropped out, the variable still has what an earlier run registered.
        return {"settings": plain.to_dict(host_settings), "task": self._task._uuid}

    def _keywords(self) -> settings.Keywords:
        """Return the keywords of the play as they are for this host."""
        become, become_user, remote_user = (
            self._templar.template(getattr(self._task, name))
            for name in ("become", "become_user", "remote_user")
        )
        return settings.Keywords(
            None if become is None else boolean(become), _text(become_user), _text(remote_user)
        )

    def _evaluator(self, variables: Mapping[str, Any]) -> settings.Read:
        templar = Templar(loader=self._loader, variables=variables)

        def evaluate(name: str) -> object:
            if name not in variables:
                return None
            try:
                return templar.template(variables[name])
            except AnsibleError as problem:
                raise NotEvaluable(first_line(problem)) from None

        return evaluate

    def _environment(self) -> dict[str, object]:
        """Return what the play sets in the environment of its tasks on this host."""
        environment: dict[str, object] = {}
        parts = self._task.environment or []
        # The play, the block and the task each have a part, the later ones winning. Ansible itself
        # reckons with a single dictionary, too.
        for part in parts if isinstance(parts, list) else [parts]:
            evaluated = self._templar.template(part)
            if isinstance(evaluated, Mapping):
                environment.update(evaluated)
        return environment

    def _all_settings(
        self, variables: Mapping[str, Any], of_hosts: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Settings]:
        """Return the settings of these hosts; of a host that stated none, from the inventory."""
        task = (variables.get(_SETTINGS) or {}).get("task")
        all_settings = {}
        for host, of_host in of_hosts.items():
            registered = of_host.get(_SETTINGS)
            if isinstance(registered, Mapping) and task and registered.get("task") == task:
                all_settings[host] = plain.from_dict(Settings, registered["settings"])
            else:
                evaluate = self._evaluator(of_host)
                all_settings[host] = settings.read(host, evaluate, {}, stated=False)
        return all_settings

    # The beginning of a run

    def _begin(self, variables: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the run: its id, its owner, and the reasons why it may not go on."""
        self._refuse_private()
        host_settings = plain.from_dict(Settings, variables[_SETTINGS]["settings"])
        group = host_settings.text("nso_ha_group") or settings.DEFAULT_GROUP
        operation = arguments["operation"]
        path = host_settings.text("nso_ha_fence_tasks") if operation == operations.FAILOVER else ""
        process = processes.this_process()
        run = Run(
            run_id=token_hex(8),
            owner=processes.owner(variables, process["host"]),
            began=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            process=process,
            operation=operation,
            hosts=tuple(variables["groups"].get(group, ())),
            dry=bool(
                arguments["dry"] or self._task.check_mode or variables.get("ansible_check_mode")
            ),
            problems=tuple(self._problems(variables, group, operation)),
            fence_problem=self._fence_problem(path) if path else "",
        )
        return {"run": plain.to_dict(run)}

    def _problems(self, variables: Mapping[str, Any], group: str, operation: str) -> list[str]:
        """Return the reasons why the run may not even observe the nodes."""
        hosts = variables["groups"].get(group, ())
        of_hosts = self._all_settings(variables, _of_hosts(variables, hosts))
        living = variables["ansible_play_hosts"]
        unstated = [host for host in living if host in of_hosts and not of_hosts[host].stated]
        problems = []
        if unstated:
            problems.append(
                f"{', '.join(unstated)} did not state what the variables say, as that task was cut "
                "off. Run it again"
            )
        if operation:
            problems += plays.problems(self._play(group, variables))
            problems += planning.problems(operation, of_hosts)
        return problems

    def _refuse_private(self) -> None:
        """Fail if -e sets a variable of the role: it would hide the results of tasks."""
        named = plays.private(load_extra_vars(self._loader))
        if named:
            raise AnsibleActionFail(
                f"{', '.join(named)} was given with -e. The role nso.ha.cluster sets variables of "
                "such names itself, and one from outside would be taken for what a node said. "
                "Run this without them."
            )

    def _play(self, group: str, variables: Mapping[str, Any]) -> plays.Play:
        everybody = list(variables["ansible_play_hosts_all"])
        later = set(variables["ansible_play_hosts"]) - set(variables["ansible_play_batch"])
        return plays.Play(
            strategy=str(self._task.get_play().strategy),
            hosts=everybody,
            together=frozenset(everybody) - later,
            group=group,
            groups=variables["groups"],
        )

    def _fence_problem(self, path: str) -> str:
        """Return why the fencing tasks cannot be relied on, or ""."""
        arguments = context.CLIARGS
        chosen = bool(arguments.get("skip_tags")) or list(arguments.get("tags") or ["all"]) != [
            "all"
        ]
        try:
            tasks = Reader(self._loader, self._task.get_play()).read(os.path.realpath(path))
        except FileError as problem:
            reasons = [str(problem)]
        else:
            reasons = fence_file.problems(tasks, chosen)
        if not reasons:
            return ""
        why = "; ".join(reasons)
        return f"the fencing tasks in {path} (nso_ha_fence_tasks) cannot be relied on: {why}"

    # The decisions

    def _decide(self, variables: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        run = plain.from_dict(Run, variables[_BEGIN]["run"])
        of_hosts = _of_hosts(variables, run.hosts)
        known = Known(
            run=run,
            settings=self._all_settings(variables, of_hosts),
            results=results.gather(of_hosts, variables, run.run_id),
            gone=processes.is_gone,
        )
        about = decisions.Subject(
            decision=_earlier(variables.get(_DECISION), run.run_id),
            now=time.time(),
            hosts=tuple(arguments["hosts"]),
            once=arguments["once"],
            wave=arguments["wave"],
        )
        decided = decisions.decide(arguments["step"], known, about)
        return {**decided, "run_id": run.run_id}


def _of_hosts(variables: Mapping[str, Any], hosts: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return the variables of these hosts as they stand. Ansible puts them together each time."""
    return {host: variables["hostvars"].raw_get(host) for host in hosts}


def _earlier(registered: object, run_id: str) -> Decision | None:
    """Return the decision that an earlier task of this run has registered, or None."""
    if not isinstance(registered, Mapping) or registered.get("run_id") != run_id:
        return None
    return plain.from_dict(Decision, registered)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
