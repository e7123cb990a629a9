# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a file of fencing tasks can be relied on, as far as reading it tells. Pure functions.

Its confirming task writes into the lock that a host is fenced, and that permits a promotion. So the
confirming task must not be reached unless the host is fenced: no task before it may hide a failure,
and the last task before it must not be skipped. task_file.py reads the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: The task that confirms. It is named in full in messages.
CONFIRMS = "nso.ha.ncs_ha_operation"
CONFIRMED = "confirmed"

_NO = ("false", "no", "off", "n", "f", "0", "")

#: Keywords that let tasks run after a failed one, each with what to do instead.
_HIDING = {
    "ignore_errors": "handle a failure that may happen in a rescue",
    "ignore_unreachable": "a host that cannot be reached proves nothing",
    "check_mode": "a task in check mode does nothing",
    "run_once": "the tasks run on one node as they are, and an unreachable host would end the play",
}
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
class FenceTask:
    """A task, a block, or a task that includes a file or a role.

    action:    the full name of the action, "block" for a block
    keywords:  its keywords, as they are in the file
    arguments: the arguments of its action
    block:     the tasks in it that run one after the other
    aside:     the tasks in its rescue and always sections
    rescues:   whether it has tasks that run when one has failed
    """

    name: str
    action: str
    keywords: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    block: Sequence[FenceTask] = ()
    aside: Sequence[FenceTask] = ()
    rescues: bool = False

    @property
    def confirms(self) -> bool:
        """Return whether this is a confirming task."""
        return self.action == CONFIRMS and self.arguments.get("state") == CONFIRMED

    @property
    def holds(self) -> bool:
        """Return whether other tasks are in it."""
        return bool(self.block or self.aside)


def problems(tasks: Sequence[FenceTask], tags_are_chosen: bool) -> list[str]:
    """Return the reasons why a file cannot be relied on; none if it can.

    `tags_are_chosen`: whether --tags or --skip-tags may leave out tasks.
    """
    reasons = [text for task in _all(tasks) for text in _hides(task)]
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
        reasons += _not_certain(flat, place)
    if not places or places[-1] != len(flat) - 1:
        reasons.append(
            f"it has to end with a task that confirms that the host is fenced: {CONFIRMS} with "
            f'state: {CONFIRMED} and host: "{{{{ nso_ha_fence_host }}}}"'
        )
    return list(dict.fromkeys(reasons))


def _all(tasks: Iterable[FenceTask]) -> Iterator[FenceTask]:
    for task in tasks:
        yield task
        yield from _all(task.block)
        yield from _all(task.aside)


def _in_order(
    tasks: Iterable[FenceTask], above: tuple[FenceTask, ...]
) -> Iterator[tuple[FenceTask, tuple[FenceTask, ...]]]:
    """Yield the tasks that run if none fails, in order, each with the blocks that it is in."""
    for task in tasks:
        if task.block:
            yield from _in_order(task.block, (*above, task))
        elif task.action != "block":
            yield task, above


def _hides(task: FenceTask) -> Iterator[str]:
    called = _called(task)
    applied = task.arguments.get("apply")
    several = [task.keywords, applied if isinstance(applied, Mapping) else {}]
    for keywords in several:
        for keyword, instead in _HIDING.items():
            if keyword in keywords and not _is(keywords[keyword], _NO):
                yield f"{called} has {keyword}: {instead}"
        if "failed_when" in keywords and _is(keywords["failed_when"], _NO):
            yield f"{called} has failed_when: false, so it never fails"
        if "async" in keywords and _is(keywords.get("poll", 15), ("0",)):
            yield f"{called} has poll: 0, so nobody waits for what comes of it"
        if keywords.get("notify"):
            yield f"{called} has notify, and handlers run when it is too late"
    if task.action in _META:
        what = str(task.arguments.get("_raw_params", ""))
        if what not in _HARMLESS_META:
            yield f"{called} is meta: {what}, which ends the run with the locks left on the nodes"
    if task.confirms:
        for keyword in ("delegate_to", "loop", "with_items", "async"):
            if keyword in task.keywords:
                yield f"{called} confirms and has {keyword}; it has to run once, on its own node"


def _not_certain(
    flat: Sequence[tuple[FenceTask, tuple[FenceTask, ...]]], place: int
) -> Iterator[str]:
    """Yield why the last task before a confirming task may not have run."""
    confirming, above = flat[place]
    before = [(task, over) for task, over in flat[:place] if task.action not in _NOTHING]
    if not before or before[-1][0].confirms:
        yield (
            f"{_called(confirming)} confirms, and nothing before it does anything: fence the host, "
            "and ask whether it is fenced"
        )
        return
    last, over = before[-1]
    # A block that both tasks are in says nothing about the last task alone.
    alone = [last, *(block for block in over if not any(block is other for other in above))]
    for task in alone:
        if "when" in task.keywords:
            yield (
                f"{_called(task)} is the last before the confirmation and has a condition, so it "
                "may be skipped; let something that is always done ask whether the host is fenced"
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
            "cannot be told; let a task of the file ask whether the host is fenced"
        )


def _may_loop_over_nothing(task: FenceTask) -> bool:
    loops = [
        over
        for keyword, over in task.keywords.items()
        if keyword == "loop" or keyword.startswith("with_")
    ]
    return any(not isinstance(over, list) or not over for over in loops)


def _called(task: FenceTask) -> str:
    what = "the block" if task.action == "block" else "the task"
    return f"{what} {task.name!r}" if task.name else f"{what} {task.action}"


def _is(value: object, texts: Sequence[str]) -> bool:
    """Return whether a value of YAML, or an item of it, is one of these texts."""
    if isinstance(value, list):
        return any(_is(item, texts) for item in value)
    return str(value).strip().lower() in texts
