# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan says what an operation would do, and changes nothing, whatever the play's mode."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import assert_refused
from helpers.playbooks import in_one, run_playbook
from helpers.state_on_nodes import state_files
from ncs_sim.cluster import Cluster

PLAN = "nso.ha.plan"


def test_every_operation_can_be_planned_and_nothing_is_changed(
    duo: Cluster, tmp_path: Path
) -> None:
    before = duo.status()
    names = ("converge", "failover", "rejoin", "tear_down", "switchover")
    plans = [(PLAN, {"nso_ha_operation": name}) for name in names]
    run = run_playbook(in_one(tmp_path / "plans.yml", *plans), duo.inventory)
    assert run.status == 0, run.output
    for name in ("n1", "n2"):
        assert run.module_calls(name).count("ncs_ha_status observe") == len(names)
        assert {call.split()[1] for call in run.module_calls(name)} <= {"observe", "rehearse"}
        assert not state_files(duo, name)
    # The last one is the report that is handed on.
    assert run.report["outcome"] == "planned"
    assert run.node("n1")["done"] == "would read_only benone besecondary writable"
    assert run.node("n2")["done"] == "would wait beprimary"

    # A plan that would be refused fails, as the operation would.
    refused = run_playbook(PLAN, duo.inventory, variables={"nso_ha_operation": "fail_over"})
    assert_refused(refused, "nso_ha_operation is 'fail_over'", "converge, switchover, failover")
    assert duo.status() == before
