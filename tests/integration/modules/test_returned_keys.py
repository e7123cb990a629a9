# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""RETURN of each module has exactly the keys that the module returns, over all that can happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from helpers import documentation, returned
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


def unreachable(name: str, **options: Any) -> Run:
    """Run a module on an address where no node is."""
    return lambda stage: run_discreetly(
        name, {**stage.connection(**options), "ip": stage.simulation.address()}
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


NOT_MET: Result = {"wait_for": {"role": "relay"}, "wait_timeout": 0.2}
SITUATIONS: dict[str, dict[str, Situation]] = {
    "ncs_ha_status": {
        "none": (NONE, status()),
        "primary": (PRIMARY, with_secondary(status())),
        "secondary": (SECONDARY_OF_WANTED, status()),
        "relay": (RELAY_OF_WANTED, with_secondary(status())),
        "check mode": (SECONDARY_OF_WANTED, status(check=True)),
        "waited for": (PRIMARY, status(wait_for={"role": "primary"})),
        "not met": (NONE, status(**NOT_MET)),
        "unreachable": (NONE, unreachable("ncs_ha_status")),
        "never reached": (NONE, unreachable("ncs_ha_status", **NOT_MET)),
        "a wrong option": (NONE, status(timeout=-1)),
    },
    "ncs_ha_role": {
        "nothing to do": (PRIMARY, with_secondary(role("primary"))),
        "primary": (NONE, role("primary")),
        "secondary": (NONE, role("secondary")),
        "relay, in check mode": (NONE, role("relay", check=True)),
        "from relay": (RELAY_OF_WANTED, with_secondary(role("primary"))),
        "to another": (SECONDARY_OF_OTHER, role("secondary", check=True)),
        "started": (NONE, role("secondary", wait=False)),
        "forced": (PRIMARY, role("primary", force=True)),
        "refused": (NONE, refused(role("primary"))),
        "unreachable": (NONE, unreachable("ncs_ha_role", role="none")),
        "a wrong option": (NONE, role("primary", node_id="")),
    },
    "ncs_ha_secondary_dead": {
        "not there": (PRIMARY, dead("nobody")),
        "done": (PRIMARY, with_secondary(dead(OTHER))),
        "in check mode": (RELAY_OF_WANTED, with_secondary(dead(OTHER, check=True))),
        "refused": (PRIMARY, with_secondary(refused(dead(OTHER)))),
        "unreachable": (NONE, unreachable("ncs_ha_secondary_dead", node_id=OTHER)),
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
    bad = {"not met", "unreachable", "never reached", "a wrong option", "refused"}
    assert failed == bad & set(results)


def test_every_module_is_looked_at() -> None:
    assert set(SITUATIONS) == set(documentation.MODULES)
