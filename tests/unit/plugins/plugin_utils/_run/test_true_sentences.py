# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report says what is so at the end, and nothing that nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store.lock import FENCE
from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import FAILED, Verdict
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._plan.operations import Scene
from ansible_collections.nso.ha.plugins.plugin_utils._run import planning, report, write_gap
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import OBSERVATION
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import StepResult
from ansible_collections.nso.ha.plugins.plugin_utils._run.stored import Stored
from helpers import cases
from helpers.cases import N1, N2, N3, OLD, answer, history, known, member, promotion, said, status
from helpers.cluster_model import Cluster
from helpers.cluster_play import Play
from helpers.plans import whole

MEMBERS = [N1, N2, N3]


def run(
    cluster: Cluster,
    operation: str,
    before: Callable[[str], object] = lambda _change: None,
    **more: Any,
) -> dict[str, Any]:
    """Return the report of a run of an operation on n1, n2 and n3."""
    play = Play(MEMBERS, cluster, operation, before=before, **more)
    play.run()
    return play.report


def text(told: dict[str, Any]) -> str:
    return " ".join(line.strip() for line in told["table"])


def torn() -> Cluster:
    """Return a cluster whose former primary has writes that the new one lacks."""
    cluster = whole()
    cluster.nodes["n1"].reachable = False
    cluster.notice()
    run(cluster, "failover", override="fenced,still_seen")
    cluster.nodes["n1"].reachable = True
    cluster.write("n1", "nobody else has it")
    return cluster


# What is so at the end


def test_a_new_primary_that_is_dead_by_the_end_is_not_primary_and_has_ended_no_gap() -> None:
    cluster = whole()

    def die(change: str) -> None:
        if change == "read_only False n1":
            cluster.nodes["n2"].reachable = False

    told = run(cluster, "switchover", die)
    assert told["outcome"] == "incomplete"
    assert told["primary"] == {"before": "n1", "after": ""}
    assert told["write_gap"] == {"seconds": None, "means": "not known"}
    assert "accepted writes" not in text(told)
    (node,) = [node for node in told["nodes"] if node["host"] == "n2"]
    assert (node["role"], node["silent"]) == (None, "no answer")
    assert "healthy" not in text(told)


def test_a_silent_former_primary_is_looked_at_again() -> None:
    cluster = whole()
    cluster.nodes["n1"].reachable = False
    cluster.notice()

    def wake(change: str) -> None:
        if change == "besecondary n3":
            cluster.nodes["n1"].reachable = True

    told = run(cluster, "failover", wake, override="fenced,still_seen")
    assert told["outcome"] == "two_primaries"
    assert "TWO PRIMARIES: n1 and n2" in told["table"][1]


# Gaps


def taken(wave: str, host: str, start: float, end: float, finished: float) -> StepResult:
    given = ("read_only", "benone") if wave == "hand_over" else ("x",)
    times: dict[str, Any] = {"start": start, "end": end, "finished": finished}
    return StepResult(wave, wave, host, given, given, "because", "done", **times)


def gap(*steps: StepResult, started: float) -> dict[str, Any]:
    return write_gap.write_gap(cases.decision(steps=steps, started=started), "n2")


def test_a_gap_whose_beginning_the_controller_does_not_know_is_not_counted_from_1970() -> None:
    now = 1_795_804_468.0
    steps = taken("hand_over", "n1", 9e9, 9e9, now), taken("promote", "n2", 1.0, 2.0, now)
    assert gap(*steps, started=0.0) == {"seconds": None, "means": "not known"}


def test_a_gap_that_would_be_negative_is_not_known() -> None:
    steps = taken("hand_over", "n1", 9.0, 9.1, 50.0), taken("promote", "n2", 1.0, 2.0, 50.0)
    assert gap(*steps, started=60.0) == {"seconds": None, "means": "not known"}


def test_clocks_by_which_the_promotion_comes_before_the_hand_over_are_not_believed() -> None:
    # The whole of it would be shorter than its parts.
    steps = taken("hand_over", "n1", 101.0, 102.0, 103.0), taken("promote", "n2", 101.5, 102.1, 104)
    assert gap(*steps, started=100.0) == {"seconds": 4.0, "means": "at most"}


# What broke off


def scene(*promotions: Any) -> Scene:
    """Return n2 as primary that nobody follows yet, after a switchover of run r2 broke off."""
    members = [member(1, "member"), member(2, "member"), member(3, "member")]
    observed = {"n1": answer("none"), "n2": answer("primary"), "n3": answer("none")}
    return Scene(members, observed, history(*promotions), {"switchover": "r2"})


