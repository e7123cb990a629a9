# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role in playbooks as people write them: what works, and what is refused with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.clusters import assert_led_by, order, roles
from helpers.playbooks import Run, run_playbook
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster

Task = dict[str, Any]

IMPORT, INCLUDE = "ansible.builtin.import_role", "ansible.builtin.include_role"


def role(how: str = IMPORT, entry: str = "switchover", **keywords: Any) -> Task:
    """A task with the role; what is in `apply` is a parameter of it."""
    parameters = {"apply": keywords.pop("apply")} if "apply" in keywords else {}
    return {how: {"name": "nso.ha.cluster", "tasks_from": entry, **parameters}, **keywords}


def result_is(outcome: str, operation: str = "switchover", **keywords: Any) -> Task:
    """A task after the role that reads its report."""
    that = [
        f"nso_ha_result.outcome == '{outcome}'",
        f"nso_ha_result.operation == '{operation}'",
        "nso_ha_result.run_id | length == 16",
    ]
    return {"name": "Read the report", "ansible.builtin.assert": {"that": that}, **keywords}


def write(path: Path, tasks: list[Task], **keywords: Any) -> Path:
    """Write a playbook of one play."""
    whole = {"hosts": "nso", "gather_facts": False, "tasks": tasks, **keywords}
    path.write_text(yaml.safe_dump([whole]))
    return path


