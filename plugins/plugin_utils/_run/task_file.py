# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reading a file of tasks, and all that it includes, as Ansible reads it in a run.

A file that Ansible cannot load ends the run at once, without rescue and always; so it is loaded
beforehand. Its tasks become plain data (fence_file.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
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

from .fence_file import FenceTask

#: How deep files may include one another.
MAX_DEPTH = 20

_BUILTIN = ("", "ansible.builtin.", "ansible.legacy.")
_TASKS = frozenset(
    f"{prefix}{name}" for prefix in _BUILTIN for name in ("include_tasks", "import_tasks")
)
_ROLES = frozenset(
    f"{prefix}{name}" for prefix in _BUILTIN for name in ("include_role", "import_role")
)
_SECTIONS = ("block", "rescue", "always")


class FileError(Exception):
    """A file that cannot be loaded beforehand; the text says where and why."""


class Reader:
    """Reads files of tasks for a play. `loader` is Ansible's, `play` the play that is running."""

    def __init__(self, loader: Any, play: Any) -> None:
        self._loader = loader
        self._play = play
        self._variables = VariableManager(loader=loader)

    def read(self, path: str) -> list[FenceTask]:
        """Return the tasks in a file. Raises FileError."""
        return self._file(path, MAX_DEPTH)

    def _file(self, path: str, depth: int) -> list[FenceTask]:
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

    def _task(self, entry: Any, path: str, depth: int) -> FenceTask:
        if not isinstance(entry, dict):
            raise FileError(f"{path} has {str(entry)[:40]!r} where a task should be")
        if "block" in entry:
            return self._block(entry, path, depth)
        action, arguments, _delegate = ModuleArgsParser(entry).parse(skip_action_validation=True)
        name = str(entry.get("name") or "")
        if action in _TASKS:
            TaskInclude.load(entry, variable_manager=self._variables, loader=self._loader)
            target = self._target(arguments, path)
            return FenceTask(name, action, entry, arguments, block=self._file(target, depth - 1))
        if action in _ROLES:
            self._role(entry, path)
            return FenceTask(name, action, entry, arguments)
        task = Task.load(entry, variable_manager=self._variables, loader=self._loader)
        resolved = _resolved(task.action)
        return FenceTask(name, resolved, entry, arguments)

    def _block(self, entry: Mapping[str, Any], path: str, depth: int) -> FenceTask:
        # The keywords of the block itself, loaded with a block that does nothing.
        keywords = {key: value for key, value in entry.items() if key not in _SECTIONS}
        noop = [{"ansible.builtin.meta": "noop"}]
        Block.load(
            {**keywords, "block": noop},
            play=self._play,
            variable_manager=self._variables,
            loader=self._loader,
        )
        sections = {}
        for section in _SECTIONS:
            tasks = entry.get(section) or []
            if not isinstance(tasks, list):
                raise FileError(f"{path}: {section} is not a list of tasks")
            sections[section] = [self._task(inner, path, depth) for inner in tasks]
        return FenceTask(
            name=str(entry.get("name") or ""),
            action="block",
            keywords=keywords,
            block=sections["block"],
            aside=[*sections["rescue"], *sections["always"]],
            rescues=bool(sections["rescue"]),
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

    def _role(self, entry: Mapping[str, Any], path: str) -> None:
        """Load a role, and what its tasks include."""
        arguments = ModuleArgsParser(entry).parse(skip_action_validation=True)[1]
        for option in ("name", "role", "tasks_from"):
            _refuse_template(str(arguments.get(option) or ""), "role", path)
        parent = Block(play=self._play)
        include = IncludeRole.load(
            entry, block=parent, variable_manager=self._variables, loader=self._loader
        )
        blocks, _handlers = include.get_block_list(
            play=self._play, variable_manager=self._variables, loader=self._loader
        )
        self._blocks(blocks, path, MAX_DEPTH)

    def _blocks(self, blocks: Sequence[Any], path: str, depth: int) -> None:
        """Load what these tasks of a role include."""
        for task in _tasks_of(blocks):
            if isinstance(task, IncludeRole) and not task.statically_loaded:
                self._role({task.action: dict(task.args)}, path)
            elif isinstance(task, TaskInclude) and not task.statically_loaded:
                self._file_of_role(task, path, depth)

    def _file_of_role(self, task: Any, path: str, depth: int) -> None:
        named = str(task.args.get("file") or task.args.get("_raw_params") or "")
        role = task._role
        _refuse_template(named, "file", f"{path}: the role {role}")
        if depth < 1:
            raise FileError(f"{path}: the role {role} includes files too deeply")
        target = self._loader.path_dwim_relative(role._role_path, "tasks", named)
        blocks = load_list_of_blocks(
            self._load(target) or [],
            play=self._play,
            role=role,
            task_include=task,
            variable_manager=self._variables,
            loader=self._loader,
        )
        self._blocks(blocks, path, depth - 1)


def _tasks_of(blocks: Sequence[Any]) -> Iterator[Any]:
    for task in blocks:
        if isinstance(task, Block):
            yield from _tasks_of([*task.block, *task.rescue, *task.always])
        else:
            yield task


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
