# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many bytes Ansible ships to a node for each module, beside those for ping.

Ansible is told to leave there what it ships, and it is as long as its files are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from helpers import documentation

from benchmark import nodes
from benchmark.measuring import BenchmarkError, Effort, Group
from benchmark.plays import PING, Stage
from benchmark.results import AT_MOST, BYTES, Figure, Measured, Target, compared

#: Those that every operation calls.
_WITH_TARGET = ("ncs_ha_role", "ncs_ha_status")
_MOST = 1.5
#: What an action plugin does on the controller is not shipped, no operation installs a program, and
#: few have nodes that wait in start phases.
_LEFT_OUT = {*documentation.ACTIONS, "ncs_ha_is_primary", "ncs_ha_start_phase"}
_MODULES = [module for module in documentation.MODULES if module not in _LEFT_OUT]


def _figure(module: str) -> Figure:
    target = Target(AT_MOST, _MOST) if module in _WITH_TARGET else None
    return Figure(f"payload-{module}", f"bytes of {module} / bytes of ping", target, exact=True)


def _measure(_effort: Effort, directory: Path) -> Mapping[str, Measured]:
    stage, there = Stage(directory), directory / "shipped"
    actions = [PING, *(f"nso.ha.{module}" for module in _MODULES)]
    tasks = [{"name": action, action: {}, "ignore_errors": True} for action in actions]
    play = {"name": "Ship", "hosts": "n1", "gather_facts": False, "tasks": tasks}
    with nodes.fresh(directory / "nodes", 1) as cluster:
        keep = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TMP": str(there)}
        stage.play(stage.write([play]), cluster.inventory, environment=keep)
    ping = _size(there, "ping")
    return {
        f"payload-{module}": compared([(_size(there, module), ping)], (module, "ping"), BYTES)
        for module in _MODULES
    }


def _size(there: Path, module: str) -> int:
    found = list(there.glob(f"*/AnsiballZ_{module}.py"))
    if len(found) != 1:
        raise BenchmarkError(f"{module}: {len(found)} files were shipped, not 1")
    return found[0].stat().st_size


PAYLOAD = Group("payload", tuple(map(_figure, _MODULES)), _measure)
