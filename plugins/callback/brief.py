# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: brief
type: stdout
short_description: Print what changed and what failed, and no more
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Prints one line for each task that has changed something, with all hosts on which it has.
  - Prints failures in full, as P(ansible.builtin.default#callback) does. Where the same task has
    failed for the same reason on more hosts, it prints one line that names them.
  - Prints one line for each failure that the playbook ignores.
  - Prints what tasks are there to print, such as reports of nso.ha and messages of
    P(ansible.builtin.debug#module), and warnings, differences and retries.
  - Prints a recap only if hosts have failed and something else was printed since, if hosts were
    unreachable, or if nothing else was printed at all.
  - Works with every playbook. With C(-v) it prints everything that
    P(ansible.builtin.default#callback) prints.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - Set as the standard output callback, as by C(stdout_callback) in C(ansible.cfg).
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  stdout_callback = nso.ha.brief
"""

from collections.abc import Sequence
from typing import Any

from ansible import constants
from ansible.plugins.callback.default import CallbackModule as Default

#: How many hosts a line names.
_MOST_HOSTS = 6

#: The actions whose results are messages for people.
_MESSAGES = ("debug", "ansible.builtin.debug", "ansible.legacy.debug")

#: The actions whose message says all there is about a failure.
_SAY_WHY = (
    *(
        f"{prefix}{name}"
        for prefix in ("", "ansible.builtin.", "ansible.legacy.")
        for name in ("fail", "assert")
    ),
    "nso.ha.cluster_run",
)

#: What default prints only for tasks without a change, and this callback never.
_HIDDEN = ("display_ok_hosts", "display_skipped_hosts")


class CallbackModule(Default):
    """See above.

    The results of ansible-core 2.16 have no `host`, `task` and `result`. All later releases still
    have `_host`, `_task` and `_result`.
    """

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "nso.ha.brief"

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, str] = {}
        # By task, the hosts on which it has changed something, and which are not printed yet.
        self._changed: dict[str, set[str]] = {}
        # By task, the failures that were printed in full, each with its host.
        self._failures: dict[str, list[tuple[object, str]]] = {}
        # By the host whose failure was printed in full, those on which the same one is to be told.
        self._alike: dict[str, set[str]] = {}
        self._is_silent = True
        self._has_just_failed = False

    def set_options(self, *arguments: Any, **options: Any) -> None:
        """Take the options of default; without -v, what is hidden is hidden whatever they say."""
        super().set_options(*arguments, **options)
        if self._is_brief:
            for name in _HIDDEN:
                self.set_option(name, False)

    @property
    def _is_brief(self) -> bool:
        return int(self._display.verbosity) == 0

    # Plays and tasks

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play begins."""
        if not self._is_brief:
            super().v2_playbook_on_play_start(play)
            return
        # default goes by it to find out the strategy.
        self._play = play

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """A task begins, and with most strategies the one before is over."""
        self._begin(task)
        super().v2_playbook_on_task_start(task, is_conditional)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """A handler begins."""
        self._begin(task)
        super().v2_playbook_on_handler_task_start(task)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        """A file was included."""
        if not self._is_brief:
            super().v2_playbook_on_include(included_file)

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        """All hosts have failed."""
        if not self._is_brief:
            super().v2_playbook_on_no_hosts_remaining()

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """A play has no hosts."""
        self._is_silent = False
        super().v2_playbook_on_no_hosts_matched()

    # Results

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task is done on a host."""
        if not self._is_brief:
            super().v2_runner_on_ok(result)
        elif result._task.action in _MESSAGES:
            self._say()
            # default hides messages together with everything else that changes nothing.
            self.set_option(_HIDDEN[0], True)
            super().v2_runner_on_ok(result)
            self.set_option(_HIDDEN[0], False)
        else:
            self._handle_warnings(result._result)
            # The items of a loop have told on which host, which may be another one for each.
            if result._result.get("changed") and not result._task.loop:
                self._note(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """A task is done for an item of its loop."""
        if not self._is_brief:
            super().v2_runner_item_on_ok(result)
        elif result._task.action in _MESSAGES:
            self._say()
            self.set_option(_HIDDEN[0], True)
            super().v2_runner_item_on_ok(result)
            self.set_option(_HIDDEN[0], False)
        else:
            self._handle_warnings(result._result)
            if result._result.get("changed"):
                self._note(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task has failed on a host."""
        if not self._is_brief:
            super().v2_runner_on_failed(result, ignore_errors)
        elif ignore_errors:
            self._ignored(result, "failed")
        else:
            earlier = self._as_before(result)
            if earlier:
                self._alike.setdefault(earlier, set()).add(self.host_label(result))
            else:
                self._say()
                if result._task.action in _SAY_WHY:
                    # ansible-core 2.19 and later print the message twice, with the lines around it.
                    result._result.pop("exception", None)
                super().v2_runner_on_failed(result, ignore_errors)
            self._has_just_failed = True

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """A task has failed for an item of its loop."""
        # What is ignored has a line for the whole loop.
        if not self._is_brief or not result._task.ignore_errors:
            self._say()
            super().v2_runner_item_on_failed(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host was not reached."""
        if self._is_brief and result._task.ignore_unreachable:
            self._ignored(result, "unreachable")
        else:
            self._say()
            super().v2_runner_on_unreachable(result)

    def v2_runner_retry(self, result: Any) -> None:
        """A task has failed, and is tried again."""
        self._say()
        super().v2_runner_retry(result)

    def v2_on_file_diff(self, result: Any) -> None:
        """A task tells what it has changed, with --diff."""
        if result._result.get("diff") or result._result.get("results"):
            self._flush()
        super().v2_on_file_diff(result)

    # The end

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The playbook is over."""
        self._flush()
        if not self._is_brief or (stats.custom and self.get_option("show_custom_stats")):
            super().v2_playbook_on_stats(stats)
            return
        by_host = {host: stats.summarize(host) for host in sorted(stats.processed)}
        failed = [host for host, counts in by_host.items() if counts["failures"]]
        lost = [host for host, counts in by_host.items() if counts["unreachable"]]
        if lost or (failed and not self._has_just_failed):
            parts = [
                *([f"failed on {_named(failed)}"] if failed else []),
                *([f"{_named(lost)} unreachable"] if lost else []),
            ]
            self._print(f"\nrecap: {', '.join(parts)}", constants.COLOR_ERROR)
        elif self._is_silent and not failed and not stats.custom:
            self._print(f"recap: nothing changed on {_named(list(by_host))}", constants.COLOR_OK)

    # What is printed

    def _begin(self, task: Any) -> None:
        self._flush()
        # Its name as it is now: later it may not be evaluated any more.
        name = str(task.name or task.get_name()).strip()
        marked = task.check_mode and self.get_option("check_mode_markers")
        self._names[task._uuid] = f"{name} [CHECK MODE]" if marked else name

    def _note(self, result: Any) -> None:
        """Keep that a task has changed something on a host."""
        self._changed.setdefault(result._task._uuid, set()).add(self.host_label(result))

    def _say(self) -> None:
        """Print what is not printed yet, before something else is."""
        self._flush()
        self._is_silent = self._has_just_failed = False

    def _flush(self) -> None:
        """Print the changes, and the failures like an earlier one, that are not printed yet."""
        for uuid, hosts in self._changed.items():
            line = f"changed: [{_named(sorted(hosts))}] {self._names.get(uuid, '')}"
            self._print(line.rstrip(), constants.COLOR_CHANGED)
        self._changed.clear()
        for earlier, alike in self._alike.items():
            line = f"fatal: [{', '.join(sorted(alike))}]: FAILED! => the same as {earlier}"
            self._print(line, constants.COLOR_ERROR, failure=True)
        self._alike.clear()

    def _ignored(self, result: Any, what: str) -> None:
        """Print in one line that a task has failed on a host, and that this is ignored."""
        self._say()
        message = result._result.get("msg") or result._result.get("censored") or "no message"
        lines = str(message).strip().splitlines() or [""]
        name = self._names.get(result._task._uuid, "")
        self._print(
            f"ignored: [{self.host_label(result)}] {name}: {what}: {lines[0]}",
            constants.COLOR_SKIP,
        )

    def _as_before(self, result: Any) -> str:
        """Return the host on which the task has failed in the same way before, or "" for none."""
        failures = self._failures.setdefault(result._task._uuid, [])
        failure = self._dump_results(result._result)
        for other, host in failures:
            if other == failure:
                return host
        failures.append((failure, self.host_label(result)))
        return ""

    def _print(self, text: str, color: str, *, failure: bool = False) -> None:
        self._is_silent, self._has_just_failed = False, failure
        stderr = failure and self.get_option("display_failed_stderr")
        self._display.display(text, color=color, stderr=stderr)


def _named(hosts: Sequence[str]) -> str:
    """Return the names of hosts, or of the first of them and how many there are."""
    if len(hosts) <= _MOST_HOSTS:
        return ", ".join(hosts)
    return f"{', '.join(hosts[: _MOST_HOSTS - 1])} and {len(hosts) - _MOST_HOSTS + 1} more"
