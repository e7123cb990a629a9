# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: what is missing, how often to read, and when to stop."""

from __future__ import annotations

from functools import partial
from typing import Any, Mapping, Sequence, Union

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import waiting
from ansible_collections.nso.ha.plugins.module_utils._node.cdb_socket import Database
from ansible_collections.nso.ha.plugins.module_utils._node.node_status import (
    NodeStatus,
    Unanswered,
)
from ansible_collections.nso.ha.plugins.module_utils._node.operational_state import OperationalState
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.module_utils._node.waiting import Conditions
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, ipc
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

NONE = HaState("none")
SECONDARY = HaState("secondary", Peer("p", "192.0.2.1"))
PRIMARY = HaState("primary", None, (Peer("a", "192.0.2.2"), Peer("b", "192.0.2.3")))
STARTED = Database(2, None)

OF_P = TransactionId("p", (1, 2, 3))

Option = Mapping[str, Any]


@pytest.mark.parametrize(
    "option",
    [
        {},
        {"role": None, "primary_id": None, "secondaries": None, "phase": None},
        {"role": "", "primary_id": "", "secondaries": []},
    ],
)
def test_where_nothing_is_asked_for_there_are_no_conditions(option: Option) -> None:
    assert waiting.conditions(option) is None


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ({"role": "none"}, Conditions(role="none")),
        ({"primary_id": "p"}, Conditions(primary_id="p")),
        ({"secondaries": ["a", "b"]}, Conditions(secondaries=("a", "b"))),
        ({"phase": 0}, Conditions(phase=0)),
        ({"txid": {"primary_id": "p", "timestamp": [1, 2, 3]}}, Conditions(txid=OF_P)),
        (
            {"txid": {"primary_id": None, "timestamp": [1, 2, 3]}},
            Conditions(txid=TransactionId(None, (1, 2, 3))),
        ),
        ({"phase": 2, "role": "relay"}, Conditions(role="relay", phase=2)),
    ],
)
def test_what_is_asked_for_is_a_condition(option: Option, wanted: Conditions) -> None:
    assert waiting.conditions(option) == wanted


@pytest.mark.parametrize(
    ("wanted", "state", "phase", "missing"),
    [
        (Conditions(), NONE, 0, []),
        (Conditions(role="none"), NONE, 0, []),
        (Conditions(role="primary"), NONE, 0, ["role is none, not primary"]),
        (Conditions(primary_id="p"), SECONDARY, 0, []),
        (Conditions(primary_id="q"), SECONDARY, 0, ["primary is p, not q"]),
        (Conditions(primary_id="q"), PRIMARY, 0, ["primary is none, not q"]),
        (Conditions(secondaries=("a",)), PRIMARY, 0, []),
        (Conditions(secondaries=("b", "a")), PRIMARY, 0, []),
        (
            Conditions(secondaries=("a", "c", "d")),
            PRIMARY,
            0,
            ["not connected as secondary: c, d"],
        ),
        (Conditions(secondaries=("p",)), SECONDARY, 0, ["not connected as secondary: p"]),
        (Conditions(phase=0), NONE, 0, []),
        (Conditions(phase=1), NONE, 2, []),
        (Conditions(phase=2), NONE, 1, ["start phase is 1, not 2"]),
        (
            Conditions("primary", "q", ("c",), 2),
            SECONDARY,
            1,
            [
                "role is secondary, not primary",
                "primary is p, not q",
                "not connected as secondary: c",
                "start phase is 1, not 2",
            ],
        ),
    ],
)
def test_what_is_missing_is_said_in_words(
    wanted: Conditions, state: HaState, phase: int, missing: list[str]
) -> None:
    assert waiting.unmet(wanted, state, Database(phase, None)) == missing


