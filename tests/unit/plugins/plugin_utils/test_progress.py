# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan comes to while it is carried out, step by step."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils import progress

Result = dict[str, Any]

TXID = {"primary_id": "id1", "timestamp": [0, 5, 0]}
DONE: Result = {"outcome": "done", "txid": TXID, "transitions": ["x"]}
FAILED: Result = {"outcome": "failed", "failed": True, "msg": "it broke"}
UNKNOWN: Result = {"outcome": "unknown", "failed": True, "msg": "no answer"}


def plan(*waves: str) -> Result:
    """Return a plan with waves of these names; a hand-over without any."""
    return {
        "waves": [{"name": name} for name in waves or ("hold", "catch_up", "step_down", "promote")],
        "verdicts": [],
        "refused": False,
        "moves": {"from": "n1", "to": "n2"},
        "timeline": [],
    }


def after(made: Result, wave: str, host: str, result: Result | None, lost: bool = False) -> Result:
    step = {"orders": [wave], "reason": "because"}
    hostvars = {host: {"__nso_ha_result": result}}
    whole = {"name": wave, "steps": {host: step}}
    return progress.after_wave(made, whole, hostvars, [] if lost else [host], 9.0)


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


def test_it_does_not_once_the_next_one_is_primary_or_may_become_it() -> None:
    held = after(plan(), "hold", "n1", DONE)
    assert after(held, "promote", "n2", FAILED)["reversible"]
    assert not after(held, "promote", "n2", UNKNOWN)["reversible"]
    promoted = after(held, "promote", "n2", DONE)
    assert not after(promoted, "secondaries", "n3", FAILED)["reversible"]


def test_without_anybody_held_there_is_nothing_to_take_back() -> None:
    assert not after(plan(), "promote", "n2", FAILED)["reversible"]


def test_a_host_that_dropped_out_may_have_done_its_step_or_not() -> None:
    made = after(plan(), "promote", "n2", DONE, lost=True)
    assert made["history"][-1]["outcome"] == "unknown"
    assert made["verdicts"][-1]["reason"] == "it dropped out of the play before this was done"


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"changed": True}, "done"),
        ({"failed": True, "msg": "no"}, "failed"),
        ({"unreachable": True, "msg": "ssh"}, "unknown"),
        ({"failed": True, "module_stdout": "", "msg": "MODULE FAILURE"}, "unknown"),
    ],
)
def test_a_result_without_an_outcome_is_given_the_one_it_means(
    result: Result, outcome: str
) -> None:
    made = after(plan(), "dead", "n1", result)
    assert made["history"][-1]["outcome"] == outcome
    assert made["results"]["n1"][-1]["transitions"] == (["dead"] if outcome == "done" else [])


def test_the_history_tells_when_by_the_clocks_of_node_and_controller() -> None:
    times = [{"start": 1.0, "end": 2.0}, {"start": 3.0, "end": 4.0}]
    told = after(plan(), "promote", "n2", {**DONE, "times": times})["history"][-1]
    assert (told["start"], told["end"], told["finished"]) == (1.0, 4.0, 9.0)
    assert (told["wave"], told["host"], told["orders"]) == ("promote", "n2", ["x"])


def test_a_lock_that_could_not_be_taken_refuses_with_its_reason() -> None:
    found: dict[str, Result] = {
        "n1": {"__nso_ha_begun": {"changed": True}},
        "n2": {"__nso_ha_begun": {"failed": True, "msg": "ada has it"}},
        "n3": {},
    }
    made = progress.locked(plan(), ["n1", "n2", "n3"], found, 5.0)
    assert [(one["host"], one["reason"]) for one in made["verdicts"]] == [
        ("n2", "ada has it"),
        ("n3", "it dropped out of the play before this was done"),
    ]
    assert (made["refused"], made["began"]) == (True, 5.0)
    assert not progress.locked(plan(), ["n1"], found, 5.0)["refused"]


def test_fencing_that_failed_refuses_and_names_the_former_primary() -> None:
    made = progress.fenced(plan(), "no power switch")
    assert made["refused"]
    assert made["verdicts"][-1]["host"] == "n1"
    assert not progress.fenced(plan(), "")["refused"]
