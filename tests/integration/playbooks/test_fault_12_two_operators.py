# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two operators at once: one goes on, the other fails cleanly and says who holds the lock."""

from __future__ import annotations

import shlex
from pathlib import Path

from helpers.clusters import (
    ALL_MAY_GO,
    assert_done,
    assert_led_by,
    assert_refused,
    assert_whole,
    order,
)
from helpers.load import CLEAN, Load
from helpers.modules import run_module
from helpers.playbooks import Playing, edit, python_that_runs, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import assert_promotions, lock, operations
from helpers.until import until
from ncs_sim.cluster import Cluster
from ncs_sim.raw_client import RawClient

SWITCHOVER = "nso.ha.switchover"
CONVERGE = "nso.ha.converge"
STATUS = "nso.ha.status"


def meeting(directory: Path, name: str) -> str:
    """The shell command that says that this one is here, and waits until two are."""
    place = directory / "meeting"
    place.mkdir(exist_ok=True)
    here = shlex.quote(str(place))
    return f"touch {here}/{name}; until [ $(ls {here} | wc -l) -eq 2 ]; do sleep 0.02; done"


def test_of_two_who_start_together_one_goes_on_and_a_dead_one_is_no_obstacle(
    cluster: Cluster, tmp_path: Path
) -> None:
    n1 = cluster.node("n1")
    runs = {}
    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        # Both have made their plan before one of them goes on, and who goes on does not get far.
        n1.hold(600)
        for name in ("n2", "n3"):
            python = python_that_runs(meeting(tmp_path, name), "ncs_ha_status", 1, tmp_path)
            inventory = edit(cluster.inventory, {"n1": python})
            candidate = {"nso_ha_candidate": name}
            runs[name] = Playing(SWITCHOVER, inventory, variables=candidate)
        with runs["n2"], runs["n3"]:
            until(lambda: not all(run.runs for run in runs.values()), 150, "the end of one")
            loser, winner = sorted(runs, key=lambda name: runs[name].runs)
            assert_refused(runs[loser].end(), "(lock failed)", "has been running switchover since")
            assert runs[winner].runs
            until(lambda: "besecondary" in n1.waiting(), 150, "the last step of the other")
            load.until_acknowledged(5, by=winner)

            # A run that was killed gave nothing back; the next one on this controller sees that.
            runs[winner].kill()
            assert all(lock(cluster, name) for name in cluster.status())
            n1.clear("hold")
            assert_done(run_playbook(SWITCHOVER, cluster.inventory))
        load.until_acknowledged(5, by=winner)
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(cluster, winner)
    assert_promotions(cluster, primaries=[("n1", "found"), (winner, "switchover")])


def test_a_run_whose_lock_was_broken_stops_before_its_next_order(
    simulation: Simulation, tmp_path: Path
) -> None:
    # A link that is cut is not given up meanwhile.
    duo = simulation.cluster(2, tick_timeout=200)
    order(duo, "n1", "primary")
    order(duo, "n2", "secondary", "n1")
    n1, n2 = duo.nodes
    with Load(duo.directory, tmp_path / "history") as load:
        # The next primary lacks a write, so the switchover waits for it.
        n2.cut(n1)
        until(lambda: n1.status()["txid"] != n2.status()["txid"], what="a write on one node only")
        patient = {"nso_ha_catch_up_timeout": 250}
        with Playing(SWITCHOVER, duo.inventory, variables=patient) as first:
            first.until_call("ncs_ha_status catch_up")
            assert n1.status()["readonly"]
            owner, held = (lock(duo, "n1")[key] for key in ("owner", "run_id"))
            later = run_playbook(CONVERGE, duo.inventory)
            assert_refused(
                later,
                f"{owner} has been running switchover",
                "It made n1 read-only at ",
                f"nso_ha_break_lock={held} breaks its lock",
            )
            broken = run_playbook(CONVERGE, duo.inventory, variables={"nso_ha_break_lock": held})
            assert_done(broken)
            assert_led_by(duo, "n1")

            n2.heal(n1)
            stopped = first.end()
        assert stopped.status != 0
        assert f"the lock of this operation ({held}) is not held here any more" in stopped.text
        assert ("promote", "n2") not in stopped.waves()
        load.until_acknowledged(5, by="n1")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(duo)
    assert_promotions(duo, primaries=[("n1", "found")])
    assert ("converge", "done") in operations(duo, "n1")


def test_a_lock_of_another_controller_stands_until_it_is_broken_by_its_id(
    simulation: Simulation,
) -> None:
    pair = simulation.cluster(2)
    order(pair, "n1", "primary")
    # That of n1 has expired by then, that of n2 has not.
    begin(pair, "n1", "theirs, long ago", lease=0.001)
    begin(pair, "n2", "theirs", lease=900)
    refused = run_playbook(CONVERGE, pair.inventory, variables=ALL_MAY_GO)
    busy = "somebody@elsewhere has been running failover"
    assert_refused(refused, busy, "nso_ha_break_lock=theirs breaks its lock")
    wrong = {**ALL_MAY_GO, "nso_ha_break_lock": "their"}
    refused = run_playbook(CONVERGE, pair.inventory, variables=wrong)
    assert_refused(refused, "no node has a lock of that id; there are theirs")
    assert lock(pair, "n2")["run_id"] == "theirs"

    # As it is pasted from the end of a sentence.
    broken = {**ALL_MAY_GO, "nso_ha_break_lock": " theirs. "}
    assert_done(run_playbook(CONVERGE, pair.inventory, variables=broken))
    assert_whole(pair)
    assert_promotions(pair, primaries=[("n1", "found")])


def test_a_lock_that_cannot_be_read_is_held_by_somebody(pair: Cluster) -> None:
    order(pair, "n1", "primary")
    begin(pair, "n2", "theirs", lease=900)
    path = pair.node("n2").directory / "state" / "lock.json"
    path.write_text("damaged")
    with RawClient.ha(pair.node("n2"), pair.token) as client:
        client.status()
        for playbook in (STATUS, CONVERGE):
            run = run_playbook(playbook, pair.inventory, variables=ALL_MAY_GO)
            assert "n2: a run may hold its lock, which cannot be read" in run.text
            assert str(path) in run.text.replace(" ", "")
            assert not run.changed
            assert run.node("n2")["role"] == "none"
        # The other run still has the HA socket, and the node was shown all the same.
        client.status()
    assert path.read_text() == "damaged"


def begin(cluster: Cluster, name: str, run_id: str, lease: float) -> None:
    """Take the lock of a node for a run on a controller of which nobody here knows anything."""
    elsewhere = {"host": "elsewhere", "boot": "b", "namespace": "n", "pid": 1, "began": "1"}
    taken = run_module(
        "ncs_ha_operation",
        {
            "state": "begun",
            "state_dir": str(cluster.node(name).directory / "state"),
            "node_id": name,
            "run_id": run_id,
            "name": "failover",
            "owner": "somebody@elsewhere",
            "process": elsewhere,
            "lease": lease,
        },
    )
    assert taken["changed"]
