# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is dead anyway does not block: a broken disk, and a host that runs no modules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.clusters import (
    assert_ended,
    assert_led_by,
    assert_refused,
    until_roles,
)
from helpers.playbooks import Run, edit, run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import give_history, promotions, state_files
from ncs_sim.cluster import Cluster

FAILOVER = "nso.ha.failover"


@pytest.fixture
def bereft(cluster: Cluster) -> Cluster:
    """n1 was the primary and is dead, n2 and n3 have lost it."""
    give_history(cluster, "n1")
    cluster.node("n1").kill()
    until_roles(cluster, n2="none", n3="none")
    return cluster


def assert_failed_over(run: Run, cluster: Cluster) -> None:
    assert run.status == 0, run.output
    assert run.report["outcome"] == "done"
    assert_led_by(cluster, "n2")
    for name in ("n2", "n3"):
        assert "lock.json" not in state_files(cluster, name)


def a_file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("no directory")
    return path


def nowhere(tmp_path: Path) -> Path:
    return tmp_path / "missing" / "state"


def below_a_file(tmp_path: Path) -> Path:
    return a_file(tmp_path) / "state"


def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "damaged"
    path.mkdir()
    (path / "lock.json").write_text("{")
    return path


UNUSABLE = {one.__name__: one for one in (a_file, nowhere, below_a_file, damaged)}


@pytest.mark.parametrize("make", UNUSABLE.values(), ids=UNUSABLE)
def test_a_dead_primary_whose_state_directory_cannot_be_used_is_replaced(
    bereft: Cluster, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    inventory = edit(bereft.inventory, {"n1": {"nso_ha_state_dir": str(make(tmp_path))}})
    run = run_playbook(FAILOVER, inventory)
    assert_failed_over(run, bereft)
    assert "(n1) has no lock, so this run did nothing there" in run.text


def test_neither_does_it_block_what_comes_after(bereft: Cluster, tmp_path: Path) -> None:
    unusable = {"nso_ha_state_dir": str(damaged(tmp_path)), "nso_ha_role": "secondary"}
    changes = {"n1": unusable, "n2": {"nso_ha_role": "primary"}}
    inventory = edit(bereft.inventory, changes)
    assert_failed_over(run_playbook(FAILOVER, inventory), bereft)
    leave = {"nso_ha_override": "all_answer", "nso_ha_candidate": "n3"}
    run = run_playbook("nso.ha.switchover", inventory, variables=leave)
    assert run.status == 0, run.output
    assert_led_by(bereft, "n3")
    assert promotions(bereft, "n2")[-1] == ("n3", "switchover")


def test_a_lock_that_a_living_run_holds_stays_in_the_way_on_a_dead_node(
    bereft: Cluster, tmp_path: Path
) -> None:
    holds: dict[str, Any] = {
        "state_dir": str(bereft.node("n1").directory / "state"),
        "state": "begun",
        "run_id": "another",
        "node_id": "n1",
        "name": "failover",
        "owner": "ada@elsewhere",
    }
    play = tmp_path / "hold.yml"
    task = {"nso.ha.ncs_ha_operation": holds}
    play.write_text(
        str([{"hosts": "n1", "gather_facts": False, "tasks": [task]}]).replace("False", "false")
    )
    assert run_playbook(play, bereft.inventory).status == 0
    refused = run_playbook(FAILOVER, bereft.inventory)
    assert_refused(refused, "ada@elsewhere has been running failover")


def test_a_living_node_that_cannot_be_locked_takes_a_consent_and_gets_no_order(
    bereft: Cluster, tmp_path: Path
) -> None:
    where = {"nso_ha_state_dir": str(nowhere(tmp_path))}
    inventory = edit(bereft.inventory, {"n3": where})
    refused = run_playbook(FAILOVER, inventory)
    assert_refused(
        refused, "(lockable failed) n3 cannot be locked", "missing", "nso_ha_override=lockable"
    )
    before = bereft.node("n3").status()
    agreed = run_playbook(FAILOVER, inventory, variables={"nso_ha_override": "lockable"})
    assert_ended(agreed, "incomplete", "(lockable overridden)", "(n3) has no lock")
    status = bereft.status()
    assert status["n2"]["role"] == "primary"
    assert status["n3"]["role"] == before["role"] == "none"
    assert agreed.node("n3")["done"] == "blocked"

    # It is not chosen either, and its lock is not to be done without where it is needed.
    chosen = {"nso_ha_override": "lockable", "nso_ha_candidate": "n3"}
    bereft.node("n2").order("none")
    assert_refused(run_playbook(FAILOVER, inventory, variables=chosen), "n3 cannot become primary")


def sudo_that_is_missing(_tmp_path: Path) -> dict[str, Any]:
    return {"ansible_become": True, "ansible_become_user": "nobody", "ansible_become_exe": "/no/su"}


def shell(text: str) -> Callable[[Path], dict[str, Any]]:
    def make(tmp_path: Path) -> dict[str, Any]:
        path = tmp_path / "shell"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return {"ansible_shell_executable": str(path)}

    return make


#: Host variables with which a host answers, and runs no module.
NO_MODULES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "no Python": lambda _path: {"ansible_python_interpreter": "/nonexistent/python"},
    "another program": lambda _path: {"ansible_python_interpreter": "/bin/true"},
    "one that fails": lambda _path: {"ansible_python_interpreter": "/bin/false"},
    "no room for modules": lambda path: {"ansible_remote_tmp": str(a_file(path))},
    "no sudo": sudo_that_is_missing,
    "a shell with a banner": shell('echo "{\\"welcome\\": 1}"; exec /bin/sh "$@"'),
    "a shell that talks JSON": shell('echo "{\\"changed\\": false}"'),
    "no login": shell('echo "This account is currently not available."; exit 1'),
}


#: How the reasons begin: where Ansible cannot make its temporary directory it says unreachable.
REASONS = ("no module ran there: ", "Ansible cannot reach it: ")


def test_a_host_that_runs_no_modules_may_be_primary_and_the_reason_is_told(
    pair: Cluster, simulation: Simulation, tmp_path: Path
) -> None:
    content = yaml.safe_load(pair.inventory.read_text())
    hosts = content["nso"]["hosts"]
    for number, make in enumerate(NO_MODULES.values()):
        place = tmp_path / f"m{number}"
        place.mkdir()
        own = {"nso_ha_node_id": place.name, "nso_ha_node_ip": simulation.address()}
        hosts[place.name] = {**hosts["n2"], **own, **make(place)}
    inventory = pair.inventory.with_name("more.yml")
    inventory.write_text(yaml.safe_dump(content))
    refused = run_playbook(FAILOVER, inventory, variables={"nso_ha_candidate": "n1"})
    for number, name in enumerate(NO_MODULES):
        assert_refused(refused, f"(fenced failed) m{number} does not answer")
        problem = refused.node(f"m{number}")["problem"]
        assert problem.startswith(REASONS), f"{name}: {problem}"


@pytest.mark.main
@pytest.mark.every_core
def test_a_host_that_runs_no_modules_does_not_stop_a_failover_once_it_is_fenced(
    bereft: Cluster, tmp_path: Path
) -> None:
    inventory = edit(bereft.inventory, {"n1": sudo_that_is_missing(tmp_path)})
    run = run_playbook(FAILOVER, inventory, variables={"nso_ha_override": "fenced"})
    assert_failed_over(run, bereft)
    assert run.node("n1")["problem"].startswith(REASONS), run.text