def test_a_switchover_that_had_made_its_primary_was_not_bringing_one_back() -> None:
    by_r2 = promotion(2, "id2", OLD, 5, "switchover", run_id="r2")
    goal = operations.goal("switchover", scene(promotion(1, "id1", None, 4), by_r2), "n3")
    assert goal.undoes == (
        "a switchover that broke off has made n2 primary, and has to be finished before n3 can "
        "take over"
    )


def test_a_switchover_that_was_bringing_the_former_primary_back_is_told_as_that() -> None:
    goal = operations.goal(
        "switchover",
        scene(
            promotion(1, "id2", None, 4),
            promotion(2, "id1", OLD, 5, "switchover", run_id="r2"),
            promotion(3, "id2", OLD, 6, "switchover", run_id="r2"),
        ),
        "n3",
    )
    assert goal.undoes.startswith("a switchover that broke off was bringing n2 back as primary,")


# State directories


@pytest.mark.parametrize("dry", [True, False])
def test_a_damaged_directory_gets_no_more_than_the_promotion_history(dry: bool) -> None:
    about = known((N1, N2), {"n1": {"ha": status(answer("primary"))}}, dry=dry)
    decision = planning.plan(about)
    plan = replace(decision.plan, incomplete={"n2": "its state directory is damaged (read_only)"})
    told = report.report(
        about.run,
        (N1, N2),
        replace(decision, plan=plan),
        about.results,
        Stored(cases.NO_HISTORY),
        0.0,
    ).data
    assert "what others have" not in text(told)
    completes = "; an operation completes its promotion history." in text(told)
    assert completes == dry


# Nodes that were not asked


def test_a_node_that_a_limit_leaves_out_did_not_drop_out() -> None:
    about = known((N1, N2), {}, problems=["n2 of the group takes no part: run without --limit"])
    told = report.report(
        about.run,
        (N1, N2),
        planning.plan(about),
        about.results,
        Stored(cases.NO_HISTORY),
        0.0,
    ).data
    assert told["outcome"] == "refused"
    assert [node["silent"] for node in told["nodes"]] == ["not asked"] * 2
    assert "dropped out" not in text(told) + told["message"]
    # Why is told once.
    assert told["table"][1] == "unknown: no node was asked"
    assert text(told).count("n2 of the group takes no part") == 1
    assert told["health"]["text"].startswith("unknown: no node was asked: n2 of the group")


# What a plan would do


def test_a_plan_says_what_is_done_to_a_node_that_keeps_its_data() -> None:
    told = run(torn(), "plan", plans="rejoin")
    done = {node["host"]: (node["done"], node["action"]) for node in told["nodes"]}
    assert done["n1"] == ("would benone", "steps down")


# Writes that are left behind


def test_a_failover_says_which_node_to_keep() -> None:
    cluster = whole()
    cluster.stop("n1")
    cluster.notice()
    told = run(cluster, "failover")
    keep = "Keep the data of n1: it may have writes that no other node has."
    assert keep in told["table"]
    assert keep in told["message"]


def test_a_survivor_with_writes_of_its_own_has_them_for_sure() -> None:
    cluster = whole()
    # n3 is no more connected when n1 writes for the last time.
    cluster.benone("n2")
    cluster.write("n1", "n2 lacks it")
    cluster.stop("n1")
    cluster.notice()
    told = run(cluster, "failover", candidate="n2", allow_data_loss="n3")
    assert told["primary"]["after"] == "n2"
    assert "Keep the data of n3: it has writes that no other node has." in told["table"]


# Each thing once


def test_a_hook_that_failed_is_told_once() -> None:
    about = known((N1, N2), {"n1": {"ha": status(answer("none"))}}, "failover")
    why = "its fencing tasks have not confirmed that it is fenced"
    step = StepResult(FENCE, "fence n1", "n2", (FENCE,), (), "because", "failed", why)
    decision = cases.decision(steps=(step,)).with_verdicts([Verdict(FENCE, FAILED, why, "n1")])
    told = report.report(
        replace(about.run, hosts=("n1", "n2", "n3")),
        MEMBERS,
        decision,
        cases.results({OBSERVATION: {"n2": said(ha=status(answer("none")))}}),
        Stored(cases.NO_HISTORY),
        0.0,
    ).data
    assert text(told).count(why) == 1
    assert told["message"].count(why) == 1
