# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has happened to a cluster, merged from the records on its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import Promotion
from ansible_collections.nso.ha.plugins.plugin_utils._run import chronicle, stored
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import OBSERVATION, Results
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Run
from helpers.cases import N1, N2, N3, OLD, RUN_ID, answer, look, promotion

MEMBERS = (N1, N2, N3)
RUN = Run(RUN_ID, "ops@bastion", "2026-11-28T20:00:00Z", {}, "", ("n1", "n2", "n3"))

FIRST = promotion(1, "id1", None, 4, "converge", "2026-11-28T13:00:05.000000Z", "r1")
SECOND = promotion(2, "id2", OLD, 9, "switchover", "2026-11-28T14:00:08.000000Z", "r2")


def entry(run_id: str = "r1", **more: object) -> dict[str, Any]:
    """Return an entry of a log as it is on a node."""
    return {
        "at": "2026-11-28T13:00:10.000000Z",
        "began": "2026-11-28T13:00:00Z",
        "ended": "2026-11-28T13:00:09Z",
        "operation": "converge",
        "outcome": "done",
        "owner": "ops@bastion",
        "primary": {"before": "", "after": "n1"},
        "remaining": [],
        "run_id": run_id,
        "steps": [
            {"wave": "promote", "host": "n1", "reason": "is none and should be primary"},
            {"wave": "secondaries", "host": "n2", "reason": "is none and should be secondary"},
        ],
        "write_gap": {"seconds": None, "means": "not known"},
        **more,
    }


CONVERGED = entry()
SWITCHED = entry(
    "r2",
    began="2026-11-28T14:00:00Z",
    ended="2026-11-28T14:00:13Z",
    operation="switchover",
    owner="awx (job 7)",
    primary={"before": "n1", "after": "n2"},
    steps=[{"wave": "hand_over", "host": "n1", "reason": "hands over to n2"}],
    write_gap={"seconds": 0.571, "means": "measured"},
)


def directory(*operations: object, promotions: tuple[Promotion, ...] = ()) -> dict[str, Any]:
    """Return what the state directory of a node holds, as ncs_ha_status returns it."""
    return {
        "lock": None,
        "read_only": None,
        "promotions": [one.as_entry() for one in promotions],
        "damaged": [],
        "operations": list(operations),
        "operations_damaged": [],
    }


WHOLE = directory(CONVERGED, SWITCHED, promotions=(FIRST, SECOND))


def report(directories: Mapping[str, Mapping[str, Any]], limit: int = 20) -> dict[str, Any]:
    """Return the report where these nodes have answered, and no others."""
    results = Results(
        RUN_ID,
        {
            host: {OBSERVATION: {**look(answer("none")), "state_directory": held}}
            for host, held in directories.items()
        },
    )
    found = stored.read(["n1", "n2", "n3"], results, "", lambda process: False)
    return chronicle.report(RUN, MEMBERS, [], results, found, limit)


def test_operations_are_told_once_newest_first_with_their_promotions() -> None:
    returned = report({"n1": WHOLE, "n2": WHOLE, "n3": WHOLE})
    assert returned["table"] == [
        "2 operations, newest first, in UTC.",
        "",
        "2026-11-28 14:00:00  switchover done: n1 -> n2 (promotion 2)",
        "    by awx (job 7), took 13 s, write gap 0.57 s; run r2",
        "    why: n1 hands over to n2",
        "2026-11-28 13:00:00  converge done: n1 is primary (promotion 1)",
        "    by ops@bastion, took 9 s; run r1",
        "    why: n1 is none and should be primary",
    ]
    assert returned["outcome"] == "done"
    assert returned["warnings"] == []
    assert [one["run_id"] for one in returned["history"]] == ["r2", "r1"]
    assert returned["history"][0] == {
        "at": "2026-11-28T14:00:00Z",
        "run_id": "r2",
        "operation": "switchover",
        "outcome": "done",
        "owner": "awx (job 7)",
        "seconds": 13.0,
        "primary": {"before": "n1", "after": "n2"},
        "write_gap": {"seconds": 0.571, "means": "measured"},
        "reasons": [{"wave": "hand_over", "host": "n1", "reason": "hands over to n2"}],
        "remaining": [],
        "promotions": [{"epoch": 2, "primary": "id2", "at": SECOND.at}],
    }


