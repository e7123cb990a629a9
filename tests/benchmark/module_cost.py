# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module costs beside `ansible.builtin.ping`: the time of each task, in one play.

The first call of each is dropped, as Ansible builds what it ships at the first use.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ncs_lab.lab import Lab, check
from ncs_lab.network import lab_directory
from ncs_sim.errors import SimError

from benchmark import nodes
from benchmark.measuring import BenchmarkError, Effort, Group, NotRun
from benchmark.plays import PING, Played, Stage
from benchmark.results import AT_MOST, SECONDS, Figure, Measured, Target, compared

STATUS, ROLE = "nso.ha.ncs_ha_status", "nso.ha.ncs_ha_role"

#: What ansible-core takes by itself, but for the configuration of the machine, which plays no part.
_SSH = {"ansible_ssh_args": "-F none -C -o ControlMaster=auto -o ControlPersist=60s"}

_USUAL = 12
_CONNECTION = {"token": "{{ nso_ha_token }}", "ip": "{{ nso_ha_ip }}", "port": "{{ nso_ha_port }}"}
_TASKS: Mapping[str, Mapping[str, Any]] = {
    PING: {},
    STATUS: _CONNECTION,
    # What the node is already.
    ROLE: {**_CONNECTION, "role": "primary", "node_id": "n1"},
}


def _figures(where: str, words: str, most: float) -> tuple[Figure, ...]:
    return tuple(
        Figure(f"{where}-{short}", f"ncs_ha_{short} / ping, {words}", Target(AT_MOST, most))
        for short in ("status", "role")
    )


def tasks(rounds: int) -> list[dict[str, Any]]:
    """Return the tasks: all of them in each round, in every second round in reverse order."""
    found: list[dict[str, Any]] = []
    for number in range(rounds):
        actions = list(_TASKS)[:: -1 if number % 2 else 1]
        found += [{"name": action, action: dict(_TASKS[action])} for action in actions]
    return found


def costs(played: Played) -> dict[str, list[float]]:
    """Return the seconds of each call but the first, by action."""
    found: dict[str, list[float]] = {action: [] for action in _TASKS}
    for one in played.tasks:
        if one.outcome != "ok":
            raise BenchmarkError(f"{one.action} on {one.host}: {one.outcome}")
        found[one.action].append(one.seconds)
    return {action: seconds[1:] for action, seconds in found.items()}


def _measure(
    where: str, rounds: int, directory: Path, inventory: Path, variables: Mapping[str, str]
) -> Mapping[str, Measured]:
    stage = Stage(directory)
    play = {"name": "Alternate", "hosts": "n1", "gather_facts": False, "tasks": tasks(rounds + 1)}
    found = costs(stage.play(stage.write([play]), inventory, variables))
    return {
        f"{where}-{short}": compared(
            zip(found[action], found[PING], strict=True), (f"ncs_ha_{short}", "ping"), SECONDS
        )
        for short, action in (("status", STATUS), ("role", ROLE))
    }


def _local(effort: Effort, directory: Path) -> Mapping[str, Measured]:
    with nodes.running(directory / "nodes", 3) as cluster:
        return _measure("local", effort.rounds(_USUAL), directory, cluster.inventory, {})


def _ssh(effort: Effort, directory: Path) -> Mapping[str, Measured]:
    _refuse_without_lab()
    # A lab needs a short path.
    place = Path(tempfile.mkdtemp(prefix="nsoha-"))
    try:
        with Lab.up(place / "lab", 3) as lab:
            nodes.make_whole(lab.cluster)
            return _measure("ssh", effort.rounds(_USUAL), directory, lab.inventory, _SSH)
    finally:
        shutil.rmtree(place)


def _refuse_without_lab() -> None:
    if os.geteuid() != 0:
        raise NotRun("the lab with SSH needs root")
    try:
        there = lab_directory()
        check()
    except SimError:
        raise NotRun("no lab with SSH can be made here; ncs-lab check says why") from None
    if there is not None:
        raise NotRun("a lab is up already; make lab-down takes it away")


LOCAL = Group("module-local", _figures("local", "local connection", 1.15), _local)
SSH = Group("module-ssh", _figures("ssh", "over SSH", 1.10), _ssh)
