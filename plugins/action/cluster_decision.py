# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What only an action plugin can know before a run: the play it is part of, as Ansible runs it.

Documented in plugins/modules/cluster_decision.py.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timezone
from secrets import token_hex
from typing import Any

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import fence_file, processes
from ansible_collections.nso.ha.plugins.plugin_utils._run import play as plays
from ansible_collections.nso.ha.plugins.plugin_utils._run.task_file import FileError, Reader


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        "group": {"type": "str", "required": True},
        "operation": {"type": "str", "default": ""},
        "fence_tasks": {"type": "str", "default": ""},
    }


class ActionModule(ActionBase):
    """See the documentation of the module of this name."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return who runs this, and what speaks against it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        known = task_vars or {}
        _validation, given = self.validate_argument_spec(argument_spec=argument_spec())
        self._refuse_private()
        operation = given["operation"]
        fences = operation == operations.FAILOVER and given["fence_tasks"]
        result.update(
            changed=False,
            run=_run(known),
            check_mode=bool(self._task.check_mode or known.get("ansible_check_mode")),
            problems=plays.problems(self._play(given["group"], known)) if operation else [],
            fence_problem=self._fence_problem(given["fence_tasks"]) if fences else "",
        )
        return result

    def _refuse_private(self) -> None:
        """Fail where a variable is given that is stronger than what tasks find out."""
        named = plays.private(load_extra_vars(self._loader))
        if named:
            raise AnsibleActionFail(
                f"{', '.join(named)} was given with -e. The role nso.ha.cluster sets variables of "
                "such names itself, and one from outside would be taken for what a node said. "
                "Run this without them."
            )

    def _play(self, group: str, known: Mapping[str, Any]) -> plays.Play:
        everybody = list(known["ansible_play_hosts_all"])
        later = set(known["ansible_play_hosts"]) - set(known["ansible_play_batch"])
        return plays.Play(
            strategy=str(self._task.get_play().strategy),
            hosts=everybody,
            together=frozenset(everybody) - later,
            group=group,
            groups=known["groups"],
        )

    def _fence_problem(self, path: str) -> str:
        """Return why the fencing tasks cannot be relied on, or nothing."""
        arguments = context.CLIARGS
        chosen = bool(arguments.get("skip_tags")) or list(arguments.get("tags") or ["all"]) != [
            "all"
        ]
        try:
            tasks = Reader(self._loader, self._task.get_play()).read(os.path.realpath(path))
        except FileError as problem:
            found = [str(problem)]
        else:
            found = fence_file.problems(tasks, chosen)
        if not found:
            return ""
        why = "; ".join(found)
        return f"the fencing tasks in {path} (nso_ha_fence_tasks) cannot be relied on: {why}"


def _run(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells this run from every other."""
    process = processes.this_process()
    return {
        "id": token_hex(8),
        "owner": processes.owner(known, process["host"]),
        "began": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "process": process,
    }
