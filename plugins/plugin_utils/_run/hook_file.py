# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a file of a hook's tasks can be relied on, as far as reading it tells. Pure functions.

Its confirming task writes into the lock that a host is fenced, say, and that permits a promotion.
So the confirming task must not be reached unless the host is fenced: no task before it may hide a
failure, and the last task before it must not be skipped. task_file.py reads the files.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._store.lock import (
    ANNOUNCE,
    BACKUP,
    FENCE,
    WITHDRAW,
)

from .hooks import CONFIRMS, host_variable

CONFIRMED = "confirmed"

#: For each event, what the tasks do and what a host is then.
_WORDS = {
    FENCE: ("fence", "fenced"),
    WITHDRAW: ("withdraw", "withdrawn"),
    BACKUP: ("back up", "backed up"),
    ANNOUNCE: ("announce", "announced"),
}

_NO = ("false", "no", "off", "n", "f", "0", "")

#: Keywords that let tasks run after a failed one, each with what to do instead.
_HIDING = {
    "ignore_errors": "handle a failure that may happen in a rescue",
    "ignore_unreachable": "a host that cannot be reached proves nothing",
    "check_mode": "a task in check mode does nothing",
}
#: Keywords with which a task ends the run on other hosts too, or stops it, each with the reason.
_ENDING = {
    "run_once": "the tasks run on one node as they are, and an unreachable host would end the play",
    "any_errors_fatal": "a failure would end the run on the other nodes, too",
    "debugger": "a run that waits for somebody to type does not give its locks back",
}
#: Keywords that Ansible evaluates outside of the task: where that fails, the run ends there.
_EVALUATED_OUTSIDE = ("throttle", "tags")
#: Actions that do nothing and query nothing, or only fail.
_NOTHING = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "ansible.builtin.", "ansible.legacy.")
    for name in ("debug", "fail", "include_vars", "meta", "set_fact")
)
_META = frozenset(("ansible.builtin.meta", "ansible.legacy.meta", "meta"))
#: Meta actions that do not end the play, or a part of it, with locks left on the nodes.
_HARMLESS_META = frozenset(("noop", "reset_connection"))


@dataclass(frozen=True)
class HookTask:
    """A task, a block, or a task that includes a file or a role.

    action:    the full name of the action, "block" for a block
    keywords:  its keywords, as they are in the file
    arguments: the arguments of its action
    block:     the tasks in it that run one after the other
    aside:     the tasks in its rescue and always sections
    inside:    for a role, its tasks: a failure may be hidden there, but they may not end the run
    rescues:   whether it has tasks that run when one has failed
    """

    name: str
    action: str
    keywords: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    block: Sequence[HookTask] = ()
    aside: Sequence[HookTask] = ()
    inside: Sequence[HookTask] = ()
    rescues: bool = False

    @property
    def confirms(self) -> bool:
        """Return whether this is a confirming task."""
        return self.action == CONFIRMS and self.arguments.get("state") == CONFIRMED

    @property
    def holds(self) -> bool:
        """Return whether other tasks are in it."""
        return bool(self.block or self.aside)


def problems(
    tasks: Sequence[HookTask],
    tags_are_chosen: bool,
    limit: float = math.inf,
    event: str = FENCE,
) -> list[str]:
    """Return the reasons why a file for an event cannot be relied on; none if it can.

    `tags_are_chosen`: whether --tags or --skip-tags may leave out tasks.
    `limit`: how long its tasks may take, in seconds (nso_ha_hook_timeout)
    """
    reasons = [text for task in _all(tasks) for text in _hides(task)]
    reasons += [
        text for task in _everything(tasks) for text in (*_ends(task), *_takes_longer(task, limit))
    ]
    if tags_are_chosen:
        reasons += [
            f"{_called(task)} has tags, and this run chooses tasks by tags; run it without"
            for task in _all(tasks)
            if task.keywords.get("tags")
        ]
    reasons += [
        f"{_called(task)} confirms in a rescue or always section, which runs after a failure"
        for holder in _all(tasks)
        for task in _all(holder.aside)
        if task.confirms
    ]
    flat = list(_in_order(tasks, ()))
    places = [place for place, (task, _above) in enumerate(flat) if task.confirms]
    for place in places:
        reasons += _not_certain(flat, place, event)
    if not places or places[-1] != len(flat) - 1:
        reasons.append(
            f"it has to end with a task that confirms that the host is {_WORDS[event][1]}: "
            f'{CONFIRMS} with state: {CONFIRMED} and host: "{{{{ {host_variable(event)} }}}}"'
        )
    return list(dict.fromkeys(reasons))


def _all(tasks: Iterable[HookTask]) -> Iterator[HookTask]:
    for task in tasks:
        yield task
        yield from _all(task.block)
        yield from _all(task.aside)


def _everything(tasks: Iterable[HookTask]) -> Iterator[HookTask]:
    """Yield all tasks, those in roles too."""
    for task in _all(tasks):
        yield task
        yield from _everything(task.inside)


def _in_order(
    tasks: Iterable[HookTask], above: tuple[HookTask, ...]
) -> Iterator[tuple[HookTask, tuple[HookTask, ...]]]:
    """Yield the tasks that run if none fails, in order, each with the blocks that it is in."""
    for task in tasks:
        if task.block:
            yield from _in_order(task.block, (*above, task))
        elif task.action != "block":
            yield task, above


