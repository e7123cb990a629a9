# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that know one address only: a floating one of keepalived, and that of HAProxy.

Both are the real programs, with the configuration that the documentation shows. The writers go on
all the time, whatever happens to the primary, and no write that was acknowledged is lost. How long
they had to wait is printed. With EVERY=1 the primary moves ten times in all.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from helpers import moving
from helpers.clusters import ALL_MAY_GO, assert_done, assert_whole, roles, until_roles
from helpers.load import CLEAN, Load
from helpers.playbooks import Run, edit, run_playbook
from helpers.until import until
from ncs_lab.commands import require
from ncs_lab.lab import Lab
from ncs_sim.errors import SimError

EVERY = bool(os.environ.get("EVERY"))
TICK = 1.0
#: Seconds in which clients have to find the new primary once it is there.
PATIENCE = 60.0
#: Seconds for a playbook, where the machine has much else to do.
LONGEST = 400.0


def missing() -> str:
    """Why these tests cannot run, or nothing."""
    try:
        require("keepalived", "haproxy")
    except SimError as error:
        return f"NOT RUN, clients of keepalived and HAProxy: {error}"
    return ""


pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(1500)]


class Scene:
    """The lab, its clients, and what they had to wait for."""

    def __init__(self, lab: Lab, inventory: Path, loads: dict[str, Load]) -> None:
        self.lab = lab
        self.inventory = inventory
        self.loads = loads
        self.gaps: list[tuple[str, dict[str, float]]] = []

    @property
    def primary(self) -> str:
        """The one node that says it is primary."""
        (found,) = [name for name, role in roles(self.lab.cluster).items() if role == "primary"]
        return found

    def play(self, operation: str, **variables: object) -> Run:
        return run_playbook(
            f"nso.ha.{operation}", self.inventory, variables=variables, seconds=LONGEST
        )

    def moved(self, title: str, happens: Callable[[], str]) -> None:
        """Let something happen; all clients then write to the node that it names."""
        since = time.monotonic()
        name = happens()
        for load in self.loads.values():
            load.until_acknowledged(10, by=name, seconds=PATIENCE)
        assert moving.holders(self.lab) == [name]
        self.gaps.append((title, {way: gap(load, since) for way, load in self.loads.items()}))

    def table(self) -> str:
        """The longest time without an acknowledged write, in seconds."""
        lines = [
            f"{'longest gap at the clients, in seconds':40}"
            + "".join(f"{way:>14}" for way in self.loads)
        ]
        for title, gaps in self.gaps:
            lines.append(f"{title:40}" + "".join(f"{gaps[way]:14.2f}" for way in self.loads))
        return "\n".join(lines)


def gap(load: Load, since: float) -> float:
    """Return the longest time between two acknowledged writes, from a moment before `since` on."""
    times = sorted(one["answered"] for one in load.acknowledged())
    first = max((one for one in times if one <= since), default=times[0])
    late = [one for one in times if one >= first]
    return float(max(after - before for before, after in zip(late, late[1:], strict=False)))


@pytest.fixture
def lab(place: Path) -> Iterator[Lab]:
    """Three hosts, whose nodes have a northbound port at all addresses."""
    listen = {"northbound_address": "0.0.0.0", "northbound_port": moving.NORTHBOUND}
    with Lab.up(place, 3, tick_timeout=TICK, **listen) as lab:  # type: ignore[arg-type]
        yield lab


@pytest.fixture
def scene(lab: Lab, tmp_path: Path) -> Iterator[Scene]:
    """A whole cluster of members, and writers that know no node."""
    members = {host.name: {"nso_ha_role": "member"} for host in lab.network.hosts}
    inventory = edit(lab.inventory, members)
    assert_done(run_playbook("nso.ha.converge", inventory, variables=ALL_MAY_GO))
    install(lab, inventory)
    ways = {
        "keepalived": f"{moving.floating_address(lab)}:{moving.NORTHBOUND}",
        "HAProxy": f"{lab.network.operator.address}:{moving.BALANCER}",
    }
    with moving.keepalived(lab), moving.haproxy(lab):
        first, second = (
            Load(lab.directory, tmp_path / way, rate=20, to=to, writers=3, timeout=1)
            for way, to in ways.items()
        )
        with first, second:
            loads = dict(zip(ways, (first, second), strict=True))
            for load in loads.values():
                load.until_acknowledged(10, by="n1", seconds=PATIENCE)
            yield Scene(lab, inventory, loads)


