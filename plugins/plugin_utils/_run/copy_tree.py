# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who copies whom, as a tree for a terminal. Pure functions over plain data."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.nso.ha.plugins.module_utils._node.state import FOLLOWERS, RELAY

from .._model.observation import Answer, Observation
from .._model.topology import Member
from . import table


def lines(members: Sequence[Member], observed: Mapping[str, Observation]) -> list[str]:
    """Return the tree as lines, with a title and an empty line before; nothing without a relay.

    Each node is below the one that it says it follows; one that does not answer, below the one that
    lists it. Nodes that follow each other in a circle are at the top.
    """
    if not any(_role(observed[member.host]) == RELAY for member in members):
        return []
    copies: dict[str, list[Member]] = defaultdict(list)
    tops: list[Member] = []
    for member in members:
        upstream = _upstream(member, members, observed)
        if upstream:
            copies[upstream].append(member)
        else:
            tops.append(member)
    shown: set[str] = set()
    rows = [row for top in tops for row in _rows(top, copies, observed, shown, "", "")]
    for member in members:
        if member.host not in shown:
            rows += _rows(member, copies, observed, shown, "", "")
    return ["", "Who copies whom:", *rows]


def _rows(
    member: Member,
    copies: Mapping[str, list[Member]],
    observed: Mapping[str, Observation],
    shown: set[str],
    first: str,
    others: str,
) -> Iterator[str]:
    """Yield the row of a node, and those of the nodes below it."""
    shown.add(member.host)
    state = _state(member, copies, observed)
    row = f"{first}{member.host}  {state}"
    yield from [row] if len(row) <= table.WIDTH else _broken(member.host, state, len(first))
    below = [copy for copy in copies.get(member.host, ()) if copy.host not in shown]
    for copy in below:
        stem = "   " if copy is below[-1] else "|  "
        yield from _rows(copy, copies, observed, shown, f"{others}+- ", others + stem)


def _broken(host: str, state: str, indent: int) -> list[str]:
    """Return a row that is too long as several lines; names are to be copied, and stay whole."""
    return textwrap.wrap(
        f"{host} {state}",
        table.WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _role(observation: Observation) -> str:
    return observation.state.role if isinstance(observation, Answer) else ""


def _upstream(
    member: Member, members: Sequence[Member], observed: Mapping[str, Observation]
) -> str:
    """Return the member that a node follows, as it says itself, or that lists it; else ""."""
    observation = observed[member.host]
    if isinstance(observation, Answer):
        primary = observation.state.primary if observation.state.role in FOLLOWERS else None
        named = [other.host for other in members if primary and other.node_id == primary.node_id]
    else:
        named = [other.host for other in members if _lists(observed[other.host], member)]
    return named[0] if len(named) == 1 and named[0] != member.host else ""


def _lists(observation: Observation, member: Member) -> bool:
    return isinstance(observation, Answer) and observation.lists(member.node_id) is True


def _state(
    member: Member, copies: Mapping[str, list[Member]], observed: Mapping[str, Observation]
) -> str:
    """Return what a node is, and whether the node above it says that it is not connected."""
    observation = observed[member.host]
    if not isinstance(observation, Answer):
        return "no answer"
    role = observation.state.role
    if role not in FOLLOWERS:
        return role
    above = [host for host, below in copies.items() if member in below]
    if not above:
        primary = observation.state.primary
        return f"{role} of {primary.node_id}" if primary else f"{role} of an unknown node"
    upstream = observed[above[0]]
    apart = isinstance(upstream, Answer) and upstream.lists(member.node_id) is False
    return f"{role}, not connected" if apart else role
