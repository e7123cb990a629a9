# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a play can run an operation: one cluster, all of it, in step. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Strategies with which each task runs on all hosts before the next one begins. What is decided
#: once for the cluster would otherwise be decided before all nodes have answered.
_IN_STEP = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "ansible.builtin.", "ansible.legacy.")
    for name in ("linear", "debug")
) | {"mitogen_linear"}

#: The prefix of the variables that the tasks of the role set for one another.
_PRIVATE = "__nso_ha_"


@dataclass(frozen=True)
class Play:
    """The play that runs the role.

    hosts:    all hosts of the play, also those that Ansible has dropped
    together: the hosts of the play that `serial` does not leave for a later batch
    groups:   the hosts of each group of the inventory
    """

    strategy: str
    hosts: Sequence[str]
    together: Collection[str]
    group: str
    groups: Mapping[str, Sequence[str]]


def problems(play: Play) -> list[str]:
    """Return the reasons why this play cannot run an operation; none if it can."""
    if play.group not in play.groups:
        known = ", ".join(name for name in play.groups if name not in ("all", "ungrouped"))
        return [
            f"nso_ha_group is {play.group!r}, and the inventory has no such group; there are "
            f"{known or 'none'}"
        ]
    reasons = []
    members = play.groups[play.group]
    if not members:
        reasons.append(f"the group {play.group!r} (nso_ha_group) has no hosts")
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
    if play.strategy not in _IN_STEP:
        reasons.append(
            f"the strategy of this play is {play.strategy}, with which hosts do not go in step. "
            "Use 'strategy: ansible.builtin.linear' in the play"
        )
    return reasons


def _are(hosts: Collection[str]) -> str:
    return "is" if len(hosts) == 1 else "are"


def private(names: Iterable[str]) -> list[str]:
    """Return which of these variables only the tasks of the role may set."""
    return sorted(name for name in names if name.startswith(_PRIVATE))
