# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locks of a run: renewed and proven in the middle of it, and given back at its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers.clusters import ALL_MAY_GO, assert_done, assert_ended, assert_refused, order, roles
from helpers.frozen import ASK, CONFIRM, Frozen, command, failing_over, nowhere
from helpers.playbooks import Run, edit, python_that_runs, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import lock
from ncs_sim.cluster import Cluster

CONVERGE = "nso.ha.converge"


@pytest.fixture
def frozen(simulation: Simulation, tmp_path: Path) -> Iterator[Frozen]:
    with Frozen(simulation, tmp_path) as frozen:
        yield frozen


def assert_given_back(frozen: Frozen, run: Run, *words: str) -> None:
    # 4 where Ansible has lost a host on the way, on some releases.
    assert run.status in (2, 4), run.output
    for word in words:
        assert word in run.text, run.text
    frozen.assert_nothing_was_done()


@pytest.mark.main
def test_nothing_is_overwritten_once_a_lock_of_the_run_is_lost_on_any_node(
    duo: Cluster, tmp_path: Path
) -> None:
    order(duo, "n2", "none")
    # Nothing is to be done on n1, whose lock somebody removes after it was taken.
    remove = f"rm {duo.node('n1').directory}/state/lock.json"
    python = python_that_runs(remove, "ncs_ha_operation", 1, tmp_path)
    run = run_playbook(CONVERGE, edit(duo.inventory, {"n1": python}), variables=ALL_MAY_GO)
    assert_ended(run, "refused", "(lock failed) n1", "there is no lock")
    assert roles(duo) == {"n1": "primary", "n2": "none"}
    assert not any(lock(duo, name) for name in ("n1", "n2"))


@pytest.mark.main
def test_a_lock_that_could_expire_while_hosts_wait_for_their_turn_is_refused_beforehand(
    duo: Cluster,
) -> None:
    order(duo, "n2", "none")
    short = {**ALL_MAY_GO, "nso_ha_lock_timeout": 900}
    refused = run_playbook(CONVERGE, duo.inventory, "--forks", "1", "--check", variables=short)
    assert_refused(
        refused,
        "nso_ha_lock_timeout is 900 s",
        "nso_ha_wait_timeout 300 s",
        "2 rounds of 2 hosts with 1 fork",
        "Set nso_ha_lock_timeout to 1140 or more",
    )
    # Where it is not given, it is as long as it has to be.
    assert_done(run_playbook(CONVERGE, duo.inventory, "--forks", "1", variables=ALL_MAY_GO))


@pytest.mark.every_core
def test_tasks_that_take_longer_than_the_limit_of_a_hook_do_not_fence(frozen: Frozen) -> None:
    path = frozen.file([command("sleep", "60"), ASK, CONFIRM])
    run = frozen.failover(nso_ha_fence_tasks=path, nso_ha_hook_timeout=2)
    assert_given_back(frozen, run, "(fence failed) n1 the task 'Fence it' in")

    # Tasks that have a limit of their own go on, and the confirmation comes too late.
    own = {"timeout": "{{ 60 }}"}
    path = frozen.file([command("sleep", "4", **own), {**ASK, **own}, {**CONFIRM, **own}])
    run = frozen.failover(nso_ha_fence_tasks=path, nso_ha_hook_timeout=3)
    assert_given_back(frozen, run, "the fencing tasks have taken", "nso_ha_hook_timeout is 3 s")
    frozen.assert_one_primary()


@pytest.mark.every_core
@pytest.mark.long
def test_however_a_failover_ends_no_node_keeps_its_lock(
    frozen: Frozen, simulation: Simulation, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(frozen.cluster.token)
    fails = frozen.file([command("false"), ASK, CONFIRM], "fails")
    unreachable = frozen.file(
        [command("true", delegate_to="switch", vars=nowhere(simulation)), ASK, CONFIRM], "lost"
    )
    for keyword in ({"any_errors_fatal": True}, {"max_fail_percentage": 0}):
        play = frozen.play([failing_over()], **keyword)
        run = frozen.failover(playbook=play, nso_ha_fence_tasks=fails)
        assert_given_back(frozen, run, "task 'Fence it' in")
        run = frozen.failover(playbook=play, nso_ha_fence_tasks=unreachable)
        assert_given_back(frozen, run, "have not confirmed")

    # A variable of the user that cannot be evaluated any more, in the middle of the run.
    removes = frozen.file([command("rm", str(token)), ASK, CONFIRM], "removes")
    by_file = f"{{{{ lookup('ansible.builtin.file', '{token}') }}}}"
    run = frozen.failover(nso_ha_fence_tasks=removes, nso_ha_token=by_file)
    assert_given_back(frozen, run, "(recheck")
    frozen.assert_one_primary()


def test_a_role_that_would_end_the_play_with_the_locks_in_place_is_found_beforehand(
    frozen: Frozen, tmp_path: Path
) -> None:
    tasks = tmp_path / "roles" / "ends" / "tasks" / "main.yml"
    tasks.parent.mkdir(parents=True)
    tasks.write_text(yaml.safe_dump([{"ansible.builtin.meta": "end_play"}]))
    path = frozen.file([{"ansible.builtin.include_role": {"name": "ends"}}, ASK, CONFIRM])
    run = frozen.failover(nso_ha_fence_tasks=path, playbook=frozen.play([failing_over()]))
    assert_given_back(frozen, run, "meta: end_play, which ends the run with the locks")
    frozen.assert_one_primary()


def test_a_file_that_is_edited_after_it_was_checked_is_not_used(
    frozen: Frozen, tmp_path: Path
) -> None:
    path = frozen.file([ASK, ASK, CONFIRM])
    python = python_that_runs(f"echo '- a: [' >{path}", "ncs_ha_operation", 1, tmp_path)
    inventory = edit(frozen.cluster.inventory, {"n2": python})
    run = frozen.failover(nso_ha_fence_tasks=path, inventory=inventory)
    assert_given_back(frozen, run, "(fence failed)", "cannot be relied on", path)
    frozen.assert_one_primary()
