# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of an operation: each is taken once, while it is due, and its result says whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from helpers.running import RunningModule
from helpers.stage import NONE, OTHER, PRIMARY, Stage
from helpers.state_directory import NODE_ID, STEPS, StateDirectory, entry
from helpers.until import until

Result = dict[str, Any]
FIRST, SECOND, THIRD = STEPS
#: What tells whose result it is, for the first step of run a.
OF_FIRST = {"run_id": "a", "step": FIRST}


class Order(NamedTuple):
    """A module that gives an order.

    prepare: brings the nodes to where the order is needed, also once it has been given
    run:     runs the module with these options, in check mode or not
    """

    prepare: Callable[[Stage], None]
    run: Callable[..., Result]


def none(stage: Stage) -> None:
    """Let the node be none."""
    stage.put(NONE)


def with_secondary(stage: Stage) -> None:
    """Let the node be primary, with a secondary."""
    stage.put(PRIMARY)
    stage.attach_other()


ORDERS = {
    "role": Order(none, lambda stage, **options: stage.role("primary", **options)),
    "relay": Order(none, lambda stage, **options: stage.role("relay", **options)),
    "secondary_dead": Order(with_secondary, lambda stage, **options: stage.dead(OTHER, **options)),
    "read_only": Order(none, lambda stage, **options: stage.read_only(True, **options)),
}
EVERY_ORDER = pytest.mark.parametrize("name", ORDERS)


def said(result: Result) -> dict[str, Any]:
    """Return what a result says of whose it is."""
    return {key: result[key] for key in ("run_id", "step") if key in result}


def steps(directory: StateDirectory) -> list[str]:
    """Return the steps that are due."""
    held = directory.lock()
    assert held is not None
    found: list[str] = held["steps"]
    return found


# Once


@EVERY_ORDER
def test_a_step_is_taken_once(stage: Stage, directory: StateDirectory, name: str) -> None:
    order = ORDERS[name]
    order.prepare(stage)
    directory.begin()
    done = order.run(stage, operation=directory.option())
    assert (done["outcome"], done["changed"], said(done)) == ("done", True, OF_FIRST)
    assert steps(directory) == [SECOND, THIRD]

    order.prepare(stage)
    before, kept = stage.snapshot(), directory.contents()
    again = order.run(stage, operation=directory.option())
    assert again["failed"] is True
    assert f"the step '{FIRST}' is not due on this node: it has been taken" in again["msg"]
    assert f"steps that are still due: {SECOND}, {THIRD}" in again["msg"]
    assert (again["outcome"], again["changed"], said(again)) == ("failed", False, OF_FIRST)
    assert again["times"] == []
    assert stage.snapshot() == before
    assert directory.contents() == kept

    # What remains is still due.
    assert order.run(stage, operation=directory.option(step=SECOND))["outcome"] == "done"
    assert steps(directory) == [THIRD]


def test_a_node_that_is_as_wanted_needs_no_step(stage: Stage, directory: StateDirectory) -> None:
    stage.put(PRIMARY)
    directory.begin(steps=[])
    kept = directory.contents()
    for check in (False, True):
        result = stage.role("primary", operation=directory.option(), check=check)
        assert (result["changed"], result["outcome"], said(result)) == (False, "done", OF_FIRST)
    assert directory.contents() == kept


@EVERY_ORDER
def test_check_mode_takes_no_step(stage: Stage, directory: StateDirectory, name: str) -> None:
    order = ORDERS[name]
    order.prepare(stage)
    directory.begin()
    kept = directory.contents()
    foreseen = order.run(stage, operation=directory.option(), check=True)
    assert (foreseen["outcome"], foreseen["changed"], said(foreseen)) == ("done", True, OF_FIRST)
    assert directory.contents() == kept


