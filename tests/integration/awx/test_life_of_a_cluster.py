# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster from its first job to its last, whose nodes check who speaks to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.awx_jobs import Job, Jobs
from helpers.awx_objects import WORKFLOW
from helpers.clusters import assert_led_by, assert_whole, roles, until_roles
from helpers.simulated import Simulation

#: Tasks that would have some device switch a node off, and ask whether it is.
FENCE = """
- name: Switch it off
  ansible.builtin.debug:
    msg: "{{ nso_ha_fence_host }} is switched off"

- name: Ask whether it is off
  ansible.builtin.command:
    argv: ["true"]
  changed_when: false

- name: Confirm that it is fenced
  nso.ha.ncs_ha_operation:
    state: confirmed
    host: "{{ nso_ha_fence_host }}"
"""
#: What every report has, as docs/awx.md says.
KEYS = {"operation", "outcome", "changed", "primary", "nodes", "verdicts", "table"}


def assert_successful(job: Job, outcome: str = "done") -> None:
    """The job is one that AWX shows as successful, and its artifacts say the same."""
    assert (job.status, job.code) == ("successful", 0), job.output
    assert job.report["outcome"] == outcome
    assert set(job.report) >= KEYS


def assert_refused(job: Job, *words: str) -> None:
    """The job is one that AWX shows as failed; its artifacts have the reason; it did nothing."""
    assert (job.status, job.code) == ("failed", 2), job.output
    assert job.report["outcome"] == "refused"
    assert set(job.report) >= KEYS
    assert not job.changed
    for word in words:
        assert word in job.text, job.text


@pytest.mark.thorough
def test_the_templates_make_move_mend_and_end_a_cluster(tmp_path: Path) -> None:
    with Simulation(tmp_path) as simulation:
        cluster = simulation.cluster(3, access_check="v2")
        jobs = Jobs(tmp_path / "jobs", cluster)

        # New nodes, whose data may go only if somebody says so. Names are on lines of their own.
        assert_refused(jobs.run("converge"), "(overwrite failed) n2", "(overwrite failed) n3")
        made = jobs.run("converge", nso_ha_allow_overwrite="n2\nn3\n", nso_ha_override=[])
        assert_successful(made)
        assert made.changed == {"n1", "n2", "n3"}
        assert_whole(cluster)
        # The workflow. What was planned, and approved, is done, although another would be chosen by
        # now; the artifacts come beside the answers of the workflow's form, which left it open.
        (plan,) = [node for node in WORKFLOW["nodes"] if node["identifier"] == "plan"]
        planned = jobs.run("plan", **plan["extra_data"])
        assert_successful(planned, "planned")
        assert planned.artifacts["nso_ha_planned_candidate"] == "n2"
        jobs.inventory["nso"]["hosts"]["n3"]["nso_ha_priority"] = 200
        moved = jobs.run("switchover", artifacts=planned.artifacts, nso_ha_catch_up_timeout=60)
        assert_successful(moved)
        assert moved.report["primary"] == {"before": "n1", "after": "n2"}
        assert_led_by(cluster, "n2")

        # The primary dies, and comes back. What fences it is in the project, too.
        jobs.files["fence.yml"] = FENCE
        jobs.inventory["nso"]["vars"]["nso_ha_fence_tasks"] = "fence.yml"
        cluster.node("n2").kill()
        until_roles(cluster, n1="none", n3="none")
        failed_over = jobs.run("failover", nso_ha_candidate="n3", nso_ha_override=[])
        assert_successful(failed_over)
        assert "n2 is switched off" in failed_over.output
        assert_led_by(cluster, "n3")

        cluster.node("n2").launch()
        cluster.node("n2").wait_ready()
        rejoined = jobs.run("rejoin", nso_ha_break_lock="")
        assert_successful(rejoined)
        assert_whole(cluster, "n3")

        empty = {"nso_ha_timeout": "", "nso_ha_group": ""}
        ended = jobs.run("tear_down", extra=empty, nso_ha_override=["start_phase"])
        assert_successful(ended)
        assert set(roles(cluster).values()) == {"none"}
