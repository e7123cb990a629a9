# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan comes to while it is carried out: locks, rehearsals and steps, judged one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState
from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import Verdict
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import Wave
from ansible_collections.nso.ha.plugins.plugin_utils._run import progress
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import (
    LOCK,
    OBSERVATION,
    REHEARSAL,
    RENEWAL,
    STEP,
    WITHDRAWAL,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    Decision,
    Locks,
    StepResult,
)
from helpers.cases import (
    HAND_OVER,
    NEW,
    OLD,
    RUN_ID,
    Result,
    answer,
    decision,
    failed,
    lock,
    look,
    reason,
    results,
    said,
    status,
    wave,
)

EARLIER = "earlier"
LOST = "it dropped out of the play before this was done"

DONE: Result = {"outcome": "done", "txid": OLD.as_dict(), "transitions": ["x"]}
FAILED: Result = {"outcome": "failed", "failed": True, "msg": "it broke"}
UNKNOWN: Result = {"outcome": "unknown", "failed": True, "msg": "no answer"}

#: The waves of a hand-over.
CATCH_UP, CLOSE, PROMOTE = HAND_OVER


def handing_over() -> Decision:
    return decision(*HAND_OVER)


def after(judged: Decision, taken: Wave, result: Result | None) -> Decision:
    """Return the decision after a wave with one step, whose result is this one."""
    by_host = {} if result is None else {taken.steps[0].host: result}
    return progress.after_wave(judged, taken, results({STEP: by_host}), 9.0)


def done(judged: Decision, taken: Wave, result: Result) -> Decision:
    """Return the decision after a wave whose module said this in this run, for this step."""
    return after(judged, taken, said(taken.name, **result))


def last(judged: Decision) -> StepResult:
    return judged.progress.steps[-1]


# Steps


def test_a_step_that_was_done_lets_the_next_wave_start() -> None:
    judged = done(handing_over(), CLOSE, DONE)
    assert not judged.progress.refused
    assert judged.verdicts == ()
    assert judged.progress.awaited == OLD


def test_a_step_that_changed_nothing_has_given_no_order() -> None:
    unchanged = {"outcome": "done", "changed": False, "txid": OLD.as_dict()}
    (step,) = done(handing_over(), CLOSE, unchanged).progress.steps
    assert (step.orders, step.given) == (("read_only", "benone"), ())


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (said("hand_over", outcome="failed", failed=True, msg="HA_CONNECT"), "HA_CONNECT"),
        (said("hand_over", outcome="unknown", failed=True, msg="EOF"), "EOF"),
        (said("hand_over", failed=True), "the step failed without a reason"),
        ({"unreachable": True, "msg": "no ssh"}, "no ssh"),
        (None, LOST),
    ],
)
def test_a_step_that_was_not_done_ends_the_run(result: Result | None, why: str) -> None:
    judged = after(handing_over(), CLOSE, result)
    assert judged.progress.refused
    assert failed(judged, "step") == ["n1"]
    assert reason(judged, "step") == why


@pytest.mark.parametrize(
    ("result", "orders"),
    [
        (None, ()),
        (said("promote", EARLIER, **DONE), ("x",)),
        (said("hand_over", **DONE), ("x",)),
        ({"failed": True, "msg": "timed out"}, ()),
        ({"unreachable": True, "msg": "no ssh"}, ()),
        (said("promote", changed=True), ()),
    ],
)
def test_what_the_module_of_the_step_has_not_said_in_this_run_is_unknown(
    result: Result | None, orders: tuple[str, ...]
) -> None:
    judged = after(handing_over(), PROMOTE, result)
    assert last(judged).outcome == "unknown"
    assert judged.progress.refused
    assert last(judged).given == orders


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (said("catch_up", ha={"role": "secondary"}), "done"),
        (said("catch_up", ha={"role": "secondary"}, failed=True), "failed"),
        (said("catch_up", ha=None, failed=True), "failed"),
        (said("catch_up", EARLIER, ha={"role": "secondary"}), "failed"),
        (None, "failed"),
    ],
)
def test_a_step_that_only_waits_is_done_or_not_and_never_unknown(
    result: Result | None, outcome: str
) -> None:
    judged = after(handing_over(), CATCH_UP, result)
    assert last(judged).outcome == outcome
    assert last(judged).given == ()
    assert last(judged).orders == ("wait",)


