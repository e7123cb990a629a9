# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that are told different things: endpoint, interpreter, become and user.

A step on one node is a task that Ansible runs once, for another host than the node. What it does
for the node has to be what the node wants all the same.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.clusters import (
    ALL_MAY_GO,
    assert_done,
    assert_ended,
    assert_led_by,
    assert_whole,
    roles,
)
from helpers.left_behind import assert_nothing_left
from helpers.playbooks import edit, python_that_runs, run_playbook
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster

#: How a play may tell its hosts apart, beside by their variables.
KEYWORDS: Mapping[str, object] = {
    "environment": {"NCS_IPC_ADDR": "{{ ipc_address }}"},
    "become": "{{ becomes }}",
    "become_user": "{{ runs_as }}",
}


def play(path: Path, operation: str) -> Path:
    """Write a playbook with these keywords that runs an operation."""
    role = {"name": "nso.ha.cluster", "tasks_from": operation}
    tasks = [{"name": operation, "ansible.builtin.import_role": role}]
    path.write_text(
        yaml.safe_dump([{"hosts": "nso", "gather_facts": False, **KEYWORDS, "tasks": tasks}])
    )
    return path


def logging_python(path: Path, log: Path) -> str:
    """Write a Python that notes which module it runs."""
    path.write_text(f'#!/bin/sh\nbasename "$1" >>{log}\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return str(path)


def logging_sudo(path: Path, log: Path) -> str:
    """Write a program that is called like sudo, and notes for whom."""
    path.write_text(
        f"""#!/bin/sh
        while [ "$1" != -u ]; do shift; done
        echo "$2" >>{log}
        shift 2
        exec "$@"
        """
    )
    path.chmod(0o755)
    return str(path)


def told_apart(cluster: Cluster, directory: Path) -> Path:
    """Return an inventory in which each node has an endpoint, a Python and a user of its own."""
    changes: dict[str, dict[str, Any]] = {}
    for node in cluster.nodes:
        name = node.name
        changes[name] = {
            "nso_ha_ip": None,
            "ipc_address": node.ipc_address,
            "becomes": name != "n1",
            "runs_as": f"user-of-{name}",
            # These need not exist, as nobody really becomes them.
            "ansible_admin_users": ["root", "user-of-n2", "user-of-n3"],
            "ansible_become_method": "sudo",
            "ansible_become_exe": logging_sudo(
                directory / f"sudo-{name}", directory / f"{name}.as"
            ),
            "ansible_python_interpreter": logging_python(
                directory / f"python-{name}", directory / f"{name}.ran"
            ),
        }
    return edit(cluster.inventory, changes)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.every_core
def test_each_step_is_taken_by_the_user_and_the_python_of_its_node(
    cluster: Cluster, tmp_path: Path
) -> None:
    inventory = told_apart(cluster, tmp_path)
    assert_done(run_playbook(play(tmp_path / "moves.yml", "switchover"), inventory))
    assert_whole(cluster, "n2")
    ran = {name: lines(tmp_path / f"{name}.ran") for name in ("n1", "n2", "n3")}
    assert "AnsiballZ_ncs_ha_read_only.py" in ran["n1"]
    assert "AnsiballZ_ncs_ha_read_only.py" not in ran["n2"] + ran["n3"]
    assert not lines(tmp_path / "n1.as")
    for name in ("n2", "n3"):
        users = lines(tmp_path / f"{name}.as")
        # Whatever ran there ran as the node's user.
        assert set(users) == {f"user-of-{name}"}
        assert len(users) >= len(ran[name]) > 0
    assert_nothing_left(cluster)


@pytest.mark.main
@pytest.mark.every_core
def test_a_variable_that_cannot_be_evaluated_is_named_with_its_host_before_any_look(
    cluster: Cluster,
) -> None:
    wrong = edit(cluster.inventory, {"n3": {"nso_ha_upstream": "{{ nowhere.to_be_found }}"}})
    run = run_playbook("nso.ha.converge", wrong)
    assert_ended(run, "refused", "nso_ha_upstream of n3 cannot be evaluated", "nowhere")
    assert not [task for task in run.module_calls("n1") if "status" in task]


@pytest.mark.every_core
@pytest.mark.parametrize("host", ["n1", "n2"])
def test_a_node_that_is_lost_before_its_step_leaves_the_others_without_a_lock(
    cluster: Cluster, tmp_path: Path, host: str
) -> None:
    """n1 when it was to hand over, n2 when it was to become primary, once they renewed the lock."""
    scratch = tmp_path / "scratch"
    # Where a module cannot be copied to, Ansible says that the host is unreachable.
    lose = f"rm -rf {scratch} && touch {scratch}"
    lost = {
        "ansible_remote_tmp": str(scratch),
        **python_that_runs(lose, "ncs_ha_operation", 2, tmp_path),
    }
    run = run_playbook("nso.ha.switchover", edit(cluster.inventory, {host: lost}))
    assert_ended(run, "unknown", f"(step failed) {host}")
    assert len([role for role in roles(cluster).values() if role == "primary"]) <= 1
    for node in cluster.nodes:
        lock = node.directory / "state" / "lock.json"
        assert lock.exists() == (node.name == host), node.name

    scratch.unlink()
    again = run_playbook("nso.ha.switchover", cluster.inventory)
    assert again.status == 0 or again.report["outcome"] == "rolled_back", again.text
    (primary,) = [name for name, role in roles(cluster).items() if role == "primary"]
    assert_led_by(cluster, primary)
    assert_nothing_left(cluster)


def test_in_a_large_cluster_a_step_on_one_node_is_still_one_task_on_one_node(
    simulation: Simulation,
) -> None:
    cluster = simulation.cluster(4)
    assert_done(run_playbook("nso.ha.converge", cluster.inventory, variables=ALL_MAY_GO))
    run = run_playbook("nso.ha.switchover", cluster.inventory)
    assert_done(run)
    calls = run.calls()
    for alone in (("n2", "ncs_ha_status catch_up"), ("n1", "ncs_ha_role hand_over")):
        assert [call for call in calls if call[1] == alone[1]] == [alone], "nobody else is asked"
    after = calls[calls.index(("n1", "ncs_ha_role hand_over")) + 1]
    assert after == ("n2", "ncs_ha_role promote"), "nobody can write, and something else is done"