class Clock:
    """A clock that goes on by the pauses alone, and by what reads take; in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_pauses_grow_to_a_longest_one() -> None:
    clock = Clock()
    list(waiting.pauses(30.0, clock, clock.sleep))
    assert clock.slept[0] == waiting.FIRST_PAUSE == 0.1
    assert clock.slept[1] == pytest.approx(0.15)
    assert max(clock.slept) == waiting.LONGEST_PAUSE == 2.0
    # All but the last one, which is cut.
    assert clock.slept[:-1] == sorted(clock.slept[:-1])


@repeatable
@given(st.floats(0.001, 5000), st.floats(0, 10))
def test_the_pauses_end_when_the_time_is_up_with_a_last_read(timeout: float, read: float) -> None:
    clock = Clock()
    lefts = []
    for left in waiting.pauses(timeout, clock, clock.sleep):
        lefts.append(left)
        clock.now += read
    assert lefts[0] == timeout
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[-1] == 0
    assert all(left > 0 for left in lefts[:-1])
    assert all(pause > 0 for pause in clock.slept)
    # The last read begins with the time up, or late by no more than the read before it.
    assert clock.now - read <= 1000 + timeout + read + 1e-6


def test_no_time_at_all_is_one_read() -> None:
    clock = Clock()
    assert list(waiting.pauses(0, clock, clock.sleep)) == [0]
    assert clock.slept == []


Answer = Union[HaState, error.Failure, Unanswered]


class FakeReader:
    """Answers that are known beforehand; the last one is repeated."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.timeouts: list[float] = []

    def read(self, timeout: float) -> NodeStatus:
        self.timeouts.append(timeout)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, (error.Failure, Unanswered)):
            raise answer
        return NodeStatus(answer, "operational_state", OperationalState(ipc.OURS, STARTED))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock of its own for every wait."""
    clock = Clock()
    pauses = partial(waiting.pauses, clock=clock, sleep=clock.sleep)
    monkeypatch.setattr(waiting, "pauses", pauses)
    return clock


def wait(reader: FakeReader, wanted: Conditions, timeout: float, limit: float) -> waiting.Waited:
    # It has all of a reader that is used here.
    return waiting.wait(reader, wanted, timeout, limit)  # type: ignore[arg-type]


def test_a_node_that_meets_the_conditions_is_read_once(clock: Clock) -> None:
    reader = FakeReader([NONE])
    waited = wait(reader, Conditions(role="none"), 5, 60)
    assert waited.missing == ()
    assert waited.failure is None
    assert waited.last is not None
    assert waited.last.state == NONE
    assert clock.slept == []


def test_a_wait_ends_with_the_first_status_that_meets_the_conditions(clock: Clock) -> None:
    reader = FakeReader([NONE, error.EOF(), error.Timeout("x"), SECONDARY, PRIMARY])
    waited = wait(reader, Conditions(role="secondary"), 5, 60)
    assert waited.missing == ()
    assert waited.failure is None
    assert waited.last is not None
    assert waited.last.state == SECONDARY
    assert len(reader.timeouts) == 4
    assert reader.answers == [PRIMARY]


def test_a_wait_that_is_in_vain_ends_in_time_and_says_what_is_missing(clock: Clock) -> None:
    waited = wait(FakeReader([NONE]), Conditions(role="primary"), 5, 60)
    assert waited.missing == ("role is none, not primary",)
    assert waited.failure is None
    assert waited.last is not None
    assert waited.last.state == NONE
    assert clock.now == pytest.approx(1060)


def test_a_node_that_never_answers_is_told_with_the_last_failure(clock: Clock) -> None:
    refused = error.Error(error.ERR_OS, "connecting", "Connection refused")
    waited = wait(FakeReader([error.EOF(), refused]), Conditions(role="none"), 5, 10)
    assert waited.missing == ("the status could not be read",)
    assert waited.last is None
    assert waited.failure is refused
    assert clock.now == pytest.approx(1010)


def test_a_failure_after_a_status_keeps_that_status_and_what_went_wrong(clock: Clock) -> None:
    eof = error.EOF()
    waited = wait(FakeReader([NONE, eof]), Conditions(role="primary"), 5, 10)
    assert waited.last is not None
    assert waited.last.state == NONE
    assert waited.missing == ("role is none, not primary",)
    assert waited.failure is eof


@pytest.mark.parametrize("code", [24, 45, 48, 17])
def test_what_passes_by_itself_is_waited_out(clock: Clock, code: int) -> None:
    reader = FakeReader([error.Error(code, "x"), NONE])
    assert wait(reader, Conditions(role="none"), 5, 10).missing == ()


@pytest.mark.parametrize("code", sorted(set(error.CODES) - {24, 45, 48, 17}))
def test_what_does_not_pass_by_itself_ends_the_wait_at_once(clock: Clock, code: int) -> None:
    failure = error.Error(code, "x")
    with pytest.raises(error.Error) as caught:
        wait(FakeReader([failure, NONE]), Conditions(role="none"), 5, 10)
    assert caught.value is failure
    assert clock.slept == []


def unanswered(failure: error.Failure | None, passing: bool) -> Unanswered:
    return Unanswered("it does not tell the role.", "wait", failure, passing)


@pytest.mark.parametrize(
    "problem",
    [
        unanswered(None, True),
        unanswered(error.refusal(error.ERR_BADSTATE, "start phase 0"), False),
        unanswered(error.EOF(), False),
    ],
)
def test_a_daemon_that_may_soon_tell_is_waited_for(clock: Clock, problem: Unanswered) -> None:
    assert wait(FakeReader([problem, NONE]), Conditions(role="none"), 5, 10).missing == ()
    waited = wait(FakeReader([problem]), Conditions(role="none"), 5, 10)
    assert waited.failure is problem


@pytest.mark.parametrize("failure", [None, error.refusal(error.ERR_ACCESS_DENIED, "not you")])
def test_a_daemon_that_will_not_tell_ends_the_wait_at_once(
    clock: Clock, failure: error.Failure | None
) -> None:
    problem = unanswered(failure, False)
    with pytest.raises(Unanswered) as caught:
        wait(FakeReader([problem, NONE]), Conditions(role="none"), 5, 10)
    assert caught.value is problem
    assert clock.slept == []


def test_a_read_takes_no_longer_than_is_left_but_a_second_at_least(clock: Clock) -> None:
    reader = FakeReader([NONE])
    wait(reader, Conditions(role="primary"), 5, 10)
    assert reader.timeouts[0] == 5
    assert reader.timeouts[-1] == waiting.LAST_READ == 1.0
    assert all(1 <= timeout <= 5 for timeout in reader.timeouts)
    assert any(1 < timeout < 5 for timeout in reader.timeouts)


def test_a_read_takes_no_longer_than_its_own_limit(clock: Clock) -> None:
    reader = FakeReader([NONE])
    wait(reader, Conditions(role="primary"), 0.5, 10)
    assert set(reader.timeouts) == {0.5}


@pytest.mark.parametrize(
    ("actual", "missing"),
    [
        (OF_P, []),
        (None, ["transaction id is unknown, not p/1000002.000003"]),
        (
            TransactionId("q", (1, 2, 3)),
            ["transaction id is q/1000002.000003, not p/1000002.000003"],
        ),
        (
            TransactionId(None, (1, 2, 3)),
            ["transaction id is -/1000002.000003, not p/1000002.000003"],
        ),
    ],
)
def test_a_transaction_id_that_differs_is_missing(
    actual: TransactionId | None, missing: Any
) -> None:
    assert waiting.unmet(Conditions(txid=OF_P), NONE, Database(2, actual)) == missing