def test_a_step_that_says_no_orders_is_given_those_of_the_plan() -> None:
    dead = wave("dead", "n1", orders=["secondary_dead"])
    assert last(done(decision(dead), dead, {"outcome": "done"})).given == ("secondary_dead",)


def test_it_is_kept_when_a_step_was_taken_and_what_the_node_said_afterwards() -> None:
    times = [{"start": 1.0, "end": 2.0}, {"start": 3.0, "end": 4.0}]
    state = answer("primary").state.as_result()
    judged = done(handing_over(), PROMOTE, {**DONE, "times": times, "after": state})
    step = last(judged)
    assert (step.start, step.end, step.finished) == (1.0, 4.0, 9.0)
    assert (step.wave, step.host, step.orders) == ("promote", "n2", ("x",))
    assert (step.after, step.told) == (HaState("primary"), True)
    assert (last(done(handing_over(), CLOSE, DONE)).after, step.reason) == (None, "because")


def test_nothing_is_judged_after_a_refusal() -> None:
    refused = decision(*HAND_OVER, refused=True)
    assert done(refused, CLOSE, DONE) == refused


# The hand-over


def test_what_the_primary_has_once_it_is_none_is_awaited() -> None:
    caught_up = done(decision(*HAND_OVER, awaited=OLD), CATCH_UP, {"ha": {"role": "secondary"}})
    assert caught_up.progress.awaited == OLD
    left = done(caught_up, CLOSE, {**DONE, "txid": NEW.as_dict()})
    assert left.progress.awaited == NEW


@pytest.mark.parametrize("told", [{"txid": None}, {}])
def test_a_primary_that_hands_over_and_does_not_tell_what_it_had_ends_the_run(
    told: Result,
) -> None:
    judged = done(decision(*HAND_OVER, awaited=OLD), CLOSE, {"outcome": "done", **told})
    assert judged.progress.refused
    assert judged.progress.reversible
    assert "does not tell the id" in reason(judged, "step")


def test_a_candidate_has_not_caught_up_with_what_is_not_known() -> None:
    judged = done(handing_over(), CATCH_UP, {"ha": {"role": "secondary"}})
    assert (judged.progress.refused, judged.progress.reversible) == (True, False)
    assert "does not tell the id" in reason(judged, "step")


def test_a_primary_that_leaves_and_does_not_hand_over_is_not_awaited() -> None:
    step_down = wave("step_down", "n1")
    judged = done(decision(step_down, PROMOTE), step_down, {**DONE, "txid": None})
    assert judged.progress.awaited is None
    assert not judged.progress.refused


@pytest.mark.parametrize("result", [DONE, FAILED, UNKNOWN])
def test_a_promotion_that_was_recorded_is_in_the_history_whatever_came_of_it(
    result: Result,
) -> None:
    judged = done(handing_over(), PROMOTE, {**result, "entry": {"epoch": 2}})
    assert judged.progress.promotions == ({"epoch": 2},)


@pytest.mark.parametrize("result", [FAILED, UNKNOWN])
def test_after_a_failure_of_the_hand_over_the_former_primary_comes_back(result: Result) -> None:
    assert done(handing_over(), CLOSE, result).progress.reversible


@pytest.mark.parametrize("result", [FAILED, UNKNOWN])
def test_where_the_candidate_does_not_catch_up_there_is_nothing_to_take_back(
    result: Result,
) -> None:
    judged = done(handing_over(), CATCH_UP, result)
    assert (judged.progress.refused, judged.progress.reversible) == (True, False)


