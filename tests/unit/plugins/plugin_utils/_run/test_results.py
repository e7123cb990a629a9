# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which results count, and above all which do not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Silence
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import (
    ENDED,
    HOOK_PROBLEM,
    LOCK,
    OBSERVATION,
    RECHECK,
    STEP,
    UNDER_LOCK,
    VERIFICATION,
    Result,
    Results,
    of_this_run,
)
from helpers.cases import RUN_ID, answer, look, results, said

OTHERS = "earlier"

OWN: dict[str, Any] = {
    OBSERVATION: said("observe", ha="a look"),
    VERIFICATION: said("verify", OTHERS, ha="of the play before"),
    STEP: {"outcome": "done"},
    RECHECK: {"unreachable": True, "msg": "no ssh", "ha": "forged"},
    LOCK: {"failed": True, "msg": "given up", "lock": "forged"},
    ENDED: "text",
}


def taken(name: str) -> Result:
    """Return what is taken of a result of n1."""
    return of_this_run(OWN[name], RUN_ID)


def test_a_result_counts_only_if_its_module_made_it_in_this_run() -> None:
    assert taken(OBSERVATION) == OWN[OBSERVATION]
    for name in (VERIFICATION, ENDED):
        assert taken(name) == {}
    assert "outcome" not in taken(STEP)


def test_of_a_result_that_ansible_made_only_the_failure_is_taken() -> None:
    assert taken(RECHECK) == {"unreachable": True, "msg": "no ssh"}
    assert taken(LOCK) == {"failed": True, "ran": False, "msg": "given up"}


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
    observed = results({OBSERVATION: {"n1": of_this_run(result, RUN_ID)}}).observation("n1")
    assert observed == Silence(f"no module ran there: {why}")


def test_what_an_earlier_run_or_a_skipped_task_left_is_not_a_reason() -> None:
    for left in (said(run_id=OTHERS, ha=None), {"skipped": True}, {}):
        observed = results({OBSERVATION: {"n1": of_this_run(left, RUN_ID)}}).observation("n1")
        assert observed == Silence("it dropped out of the play before it was asked")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        ({"run_id": RUN_ID, "step": "fence n3", "text": "stuck"}, "stuck"),
        ({"run_id": OTHERS, "step": "fence n3", "text": "stuck"}, ""),
        ({"run_id": RUN_ID, "step": "fence n4", "text": "stuck"}, ""),
    ],
)
def test_what_went_wrong_with_a_hook_counts_in_this_run_and_for_its_step_only(
    problem: Result, text: str
) -> None:
    gathered = Results(RUN_ID, {"n1": {HOOK_PROBLEM: problem}})
    assert gathered.hook_problem("n1", "fence n3") == text
