# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""RETURN of each module has exactly the keys that the module returns, over all that can happen."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from helpers import documentation, returned
from helpers.modules import run_module
from helpers.secrecy import run_discreetly
from helpers.stage import (
    NONE,
    OTHER,
    PRIMARY,
    RELAY_OF_WANTED,
    SECONDARY_OF_OTHER,
    SECONDARY_OF_WANTED,
    Stage,
)
from helpers.state_directory import StateDirectory, entry

Result = dict[str, Any]
Run = Callable[[Stage], Result]
#: A state for the nodes, and a run of a module there.
Situation = tuple[str, Run]


def status(**options: Any) -> Run:
    """Run ncs_ha_status."""
    return lambda stage: stage.status(**options)


def role(name: str, **options: Any) -> Run:
    """Run ncs_ha_role."""
    return lambda stage: stage.role(name, **options)


def dead(node_id: str, **options: Any) -> Run:
    """Run ncs_ha_secondary_dead."""
    return lambda stage: stage.dead(node_id, **options)


def read_only(flag: bool, **options: Any) -> Run:
    """Run ncs_ha_read_only."""
    return lambda stage: stage.read_only(flag, **options)


def start_phase(phase: int, *, check: bool = False, **options: Any) -> Run:
    """Run ncs_ha_start_phase."""

    def run(stage: Stage) -> Result:
        given = stage.without_ha_socket(phase=phase, **options)
        return run_discreetly("ncs_ha_start_phase", given, check=check)

    return run


def waiting_in_0(run: Run, *, fault: bool = False) -> Run:
    """Run a module on a node that waits in start phase 0, and answers late if that is the fault."""

    def waited(stage: Stage) -> Result:
        stage.subject.phase(0)
        if fault:
            stage.subject.fault("slow", seconds=600, place="start_phase")
        return run(stage)

    return waited


def new_directory(stage: Stage) -> StateDirectory:
    """Return a state directory in which an operation has begun and nodes were promoted before."""
    directory = stage.state_directory()
    directory.end(promotions=[entry(1), entry(2, txid=None)])
    directory.begin(process={"pid": 7})
    return directory


def in_operation(order: Callable[..., Result], **more: Any) -> Run:
    """Run a module as part of an operation."""
    return lambda stage: order(stage, operation=new_directory(stage).option(**more))


def with_directory(run: Callable[[StateDirectory], Result]) -> Run:
    """Run something on a state directory."""
    return lambda stage: run(new_directory(stage))


def announced(directory: StateDirectory) -> Result:
    """Confirm on a state directory that its node was announced."""
    directory.begin(steps=["announce n1"])
    return directory.confirm("n1", event="announce", epoch=2)


def status_after(prepare: Callable[[Stage, StateDirectory], object], **options: Any) -> Run:
    """Run ncs_ha_status on a state directory."""

    def looked(stage: Stage) -> Result:
        directory = new_directory(stage)
        prepare(stage, directory)
        return stage.status(state_dir=str(directory.path), **options)

    return looked


def logged(directory: StateDirectory) -> None:
    """Log an operation, and damage the log."""
    directory.end(log={"operation": "converge"})
    with (directory.path / "operations.jsonl").open("a") as log:
        log.write("{}}\n")


def unreachable(name: str, **options: Any) -> Run:
    """Run a module on an address where no node is."""
    return lambda stage: run_discreetly(
        name, {**stage.connection(**options), "ip": stage.simulation.address()}
    )


def install(**options: Any) -> Run:
    """Install the program that says whether a node is the primary."""

    def installed(stage: Stage) -> Result:
        path = stage.state_directory().path.with_name("ncs-ha-is-primary")
        params = {"path": str(path), "python": sys.executable, **options}
        return run_module("ncs_ha_is_primary", params)

    return installed


def fencing(run: Callable[[StateDirectory], Result]) -> Run:
    """Run something on a state directory whose operation has a host to fence."""

    def begun(stage: Stage) -> Result:
        directory = new_directory(stage)
        directory.begin(fence=["n3"])
        return run(directory)

    return begun


def unreachable_in_operation(name: str, **options: Any) -> Run:
    """Run a module as part of an operation, on an address where no node is."""
    return lambda stage: unreachable(name, operation=new_directory(stage).option(), **options)(
        stage
    )


def with_secondary(run: Run) -> Run:
    """Run a module after the other primary has become a secondary of the node."""

    def attached(stage: Stage) -> Result:
        stage.attach_other()
        return run(stage)

    return attached


def refused(run: Run) -> Run:
    """Run a module on a node that refuses the first order."""

    def after_all(stage: Stage) -> Result:
        stage.subject.refuse(18, "not now")
        return run(stage)

    return after_all


def mute(run: Run) -> Run:
    """Run a module on a node whose operational state tells nothing."""

    def after_all(stage: Stage) -> Result:
        stage.subject.fault("garbage", place="xpath_eval_expr")
        return run(stage)

    return after_all