def test_a_node_without_an_answer_is_a_line_and_no_failure() -> None:
    returned = report({"n1": WHOLE})
    assert returned["outcome"] == "done"
    assert set(returned["unread"]) == {"n2", "n3"}
    assert any(line.startswith("(n2) its records were not read: ") for line in returned["table"])


def test_without_any_answer_it_is_not_known_what_has_happened() -> None:
    returned = report({})
    assert returned["outcome"] == "unknown"
    assert returned["message"] == "history: No node could be asked for its records."


def test_the_newest_are_shown_up_to_the_limit_and_how_many_there_are() -> None:
    returned = report({"n1": WHOLE}, limit=1)
    assert [one["run_id"] for one in returned["history"]] == ["r2"]
    assert returned["table"][0].startswith("The newest 1 of 2 operations on record")


def test_a_promotion_that_no_log_has_is_told_by_itself() -> None:
    returned = report({"n1": directory(promotions=(FIRST,))})
    assert returned["table"][2:4] == [
        "2026-11-28 13:00:05  converge: id1 became primary (promotion 1)",
        "    in no log; run r1",
    ]
    assert returned["history"][0]["outcome"] is None


def test_what_was_left_undone_is_told() -> None:
    failed = entry(outcome="incomplete", remaining=["n2: besecondary", "n3: besecondary"])
    lines = report({"n1": directory(failed)})["table"]
    assert "    left undone: n2: besecondary; n3: besecondary" in lines


@pytest.mark.parametrize(
    ("directories", "said"),
    [
        (
            {"n1": directory(entry(outcome="incomplete")), "n2": directory(CONVERGED)},
            "The logs differ about run r1: converge incomplete: n1 is primary on n1; converge "
            "done: n1 is primary on n2.",
        ),
        (
            {
                "n1": directory(promotions=(FIRST,)),
                "n2": directory(promotions=(promotion(1, "id2", None, 4, "failover", "x", "r8"),)),
            },
            "Promotion 1 is on record 2 times: id1 by converge at 2026-11-28T13:00:05.000000Z, on "
            "n1; id2 by failover at x, on n2.",
        ),
        (
            {"n1": directory(entry("r2"), promotions=(SECOND,))},
            "The log of run r2 names n1 as primary, and promotion 2 of that run is of n2.",
        ),
        (
            {"n1": directory(promotions=(FIRST, promotion(4, "id1", OLD, 9, run_id="r9")))},
            "No node has promotion 2, 3.",
        ),
        (
            {"n1": WHOLE, "n2": directory(CONVERGED, SWITCHED, promotions=(FIRST,))},
            "(n2) its promotion history lacks 1 of 2 promotions.",
        ),
    ],
    ids=["logs", "two of a number", "log and promotion", "gap", "incomplete"],
)
def test_what_the_records_contradict_each_other_in_is_said(
    directories: Mapping[str, Mapping[str, Any]], said: str
) -> None:
    assert said in report(directories)["warnings"]


def test_times_that_differ_by_the_clocks_of_the_nodes_are_no_contradiction() -> None:
    other = {**CONVERGED, "at": "2026-11-28T13:00:11.000000Z"}
    assert report({"n1": directory(CONVERGED), "n2": directory(other)})["warnings"] == []


@pytest.mark.parametrize(
    "line", [{}, {"run_id": 1}, entry(began="noon"), entry(primary="n1"), entry(owner=None)]
)
def test_an_entry_that_makes_no_sense_is_counted_and_left_out(line: dict[str, Any]) -> None:
    returned = report({"n1": directory(line, SWITCHED)})
    assert [one["run_id"] for one in returned["history"]] == ["r2"]
    assert "(n1) 1 entries of its log make no sense." in returned["warnings"]


def test_nothing_that_a_node_has_written_moves_the_cursor() -> None:
    returned = report({"n1": directory(entry(owner="ops\x1b[2J\nroot"))})
    assert "\x1b" not in "".join(returned["table"])
    assert returned["history"][0]["owner"] == "ops [2J root"


def test_a_run_that_broke_off_is_in_no_log_and_told_all_the_same() -> None:
    held = directory(CONVERGED)
    held["read_only"] = {"run_id": "r5", "operation": "switchover", "at": "noon"}
    assert "A switchover broke off (run r5), so no log has it." in report({"n1": held})["warnings"]
