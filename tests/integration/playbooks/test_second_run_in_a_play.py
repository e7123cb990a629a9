# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an earlier run left in a play, and hosts that Ansible dropped from it, prove nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.clusters import assert_led_by, assert_refused, roles
from helpers.frozen import ASK, CONFIRM, Frozen, command, failing_over, nowhere
from helpers.playbooks import run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import give_history, lock
from helpers.until import until
from ncs_sim.cluster import Cluster

REJOIN = {"ansible.builtin.import_role": {"name": "nso.ha.cluster", "tasks_from": "rejoin"}}


def failover_with(tasks: str) -> dict[str, Any]:
    """The failover with these fencing tasks, whatever the variables say."""
    role = {"name": "nso.ha.cluster", "tasks_from": "failover"}
    return {"ansible.builtin.include_role": role, "vars": {"nso_ha_fence_tasks": tasks}}


@pytest.mark.every_core
@pytest.mark.long
def test_a_second_failover_in_a_rescue_starts_from_nothing(
    simulation: Simulation, tmp_path: Path
) -> None:
    with Frozen(simulation, tmp_path) as frozen:
        fails = frozen.file([command("false"), ASK, CONFIRM], "fails")
        works = frozen.file([frozen.off, ASK, CONFIRM], "works")
        without = [{"block": [failover_with(fails)], "rescue": [failover_with("")]}]
        run = frozen.failover(playbook=frozen.play(without))
        assert_refused(run, "(fenced failed) n1")
        assert "fencing task" not in run.text
        frozen.assert_nothing_was_done()

        twice = [{"block": [failover_with(fails)], "rescue": [failover_with(works)]}]
        run = frozen.failover(playbook=frozen.play(twice))
        assert run.status == 0, run.output
        assert run.report["outcome"] == "done"
        assert "failed" not in {one["result"] for one in run.report["verdicts"]}
        assert not frozen.n1.running
        frozen.assert_one_primary()
        assert_led_by(frozen.cluster, run.report["primary"]["after"])


def lost(simulation: Simulation, host: str) -> list[dict[str, Any]]:
    """Tasks after which a host is out of the play."""
    when = f"inventory_hostname == '{host}'"
    elsewhere = {"delegate_to": "elsewhere", "vars": nowhere(simulation)}
    return [command("true", when=when, **elsewhere)]


def play(path: Path, tasks: list[dict[str, Any]]) -> Path:
    """Write a playbook with these tasks."""
    path.write_text(yaml.safe_dump([{"hosts": "nso", "gather_facts": False, "tasks": tasks}]))
    return path


def test_a_host_that_ansible_has_dropped_is_silent_and_not_missing(
    cluster: Cluster, simulation: Simulation, tmp_path: Path
) -> None:
    give_history(cluster, "n1")
    cluster.node("n1").kill()
    until(lambda: roles(cluster) == {"n2": "none", "n3": "none"}, what="the loss of the primary")
    playbook = play(tmp_path / "dropped.yml", [*lost(simulation, "n3"), failing_over()])
    refused = run_playbook(playbook, cluster.inventory)
    assert refused.status != 0
    assert "(data_loss failed) n3 does not answer" in refused.text
    assert "(fenced failed) n3 does not answer" in refused.text
    assert "take no part" not in refused.text
    given_up = {"nso_ha_allow_data_loss": "n3", "nso_ha_override": "fenced"}
    done = run_playbook(playbook, cluster.inventory, variables=given_up)
    assert done.report["outcome"] == "done", done.text
    assert roles(cluster) == {"n2": "primary", "n3": "none"}
    assert not any(lock(cluster, name) for name in ("n2", "n3"))


def test_what_was_seen_in_an_earlier_run_is_not_taken_for_what_is_there(
    cluster: Cluster, simulation: Simulation, tmp_path: Path
) -> None:
    """n3 was seen in the first run, and is out of the play in the second one."""
    status = {"name": "nso.ha.cluster", "tasks_from": "status"}
    tasks = [REJOIN, *lost(simulation, "n3"), {"ansible.builtin.include_role": status}]
    run = run_playbook(play(tmp_path / "stale.yml", tasks), cluster.inventory)
    assert run.report["operation"] == "status"
    assert run.node("n3")["role"] is None
    assert run.node("n2")["role"] == "secondary"
