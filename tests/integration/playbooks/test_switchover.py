# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switchover hands the primary role over while clients write, or leaves things as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.clusters import (
    assert_done,
    assert_ended,
    assert_idle,
    assert_led_by,
    assert_nothing_to_do,
    assert_predicted,
    assert_refused,
    assert_whole,
    order,
    pinned,
)
from helpers.load import CLEAN, Load
from helpers.playbooks import Playing, edit, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import assert_promotions, operations, state_files, state_lines
from helpers.until import until
from ncs_sim.cluster import Cluster

SWITCHOVER = "nso.ha.switchover"
CONVERGE = "nso.ha.converge"


@pytest.mark.main
@pytest.mark.every_core
def test_the_preferred_node_takes_over_and_no_write_is_lost(
    cluster: Cluster, tmp_path: Path
) -> None:
    inventory = edit(cluster.inventory, {"n3": {"nso_ha_priority": 200}})
    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        planned = run_playbook(SWITCHOVER, inventory, "--check")
        assert_predicted(
            planned,
            n1="read_only benone besecondary writable",
            n2="besecondary",
            n3="wait beprimary",
        )
        assert_led_by(cluster, "n1")
        assert not any(state_files(cluster, name) for name in cluster.status())

        done = run_playbook(SWITCHOVER, inventory)
        assert_done(done)
        load.until_acknowledged(5, by="n3")
        assert_idle(inventory, "switchover", nso_ha_candidate="n3")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(cluster, "n3")

    report = done.report
    assert report["primary"] == {"before": "n1", "after": "n3"}
    assert report["write_gap"]["means"] == "measured"
    assert report["election"] == {
        "n1": "it is the one that hands over",
        "n2": "has the lower priority (100, n3 has 200)",
    }
    steps = {(step["wave"], step["host"]): step for step in report["steps"]}
    assert all(step["outcome"] == "done" for step in steps.values())
    for (wave, _host), step in steps.items():
        if wave != "catch_up":
            assert step["start"] <= step["end"] <= step["finished"]
    gap = steps["promote", "n3"]["end"] - steps["hand_over", "n1"]["start"]
    assert report["write_gap"]["seconds"] == round(gap, 3)
    for name in cluster.status():
        assert done.node(name)["txid_before"] != done.node(name)["txid"]

    # What the new primary had when it took over is what the old one had when it stepped down.
    assert_promotions(cluster, primaries=[("n1", "found"), ("n3", "switchover")])
    base = state_lines(cluster, "n2", "promotions.jsonl")[-1]["txid"]
    assert base == steps["hand_over", "n1"]["txid"]
    for name in cluster.status():
        assert operations(cluster, name) == [("switchover", "done")]

    # Members need no edit. Where the role is pinned, the inventory has to follow.
    assert_nothing_to_do(run_playbook(CONVERGE, cluster.inventory))
    forgotten = run_playbook(CONVERGE, pinned(cluster.inventory, "n1"))
    assert_refused(
        forgotten, "(last_primary failed)", "the last recorded primary is n3", "Correct nso_ha_role"
    )
    assert_nothing_to_do(run_playbook(CONVERGE, pinned(cluster.inventory, "n3")))


def test_a_switchover_that_fails_is_rolled_back_and_the_next_one_succeeds(
    simulation: Simulation, tmp_path: Path
) -> None:
    # A link that is cut is not given up meanwhile.
    duo = simulation.cluster(2, tick_timeout=200)
    order(duo, "n1", "primary")
    order(duo, "n2", "secondary", "n1")
    n1, n2 = duo.nodes
    with Load(duo.directory, tmp_path / "history") as load:
        n2.refuse(18, "not now")
        refused = run_playbook(SWITCHOVER, duo.inventory)
        assert_ended(refused, "rolled_back", "INTERNAL (18)", "not now")
        load.until_acknowledged(5, by="n1")
        assert_led_by(duo, "n1")

        # The next primary lacks a write that the old one has.
        n2.cut(n1)
        until(lambda: n1.status()["txid"] != n2.status()["txid"], what="a write on one node only")
        late = run_playbook(SWITCHOVER, duo.inventory, variables={"nso_ha_catch_up_timeout": 1})
        assert_refused(late, "(step failed) n2")
        assert late.waves() == [("catch_up", "n2")]
        assert not n1.status()["readonly"]
        n2.heal(n1)
        load.until_acknowledged(5, by="n1")

        # It lacks one that is let in after it had caught up, so it gets no order.
        with Playing(SWITCHOVER, duo.inventory) as playing:
            playing.until_call("ncs_ha_operation wave hand_over")
            n2.cut(n1)
            playing.until_call("ncs_ha_status roll back")
            n2.heal(n1)
            lacks = playing.end()
        assert_ended(lacks, "rolled_back", "its data are not those it was chosen for")
        assert lacks.waves()[:3] == [("catch_up", "n2"), ("hand_over", "n1"), ("promote", "n2")]
        load.until_acknowledged(5, by="n1")

        assert_done(run_playbook(SWITCHOVER, duo.inventory))
        load.until_acknowledged(5, by="n2")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(duo, "n2")
    # A promotion is recorded before it is ordered, so that of n2 which was refused is there, too.
    made = [(name, "switchover") for name in ("n2", "n1", "n1", "n2")]
    assert_promotions(duo, primaries=[("n1", "found"), *made])
    outcomes = ("rolled_back", "rolled_back", "done")
    for name in ("n1", "n2"):
        assert operations(duo, name) == [("switchover", outcome) for outcome in outcomes]
