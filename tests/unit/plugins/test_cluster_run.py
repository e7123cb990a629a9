# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin of the role: what it reads of Ansible, without a play around it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from ansible import constants, context, template
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.role_include import IncludeRole
from ansible.template import Templar
from ansible.utils.sentinel import Sentinel
from ansible_collections.nso.ha.plugins.action import cluster_run
from ansible_collections.nso.ha.plugins.plugin_utils._agents import agent
from ansible_collections.nso.ha.plugins.plugin_utils._agents.agent import Agent
from ansible_collections.nso.ha.plugins.plugin_utils._agents.caller import AgentCaller
from ansible_collections.nso.ha.plugins.plugin_utils._model import plain
from ansible_collections.nso.ha.plugins.plugin_utils._run import hooks
from ansible_collections.nso.ha.plugins.plugin_utils._run.report import Report
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Run
from ansible_collections.nso.ha.plugins.plugin_utils._run.table import ReportLine
from helpers import documentation

Result = dict[str, Any]

HOSTS = ["n1", "n2"]
PLAY: Result = {
    "inventory_hostname": "n1",
    "ansible_check_mode": False,
    "ansible_play_hosts_all": HOSTS,
    "ansible_play_hosts": HOSTS,
    "ansible_play_batch": HOSTS,
    "groups": {"all": HOSTS, "ungrouped": [], "nso": HOSTS},
}
#: What the inventory says of each host, and what the role gives all of them.
INVENTORY: dict[str, Result] = {
    "n1": {"nso_ha_role": "primary", "nso_ha_node_id": "id1", "nso_ha_node_ip": "10.0.0.1"},
    "n2": {"nso_ha_role": "secondary", "nso_ha_node_id": "id2", "nso_ha_node_ip": "10.0.0.2"},
}
OF_THE_ROLE: Result = {"__nso_ha_token": "secret", "nso_ha_fence_tasks": ""}

#: Defaults of the role.
DEFAULTS: Result = {"nso_ha_timeout": 30, "nso_ha_token": "", "nso_ha_allow_overwrite": []}

TASK = "the task of this run"

#: Releases of ansible-core from 2.19 on take only trusted text for a template.
_trusted = getattr(template, "trust_as_template", str)


class HostVars(dict[str, Result]):
    """Variables of all hosts, as Ansible has them: not yet evaluated ones by `raw_get`."""

    def raw_get(self, host: str) -> Result:
        return self[host]


def act(
    arguments: Result,
    variables: Result,
    *,
    strategy: str = "linear",
    check_mode: bool = False,
    inherited: Mapping[str, object] | None = None,
    tags: tuple[str, str] = ("all", ""),
    **task: Any,
) -> Result:
    """Return what the action returns for a task in such a play.

    `inherited` are keywords of the block around it, `tags` those of the command line.
    """
    only_tags, skip_tags = (set(text.split()) for text in tags)
    playing = SimpleNamespace(strategy=strategy, only_tags=only_tags, skip_tags=skip_tags)
    block = SimpleNamespace(
        _get_parent_attribute=lambda name, omit: (inherited or {}).get(name, Sentinel),
        _parent=None,
    )
    fields: Result = {
        "args": arguments,
        "check_mode": check_mode,
        "async_val": 0,
        "action": "nso.ha.cluster_run",
        "throttle": 0,
        "no_log": False,
        "_role": SimpleNamespace(get_default_vars=lambda: DEFAULTS),
        "_uuid": TASK,
        "get_play": lambda: playing,
        "_parent": block,
    }
    loader = DataLoader()
    action = cluster_run.ActionModule(
        SimpleNamespace(**{**fields, **task}),
        SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)),
        SimpleNamespace(check_mode=check_mode),
        loader,
        Templar(loader=loader, variables=variables),
        None,
    )
    returned: Result = action.run(task_vars=variables)
    return returned


def state(host: str, more: Mapping[str, object] | None = None, **task: Any) -> Result:
    """Return what a host states."""
    variables = {**PLAY, **INVENTORY[host], **OF_THE_ROLE, **(more or {})}
    return act({"step": "state"}, {**variables, "inventory_hostname": host}, **task)


