# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A run of an operation over a cluster. Documented in plugins/modules/cluster_run.py.

Only what needs Ansible is here: the variables of the hosts, the play as Ansible runs it, and how a
module is run on a host. What is done in which order is in plugin_utils/_run/walk.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timezone
from functools import cache
from secrets import token_hex
from typing import Any

from ansible import constants, context
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.role_include import IncludeRole
from ansible.plugins.action import ActionBase
from ansible.template import Templar
from ansible.utils.display import Display
from ansible.utils.sentinel import Sentinel
from ansible.utils.vars import load_extra_vars
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils._store.lock import FENCE
from ansible_collections.nso.ha.plugins.plugin_utils._agents import agent
from ansible_collections.nso.ha.plugins.plugin_utils._agents.agent import Agent
from ansible_collections.nso.ha.plugins.plugin_utils._agents.caller import AgentCaller
from ansible_collections.nso.ha.plugins.plugin_utils._model import plain
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import (
    hook_file,
    hooks,
    leases,
    live,
    planning,
    processes,
    settings,
    tokens,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run import play as plays
from ansible_collections.nso.ha.plugins.plugin_utils._run.calls import WITH_TOKEN
from ansible_collections.nso.ha.plugins.plugin_utils._run.hooks import VARIABLES, WORDS
from ansible_collections.nso.ha.plugins.plugin_utils._run.leases import Crowd
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import HOOK_PROBLEM
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_outcome import GOOD, TWO_PRIMARIES
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision, Run
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import NotEvaluable, Settings
from ansible_collections.nso.ha.plugins.plugin_utils._run.table import ReportLine
from ansible_collections.nso.ha.plugins.plugin_utils._run.task_file import (
    FileError,
    Reader,
    first_line,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.walk import Surroundings, Walk

STATE = "state"
STATUS = "status"
HISTORY = "history"
PLAN = "plan"
CARRY_OUT = "carry_out"
RESUME = "resume"
END = "end"

#: How long an agent may wait for a question beyond all time limits of its host, in seconds.
_SPARE = 120.0

_NOT_BEGUN = (
    "This run of the role nso.ha.cluster has not begun: its first tasks were left out, as by "
    "--start-at-task. Nothing was changed. Run it from the beginning."
)

#: What stands for the report until there is one.
_NO_REPORT = {"run_id": "", "outcome": UNKNOWN}

#: Outcomes with which a look ends with an error.
_BAD_TO_SEE = (TWO_PRIMARIES, UNKNOWN)

#: Operations that move the primary.
_MOVING = (operations.SWITCHOVER, operations.FAILOVER)

#: What of a result is Ansible's own, and nobody needs.
_OF_ANSIBLE = frozenset(
    ("ansible_facts", "deprecations", "diff", "exception", "invocation", "warnings")
)

#: Callbacks whose standard output is read by programs.
_FOR_MACHINES = ("json", "jsonl", "health")


class _Refused(Exception):
    """Why a run does not even begin, in words."""


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        "step": {
            "type": "str",
            "required": True,
            "choices": [STATE, STATUS, HISTORY, PLAN, CARRY_OUT, RESUME, END],
        },
        "operation": {"type": "str", "default": ""},
    }


class ActionModule(ActionBase):
    """See the documentation of the module of this name."""

    TRANSFERS_FILES = False

    #: Whether a line of a wave was printed.
    _told = False

    #: Whether Ansible has this host in check mode: then no module of its agent changes anything.
    _checks = False

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
        result.update({"changed": False, **returned})
        return result

    def _step(self, variables: dict[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the step returns. Raises _Refused if the run does not even begin."""
        step = arguments["step"]
        if step == STATE:
            return self._left_out_by_tags() or self._state(variables)
        if step == END:
            return self._end(variables)
        if step == RESUME:
            return self._resume(variables)
        return self._run(step, variables, arguments["operation"])

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

    def _state(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of the host for which this runs, and its agent."""
        host = str(variables["inventory_hostname"])
        # A lookup may take long, or ask somebody, so each variable is evaluated once.
        evaluate = cache(self._evaluator(variables))
        host_settings = settings.read(
            host,
            evaluate,
            transport=str(getattr(self._connection, "transport", "")),
            digest=lambda token: tokens.digest(token, constants.DEFAULT_LOCAL_TMP),
        )
        token = "" if host_settings.problems else settings.as_text(evaluate(settings.TOKEN))
        return {
            **_NO_REPORT,
            # Of several runs in one playbook the report is that of the last, or there is none.
            "ansible_stats": _stats(_NO_REPORT),
            "settings": plain.to_dict(host_settings),
            "agent": plain.to_dict(self._start_agent(host_settings, token, variables)),
            # After a host has dropped out, the variable still has what an earlier run registered.
            "task": self._task._uuid,
            # What the command line says is known everywhere; this may differ from host to host.
            "check_mode": bool(self._task.check_mode),
        }

    def _start_agent(self, host_settings: Settings, token: str, variables: dict[str, Any]) -> Agent:
        """Start what runs modules on this host, with its connection and its variables."""

        def answer(question: Mapping[str, Any]) -> Mapping[str, Any]:
            return self._run_module(question, token, variables)

        self._checks = bool(self._task.check_mode)
        limits = (limit for limit in vars(host_settings.limits).values() if limit is not None)
        process = processes.this_process()
        try:
            return agent.start_agent(
                answer, lambda: not processes.has_ended(process), sum(limits) + _SPARE
            )
        except OSError as problem:
            raise _Refused(
                "The process that runs modules on this host cannot be started on the controller: "
                f"{problem}. It needs a temporary directory with a short path: set TMPDIR to one."
            ) from None

    def _run_module(
        self, question: Mapping[str, Any], token: str, variables: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Return what a module returns on this host. An agent calls this."""
        arguments = dict(question["arguments"])
        if token and question["module"] in WITH_TOKEN:
            arguments["token"] = token
        self._task.check_mode = question["check_mode"] or self._checks
        try:
            result = self._execute_module(question["module"], arguments, task_vars=variables)
        except AnsibleConnectionFailure as problem:
            return {"unreachable": True, "msg": _last_line(problem)}
        except AnsibleError as problem:
            return {"failed": True, "msg": first_line(problem)}
        except Exception as problem:
            # The agent is needed to give the lock back.
            return {"failed": True, "msg": f"{type(problem).__name__}: {first_line(problem)}"}
        finally:
            self.cleanup()
        for warning in result.pop("warnings", None) or ():
            Display().warning(str(warning))
        return {name: value for name, value in result.items() if name not in _OF_ANSIBLE}

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

    def _all_settings(
        self, variables: Mapping[str, Any], of_hosts: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Settings]:
        """Return the settings of these hosts; of a host that stated none, from the inventory."""
        all_settings = {}
        for host, of_host in of_hosts.items():
            stated = _stated(variables, host, of_host)
            all_settings[host] = (
                plain.from_dict(Settings, stated["settings"])
                if stated
                else settings.read(host, self._evaluator(of_host), stated=False)
            )
        return all_settings

    # A run

    def _run(self, step: str, variables: Mapping[str, Any], operation: str) -> dict[str, Any]:
        """Return what comes of a run: its report, or for what it has paused."""
        self._refuse_private()
        self._refuse_hidden(variables)
        misspelt = self._misspelt()
        if misspelt:
            return {**_NO_REPORT, "ansible_stats": _stats(_NO_REPORT), **_ended(misspelt)}
        run, of_hosts = self._begin(variables, operation, step == PLAN)
        walk = self._walk(run, of_hosts, _agents(variables, of_hosts))
        if step == STATUS:
            return self._walked(walk, run, of_hosts, walk.status)
        if step == HISTORY:
            return self._walked(walk, run, of_hosts, walk.history)
        walked = self._walked(walk, run, of_hosts, walk.operation)
        if step == PLAN:
            assumed = planning.group_of(of_hosts.values()).get("nso_ha_assume_dead")
            chosen = operation in _MOVING and not assumed
            candidate = walk.decision.plan.candidate if chosen else ""
            walked["ansible_stats"]["data"][plays.CANDIDATE] = candidate
        return walked

    def _resume(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return what comes of a run that has paused."""
        paused = (variables.get(plays.RESULT) or {}).get("paused")
        if not paused:
            raise _Refused(_NOT_BEGUN)
        run = plain.from_dict(Run, paused["run"])
        of_hosts = {
            host: plain.from_dict(Settings, of_host) for host, of_host in paused["settings"].items()
        }
        agents = {
            host: plain.from_dict(Agent, agent_data)
            for host, agent_data in paused["agents"].items()
        }
        problems = {
            host: problem
            for host, of_host in _of_hosts(variables, run.hosts).items()
            if isinstance(problem := of_host.get(HOOK_PROBLEM), Mapping)
        }
        walk = self._walk(run, of_hosts, agents)
        return self._walked(walk, run, of_hosts, lambda: walk.resume(paused["walk"], problems))

    def _walk(
        self, run: Run, of_hosts: Mapping[str, Settings], agents: Mapping[str, Agent]
    ) -> Walk:
        """Return a run on its way."""
        self._caller = AgentCaller(
            agents,
            self._crowd(len(of_hosts)).at_a_time,
            run.lease,
            tell=lambda call: Display().v(str(call)),
            still=lambda calls, seconds: self._show([live.waiting(calls, seconds, _clock())]),
        )
        around = Surroundings(
            gone=processes.is_gone,
            hook_problem=lambda event: self._hook_problem_now(event, run, of_hosts),
            tell=self._tell_waves,
            verbose=Display().verbosity > 0,
        )
        return Walk(run, of_hosts, self._caller, around)

    def _walked(
        self,
        walk: Walk,
        run: Run,
        of_hosts: Mapping[str, Settings],
        go: Callable[[], None],
    ) -> dict[str, Any]:
        """Return what comes of a run once it has gone as far as it can."""
        try:
            go()
        finally:
            if not walk.due:
                self._caller.dismiss()
        if walk.due:
            return {
                **_NO_REPORT,
                "hook": hooks.for_playbook(walk.due, run, of_hosts, walk.decision),
                "paused": {
                    "run": plain.to_dict(run),
                    "settings": _plain(of_hosts),
                    "agents": _plain(self._caller.agents),
                    "walk": walk.paused,
                },
            }
        # Lines of waves come before it, or the line with the name of the task.
        gap = [ReportLine("")] if self._told else []
        self._show([*gap, *walk.report.lines])
        report = walk.report.data
        fail_when = {state for of_host in of_hosts.values() for state in of_host.fail_when}
        return {
            **report,
            "ansible_stats": _stats(report),
            **_ended(_problem(run, report, fail_when), of_hosts, walk.changed),
        }

    def _end(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return what became of this host, and why the run ends with an error, or ""."""
        result = variables.get(plays.RESULT) or {}
        if "problem" not in result:
            raise _Refused(_NOT_BEGUN)
        of_host = result["ends"].get(variables["inventory_hostname"], {})
        problem = result["problem"]
        # A look goes on without a node whose variables are wrong.
        if of_host.get("problems") and not problem:
            problem = f"status: {'; '.join(of_host['problems'])}"
        return {"changed": of_host.get("changed", False), "msg": problem}

    # The beginning of a run

    def _begin(
        self, variables: Mapping[str, Any], operation: str, is_plan: bool
    ) -> tuple[Run, dict[str, Settings]]:
        """Return the run, with the reasons why it may not go on, and the settings of its hosts."""
        host_settings = plain.from_dict(Settings, variables[plays.RESULT]["settings"])
        group = host_settings.text("nso_ha_group") or settings.DEFAULT_GROUP
        paths = _hooks(host_settings, operation)
        problems = {
            event: self._hook_problem(event, path, host_settings.limits.hook)
            for event, path in paths.items()
        }
        hosts = tuple(variables["groups"].get(group, ()))
        host_variables = _of_hosts(variables, hosts)
        of_hosts = self._all_settings(variables, host_variables)
        crowd = self._crowd(len(of_hosts))
        dry = is_plan or self._in_check_mode(variables, host_variables)
        process = processes.this_process()
        run = Run(
            run_id=token_hex(8),
            owner=processes.owner(variables, process["host"]),
            began=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            process=process,
            operation=operation,
            hosts=hosts,
            dry=dry,
            problems=tuple(
                self._problems(variables, group, operation, of_hosts, crowd, dry, is_plan=is_plan)
            ),
            hooks=paths,
            hook_problems={event: why for event, why in problems.items() if why},
            lease=leases.lease(list(of_hosts.values()), crowd),
            inventory=self._inventory(variables),
            given=plays.given(load_extra_vars(self._loader)),
            left_out=tuple(
                host for host in hosts if host not in variables["ansible_play_hosts_all"]
            ),
            warnings=tuple(plays.slips(host_variables, self._known_variables())),
        )
        return run, of_hosts

    def _inventory(self, variables: Mapping[str, Any]) -> str:
        """Return the options that name the inventory of this run, for a command to be pasted.

        None are needed where the configuration names it, and none make sense in AWX.
        """
        sources = context.CLIARGS.get("inventory") or ()
        awx = any(name in variables for name in ("awx_job_id", "tower_job_id"))
        if awx or list(sources) == list(constants.DEFAULT_HOST_LIST):
            return ""
        return plays.inventory_options(sources, os.getcwd())

    def _in_check_mode(
        self, variables: Mapping[str, Any], host_variables: Mapping[str, Mapping[str, Any]]
    ) -> bool:
        """Return whether anything asks for check mode: the command line, or a task of any host.

        `check_mode: false` does not lift the check mode of the command line.
        """
        if self._task.check_mode or variables.get("ansible_check_mode"):
            return True
        return any(
            _stated(variables, host, of_host).get("check_mode")
            for host, of_host in host_variables.items()
        )

    def _problems(
        self,
        variables: Mapping[str, Any],
        group: str,
        operation: str,
        of_hosts: Mapping[str, Settings],
        crowd: Crowd,
        dry: bool,
        *,
        is_plan: bool,
    ) -> list[str]:
        """Return the reasons why the run may not even observe the nodes."""
        living = variables["ansible_play_hosts"]
        unstated = [host for host in living if host in of_hosts and not of_hosts[host].stated]
        problems = plays.problems(self._play(group, variables, unstated), whole=bool(operation))
        if operation:
            return problems + planning.problems(operation, of_hosts, crowd, dry, is_plan)
        return problems + planning.assumptions(of_hosts)

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

    def _misspelt(self) -> str:
        """Return which variables -e sets that the role does not have: a consent may go unheard."""
        known = self._known_variables()
        words = plays.misspelt(load_extra_vars(self._loader), known) if known else []
        if not words:
            return ""
        return (
            f"{', '.join(words)} was given with -e, and the role nso.ha.cluster has no such "
            "variable. Nothing was done. Correct the name, or leave it out."
        )

    def _known_variables(self) -> Collection[str]:
        """Return the variables that a user of the role may set; none outside of the role."""
        role = self._task._role
        return () if role is None else tuple(role.get_default_vars())

    def _refuse_hidden(self, variables: Mapping[str, Any]) -> None:
        """Fail if a variable of the play hides the one in which the role leaves its report."""
        host = variables["inventory_hostname"]
        registered = variables["hostvars"].raw_get(host).get(plays.RESULT)
        if not isinstance(registered, Mapping) or "settings" not in registered:
            raise _Refused(_NOT_BEGUN)
        result = variables[plays.RESULT]
        if not isinstance(result, Mapping) or result.get("task") != registered["task"]:
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
        return plays.Inherited(
            once=boolean(self._templar.template(self._inherited_keyword("run_once") or False)),
            delegate_to=str(self._inherited_keyword("delegate_to") or ""),
            conditions=tuple(map(str, self._inherited_list("when"))),
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

    # What is shown

    def _tell_waves(self, before: Decision, after: Decision) -> None:
        """Print a line for each wave that was judged."""
        lines = live.lines(before, after, _clock())
        self._told = self._told or bool(lines)
        self._show(lines)

    def _show(self, lines: Iterable[ReportLine]) -> None:
        """Print lines as they are: within a result Ansible would quote and indent them."""
        if not self._task.no_log:
            machine = constants.DEFAULT_STDOUT_CALLBACK.rpartition(".")[2] in _FOR_MACHINES
            for line in lines:
                Display().display(line.text, color=line.colour or None, stderr=machine)

    def _hook_problem_now(self, event: str, run: Run, of_hosts: Mapping[str, Settings]) -> str:
        """Return why the tasks for an event cannot be relied on now."""
        limit = max(host_settings.limits.hook for host_settings in of_hosts.values())
        return self._hook_problem(event, run.hooks[event], limit)


def _agents(variables: Mapping[str, Any], hosts: Iterable[str]) -> dict[str, Agent]:
    """Return the agents of these hosts. A host that has not stated its settings has none."""
    of_hosts = _of_hosts(variables, hosts)
    return {
        host: plain.from_dict(Agent, stated["agent"])
        for host, of_host in of_hosts.items()
        if (stated := _stated(variables, host, of_host))
    }


def _ended(
    problem: str,
    of_hosts: Mapping[str, Settings] | None = None,
    changed: Collection[str] = (),
) -> dict[str, Any]:
    """Return what the last task of the role goes by."""
    ends = {
        host: {"changed": host in changed, "problems": list(of_host.problems)}
        for host, of_host in (of_hosts or {}).items()
    }
    return {"hook": {}, "problem": problem, "ends": ends}


def _last_line(problem: Exception) -> str:
    """Return the last line of a message: what ssh says first may be a banner."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[-1] if lines else type(problem).__name__


def _clock() -> str:
    """Return the time of day as people on the controller read it."""
    return datetime.now().strftime("%H:%M:%S")


def _plain(by_host: Mapping[str, Any]) -> dict[str, Any]:
    return {host: plain.to_dict(of_host) for host, of_host in by_host.items()}


def _problem(run: Run, report: Mapping[str, Any], fail_when: Collection[str]) -> str:
    """Return why a run, or a look, ends with an error; "" if it does not.

    fail_when: the states of health with which a look does
    """
    health = report.get("health", {})
    if not run.operation and health.get("state") in fail_when:
        following = f" Next: {health['next']}." if health["next"] else ""
        return f"{health['text']}.{following} {report['message']}"
    bad = report["outcome"] not in GOOD if run.operation else report["outcome"] in _BAD_TO_SEE
    return str(report["message"]) if bad or run.problems else ""


def _hooks(host_settings: Settings, operation: str) -> dict[str, str]:
    """Return the files with tasks of the user's own that an operation may need, by event.

    Status, which is no operation, says whether a failover would work.
    """
    given = {event: host_settings.text(name) for event, name in VARIABLES.items()}
    if operation not in (operations.FAILOVER, ""):
        del given[FENCE]
    return {
        event: os.path.realpath(path)
        for event, path in given.items()
        if path and (operation or event == FENCE)
    }


def _of_hosts(variables: Mapping[str, Any], hosts: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return the variables of these hosts as they stand. Ansible puts them together each time."""
    return {host: variables["hostvars"].raw_get(host) for host in hosts}


def _stated(
    variables: Mapping[str, Any], host: str, of_host: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return what a host has stated in the task in which this host did; empty if it has not.

    With run_once, Ansible registers for every host what one host has stated.
    """
    task = (variables.get(plays.RESULT) or {}).get("task")
    registered = of_host.get(plays.RESULT)
    if not isinstance(registered, Mapping) or not task or registered.get("task") != task:
        return {}
    return registered if registered["settings"]["member"]["host"] == host else {}


def _stats(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what hands the report on as custom statistics, as the module set_stats returns it."""
    return {"data": {plays.ARTIFACT: dict(report)}, "per_host": False, "aggregate": False}
