# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the tasks of the role without Ansible, in the order in which Ansible runs them.

As far as the role uses Ansible: anything else is an error. Its modules are functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from helpers.modules import ROOT
from helpers.role_templates import (
    OMIT,
    Scope,
    Template,
    Unsupported,
    compiled,
    condition,
    evaluate,
    holds,
)

ROLE = ROOT / "roles" / "cluster"
_TASKS = ROLE / "tasks"

Result = dict[str, Any]
Condition = Template | bool


@dataclass(frozen=True)
class Call:
    """A call of a module.

    host: where it runs
    """

    host: str
    arguments: Mapping[str, Any]
    check_mode: bool
    scope: Scope


Module = Callable[[Call], Result]

# What the files say


@dataclass(frozen=True)
class _Keywords:
    """Keywords that tasks inherit; None is one that is not given."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    ignores_errors: bool | None = None
    check_mode: bool | None = None
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Task:
    """A task, or an import or an include of a file.

    surroundings: what makes no difference here, and has to be evaluable all the same
    """

    name: str
    action: str
    arguments: Mapping[str, Any]
    keywords: _Keywords
    register: str = ""
    run_once: bool = False
    loop: Any = None
    loop_var: str = "item"
    index_var: str = ""
    delegate_to: Any = None
    changed_when: tuple[Condition, ...] | None = None
    surroundings: tuple[Any, ...] = ()


@dataclass(frozen=True)
class _Block:
    sections: Mapping[str, Sequence[_Task | _Block]]
    keywords: _Keywords


_INCLUDE, _IMPORT = "ansible.builtin.include_tasks", "ansible.builtin.import_tasks"
_SECTIONS = ("block", "rescue", "always")
_INHERITED = ("vars", "when", "ignore_errors", "check_mode", "module_defaults")
_SURROUNDINGS = ("environment", "become", "become_user", "remote_user")
#: Here no host is ever unreachable, none fails alone where all are to fail, and nothing takes time.
_WITHOUT_EFFECT = ("name", "ignore_unreachable", "any_errors_fatal", "tags", "timeout")
_OF_BOTH = frozenset((*_INHERITED, *_WITHOUT_EFFECT))
_OF_TASK = frozenset(
    (
        "register",
        "run_once",
        "loop",
        "loop_control",
        "delegate_to",
        "changed_when",
        *_SURROUNDINGS,
        *_OF_BOTH,
    )
)


@cache
def _tasks(path: Path) -> tuple[_Task | _Block, ...]:
    """Return the tasks of a file."""
    return tuple(map(_task_or_block, yaml.safe_load(path.read_text())))


@cache
def _is_file(path: Path) -> bool:
    return path.is_file()


@cache
def _variables(name: str) -> Mapping[str, Any]:
    """Return variables of the role: `vars` or `defaults`."""
    content = yaml.safe_load((ROLE / name / "main.yml").read_text())
    return {variable: compiled(value) for variable, value in content.items()}


@cache
def _group_members() -> Mapping[str, tuple[str, ...]]:
    """Return the modules of each action group, by the name that module_defaults has for it."""
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    return {
        f"group/nso.ha.{group}": tuple(f"nso.ha.{name}" for name in names)
        for group, names in groups.items()
    }


def _task_or_block(content: Mapping[str, Any]) -> _Task | _Block:
    if "block" not in content:
        return _task(content)
    _refuse_others(content, {*_OF_BOTH, *_SECTIONS})
    sections = {name: [*map(_task_or_block, content.get(name, ()))] for name in _SECTIONS}
    return _Block(sections, _keywords(content))


def _task(content: Mapping[str, Any]) -> _Task:
    names = [name for name in content if name not in _OF_TASK]
    if len(names) != 1:
        raise Unsupported(f"a task with {', '.join(names)}")
    control = content.get("loop_control", {})
    _refuse_others(control, {"loop_var", "index_var", "label"})
    changed = content.get("changed_when")
    task = _Task(
        name=content.get("name", ""),
        action=names[0],
        arguments={name: compiled(value) for name, value in content[names[0]].items()},
        keywords=_keywords(content),
        register=content.get("register", ""),
        run_once=content.get("run_once", False),
        loop=compiled(content.get("loop")),
        loop_var=control.get("loop_var", "item"),
        index_var=control.get("index_var", ""),
        delegate_to=compiled(content.get("delegate_to")),
        changed_when=None if changed is None else _conditions(changed),
        surroundings=tuple(compiled(content[name]) for name in _SURROUNDINGS if name in content),
    )
    if task.action in (_INCLUDE, _IMPORT):
        _refuse_others(task.arguments, {"file"})
        _refuse_others(content, {"name", task.action, "vars", "when", "loop", "loop_control"})
    return task


def _keywords(content: Mapping[str, Any]) -> _Keywords:
    defaults: dict[str, dict[str, Any]] = {}
    for name, options in content.get("module_defaults", {}).items():
        for module in _group_members().get(name, (name,)):
            if "/" in module:
                raise Unsupported(f"module_defaults of {module}")
            defaults.setdefault(module, {}).update(
                {option: compiled(value) for option, value in options.items()}
            )
    return _Keywords(
        variables={name: compiled(value) for name, value in content.get("vars", {}).items()},
        conditions=_conditions(content.get("when", ())),
        ignores_errors=content.get("ignore_errors"),
        check_mode=content.get("check_mode"),
        defaults=defaults,
    )


def _conditions(content: Any) -> tuple[Condition, ...]:
    return tuple(map(condition, content if isinstance(content, (list, tuple)) else [content]))


def _refuse_others(content: Iterable[str], known: Iterable[str]) -> None:
    others = set(content).difference(known)
    if others:
        raise Unsupported(", ".join(sorted(others)))


# Running it


@dataclass(frozen=True)
class _Frame:
    """What the tasks of a section inherit from all that is around them.

    directory: where the file is that the section is in
    included:  names of the variables of includes: in Ansible, none that a task sets is stronger
    """

    directory: Path
    variables: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    ignores_errors: bool = False
    check_mode: bool = False
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    included: frozenset[str] = frozenset()

    def within(self, own: _Keywords) -> _Frame:
        """Return what is inherited within a block or a task with these keywords."""
        if not self.included.isdisjoint(own.variables):
            raise Unsupported("a variable of an include that is set once more")
        defaults = dict(self.defaults)
        for module, options in own.defaults.items():
            defaults[module] = {**defaults.get(module, {}), **options}
        return _Frame(
            directory=self.directory,
            variables={**self.variables, **own.variables} if own.variables else self.variables,
            conditions=self.conditions + own.conditions,
            ignores_errors=_first(own.ignores_errors, self.ignores_errors),
            check_mode=_first(own.check_mode, self.check_mode),
            defaults=defaults,
            included=self.included,
        )


def _first(own: bool | None, inherited: bool) -> bool:
    return inherited if own is None else own


#: Hosts on which a task has failed, each with the task and its result.
Failures = dict[str, tuple[_Task, Result]]

#: A task that was skipped leaves this in what it registers.
_SKIPPED: Result = {"changed": False, "skipped": True}


class RoleRunner:
    """The role on the hosts of a play.

    inventory:  the variables of each host
    modules:    what is called, by the full name of the module
    registered: by host, what tasks have registered and set
    """

    def __init__(
        self,
        inventory: Mapping[str, Mapping[str, Any]],
        modules: Mapping[str, Module],
        check_mode: bool = False,
    ) -> None:
        self._inventory = inventory
        self._hosts = list(inventory)
        self._modules = {**_BUILTIN, **modules}
        self.registered: dict[str, Result] = {host: {} for host in inventory}
        # Of another host, the role asks for nothing but what was registered there.
        self._magic = {
            host: {
                "inventory_hostname": host,
                "hostvars": self.registered,
                "ansible_play_batch": self._hosts,
                "ansible_check_mode": check_mode,
            }
            for host in inventory
        }
        self._frame = _Frame(_TASKS, check_mode=check_mode)

    def run(self, entry: str) -> Failures:
        """Run an entry point of the role; return the hosts that failed."""
        return self._file(f"{entry}.yml", self._hosts, self._frame)

    def _scope(self, host: str, frame: _Frame) -> Scope:
        return Scope(
            self.registered[host],
            frame.variables,
            _variables("vars"),
            self._inventory[host],
            _variables("defaults"),
            self._magic[host],
        )

    # Sections, blocks and files

    def _file(self, name: str, hosts: Sequence[str], frame: _Frame) -> Failures:
        """Run a file, which is beside the one that names it or else in the tasks of the role."""
        beside = frame.directory / name
        path = beside if _is_file(beside) else _TASKS / name
        return self._section(_tasks(path), hosts, replace(frame, directory=path.parent))

    def _section(
        self, tasks: Iterable[_Task | _Block], hosts: Sequence[str], frame: _Frame
    ) -> Failures:
        failures: Failures = {}
        for one in tasks:
            living = [host for host in hosts if host not in failures]
            if not living:
                break
            run = self._block if isinstance(one, _Block) else self._task
            failures.update(run(one, living, frame))  # type: ignore[arg-type]
        return failures

    def _block(self, block: _Block, hosts: Sequence[str], frame: _Frame) -> Failures:
        inner = frame.within(block.keywords)
        failures = self._section(block.sections["block"], hosts, inner)
        handled = block.sections["rescue"] or block.sections["always"]
        if handled and any(task.run_once for task, _result in failures.values()):
            raise Unsupported("a task that runs once and fails where that is handled")
        if failures and block.sections["rescue"]:
            for host, (task, result) in failures.items():
                told = {"name": task.name, "action": task.action, "no_log": False}
                self.registered[host].update(ansible_failed_task=told, ansible_failed_result=result)
            failures = self._section(block.sections["rescue"], list(failures), inner)
        return {**failures, **self._section(block.sections["always"], hosts, inner)}

    def _task(self, task: _Task, hosts: Sequence[str], frame: _Frame) -> Failures:
        if task.action == _INCLUDE:
            return self._include(task, hosts, frame)
        inner = frame.within(task.keywords)
        if task.action == _IMPORT:
            file = evaluate(task.arguments["file"], self._scope(hosts[0], inner))
            return self._file(file, hosts, inner)
        failures = {}
        for host in hosts[:1] if task.run_once else hosts:
            result = self._on_host(task, host, inner)
            for other in self._hosts if task.run_once else [host]:
                if task.register:
                    self.registered[other][task.register] = result
                self.registered[other].update(result.get("ansible_facts", {}))
            if result.get("failed") and not inner.ignores_errors:
                failed = hosts if task.run_once else [host]
                failures.update(dict.fromkeys(failed, (task, result)))
        return failures

    def _include(self, task: _Task, hosts: Sequence[str], frame: _Frame) -> Failures:
        """Include a file for each item. All conditions are evaluated before any file is run."""
        inner = frame.within(task.keywords)
        included: dict[tuple[int, str], tuple[Mapping[str, Any], list[str]]] = {}
        for host in hosts:
            scope = self._scope(host, inner)
            for number, values in enumerate(_items(task, scope)):
                own = scope.below(values) if values else scope
                if all(holds(one, own) for one in inner.conditions):
                    file = evaluate(task.arguments["file"], own)
                    included.setdefault((number, file), (values, []))[1].append(host)
        failures: Failures = {}
        for (_number, file), (item, chosen) in included.items():
            living = [host for host in chosen if host not in failures]
            # Of an include, what it includes inherits the variables and nothing else.
            variables = {**frame.variables, **task.keywords.variables, **item}
            names = frame.included | set(task.keywords.variables) | set(item)
            inner = replace(frame, variables=variables, included=names)
            failures.update(self._file(file, living, inner))
        return failures

    # Tasks

    def _on_host(self, task: _Task, host: str, frame: _Frame) -> Result:
        scope = self._scope(host, frame)
        if task.loop is None:
            return self._execute(task, host, frame, scope)
        results = [
            {**self._execute(task, host, frame, scope.below(values)), **values}
            for values in _items(task, scope)
        ]
        return {
            "results": results,
            "changed": any(one["changed"] for one in results),
            "failed": any(one.get("failed") for one in results),
            "skipped": all(one.get("skipped") for one in results),
        }

    def _execute(self, task: _Task, host: str, frame: _Frame, scope: Scope) -> Result:
        if not all(holds(one, scope) for one in frame.conditions):
            return _SKIPPED
        for one in task.surroundings:
            evaluate(one, scope)
        where = host if task.delegate_to is None else evaluate(task.delegate_to, scope)
        given = {**frame.defaults.get(task.action, {}), **task.arguments}
        values = {name: evaluate(value, scope) for name, value in given.items()}
        arguments = {name: value for name, value in values.items() if value is not OMIT}
        module = self._modules.get(task.action)
        if module is None:
            raise Unsupported(f"module {task.action}")
        done = module(Call(where, arguments, frame.check_mode, scope))
        result = {"changed": False, "failed": False, **done}
        if task.changed_when is not None:
            after = scope.below({task.register: result})
            result["changed"] = all(holds(one, after) for one in task.changed_when)
        return result


def _items(task: _Task, scope: Scope) -> list[dict[str, Any]]:
    """Return the variables of a loop for each of its items; of no loop, those of one without."""
    if task.loop is None:
        return [{}]
    items = evaluate(task.loop, scope)
    if not isinstance(items, list):
        raise Unsupported(f"a loop over {items!r}")
    return [
        {task.loop_var: item, **({task.index_var: number} if task.index_var else {})}
        for number, item in enumerate(items)
    ]


def _fail(call: Call) -> Result:
    return {"failed": True, "msg": call.arguments["msg"]}


def _set_fact(call: Call) -> Result:
    facts = {name: value for name, value in call.arguments.items() if name != "cacheable"}
    return {"ansible_facts": facts}


def _show(_call: Call) -> Result:
    return {}


_BUILTIN: Mapping[str, Module] = {
    "ansible.builtin.debug": _show,
    "ansible.builtin.fail": _fail,
    "ansible.builtin.set_fact": _set_fact,
    "ansible.builtin.set_stats": _show,
}
