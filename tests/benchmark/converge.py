# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converging a cluster that is as wanted, beside one ping of the same nodes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ncs_sim.cluster import Cluster

from benchmark import nodes
from benchmark.measuring import BenchmarkError, Effort, Group, one_round
from benchmark.plays import PING, Stage
from benchmark.results import AT_MOST, SECONDS, Figure, Measured, Target, compared

#: Nodes, and how many rounds they usually get.
_SIZES = {3: 4, 10: 2, 30: 1, 100: 1}
_MOST = 2.5
_GROWTH = Figure(
    "converge-growth",
    "converge with nothing to do, 100 nodes / 10 nodes",
    Target(AT_MOST, 11.0),
)

_PLAY: dict[str, Any] = {
    "name": "Ping",
    "hosts": "nso",
    "gather_facts": False,
    "tasks": [{"name": "Ping", PING: {}}],
}


def _name(size: int) -> str:
    return f"converge-{size}"


_FIGURES = tuple(
    Figure(_name(size), f"converge with nothing to do / ping, {size} nodes", Target(AT_MOST, _MOST))
    for size in _SIZES
)


def _measure(effort: Effort, directory: Path) -> Mapping[str, Measured]:
    stage = Stage(directory)
    ping = stage.write([_PLAY])
    rounds = {size: effort.rounds(usual) for size, usual in _SIZES.items()}
    pairs: dict[int, list[tuple[float, float]]] = {size: [] for size in _SIZES}
    with contextlib.ExitStack() as stack:
        clusters = {
            size: stack.enter_context(nodes.running(directory / f"nodes-{size}", size))
            for size in _SIZES
        }
        # What Ansible needs from disk is in memory from here on.
        _converge(stage, clusters[min(_SIZES)])
        # Round by round, so that sizes are compared side by side, too.
        for number in range(max(rounds.values())):
            for size in [size for size in _SIZES if number < rounds[size]]:
                converge = partial(_converge, stage, clusters[size])
                pings = partial(_ping, stage, ping, clusters[size])
                first, second = one_round(number, converge, pings)
                pairs[size].append((first, second))
    found = {_name(size): compared(pairs[size], ("converge", "ping"), SECONDS) for size in _SIZES}
    growth = [(large[0], small[0]) for large, small in zip(pairs[100], pairs[10], strict=False)]
    found[_GROWTH.name] = compared(growth, ("100 nodes", "10 nodes"), SECONDS)
    return found


def _converge(stage: Stage, cluster: Cluster) -> float:
    """Return the seconds that it takes to find that there is nothing to do."""
    played = stage.play("nso.ha.converge", cluster.inventory)
    if played.changed:
        raise BenchmarkError(f"converge had something to do on {', '.join(played.changed)}")
    return played.seconds


def _ping(stage: Stage, playbook: Path, cluster: Cluster) -> float:
    return stage.play(playbook, cluster.inventory).seconds


CONVERGE = Group("converge", (*_FIGURES, _GROWTH), _measure)
