# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan comes to while it is carried out, step by step."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._run import progress

Result = dict[str, Any]

TXID = {"primary_id": "id1", "timestamp": [0, 5, 0]}
DONE: Result = {"outcome": "done", "txid": TXID, "transitions": ["x"]}
FAILED: Result = {"outcome": "failed", "failed": True, "msg": "it broke"}
UNKNOWN: Result = {"outcome": "unknown", "failed": True, "msg": "no answer"}


def plan(*waves: str) -> Result:
    """Return a plan with waves of these names; a hand-over without any."""
    names = waves or ("hold", "catch_up", "step_down", "promote")
    return {
        "run": "this",
        "waves": [{"name": name, "steps": {_HOSTS[name]: {"name": name}}} for name in names],
        "lock": {"fence": {"n2": ["n1", "n4"]}},
        "verdicts": [],
        "refused": False,
        "moves": {"from": "n1", "to": "n2"},
        "timeline": [],
    }


_HOSTS = {"hold": "n1", "catch_up": "n2", "step_down": "n1", "promote": "n2", "dead": "n1"}


def after(
    made: Result, wave: str, host: str, result: Result | None, run: str = "this", step: str = ""
) -> Result:
    """Return the plan after a wave whose module said this, of this run and step."""
    order = "wait" if wave == "catch_up" else wave
    due = {"name": wave, "orders": [order], "reason": "because"}
    said = {"run": run, "step": step or wave, **result} if result else None
    hostvars = {host: {"__nso_ha_result": said}}
    return progress.after_wave(made, {"name": wave, "steps": {host: due}}, hostvars, 9.0)


def test_what_the_held_primary_had_in_the_end_is_awaited() -> None:
    assert after(plan(), "hold", "n1", DONE)["awaited"] == TXID
    later = {"primary_id": "id1", "timestamp": [0, 6, 0]}
    made = after(after(plan(), "hold", "n1", DONE), "step_down", "n1", {**DONE, "txid": later})
    assert made["awaited"] == later


def test_a_held_primary_that_does_not_tell_what_it_had_ends_the_run() -> None:
    made = after(plan(), "hold", "n1", {**DONE, "txid": None})
    assert made["refused"]
    assert "does not tell the id" in made["verdicts"][-1]["reason"]


def test_a_primary_that_leaves_and_does_not_hand_over_is_not_awaited() -> None:
    made = after(plan("step_down", "promote"), "step_down", "n1", {**DONE, "txid": None})
    assert "awaited" not in made
    assert not made["refused"]


def test_a_promotion_is_added_to_the_record() -> None:
    made = after(plan(), "promote", "n2", {**DONE, "entry": {"epoch": 2}})
    assert made["timeline"] == [{"epoch": 2}]


@pytest.mark.parametrize("result", [FAILED, UNKNOWN])
def test_after_a_failure_between_hold_and_promotion_the_former_primary_comes_back(
    result: Result,
) -> None:
    made = after(plan(), "hold", "n1", DONE)
    assert not made["reversible"]
    assert after(made, "catch_up", "n2", result)["reversible"]
    assert after(made, "step_down", "n1", result)["reversible"]


def test_it_does_not_once_the_next_one_is_primary() -> None:
    held = after(plan(), "hold", "n1", DONE)
    assert after(held, "promote", "n2", FAILED)["reversible"]
    # Whether it may still become it is asked of the lock on its node.
    assert after(held, "promote", "n2", UNKNOWN)["reversible"]
    promoted = after(held, "promote", "n2", DONE)
    assert not after(promoted, "secondaries", "n3", FAILED)["reversible"]


def test_without_anybody_held_there_is_nothing_to_take_back() -> None:
    assert not after(plan(), "promote", "n2", FAILED)["reversible"]


@pytest.mark.parametrize(
    ("result", "run", "step"),
    [
        (None, "this", ""),
        (DONE, "earlier", ""),
        (DONE, "this", "hold"),
        ({"failed": True, "msg": "timed out"}, "", ""),
        ({"unreachable": True, "msg": "no ssh"}, "", ""),
        ({"changed": True}, "this", ""),
    ],
)
def test_what_the_module_of_the_step_has_not_said_in_this_run_is_unknown(
    result: Result | None, run: str, step: str
) -> None:
    made = after(plan(), "promote", "n2", result, run, step)
    assert made["history"][-1]["outcome"] == "unknown"
    assert made["outcomes"] == {"n2": {"promote": "unknown"}}
    assert made["refused"]
    assert made["results"]["n2"][-1]["transitions"] == ([] if result != DONE else ["x"])


def test_a_step_that_was_lost_says_so() -> None:
    made = after(plan(), "promote", "n2", None)
    assert made["verdicts"][-1]["reason"] == "it dropped out of the play before this was done"


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"ha": {"role": "secondary"}}, "done"),
        ({"ha": {"role": "secondary"}, "failed": True}, "failed"),
        ({"ha": None, "failed": True}, "failed"),
        (None, "failed"),
    ],
)
def test_a_step_that_only_waits_is_done_or_not_and_never_unknown(
    result: Result | None, outcome: str
) -> None:
    made = after(plan(), "catch_up", "n2", result)
    assert made["history"][-1]["outcome"] == outcome
    assert made["results"]["n2"][-1]["transitions"] == []


def test_a_step_that_says_no_orders_is_given_those_of_the_plan() -> None:
    made = after(plan(), "dead", "n1", {"outcome": "done"})
    assert made["results"]["n1"][-1]["transitions"] == ["dead"]