def test_it_does_not_once_the_next_one_is_primary() -> None:
    held = done(handing_over(), CLOSE, DONE)
    assert not held.progress.reversible
    assert done(held, PROMOTE, FAILED).progress.reversible
    # Whether it may still become it is asked of the lock on its node.
    assert done(held, PROMOTE, UNKNOWN).progress.reversible
    promoted = done(held, PROMOTE, DONE)
    attaching = wave("secondaries", "n3")
    assert not done(promoted, attaching, FAILED).progress.reversible


def test_without_a_node_that_handed_over_there_is_nothing_to_take_back() -> None:
    assert not done(handing_over(), PROMOTE, FAILED).progress.reversible


# Steps that may still be taken


def withdrawal(
    *struck: str, run_id: str = RUN_ID, owner: str = RUN_ID, left: tuple[str, ...] = ()
) -> Result:
    """Return what ncs_ha_operation says after it has struck steps off a lock."""
    return {"run_id": run_id, "struck": list(struck), "lock": lock(owner, left)}


BUSY: Result = {"failed": True, "msg": "busy"}


def doubts(judged: Decision, **withdrawals: Result) -> list[str]:
    """Return the hosts of the steps that may still be taken."""
    verdicts = progress.not_withdrawn(judged, results({WITHDRAWAL: withdrawals}))
    assert {verdict.result for verdict in verdicts} <= {"not evaluable"}
    return [verdict.host for verdict in verdicts]


@pytest.mark.parametrize(
    ("promoted", "withdrawals", "hosts"),
    [
        (FAILED, {}, []),
        (UNKNOWN, {"n2": withdrawal("promote")}, []),
        (UNKNOWN, {"n2": withdrawal()}, ["n2"]),
        (UNKNOWN, {"n2": withdrawal("promote", run_id=EARLIER)}, ["n2"]),
        (UNKNOWN, {"n2": BUSY}, ["n2"]),
        (UNKNOWN, {}, ["n2"]),
    ],
)
def test_a_step_counts_as_withdrawn_only_if_its_module_or_the_lock_says_so(
    promoted: Result, withdrawals: dict[str, Result], hosts: list[str]
) -> None:
    judged = done(done(handing_over(), CLOSE, DONE), PROMOTE, promoted)
    assert doubts(judged, **withdrawals) == hosts


@pytest.mark.parametrize(
    "busy", [withdrawal(left=("promote",)), {"run_id": RUN_ID, "lock": None}, BUSY, {}]
)
def test_a_promotion_that_has_not_begun_has_to_be_withdrawn(busy: Result) -> None:
    judged = done(handing_over(), CLOSE, UNKNOWN)
    assert doubts(judged, n1=withdrawal(), n2=busy) == ["n1", "n2"]


@pytest.mark.parametrize("gone", [withdrawal(), withdrawal(owner="another", left=("promote",))])
def test_no_module_takes_a_step_that_the_lock_does_not_list_or_that_another_run_holds(
    gone: Result,
) -> None:
    judged = done(handing_over(), CLOSE, UNKNOWN)
    assert doubts(judged, n1=withdrawal(), n2=gone) == ["n1"]
    assert not doubts(judged, n1=withdrawal("hand_over"), n2=gone)


def test_another_step_than_a_promotion_has_to_be_withdrawn_only_if_begun() -> None:
    waited = done(handing_over(), CATCH_UP, UNKNOWN)
    assert not doubts(waited, n2=withdrawal("promote"))


# Locks

_LOCKS = Locks(
    hosts=("n1", "n2", "n3", "n4", "n5"),
    steps={"n1": ("hand_over", "release"), "n2": ("promote",), "n3": (), "n4": (), "n5": ()},
    fence={"n1": (), "n2": ("n4",), "n3": (), "n4": (), "n5": ()},
)


