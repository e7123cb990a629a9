# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary stands still and may wake up: nobody takes its place until it is kept from that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from helpers.clusters import assert_done, assert_led_by, assert_refused, assert_whole, order
from helpers.kept_there import assert_kept, give_record, lock
from helpers.load import CLEAN, Load
from helpers.playbooks import run_playbook
from helpers.simulated import Simulation
from helpers.until import until
from ncs_sim.cluster import Cluster

FAILOVER = "nso.ha.failover"
#: A frozen daemon answers nothing, so each look at it takes this long.
SOON = {"nso_ha_timeout": 1}


def fencing(path: Path, *argv: str) -> dict[str, Any]:
    """Variables with a file of tasks that run this command."""
    command = {"ansible.builtin.command": {"argv": list(argv)}, "changed_when": True}
    path.write_text(yaml.safe_dump([{"name": "Keep it off", **command}]))
    return {**SOON, "nso_ha_fence_tasks": str(path)}


def killing(cluster: Cluster, path: Path) -> dict[str, Any]:
    """Variables with tasks that kill the former primary, whoever that is."""
    sim = str(Path(sys.executable).parent / "ncs-sim")
    ctl = [sim, "ctl", "--dir", str(cluster.directory)]
    return fencing(path, *ctl, "{{ nso_ha_fence_host }}", "kill")


def test_a_frozen_primary_is_replaced_once_it_cannot_come_back(
    simulation: Simulation, tmp_path: Path
) -> None:
    cluster = simulation.cluster(3, tick_timeout=0.5)
    order(cluster, "n1", "primary")
    for name in ("n2", "n3"):
        order(cluster, name, "secondary", "n1")
    give_record(cluster, "n1")
    n1 = cluster.node("n1")
    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        n1.freeze()
        until(lambda: survivors(cluster) == {"none"}, what="the loss of the primary")

        refused = run_playbook(FAILOVER, cluster.inventory, variables=SOON)
        assert_refused(refused, "(fenced failed) n1 was the primary and does not answer")

        # The tasks run before anybody is made primary, and have to succeed.
        fails = fencing(tmp_path / "fails.yml", "false")
        refused = run_playbook(FAILOVER, cluster.inventory, variables=fails)
        assert_refused(refused, "(fence failed) n1 the tasks in")
        assert survivors(cluster) == {"none"}
        assert n1.frozen
        assert not lock(cluster, "n2")

        kills = killing(cluster, tmp_path / "kills.yml")
        done = run_playbook(FAILOVER, cluster.inventory, variables=kills)
        assert done.status == 0, done.output
        assert done.report["outcome"] == "done"
        assert not n1.running
        new = done.report["primary"]["after"]
        load.until_acknowledged(5, by=new)
        assert_led_by(cluster, new)

        n1.start()
        status = run_playbook("nso.ha.status", cluster.inventory)
        assert status.node("n1")["role"] == "none"
        assert f"The last promotion on record is that of {new}, by failover" in status.text
        consent = {"nso_ha_allow_overwrite": "n1"}
        assert_done(run_playbook("nso.ha.rejoin", cluster.inventory, variables=consent))
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(cluster, new)
    assert_kept(cluster, primaries=[("n1", "converge"), (new, "failover")])


def survivors(cluster: Cluster) -> set[str]:
    """The roles of the nodes other than n1."""
    return {str(cluster.node(name).status()["role"]) for name in ("n2", "n3")}