def play(
    more: Mapping[str, object] | None = None,
    by_host: Mapping[str, Result] | None = None,
    stated: Mapping[str, object] | None = None,
) -> Result:
    """Return the variables of n1 in a play whose hosts have stated their settings.

    `more` is of the play, `by_host` what is registered on hosts, `stated` what all state besides.
    """
    hostvars = HostVars(
        {
            host: {
                **INVENTORY[host],
                "nso_ha_result": state(host, stated),
                **(by_host or {}).get(host, {}),
            }
            for host in HOSTS
        }
    )
    return {**PLAY, **hostvars["n1"], "hostvars": hostvars, **(more or {})}


REPORT: Result = {
    "run_id": "r1",
    "outcome": "done",
    "changed": True,
    "message": "converge done.",
    "table": ["The cluster", "is fine."],
}


class Walked:
    """A run that does nothing, and has this report."""

    report = Report(REPORT, [ReportLine(text) for text in REPORT["table"]])
    due = None
    changed = frozenset(("n2",))
    decision = SimpleNamespace(plan=SimpleNamespace(candidate="n2"))
    begun: ClassVar[list[Run]] = []

    def __init__(self, run: Run, *_others: object) -> None:
        self.begun.append(run)

    def status(self) -> None:
        pass

    def operation(self) -> None:
        pass


@pytest.fixture(autouse=True)
def without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "start_agent", lambda *_arguments: Agent("/agent", 7))
    monkeypatch.setattr(AgentCaller, "dismiss", lambda _nodes: None)
    monkeypatch.setattr(cluster_run, "Walk", Walked)


def go(operation: str, variables: Result, *, dry: bool = False, **task: Any) -> Result:
    """Return what comes of a run."""
    step = ("plan" if dry else "carry_out") if operation else "status"
    return act({"step": step, "operation": operation}, variables, **task)


def begin(
    operation: str = "converge",
    more: Mapping[str, object] | None = None,
    *,
    by_host: Mapping[str, Result] | None = None,
    stated: Mapping[str, object] | None = None,
    dry: bool = False,
    **task: Any,
) -> Result:
    """Return the run that begins in such a play."""
    go(operation, play(more, by_host, stated), dry=dry, **task)
    return plain.to_dict(Walked.begun[-1])


# What is returned


def test_what_is_returned_is_documented_and_the_reverse() -> None:
    kinds: dict[str, Any] = {"dict": dict, "str": str, "bool": bool}
    fields = documentation.module("cluster_run")["return"]
    ended = go("converge", play())
    returned = [state("n1"), ended, act({"step": "end"}, play({"nso_ha_result": ended}))]
    of_the_report = set(REPORT) - {"run_id", "outcome"}
    keys = set()
    for result in returned:
        for name, value in result.items():
            if name not in of_the_report:
                keys.add(name)
                assert isinstance(value, kinds[fields[name]["type"]]), name
    assert keys == set(fields) - {"paused"}


def test_before_a_run_there_is_no_report_even_if_an_earlier_run_has_left_one() -> None:
    nothing = {"run_id": "", "outcome": "unknown"}
    assert state("n1")["ansible_stats"]["data"] == {"nso_ha_report": nothing}


def test_a_run_hands_on_its_report_and_a_plan_its_candidate() -> None:
    ended = go("converge", play())
    assert {name: ended[name] for name in REPORT} == REPORT
    assert ended["ansible_stats"]["data"] == {"nso_ha_report": REPORT}
    for operation, candidate in (("switchover", "n2"), ("converge", "")):
        stats = go(operation, play(), dry=True)["ansible_stats"]
        assert stats["data"]["nso_ha_planned_candidate"] == candidate


@pytest.mark.parametrize(
    ("operation", "outcome", "fails"),
    [
        ("converge", "done", False),
        ("converge", "planned", False),
        ("converge", "refused", True),
        ("converge", "unknown", True),
        ("", "done", False),
        ("", "incomplete", False),
        ("", "two_primaries", True),
        ("", "unknown", True),
    ],
)
def test_the_last_step_says_on_every_host_what_became_of_it_and_why_the_run_fails(
    operation: str, outcome: str, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Walked, "report", Report({**REPORT, "outcome": outcome}, []))
    ended = go(operation, play())
    for host, changed in (("n1", False), ("n2", True)):
        about = {"nso_ha_result": ended, "inventory_hostname": host}
        told = act({"step": "end"}, play(about))
        assert (told["changed"], told["msg"]) == (changed, REPORT["message"] if fails else "")
        assert "failed" not in told


# The report


