# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line that is printed for each wave while a run goes on."""

from __future__ import annotations

from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import live
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision, StepResult
from helpers import cases


def step(wave: str, host: str, *orders: str, outcome: str = "done", **more: Any) -> StepResult:
    given = orders if outcome == "done" else ()
    return StepResult(wave, wave, host, orders, given, "because", outcome, **more)


def after(*steps: StepResult) -> Decision:
    return cases.decision(steps=steps)


def told(*steps: StepResult, before: Decision | None = None) -> list[str]:
    return [line.text for line in live.lines(before, after(*steps), "14:02:07")]


HANDS_OVER = step("hand_over", "n1", "read_only", "benone", finished=1.0)
PROMOTED = step("promote", "n2", "beprimary", finished=1.0)


def test_it_says_when_and_who_and_what() -> None:
    assert told(HANDS_OVER) == ["14:02:07 n1 stepped down"]


def test_only_what_has_been_judged_since_is_told_and_a_wave_at_a_time() -> None:
    assert told(HANDS_OVER, PROMOTED) == ["14:02:07 n1 stepped down", "14:02:07 n2 became primary"]
    assert told(HANDS_OVER, PROMOTED, before=after(HANDS_OVER)) == ["14:02:07 n2 became primary"]
    assert told(HANDS_OVER, before=after(HANDS_OVER)) == []


def test_those_that_did_the_same_are_named_together() -> None:
    steps = [
        step("secondaries", f"n{i}", "benone", "besecondary", upstream="n2") for i in (1, 3, 4)
    ]
    assert told(*steps) == ["14:02:07 n1, n3 and n4 copy n2"]
    of_relay = step("secondaries", "n5", "besecondary", upstream="n3")
    assert told(*steps, of_relay) == ["14:02:07 n1, n3 and n4 copy n2; n5 copies n3"]
    many = [step("secondaries", f"n{i}", "besecondary", upstream="n9") for i in range(1, 9)]
    assert told(*many) == ["14:02:07 n1, n2, n3 and 5 more copy n9"]


def test_a_failure_says_what_was_not_done_and_why_and_is_red() -> None:
    failed = step(
        "secondaries", "n3", "besecondary", outcome="failed", upstream="n2", message="HA_CONNECT."
    )
    (line,) = live.lines(None, after(failed), "14:02:07")
    assert line.text == "14:02:07 n3 FAILED to copy n2: HA_CONNECT"
    assert line.colour == "red"


def test_what_nobody_knows_is_not_said_to_have_failed() -> None:
    lost = step("promote", "n2", "beprimary", outcome="unknown", message="EOF.\nmore")
    assert told(lost) == ["14:02:07 n2 was to become primary, and whether it did is UNKNOWN: EOF"]


def test_an_order_that_only_the_node_says_is_done_is_told_as_that() -> None:
    late = step("promote", "n2", "beprimary", late="did not answer in time")
    assert told(late) == ["14:02:07 n2 became primary, as it says itself"]


def test_hooks_and_modes_have_words_of_their_own() -> None:
    assert told(step("withdraw", "n1", "withdraw")) == ["14:02:07 n1 was withdrawn"]
    assert told(step("fence", "n2", "fence", upstream="n1")) == ["14:02:07 n2 fenced n1"]
    assert told(step("hold", "n3", "read_only")) == ["14:02:07 n3 read-only on"]
