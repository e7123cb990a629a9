# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that are refused, each for a reason that a person finds at once, and change nothing."""

from __future__ import annotations

import pytest
from helpers.awx_jobs import Job, Jobs
from helpers.awx_objects import TEMPLATES
from ncs_sim.cluster import Cluster


def assert_failed(job: Job, *words: str) -> None:
    """The job is one that AWX shows as failed, and says why."""
    assert (job.status, job.code) == ("failed", 2), job.output
    assert not job.changed
    for word in words:
        assert word in job.output.replace("\r\n", "\n"), job.output


@pytest.mark.thorough
@pytest.mark.parametrize("playbook", [name for name in TEMPLATES if name != "status"])
def test_no_operation_decides_about_a_part_of_the_cluster(
    jobs: Jobs, site: Cluster, playbook: str
) -> None:
    before = site.status()
    job = jobs.run(playbook, limit="n2")
    assert_failed(job)
    assert job.report["outcome"] == "refused"
    assert "n1, n3 of the group take no part in this play" in job.text
    assert "run without --limit" in job.text
    assert job.report["owner"] == f"ada (job {job.number})"
    assert site.status() == before


def test_a_part_of_the_cluster_may_be_looked_at(jobs: Jobs) -> None:
    job = jobs.run("status", limit="n1")
    assert job.status == "successful"
    assert job.report["outcome"] == "incomplete"
    done = {node["host"]: node["done"] for node in job.report["nodes"]}
    assert done == {"n1": "as wanted", "n2": "no answer", "n3": "no answer"}


def test_a_job_without_the_credential_says_what_is_missing(jobs: Jobs) -> None:
    job = jobs.run("failover", credential=False)
    assert_failed(job, "n1, n2, n3: there is no token.", "give the job a credential that has it")
    assert job.report["outcome"] == "refused"


def test_a_time_limit_that_is_no_number_is_told_by_its_name(jobs: Jobs) -> None:
    job = jobs.run("converge", extra={"nso_ha_verify_timeout": "soon"})
    assert_failed(job, "nso_ha_verify_timeout is 'soon'; it has to be a number of seconds")
    assert job.report["outcome"] == "refused"