@pytest.mark.parametrize(
    ("callback", "stream"),
    [("default", 0), ("ansible.posix.jsonl", 1), ("json", 1), ("community.general.dense", 0)],
)
def test_a_report_is_printed_as_lines_and_to_standard_error_where_programs_read(
    callback: str, stream: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", callback)
    go("", play())
    printed = capsys.readouterr()
    assert printed[stream].splitlines() == REPORT["table"]
    assert printed[1 - stream] == ""


def test_nothing_is_printed_of_a_task_that_is_not_to_be_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    go("", play(), no_log=True)
    assert capsys.readouterr() == ("", "")


# The settings of a host


def test_a_host_states_its_settings_and_which_task_asked() -> None:
    stated = state(
        "n2", {"nso_ha_timeout": _trusted("{{ 2 * 3 }}"), "nso_ha_port": _trusted("{{ nothing }}")}
    )
    assert stated["task"] == TASK
    own = stated["settings"]
    assert own["member"]["node_id"] == "id2"
    assert own["limits"]["answer"] == 6
    assert own["stated"] is True
    (problem,) = own["problems"]
    assert problem.startswith("nso_ha_port of n2 cannot be evaluated: ")
    assert "nothing" in problem
    assert "\n" not in problem


def test_a_token_is_asked_for_and_not_returned() -> None:
    assert "secret" not in repr(state("n1"))
    assert not state("n1", {"__nso_ha_token": ""})["settings"]["has_token"]


def test_hosts_with_different_tokens_are_refused_before_a_look_and_only_told_by_status() -> None:
    other = {"n2": {"nso_ha_result": state("n2", {"__nso_ha_token": "another"})}}
    for dry in (False, True):
        (problem,) = begin(by_host=other, dry=dry)["problems"]
        assert problem.startswith("the token of n2 is not that of n1, and ")
    assert begin("", by_host=other)["problems"] == []
    assert "another" not in repr(other)
    # A host without a token differs from none.
    lacking = {"n2": {"nso_ha_result": state("n2", {"__nso_ha_token": ""})}}
    assert begin(by_host=lacking, dry=True)["problems"] == []


def test_a_controller_without_room_for_an_agent_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_arguments: object) -> Agent:
        raise OSError("AF_UNIX path too long")

    monkeypatch.setattr(agent, "start_agent", fail)
    refused = state("n1")
    assert refused["failed"]
    assert "AF_UNIX path too long. It needs a temporary directory" in refused["msg"]


def test_of_a_connection_that_failed_the_reason_is_told_and_not_the_banner() -> None:
    said = (
        "Failed to connect to the host via ssh: @@@@@\n@ WARNING @\nHost key verification failed."
    )
    assert cluster_run._last_line(Exception(said)) == "Host key verification failed."
    assert cluster_run._last_line(Exception("no route")) == "no route"
    assert cluster_run._last_line(ValueError()) == "ValueError"


# The beginning of a run


def test_a_run_has_an_id_of_its_own_and_an_owner() -> None:
    first, second = begin(), begin(more={"awx_user_name": "ada", "awx_job_id": 7})
    assert first["run_id"] != second["run_id"]
    assert second["owner"] == "ada (job 7)"
    assert first["hosts"] == HOSTS
    assert first["problems"] == []


@pytest.mark.parametrize(
    ("how", "dry"),
    [
        ({}, False),
        ({"more": {"ansible_check_mode": True}}, True),
        ({"check_mode": True}, True),
        ({"dry": True}, True),
    ],
)
def test_a_run_is_dry_if_the_command_or_the_play_or_the_role_says_so(how: Any, dry: bool) -> None:
    assert begin(**how)["dry"] is dry


def test_only_an_operation_asks_something_of_the_play() -> None:
    later = {"ansible_play_batch": ["n1"]}
    (problem,) = begin(more=later)["problems"]
    assert "n2 of the group take no part" in problem
    assert begin("", later)["problems"] == []
    (problem,) = begin(strategy="free")["problems"]
    assert "the strategy of this play is free" in problem
    # One that Ansible has dropped is in no batch any more, and takes part all the same.
    dropped = {"ansible_play_hosts": ["n1"], "ansible_play_batch": ["n1"]}
    assert begin(more=dropped)["problems"] == []


