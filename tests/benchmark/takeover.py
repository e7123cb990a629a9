# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long nobody can write: while a primary hands over, and after it was killed.

Clients write all the time (ncs-sim load), and their history has the times.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from helpers.clusters import ALL_MAY_GO
from helpers.load import CLEAN, Load
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster

from benchmark import nodes
from benchmark.measuring import BenchmarkError, Effort, Group
from benchmark.plays import Stage
from benchmark.results import (
    AT_MOST,
    LARGEST,
    SECONDS,
    Figure,
    Measured,
    Target,
)

#: Writes a second for each node, and how many have to be acknowledged before and after.
_RATE = 50
_ENOUGH_WRITES = 10

_USUAL_SWITCHOVERS = 4
_USUAL_FAILOVERS = 2

_GAP = Figure(
    "switchover-gap",
    "switchover, 3 nodes: nobody can write, median",
    Target(AT_MOST, 1.0),
    SECONDS,
)
_LARGEST_GAP = Figure(
    "switchover-largest",
    "switchover, 3 nodes: nobody can write, largest",
    Target(AT_MOST, 2.0, LARGEST),
    SECONDS,
)
_FAILOVER = Figure(
    "failover",
    "failover, 3 nodes: from the kill to the first write on the new primary",
    Target(AT_MOST, 5.0),
    SECONDS,
)


@contextmanager
def _written_to(directory: Path) -> Iterator[tuple[Cluster, Load]]:
    """Start a cluster of three that is written to. No write may be lost, whatever is done to it."""
    with Simulation(directory) as simulation:
        cluster = simulation.cluster(3)
        nodes.make_whole(cluster)
        with Load(cluster.directory, directory / "history", rate=_RATE, settle=30) as load:
            yield cluster, load
            judged = load.finish()
    if judged.status != CLEAN:
        raise BenchmarkError(f"the load found something wrong:\n{judged.text}")


def _switchover(effort: Effort, directory: Path) -> Mapping[str, Measured]:
    stage, gaps = Stage(directory), []
    with _written_to(directory) as (cluster, load):
        for number in range(effort.rounds(_USUAL_SWITCHOVERS) + 1):
            old, new = ("n1", "n2") if number % 2 == 0 else ("n2", "n1")
            load.until_acknowledged(_ENOUGH_WRITES, by=old)
            since = time.monotonic()
            stage.play("nso.ha.switchover", cluster.inventory, {"nso_ha_candidate": new})
            load.until_acknowledged(_ENOUGH_WRITES, by=new)
            gaps.append(load.write_gap(old, new, since))
    # The first one warms up.
    found = Measured(gaps[1:], {})
    return {_GAP.name: found, _LARGEST_GAP.name: found}


def _failover(effort: Effort, directory: Path) -> Mapping[str, Measured]:
    stage, gaps = Stage(directory), []
    with _written_to(directory) as (cluster, load):
        for _unused in range(effort.rounds(_USUAL_FAILOVERS) + 1):
            old = _primary(cluster)
            load.until_acknowledged(_ENOUGH_WRITES, by=old)
            killed = time.monotonic()
            cluster.node(old).kill()
            stage.play("nso.ha.failover", cluster.inventory)
            new = _primary(cluster)
            load.until_acknowledged(_ENOUGH_WRITES, by=new)
            first = min(one["answered"] for one in load.acknowledged(by=new, since=killed))
            gaps.append(first - killed)
            # It may have a last write that nobody was told of.
            cluster.node(old).start()
            stage.play("nso.ha.rejoin", cluster.inventory, ALL_MAY_GO)
    return {_FAILOVER.name: Measured(gaps[1:], {})}


def _primary(cluster: Cluster) -> str:
    found = [name for name, one in cluster.status().items() if one.get("role") == "primary"]
    if len(found) != 1:
        raise BenchmarkError(f"{len(found)} nodes are primary, not 1")
    return found[0]


SWITCHOVER = Group("switchover", (_GAP, _LARGEST_GAP), _switchover)
FAILOVER = Group("failover", (_FAILOVER,), _failover)