def test_a_step_that_is_refused_by_the_node_is_taken(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    directory.begin()
    stage.subject.refuse(18, "not now")
    refused = stage.role("primary", operation=directory.option())
    assert (refused["outcome"], said(refused)) == ("failed", OF_FIRST)
    assert steps(directory) == [SECOND, THIRD]


# Withdrawn


@EVERY_ORDER
def test_a_step_that_was_struck_off_first_gets_no_order(
    stage: Stage, directory: StateDirectory, name: str
) -> None:
    order = ORDERS[name]
    order.prepare(stage)
    directory.begin()
    renewed = directory.begin(steps=[SECOND])
    assert renewed["struck"] == [FIRST, THIRD]
    assert renewed["changed"] is False
    before, kept = stage.snapshot(), directory.contents()
    result = order.run(stage, operation=directory.option())
    assert result["failed"] is True
    assert "or the run has withdrawn it" in result["msg"]
    assert (result["outcome"], result["changed"], said(result)) == ("failed", False, OF_FIRST)
    assert stage.snapshot() == before
    assert directory.contents() == kept


def test_what_check_mode_would_strike_off_stays_due(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    directory.begin()
    kept = directory.contents()
    foreseen = directory.begin(steps=[SECOND], check=True)
    assert foreseen["struck"] == [FIRST, THIRD]
    assert directory.contents() == kept
    assert stage.role("primary", operation=directory.option())["outcome"] == "done"


# While an order waits for its answer


@contextmanager
def waiting_for_its_answer(stage: Stage, directory: StateDirectory) -> Iterator[RunningModule]:
    """A module of run a that has given the order of its first step, which is answered late."""
    stage.put(NONE)
    directory.begin()
    stage.subject.fault("slow", seconds=600, place="beprimary")
    options = stage.role_options("primary", timeout=100, operation=directory.option())
    with RunningModule("ncs_ha_role", options) as running:
        until(lambda: "beprimary" in stage.subject.waiting(), what="the order, without answer")
        yield running


def operation(directory: StateDirectory, **options: Any) -> dict[str, Any]:
    """Return the options of ncs_ha_operation."""
    return {"state_dir": str(directory.path), "node_id": NODE_ID, **options}


def test_nobody_strikes_a_step_off_or_takes_over_while_its_order_waits_for_an_answer(
    stage: Stage, directory: StateDirectory
) -> None:
    begun: dict[str, Any] = {"state": "begun", "name": "switchover", "owner": "somebody"}
    tries: dict[str, dict[str, Any]] = {
        "withdraw": {**begun, "run_id": "a", "steps": []},
        "take over": {**begun, "run_id": "b", "replace": ["a"]},
        "confirm": {"state": "confirmed", "run_id": "a", "host": "n3"},
        "end": {"state": "ended", "run_id": "a"},
    }
    with waiting_for_its_answer(stage, directory) as running, ExitStack() as stack:
        kept = directory.contents()
        assert steps(directory) == [SECOND, THIRD]
        # All at once, as each of them is patient.
        modules = {
            name: stack.enter_context(
                RunningModule("ncs_ha_operation", operation(directory, **options))
            )
            for name, options in tries.items()
        }
        # Meanwhile a run that may not begin is told at once, and a look does not disturb.
        assert "nso_ha_break_lock=a" in directory.begin("b")["msg"]
        looked = stage.status(state_dir=str(directory.path), run_id="b")
        assert looked["locked"] is True
        assert looked["state_directory"]["lock"]["steps"] == [SECOND, THIRD]

        for name, module in modules.items():
            result = module.result()
            assert result["failed"] is True, name
            assert "another process has held it" in result["msg"], name
            assert result["lock"]["run_id"] == "a", name
        assert running.runs
        assert directory.contents() == kept

        stage.subject.clear()
        done = running.result()
    assert (done["outcome"], said(done)) == ("done", OF_FIRST)
    # The step was taken, so it is none of those that were withdrawn.
    assert directory.begin(steps=[])["struck"] == [SECOND, THIRD]


def test_a_step_whose_module_was_killed_does_not_pass_for_withdrawn(
    stage: Stage, directory: StateDirectory
) -> None:
    with waiting_for_its_answer(stage, directory):
        pass
    renewed = directory.begin(steps=[])
    assert renewed["struck"] == [SECOND, THIRD], "its order may have been given"
    assert stage.own_view()["role"] == PRIMARY


# Failures say whose they are


class Failure(NamedTuple):
    """A way to fail.

    begin:   prepares the state directory
    options: of the module, beside `operation`
    option:  of `operation`
    """

    begin: Callable[[StateDirectory], object] = StateDirectory.begin
    options: Callable[[Stage], dict[str, Any]] = lambda _stage: {}
    option: Mapping[str, Any] = MappingProxyType({})


def damage(directory: StateDirectory) -> None:
    """Let nobody know whose lock it is."""
    directory.begin()
    (directory.path / "lock.json").write_text("{}")


def expire(directory: StateDirectory) -> None:
    """Let the lock be over."""
    directory.begin()
    directory.expire()


FAILURES = {
    "nobody listens": Failure(options=lambda stage: {"ip": stage.simulation.address()}),
    "no such host": Failure(options=lambda _stage: {"ip": "a..b"}),
    "no such path": Failure(options=lambda _stage: {"path": "/none/ipc", "ip": None}),
    "bad timeout": Failure(options=lambda _stage: {"timeout": -1}),
    "empty token": Failure(options=lambda _stage: {"token": ""}),
    "no access file": Failure(options=lambda _stage: {"access_file": "/none"}),
    "relative directory": Failure(option={"state_dir": "var/nso-ha"}),
    "long directory": Failure(option={"state_dir": "/" + "x" * 5000}),
    "no lock": Failure(begin=lambda _directory: None),
    "lock of another run": Failure(begin=lambda directory: directory.begin("b")),
    "lock that is over": Failure(begin=expire),
    "damaged lock": Failure(begin=damage),
    "not due": Failure(begin=lambda directory: directory.begin(steps=[SECOND])),
}


@pytest.mark.parametrize("failure", FAILURES)
@EVERY_ORDER
def test_a_step_that_fails_before_its_order_says_whose_it_is_and_that_it_failed(
    stage: Stage, directory: StateDirectory, name: str, failure: str
) -> None:
    if (name, failure) == ("read_only", "empty token"):
        pytest.skip("that module uses no token")
    order, way = ORDERS[name], FAILURES[failure]
    order.prepare(stage)
    way.begin(directory)
    before = stage.snapshot()
    option = {**directory.option(), **way.option}
    result = order.run(stage, operation=option, **way.options(stage))
    assert result["failed"] is True
    assert result["outcome"] == "failed"
    assert not result.get("changed")
    assert said(result) == OF_FIRST
    assert stage.snapshot() == before


@pytest.mark.parametrize("name", ["role", "relay"])
def test_options_that_only_a_role_has_fail_a_step_as_well(
    stage: Stage, directory: StateDirectory, name: str
) -> None:
    stage.put(NONE)
    for more in ({"node_id": ""}, {"wait_timeout": 0}):
        result = ORDERS[name].run(stage, operation=directory.option(), **more)
        assert (result["failed"], result["outcome"], said(result)) == (True, "failed", OF_FIRST)
    option = directory.option(promotions=[entry(0)])
    result = ORDERS[name].run(stage, operation=option)
    assert (result["failed"], result["outcome"], said(result)) == (True, "failed", OF_FIRST)


def test_a_daemon_that_takes_no_orders_yet_fails_a_step(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    directory.begin()
    stage.subject.phase(0)
    result = stage.role("primary", operation=directory.option())
    assert "start phase 0" in result["msg"]
    assert (result["outcome"], said(result)) == ("failed", OF_FIRST)
    assert steps(directory) == list(STEPS), "a step without an order was taken"


def test_an_order_without_an_answer_says_whose_step_it_was(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    directory.begin()
    stage.subject.fault("close", count=0, place="beprimary")
    result = stage.role("primary", operation=directory.option())
    assert (result["failed"], result["outcome"], said(result)) == (True, "unknown", OF_FIRST)
    assert steps(directory) == [SECOND, THIRD]


@EVERY_ORDER
def test_without_an_operation_nothing_is_said_of_one(stage: Stage, name: str) -> None:
    order = ORDERS[name]
    order.prepare(stage)
    assert said(order.run(stage)) == {}
    failed = order.run(stage, timeout=-1)
    assert said(failed) == {}
    assert "outcome" not in failed


@EVERY_ORDER
def test_an_operation_has_to_name_its_step(
    stage: Stage, directory: StateDirectory, name: str
) -> None:
    option = {key: value for key, value in directory.option().items() if key != "step"}
    result = ORDERS[name].run(stage, operation=option)
    assert result["failed"] is True
    assert "missing required arguments: step found in operation" in result["msg"]
    result = ORDERS[name].run(stage, operation=directory.option(step=""))
    assert "operation.step is empty" in result["msg"]
