# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary hands over in one step: read-only mode, standing still, none, and its last id."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from helpers.stage import NONE, PRIMARY, SECONDARY_OF_WANTED, Stage
from helpers.state_directory import StateDirectory, entry
from ncs_sim.handle import NodeError, WriteUnknown

#: Longest wait for the last transaction, in seconds, as the role asks for.
PATIENCE = 0.2

_WRITES = 200


def hand_over(stage: Stage, directory: StateDirectory, **more: Any) -> dict[str, Any]:
    """Let the subject hand over, as part of an operation that holds its lock."""
    directory.begin()
    option = directory.option(**{"stand_still": PATIENCE, "promotions": [entry(1)], **more})
    return stage.role(NONE, operation=option)


def last_id(stage: Stage) -> dict[str, Any]:
    txid = stage.subject.status()["txid"]
    return {"primary_id": txid["primary_id"], "timestamp": list(txid["timestamp"])}


def assert_open(stage: Stage, directory: StateDirectory) -> None:
    """The subject is primary as before, takes writes, and has no mark."""
    stage.subject.write_as_primary("still", "primary")
    assert directory.mark() is None


def test_a_primary_is_read_only_then_none_and_tells_what_it_has_then(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    stage.subject.write("last", "one")
    done = hand_over(stage, directory)
    assert (done["outcome"], done["changed"]) == ("done", True)
    assert done["transitions"] == ["read_only", "benone"]
    closed, left = done["times"]
    assert (closed["order"], left["order"]) == ("read_only", "benone")
    assert closed["start"] <= closed["end"] <= left["start"] <= left["end"]
    assert (done["before"]["role"], done["after"]["role"]) == (PRIMARY, NONE)
    status = stage.subject.status()
    assert (status["role"], status["readonly"]) == (NONE, True)
    assert done["txid"] == last_id(stage)
    mark, lock = directory.mark(), directory.lock()
    assert mark is not None
    assert lock is not None
    assert (mark["run_id"], lock["steps"]) == ("a", ["second", "third"])
    assert directory.promotions() == [entry(1)]


def test_a_node_that_has_lost_its_role_is_closed_all_the_same(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    done = hand_over(stage, directory)
    assert (done["outcome"], done["transitions"]) == ("done", ["read_only", "benone"])
    assert stage.subject.status()["readonly"] is True
    assert done["txid"] == last_id(stage)


def test_a_node_that_follows_another_by_now_gets_no_order(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(SECONDARY_OF_WANTED)
    before = stage.snapshot()
    refused = hand_over(stage, directory)
    assert (refused["outcome"], refused["changed"], refused["times"]) == ("failed", False, [])
    assert "it has no primary role to hand over" in refused["msg"]
    assert stage.snapshot() == before
    assert directory.mark() is None


def test_check_mode_says_both_orders_and_gives_none(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    option = directory.option(stand_still=PATIENCE)
    foreseen = stage.role(NONE, operation=option, check=True)
    assert (foreseen["changed"], foreseen["transitions"]) == (True, ["read_only", "benone"])
    assert foreseen["times"] == []
    option = directory.option(stand_still=PATIENCE, administrator=True)
    assert stage.role(NONE, operation=option, check=True)["transitions"] == ["benone"]
    assert_open(stage, directory)


@contextlib.contextmanager
def writes_under_way(stage: Stage, seconds: float) -> Iterator[list[Future[float]]]:
    """Let in many writes that are committed one after the other for so long, whatever the mode.

    Each returns when it was acknowledged.
    """

    def write(number: int) -> float:
        stage.subject.write(f"let in {number}", "before")
        return time.time()

    with ThreadPoolExecutor(_WRITES) as pool:
        stage.subject.slow_commit(seconds)
        let_in = []
        for number in range(_WRITES):
            let_in.append(pool.submit(write, number))
            time.sleep(seconds / _WRITES)
        yield let_in


def test_what_began_before_read_only_mode_and_is_committed_meanwhile_counts(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    with writes_under_way(stage, 2.0) as let_in:
        done = hand_over(stage, directory)
    assert done["outcome"] == "done"
    assert done["txid"] == last_id(stage)
    closed, _left = done["times"]
    acknowledged = []
    for number, write in enumerate(let_in):
        with contextlib.suppress(NodeError, WriteUnknown):
            acknowledged.append(write.result())
            assert stage.subject.read(f"let in {number}") == "before"
    assert max(acknowledged) > closed["end"], "none was committed after read-only mode was on"
    assert len(acknowledged) < len(let_in), "the node has not become none meanwhile"


def test_where_read_only_mode_is_refused_nothing_is_ordered(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    stage.subject.fault("close", count=0, place="maapi", from_start=True)
    refused = hand_over(stage, directory)
    stage.subject.clear()
    assert (refused["outcome"], refused["changed"], refused["times"]) == ("failed", False, [])
    assert refused["transitions"] == []
    assert "The order benone was not given at" in refused["msg"]
    assert "the node could not be put into read-only mode before" in refused["msg"]
    assert refused["after"]["role"] == PRIMARY
    assert_open(stage, directory)


def test_where_it_is_not_known_whether_the_node_is_closed_the_step_is_not_known(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    stage.subject.fault("slow", seconds=600, place="set_readonly")
    directory.begin()
    option = directory.option(stand_still=PATIENCE)
    unknown = stage.role(NONE, operation=option, timeout=1)
    stage.subject.clear()
    assert (unknown["outcome"], unknown["changed"]) == ("unknown", True)
    assert unknown["transitions"] == ["read_only"]
    assert unknown["error"]["name"] == "TIMEOUT"
    assert "it may have been or may still be carried out" in unknown["msg"]
    assert stage.subject.status()["role"] == PRIMARY
    # The next run finds out with it.
    assert directory.mark() is not None


def test_where_none_is_refused_the_node_is_closed_and_marked(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    stage.subject.refuse(18, "not now")
    refused = hand_over(stage, directory)
    assert (refused["outcome"], refused["changed"]) == ("failed", True)
    assert refused["transitions"] == ["read_only", "benone"]
    assert "not now" in refused["msg"]
    assert refused["after"]["role"] == PRIMARY
    assert stage.subject.status()["readonly"] is True
    assert directory.mark() is not None


def test_the_mode_of_an_administrator_is_left_as_it_is_and_has_to_be_expected(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    lifted = hand_over(stage, directory, administrator=True)
    assert (lifted["outcome"], lifted["times"]) == ("failed", [])
    assert "has been lifted in the meantime. Hint: run the operation again" in lifted["msg"]
    assert_open(stage, directory)

    stage.read_only(True)
    another = hand_over(stage, directory)
    assert (another["outcome"], another["times"]) == ("failed", [])
    assert "an administrator has put the node into read-only mode" in another["msg"]
    assert stage.subject.status()["role"] == PRIMARY

    done = hand_over(stage, directory, administrator=True)
    assert (done["outcome"], done["transitions"]) == ("done", ["benone"])
    assert stage.subject.status()["readonly"] is True
    assert directory.mark() is None


def test_a_node_that_an_earlier_run_has_closed_is_taken_over(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.begin("killed")
    stage.read_only(True, operation=directory.option("killed"))
    directory.begin(replace=["killed"])
    done = stage.role(NONE, operation=directory.option(stand_still=PATIENCE))
    assert (done["outcome"], done["transitions"]) == ("done", ["benone"])
    mark = directory.mark()
    assert mark is not None
    assert mark["run_id"] == "a"


@pytest.mark.parametrize(
    ("role", "patience", "words"),
    [
        (PRIMARY, PATIENCE, "operation.stand_still needs role: none"),
        (NONE, -1, "operation.stand_still is -1"),
    ],
)
def test_a_hand_over_that_makes_no_sense_is_refused(
    stage: Stage, directory: StateDirectory, role: str, patience: float, words: str
) -> None:
    option = directory.option(stand_still=patience)
    refused = stage.role(role, operation=option)
    assert refused["failed"] is True
    assert words in refused["msg"]
