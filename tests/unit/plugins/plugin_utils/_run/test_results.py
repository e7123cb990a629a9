# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which registered results count, and above all which do not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Silence
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import (
    ENDED,
    HOOK_PROBLEM,
    LOCK,
    NODE,
    OBSERVATION,
    ONE_BY_ONE,
    RECHECK,
    REGISTERED,
    STEP,
    UNDER_LOCK,
    VERIFICATION,
    Result,
    gather,
)
from helpers.cases import RUN_ID, answer, look, results, said

OTHERS = "earlier"

OWN: dict[str, Any] = {
    "nso_ha_role": "primary",
    OBSERVATION: said("observe", ha="a look"),
    VERIFICATION: said("verify", OTHERS, ha="of the play before"),
    STEP: {"outcome": "done"},
    RECHECK: {"unreachable": True, "msg": "no ssh", "ha": "forged"},
    LOCK: {"failed": True, "msg": "given up", "lock": "forged"},
    ENDED: "text",
}


def gathered(variables: dict[str, Any], once: dict[str, Any] | None = None) -> dict[str, Result]:
    """Return what is gathered of n1."""
    return dict(gather({"n1": variables, "n2": {}}, once or {}, RUN_ID).by_host["n1"])


def test_nothing_else_is_taken() -> None:
    assert set(gathered(OWN)) == {*REGISTERED, HOOK_PROBLEM}


def test_a_result_counts_only_if_its_module_made_it_in_this_run() -> None:
    returned = gathered(OWN)
    assert returned[OBSERVATION] == OWN[OBSERVATION]
    for name in (VERIFICATION, ENDED):
        assert returned[name] == {}
    assert "outcome" not in returned[STEP]


def test_of_a_result_that_ansible_made_only_the_failure_is_taken() -> None:
    returned = gathered(OWN)
    assert returned[RECHECK] == {"unreachable": True, "msg": "no ssh"}
    assert returned[LOCK] == {"failed": True, "ran": False, "msg": "given up"}


def entries(*nodes: tuple[object, dict[str, Any]]) -> dict[str, Any]:
    """Return what a task that runs once for one node after the other registers."""
    return {"results": [{**result, NODE: node} for node, result in nodes]}


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_results_one_by_one_go_to_the_node_that_each_names(name: str) -> None:
    first, second = said("hold", outcome="done"), said("hold", outcome="failed")
    once = {ONE_BY_ONE[name]: entries(("n1", first), ("n2", second), ("another", first))}
    returned = gather({"n1": {}, "n2": {}}, once, RUN_ID).one_by_one(name)
    assert returned.of("n1", name)["outcome"] == "done"
    assert returned.of("n2", name)["outcome"] == "failed"
    assert set(returned.by_host) == {"n1", "n2"}


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_results_one_by_one_are_kept_apart_from_those_by_host(name: str) -> None:
    once = {ONE_BY_ONE[name]: entries(("n1", said("hold", outcome="done")))}
    # What a host has registered itself under that name is not from the task that ran once.
    variables = {name: said("hold", outcome="failed"), ONE_BY_ONE[name]: once[ONE_BY_ONE[name]]}
    returned = gather({"n1": variables, "n2": variables}, once, RUN_ID)
    assert returned.of("n1", name)["outcome"] == "failed"
    assert returned.one_by_one(name).of("n1", name)["outcome"] == "done"
    assert returned.one_by_one(name).of("n2", name) == {}


@pytest.mark.parametrize("name", ONE_BY_ONE)
@pytest.mark.parametrize(
    ("entry", "taken"),
    [
        (said("hold", OTHERS, outcome="done"), {}),
        ({"skipped": True}, {}),
        ({"unreachable": True, "msg": "no ssh", "outcome": "done"}, {"unreachable": True}),
        ({"failed": True, "msg": "killed", "outcome": "done"}, {"failed": True, "ran": False}),
        ({"changed": False, "host": 1}, {"failed": True, "ran": False}),
    ],
)
def test_of_results_one_by_one_only_those_of_this_run_count(
    name: str, entry: dict[str, Any], taken: dict[str, Any]
) -> None:
    once = {ONE_BY_ONE[name]: entries(("n1", entry))}
    result = gather({"n1": {}}, once, RUN_ID).one_by_one(name).of("n1", name)
    assert {key: value for key, value in result.items() if key != "msg"} == taken


@pytest.mark.parametrize("registered", [None, "text", {}, {"results": None}, {"results": ["x"]}])
def test_a_task_that_ran_once_and_left_nothing_has_said_nothing(registered: object) -> None:
    returned = gather({"n1": {}}, {ONE_BY_ONE[STEP]: registered}, RUN_ID)
    assert returned.one_by_one(STEP).of("n1", STEP) == {}


def test_a_module_has_said_something_only_in_this_run_and_for_this_step() -> None:
    returned = results({STEP: {"n1": said("hold"), "n2": said("hold", OTHERS)}})
    assert returned.said("n1", STEP)
    assert returned.said("n1", STEP, "hold")
    assert not returned.said("n1", STEP, "promote")
    assert not returned.said("n2", STEP)
    assert not returned.said("n3", STEP)


def test_of_a_node_that_is_locked_only_the_look_of_the_step_counts() -> None:
    heard = answer("none")
    looks = {
        "n1": look(heard, UNDER_LOCK),
        "n2": look(heard),
        "n3": look(heard),
        "n4": {"unreachable": True, "msg": "no ssh"},
    }
    hosts = list(looks)
    returned = results({OBSERVATION: looks}).observations(hosts, ["n1", "n2", "n4"], UNDER_LOCK)
    assert returned == {
        "n1": heard,
        "n2": Silence("it dropped out of the play before it was asked again"),
        "n3": heard,
        "n4": Silence("Ansible cannot reach it: no ssh"),
    }


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (
            {"failed": True, "msg": "MODULE FAILURE\nSee", "module_stderr": "sh: no python\n"},
            "MODULE FAILURE: sh: no python",
        ),
        (
            {"failed": True, "msg": "python was not found", "module_stderr": "python"},
            "python was not found",
        ),
        ({"failed": True, "msg": None}, "no reason given"),
        ({"changed": False, "motd": "hello"}, "what answered there was not the module"),
    ],
)
def test_a_host_that_runs_no_modules_is_silent_and_the_reason_is_told(
    result: dict[str, Any], why: str
) -> None:
    observed = gather({"n1": {OBSERVATION: result}}, {}, RUN_ID).observation("n1")
    assert observed == Silence(f"no module ran there: {why}")


def test_what_an_earlier_run_or_a_skipped_task_left_is_not_a_reason() -> None:
    for left in (said(run_id=OTHERS, ha=None), {"skipped": True}, {}):
        observed = gather({"n1": {OBSERVATION: left}}, {}, RUN_ID).observation("n1")
        assert observed == Silence("it dropped out of the play before it was asked")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        ({"run_id": RUN_ID, "step": "fence n3", "text": "stuck"}, "stuck"),
        ({"run_id": OTHERS, "step": "fence n3", "text": "stuck"}, ""),
        ({"run_id": RUN_ID, "step": "fence n4", "text": "stuck"}, ""),
        ("stuck", ""),
        (None, ""),
    ],
)
def test_what_went_wrong_with_a_hook_counts_in_this_run_and_for_its_step_only(
    problem: object, text: str
) -> None:
    gathered = gather({"n1": {HOOK_PROBLEM: problem}}, {}, RUN_ID)
    assert gathered.hook_problem("n1", "fence n3") == text
