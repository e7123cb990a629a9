# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a cluster of nodes that are all none, beside as many pings as it calls modules.

The shape of the pings is taken from the run: a ping for each call of a module, on the same hosts,
and a task for all calls that it makes in a row.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from helpers.clusters import ALL_MAY_GO, assert_led_by
from ncs_sim.cluster import Cluster

from benchmark import nodes
from benchmark.measuring import Effort, Group, one_round
from benchmark.plays import PING, TELLING, Calls, Stage
from benchmark.results import AT_MOST, SECONDS, Figure, Measured, Target, compared

#: Nodes, and how many rounds they usually get.
_SIZES = {3: 2, 10: 1, 30: 1}
_MOST = 1.5


def _name(size: int) -> str:
    return f"bring-up-{size}"


_FIGURES = tuple(
    Figure(
        _name(size),
        f"bring-up from none / as many pings, {size} nodes",
        Target(AT_MOST, _MOST),
    )
    for size in _SIZES
)


def pings(calls: Iterable[Calls]) -> list[dict[str, Any]]:
    """Return plays with a ping for each call of a module, on the same hosts.

    A play is for the hosts of its tasks, so no host skips any.
    """
    return [
        {
            "name": "Ping",
            "hosts": ",".join(hosts),
            "gather_facts": False,
            "tasks": [{"name": f"Instead of {one.name}", PING: {}} for one in group],
        }
        for hosts, group in itertools.groupby(calls, key=lambda one: tuple(sorted(one.hosts)))
    ]


def _measure(effort: Effort, directory: Path) -> Mapping[str, Measured]:
    stage = Stage(directory)
    with nodes.fresh(directory / "warm-up", min(_SIZES)) as cluster:
        _bring_up(stage, cluster)
    return {
        _name(size): _measure_size(stage, directory / f"nodes-{size}", size, effort.rounds(usual))
        for size, usual in _SIZES.items()
    }


def _measure_size(stage: Stage, directory: Path, size: int, rounds: int) -> Measured:
    shape: list[Calls] = []

    def brought_up() -> float:
        played_seconds, shape[:] = _bring_up(stage, cluster)
        return played_seconds

    def pinged() -> float:
        return stage.play(stage.write(pings(shape)), cluster.inventory).seconds

    pairs = []
    for number in range(rounds):
        # The first round begins with the bring-up, so there is a shape in any case.
        with nodes.fresh(directory / str(number), size) as cluster:
            first, second = one_round(number, brought_up, pinged)
        pairs.append((first, second))
    return compared(pairs, ("bring-up", "pings"), SECONDS)


def _bring_up(stage: Stage, cluster: Cluster) -> tuple[float, list[Calls]]:
    """Return the seconds that it takes, and the calls of modules that it takes."""
    played = stage.play("nso.ha.converge", cluster.inventory, ALL_MAY_GO, TELLING)
    assert_led_by(cluster, "n1")
    return played.seconds, played.calls()


BRING_UP = Group("bring-up", _FIGURES, _measure)
