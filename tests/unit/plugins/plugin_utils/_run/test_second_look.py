# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order without an answer: what counts is what the node says when its module asks again."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import PROMOTE, Step, wave
from ansible_collections.nso.ha.plugins.plugin_utils._run import progress, second_look
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import STEP
from helpers.cases import Result, decision, results, said

NONE, PRIMARY = HaState("none"), HaState("primary")
SECONDARY, RELAY = (HaState(role, Peer("id1", "10.0.0.1")) for role in ("secondary", "relay"))
LISTS = HaState("primary", None, (Peer("id1", "10.0.0.1"),))
OTHER_RELAY = HaState("relay", Peer("id9", "10.0.0.9"))


def late(
    order: str, before: HaState, after: HaState | None, error: str = "TIMEOUT", **more: object
) -> Result:
    """Return what a module returns of an order that was not answered."""
    return {
        "failed": True,
        "outcome": "unknown",
        "msg": "no answer",
        "transitions": [order],
        "before": before.as_result(),
        "after": after.as_result() if after else None,
        "error": {"name": error},
        **more,
    }


def to(role: str) -> Step:
    return Step("n2", role, "n1", ("x",), "because", name="promote", upstream_id="id1")


@pytest.mark.parametrize(
    ("role", "order", "before", "after", "error"),
    [
        ("primary", "beprimary", NONE, PRIMARY, "TIMEOUT"),
        ("primary", "beprimary", SECONDARY, PRIMARY, "EOF"),
        ("none", "benone", PRIMARY, NONE, "TIMEOUT"),
        ("relay", "berelay", SECONDARY, RELAY, "EOF"),
        ("", "secondary_dead", LISTS, PRIMARY, "TIMEOUT"),
    ],
)
def test_a_step_whose_effect_the_node_states_itself_is_done(
    role: str, order: str, before: HaState, after: HaState, error: str
) -> None:
    note = second_look.note(to(role), late(order, before, after, error))
    assert note.startswith(f"did not answer the order {order} in time")


@pytest.mark.parametrize(
    ("role", "result"),
    [
        # It is not so, or nothing is known of it.
        ("primary", late("beprimary", NONE, NONE)),
        ("primary", late("beprimary", NONE, None)),
        # It was so before, so the order may still be to come.
        ("primary", late("beprimary", PRIMARY, PRIMARY)),
        ("none", late("benone", NONE, NONE)),
        ("", late("secondary_dead", PRIMARY, PRIMARY)),
        # A copy may not be in place yet.
        ("secondary", late("besecondary", NONE, SECONDARY)),
        # Another order of the step was the last one.
        ("relay", late("besecondary", NONE, RELAY)),
        ("relay", late("berelay", SECONDARY, OTHER_RELAY)),
        ("secondary", late("benone", RELAY, NONE)),
        # A daemon that restarts is none, too, and not held any more.
        ("none", late("benone", PRIMARY, NONE, error="EOF")),
        # Its module said otherwise.
        ("primary", late("beprimary", NONE, PRIMARY, outcome="failed")),
        ("primary", late("beprimary", NONE, PRIMARY, transitions=[])),
    ],
)
def test_anything_less_leaves_it_open(role: str, result: Result) -> None:
    assert not second_look.note(to(role), result)


@pytest.mark.parametrize(
    ("run_id", "step", "outcome"),
    [("run", "promote", "done"), ("earlier", "promote", "unknown"), ("run", "hold", "unknown")],
)
def test_only_the_module_of_the_step_in_this_run_is_believed(
    run_id: str, step: str, outcome: str
) -> None:
    promote = wave(PROMOTE, (to("primary"),))
    returned = said(step, run_id, **late("beprimary", NONE, PRIMARY))
    judged = progress.after_wave(decision(promote), promote, results({STEP: {"n2": returned}}), 1.0)
    assert [taken.outcome for taken in judged.progress.steps] == [outcome]
    assert judged.progress.refused is (outcome != "done")