def test_a_lock_that_was_not_taken_refuses_with_its_reason() -> None:
    taken: dict[str, Result] = {
        "n1": {"run_id": RUN_ID, "lock": lock(steps=["hand_over", "release"])},
        "n2": {"run_id": RUN_ID, "failed": True, "msg": "ada has it"},
        "n4": {"run_id": EARLIER, "lock": lock()},
        "n5": {"failed": True, "msg": None},
    }
    locking = decision(*HAND_OVER, locks=_LOCKS)
    judged = progress.after_locking(locking, _LOCKS.hosts, results({LOCK: taken}), 5.0)
    assert [(verdict.check, verdict.host, verdict.reason) for verdict in judged.verdicts] == [
        ("lock", "n2", "ada has it"),
        ("lock", "n3", LOST),
        ("lock", "n4", LOST),
        ("lock", "n5", LOST),
    ]
    assert (judged.progress.refused, judged.progress.started) == (True, 5.0)
    alone = progress.after_locking(locking, ["n1"], results({LOCK: taken}), 5.0)
    assert not alone.progress.refused
    assert alone.verdicts == ()


#: What a module says of a lock that it cannot write, or not read; and how a node was observed.
UNWRITABLE: Result = {"failed": True, "msg": "disk full", "refusal": "unwritable", "lock": None}
UNREADABLE: Result = {**UNWRITABLE, "refusal": "unreadable"}
RUNS = look(answer("none"))
STOPPED: Result = said("observe", failed=True, msg="refused", daemon={"running": False})
MAY_RUN: Result = said("observe", failed=True, msg="refused", daemon={"running": None})


def locking(refused: Result, observed: Result, *overridden: str, **more: Any) -> Decision:
    """Return the decision after the lock of n1 was taken, and that of n2 was not."""
    taken = {"n1": said(lock=lock()), "n2": said(**refused)}
    locks = Locks(hosts=("n1", "n2"), steps={"n1": (), "n2": ()}, **more)
    known = results({LOCK: taken, OBSERVATION: {"n1": RUNS, "n2": observed}})
    before = decision(locks=locks, locked=("n1", "n2"))
    return progress.after_locking(before, locks.hosts, known, 5.0, overridden)


@pytest.mark.parametrize("refusal", [UNWRITABLE, UNREADABLE])
def test_a_node_whose_daemon_is_known_not_to_run_needs_no_lock(refusal: Result) -> None:
    judged = locking(refusal, STOPPED)
    assert not judged.progress.refused
    assert judged.progress.locked == ("n1",)
    assert judged.progress.unlocked == {"n2": "disk full"}


@pytest.mark.parametrize("observed", [RUNS, MAY_RUN])
def test_a_lock_that_cannot_be_written_on_another_node_takes_a_consent(observed: Result) -> None:
    judged = locking(UNWRITABLE, observed)
    assert judged.progress.refused
    why = reason(judged, "lockable")
    assert why == (
        "n2 cannot be locked: disk full. Or let this run do nothing on n2: nso_ha_override=lockable"
    )
    agreed = locking(UNWRITABLE, observed, "lockable")
    assert not agreed.progress.refused
    assert agreed.progress.unlocked == {"n2": "disk full"}
    assert [verdict.result for verdict in agreed.verdicts] == ["overridden"]


@pytest.mark.parametrize(
    ("refused", "observed", "more"),
    [
        ({**UNWRITABLE, "refusal": "held"}, STOPPED, {}),
        ({**UNWRITABLE, "lock": lock()}, STOPPED, {}),
        ({**UNWRITABLE, "run_id": EARLIER}, STOPPED, {}),
        ({"failed": True, "msg": "disk full"}, STOPPED, {}),
        (UNREADABLE, RUNS, {}),
        (UNREADABLE, MAY_RUN, {}),
        # The run has had a lock there, and gives orders by it.
        (UNWRITABLE, RUNS, {"renew": ("n2",)}),
    ],
)
def test_no_consent_covers_a_lock_that_another_run_holds_or_may_hold(
    refused: Result, observed: Result, more: dict[str, Any]
) -> None:
    judged = locking(refused, observed, "lockable", **more)
    assert failed(judged, "lock") == ["n2"]
    assert judged.progress.unlocked == {}
    assert judged.progress.locked == ("n1", "n2")


