# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The silent former primary wakes up while another node takes its place."""

from __future__ import annotations

import shlex
from pathlib import Path

from helpers.clusters import assert_ended, assert_led_by
from helpers.frozen import ASK, CONFIRM, Frozen
from helpers.load import VIOLATED
from helpers.playbooks import edit, python_that_runs, run_playbook
from helpers.simulated import Simulation

#: Fencing tasks that say that they have fenced, and have not.
A_LIE = [ASK, CONFIRM]


def waking(frozen: Frozen, module: str, call: int) -> Path:
    """An inventory in which n1 wakes up right after this call of a module on n2."""
    thaw = shlex.join(frozen.ctl("n1", "thaw"))
    python = python_that_runs(thaw, module, call, frozen.directory)
    return edit(frozen.cluster.inventory, {"n2": python})


def test_one_that_answers_before_the_promotion_ends_the_failover(
    simulation: Simulation, tmp_path: Path
) -> None:
    with Frozen(simulation, tmp_path) as frozen:
        # Calls on n2: the lock is taken, the fence confirmed, and that read.
        inventory = waking(frozen, "ncs_ha_operation", 3)
        run = frozen.failover(
            inventory=inventory,
            nso_ha_candidate="n2",
            nso_ha_fence_tasks=frozen.file(A_LIE),
        )
        assert_ended(
            run,
            "refused",
            "(recheck failed) n1 did not answer when the plan was made, and does now",
        )
        assert "it is primary" in run.text
        assert frozen.survivors == {"none"}
        frozen.assert_one_primary()


def test_one_that_answers_as_primary_afterwards_is_told_and_no_success(
    simulation: Simulation, tmp_path: Path
) -> None:
    with Frozen(simulation, tmp_path) as frozen:
        inventory = waking(frozen, "ncs_ha_role", 1)
        run = frozen.failover(inventory=inventory, nso_ha_candidate="n2", nso_ha_override="fenced")
        assert_ended(run, "two_primaries", "TWO PRIMARIES: n1 and n2 are primary at the same time")
        assert run.status == 2
        assert "nso.ha.rejoin" in run.text
        assert run.node("n1")["role"] == "primary"
        assert "failover two_primaries: TWO PRIMARIES: n1 and n2 are primary" in run.output
        assert run.report["message"].endswith("Stop what writes to them, then run nso.ha.rejoin.")

        status = frozen.failover(playbook="nso.ha.status")
        assert status.status == 2, status.output
        assert status.report["outcome"] == "two_primaries"

        # The judge sees them, too: this is what the rules are for.
        frozen.load.until_acknowledged(5)
        told = frozen.load.finish()
        assert told.status == VIOLATED, told.text
        again = run_playbook("nso.ha.rejoin", frozen.cluster.inventory)
        assert again.node("n1")["role"] != "primary" or again.report["outcome"] == "two_primaries"
        if again.status != 0:
            given_up = {"nso_ha_allow_overwrite": "n1"}
            again = run_playbook("nso.ha.rejoin", frozen.cluster.inventory, variables=given_up)
        assert again.status == 0, again.output
        assert_led_by(frozen.cluster, "n2")
