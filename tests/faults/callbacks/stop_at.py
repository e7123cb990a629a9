# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes down the steps of a play, and can stop the play at one of them.

A step is a task that does something to nodes, on those that it was not skipped on. What is between
two steps only looks and computes. helpers/stopping.py sets the environment.
"""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: stop_at
type: aggregate
short_description: Stop a play at one of its steps
description:
  - Writes down the steps of a play. Stops the play at one of them if told to.
"""

_COLLECTION, _LOOKS = "nso.ha.ncs_ha_", "nso.ha.ncs_ha_status"
_WAVE = "Wave "
#: In a result of a task that ran once for one node after the other: the node.
_NODE = "__nso_ha_node"


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """See above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stop_at"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._path = os.environ["NSO_HA_TESTS_STEPS"]
        stop = json.loads(os.environ.get("NSO_HA_TESTS_STOP", "{}"))
        self._number: int = stop.get("number", 0)
        self._host: str = stop.get("host", "")
        self._signal = signal.Signals(stop.get("signal", signal.SIGKILL))
        self._done = 0
        self._task: dict[str, Any] | None = None

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Whatever ran before has ended on all hosts, and nothing of this one has begun."""
        self._end_step()
        does = task.action.startswith(_COLLECTION) and not task.check_mode
        name = task.get_name().rpartition(" : ")[2]
        if does and (task.action != _LOOKS or name.startswith(_WAVE)):
            self._task = {"name": name, "action": task.action, "hosts": [], "failed": []}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """With one fork, those before this host have ended, and those after it have not begun."""
        if self._task and (self._done + 1, str(host.name)) == (self._number, self._host):
            self._stop(self._task["name"])

    def v2_runner_on_ok(self, result: Any) -> None:
        """A host has done it."""
        self._note(result, "hosts")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A host has tried."""
        self._note(result, "hosts", "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host has perhaps tried."""
        self._note(result, "hosts", "failed")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The play has ended."""
        self._end_step()

    def _note(self, result: Any, *lists: str) -> None:
        """Write down the hosts of a result, all of them where it ran once for several nodes."""
        if not self._task:
            return
        items = result._result.get("results")
        if items is None:
            for one in lists:
                self._task[one].append(str(result._host.get_name()))
            return
        for item in items:
            bad = item.get("failed") or item.get("unreachable")
            for one in ("hosts", "failed") if bad else ("hosts",):
                self._task[one].append(str(item[_NODE]))

    def _end_step(self) -> None:
        step, self._task = self._task, None
        if not step or not step["hosts"]:
            return
        self._done += 1
        self._write({**step, "hosts": sorted(step["hosts"])})
        if self._done == self._number and not self._host:
            self._stop(step["name"])

    def _stop(self, name: str) -> None:
        self._number = 0
        self._write({"stopped": name})
        # As a terminal does it, and as whatever kills the job of a controller.
        os.killpg(os.getpgrp(), self._signal)

    def _write(self, line: dict[str, Any]) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
