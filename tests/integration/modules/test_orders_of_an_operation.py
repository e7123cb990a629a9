# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders of an operation: none without its lock, and no promotion without a record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from helpers.stage import NONE, OTHER, PRIMARY, RELAY_OF_OTHER, SECONDARY_OF_WANTED, SUBJECT, Stage
from helpers.state_directory import StateDirectory, entry

Result = dict[str, Any]


def promote(stage: Stage, operation: dict[str, Any], **more: Any) -> Result:
    return stage.role("primary", operation=operation, **more)


def txid(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.subject.status()["txid"]
    return {"primary_id": found["primary_id"], "timestamp": list(found["timestamp"])}


def test_four_steps_promote_and_record_once(stage: Stage, directory: StateDirectory) -> None:
    stage.put(SECONDARY_OF_WANTED)
    held = directory.begin()["lock"]
    before = txid(stage)
    operation = directory.option(name="failover", epoch=2, promotions=[entry(1)], txid=before)
    kept = directory.contents()

    foreseen = promote(stage, operation, check=True)
    assert foreseen["changed"] is True
    assert (foreseen["entry"], foreseen["times"]) == (None, [])
    assert foreseen["txid"] == before
    assert directory.contents() == kept, "check mode wrote something"

    start = time.time()
    done = promote(stage, operation)
    end = time.time()
    assert done["outcome"] == "done"
    written = done["entry"]
    assert directory.promotions() == [entry(1), written]
    mega, seconds, micro = written["start"]
    assert start - 0.001 <= mega * 1_000_000 + seconds + micro / 1_000_000 <= end + 0.001
    assert {**written, "start": [], "at": ""} == {
        "epoch": 2,
        "primary": SUBJECT,
        "txid": before,
        "start": [],
        "at": "",
        "operation": "failover",
        "run_id": "a",
    }
    (timed,) = done["times"]
    assert timed["order"] == "beprimary"
    assert start <= timed["start"] <= timed["end"] <= end
    assert done["txid"] == txid(stage)
    renewed = directory.lock()
    assert renewed is not None
    assert renewed["expires"] > held["expires"]

    kept = directory.contents()
    for check in (False, True):
        again = promote(stage, {**operation, "epoch": 3}, check=check)
        assert again["changed"] is False
        assert (again["entry"], again["times"]) == (None, [])
    assert directory.contents() == kept, "something was written without an order"


def test_the_operation_goes_by_the_name_in_its_lock(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    directory.begin(name="rejoin")
    assert promote(stage, directory.option(epoch=1))["entry"]["operation"] == "rejoin"


def nobody(directory: StateDirectory) -> None:
    """Let no operation run."""


def ended(directory: StateDirectory) -> None:
    """Let this operation have ended."""
    directory.begin()
    directory.end()


def expired(directory: StateDirectory) -> None:
    """Let the lock be over."""
    directory.begin()
    directory.expire()


def replaced(directory: StateDirectory) -> None:
    """Let another operation have taken over."""
    directory.begin()
    directory.begin("b", replace=["a"])


def damaged(directory: StateDirectory) -> None:
    """Let nobody know whose lock it is."""
    directory.begin()
    (directory.path / "lock.json").write_text("{}")


LOST: dict[Callable[[StateDirectory], None], str] = {
    nobody: "the lock of this operation (a) is not held here any more: there is no lock",
    ended: "the lock of this operation (a) is not held here any more: there is no lock",
    expired: "not held here any more: it expired at 2001-01-01T00:00:00.000000Z",
    replaced: "not held here any more: owner of b has been running switchover since ",
    damaged: "lock.json is damaged: run_id is missing",
}
RUNS: dict[str, Callable[[Stage, dict[str, Any]], Result]] = {
    "role": lambda stage, option: promote(stage, {**option, "epoch": 1, "promotions": [entry(1)]}),
    "relay": lambda stage, option: stage.role("relay", operation=option),
    "secondary_dead": lambda stage, option: stage.dead(OTHER, operation=option),
    "read_only": lambda stage, option: stage.read_only(True, operation=option),
}


@pytest.mark.parametrize("lose", LOST)
@pytest.mark.parametrize("run", RUNS)
def test_without_the_lock_no_order_is_given(
    stage: Stage, directory: StateDirectory, lose: Callable[[StateDirectory], None], run: str
) -> None:
    stage.put(PRIMARY if run == "secondary_dead" else NONE)
    if run == "secondary_dead":
        stage.attach_other()
    lose(directory)
    before, kept = stage.snapshot(), directory.contents()
    result = RUNS[run](stage, directory.option())
    assert result["failed"] is True
    assert LOST[lose] in result["msg"]
    assert "was not given at" in result["msg"]
    assert result["outcome"] == "failed"
    assert result["changed"] is False
    assert result["times"] == []
    assert stage.snapshot() == before
    assert directory.contents() == kept


def test_the_lock_is_renewed_and_timed_by_secondary_dead_too(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    held = directory.begin()["lock"]
    foreseen = stage.dead(OTHER, operation=directory.option(), check=True)
    assert (foreseen["changed"], foreseen["times"]) == (True, [])
    assert directory.lock() == {key: held[key] for key in held if key not in ("expired", "doubt")}
    done = stage.dead(OTHER, operation=directory.option())
    assert [timed["order"] for timed in done["times"]] == ["secondary_dead"]
    renewed = directory.lock()
    assert renewed is not None
    assert renewed["expires"] > held["expires"]


def test_every_order_is_timed_one_after_the_other(stage: Stage, directory: StateDirectory) -> None:
    stage.put(RELAY_OF_OTHER)
    directory.begin()
    done = stage.role("relay", operation=directory.option(epoch=4, promotions=[entry(1)]))
    assert [timed["order"] for timed in done["times"]] == ["benone", "besecondary", "berelay"]
    moments = [timed[key] for timed in done["times"] for key in ("start", "end")]
    assert moments == sorted(moments)
    # Only a promotion is recorded.
    assert done["entry"] is None
    assert directory.promotions() == [entry(1)]


def test_a_promotion_is_recorded_even_if_it_is_refused(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    directory.begin()
    stage.subject.refuse(18, "not now")
    result = promote(stage, directory.option(epoch=2))
    assert result["outcome"] == "failed"
    assert result["error"]["name"] == "INTERNAL"
    assert result["entry"]["epoch"] == 2
    assert directory.promotions() == [result["entry"]]
    assert [timed["order"] for timed in result["times"]] == ["beprimary"]


@pytest.mark.parametrize("primary_id", ["stranger", "", None])
def test_a_node_with_other_data_than_chosen_for_is_not_promoted(
    stage: Stage, directory: StateDirectory, primary_id: str | None
) -> None:
    stage.put(SECONDARY_OF_WANTED)
    directory.begin()
    wanted = {**txid(stage), "primary_id": primary_id}
    before = stage.own_view()
    result = promote(stage, directory.option(epoch=2, txid=wanted))
    assert result["outcome"] == "failed"
    assert result["changed"] is False
    assert result["transitions"] == []
    assert result["entry"] is None
    for shown in (result["txid"]["primary_id"], primary_id or "-"):
        assert f"{shown}/" in result["msg"]
    assert stage.own_view() == before
    assert directory.promotions() == []


def test_without_a_record_there_is_no_promotion(stage: Stage, directory: StateDirectory) -> None:
    stage.put(NONE)
    directory.begin()
    (directory.path / "promotions.jsonl").mkdir()
    result = promote(stage, directory.option(epoch=2))
    assert result["outcome"] == "failed"
    assert f"cannot read {directory.path}/promotions.jsonl" in result["msg"]
    assert (result["entry"], result["transitions"]) == (None, [])
    assert stage.own_view()["role"] == NONE


def test_an_operation_that_makes_no_sense_is_refused_before_any_connection(
    stage: Stage, directory: StateDirectory
) -> None:
    option = directory.option(promotions=[entry(1, start=[1])])
    result = promote(stage, option, ip=stage.simulation.address())
    assert "operation.promotions[0]: start is [1], not three whole numbers" in result["msg"]
