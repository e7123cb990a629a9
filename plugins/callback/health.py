# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: health
type: stdout
short_description: Print the health of a cluster in one line, and end with its exit status
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - For monitoring systems that run a command. Instead of what a playbook prints, it prints one line
    on standard output, the health of the cluster and what to do next.
  - C(ansible-playbook) ends with 0 if the cluster is healthy, 1 if it is degraded, 2 if it has no
    primary or two, and 3 if its health is not known.
  - Made for the playbook C(nso.ha.status). Where a task has failed, the health is never told as 0.
  - It ends C(ansible-playbook) after the first playbook, so name only one. Other callbacks are not
    told that the playbook is over, so those that write a summary then, write none.
  - Errors of Ansible itself, such as those of the command line, have no line on standard output and
    an exit status of their own. A command without a line has to count as 3.
requirements:
  - Set as the standard output callback, as by the environment variable C(ANSIBLE_STDOUT_CALLBACK).
"""

EXAMPLES = r"""
command: |
  ANSIBLE_STDOUT_CALLBACK=nso.ha.health ansible-playbook nso.ha.status -i inventory.yml
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from ansible.plugins.callback import CallbackBase

#: The exit status for what is not known, and the name of the report among the custom statistics.
_UNKNOWN = 3
_REPORT = "nso_ha_report"


class CallbackModule(CallbackBase):
    """See above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "nso.ha.health"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._problem = ""

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task has failed on a host."""
        if not ignore_errors:
            self._keep(result, "it failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host was not reached."""
        if not result._task.ignore_unreachable:
            self._keep(result, "it could not be reached")

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """A play has no hosts."""
        self._problem = self._problem or "a play has no hosts"

    def v2_playbook_on_stats(self, stats: Any) -> NoReturn:
        """The playbook is over: print the health and end. Raises SystemExit."""
        text, status = self._health(stats)
        self._display.display(" ".join(text.split()))
        # Ansible lets nothing else choose its exit status, and cleans up behind this as always.
        raise SystemExit(status)

    def _keep(self, result: Any, else_: str) -> None:
        """Keep why the first host has failed."""
        message = str(result._result.get("msg") or else_)
        self._problem = self._problem or f"{result._host.get_name()}: {message}"

    def _health(self, stats: Any) -> tuple[str, int]:
        """Return the line to print, and the exit status."""
        report = (stats.custom.get("_run") or {}).get(_REPORT) or {}
        health = report.get("health")
        if not isinstance(health, Mapping):
            return f"unknown: {self._problem or 'no playbook of nso.ha has looked'}", _UNKNOWN
        status = int(health["exit_status"])
        if not status and self._problem:
            return f"unknown: {self._problem}", _UNKNOWN
        then = f" Next: {health['next']}." if health["next"] else ""
        return f"{health['text']}.{then}", status
