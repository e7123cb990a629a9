# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is told at its beginning, without a play around it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible_collections.nso.ha.plugins.action import cluster_decision
from helpers import documentation, returned

HOSTS = ["n1", "n2"]
KNOWN: dict[str, Any] = {
    "ansible_check_mode": False,
    "ansible_play_hosts_all": HOSTS,
    "ansible_play_hosts": HOSTS,
    "ansible_play_batch": HOSTS,
    "groups": {"all": HOSTS, "ungrouped": [], "nso": HOSTS},
}


def decide(
    known: dict[str, Any] | None = None,
    *,
    strategy: str = "linear",
    check_mode: bool = False,
    **arguments: str,
) -> dict[str, Any]:
    """Return what the action returns in such a play."""
    task = SimpleNamespace(
        args={"group": "nso", **arguments},
        check_mode=check_mode,
        async_val=0,
        action="nso.ha.cluster_decision",
        get_play=lambda: SimpleNamespace(strategy=strategy),
    )
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action = cluster_decision.ActionModule(
        task, connection, SimpleNamespace(check_mode=check_mode), DataLoader(), None, None
    )
    found: dict[str, Any] = action.run(task_vars={**KNOWN, **(known or {})})
    return found


def test_what_is_returned_is_documented() -> None:
    results = [decide(), decide(operation="failover", strategy="free"), decide(check_mode=True)]
    fields = documentation.module("cluster_decision")["return"]
    assert not returned.disagreements(results, fields)


def test_a_run_has_an_id_of_its_own_and_an_owner() -> None:
    first, second = decide(), decide({"awx_user_name": "ada", "awx_job_id": 7})
    assert first["run"]["id"] != second["run"]["id"]
    assert second["run"]["owner"] == "ada (job 7)"


@pytest.mark.parametrize("known", [{}, {"ansible_check_mode": True}])
def test_a_play_is_in_check_mode_if_the_command_or_the_play_says_so(known: dict[str, Any]) -> None:
    assert decide(known)["check_mode"] == bool(known)
    assert decide(known, check_mode=True)["check_mode"]


def test_only_an_operation_asks_something_of_the_play() -> None:
    later = {"ansible_play_batch": ["n1"]}
    (problem,) = decide(later, operation="converge")["problems"]
    assert "n2 of the group take no part" in problem
    assert decide(later)["problems"] == []
    # One that Ansible has dropped is in no batch any more, and takes part all the same.
    dropped = {"ansible_play_hosts": ["n1"], "ansible_play_batch": ["n1"]}
    assert decide(dropped, operation="converge")["problems"] == []


def test_fencing_tasks_are_asked_for_by_a_failover_only(tmp_path: Path) -> None:
    missing = str(tmp_path / "no-such-file.yml")
    asked = decide(operation="failover", fence_tasks=missing)
    assert missing in asked["fence_problem"]
    assert "nso_ha_fence_tasks" in asked["fence_problem"]
    assert decide(operation="converge", fence_tasks=missing)["fence_problem"] == ""
    assert decide(operation="failover")["fence_problem"] == ""


def test_variables_of_the_role_that_come_from_outside_end_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"__nso_ha_plan": {}, "nso_ha_token": "x"}
    monkeypatch.setattr(cluster_decision, "load_extra_vars", lambda _loader: given)
    with pytest.raises(AnsibleActionFail, match="__nso_ha_plan was given with -e"):
        decide()
