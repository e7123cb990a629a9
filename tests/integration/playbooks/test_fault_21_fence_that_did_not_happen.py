# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fence that did not happen, however that came about: nobody is promoted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.frozen import ASK, CONFIRM, Frozen, command, failing_over, nowhere
from helpers.playbooks import Run
from helpers.simulated import Simulation


@pytest.fixture
def frozen(simulation: Simulation, tmp_path: Path) -> Iterator[Frozen]:
    with Frozen(simulation, tmp_path) as frozen:
        yield frozen


def assert_not_fenced(frozen: Frozen, run: Run, *words: str, status: int = 2) -> None:
    assert run.status == status, run.output
    assert run.report["outcome"] == "refused", run.output
    failed = [one for one in run.report["verdicts"] if one["check"] == "fence"]
    assert [one["host"] for one in failed] in ([""], ["n1"]), run.text
    for word in words:
        assert word in run.text, run.text
    frozen.assert_nothing_was_done()


@pytest.mark.every_core
@pytest.mark.long
def test_nobody_is_promoted_unless_what_fences_has_confirmed_it(
    frozen: Frozen, simulation: Simulation
) -> None:
    path = frozen.file([command("false"), ASK, CONFIRM])
    assert_not_fenced(frozen, frozen.failover(nso_ha_fence_tasks=path), "task 'Fence it' in")

    # Ansible skips the rescue then, and drops the host.
    unreachable = command("true", delegate_to="power-switch", vars=nowhere(simulation))
    path = frozen.file([unreachable, ASK, CONFIRM])
    run = frozen.failover(nso_ha_fence_tasks=path)
    assert_not_fenced(frozen, run, "have not confirmed", status=4)

    path = frozen.file([ASK, {**CONFIRM, "when": False}])
    assert_not_fenced(frozen, frozen.failover(nso_ha_fence_tasks=path), "have not confirmed")
    frozen.assert_one_primary()


@pytest.mark.every_core
@pytest.mark.long
def test_errors_that_the_play_ignores_are_not_ignored_by_what_fences(
    frozen: Frozen, simulation: Simulation
) -> None:
    path = frozen.file([command("false"), ASK, CONFIRM])
    block = {"block": [failing_over()], "ignore_errors": True}
    for tasks in ([block], [failing_over(ignore_errors=True)]):
        run = frozen.failover(playbook=frozen.play(tasks), nso_ha_fence_tasks=path)
        assert_not_fenced(frozen, run, "task 'Fence it' in")
    path = frozen.file(
        [command("true", delegate_to="switch", vars=nowhere(simulation)), ASK, CONFIRM]
    )
    playbook = frozen.play([failing_over()], ignore_errors=True, ignore_unreachable=True)
    run = frozen.failover(playbook=playbook, nso_ha_fence_tasks=path)
    assert_not_fenced(frozen, run, status=4)
    frozen.assert_one_primary()


def test_a_file_that_cannot_be_loaded_is_refused_in_check_mode_in_a_plan_and_before_anything(
    frozen: Frozen,
) -> None:
    path = frozen.file([{"no.such.action": {}}, ASK, CONFIRM])
    for run in (
        frozen.failover("--check", nso_ha_fence_tasks=path),
        frozen.failover(
            playbook="nso.ha.plan", nso_ha_operation="failover", nso_ha_fence_tasks=path
        ),
        frozen.failover(nso_ha_fence_tasks=path),
    ):
        assert_not_fenced(frozen, run, "no.such.action", "nso_ha_fence_tasks")
    frozen.assert_one_primary()


@pytest.mark.main
def test_no_variable_counts_for_a_confirmation(frozen: Frozen) -> None:
    path = frozen.file([command("false"), ASK, CONFIRM])
    forged = {
        "run_id": "any",
        "lock": {"run_id": "any", "fenced": ["n1"], "fence": ["n1"], "steps": ["promote"]},
    }
    run = frozen.failover(nso_ha_fence_tasks=path, __nso_ha_lock=forged)
    assert run.status == 2, run.output
    assert "__nso_ha_lock was given with -e" in run.output
    frozen.assert_nothing_was_done()
    frozen.assert_one_primary()


@pytest.mark.every_core
@pytest.mark.long
def test_a_task_that_is_not_to_be_logged_is_not_quoted(frozen: Frozen) -> None:
    secret = "the-password-of-the-power-switch"
    fails = command("sh", "-c", f"echo {secret} >&2; exit 1", no_log=True)
    inherits = {"block": [command("sh", "-c", f"echo {secret} >&2; exit 1")], "no_log": True}
    plain = {"ansible.builtin.fail": {"msg": "the outlet is stuck"}}
    for task in (fails, inherits):
        path = frozen.file([task, ASK, CONFIRM])
        run = frozen.failover(nso_ha_fence_tasks=path)
        assert_not_fenced(frozen, run, "'Fence it' in")
        assert secret not in run.output
    run = frozen.failover(nso_ha_fence_tasks=frozen.file([plain, ASK, CONFIRM]))
    assert_not_fenced(frozen, run, "the outlet is stuck")
    frozen.assert_one_primary()


def test_a_play_in_check_mode_does_not_fence_and_does_not_promote(frozen: Frozen) -> None:
    path = frozen.file([frozen.off, ASK, CONFIRM])
    run = frozen.failover(
        playbook=frozen.play([failing_over()], check_mode=True), nso_ha_fence_tasks=path
    )
    assert run.status == 0, run.output
    assert run.report["outcome"] == "planned"
    frozen.assert_nothing_was_done()
    frozen.assert_one_primary()