def test_what_is_wrong_with_settings_and_request_is_told_at_the_beginning() -> None:
    wrong = {"nso_ha_timeout": "soon", "nso_ha_candidate": "n9"}
    found = begin(stated=wrong)["problems"]
    assert [problem.partition(" ")[0] for problem in found] == ["n1:", "n2:", "nso_ha_candidate"]
    assert begin("", stated=wrong)["problems"] == []


def test_a_token_is_needed_where_orders_may_follow_and_not_for_a_look() -> None:
    without = {"__nso_ha_token": ""}
    (problem,) = begin(stated=without)["problems"]
    assert problem.startswith("n1, n2: there is no token.")
    assert begin(stated=without, dry=True)["problems"] == []
    assert begin("", stated=without)["problems"] == []
    by_ha_socket = {**without, "nso_ha_look": "ha_socket"}
    (problem,) = begin(stated=by_ha_socket, dry=True)["problems"]
    assert problem.startswith("n1, n2: there is no token.")


@pytest.mark.parametrize("operation", ["converge", ""])
@pytest.mark.parametrize("left", [{}, {"nso_ha_result": {"failed": True}}])
def test_a_living_host_that_has_stated_nothing_is_a_problem(operation: str, left: Result) -> None:
    registered = {"nso_ha_result": {**state("n2"), "task": "that of an earlier run"}, **left}
    found = begin(operation, by_host={"n2": registered})["problems"]
    assert found[0].startswith("n2 did not state what the variables say")


def test_of_a_host_that_was_dropped_the_inventory_says_what_it_should_be() -> None:
    dropped = {"ansible_play_hosts": ["n1"], "ansible_play_batch": ["n1"]}
    lost = {
        "nso_ha_result": {"unreachable": True},
        "nso_ha_role": _trusted("{{ 'prim' ~ 'ary' }}"),
    }
    (problem,) = begin(more=dropped, by_host={"n2": lost})["problems"]
    assert problem == (
        "2 nodes (n1, n2) have nso_ha_role primary, and at most one may. Without one, the members "
        "choose"
    )


def test_tasks_of_the_user_are_looked_at_and_fencing_tasks_for_a_failover_only(
    tmp_path: Path,
) -> None:
    missing = str(tmp_path / "no-such-file.yml")
    given = dict.fromkeys(hooks.VARIABLES.values(), missing)
    run = begin("failover", stated=given)
    assert run["hooks"] == dict.fromkeys(hooks.VARIABLES, missing)
    for event, name in hooks.VARIABLES.items():
        assert missing in run["hook_problems"][event]
        assert name in run["hook_problems"][event]
    others = set(hooks.VARIABLES) - {"fence"}
    for operation in ("converge", "switchover", "rejoin", "tear_down"):
        assert set(begin(operation, stated=given)["hook_problems"]) == others
    assert begin("failover")["hooks"] == {}


def test_a_lock_has_to_last_for_the_rounds_that_forks_and_throttle_make(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"nso_ha_lock_timeout": 900}
    monkeypatch.setattr(context, "CLIARGS", {"forks": 5})
    assert begin(stated=given)["problems"] == []
    (throttled,) = begin(stated=given, throttle=1)["problems"]
    assert "2 rounds of 2 hosts with throttle: 1" in throttled
    assert (begin()["lease"], begin(throttle=1)["lease"]) == (900, 1140)
    monkeypatch.setattr(context, "CLIARGS", {"forks": 1})
    (problem,) = begin(stated=given)["problems"]
    assert problem.startswith("n1, n2: nso_ha_lock_timeout is 900 s, and between two renewals 1140")
    assert begin("", stated=given)["problems"] == []


def test_variables_of_the_role_that_come_from_outside_end_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"__nso_ha_plan": {}, "nso_ha_token": "x"}
    monkeypatch.setattr(cluster_run, "load_extra_vars", lambda _loader: given)
    refused = go("converge", play())
    assert refused["failed"]
    assert refused["msg"].startswith("__nso_ha_plan was given with -e")


def test_a_misspelt_variable_ends_the_run_with_the_name_that_may_be_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"nso_ha_time_out": 5, "nso_ha_report": {}, "nso_ha_awx_name": "x", "other": 1}
    monkeypatch.setattr(cluster_run, "load_extra_vars", lambda _loader: given)
    refused = go("converge", play())
    assert (refused["run_id"], refused["outcome"]) == ("", "unknown")
    assert refused["problem"].startswith(
        "nso_ha_time_out (perhaps nso_ha_timeout is meant) was given with -e"
    )
    told = act({"step": "end"}, play({"nso_ha_result": refused}))
    assert told["msg"] == refused["problem"]


