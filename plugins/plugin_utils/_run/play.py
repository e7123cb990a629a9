# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a play can run the role: one cluster, all of it, in step, and each node for itself.

Pure functions over what the action plugin has read from Ansible.
"""

from __future__ import annotations

import difflib
import os
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .._checks.consents import option, value_option

#: Strategies with which each task runs on all hosts before the next one begins. What is decided
#: once for the cluster would otherwise be decided before all nodes have answered.
_IN_STEP = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "ansible.builtin.", "ansible.legacy.")
    for name in ("linear", "debug")
)

#: The prefix of the variables that the tasks of the role set for one another.
_PRIVATE = "__nso_ha_"
#: The variable in which the role leaves its report for the play that it is part of.
RESULT = "nso_ha_result"
#: The custom statistics under which AWX, and later jobs of a workflow, get it.
ARTIFACT = "nso_ha_report"
#: The same for the candidate that a plan has chosen.
CANDIDATE = "nso_ha_planned_candidate"

#: The prefix of the variables of the role, and those of them that are not for it: what it hands on
#: to AWX comes back as a variable, and the role nso.ha.awx_setup has its own.
_PREFIX = "nso_ha_"
_OTHERS = (ARTIFACT, f"{_PREFIX}awx_")

#: Of those that are given with -e, the ones that a command does not have that is to be pasted: the
#: token, and what chooses or opens the way for one run.
_NOT_AGAIN = ("nso_ha_token", "nso_ha_operation", "nso_ha_break_lock")


@dataclass(frozen=True)
class Inherited:
    """What the tasks of the role inherit from the play, the blocks and the import around them.

    once:            whether they run once (`run_once`)
    delegate_to:     where they are delegated to, or ""
    conditions:      what `when` says. Ansible evaluates it for each task
    """

    once: bool = False
    delegate_to: str = ""
    conditions: Sequence[str] = ()


@dataclass(frozen=True)
class Play:
    """The play that runs the role.

    hosts:     all hosts of the play, also those that Ansible has dropped
    together:  the hosts of the play that `serial` does not leave for a later batch
    unstated:  living hosts of the group that did not take part in the first task of the role
    groups:    the hosts of each group of the inventory
    inherited: what the tasks of the role inherit
    """

    strategy: str
    hosts: Sequence[str]
    together: Collection[str]
    group: str
    groups: Mapping[str, Sequence[str]]
    unstated: Sequence[str] = ()
    inherited: Inherited = field(default_factory=Inherited)


def problems(play: Play, whole: bool = True) -> list[str]:
    """Return the reasons why this play cannot run an operation; none if it can.

    If it need not be the `whole` cluster, what is returned forbids even to look at the nodes.
    """
    members = play.groups.get(play.group, ())
    if not set(members).intersection(play.hosts):
        known = sorted(name for name in play.groups if name not in ("all", "ungrouped"))
        return [
            f"the group {play.group!r} (nso_ha_group) has no hosts in this play, so there is no "
            f"cluster to work on. The inventory has these groups: {', '.join(known) or 'none'}. "
            "Check the inventory (-i), nso_ha_group, and --limit, which may leave out all of its "
            "hosts"
        ]
    reasons = []
    if whole:
        reasons += _not_whole(play, members)
    if play.strategy not in _IN_STEP:
        reasons.append(
            f"the strategy of this play is {play.strategy}, with which hosts do not go in step. "
            "Use 'strategy: ansible.builtin.linear' in the play"
        )
    elif play.unstated and not play.inherited.once:
        reasons.append(
            f"{', '.join(play.unstated)} did not state what the variables say. That task was cut "
            "off, or 'when', 'run_once' or a loop leaves hosts out of the role. Let the role run "
            "on all hosts of the play"
        )
    return reasons + _inherited_problems(play.inherited)


def _not_whole(play: Play, members: Sequence[str]) -> list[str]:
    """Return the reasons why the hosts of the play are not the cluster."""
    reasons = []
    others = [host for host in play.hosts if host not in members]
    if others:
        reasons.append(
            f"{', '.join(others)} of this play {_are(others)} not in the group {play.group!r} "
            "(nso_ha_group). One play runs one cluster: give each cluster a play of its own, with "
            f"'hosts: {play.group}'"
        )
    missing = [host for host in members if host not in play.together]
    if missing:
        reasons.append(
            f"{', '.join(missing)} of the group take no part in this play together with the "
            "others. A decision about a cluster needs all of its nodes: run without --limit and "
            "without serial"
        )
    return reasons


def _inherited_problems(inherited: Inherited) -> list[str]:
    """Return the reasons why the tasks of the role would not do what they are for."""
    reasons = []
    if inherited.once:
        reasons.append(
            "run_once holds for the role, so that one host would stand for all of them. Remove it "
            "from the role, or from the block or the play that the role is in"
        )
    if inherited.delegate_to:
        reasons.append(
            f"the role is delegated to {inherited.delegate_to} (delegate_to), which would be taken "
            "for each node. Remove it from the role, or from the block that the role is in"
        )
    for condition in inherited.conditions:
        if RESULT in condition or _PRIVATE in condition:
            reasons.append(
                f"the condition {condition!r} reads what the role sets, and Ansible evaluates it "
                "again before each task of the role. Use include_role with that condition, which "
                "evaluates it once; do not put it on import_role or on a block"
            )
    return reasons


def _are(hosts: Collection[str]) -> str:
    return "is" if len(hosts) == 1 else "are"


def flat(tags: Iterable[object]) -> frozenset[str]:
    """Return tags as Ansible counts them: a template of one tag may be a list of several."""
    return frozenset(
        str(tag) for part in tags for tag in (part if isinstance(part, list) else [part])
    )


def chosen(tags: frozenset[str], only: frozenset[str], skip: frozenset[str]) -> bool:
    """Return whether Ansible runs a task with these tags, given --tags and --skip-tags."""
    tagged = bool(tags)
    tags = tags or frozenset(("untagged",))
    by_rule = ("all" in only or ("tagged" in only and tagged)) and "never" not in tags
    if only and "always" not in tags and tags.isdisjoint(only) and not by_rule:
        return False
    if "all" in skip:
        return "always" in tags and "always" not in skip
    return tags.isdisjoint(skip) and not ("tagged" in skip and tagged)


def private(names: Iterable[str]) -> list[str]:
    """Return which of these variables only the tasks of the role may set."""
    return sorted(name for name in names if name == RESULT or name.startswith(_PRIVATE))


def given(extra: Mapping[str, object]) -> dict[str, str]:
    """Return the variables of the role that were given with -e, as options to be pasted.

    Not those that are secret, that are for one run only, or that no shell takes as plain text.
    """
    options = {}
    for name, value in extra.items():
        if not name.startswith(_PREFIX) or name.startswith(_OTHERS) or name in _NOT_AGAIN:
            continue
        values = value if isinstance(value, list) else [value]
        texts = [str(text).lower() if isinstance(text, bool) else str(text) for text in values]
        if not all(isinstance(text, (str, int, float)) for text in values) or not all(texts):
            continue
        if isinstance(value, list):
            options[name] = option(name, texts)
        else:
            options[name] = value_option(name, texts[0])
    return options


def inventory_options(sources: Iterable[str], directory: str) -> str:
    """Return the options that name these inventories, seen from a directory."""
    words = []
    for source in sources:
        near = os.path.relpath(source, directory) if os.path.isabs(source) else source
        words.append(f"-i {shlex.quote(source if near.startswith(os.pardir) else near)}")
    return " ".join(words)


def misspelt(names: Iterable[str], known: Collection[str]) -> list[str]:
    """Return a few words on each variable that looks like one of the role, and is none.

    known: the variables that a user of the role may set
    """
    candidates = sorted(
        name
        for name in names
        if name.startswith(_PREFIX) and not name.startswith(_OTHERS) and name not in known
    )
    words = []
    for name in candidates:
        near = difflib.get_close_matches(name, known, n=1)
        words.append(f"{name} (perhaps {near[0]} is meant)" if near else name)
    return words


#: How like a variable of the role another one has to be, without the prefix, to be taken for a
#: slip: an inventory may have variables of its own with that prefix.
_LIKE = 0.85


def slips(names_of: Mapping[str, Iterable[str]], known: Collection[str]) -> list[str]:
    """Return a sentence on each variable of a host that is most likely a misspelt one of the role.

    names_of: the names of the variables of each host
    known:    the variables that a user of the role may set
    """
    hosts_of: dict[str, list[str]] = {}
    for host, names in names_of.items():
        for name in names:
            if name.startswith(_PREFIX) and not name.startswith(_OTHERS) and name not in known:
                hosts_of.setdefault(name, []).append(host)
    endings = [name.removeprefix(_PREFIX) for name in known]
    sentences = []
    for name, hosts in sorted(hosts_of.items()):
        near = difflib.get_close_matches(name.removeprefix(_PREFIX), endings, 1, _LIKE)
        if near:
            sentences.append(
                f"{name} of {', '.join(hosts)} is no variable of the role and does nothing "
                f"(perhaps {_PREFIX}{near[0]} is meant)"
            )
    return sentences
