# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A follower is kept in read-only mode, and takes writes in the step that makes it primary."""

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers.simulated import Simulation
from helpers.stage import NONE, PRIMARY, SECONDARY_OF_WANTED, SUBJECT, Stage
from helpers.state_directory import StateDirectory
from helpers.until import until


def keep(stage: Stage, directory: StateDirectory) -> dict[str, Any]:
    """Put the subject into read-only mode as a follower."""
    directory.begin()
    return stage.read_only(True, operation=directory.option(follower=True))


def promote(stage: Stage, directory: StateDirectory, **more: Any) -> dict[str, Any]:
    """Make the subject primary, and let it take writes."""
    option = directory.option(step="second", lift=True, epoch=1)
    return stage.role(PRIMARY, operation=option, **more)


def mark_left(directory: StateDirectory, **more: object) -> None:
    """Leave a mark of an earlier run."""
    directory.path.mkdir(mode=0o700, exist_ok=True)
    mark = {"format": 1, "run_id": "old", "operation": "converge", "at": "then", **more}
    (directory.path / "read_only.json").write_text(json.dumps(mark))


def test_a_follower_copies_takes_no_writes_of_its_own_and_opens_as_primary(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(SECONDARY_OF_WANTED)
    kept = keep(stage, directory)
    assert (kept["outcome"], kept["changed"], kept["administrator"]) == ("done", True, False)
    mark = directory.mark()
    assert mark is not None
    assert (mark["run_id"], mark["follower"]) == ("a", True)
    stage.wanted.write("copied", "all the same")
    assert stage.subject.read("copied") == "all the same"
    stage.wanted.order(NONE)
    until(lambda: stage.subject.status()["role"] == NONE, what="the subject has lost its primary")
    assert stage.subject.status()["readonly"] is True

    foreseen = promote(stage, directory, check=True)
    assert foreseen["transitions"] == ["beprimary", "writable"]
    done = promote(stage, directory)
    assert (done["outcome"], done["changed"], done["lifted"]) == ("done", True, "done")
    assert done["transitions"] == ["beprimary", "writable"]
    promoted, opened = done["times"]
    assert (promoted["order"], opened["order"]) == ("beprimary", "writable")
    assert promoted["start"] <= promoted["end"] <= opened["start"] <= opened["end"]
    stage.subject.write_as_primary("taken", "at once")
    assert directory.mark() is None


def test_it_is_kept_so_again_without_an_order_and_a_mark_of_a_run_becomes_its_own(
    simulation: Simulation, stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.begin()
    stage.read_only(True, operation=directory.option())
    assert directory.mark() is not None
    assert directory.mark()["follower"] is False  # type: ignore[index]
    kept = stage.read_only(True, operation=directory.option(step="second", follower=True))
    assert (kept["outcome"], kept["changed"], kept["times"]) == ("done", False, [])
    assert directory.mark()["follower"] is True  # type: ignore[index]


def test_the_mode_of_an_administrator_stays(stage: Stage, directory: StateDirectory) -> None:
    stage.put(PRIMARY)
    stage.read_only(True)
    kept = keep(stage, directory)
    assert (kept["outcome"], kept["changed"], kept["administrator"]) == ("done", False, True)
    assert directory.mark() is None
    with stage.hand(stage.subject) as client:
        client.benone()
    # Such a node is none, and does not tell why it refuses writes; there is no mark.
    done = promote(stage, directory)
    assert (done["outcome"], done["transitions"]) == ("done", ["beprimary"])
    assert done["lifted"] == "done"
    assert stage.subject.status()["readonly"] is True


def test_a_node_that_something_else_has_made_primary_is_not_opened(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    keep(stage, directory)
    refused = promote(stage, directory)
    assert (refused["outcome"], refused["changed"], refused["lifted"]) == ("failed", False, None)
    assert "another than this run has made the node primary" in refused["msg"]
    assert stage.subject.status()["readonly"] is True
    assert directory.mark() is not None


@pytest.mark.parametrize(
    ("fault", "arguments", "outcome"),
    [("close", {"count": 0}, "unknown"), ("slow", {"seconds": 600}, "unknown")],
)
def test_where_it_is_not_known_whether_it_opened_the_step_is_not_done(
    stage: Stage, directory: StateDirectory, fault: str, arguments: dict[str, Any], outcome: str
) -> None:
    stage.put(NONE)
    keep(stage, directory)
    stage.subject.fault(fault, place="set_readonly", **arguments)
    result = promote(stage, directory, timeout=1)
    stage.subject.clear()
    assert (result["outcome"], result["lifted"], result["changed"]) == (outcome, outcome, True)
    assert result["after"]["role"] == PRIMARY
    assert result["msg"].startswith("The node is primary, and may still be in read-only mode.")
    # The next run finds out.
    assert directory.mark() is not None


def test_where_the_daemon_takes_no_more_connections_it_has_failed(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    keep(stage, directory)
    stage.subject.fault("close", count=0, place="maapi", from_start=True)
    result = promote(stage, directory)
    stage.subject.clear()
    assert (result["outcome"], result["lifted"]) == ("failed", "failed")
    assert result["after"]["role"] == PRIMARY
    assert "may still be in read-only mode. Connecting failed at" in result["msg"]
    assert stage.subject.status()["readonly"] is True


def test_a_primary_that_says_so_after_an_order_without_an_answer_is_opened(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    keep(stage, directory)
    stage.subject.fault("slow", seconds=600, place="beprimary")
    result = promote(stage, directory, timeout=1)
    stage.subject.clear()
    # That it is done is for those to say who ask the node themselves.
    assert (result["outcome"], result["lifted"]) == ("unknown", "done")
    assert result["transitions"] == ["beprimary", "writable"]
    assert stage.subject.status()["readonly"] is False
    assert directory.mark() is None


@pytest.mark.parametrize(("follower", "stays"), [(True, False), (False, True)])
def test_what_a_restart_has_left_of_it_goes_before_the_node_follows_again(
    stage: Stage, directory: StateDirectory, follower: bool, stays: bool
) -> None:
    stage.put(NONE)
    mark_left(directory, follower=follower)
    directory.begin()
    done = stage.role("secondary", operation=directory.option())
    assert (done["outcome"], done["transitions"]) == ("done", ["besecondary"])
    assert (directory.mark() is not None) is stays

    # In the mode, it keeps its mark.
    stage.put(NONE)
    stage.read_only(True)
    mark_left(directory, follower=True)
    done = stage.role("secondary", operation=directory.option(step="second"))
    assert done["outcome"] == "done"
    assert directory.mark() is not None


def test_only_a_primary_is_opened(stage: Stage, directory: StateDirectory) -> None:
    refused = stage.role(NONE, operation=directory.option(lift=True), node_id=SUBJECT)
    assert refused["failed"] is True
    assert "operation.lift needs role: primary" in refused["msg"]


def test_a_mark_that_says_neither_is_damaged(stage: Stage, directory: StateDirectory) -> None:
    mark_left(directory, follower="yes")
    looked = stage.status(state_dir=str(directory.path))
    assert looked["state_directory"]["read_only"] is None
    (damage,) = looked["state_directory"]["damaged"]
    assert "follower is neither true nor false" in damage
