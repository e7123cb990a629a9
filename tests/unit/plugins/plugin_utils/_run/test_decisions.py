# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions by the name of the step: each is made, and none fails while a lock may be held."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.plain import from_dict, to_dict
from ansible_collections.nso.ha.plugins.plugin_utils._run import (
    decisions,
    hooks,
    planning,
    progress,
    recheck,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.decisions import (
    Subject,
    decide,
    report_of,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.planning import Known
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import (
    LOCK,
    RECHECK,
    STEP,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    Decision,
    Locks,
    StepResult,
)
from helpers.cases import (
    HAND_OVER,
    N1,
    N2,
    N3,
    OLD,
    RUN_ID,
    ByHost,
    Result,
    answer,
    decision,
    known,
    lock,
    said,
    status,
)
from helpers.plans import following, planned

#: What each decision is made by.
MAKERS = {
    "plan": (planning, "plan"),
    "plan_again": (planning, "plan"),
    "judge_locks": (progress, "after_locking"),
    "judge_renewal": (progress, "after_renewal"),
    "judge_hook_tasks": (hooks, "after_reading"),
    "judge_rehearsal": (progress, "after_rehearsal"),
    "judge_recheck": (recheck, "rechecked"),
    "judge_wave": (progress, "after_wave"),
    "roll_back": (planning, "roll_back"),
}
#: The steps that go on from an earlier decision.
UNDER_LOCK = [step for step in MAKERS if step != "plan"]
_GIVEN = ("read_only", "benone")
TAKEN = StepResult("hand_over", "hand_over", "n1", _GIVEN, _GIVEN, "because", "done")


def about(others: dict[str, ByHost] | None = None, **more: Any) -> Known:
    """Return what is known of n1, n2 and n3, which are right."""
    looks = following(N2, N3).results()
    return known([N1, N2, N3], looks, others=others, **more)


def decided(step: str, subject: Subject, of: Known | None = None) -> Decision:
    """Return a decision as another process gets it."""
    return from_dict(
        Decision, json.loads(json.dumps(to_dict(decide(step, of or about(), subject))))
    )


# Faults of the collection


@pytest.mark.parametrize("step", MAKERS)
def test_an_exception_inside_a_decision_becomes_a_verdict_and_refuses(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> Decision:
        raise KeyError("n9")

    monkeypatch.setattr(*MAKERS[step], fail)
    earlier = decision(*HAND_OVER, locked=("n1", "n2"), steps=(TAKEN,), awaited=OLD)
    judged = decided(step, Subject(earlier, 7.0))
    (verdict,) = judged.verdicts
    assert (verdict.check, verdict.result) == ("decision", "not evaluable")
    assert verdict.reason.startswith(f"the decision {step} could not be made: KeyError: 'n9'. ")
    assert (judged.progress.refused, judged.needed) == (True, False)
    # What was decided and done so far is still known, and the locks are given back.
    assert judged.plan == earlier.plan
    assert judged.progress.locked == ("n1", "n2")
    assert (judged.progress.steps, judged.progress.awaited) == ((TAKEN,), OLD)


def test_every_decision_is_made_by_something_that_may_fail() -> None:
    assert set(MAKERS) == set(decisions.STEPS)


def test_whether_the_steps_of_a_wave_that_was_not_judged_were_taken_is_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_arguments: object) -> Decision:
        raise KeyError("n9")

    monkeypatch.setattr(progress, "after_wave", fail)
    judged = decided("judge_wave", Subject(decision(*HAND_OVER), 7.0))
    assert judged.progress.undecided
    told = report_of(about(), Subject(judged, 7.0), ended=True).data
    assert (told["outcome"], told["changed"]) == ("unknown", True)


@pytest.mark.parametrize("problem", [SystemExit, KeyboardInterrupt])
def test_a_run_that_is_ended_is_not_held_up(
    problem: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_arguments: object) -> Decision:
        raise problem

    monkeypatch.setattr(planning, "plan", end)
    with pytest.raises(problem):
        decide("plan", about(), Subject(None, 7.0))


# Decisions that were cut off


@pytest.mark.parametrize("step", UNDER_LOCK)
def test_after_a_decision_that_is_lost_nothing_may_be_done_and_all_may_be_locked(
    step: str,
) -> None:
    judged = decided(step, Subject(None, 7.0, hosts=("n1",)))
    assert (judged.progress.refused, judged.progress.undecided) == (True, True)
    assert judged.progress.locked == ("n1", "n2", "n3")
    assert judged.plan.waves == ()
    assert not judged.needed


def test_a_run_that_was_refused_plans_nothing_again() -> None:
    refused = decision(*HAND_OVER, refused=True, locked=("n1",))
    assert decided("plan_again", Subject(refused, 7.0)) == refused


def test_the_outcome_of_a_run_whose_decision_is_lost_is_unknown_and_says_why() -> None:
    told = report_of(about(), Subject(None, 7.0), ended=True).data
    assert (told["outcome"], told["changed"]) == ("unknown", True)
    assert [verdict["check"] for verdict in told["verdicts"]] == ["decision"]
    assert "cut off" in told["verdicts"][0]["reason"]
    assert told["primary"]["after"] == "n1"


# What each step goes by


def test_the_plan_is_that_of_the_first_look_whatever_was_decided_before() -> None:
    judged = decided("plan", Subject(decision(*HAND_OVER), 7.0))
    assert judged == planned([N1, N2, N3], following(N2, N3))
    assert judged.progress.locked == ("n1", "n2", "n3")


def test_locks_are_judged_on_the_hosts_where_they_were_tried() -> None:
    of = about({LOCK: {"n2": {"run_id": RUN_ID, "lock": lock(steps=["promote"])}}})
    locks = Locks(("n2",), steps={"n2": ("promote",)}, fence={"n2": ()})
    for host, refused in (("n2", False), ("n1", True)):
        subject = Subject(decision(*HAND_OVER, locks=locks), 7.0, hosts=(host,))
        judged = decided("judge_locks", subject, of)
        assert judged.progress.refused == refused
        assert judged.progress.started == 7.0


def test_a_wave_is_judged_by_its_number() -> None:
    of = about({STEP: {"n2": said("promote", outcome="done", transitions=["x"])}})
    judged = decided("judge_wave", Subject(decision(*HAND_OVER), 7.0, wave=2), of)
    assert [(step.name, step.outcome, step.finished) for step in judged.progress.steps] == [
        ("promote", "done", 7.0)
    ]


def done(step: str) -> Result:
    return said(step, outcome="done", transitions=["x"], txid=OLD.as_dict())


def test_the_promotion_that_came_right_after_the_hand_over_is_judged_with_it() -> None:
    both: dict[str, ByHost] = {STEP: {"n1": done("hand_over"), "n2": done("promote")}}
    caught_up = decision(*HAND_OVER, judged=1, awaited=OLD)
    judged = decided("judge_wave", Subject(caught_up, 7.0, wave=1), about(both))
    assert [step.name for step in judged.progress.steps] == ["hand_over", "promote"]
    assert (judged.progress.judged, judged.progress.refused) == (3, False)
    assert decided("judge_wave", Subject(judged, 8.0, wave=2), about(both)) == judged
    # Where it was cut off, it may have been carried out.
    cut_off: dict[str, ByHost] = {STEP: {"n1": done("hand_over")}}
    judged = decided("judge_wave", Subject(caught_up, 7.0, wave=1), about(cut_off))
    assert [step.outcome for step in judged.progress.steps] == ["done", "unknown"]
    assert judged.progress.reversible


def test_no_promotion_is_judged_where_the_module_did_not_say_that_it_handed_over() -> None:
    timed_out = {"name": "TIMEOUT"}
    late = said(
        "hand_over",
        outcome="unknown",
        failed=True,
        txid=OLD.as_dict(),
        transitions=["read_only", "benone"],
        before=status(answer("primary")),
        after=status(answer("none")),
        error=timed_out,
    )
    catch_up, closes, promote = HAND_OVER
    closes = replace(closes, steps=(replace(closes.steps[0], role="none"),))
    caught_up = decision(catch_up, closes, promote, judged=1, awaited=OLD)
    for result, refused in ((late, False), ({"failed": True, "msg": "cut off"}, True)):
        of = about({STEP: {"n1": result}})
        judged = decided("judge_wave", Subject(caught_up, 7.0, wave=1), of)
        assert [step.name for step in judged.progress.steps] == ["hand_over"]
        assert (judged.progress.judged, judged.progress.refused) == (2, refused)


@pytest.mark.parametrize(
    ("consent", "refused"),
    [("", True), ("n3", False), ("n1", True), ("n3@id1/5.000000", True), ("n3@-/6.000000", False)],
)
def test_the_look_before_a_wave_goes_by_the_consent_of_the_operator(
    consent: object, refused: bool
) -> None:
    cluster = following(N2, N3)
    cluster.benone("n3")
    first = planned([N1, N2, N3], cluster)
    (wave,) = first.plan.waves
    looks = cluster.results()
    assert cluster.write("n3", "late")
    again: dict[str, Result] = cluster.results(step=f"before {wave.name}")
    of = known([N1, N2, N3], looks, others={RECHECK: again}, allow_overwrite=consent)
    judged = decided("judge_recheck", Subject(first, 7.0, wave=0), of)
    assert judged.progress.refused == refused
    assert set(judged.progress.rechecked) == {"n1", "n3"}


def _held(expired: bool = False) -> ByHost:
    cluster = following(N2, N3)
    cluster.nodes["n2"].lock = lock("r1", expired=expired)
    return cluster.results()


def test_the_runs_that_are_gone_are_those_that_hold_a_lock_and_have_ended() -> None:
    def gone(looks: ByHost, **more: Any) -> tuple[str, ...]:
        return decisions.gone(known([N1, N2, N3], looks, gone=lambda _process: False, **more))

    assert gone(_held()) == ()
    assert gone(_held(), break_lock="r1") == ("r1",)
    assert gone(_held(expired=True)) == ("r1",)
    assert decisions.gone(known([N1, N2, N3], _held())) == ("r1",)


def test_status_tells_what_is_wrong_with_the_settings_and_which_run_has_the_lock() -> None:
    of = known(
        [N1, N2, N3], _held(), "", problems=["n2 did not state"], gone=lambda _process: False
    )
    told = decisions.report_of_status(of, Subject(None, 7.0)).data
    text = " ".join(line.strip() for line in told["table"])
    assert "(topology failed) n2 did not state." in text
    assert "ada@here has been running switchover" in text
    json.dumps(told)


def test_a_report_is_that_of_the_decision() -> None:
    subject = Subject(planned([N1, N2, N3], following(N2, N3)), 7.0)
    assert report_of(about(), subject, ended=True).data["outcome"] == "done"
