# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reading a file of tasks, and all that it includes, as Ansible reads it in a run.

A file that Ansible cannot load ends the run at once, without rescue and always; so it is loaded
beforehand. Its tasks become plain data (hook_file.py).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.mod_args import ModuleArgsParser
from ansible.playbook.block import Block
from ansible.playbook.helpers import load_list_of_blocks
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.loader import action_loader, module_loader
from ansible.vars.manager import VariableManager

from .hook_file import HookTask

#: How deep files may include one another.
MAX_DEPTH = 20

_BUILTIN = ("", "ansible.builtin.", "ansible.legacy.")
_TASKS = frozenset(
    f"{prefix}{name}" for prefix in _BUILTIN for name in ("include_tasks", "import_tasks")
)
_ROLES = frozenset(
    f"{prefix}{name}" for prefix in _BUILTIN for name in ("include_role", "import_role")
)
_PLAYBOOKS = frozenset(f"{prefix}import_playbook" for prefix in _BUILTIN)
_SECTIONS = ("block", "rescue", "always")


class FileError(Exception):
    """A file that cannot be loaded beforehand; the text says where and why."""


class Reader:
    """Reads files of tasks for a play. `loader` is Ansible's, `play` the play that is running."""

    def __init__(self, loader: Any, play: Any) -> None:
        self._loader = loader
        self._play = play
        self._variables = VariableManager(loader=loader)

    def read(self, path: str) -> list[HookTask]:
        """Return the tasks in a file. Raises FileError."""
        return self._file(path, MAX_DEPTH)

    def _file(self, path: str, depth: int) -> list[HookTask]:
        if depth < 1:
            raise FileError(f"{path}: files include one another more than {MAX_DEPTH} deep")
        try:
            content = self._load(path)
            if not isinstance(content, list) or not content:
                raise FileError(f"{path} has no tasks")
            return [self._task(entry, path, depth) for entry in content]
        except AnsibleError as problem:
            raise FileError(f"{path}: {first_line(problem)}") from None
        # Ansible asserts that a list has only tasks.
        except (AssertionError, KeyError, TypeError, ValueError) as problem:
            raise FileError(f"{path} cannot be loaded: {first_line(problem)}") from None
        except RecursionError:
            raise FileError(f"{path} is nested too deeply") from None

    def _load(self, path: str) -> Any:
        try:
            return self._loader.load_from_file(path, trusted_as_template=True)
        except TypeError:
            # Before ansible-core 2.19.
            return self._loader.load_from_file(path)

    def _task(self, entry: Any, path: str, depth: int) -> HookTask:
        if not isinstance(entry, dict):
            raise FileError(f"{path} has {str(entry)[:40]!r} where a task should be")
        if "block" in entry:
            return self._block(entry, path, depth)
        _refuse_templated_action(entry, path)
        action, arguments, _delegate = ModuleArgsParser(entry).parse(skip_action_validation=True)
        name = str(entry.get("name") or "")
        if action in _PLAYBOOKS:
            raise FileError(f"{path} has {action}, which is for playbooks and not for tasks")
        if action in _TASKS:
            TaskInclude.load(entry, variable_manager=self._variables, loader=self._loader)
            if isinstance(arguments.get("apply"), Mapping):
                self._keywords(arguments["apply"])
            target = self._target(arguments, path)
            return HookTask(name, action, entry, arguments, block=self._file(target, depth - 1))
        if action in _ROLES:
            inside = self._role(entry, path, depth)
            return HookTask(name, action, entry, arguments, inside=inside)
        task = Task.load(entry, variable_manager=self._variables, loader=self._loader)
        resolved = _resolved(task.action)
        return HookTask(name, resolved, entry, arguments)

    def _block(self, entry: Mapping[str, Any], path: str, depth: int) -> HookTask:
        keywords = {key: value for key, value in entry.items() if key not in _SECTIONS}
        self._keywords(keywords)
        sections = {}
        for section in _SECTIONS:
            tasks = entry.get(section) or []
            if not isinstance(tasks, list):
                raise FileError(f"{path}: {section} is not a list of tasks")
            sections[section] = [self._task(inner, path, depth) for inner in tasks]
        return HookTask(
            name=str(entry.get("name") or ""),
            action="block",
            keywords=keywords,
            block=sections["block"],
            aside=[*sections["rescue"], *sections["always"]],
            rescues=bool(sections["rescue"]),
        )

    def _keywords(self, keywords: Mapping[str, Any]) -> None:
        """Load the keywords of a block, with a block that does nothing."""
        Block.load(
            {**keywords, "block": [{"ansible.builtin.meta": "noop"}]},
            play=self._play,
            variable_manager=self._variables,
            loader=self._loader,
        )

    def _target(self, arguments: Mapping[str, Any], path: str) -> str:
        """Return the file that a task of this file includes."""
        named = str(arguments.get("file") or arguments.get("_raw_params") or "")
        _refuse_template(named, "file", path)
        here = os.path.dirname(path)
        for place in (named, os.path.join("tasks", named)):
            target = os.path.normpath(os.path.join(here, place))
            if named and os.path.isfile(target):
                return target
        raise FileError(f"{path} includes {named!r}, which is not there")

    def _role(self, entry: Mapping[str, Any], path: str, depth: int) -> list[HookTask]:
        """Return the tasks of a role, and of what they include."""
        if depth < 1:
            raise FileError(f"{path}: roles include one another more than {MAX_DEPTH} deep")
        arguments = ModuleArgsParser(entry).parse(skip_action_validation=True)[1]
        for option in ("name", "role", "tasks_from"):
            _refuse_template(str(arguments.get(option) or ""), "role", path)
        parent = Block(play=self._play)
        include = IncludeRole.load(
            entry, block=parent, variable_manager=self._variables, loader=self._loader
        )
        try:
            blocks, _handlers = include.get_block_list(
                play=self._play, variable_manager=self._variables, loader=self._loader
            )
        except AnsibleError as problem:
            # It may be in any of its files, and the message does not always say in which.
            raise FileError(
                f"{path}: the role {include._role_name}: {first_line(problem)}"
            ) from None
        return self._of_role(blocks, path, depth - 1)

    def _of_role(self, loaded: Sequence[Any], path: str, depth: int) -> list[HookTask]:
        """Return these blocks and tasks of a role, with what they include."""
        tasks = []
        for item in loaded:
            keywords = item.get_ds()
            keywords = keywords if isinstance(keywords, Mapping) else {}
            if isinstance(item, Block):
                block = self._of_role(item.block, path, depth)
                aside = self._of_role([*item.rescue, *item.always], path, depth)
                keywords = {key: keywords[key] for key in keywords if key not in _SECTIONS}
                tasks.append(HookTask("", "block", keywords, block=block, aside=aside))
            elif not item.implicit:
                inside = self._included(item, path, depth)
                name = str(item.name or "")
                action = _resolved(item.action)
                tasks.append(HookTask(name, action, keywords, item.args, inside=inside))
        return tasks

    def _included(self, task: Any, path: str, depth: int) -> list[HookTask]:
        """Return what a task of a role includes."""
        if not isinstance(task, TaskInclude) or task.statically_loaded:
            return []
        if isinstance(task, IncludeRole):
            return self._role({task.action: dict(task.args)}, path, depth)
        return self._file_of_role(task, path, depth)

    def _file_of_role(self, task: Any, path: str, depth: int) -> list[HookTask]:
        named = str(task.args.get("file") or task.args.get("_raw_params") or "")
        role = task._role
        _refuse_template(named, "file", f"{path}: the role {role}")
        if depth < 1:
            raise FileError(f"{path}: the role {role} includes files too deeply")
        if isinstance(task.args.get("apply"), Mapping):
            self._keywords(task.args["apply"])
        target = self._loader.path_dwim_relative(role._role_path, "tasks", named)
        blocks = load_list_of_blocks(
            self._load(target) or [],
            play=self._play,
            role=role,
            task_include=task,
            variable_manager=self._variables,
            loader=self._loader,
        )
        return self._of_role(blocks, path, depth - 1)


def _refuse_templated_action(entry: Mapping[str, Any], path: str) -> None:
    """Raise FileError where a task in its old form has a template for its action.

    Before ansible-core 2.19 the parser fails with another reason.
    """
    given = entry.get("action") or entry.get("local_action")
    if isinstance(given, str) and given.lstrip().startswith(("{{", "{%")):
        raise FileError(
            f"{path} has an action by a name made by a template ({given}), so it cannot be checked "
            "beforehand; name it in full, with a condition if need be"
        )


def _refuse_template(named: str, what: str, path: str) -> None:
    if "{{" in named or "{%" in named:
        raise FileError(
            f"{path} includes a {what} by a name made by a template ({named}), so it cannot be "
            "checked beforehand; name it in full, with a condition if need be"
        )


def _resolved(action: str) -> str:
    """Return the full name of an action."""
    for plugins in (action_loader, module_loader):
        context = plugins.find_plugin_with_context(action)
        if context.resolved and context.resolved_fqcn:
            return str(context.resolved_fqcn)
    return action


def first_line(problem: Exception) -> str:
    """Return the first line of the message of an exception of Ansible."""
    text = str(getattr(problem, "message", "") or problem).strip()
    return text.splitlines()[0] if text else type(problem).__name__
