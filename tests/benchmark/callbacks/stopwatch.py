# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes down when each task began and ended on each host, and what came of it.

plays.py sets the environment. The times are seconds of the monotonic clock.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: stopwatch
type: aggregate
short_description: Write down when tasks begin and end
description:
  - Writes a JSON file with the begin and the end of each task on each host.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """See above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stopwatch"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._path = os.environ["NSO_HA_BENCHMARK_RECORD"]
        self._begun: dict[tuple[str, str], float] = {}
        self._tasks: list[dict[str, Any]] = []

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A task begins on a host."""
        self._begun[str(host.get_name()), task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        """It is done."""
        self._note(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """It has failed."""
        self._note(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """The host was not reached."""
        self._note(result, "unreachable")

    def v2_runner_on_skipped(self, result: Any) -> None:
        """It was not to be done here."""
        self._note(result, "skipped")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The play has ended."""
        with open(self._path, "w", encoding="utf-8") as file:
            json.dump(self._tasks, file)

    def _note(self, result: Any, outcome: str) -> None:
        end = time.monotonic()
        host, task = str(result._host.get_name()), result._task
        self._tasks.append(
            {
                "action": task.action,
                "host": host,
                "outcome": outcome,
                "changed": bool(result._result.get("changed")),
                "begin": self._begun.pop((host, task._uuid), end),
                "end": end,
            }
        )
