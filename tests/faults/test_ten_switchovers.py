# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten switchovers, there and back, while three clients write."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest
from helpers.clusters import assert_done, assert_whole
from helpers.left_behind import assert_nothing_left, operations, promotion_histories
from helpers.load import CLEAN, Load
from helpers.playbooks import run_playbook
from ncs_sim.cluster import Cluster

pytestmark = pytest.mark.timeout(900)

#: Seconds. Nodes and load tell the time by two clocks of one machine, and the report rounds.
CLOCKS = 0.01


def step(report: dict[str, Any], wave: str) -> tuple[float, float]:
    """When the step of a wave with one began and ended."""
    (found,) = [one for one in report["steps"] if one["wave"] == wave]
    return found["start"], found["end"]


def refused(load: Load, by: str) -> list[dict[str, Any]]:
    """The attempts that a node has refused so far."""
    return [one for one in load.attempts(by=by) if one["outcome"] == "refused"]


def assert_gap_agrees_with_the_load(
    load: Load, report: dict[str, Any], old: str, new: str, since: float
) -> None:
    """The gap is as long as the load proves at least, and its core no longer than the load saw.

    A node stops taking writes at some moment of its step, and the other one starts at some moment
    of its own. The gap in the report is the longest that this allows; the shortest is that from the
    end of the one step to the beginning of the other.

    The load knows that the old primary took no writes when it had refused one, and that the new one
    still took none when it was sent one that it refused. It knows that the old one took writes when
    it was sent the last one that it acknowledged, and the new one when it had answered.
    """
    gap = report["write_gap"]
    assert gap["means"] == "measured"
    close_start, close_end = step(report, "hand_over")
    promote_start, promote_end = step(report, "promote")
    assert gap["seconds"] == pytest.approx(promote_end - close_start, abs=CLOCKS)

    first = min(load.acknowledged(by=new, since=since), key=lambda one: one["sent"])
    last = max(load.acknowledged(by=old), key=lambda one: one["sent"])
    after = [one["answered"] for one in refused(load, old) if one["sent"] >= last["answered"]]
    before = [one["sent"] for one in refused(load, new) if since <= one["sent"] < first["sent"]]
    assert gap["seconds"] >= max(before) - min(after) - CLOCKS
    assert promote_start - close_end <= first["answered"] - last["sent"] + CLOCKS


def test_ten_switchovers_succeed_at_the_first_go_lose_nothing_and_tell_the_gap(
    cluster: Cluster, tmp_path: Path
) -> None:
    with contextlib.ExitStack() as stack:
        # Each writes 50 times a second.
        load, *others = [
            stack.enter_context(Load(cluster.directory, tmp_path / f"history{number}", settle=30))
            for number in range(3)
        ]
        load.until_acknowledged(10, by="n1")
        gaps = []
        for old, new in [("n1", "n2"), ("n2", "n1")] * 5:
            since = time.monotonic()
            done = run_playbook(
                "nso.ha.switchover", cluster.inventory, variables={"nso_ha_candidate": new}
            )
            assert_done(done)
            assert done.report["primary"] == {"before": old, "after": new}
            for writer in (load, *others):
                writer.until_acknowledged(10, by=new)
            assert_gap_agrees_with_the_load(load, done.report, old, new, since)
            gaps.append(done.report["write_gap"])
        for writer in (load, *others):
            judged = writer.finish()
            assert judged.status == CLEAN, judged.text
    assert_whole(cluster, "n1")
    assert_nothing_left(cluster)

    # n1 was made primary by hand, which the first switchover found.
    first, *promotions = promotion_histories(cluster)[0]
    assert (first["primary"], first["operation"]) == ("n1", "found")
    assert [(one["primary"], one["operation"]) for one in promotions] == [
        ("n2", "switchover"),
        ("n1", "switchover"),
    ] * 5
    for node in cluster.nodes:
        log = operations(node)
        assert [one["write_gap"] for one in log] == gaps
        assert {(one["operation"], one["outcome"]) for one in log} == {("switchover", "done")}