def _keywords_of(task: HookTask) -> list[Mapping[str, Any]]:
    """Return the keywords of a task, and those it gives to what it includes."""
    applied = task.arguments.get("apply")
    return [task.keywords, applied if isinstance(applied, Mapping) else {}]


def _hides(task: HookTask) -> Iterator[str]:
    called = _called(task)
    for keywords in _keywords_of(task):
        for keyword, instead in _HIDING.items():
            if keyword in keywords and not _is(keywords[keyword], _NO):
                yield f"{called} has {keyword}: {instead}"
        if "failed_when" in keywords and _is(keywords["failed_when"], _NO):
            yield f"{called} has failed_when: false, so it never fails"
        if "async" in keywords and _is(keywords.get("poll", 15), ("0",)):
            yield f"{called} has poll: 0, so nobody waits for what comes of it"
        if keywords.get("notify"):
            yield f"{called} has notify, and handlers run when it is too late"
    if task.confirms:
        for keyword in ("delegate_to", "loop", "with_items", "async"):
            if keyword in task.keywords:
                yield f"{called} confirms and has {keyword}; it has to run once, on its own node"


def _ends(task: HookTask) -> Iterator[str]:
    """Yield why a task may end the run in a way that leaves locks behind."""
    called = _called(task)
    for keywords in _keywords_of(task):
        for keyword, why in _ENDING.items():
            if keyword in keywords and not _is(keywords[keyword], (*_NO, "never")):
                yield f"{called} has {keyword}: {why}"
        for keyword in _EVALUATED_OUTSIDE:
            if _is_template(keywords.get(keyword)):
                yield (
                    f"{called} has a template in {keyword}, and the run would end there, with the "
                    "locks left on the nodes, if it could not be evaluated; write the value itself"
                )
    if _is_template(task.action):
        yield (
            f"{called} has an action by a name made by a template, so it cannot be checked "
            "beforehand; name it in full, with a condition if need be"
        )
    if task.action in _META:
        what = str(task.arguments.get("_raw_params", ""))
        if what not in _HARMLESS_META:
            yield f"{called} is meta: {what}, which ends the run with the locks left on the nodes"


def _takes_longer(task: HookTask, limit: float) -> Iterator[str]:
    """Yield why a task may go on after the time limit, which Ansible would not notice."""
    keywords = task.keywords
    pauses = 0.0
    if "until" in keywords or "retries" in keywords:
        pauses = _number(keywords.get("retries", 3)) * _number(keywords.get("delay", 5))
    times = {
        "retries and delay": pauses,
        "async": _number(keywords.get("async", 0)),
        "timeout": _number(keywords.get("timeout", 0)),
    }
    for what, seconds in times.items():
        if seconds > limit:
            yield (
                f"{_called(task)} may wait for {seconds:g} s ({what}), and nso_ha_hook_timeout is "
                f"{limit:g} s"
            )


def _number(value: object) -> float:
    """Return a number, or 0 for what is none, such as a template."""
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _is_template(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_is_template(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return any(_is_template(inner) for inner in value)
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def _not_certain(
    flat: Sequence[tuple[HookTask, tuple[HookTask, ...]]], place: int, event: str
) -> Iterator[str]:
    """Yield why the last task before a confirming task may not have run."""
    do, done = _WORDS[event]
    confirming, above = flat[place]
    before = [(task, over) for task, over in flat[:place] if task.action not in _NOTHING]
    if not before or before[-1][0].confirms:
        yield (
            f"{_called(confirming)} confirms, and nothing before it does anything: {do} the host, "
            f"and ask whether it is {done}"
        )
        return
    last, over = before[-1]
    # A block that both tasks are in says nothing about the last task alone.
    alone = [last, *(block for block in over if not any(block is other for other in above))]
    for task in alone:
        if "when" in task.keywords:
            yield (
                f"{_called(task)} is the last before the confirmation and has a condition, so it "
                f"may be skipped; let something that is always done ask whether the host is {done}"
            )
        if task.rescues:
            yield f"{_called(task)} is the last before the confirmation and rescues a failure"
        if _may_loop_over_nothing(task):
            yield (
                f"{_called(task)} is the last before the confirmation and loops over what may be "
                "empty"
            )
    if last.action.endswith(("include_role", "import_role")):
        yield (
            f"{_called(last)} is the last before the confirmation, and whether a role did anything "
            f"cannot be told; let a task of the file ask whether the host is {done}"
        )


def _may_loop_over_nothing(task: HookTask) -> bool:
    loops = [
        over
        for keyword, over in task.keywords.items()
        if keyword == "loop" or keyword.startswith("with_")
    ]
    return any(not isinstance(over, list) or not over for over in loops)


def _called(task: HookTask) -> str:
    what = "the block" if task.action == "block" else "the task"
    return f"{what} {task.name!r}" if task.name else f"{what} {task.action}"


def _is(value: object, texts: Sequence[str]) -> bool:
    """Return whether a value of YAML, or an item of it, is one of these texts."""
    if isinstance(value, list):
        return any(_is(item, texts) for item in value)
    return str(value).strip().lower() in texts
