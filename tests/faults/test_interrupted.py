# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play that is stopped at any call of a module is finished by running it again; writes go on.

The calls are those that the play makes when nobody stops it. A switchover is stopped before the
first that changes something, and after each that does; the others take and give back the lock as it
does, and are stopped after each order, and when one node has given the lock back. Where a play is
stopped while a module runs, the module ends by itself, and the node is as after the call.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers.clusters import ALL_MAY_GO, assert_whole, order, roles
from helpers.left_behind import assert_led_by, assert_nothing_left, links, state_directory
from helpers.load import CLEAN, Load
from helpers.playbooks import Run, edit
from helpers.state_on_nodes import give_history
from helpers.stopping import (
    AFTER,
    DURING,
    By,
    Call,
    Play,
    Point,
    Stopped,
    points,
    points_of_orders,
)
from helpers.until import until
from ncs_sim.cluster import Cluster

pytestmark = pytest.mark.timeout(900)

#: Every point at which a play can be stopped, or some of each kind, which takes a few minutes. The
#: model in tests/unit/plugins/plugin_utils is stopped at every one in any case.
EVERY = bool(os.environ.get("EVERY"))

#: A reason for a daemon not to become primary: HA_BIND.
REFUSAL = 30

#: The exit statuses of ansible-playbook.
STATUS = {By.CRASH: {-9}, By.KILL: {-9}, By.CTRL_C: {99}, By.TERM: {-15}}


class Case(NamedTuple):
    """A play, with the cluster as it has to be before it, and what has to hold once it is done."""

    play: Play
    holds: Callable[[], None]


#: Each of them changes the cluster back, or puts it into another state from which to start.
Cases = Iterator[Case]


@pytest.fixture
def load(cluster: Cluster, tmp_path: Path) -> Iterator[Load]:
    with Load(cluster.directory, tmp_path / "history", rate=10, settle=30) as load:
        load.until_acknowledged(3, by="n1")
        yield load


def primary_of(cluster: Cluster) -> str:
    (found,) = [name for name, role in roles(cluster).items() if role == "primary"]
    return found


def assert_good(run: Run) -> None:
    assert run.status == 0, run.output
    assert run.report["outcome"] == "done", run.text


def assert_all_are_steps(run: Run, calls: Sequence[Call]) -> None:
    """What the report says was done is what the play can be stopped at, between lock and end."""
    told = [(host, wave) for wave, host in run.waves() if wave != "catch_up"]
    assert [(call.host, call.name.split()[1]) for call in calls if call.orders] == told
    changes = [call for call in calls if call.changes]
    assert not changes[0].orders
    assert not changes[-1].orders


def assert_running_again_finishes(cluster: Cluster, case: Case) -> None:
    assert_good(case.play.run())
    case.holds()
    assert_nothing_left(cluster)


def assert_nothing_to_do(case: Case) -> None:
    """The same play, run once more, changes nothing."""
    third = case.play.run()
    assert_good(third)
    assert not third.changed
    assert not third.report["changed"]


def interrupt(cluster: Cluster, case: Case, point: Point) -> None:
    """Kill a play at a point, and let the same play, run again, finish it."""
    print(f"{case.play.playbook}: {point}")
    stopped(case, point)
    assert_running_again_finishes(cluster, case)


def stopped(
    case: Case, point: Point, by: By = By.CRASH, *, release: bool = True, forks: int = 1
) -> Stopped:
    """Stop a play at a point."""
    found = case.play.stopped(point, by, release=release, forks=forks)
    assert found.status in STATUS[by]
    # Who is killed cannot tidy up.
    assert by is By.CRASH or not release or not found.left
    return found


def interrupt_each(cluster: Cluster, cases: Cases, where: Sequence[Point]) -> None:
    """Kill a play at each of these points in turn. Once it is finished, nothing is left to do.

    That nothing is left is looked for each time; that nothing is done, once afterwards.
    """
    assert where
    for point in where:
        case = next(cases)
        interrupt(cluster, case, point)
    assert_nothing_to_do(case)


