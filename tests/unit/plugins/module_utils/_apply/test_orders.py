# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving orders one by one, and asking the node afterwards, on the same connection or a new one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._apply import orders
from ansible_collections.nso.ha.plugins.module_utils._apply.orders import give_all
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import Execution, NotGiven
from ansible_collections.nso.ha.plugins.module_utils._node.connection import Target
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import UnixEndpoint
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

BEFORE = HaState("none")
AFTER = HaState("primary")
TARGET = Target(UnixEndpoint("/run/nso"), "token", None, 5.0)


class FakeConnection:
    """A connection that tells a state, or fails."""

    def __init__(self, told: HaState | error.Failure) -> None:
        self.told = told

    def state(self) -> HaState:
        if isinstance(self.told, error.Failure):
            raise self.told
        return self.told


class Again:
    """The second connection, and whether it was made."""

    def __init__(self) -> None:
        self.connections = 0
        self.told: HaState | error.Failure = AFTER
        self.refused: list[error.Failure] = []

    @contextlib.contextmanager
    def __call__(self, target: Target) -> Iterator[FakeConnection]:
        assert target is TARGET
        self.connections += 1
        if self.refused:
            raise self.refused[0]
        yield FakeConnection(self.told)


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> Again:
    """Stand in for every new connection."""
    again = Again()
    monkeypatch.setattr(orders, "ha_connection", again)
    return again


class Giving:
    """Gives orders, of which one may fail."""

    def __init__(self, failures: Mapping[str, error.Failure] | None = None) -> None:
        self.failures = failures or {}
        self.given: list[str] = []

    def __call__(self, connection: Any, name: str) -> None:
        self.given.append(name)
        if name in self.failures:
            raise self.failures[name]


def always(_order: str) -> None:
    """Let every order be given."""


def whole_execution(
    told: HaState | error.Failure, names: tuple[str, ...], giving: Giving, **more: Any
) -> Execution:
    node: Any = FakeConnection(told)
    return give_all(TARGET, node, names, giving, more.get("before", always))


def execution(told: HaState | error.Failure, names: tuple[str, ...], giving: Giving) -> Any:
    """Return what came of the orders, without when."""
    return whole_execution(told, names, giving)[:4]


def after_sending(failure: error.Failure) -> error.Failure:
    failure.outcome_unknown = True
    return failure


def test_all_orders_are_given_and_the_state_read_on_the_same_connection(again: Again) -> None:
    giving = Giving()
    assert execution(AFTER, ("benone", "besecondary"), giving) == (
        ("benone", "besecondary"),
        None,
        AFTER,
        None,
    )
    assert giving.given == ["benone", "besecondary"]
    assert again.connections == 0


def test_after_a_refusal_no_more_orders_are_given_and_the_connection_is_good(again: Again) -> None:
    refusal = error.Error(error.ERR_HA_CONNECT, "x")
    giving = Giving({"besecondary": refusal})
    names = ("benone", "besecondary", "berelay")
    assert execution(BEFORE, names, giving) == (("benone", "besecondary"), refusal, BEFORE, None)
    assert giving.given == ["benone", "besecondary"]
    assert again.connections == 0


@pytest.mark.parametrize(
    "failure",
    [
        error.EOF(),
        error.Timeout("x"),
        after_sending(error.EOF()),
        after_sending(error.Timeout("x")),
        after_sending(error.Error(error.ERR_PROTOUSAGE, "malformed reply")),
    ],
    ids=lambda failure: f"{type(failure).__name__} {failure.outcome_unknown}",
)
def test_after_any_other_failure_the_state_is_read_on_a_new_connection(
    again: Again, failure: error.Failure
) -> None:
    unusable = error.Error(error.ERR_INTERNAL, "the broken connection was used")
    got = execution(unusable, ("beprimary",), Giving({"beprimary": failure}))
    assert got == (("beprimary",), failure, AFTER, None)
    assert again.connections == 1


@pytest.mark.parametrize("refused", [False, True])
def test_where_the_connection_was_lost_the_state_is_read_on_a_new_one(
    again: Again, refused: bool
) -> None:
    failures = {"beprimary": error.Error(error.ERR_BADSTATE, "x")} if refused else {}
    got = execution(error.EOF(), ("beprimary",), Giving(failures))
    assert got == (("beprimary",), failures.get("beprimary"), AFTER, None)
    assert again.connections == 1


def test_a_node_that_cannot_be_asked_has_no_state_and_a_problem(again: Again) -> None:
    problem = error.Error(error.ERR_OS, "connecting", "Connection refused")
    again.refused = [problem]
    failure = after_sending(error.EOF())
    got = execution(error.EOF(), ("beprimary",), Giving({"beprimary": failure}))
    assert got == (("beprimary",), failure, None, problem)


def test_a_node_that_does_not_answer_when_asked_again_has_no_state(again: Again) -> None:
    again.told = error.Timeout("x")
    assert execution(error.EOF(), ("beprimary",), Giving()) == (
        ("beprimary",),
        None,
        None,
        again.told,
    )


class Watch:
    """What is called before each order, and may stop at one."""

    def __init__(self, giving: Giving, stop_at: str = "") -> None:
        self.giving = giving
        self.stop_at = stop_at
        self.seen: list[tuple[str, int]] = []

    def __call__(self, order: str) -> None:
        self.seen.append((order, len(self.giving.given)))
        if order == self.stop_at:
            raise NotGiven(order, "the lock is gone.")


def test_something_can_be_done_right_before_each_order(again: Again) -> None:
    giving = Giving()
    watch = Watch(giving)
    done = whole_execution(AFTER, ("benone", "besecondary"), giving, before=watch)
    assert watch.seen == [("benone", 0), ("besecondary", 1)]
    assert done.stopped is None


@pytest.mark.parametrize(
    ("stop_at", "given"), [("benone", ()), ("besecondary", ("benone",)), ("x", ("benone",))]
)
def test_an_order_that_may_not_be_given_is_not_and_the_state_is_read(
    again: Again, stop_at: str, given: tuple[str, ...]
) -> None:
    giving = Giving()
    names = (*given, stop_at, "berelay")
    stopped = whole_execution(AFTER, names, giving, before=Watch(giving, stop_at))
    assert tuple(giving.given) == stopped.given == given
    assert stopped.failure is None
    assert stopped.after == AFTER
    assert stopped.stopped is not None
    assert (stopped.stopped.order, stopped.stopped.why) == (stop_at, "the lock is gone.")
    assert [timed.order for timed in stopped.times] == list(given)
    assert again.connections == 0


def test_the_times_of_all_orders_are_kept_of_the_failed_one_too(
    again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(10))
    monkeypatch.setattr(orders, "time", SimpleNamespace(time=lambda: float(next(ticks))))
    giving = Giving({"besecondary": error.Error(error.ERR_BADSTATE, "x")})
    names = ("benone", "besecondary", "berelay")
    assert whole_execution(AFTER, names, giving).times == (
        ("benone", 0.0, 1.0),
        ("besecondary", 2.0, 3.0),
    )
