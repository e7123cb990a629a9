# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_status: what the node keeps, NSO up or not; and waiting for a transaction id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from helpers.secrecy import run_discreetly
from helpers.stage import NONE, PRIMARY, Stage
from helpers.state_directory import StateDirectory, entry


def nothing(directory: StateDirectory) -> dict[str, Any]:
    """Return what is said of a state directory in which nothing is kept."""
    return {
        "path": str(directory.path),
        "lock": None,
        "promotions": [],
        "read_only": None,
        "damaged": [],
        "lock_problem": "",
        "unusable": [],
        "untrusted": [],
        "exposed": [],
        "announced": None,
    }


def test_without_a_state_directory_nothing_is_said_of_one(stage: Stage) -> None:
    stage.put(NONE)
    assert "state_directory" not in stage.status()


def test_a_directory_that_does_not_exist_keeps_nothing(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    assert stage.status(state_dir=str(directory.path))["state_directory"] == nothing(directory)
    assert not directory.path.exists()


def test_the_log_of_operations_is_returned_where_it_is_asked_for_and_no_more_of_it(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    for run in ("r1", "r2", "r3"):
        directory.end(run_id=run, log={"operation": "converge"})
    with (directory.path / "operations.jsonl").open("a") as log:
        log.write("{}}\n")
    assert "operations" not in stage.status(state_dir=str(directory.path))["state_directory"]
    found = stage.status(state_dir=str(directory.path), operations=2)["state_directory"]
    assert [line["run_id"] for line in found["operations"]] == ["r2", "r3"]
    (damaged,) = found["operations_damaged"]
    assert "operations.jsonl, line 4" in damaged
    # A history that is whole is not damaged by that.
    assert found["damaged"] == []


def test_the_log_of_a_directory_that_does_not_exist_is_empty(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    found = stage.status(state_dir=str(directory.path), operations=2)["state_directory"]
    assert (found["operations"], found["operations_damaged"]) == ([], [])


def test_everything_that_is_kept_is_returned_and_left_as_it_is(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.end(promotions=[entry(2), entry(1)])
    directory.begin(process={"pid": 7}, fence=["n3", "n4"])
    held = directory.confirm("n4")["lock"]
    stage.read_only(True, operation=directory.option())
    before = directory.contents()
    found = stage.status(state_dir=str(directory.path))
    assert found["ha"]["role"] == "primary"
    still_due = held["steps"][1:]
    assert found["state_directory"] == {
        "path": str(directory.path),
        "lock": {
            **held,
            "expires": found["state_directory"]["lock"]["expires"],
            "steps": still_due,
        },
        "promotions": [entry(1), entry(2)],
        "read_only": directory.mark(),
        "damaged": [],
        "lock_problem": "",
        "unusable": [],
        "untrusted": [],
        "exposed": [],
        "announced": None,
    }
    assert directory.contents() == before


def test_a_lock_that_is_over_says_so(stage: Stage, directory: StateDirectory) -> None:
    directory.begin()
    directory.expire()
    assert stage.status(state_dir=str(directory.path))["state_directory"]["lock"]["expired"] is True


def failures(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return options with which the module fails, by how it does."""
    nobody = {"ip": stage.simulation.address()}
    return {
        "nobody there": nobody,
        "nobody there to wait for": {**nobody, "wait_for": {"phase": 1}, "wait_timeout": 0.2},
        "not as wanted": {"wait_for": {"role": "relay"}, "wait_timeout": 0.2},
        "a wrong option": {"timeout": -1},
        "no such file": {"access_file": "/none"},
    }


@pytest.mark.parametrize(
    "how",
    ["nobody there", "nobody there to wait for", "not as wanted", "a wrong option", "no such file"],
)
def test_what_is_kept_is_returned_after_a_failure_too(
    stage: Stage, directory: StateDirectory, how: str
) -> None:
    stage.put(NONE)
    directory.end(promotions=[entry(1)])
    options = {**stage.by_ha_socket(state_dir=str(directory.path)), **failures(stage)[how]}
    result = run_discreetly("ncs_ha_status", options)
    assert result["failed"] is True
    assert result["state_directory"] == {**nothing(directory), "promotions": [entry(1)]}


def test_what_a_newer_release_wrote_is_told_and_the_node_is_asked_all_the_same(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.end(promotions=[entry(1)])
    (directory.path / "promotions.jsonl").write_text('{"format":2}\n')
    result = stage.status(state_dir=str(directory.path), run_id="b")
    assert result["ha"]["role"] == "primary"
    (text,) = result["state_directory"]["unusable"]
    assert "promotions.jsonl, line 1: it has format 2" in text
    assert result["state_directory"]["damaged"] == []


def test_a_run_does_not_look_where_a_lock_lasts_longer_than_its_lease(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.begin("a")
    directory.change_lock(expires="2999-01-01T00:00:00.000000Z")
    result = stage.status(state_dir=str(directory.path), run_id="b")
    assert result["locked"] is True
    assert "Its times are in doubt: by the clock of its host it claims to be valid" in result["msg"]
    assert result["state_directory"]["lock"]["doubt"]


def test_damage_is_told_and_is_no_failure(stage: Stage, directory: StateDirectory) -> None:
    stage.put(NONE)
    directory.end(promotions=[entry(1), entry(2)])
    record = directory.path / "promotions.jsonl"
    record.write_bytes(record.read_bytes().replace(b'"epoch":2', b'"epoch":3'))
    (directory.path / "lock.json").write_text("junk")
    found = stage.status(state_dir=str(directory.path))
    assert "failed" not in found
    assert found["state_directory"]["promotions"] == [entry(1)]
    damage, lock = found["state_directory"]["damaged"]
    assert damage == f"{record}, line 2: its sum does not fit"
    assert "lock.json is damaged" in lock
    assert found["state_directory"]["lock_problem"] == lock


def unreadable(directory: StateDirectory) -> None:
    # The tests may run as root, who may read everything; nobody reads a directory.
    (directory.path / "lock.json").unlink()
    (directory.path / "lock.json").mkdir()


def damaged(directory: StateDirectory) -> None:
    (directory.path / "lock.json").write_text("junk")


def replaced(directory: StateDirectory) -> None:
    directory.path.rename(directory.path.with_name("moved"))
    directory.path.write_text("no directory")


@pytest.mark.parametrize("spoil", [unreadable, damaged, replaced])
def test_a_run_does_not_look_where_the_lock_of_another_cannot_be_read(
    stage: Stage, directory: StateDirectory, spoil: Callable[[StateDirectory], None]
) -> None:
    stage.put(PRIMARY)
    directory.begin("a")
    with stage.hand(stage.subject) as controller:
        controller.status()
        spoil(directory)
        result = stage.status(state_dir=str(directory.path), run_id="b")
        assert result["failed"] is True
        assert result["locked"] is True
        assert "there may be one" in result["msg"]
        assert str(directory.path) in result["msg"]
        assert result["state_directory"]["lock_problem"]
        # It still has the HA socket.
        controller.status()


@pytest.mark.parametrize("spoil", [unreadable, damaged, replaced])
def test_where_the_lock_cannot_be_read_it_is_still_told_that_no_daemon_runs(
    stage: Stage, directory: StateDirectory, spoil: Callable[[StateDirectory], None]
) -> None:
    directory.begin("a")
    nobody = {"ip": stage.simulation.address(), "ha_ip": stage.simulation.address()}
    options = stage.by_ha_socket(state_dir=str(directory.path), run_id="b", **nobody)
    # Of a lock that another run holds nothing is told but that.
    held = run_discreetly("ncs_ha_status", options)
    assert (held["locked"], "daemon" in held) == (True, False)
    spoil(directory)
    result = run_discreetly("ncs_ha_status", options)
    assert result["failed"] is True
    assert "locked" not in result
    assert result["daemon"]["running"] is False
    assert "Whether a run holds the lock is not known" in result["msg"]
    assert result["state_directory"]["lock_problem"]


def test_a_relative_directory_is_refused(stage: Stage) -> None:
    result = stage.status(state_dir="var/nso-ha")
    assert "state_dir is 'var/nso-ha'; it has to be an absolute path" in result["msg"]
    assert "state_directory" not in result


# Waiting for a transaction id


def test_the_transaction_id_can_be_waited_for(stage: Stage) -> None:
    stage.put(PRIMARY)
    stage.subject.write("some", "thing")
    wanted = stage.subject.status()["txid"]
    wait = {"primary_id": wanted["primary_id"], "timestamp": wanted["timestamp"]}
    found = stage.status(wait_for={"txid": wait}, wait_timeout=20)
    assert found["ha"]["txid"]["timestamp"] == list(wanted["timestamp"])


def test_another_transaction_id_is_named_when_the_time_is_up(stage: Stage) -> None:
    stage.put(PRIMARY)
    stage.subject.write("some", "thing")
    wait = {"txid": {"timestamp": [1764, 28000, 5]}}
    result = stage.status(wait_for=wait, wait_timeout=0.2)
    assert result["failed"] is True
    assert "transaction id is subject/" in result["msg"]
    assert ", not -/1764028000.000005" in result["msg"]


def test_half_a_transaction_id_is_refused(stage: Stage) -> None:
    result = stage.status(wait_for={"txid": {"timestamp": [1, 2]}})
    assert "wait_for.txid has a timestamp that is [1, 2]" in result["msg"]
