# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the time to plan grows with the nodes: whole plans, as the first decision makes them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import decisions
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision
from helpers.cases import known
from helpers.cluster_model import PRIMARY, SECONDARY, Cluster, Node

from benchmark.measuring import BenchmarkError, Effort, Group, in_turn, mean_seconds
from benchmark.results import AT_MOST, SECONDS, Figure, Measured, Quantity, Target

_USUAL = 10
_LARGE, _MIDDLE, _SMALL = _SIZES = (1000, 100, 10)
#: How many plans are made in a round.
_PLANS = {_SMALL: 50, _MIDDLE: 10, _LARGE: 1}

_CASES = {
    operations.CONVERGE: "converge from none",
    operations.SWITCHOVER: "switchover",
}


def _name(operation: str) -> str:
    return f"planner-{operation}"


_FIGURES = tuple(
    Figure(
        _name(operation),
        f"plan of a {words}, {_LARGE} nodes / {_MIDDLE} nodes / growth of n log n",
        Target(AT_MOST, 1.0),
    )
    for operation, words in _CASES.items()
)


def growth(large: int, small: int) -> float:
    """Return how much n log n grows from `small` to `large`."""
    return large * math.log(large) / (small * math.log(small))


def plan_of(operation: str, size: int) -> Callable[[], Decision]:
    """Return what plans an operation on a cluster of so many nodes.

    All of them are none and have data of their own before a converge, which may go. A switchover
    hands over to the last one.
    """
    members = [
        Member(f"n{number}", f"n{number}", f"10.0.{number // 250}.{number % 250 + 1}", role)
        for number, role in enumerate([PRIMARY, *[SECONDARY] * (size - 1)], 1)
    ]
    there = Cluster(Node(one.host, one.node_id, one.address) for one in members)
    for one in members:
        there.write(one.host, one.host)
    group: dict[str, Any] = {"allow_overwrite": [one.host for one in members]}
    if operation == operations.SWITCHOVER:
        _make_whole(there, members)
        group = {"candidate": members[-1].host}
    found = known(members, there.results(), operation, **group)
    return partial(decisions.decide, decisions.PLAN, found, decisions.Subject(None, 0.0))


def _make_whole(there: Cluster, members: list[Member]) -> None:
    first = members[0]
    made = there.promotion(there.nodes[first.host], 1)
    there.beprimary(first.host, first.node_id)
    for one in members[1:]:
        there.besecondary(one.host, one.node_id, first.node_id, first.address)
    for node in there.nodes.values():
        node.remember([made])


def _measure(effort: Effort, _directory: Path) -> Mapping[str, Measured]:
    found = {}
    for operation in _CASES:
        sides = [_side(operation, size) for size in _SIZES]
        rounds = in_turn(effort.rounds(_USUAL) + 1, *sides)[1:]
        allowed = growth(_LARGE, _MIDDLE)
        found[_name(operation)] = Measured(
            [large / middle / allowed for large, middle, _small in rounds],
            {
                f"{size} nodes": Quantity(statistics.median(seconds), SECONDS)
                for size, seconds in zip(_SIZES, zip(*rounds, strict=True), strict=True)
            },
        )
    return found


def _side(operation: str, size: int) -> Callable[[], float]:
    plan = plan_of(operation, size)
    decision = plan()
    if not decision.needed:
        raise BenchmarkError(f"{operation} of {size} nodes: {decision.not_passed}")
    return partial(mean_seconds, plan, _PLANS[size])


PLANNER = Group("planner", _FIGURES, _measure)