@dataclass(frozen=True)
class Case:
    """A playbook and how it is started.

    words: for one that is refused, the reason
    """

    tasks: list[Task]
    words: str = ""
    play: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, cluster: Cluster, path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value.replace("TMP", str(path)))
        playbook = write(path / "play.yml", self.tasks, **self.play)
        return run_playbook(playbook, cluster.inventory, *self.arguments)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes of which one is primary, for tests that leave it so."""
    with Simulation(tmp_path_factory.mktemp("shared")) as simulation:
        cluster = simulation.cluster(2)
        order(cluster, "n1", "primary")
        order(cluster, "n2", "secondary", "n1")
        yield cluster


def quick(cases: Mapping[str, Case], *names: str) -> list[Any]:
    """The names of these cases for a test; it is one of every change for those that are named."""
    marks = [pytest.mark.main, pytest.mark.every_core]
    return [pytest.param(case, marks=marks if case in names else []) for case in cases]


def said(run: Run) -> str:
    """What the playbook printed, without line breaks."""
    return " ".join(run.output.split())


# Check mode

_DRY: dict[str, Any] = {"check_mode": True}
DRY = {
    "play": Case([role(), result_is("planned")], play=_DRY),
    "block": Case([{"block": [role(INCLUDE), result_is("planned")], **_DRY}]),
    "import": Case([role(**_DRY), result_is("planned")]),
    "apply": Case([role(INCLUDE, apply=_DRY), result_is("planned")]),
    "one host": Case([role(check_mode="{{ inventory_hostname == 'n2' }}"), result_is("planned")]),
    "command line": Case(
        [role(), result_is("planned")], play={"check_mode": False}, arguments=("--check",)
    ),
}


@pytest.mark.parametrize("name", quick(DRY, "play"))
def test_check_mode_is_what_the_tasks_have_wherever_it_is_said(
    shared: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = shared.status()
    run = DRY[name].run(shared, tmp_path, monkeypatch)
    assert run.status == 0, run.output
    assert run.report["outcome"] == "planned"
    assert not run.report["steps"]
    # As in any check mode, what would change is shown as changed.
    assert run.changed == {"n1", "n2"}
    assert shared.status() == before


# What is refused

_NOT_BEGUN = "This run of the role nso.ha.cluster has not begun"
_TAGGED = role(INCLUDE, tags="ha")
REFUSED = {
    "run_once": Case([role(run_once=True)], "run_once holds for the role"),
    "run_once on a block": Case(
        [{"block": [role(INCLUDE)], "run_once": True}], "run_once holds for the role"
    ),
    "run_once on include_role": Case(
        [role(INCLUDE, run_once=True)], "n2 did not state what the variables say"
    ),
    "delegate_to": Case(
        [{"block": [role(INCLUDE)], "delegate_to": "n1"}], "the role is delegated to n1"
    ),
    "one host": Case(
        [role(INCLUDE, when="inventory_hostname == 'n1'")],
        "n2 did not state what the variables say",
    ),
    "not the first host": Case(
        [role(INCLUDE, when="inventory_hostname == 'n2'")],
        "n1 did not state what the variables say",
    ),
    "when": Case(
        [role(when="nso_ha_result.outcome | default('') != 'done'")],
        "reads what the role sets, and Ansible evaluates it again",
    ),
    "a variable of the role": Case(
        [role(INCLUDE, vars={"nso_ha_result": {"outcome": "done"}})],
        "The play gives the role a variable nso_ha_result",
    ),
    "host_pinned": Case(
        [role()], "the strategy of this play is host_pinned", {"strategy": "host_pinned"}
    ),
    "tags": Case([_TAGGED], "The tags of this run leave out all tasks", arguments=("--tags", "ha")),
    "tasks_from": Case(
        [],
        "tasks_from. Supported parameters include",
        {"roles": [{"role": "nso.ha.cluster", "tasks_from": "converge"}]},
    ),
    "a variable of the report's name": Case(
        [role()],
        "nso_ha_result was given with -e",
        arguments=("-e", json.dumps({"nso_ha_result": {"outcome": "done"}})),
    ),
    "a misspelt consent": Case(
        [role()],
        "nso_ha_allow_overwite (perhaps nso_ha_allow_overwrite is meant) was given with -e",
        arguments=("-e", "nso_ha_allow_overwite=n2"),
    ),
    **{
        f"from {task}": Case([role()], _NOT_BEGUN, arguments=("--start-at-task", task))
        for task in ("End, or run tasks of the user",)
    },
}


@pytest.mark.parametrize("name", quick(REFUSED, "tags"))
def test_what_cannot_work_is_refused_with_its_reason(
    shared: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case, before = REFUSED[name], shared.status()
    run = case.run(shared, tmp_path, monkeypatch)
    assert run.status == 2, run.output
    assert case.words in said(run), run.output
    assert not run.changes()
    assert not run.calls(), "a look takes the HA socket"
    assert shared.status() == before


def test_status_does_not_look_where_it_would_not_see_each_node(
    shared: Cluster, tmp_path: Path
) -> None:
    """Nor does it end with success."""
    for block in ({"delegate_to": "n1"}, {"run_once": True}):
        playbook = write(tmp_path / "play.yml", [{"block": [role(entry="status")], **block}])
        run = run_playbook(playbook, shared.inventory)
        assert run.status == 2, run.output
        assert run.report["outcome"] == "incomplete"
        assert {node["role"] for node in run.report["nodes"]} == {None}


@pytest.mark.main
def test_a_report_is_shown_where_ok_results_are_not_and_the_message_repeats_its_reasons(
    shared: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_DISPLAY_OK_HOSTS", "no")
    playbook = write(tmp_path / "play.yml", [role()])
    run = run_playbook(playbook, shared.inventory, variables={"nso_ha_candidate": "n9"})
    assert run.status == 2, run.output
    report, _fatal, printed = said(run).partition("PLAY RECAP")[0].partition("fatal: ")
    assert "NODE ROLE" in report
    assert "NODE ROLE" not in printed, "that is the table"
    assert "switchover refused: (" in printed, printed
    assert "n9" in printed, printed
    assert "Nothing was changed. Resolve this and run it again." in printed, printed
    assert run.report["message"] in printed


# What works

_READ = result_is("done")
WORKS = {
    "any_errors_fatal": Case([role(), _READ], play={"any_errors_fatal": True}),
    "max_fail_percentage": Case([role(), _READ], play={"max_fail_percentage": 0}),
    "ignored errors": Case(
        [role(), _READ], play={"ignore_errors": True, "ignore_unreachable": True}
    ),
    "throttle": Case([{"block": [role(INCLUDE), _READ], "throttle": 1}]),
    "reversed": Case([role(), _READ], play={"order": "reverse_sorted"}),
    "shuffled": Case([role(), _READ], play={"order": "shuffle"}),
    "force_handlers": Case([role(), _READ], play={"force_handlers": True}),
    "no_log": Case([role(), _READ], play={"no_log": True}),
    "environment": Case([role(), _READ], play={"environment": {"LANG": "C"}}),
    "module_defaults": Case(
        [role(), _READ],
        play={"module_defaults": {"group/nso.ha.ncs": {"token": "another", "timeout": 1}}},
    ),
    "fact cache": Case(
        [role(), _READ],
        play={"gather_facts": True, "module_defaults": {"set_fact": {"cacheable": True}}},
        environment={
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": "TMP/cache",
        },
    ),
    "when": Case([role(when="nso_ha_group == 'nso'"), _READ]),
    "tags of import_role": Case(
        [role(tags="ha"), {**_READ, "tags": "ha"}], arguments=("--tags", "ha")
    ),
    "tags with apply": Case(
        [role(INCLUDE, tags="ha", apply={"tags": "ha"}), {**_READ, "tags": "ha"}],
        arguments=("--tags", "ha"),
    ),
    "other tags": Case(
        [role(), role(entry="tear_down", tags="end"), _READ], arguments=("--skip-tags", "end")
    ),
    "minimal": Case([role(), _READ], environment={"ANSIBLE_STDOUT_CALLBACK": "minimal"}),
    "oneline": Case([role(), _READ], environment={"ANSIBLE_STDOUT_CALLBACK": "oneline"}),
    "yaml": Case([role(), _READ], environment={"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}),
}


@pytest.mark.parametrize("name", list(WORKS))
def test_what_works_moves_the_primary_and_leaves_its_report(
    shared: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (before,) = [node for node, one in roles(shared).items() if one == "primary"]
    run = WORKS[name].run(shared, tmp_path, monkeypatch)
    assert run.status == 0, run.output
    assert "Read the report" in run.output or "All assertions passed" in run.output
    assert_led_by(shared, "n2" if before == "n1" else "n1")
    cached = [path for path in tmp_path.glob("cache/*") if "nso_ha" in path.read_text()]
    assert not cached, "the next playbook would take them for its own"


def test_operations_in_one_play_each_leave_their_own_report(
    shared: Cluster, tmp_path: Path
) -> None:
    (before,) = [node for node, one in roles(shared).items() if one == "primary"]
    remember = {"ansible.builtin.set_fact": {"first": "{{ nso_ha_result.run_id }}"}}
    another = {"ansible.builtin.assert": {"that": "nso_ha_result.run_id != first"}}
    elsewhere = {"block": [role(INCLUDE, vars={"nso_ha_group": "nos"})]}
    tasks = [
        *(role(), _READ, remember),
        *(role(INCLUDE), _READ, another),
        {**elsewhere, "rescue": [result_is("refused"), another]},
        # The same result on every host.
        {"ansible.builtin.assert": {"that": "hostvars.n2.nso_ha_result == nso_ha_result"}},
    ]
    run = run_playbook(write(tmp_path / "play.yml", tasks), shared.inventory)
    assert run.status == 0, run.output
    assert_led_by(shared, before)

    both = ["nso.ha.cluster", "nso.ha.cluster"]
    listed = run_playbook(write(tmp_path / "roles.yml", [], roles=both), shared.inventory)
    assert listed.status == 0, listed.output
    assert listed.output.count("TASK [nso.ha.cluster : Read the HA status of the cluster]") == 2


def test_with_tags_of_something_else_the_role_is_skipped(shared: Cluster, tmp_path: Path) -> None:
    other = {"ansible.builtin.debug": {"msg": "other"}, "tags": "other"}
    playbook = write(tmp_path / "play.yml", [role(), role(tags="ha"), role(INCLUDE), other])
    run = run_playbook(playbook, shared.inventory, "--tags", "other")
    assert run.status == 0, run.output
    assert not run.module_calls("n1")
    assert {host for _task, host in run.skipped()} == {"n1", "n2"}