def test_a_run_without_any_lock_is_refused() -> None:
    known = results({LOCK: {"n2": said(**UNWRITABLE)}, OBSERVATION: {"n2": STOPPED}})
    before = decision(locks=Locks(hosts=("n2",)), locked=("n2",))
    assert reason(progress.after_locking(before, ["n2"], known, 5.0), "lock") == (
        "no node could be locked"
    )


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("n1", lock(steps=["hand_over"])),
        ("n1", lock()),
        ("n1", None),
        ("n2", lock(steps=["promote"])),
        ("n2", lock(steps=["promote"], fence=["n3"])),
    ],
)
def test_an_old_lock_that_does_not_say_what_the_plan_says_refuses(
    host: str, written: Result | None
) -> None:
    locking = decision(*HAND_OVER, locks=_LOCKS)
    old = results({LOCK: {host: {"run_id": RUN_ID, "lock": written}}})
    judged = progress.after_locking(locking, [host], old, 5.0)
    assert judged.progress.refused
    assert reason(judged, "lock") == LOST


def renewed(host: str, occasion: str) -> Result:
    return {"run_id": RUN_ID, "step": occasion, "lock": lock(steps=["promote"])}


def test_a_wave_is_forbidden_by_each_lock_that_was_not_proven_for_it() -> None:
    proven = {host: renewed(host, "now") for host in _LOCKS.hosts}
    renewals: dict[str, Result] = {
        **proven,
        "n2": renewed("n2", "earlier"),
        "n3": {"run_id": RUN_ID, "step": "now", "failed": True, "msg": "eve has it"},
        "n4": {"run_id": EARLIER, "step": "now", "lock": lock()},
        "n5": {},
    }
    going = decision(*HAND_OVER, locks=_LOCKS, locked=_LOCKS.hosts)
    judged = progress.after_renewal(going, "now", results({RENEWAL: renewals}), 7.0)
    assert [(verdict.check, verdict.host, verdict.reason) for verdict in judged.verdicts] == [
        ("lock", "n2", LOST),
        ("lock", "n3", "eve has it"),
        ("lock", "n4", LOST),
        ("lock", "n5", LOST),
    ]
    assert judged.progress.refused
    right = progress.after_renewal(going, "now", results({RENEWAL: proven}), 7.0)
    assert (right.progress.refused, right.progress.renewed, right.verdicts) == (False, 7.0, ())
    # The time without a primary does not begin before the last renewal.
    assert right.progress.started == 7.0


# Rehearsal


def rehearsed(result: Result | None) -> Decision:
    plan = replace(decision().plan, rehearse=("n2",))
    by_name = {OBSERVATION: {"n2": look(answer("none"))}}
    tried = {} if result is None else {"n2": result}
    return progress.after_rehearsal(
        replace(decision(), plan=plan), results({**by_name, REHEARSAL: tried})
    )


_NONE = status(answer("none"))


def test_a_rehearsal_that_went_well_passes() -> None:
    judged = rehearsed(said("rehearse", transitions=["besecondary"], before=_NONE))
    assert judged.verdicts == (Verdict("rehearsal", "passed", "", "n2"),)
    assert not judged.progress.refused


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (
            {"failed": True, "msg": "one.example cannot be resolved"},
            "one.example cannot be resolved",
        ),
        ({"unreachable": True, "msg": "no ssh"}, "no ssh"),
        ({"skipped": True}, "no reason"),
        (None, "it was not tried"),
        ({"failed": True, "transitions": ["besecondary"], "msg": "phase 0"}, "phase 0"),
        (
            said("rehearse", transitions=[], before=status(answer("primary"))),
            "was none when the plan was made and is primary now; run it again",
        ),
    ],
)
def test_a_rehearsal_that_did_not_go_well_refuses(result: Result | None, why: str) -> None:
    judged = rehearsed(result)
    assert judged.progress.refused
    assert failed(judged, "rehearsal") == ["n2"]
    assert reason(judged, "rehearsal") == why