def some(where: Sequence[Point], count: int) -> list[Point]:
    """Return so many of the points, spread evenly, or all of them."""
    if EVERY or len(where) <= count:
        return list(where)
    step = len(where) / count
    return [where[int((number + 0.5) * step)] for number in range(count)]


def recorded(cluster: Cluster, case: Case) -> list[Call]:
    """Run a play that nobody stops; return its calls."""
    run, calls = case.play.recorded()
    assert_good(run)
    assert_all_are_steps(run, calls)
    case.holds()
    assert_nothing_left(cluster)
    return calls


def call_for(calls: Sequence[Call], wave: str) -> Call:
    """The first call for a wave."""
    return next(call for call in calls if call.changes and call.name.endswith(f" {wave}"))


def assert_clean(cluster: Cluster, load: Load) -> None:
    """End the load: nothing was lost, and there were never two primaries."""
    primary = primary_of(cluster)
    load.until_acknowledged(3, by=primary)
    judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(cluster, primary)


def switchovers(cluster: Cluster, directory: Path, *, named: bool = True) -> Cases:
    """There and back, to a node that is named or that is chosen."""
    while True:
        old = primary_of(cluster)
        new = "n2" if old == "n1" else "n1"
        variables = {"nso_ha_candidate": new} if named else {}

        def holds(old: str = old, new: str = new) -> None:
            primary = new if named else primary_of(cluster)
            assert primary != old
            assert_led_by(cluster, primary)

        play = Play(directory, "nso.ha.switchover", cluster.inventory, variables)
        yield Case(play, holds)


def test_a_switchover_that_is_killed_at_any_call_is_finished_by_running_it_again(
    cluster: Cluster, load: Load, tmp_path: Path
) -> None:
    cases = switchovers(cluster, tmp_path)
    calls = recorded(cluster, next(cases))
    interrupt_each(cluster, cases, some(points(calls), 3))
    assert_clean(cluster, load)


def test_a_switchover_to_any_node_is_finished_however_it_ended_when_nobody_is_primary(
    cluster: Cluster, load: Load, tmp_path: Path
) -> None:
    cases = switchovers(cluster, tmp_path, named=False)
    call = call_for(recorded(cluster, next(cases)), "hand_over")
    for number, by in enumerate(By):
        case = next(cases)
        stopped(case, Point(call, DURING if number % 2 else AFTER), by)
        assert "primary" not in roles(cluster).values()
        assert_running_again_finishes(cluster, case)
    assert_clean(cluster, load)


def test_a_play_that_is_stopped_while_several_nodes_are_told_is_finished_by_running_it_again(
    cluster: Cluster, load: Load, tmp_path: Path
) -> None:
    cases = switchovers(cluster, tmp_path)
    call = call_for(recorded(cluster, next(cases)), "secondaries")
    for by in (By.KILL, By.CTRL_C):
        case = next(cases)
        stopped(case, Point(call, DURING), by, forks=5)
        assert_running_again_finishes(cluster, case)
    assert_clean(cluster, load)


def test_a_module_that_is_late_gives_no_order_once_another_run_has_the_lock(
    cluster: Cluster, load: Load, tmp_path: Path
) -> None:
    cases = switchovers(cluster, tmp_path)
    point = Point(call_for(recorded(cluster, next(cases)), "promote"), DURING)
    late = stopped(next(cases), point, By.KILL, release=False)
    assert "primary" not in roles(cluster).values()
    # Not to n1, on which the module waits.
    other = Play(tmp_path, "nso.ha.switchover", cluster.inventory, {"nso_ha_candidate": "n3"})
    assert_good(other.run())
    assert_led_by(cluster, "n3")
    late.release()
    assert_led_by(cluster, "n3")
    assert_nothing_left(cluster)
    assert_clean(cluster, load)