def test_a_misspelt_variable_of_a_host_is_told_and_one_of_the_users_own_is_not() -> None:
    slip = {"nso_ha_time_out": 5, "nso_ha_vip": "192.0.2.1", "other": 1}
    assert begin(by_host={"n1": slip, "n2": slip})["warnings"] == [
        "nso_ha_time_out of n1, n2 is no variable of the role and does nothing (perhaps "
        "nso_ha_timeout is meant)"
    ]
    assert begin()["warnings"] == []


@pytest.mark.parametrize("operation", ["", "converge", "failover", "switchover"])
def test_a_node_is_taken_for_dead_in_a_plan_of_a_failover_alone(operation: str) -> None:
    dead = {"nso_ha_assume_dead": "n1"}
    for check_mode in (False, True):
        run = begin(operation, stated=dead, check_mode=check_mode)
        assert only_planned(run["problems"])
    assert begin("failover", stated=dead, dry=True)["problems"] == []
    assert only_planned(begin("switchover", stated=dead, dry=True)["problems"])


def only_planned(problems: list[str]) -> bool:
    return any(problem.startswith("nso_ha_assume_dead is for nso.ha.plan") for problem in problems)


@pytest.mark.parametrize("hides", [{"task": "another"}, {"outcome": "done"}, "text", None])
def test_a_variable_that_hides_the_report_ends_the_run(hides: object) -> None:
    refused = go("converge", play({"nso_ha_result": hides}))
    assert refused["failed"]
    assert "would hide the report" in refused["msg"]


@pytest.mark.parametrize("step", ["status", "plan", "carry_out", "resume", "end"])
@pytest.mark.parametrize("left", [{}, {"skipped": True}, None])
def test_a_run_whose_first_tasks_were_left_out_does_nothing(step: str, left: object) -> None:
    variables = play({"nso_ha_result": left}, {"n1": {"nso_ha_result": left}})
    refused = act({"step": step}, variables)
    assert refused["failed"]
    assert "has not begun" in refused["msg"]
    assert "--start-at-task" in refused["msg"]


# What is around the role


@pytest.mark.parametrize(
    ("inherited", "words"),
    [
        ({"run_once": _trusted("{{ 1 == 1 }}")}, "run_once holds for the role"),
        ({"delegate_to": "n1"}, "delegated to n1"),
        ({"when": ["nso_ha_result is defined"]}, "'nso_ha_result is defined'"),
    ],
)
@pytest.mark.parametrize("operation", ["converge", ""])
def test_what_the_role_inherits_is_seen_before_any_node_is(
    inherited: Result, words: str, operation: str
) -> None:
    (problem,) = begin(operation, inherited=inherited)["problems"]
    assert words in problem


def test_one_host_does_not_speak_for_another() -> None:
    """As with run_once, where Ansible registers one result for all."""
    same = {"n2": {"nso_ha_result": state("n1")}}
    (problem,) = begin(by_host=same)["problems"]
    assert problem.startswith("n2 did not state what the variables say")


def test_a_run_is_dry_if_any_host_is_in_check_mode_now() -> None:
    checking = state("n2", check_mode=True)
    assert checking["check_mode"] is True
    assert begin(by_host={"n2": {"nso_ha_result": checking}})["dry"] is True
    earlier = {**checking, "task": "that of an earlier run"}
    assert begin(by_host={"n2": {"nso_ha_result": earlier}})["dry"] is False


def test_tags_that_leave_the_role_out_skip_it_and_are_refused_if_it_was_included() -> None:
    others = ("other", "")
    assert state("n1", tags=others)["skipped"]
    assert state("n1", tags=others, inherited={"tags": ["other"]})["task"] == TASK
    assert state("n1", tags=others, inherited={"tags": [_trusted("{{ ['x', 'other'] }}")]})["task"]
    for static in (True, False):
        include = IncludeRole()
        include.statically_loaded = static
        block = SimpleNamespace(_get_parent_attribute=lambda *_a, **_k: Sentinel, _parent=include)
        found = state("n1", tags=others, _parent=block)
        assert bool(found.get("failed")) is not static
        assert ("apply: {tags: [...]}" in found.get("msg", "")) is not static