def install(lab: Lab, inventory: Path) -> None:
    """Install the program by its role, on hosts that have one file system."""
    play = {
        "name": "Install ncs-ha-is-primary",
        "hosts": "nso",
        "gather_facts": False,
        "roles": ["nso.ha.is_primary"],
        "vars": {
            "nso_ha_is_primary_path": f"{lab.directory}/{{{{ inventory_hostname }}}}/"
            "ncs-ha-is-primary",
            "nso_ha_is_primary_python": sys.executable,
        },
    }
    playbook = lab.directory / "install.yml"
    playbook.write_text(yaml.safe_dump([play]))
    ended = run_playbook(playbook, inventory)
    assert ended.status == 0, ended.output
    for host in lab.network.hosts:
        assert moving.program(lab, host).is_file()


def switchover(scene: Scene) -> str:
    """Make another node primary, as planned."""
    former = scene.primary
    assert_done(scene.play("switchover"))
    assert scene.primary != former
    return scene.primary


def crash_and_failover(scene: Scene) -> str:
    """Kill the primary and make another node primary."""
    former = scene.primary
    scene.lab.cluster.node(former).kill()
    assert scene.play("failover").report["outcome"] == "done"
    return scene.primary


def crash_and_come_back(scene: Scene) -> str:
    """Kill the primary and start it at once: it is none, and clients reach no node."""
    former = scene.primary
    node = scene.lab.cluster.node(former)
    node.kill()
    node.start()
    until_roles(scene.lab.cluster, n1="none", n2="none", n3="none")
    until(lambda: not moving.holders(scene.lab), PATIENCE, "that no node has the address")
    assert_done(scene.play("converge"))
    assert scene.primary == former
    return former


def hang_and_go_on(scene: Scene) -> str:
    """Freeze the daemon and thaw it before anybody has done anything about it.

    That takes longer than three ticks, so its secondaries have left it.
    """
    former = scene.primary
    node = scene.lab.cluster.node(former)
    node.freeze()
    until(lambda: not moving.holders(scene.lab), PATIENCE, "that its host gives the address up")
    until_roles_of_others(scene.lab, former, "none")
    node.thaw()
    assert_done(scene.play("converge"))
    return former


def until_roles_of_others(lab: Lab, name: str, role: str) -> None:
    """Wait until all nodes but this one have a role."""
    others = [node for node in lab.cluster.nodes if node.name != name]
    until(lambda: {node.status()["role"] for node in others} == {role}, what=f"role {role}")


def pause_and_failover(scene: Scene) -> str:
    """Pause the whole host of the primary, off the network for good, and make another one primary.

    The override is the operator's word that the host is fenced.
    """
    former = scene.primary
    scene.lab.pause(former)
    until_roles_of_others(scene.lab, former, "none")
    ended = scene.play("failover", nso_ha_override="fenced")
    assert ended.report["outcome"] == "done", ended.output
    found = {name for name in ended.changed if name != former}
    (new,) = [name for name in found if scene.lab.cluster.node(name).status()["role"] == "primary"]
    # What the paused host still has by itself is no address that anybody reaches.
    until(lambda: new in moving.holders(scene.lab), PATIENCE, "that the new primary has it")
    scene.lab.resume(former)
    # Its daemon goes on as primary. It has no secondaries, by which its host knows.
    until(lambda: former not in moving.holders(scene.lab), PATIENCE, "that the old host gives up")
    assert scene.lab.cluster.node(former).status()["role"] == "primary"
    scene.lab.attach(former)
    # HAProxy now finds two nodes that take writes, and its clients stay where they are.
    until(lambda: moving.is_up(scene.lab, former), PATIENCE, "that HAProxy finds the old host")
    return new


def rejoin(scene: Scene, name: str, **variables: object) -> None:
    """Bring a node back; the clients notice nothing."""
    primary = next(one for one in moving.holders(scene.lab))
    assert_done(scene.play("rejoin", **variables))
    assert moving.holders(scene.lab) == [primary]
    assert scene.lab.cluster.node(name).status()["role"] == "secondary"


def test_clients_that_know_one_address_go_on_whatever_happens_to_the_primary(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    for _round in range(2 if EVERY else 1):
        scene.moved("switchover", lambda: switchover(scene))
        scene.moved("switchover", lambda: switchover(scene))

        dead = scene.primary
        scene.moved("crash, failover", lambda: crash_and_failover(scene))
        scene.lab.cluster.node(dead).start()
        rejoin(scene, dead)

        scene.moved("daemon hangs, and goes on", lambda: hang_and_go_on(scene))
        scene.moved("crash, back as none, converge", lambda: crash_and_come_back(scene))

        paused = scene.primary
        scene.moved("host paused, failover, host goes on", lambda: pause_and_failover(scene))
        # A write that stood still with the host may have ended there when it went on. Its client
        # was told nothing.
        rejoin(scene, paused, nso_ha_allow_overwrite=paused)

    with capsys.disabled():
        print(f"\n{scene.table()}")
    primary = scene.primary
    for load in scene.loads.values():
        judged = load.finish()
        assert judged.status == CLEAN, judged.text
    assert_whole(scene.lab.cluster, primary)
