# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a monitoring system gets of nso.ha.status: a line and an exit status, or a failed job."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from helpers.clusters import order
from helpers.modules import ROOT
from helpers.playbooks import command, edit, environment, run_playbook
from ncs_sim.cluster import Cluster

STATUS = "nso.ha.status"
ALONE = "healthy: n1 is primary, 1 of 1 secondary in sync.\n"


@pytest.fixture(autouse=True)
def not_verbose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "0")


def monitored(inventory: Path, *arguments: str, **variables: Any) -> tuple[int, str]:
    """Return exit status and standard output of status, as a monitoring system runs it."""
    ended = subprocess.run(
        command(STATUS, inventory, *arguments, variables=variables),
        cwd=ROOT,
        env={**environment(ROOT), "ANSIBLE_STDOUT_CALLBACK": "nso.ha.health"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stdout


@pytest.mark.main
@pytest.mark.every_core
def test_the_health_is_one_line_and_an_exit_status(duo: Cluster) -> None:
    assert monitored(duo.inventory) == (0, ALONE)
    duo.node("n2").kill()
    degraded, line = monitored(duo.inventory)
    assert (degraded, line.count("\n")) == (1, 1)
    assert line.startswith("degraded: n1 is primary; n2 does not answer. Next: start NSO on n2, ")


@pytest.mark.every_core
@pytest.mark.long
def test_a_status_that_failed_or_did_not_begin_is_one_line_too(pair: Cluster) -> None:
    for node in pair.nodes:
        node.kill()
    missing, line = monitored(pair.inventory)
    assert (missing, line.count("\n")) == (2, 1)
    assert line.startswith("NO PRIMARY: ")
    # A setting that is wrong, and a play that does not even begin.
    unknown, line = monitored(pair.inventory, nso_ha_fail_when="ill")
    assert (unknown, line.count("\n")) == (3, 1)
    assert line.startswith("unknown: ")
    assert "nso_ha_fail_when of n1 is 'ill'" in line
    unknown, line = monitored(pair.inventory, nso_ha_group="other")
    assert (unknown, line.count("\n")) == (3, 1)
    assert line.startswith("unknown: no node was asked: the group 'other' (nso_ha_group) has no ")


def test_two_primaries_end_with_2(duo: Cluster) -> None:
    order(duo, "n2", "none")
    order(duo, "n2", "primary")
    status, line = monitored(duo.inventory)
    assert status == 2
    assert line.startswith("TWO PRIMARIES: n1 and n2 are primary at the same time")


@pytest.mark.every_core
@pytest.mark.long
def test_status_fails_with_the_health_that_was_named_and_else_shows_it(duo: Cluster) -> None:
    duo.node("n2").kill()
    shown = run_playbook(STATUS, duo.inventory)
    assert (shown.status, shown.report["health"]["exit_status"]) == (0, 1)
    other = {"nso_ha_fail_when": "no_primary, two_primaries"}
    assert run_playbook(STATUS, duo.inventory, variables=other).status == 0
    inventory = edit(
        duo.inventory, {host: {"nso_ha_fail_when": ["unhealthy"]} for host in ("n1", "n2")}
    )
    failed = run_playbook(STATUS, inventory)
    assert failed.status == 2
    assert failed.report["health"]["state"] == "degraded"
    assert "degraded: n1 is primary; n2 does not answer. Next: start NSO on n2, " in failed.output
