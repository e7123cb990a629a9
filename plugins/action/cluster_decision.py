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
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timezone
from secrets import token_hex
from typing import Any

from ansible import constants, context
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.role_include import IncludeRole
from ansible.plugins.action import ActionBase
from ansible.template import Templar
from ansible.utils.display import Display
from ansible.utils.sentinel import Sentinel
from ansible.utils.vars import load_extra_vars
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils._store.lock import FENCE
from ansible_collections.nso.ha.plugins.plugin_utils._model import plain
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import (
    decisions,
    hook_file,
    leases,
    planning,
    processes,
    results,
    settings,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run import play as plays
from ansible_collections.nso.ha.plugins.plugin_utils._run.hooks import VARIABLES, WORDS
from ansible_collections.nso.ha.plugins.plugin_utils._run.leases import Crowd
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

_NOT_BEGUN = (
    "This run of the role nso.ha.cluster has not begun: its first tasks were left out, as by "
    "--start-at-task. Nothing was changed. Run it from the beginning."
)


#: The steps whose report is printed, and handed on as data.
_SHOWN = (decisions.REPORT, decisions.STATUS)

#: What stands for the report until there is one.
_NO_REPORT = {"run_id": "", "outcome": UNKNOWN}

#: Callbacks whose standard output is read by programs.
_FOR_MACHINES = ("json", "jsonl")


class _Refused(Exception):
    """Why a run does not even begin, in words."""


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
        "occasion": {"type": "str", "default": ""},
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
        try:
            returned = self._step(variables, arguments)
        except _Refused as problem:
            returned = {"failed": True, "msg": str(problem)}
        result.update(changed=False, **returned)
        return result

    def _step(self, variables: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the step returns. Raises _Refused if the run does not even begin."""
        step = arguments["step"]
        if step == SETTINGS:
            return self._left_out_by_tags() or self._settings(variables)
        if step == BEGIN:
            return self._begin(variables, arguments)
        return self._decide(variables, arguments)

    # The guard on tags

    def _left_out_by_tags(self) -> dict[str, Any]:
        """Return a result that is skipped if tags leave the rest of the role out; else nothing.

        The task of this step runs with every tag, so that it can tell. Raises _Refused
        if the role is included: then the tags chose the include, and nothing would come of it.
        """
        play = self._task.get_play()
        tags = plays.flat(self._templar.template(self._inherited_list("tags")))
        if plays.chosen(tags, frozenset(play.only_tags), frozenset(play.skip_tags)):
            return {}
        if self._is_included():
            raise _Refused(
                "The tags of this run leave out all tasks of the role nso.ha.cluster: tags of "
                "include_role hold for the include alone. Nothing was done. Give the tasks the "
                "same tags with 'apply: {tags: [...]}' below include_role, or use import_role."
            )
        return {"skipped": True, "skip_reason": "Tags leave the role out."}

    def _is_included(self) -> bool:
        """Return whether the role is part of the play because of a task that includes it."""
        parent = self._task._parent
        while parent is not None:
            if isinstance(parent, IncludeRole):
                return not parent.statically_loaded
            parent = parent._parent
        return False

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
        return {
            "settings": plain.to_dict(host_settings),
            # After a host has dropped out, the variable still has what an earlier run registered.
            "task": self._task._uuid,
            # What the command line says is known everywhere; this may differ from host to host.
            "check_mode": bool(self._task.check_mode),
        }

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
        all_settings = {}
        for host, of_host in of_hosts.items():
            registered = _stated(variables, of_host).get("settings")
            host_settings = plain.from_dict(Settings, registered) if registered else None
            # With run_once, Ansible registers for every host what one host has stated.
            if host_settings is None or host_settings.member.host != host:
                evaluate = self._evaluator(of_host)
                host_settings = settings.read(host, evaluate, {}, stated=False)
            all_settings[host] = host_settings
        return all_settings

    # The beginning of a run

    def _begin(self, variables: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the run: its id, its owner, and the reasons why it may not go on."""
        self._refuse_private()
        self._refuse_misspelt()
        if "settings" not in (variables.get(_SETTINGS) or {}):
            raise _Refused(_NOT_BEGUN)
        self._refuse_hidden(variables)
        host_settings = plain.from_dict(Settings, variables[_SETTINGS]["settings"])
        group = host_settings.text("nso_ha_group") or settings.DEFAULT_GROUP
        operation = arguments["operation"]
        hooks = _hooks(host_settings, operation)
        problems = {
            event: self._hook_problem(event, path, host_settings.limits.hook)
            for event, path in hooks.items()
        }
        hosts = tuple(variables["groups"].get(group, ()))
        host_variables = _of_hosts(variables, hosts)
        of_hosts = self._all_settings(variables, host_variables)
        crowd = self._crowd(len(of_hosts))
        dry = arguments["dry"] or self._in_check_mode(variables, host_variables)
        process = processes.this_process()
        run = Run(
            run_id=token_hex(8),
            owner=processes.owner(variables, process["host"]),
            began=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            process=process,
            operation=operation,
            hosts=hosts,
            dry=dry,
            problems=tuple(self._problems(variables, group, operation, of_hosts, crowd, dry)),
            hooks=hooks,
            hook_problems={event: why for event, why in problems.items() if why},
            lease=leases.lease(list(of_hosts.values()), crowd),
        )
        # Of several runs in one playbook, the report is that of the last, or says that it has none.
        return {"run": plain.to_dict(run), "ansible_stats": _stats(_NO_REPORT)}

    def _in_check_mode(
        self, variables: Mapping[str, Any], host_variables: Mapping[str, Mapping[str, Any]]
    ) -> bool:
        """Return whether anything asks for check mode: the command line, or a task of any host.

        `check_mode: false` does not lift the check mode of the command line.
        """
        if self._task.check_mode or variables.get("ansible_check_mode"):
            return True
        return any(
            _stated(variables, of_host).get("check_mode") for of_host in host_variables.values()
        )

    def _problems(
        self,
        variables: Mapping[str, Any],
        group: str,
        operation: str,
        of_hosts: Mapping[str, Settings],
        crowd: Crowd,
        dry: bool,
    ) -> list[str]:
        """Return the reasons why the run may not even observe the nodes."""
        living = variables["ansible_play_hosts"]
        unstated = [host for host in living if host in of_hosts and not of_hosts[host].stated]
        problems = plays.problems(self._play(group, variables, unstated), whole=bool(operation))
        if operation:
            problems += planning.problems(operation, of_hosts, crowd, dry)
        return problems

    def _crowd(self, hosts: int) -> Crowd:
        """Return how many hosts there are, and on how many of them Ansible works at a time."""
        forks = int(context.CLIARGS.get("forks") or 1)
        return Crowd(hosts, forks, int(self._templar.template(self._task.throttle) or 0))

    def _refuse_private(self) -> None:
        """Fail if -e sets a variable of the role: it would hide the results of tasks."""
        named = plays.private(load_extra_vars(self._loader))
        if named:
            raise _Refused(
                f"{', '.join(named)} was given with -e. The role nso.ha.cluster sets variables of "
                "such names itself, and one from outside would be taken for what a node said, or "
                "for the report of this run. Run this without them."
            )

    def _refuse_misspelt(self) -> None:
        """Fail if -e sets a variable that the role does not have: a consent would go unheard."""
        role = self._task._role
        if role is None:
            return
        words = plays.misspelt(load_extra_vars(self._loader), role.get_default_vars())
        if words:
            raise _Refused(
                f"{', '.join(words)} was given with -e, and the role nso.ha.cluster has no such "
                "variable. Nothing was done. Correct the name, or leave it out."
            )

    def _refuse_hidden(self, variables: Mapping[str, Any]) -> None:
        """Fail if a variable of the play hides the one in which the role leaves its report.

        The task before has set it, to what no run has as its result.
        """
        result = variables.get(plays.RESULT)
        if not isinstance(result, Mapping) or result.get("run_id") != "":
            raise _Refused(
                f"The play gives the role a variable {plays.RESULT}, and it would hide the report "
                "of this run from the tasks that come after it. Nothing was done. Remove it from "
                "the variables of the role."
            )

    def _play(
        self, group: str, variables: Mapping[str, Any], unstated: Collection[str]
    ) -> plays.Play:
        everybody = list(variables["ansible_play_hosts_all"])
        later = set(variables["ansible_play_hosts"]) - set(variables["ansible_play_batch"])
        return plays.Play(
            strategy=str(self._task.get_play().strategy),
            hosts=everybody,
            together=frozenset(everybody) - later,
            group=group,
            groups=variables["groups"],
            unstated=tuple(unstated),
            inherited=self._inherited(),
        )

    def _inherited(self) -> plays.Inherited:
        """Return what the tasks of the role inherit from what is around the role."""
        defaults: dict[str, set[str]] = {}
        for part in self._inherited_list("module_defaults"):
            for name, options in part.items():
                defaults.setdefault(str(name), set()).update(map(str, options or ()))
        return plays.Inherited(
            once=boolean(self._templar.template(self._inherited_keyword("run_once") or False)),
            delegate_to=str(self._inherited_keyword("delegate_to") or ""),
            conditions=tuple(map(str, self._inherited_list("when"))),
            module_defaults=defaults,
        )

    def _inherited_list(self, name: str) -> list[Any]:
        """Return the same for a keyword whose values add up from the play to the block."""
        value = self._inherited_keyword(name)
        return value if isinstance(value, list) else []

    def _inherited_keyword(self, name: str) -> object:
        """Return what the block around this task inherits of a keyword; None if nothing.

        Only this way of asking leaves out what the block, and this task, say themselves, also after
        Ansible has made the values of the block final.
        """
        value: object = self._task._parent._get_parent_attribute(name, omit=True)
        return None if value is Sentinel else value

    def _hook_problem(self, event: str, path: str, limit: float) -> str:
        """Return why the tasks for an event cannot be relied on, or ""."""
        arguments = context.CLIARGS
        chosen = bool(arguments.get("skip_tags")) or list(arguments.get("tags") or ["all"]) != [
            "all"
        ]
        try:
            tasks = Reader(self._loader, self._task.get_play()).read(path)
        except FileError as problem:
            reasons = [str(problem)]
        else:
            reasons = hook_file.problems(tasks, chosen, limit, event)
        if not reasons:
            return ""
        why = "; ".join(reasons)
        tasks_of = f"{WORDS[event][0]} in {path} ({VARIABLES[event]})"
        return f"the {tasks_of} cannot be relied on: {why}"

    # The decisions

    def _decide(self, variables: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        if "run" not in (variables.get(_BEGIN) or {}):
            raise _Refused(_NOT_BEGUN)
        run = plain.from_dict(Run, variables[_BEGIN]["run"])
        of_hosts = _of_hosts(variables, run.hosts)
        known = Known(
            run=run,
            settings=self._all_settings(variables, of_hosts),
            results=results.gather(of_hosts, variables, run.run_id),
            gone=processes.is_gone,
        )
        earlier = _earlier(variables.get(_DECISION), run.run_id)
        hook_problem = ""
        if arguments["step"] == decisions.HOOK_TASKS and earlier is not None:
            hook_problem = self._hook_problem_now(earlier.plan.waves[arguments["wave"]].name, known)
        about = decisions.Subject(
            decision=earlier,
            now=time.time(),
            hosts=tuple(arguments["hosts"]),
            once=arguments["once"],
            wave=arguments["wave"],
            occasion=arguments["occasion"],
            hook_problem=hook_problem,
        )
        decided = decisions.decide(arguments["step"], known, about)
        if arguments["step"] in _SHOWN:
            self._show(decided["report"]["table"])
            decided["ansible_stats"] = _stats(decided["report"])
        return {**decided, "run_id": run.run_id}

    def _show(self, lines: Iterable[str]) -> None:
        """Print lines as they are: within a result Ansible would quote and indent them."""
        if not self._task.no_log:
            machine = constants.DEFAULT_STDOUT_CALLBACK.rpartition(".")[2] in _FOR_MACHINES
            Display().display("\n".join(["", *lines]), stderr=machine)

    def _hook_problem_now(self, event: str, known: Known) -> str:
        """Return why the tasks for an event cannot be relied on now."""
        limits = [host_settings.limits.hook for host_settings in known.settings.values()]
        return self._hook_problem(event, known.run.hooks[event], max(limits))


def _hooks(host_settings: Settings, operation: str) -> dict[str, str]:
    """Return the files with tasks of the user's own that an operation may need, by event."""
    given = {event: host_settings.text(name) for event, name in VARIABLES.items()}
    if operation != operations.FAILOVER:
        del given[FENCE]
    return {event: os.path.realpath(path) for event, path in given.items() if path and operation}


def _of_hosts(variables: Mapping[str, Any], hosts: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return the variables of these hosts as they stand. Ansible puts them together each time."""
    return {host: variables["hostvars"].raw_get(host) for host in hosts}


def _stated(variables: Mapping[str, Any], of_host: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a host has stated in the task in which this host did; empty if it has not."""
    task = (variables.get(_SETTINGS) or {}).get("task")
    registered = of_host.get(_SETTINGS)
    if isinstance(registered, Mapping) and task and registered.get("task") == task:
        return registered
    return {}


def _earlier(registered: object, run_id: str) -> Decision | None:
    """Return the decision that an earlier task of this run has registered, or None."""
    if not isinstance(registered, Mapping) or registered.get("run_id") != run_id:
        return None
    return plain.from_dict(Decision, registered)


def _stats(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what hands the report on as custom statistics, as the module set_stats returns it."""
    return {"data": {plays.ARTIFACT: dict(report)}, "per_host": False, "aggregate": False}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
