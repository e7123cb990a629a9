# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster whose primary stands still: it answers nothing, and is primary still when it wakes up.

with Frozen(simulation, tmp_path) as frozen:
    run = frozen.failover(nso_ha_fence_tasks=frozen.file([...]))
    frozen.assert_one_primary()      # wakes n1, and asks whether there were ever two
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from helpers.clusters import order
from helpers.load import CLEAN, Load
from helpers.playbooks import Run, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import give_history, lock
from helpers.until import until

FAILOVER = "nso.ha.failover"
#: A frozen daemon answers nothing, so each look at it takes this long.
SOON: Mapping[str, Any] = {"nso_ha_timeout": 1}

#: What every file of fencing tasks ends with.
CONFIRM: Mapping[str, Any] = {
    "name": "Confirm that it is fenced",
    "nso.ha.ncs_ha_operation": {"state": "confirmed", "host": "{{ nso_ha_fence_host }}"},
}
#: Asks nothing, but is always done.
ASK: Mapping[str, Any] = {
    "name": "Ask whether it is off",
    "ansible.builtin.command": {"argv": ["true"]},
    "changed_when": False,
}


class Frozen:
    """Three nodes, n1 primary until it was frozen, n2 and n3 none since they noticed."""

    def __init__(self, simulation: Simulation, directory: Path, **options: Any) -> None:
        self.directory = directory
        self.cluster = simulation.cluster(3, tick_timeout=0.5, **options)
        order(self.cluster, "n1", "primary")
        for name in ("n2", "n3"):
            order(self.cluster, name, "secondary", "n1")
        give_history(self.cluster, "n1")
        self.n1 = self.cluster.node("n1")
        self.load = Load(self.cluster.directory, directory / "history")

    def __enter__(self) -> Frozen:
        self.load.__enter__()
        self.load.until_acknowledged(5, by="n1")
        self.n1.freeze()
        until(lambda: self.survivors == {"none"}, what="the loss of the primary")
        return self

    def __exit__(self, *exception: Any) -> None:
        self.load.__exit__(*exception)

    @property
    def survivors(self) -> set[str]:
        """The roles of the nodes other than n1."""
        return {str(self.cluster.node(name).status()["role"]) for name in ("n2", "n3")}

    @property
    def off(self) -> Mapping[str, Any]:
        """A task that really fences."""
        return command(*self.ctl("{{ nso_ha_fence_host }}", "kill"))

    def ctl(self, *words: str) -> list[str]:
        """The words of a command that does something to a node."""
        sim = str(Path(sys.executable).parent / "ncs-sim")
        return [sim, "ctl", "--dir", str(self.cluster.directory), *words]

    def file(self, tasks: object, name: str = "fence") -> str:
        """Write a file with fencing tasks, and return its path."""
        path = self.directory / f"{name}.yml"
        path.write_text(tasks if isinstance(tasks, str) else yaml.safe_dump(tasks))
        return str(path)

    def play(self, tasks: Sequence[Mapping[str, Any]], **keywords: object) -> Path:
        """Write a playbook of one play over the group, and return it."""
        path = self.directory / f"play-{len(list(self.directory.glob('play-*')))}.yml"
        play = {"hosts": "nso", "gather_facts": False, "tasks": list(tasks), **keywords}
        path.write_text(yaml.safe_dump([play]))
        return path

    def failover(
        self,
        *arguments: str,
        playbook: str | Path = FAILOVER,
        inventory: Path | None = None,
        **variables: object,
    ) -> Run:
        """Run a failover, or another playbook."""
        given = {**SOON, **variables}
        return run_playbook(
            playbook, inventory or self.cluster.inventory, *arguments, variables=given
        )

    def assert_nothing_was_done(self) -> None:
        """Nobody was made primary, n1 stands still as it did, and no lock is left."""
        assert self.survivors == {"none"}
        assert self.n1.frozen
        assert not any(lock(self.cluster, node.name) for node in self.cluster.nodes)

    def assert_one_primary(self) -> None:
        """Wake n1 up if it sleeps, let clients write, and judge: never two, nothing lost."""
        if self.n1.running and self.n1.frozen:
            self.n1.thaw()
        writes = "n1" if self.n1.running and self.survivors == {"none"} else None
        self.load.until_acknowledged(5, by=writes)
        judged = self.load.finish()
        assert judged.status == CLEAN, judged.text


def command(*argv: str, **keywords: object) -> dict[str, Any]:
    """A task that runs a command."""
    return {
        "name": "Fence it",
        "ansible.builtin.command": {"argv": list(argv)},
        "changed_when": True,
        **keywords,
    }


def nowhere(simulation: Simulation) -> dict[str, Any]:
    """Variables of a host that cannot be reached."""
    return {
        "ansible_connection": "ssh",
        "ansible_host": simulation.address(),
        "ansible_port": simulation.port(),
    }


def failing_over(**keywords: object) -> dict[str, Any]:
    """A task that runs the failover of the role."""
    role = {"name": "nso.ha.cluster", "tasks_from": "failover"}
    return {"ansible.builtin.import_role": role, **keywords}
