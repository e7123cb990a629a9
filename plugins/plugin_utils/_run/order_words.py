# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What orders do to a node, in the words of an operator. Pure functions.

The names of the orders stay in the data of a report; tables and messages have these words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.nso.ha.plugins.module_utils._apply.transitions import (
    BENONE,
    BEPRIMARY,
    BERELAY,
    BESECONDARY,
)
from ansible_collections.nso.ha.plugins.module_utils._store.lock import (
    ANNOUNCE,
    BACKUP,
    FENCE,
    WITHDRAW,
)

from .._plan.plan import (
    READ_ONLY,
    SECONDARY_DEAD,
    START_PHASE_1,
    START_PHASE_2,
    WAIT,
    WRITABLE,
)

#: An order, and the inventory name of the other node that it is about, or "".
Action = tuple[str, str]

#: The forms of a phrase: what a plan says of a node, what is said afterwards of one node and of
#: several, and what follows "to".
PLANNED, PAST, PAST_OF_SEVERAL, INFINITIVE = range(4)

_STEP_DOWN, _LEAVE, _COPY_AS_RELAY = "step down", "leave", "copy as relay"

_COPY = ("copies {}", "copies {}", "copy {}", "copy {}")
_PHRASES: Mapping[str, tuple[str, str, str, str]] = {
    BEPRIMARY: ("becomes primary", "became primary", "became primary", "become primary"),
    _STEP_DOWN: ("steps down", "stepped down", "stepped down", "step down"),
    _LEAVE: ("leaves the cluster", "left the cluster", "left the cluster", "leave the cluster"),
    BESECONDARY: _COPY,
    _COPY_AS_RELAY: tuple(f"{form} as relay" for form in _COPY),  # type: ignore[dict-item]
    BERELAY: ("becomes relay", "became relay", "became relays", "become relay"),
    SECONDARY_DEAD: (
        "declares {} dead",
        "declared {} dead",
        "declared {} dead",
        "declare {} dead",
    ),
    READ_ONLY: ("read-only on", "read-only on", "read-only on", "turn read-only on"),
    WRITABLE: ("read-only off", "read-only off", "read-only off", "turn read-only off"),
    WAIT: ("catches up with {}", "caught up with {}", "caught up with {}", "catch up with {}"),
    START_PHASE_1: (
        "enters start phase 1",
        "entered start phase 1",
        "entered start phase 1",
        "enter start phase 1",
    ),
    START_PHASE_2: (
        "enters start phase 2",
        "entered start phase 2",
        "entered start phase 2",
        "enter start phase 2",
    ),
    FENCE: ("fences {}", "fenced {}", "fenced {}", "fence {}"),
    WITHDRAW: ("is withdrawn", "was withdrawn", "were withdrawn", "be withdrawn"),
    BACKUP: ("is backed up", "was backed up", "were backed up", "be backed up"),
    ANNOUNCE: ("is announced", "was announced", "were announced", "be announced"),
}


def phrases(actions: Sequence[Action], form: int, *, primary: bool) -> list[str]:
    """Return what these orders do, or have done, to a node, in order.

    primary: whether the node is, or was, primary before
    """
    return [
        _PHRASES[name][form].format(about or "its primary") if name in _PHRASES else name
        for name, about in _reduced(actions, primary)
    ]


def _reduced(actions: Sequence[Action], primary: bool) -> list[Action]:
    """Return the actions without those that are only a part of another one."""
    orders = [order for order, _about in actions]
    reduced: list[Action] = []
    for i, (order, about) in enumerate(actions):
        before, after = orders[:i], orders[i + 1 :]
        if order == WAIT and len(orders) > 1:
            continue
        # A primary that hands over is read-only from then on until it has a role again.
        if order == READ_ONLY and BENONE in after:
            continue
        if order == WRITABLE and READ_ONLY in before and BENONE in before:
            continue
        if order == BENONE:
            if primary and BENONE not in before:
                reduced.append((_STEP_DOWN, ""))
            elif not {BESECONDARY, BERELAY, BEPRIMARY}.intersection(after):
                reduced.append((_LEAVE, ""))
        elif order == BESECONDARY and BERELAY in after:
            reduced.append((_COPY_AS_RELAY, about))
        elif order == BERELAY and BESECONDARY in before:
            continue
        else:
            reduced.append((order, about))
    return list(dict.fromkeys(reduced))
