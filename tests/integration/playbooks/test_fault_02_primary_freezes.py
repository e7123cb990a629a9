# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary stands still and may wake up: nobody takes its place until it is fenced.

What does not count as a fence is in test_fault_21_fence_that_did_not_happen.py.
"""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import assert_done, assert_led_by, assert_refused, assert_whole
from helpers.frozen import ASK, CONFIRM, Frozen, command
from helpers.load import CLEAN
from helpers.playbooks import run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import assert_promotions


def test_a_frozen_primary_is_replaced_once_it_is_fenced(
    simulation: Simulation, tmp_path: Path
) -> None:
    with Frozen(simulation, tmp_path) as frozen:
        n1, cluster = frozen.n1, frozen.cluster
        refused = frozen.failover()
        assert_refused(
            refused, "(fenced failed) n1 was the primary and does not answer", "nso_ha_fence_tasks"
        )
        frozen.assert_nothing_was_done()

        frozen.file([ASK], "ask")
        softly = {"ansible.builtin.debug": {"msg": "softly"}}
        tasks = [
            {"block": [command("false")], "rescue": [softly]},
            frozen.off,
            {"ansible.builtin.include_tasks": "ask.yml"},
            CONFIRM,
        ]
        path = frozen.file(tasks)
        planned = frozen.failover("--check", nso_ha_fence_tasks=path)
        assert planned.status == 0, planned.output
        frozen.assert_nothing_was_done()

        done = frozen.failover(nso_ha_fence_tasks=path)
        assert done.status == 0, done.output
        assert done.report["outcome"] == "done"
        assert not n1.running
        new = done.report["primary"]["after"]
        frozen.load.until_acknowledged(5, by=new)
        assert_led_by(cluster, new)
        again = frozen.failover(nso_ha_fence_tasks=path)
        assert again.status == 0, again.output
        assert not again.changed

        n1.start()
        status = run_playbook("nso.ha.status", cluster.inventory)
        assert status.node("n1")["role"] == "none"
        assert f"Last promotion: {new}, by failover" in status.text
        consent = {"nso_ha_allow_overwrite": "n1"}
        assert_done(run_playbook("nso.ha.rejoin", cluster.inventory, variables=consent))
        judged = frozen.load.finish()
        assert judged.status == CLEAN, judged.text
        assert_whole(cluster, new)
        assert_promotions(cluster, primaries=[("n1", "converge"), (new, "failover")])