def struck(*names: str, run: str = "this", owner: str = "this", left: str = "") -> Result:
    lock = {"id": owner, "steps": [left] if left else []}
    return {"__nso_ha_struck": {"run": run, "struck": list(names), "lock": lock}}


@pytest.mark.parametrize(
    ("promoted", "locks", "doubts"),
    [
        (FAILED, {}, []),
        (UNKNOWN, {"n2": struck("promote")}, []),
        (UNKNOWN, {"n2": struck()}, ["n2"]),
        (UNKNOWN, {"n2": struck("promote", run="earlier")}, ["n2"]),
        (UNKNOWN, {"n2": {"__nso_ha_struck": {"failed": True, "msg": "busy"}}}, ["n2"]),
        (UNKNOWN, {}, ["n2"]),
    ],
)
def test_a_step_counts_as_withdrawn_only_if_its_module_or_the_lock_says_so(
    promoted: Result, locks: dict[str, Result], doubts: list[str]
) -> None:
    made = after(after(plan(), "hold", "n1", DONE), "promote", "n2", promoted)
    found = progress.not_withdrawn(made, {"n1": {}, "n2": {}, **locks})
    assert [one.host for one in found] == doubts
    assert all(one.result == "not evaluable" for one in found)


def test_a_promotion_that_had_not_begun_has_to_be_withdrawn_and_another_step_only_if_begun() -> (
    None
):
    made = after(plan(), "hold", "n1", UNKNOWN)
    for busy in (struck(left="promote"), {"__nso_ha_struck": {"run": "this", "lock": None}}, {}):
        found = progress.not_withdrawn(made, {"n1": struck(), "n2": busy})
        assert [one.host for one in found] == ["n1", "n2"]
    # Nobody takes a step that the lock does not list, or that another run holds.
    for gone in (struck(), struck(owner="another", left="promote")):
        found = progress.not_withdrawn(made, {"n1": struck(), "n2": gone})
        assert [one.host for one in found] == ["n1"]
    withdrawn = {"n1": struck("hold"), "n2": struck("promote")}
    assert not progress.not_withdrawn(made, withdrawn)
    waited = after(after(plan(), "hold", "n1", DONE), "catch_up", "n2", UNKNOWN)
    assert not progress.not_withdrawn(waited, {"n1": {}, "n2": struck("promote")})


def test_the_history_tells_when_by_the_clocks_of_node_and_controller() -> None:
    times = [{"start": 1.0, "end": 2.0}, {"start": 3.0, "end": 4.0}]
    told = after(plan(), "promote", "n2", {**DONE, "times": times})["history"][-1]
    assert (told["start"], told["end"], told["finished"]) == (1.0, 4.0, 9.0)
    assert (told["wave"], told["host"], told["orders"]) == ("promote", "n2", ["x"])


def test_a_lock_that_was_not_taken_refuses_with_its_reason() -> None:
    found: dict[str, Result] = {
        "n1": {"__nso_ha_begun": {"run": "this", "lock": {"id": "this"}}},
        "n2": {"__nso_ha_begun": {"run": "this", "failed": True, "msg": "ada has it"}},
        "n3": {},
        "n4": {"__nso_ha_begun": {"run": "earlier"}},
    }
    made = progress.locked(plan(), ["n1", "n2", "n3", "n4"], found, 5.0)
    lost = "it dropped out of the play before this was done"
    assert [(one["host"], one["reason"]) for one in made["verdicts"]] == [
        ("n2", "ada has it"),
        ("n3", lost),
        ("n4", lost),
    ]
    assert (made["refused"], made["began"]) == (True, 5.0)
    assert not progress.locked(plan(), ["n1"], found, 5.0)["refused"]


def begun(run: str = "this", owner: str = "this", fenced: tuple[str, ...] = ()) -> Result:
    lock = {"id": owner, "fence": ["n1", "n4"], "fenced": list(fenced)}
    return {"__nso_ha_begun": {"run": run, "lock": lock}}


@pytest.mark.parametrize(
    ("lock", "not_fenced"),
    [
        (begun(fenced=("n1", "n4")), []),
        (begun(fenced=("n1",)), ["n4"]),
        (begun(), ["n1", "n4"]),
        (begun(run="earlier", fenced=("n1", "n4")), ["n1", "n4"]),
        (begun(owner="another", fenced=("n1", "n4")), ["n1", "n4"]),
        ({"__nso_ha_begun": {"run": "this", "failed": True, "lock": None}}, ["n1", "n4"]),
        ({}, ["n1", "n4"]),
    ],
)
def test_a_host_is_fenced_only_if_the_lock_of_this_run_says_so(
    lock: Result, not_fenced: list[str]
) -> None:
    made = progress.fenced(plan(), {"n2": lock})
    assert made["refused"] == bool(not_fenced)
    failed = [one for one in made["verdicts"] if one["result"] == "failed"]
    assert [one["host"] for one in failed] == not_fenced
    assert all("have not confirmed, in the lock on n2" in one["reason"] for one in failed)


@pytest.mark.parametrize(("run", "told"), [("this", True), ("earlier", False)])
def test_a_fencing_task_that_failed_in_this_run_is_told(run: str, told: bool) -> None:
    problem = {"__nso_ha_fence_problem": {"run": run, "text": "the outlet is {stuck}"}}
    made = progress.fenced(plan(), {"n2": {**begun(), **problem}})
    assert (made["verdicts"][-1]["reason"] == "the outlet is {stuck}") == told