WITHOUT: dict[str, Any] = {"look": ["operational_state"]}
NOT_MET: Result = {"wait_for": {"role": "relay"}, "wait_timeout": 0.2}
SITUATIONS: dict[str, dict[str, Situation]] = {
    "ncs_ha_status": {
        "none": (NONE, status()),
        "primary": (PRIMARY, with_secondary(status())),
        "secondary": (SECONDARY_OF_WANTED, status()),
        "relay": (RELAY_OF_WANTED, with_secondary(status())),
        "check mode": (SECONDARY_OF_WANTED, status(check=True)),
        "without the HA socket": (RELAY_OF_WANTED, with_secondary(status(**WITHOUT))),
        "unanswered": (NONE, mute(status(**WITHOUT))),
        "waited for": (PRIMARY, status(wait_for={"role": "primary"})),
        "not met": (NONE, status(**NOT_MET)),
        "unreachable": (NONE, unreachable("ncs_ha_status")),
        "never reached": (NONE, unreachable("ncs_ha_status", **NOT_MET)),
        "a wrong option": (NONE, status(timeout=-1)),
        "nothing kept": (NONE, lambda stage: stage.status(state_dir="/none")),
        "everything kept": (
            PRIMARY,
            status_after(
                lambda stage, kept: stage.read_only(True, operation=kept.option()),
            ),
        ),
        "another run is at work": (
            NONE,
            status_after(lambda _stage, kept: kept.lock(), run_id="b", step="observe"),
        ),
        "part of a run": (
            NONE,
            status_after(lambda _stage, kept: kept.lock(), run_id="a", step="observe"),
        ),
        "part of a run, unreachable": (
            NONE,
            unreachable("ncs_ha_status", run_id="a", step="observe"),
        ),
        "with the log": (NONE, status_after(lambda _stage, kept: logged(kept), operations=5)),
        "kept and damaged": (
            NONE,
            status_after(lambda _stage, kept: (kept.path / "lock.json").write_text("junk")),
        ),
        "a node that was announced": (
            NONE,
            status_after(lambda _stage, kept: announced(kept)),
        ),
    },
    "ncs_ha_role": {
        "nothing to do": (PRIMARY, with_secondary(role("primary"))),
        "primary": (NONE, role("primary")),
        "secondary": (NONE, role("secondary")),
        "relay, in check mode": (NONE, role("relay", check=True)),
        "from relay": (RELAY_OF_WANTED, with_secondary(role("primary"))),
        "to another": (SECONDARY_OF_OTHER, role("secondary", check=True)),
        "unanswered": (NONE, mute(role("none", check=True, **WITHOUT))),
        "started": (NONE, role("secondary", wait=False)),
        "forced": (PRIMARY, role("primary", force=True)),
        "refused": (NONE, refused(role("primary"))),
        "unreachable": (NONE, unreachable("ncs_ha_role", role="none")),
        "a wrong option": (NONE, role("primary", node_id="")),
        "in an operation": (
            NONE,
            in_operation(lambda stage, **more: stage.role("primary", **more), epoch=3),
        ),
        "in an operation, opened": (
            NONE,
            in_operation(lambda stage, **more: stage.role("primary", **more), lift=True),
        ),
        "in an operation, to none": (
            SECONDARY_OF_WANTED,
            in_operation(lambda stage, **more: stage.role("none", **more)),
        ),
        "in an operation, in check mode": (
            NONE,
            in_operation(lambda stage, **more: stage.role("primary", check=True, **more), epoch=3),
        ),
        "in an operation, dialled": (
            NONE,
            in_operation(lambda stage, **more: stage.role("secondary", check=True, **more)),
        ),
        "in an operation, dialled in vain": (
            NONE,
            in_operation(
                lambda stage, **more: stage.role(
                    "secondary", check=True, primary_ip=stage.simulation.address(), **more
                )
            ),
        ),
        "in another operation": (
            NONE,
            in_operation(lambda stage, **more: stage.role("primary", **more), run_id="b"),
        ),
        "a step that is not due": (
            NONE,
            in_operation(lambda stage, **more: stage.role("primary", **more), step="other"),
        ),
        "in an operation, unreachable": (
            NONE,
            unreachable_in_operation("ncs_ha_role", role="none"),
        ),
        "in an operation, a wrong option": (
            NONE,
            in_operation(lambda stage, **more: stage.role("primary", timeout=-1, **more)),
        ),
        "in an operation, refused": (
            NONE,
            refused(in_operation(lambda stage, **more: stage.role("primary", **more))),
        ),
    },
    "ncs_ha_secondary_dead": {
        "not there": (PRIMARY, dead("nobody")),
        "done": (PRIMARY, with_secondary(dead(OTHER))),
        "in check mode": (RELAY_OF_WANTED, with_secondary(dead(OTHER, check=True))),
        "unanswered": (NONE, mute(dead(OTHER, check=True, **WITHOUT))),
        "refused": (PRIMARY, with_secondary(refused(dead(OTHER)))),
        "unreachable": (NONE, unreachable("ncs_ha_secondary_dead", node_id=OTHER)),
        "in an operation": (
            PRIMARY,
            with_secondary(in_operation(lambda stage, **more: stage.dead(OTHER, **more))),
        ),
        "a step that is not due": (
            PRIMARY,
            with_secondary(
                in_operation(lambda stage, **more: stage.dead(OTHER, **more), step="other")
            ),
        ),
        "in an operation, unreachable": (
            NONE,
            unreachable_in_operation("ncs_ha_secondary_dead", node_id=OTHER),
        ),
        "in an operation, a wrong option": (
            NONE,
            in_operation(lambda stage, **more: stage.dead("", **more)),
        ),
    },
    "ncs_ha_read_only": {
        "set": (PRIMARY, read_only(True)),
        "lifted": (NONE, read_only(False)),
        "in check mode": (NONE, read_only(True, check=True)),
        "in an operation": (
            PRIMARY,
            in_operation(lambda stage, **more: stage.read_only(True, **more)),
        ),
        "in another operation": (
            PRIMARY,
            in_operation(lambda stage, **more: stage.read_only(True, **more), run_id="b"),
        ),
        "a step that is not due": (
            NONE,
            in_operation(lambda stage, **more: stage.read_only(True, **more), step="other"),
        ),
        "in an operation, unreachable": (
            NONE,
            unreachable_in_operation("ncs_ha_read_only", read_only=True),
        ),
        "in an operation, a wrong option": (
            NONE,
            in_operation(lambda stage, **more: stage.read_only(True, timeout=-1, **more)),
        ),
        "unreachable": (NONE, unreachable("ncs_ha_read_only", read_only=True)),
        "a wrong option": (NONE, read_only(True, timeout=-1)),
    },
    "ncs_ha_is_primary": {
        "installed": (NONE, install()),
        "a wrong option": (NONE, install(python="python3")),
    },
    "ncs_ha_start_phase": {
        "there already": (NONE, start_phase(1)),
        "in check mode": (NONE, waiting_in_0(start_phase(2, check=True))),
        "started": (NONE, waiting_in_0(start_phase(2))),
        "not answered": (
            NONE,
            waiting_in_0(start_phase(2, wait_timeout=0.2), fault=True),
        ),
        "a step that is not due": (
            NONE,
            waiting_in_0(
                in_operation(lambda stage, **more: start_phase(1, **more)(stage), step="other")
            ),
        ),
        "in an operation": (
            NONE,
            waiting_in_0(in_operation(lambda stage, **more: start_phase(1, **more)(stage))),
        ),
        "unreachable": (NONE, unreachable("ncs_ha_start_phase", phase=1)),
        "in an operation, unreachable": (
            NONE,
            unreachable_in_operation("ncs_ha_start_phase", phase=1),
        ),
        "a wrong option": (NONE, start_phase(1, wait_timeout=-1)),
    },
    "ncs_ha_operation": {
        "begun again": (NONE, with_directory(lambda kept: kept.begin())),
        "begun in check mode": (NONE, with_directory(lambda kept: kept.begin(check=True))),
        "begun with other steps": (
            NONE,
            with_directory(lambda kept: kept.begin(steps=["other"], fence=["n3"])),
        ),
        "confirmed": (NONE, fencing(lambda kept: kept.confirm("n3"))),
        "confirmed in check mode": (NONE, fencing(lambda kept: kept.confirm("n3", check=True))),
        "not to be confirmed": (NONE, fencing(lambda kept: kept.confirm("n4"))),
        "announced": (NONE, with_directory(announced)),
        "taken over": (NONE, with_directory(lambda kept: kept.begin("b", replace=["a"]))),
        "refused": (NONE, with_directory(lambda kept: kept.begin("b"))),
        "held": (NONE, with_directory(lambda kept: kept.hold(step="before promote"))),
        "not held": (NONE, with_directory(lambda kept: kept.hold("b", step="before promote"))),
        "ended": (NONE, with_directory(lambda kept: kept.end(log={"a": 1}))),
        "not the own lock": (NONE, with_directory(lambda kept: kept.end("b"))),
        "a wrong option": (NONE, with_directory(lambda kept: kept.begin(""))),
    },
}


@pytest.mark.parametrize("module", SITUATIONS)
def test_results_and_return_have_the_same_keys(stage: Stage, module: str) -> None:
    results: dict[str, Result] = {}
    for name, (start, run) in SITUATIONS[module].items():
        stage.put(start)
        results[name] = run(stage)
    fields = documentation.module(module)["return"]
    assert not returned.disagreements(list(results.values()), fields)
    assert not returned.strangers_in_samples(fields)
    # So that it is known to have been all kinds of results.
    failed = {name for name, result in results.items() if result.get("failed")}
    bad = {
        *("not met", "unreachable", "never reached", "a wrong option", "refused"),
        "another run is at work",
        "in another operation",
        "a step that is not due",
        "part of a run, unreachable",
        "in an operation, unreachable",
        "in an operation, a wrong option",
        "in an operation, refused",
        "not to be confirmed",
        "unanswered",
        "not answered",
        "not held",
    }
    assert failed == bad & set(results)


def test_every_module_is_looked_at() -> None:
    assert set(SITUATIONS) == set(documentation.MODULES) - set(documentation.ACTIONS)