def bring_ups(cluster: Cluster, directory: Path) -> Cases:
    """From nodes that are none, each with data of its own and no record, to a relay and a chain."""
    relayed = {"n2": {"nso_ha_role": "relay"}, "n3": {"nso_ha_upstream": "n2"}}
    inventory = edit(cluster.inventory, relayed)

    def holds() -> None:
        assert links(cluster) == {
            "n1": ("primary", "", ["n2"]),
            "n2": ("relay", "n1", ["n3"]),
            "n3": ("secondary", "n2", []),
        }

    while True:
        for name in ("n3", "n2", "n1"):
            order(cluster, name, "none")
            cluster.node(name).write("made by", name)
            shutil.rmtree(state_directory(cluster.node(name)), ignore_errors=True)
        yield Case(Play(directory, "nso.ha.converge", inventory, ALL_MAY_GO), holds)


def test_a_converge_of_new_nodes_is_finished_by_running_it_again(
    cluster: Cluster, load: Load, tmp_path: Path
) -> None:
    cases = bring_ups(cluster, tmp_path)
    calls = recorded(cluster, next(cases))
    interrupt_each(cluster, cases, some(points_of_orders(calls), 1))
    load.until_acknowledged(3, by="n1")
    judged = load.finish()
    assert judged.status == CLEAN, judged.text


def losses(cluster: Cluster, directory: Path) -> Iterator[tuple[Case, Callable[[], Case]]]:
    """A primary that is killed, and the same node when it has come back.

    That the first one was the primary is on record, as else the silent node may have newer data.
    """
    give_history(cluster, "n1")
    while True:
        old = primary_of(cluster)
        cluster.node(old).kill()
        until(lambda: set(roles(cluster).values()) == {"none"}, what="the loss of the primary")

        def replaced() -> None:
            assert_led_by(cluster, primary_of(cluster))

        def back(old: str = old) -> Case:
            cluster.node(old).start()
            # It may have begun a write that nobody else has got, so the operator agrees.
            agreed = {"nso_ha_allow_overwrite": [old]}
            return Case(Play(directory, "nso.ha.rejoin", cluster.inventory, agreed), replaced)

        yield Case(Play(directory, "nso.ha.failover", cluster.inventory, {}), replaced), back


def test_a_failover_and_a_rejoin_are_finished_by_running_them_again(
    cluster: Cluster, load: Load, tmp_path: Path
) -> None:
    cases = losses(cluster, tmp_path)
    failover, back = next(cases)
    lost = some(points_of_orders(recorded(cluster, failover)), 1)
    returned = some(points_of_orders(recorded(cluster, back())), 1)
    for point, other in itertools.zip_longest(lost, returned):
        failover, back = next(cases)
        if point:
            interrupt(cluster, failover, point)
        else:
            assert_good(failover.play.run())
        if other:
            interrupt(cluster, back(), other)
        else:
            assert_good(back().play.run())
    assert_clean(cluster, load)


def roll_backs(cluster: Cluster, directory: Path) -> Cases:
    """A switchover to a node that refuses once to become primary, and does not the next time.

    Nobody names that node, so the next run may go there or finish the way back.
    """

    def holds() -> None:
        assert_led_by(cluster, primary_of(cluster))

    while True:
        # Of equals it is the first by name.
        new = "n2" if primary_of(cluster) == "n1" else "n1"
        cluster.node(new).refuse(REFUSAL)
        yield Case(Play(directory, "nso.ha.switchover", cluster.inventory, {}), holds)


def test_a_switchover_that_is_rolled_back_is_finished_by_running_it_again(
    cluster: Cluster, load: Load, tmp_path: Path
) -> None:
    cases = roll_backs(cluster, tmp_path)
    run, calls = next(cases).play.recorded()
    assert run.report["outcome"] == "rolled_back", run.text
    assert_all_are_steps(run, calls)
    assert_led_by(cluster, "n1")
    assert_nothing_left(cluster)
    # Before the refusal it is like any other switchover.
    refused = call_for(calls, "promote")
    back = [point for point in points_of_orders(calls) if point.call.number >= refused.number]
    for point in some(back, 1):
        interrupt(cluster, next(cases), point)
    assert_clean(cluster, load)
