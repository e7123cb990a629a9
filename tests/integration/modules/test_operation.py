# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_operation: one operation at a time on a node, and what is kept when it ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.forked import ForkedModules
from helpers.modules import module_process
from helpers.running import RunningModule
from helpers.state_directory import NODE_ID, StateDirectory, entry
from helpers.until import until

LOCK_KEYS = {
    *("run_id", "node_id", "operation", "owner", "process", "taken", "expires", "lease", "expired"),
    *("doubt", "steps", "fence", "fenced", "confirmed"),
}


def options(directory: StateDirectory, run_id: str, /, **more: Any) -> dict[str, Any]:
    return {
        "state_dir": str(directory.path),
        "state": "begun",
        "run_id": run_id,
        "node_id": NODE_ID,
        "name": "switchover",
        "owner": f"owner of {run_id}",
        **more,
    }


def with_small_files(params: dict[str, Any], size: int, name: str = "ncs_ha_operation") -> Any:
    """Run a module that can write no file of more bytes than this, as on a full disk."""
    command, payload, environment = module_process(name, params, False, None)
    # What measures coverage could not write its file, either.
    environment = {key: environment[key] for key in environment if not key.startswith("COVERAGE")}
    ended = subprocess.run(
        command,
        input=payload,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    assert not ended.stderr, ended.stderr.decode()
    return json.loads(ended.stdout)


def test_four_steps_take_the_lock_once(directory: StateDirectory) -> None:
    process = {"pid": 7, "host": "bastion", "more": [None, True, 1.5]}
    foreseen = directory.begin(process=process, check=True)
    assert foreseen["changed"] is True
    assert foreseen["lock"] is None
    assert not directory.path.exists(), "check mode wrote something"

    done = directory.begin(process=process)
    assert done["changed"] is True
    assert set(done["lock"]) == LOCK_KEYS
    held = directory.lock()
    assert held is not None
    assert {**held, "expired": False, "doubt": ""} == done["lock"]
    assert held["process"] == process
    assert (held["run_id"], held["operation"], held["owner"]) == ("a", "switchover", "owner of a")
    assert held["lease"] == 900.0
    assert directory.names() == {"lock.json", "reserve"}
    assert directory.path.stat().st_mode & 0o777 == 0o700

    for check in (True, False):
        again = directory.begin(process=process, check=check)
        assert again["changed"] is False
        assert again["lock"]["taken"] == held["taken"]
        assert again["replaced"] is None
    assert again["lock"]["expires"] > held["expires"]


def test_four_steps_end_an_operation_once(directory: StateDirectory) -> None:
    directory.begin()
    kept: dict[str, Any] = {"promotions": [entry(2), entry(1)], "log": {"operation": "switchover"}}
    before = directory.contents()
    foreseen = directory.end(check=True, **kept)
    assert foreseen["changed"] is True
    assert foreseen["lock"]["run_id"] == "a"
    assert directory.contents() == before

    done = directory.end(**kept)
    assert done["changed"] is True
    assert done["lock"] is None
    assert directory.names() == {"promotions.jsonl", "operations.jsonl"}
    assert directory.promotions() == [entry(1), entry(2)]
    (logged,) = directory.operations()
    assert {**logged, "at": ""} == {"operation": "switchover", "run_id": "a", "at": ""}

    after = directory.contents()
    for check in (True, False):
        again = directory.end(check=check, **kept)
        assert again["changed"] is False
        assert again["lock"] is None
    assert directory.contents() == after


def test_nothing_ends_where_nothing_began(directory: StateDirectory) -> None:
    assert directory.end()["changed"] is False
    assert not directory.path.exists()


def test_what_was_done_is_kept_even_where_the_lock_was_lost(directory: StateDirectory) -> None:
    directory.begin("b")
    ended = directory.end("a", promotions=[entry(1)], log={"outcome": "failed"})
    assert ended["changed"] is True
    assert ended["lock"]["run_id"] == "b"
    assert directory.names() == {"lock.json", "reserve", "promotions.jsonl", "operations.jsonl"}


@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
def test_another_operation_is_told_whom_to_wait_for(directory: StateDirectory, check: bool) -> None:
    held = directory.begin("a")["lock"]
    before = directory.contents()
    refused = directory.begin("b", check=check, replace=["c"])
    assert refused["failed"] is True
    assert refused["lock"] == held
    assert refused["replaced"] is None
    for part in ("owner of a", "switchover", held["taken"], held["expires"], str(directory.path)):
        assert part in refused["msg"]
    assert "nso_ha_break_lock=a " in refused["msg"]
    assert directory.contents() == before


@pytest.mark.parametrize("way", ["expired", "named"])
def test_a_lock_that_is_over_or_given_up_is_taken_over(directory: StateDirectory, way: str) -> None:
    held = directory.begin("a")["lock"]
    if way == "expired":
        directory.expire()
    more: dict[str, Any] = {"replace": ["a"]} if way == "named" else {}
    foreseen = directory.begin("b", check=True, **more)
    assert foreseen["changed"] is True
    assert foreseen["lock"]["run_id"] == foreseen["replaced"]["run_id"] == "a"
    taken = directory.begin("b", **more)
    assert taken["changed"] is True
    assert taken["lock"]["run_id"] == "b"
    assert taken["replaced"]["taken"] == held["taken"]
    assert taken["replaced"]["expired"] is (way == "expired")
    # The run that lost it does not get it back just so.
    assert directory.begin("a")["lock"]["run_id"] == "b"


def test_a_lock_that_is_held_is_renewed_as_it_is_and_none_is_ever_taken(
    directory: StateDirectory,
) -> None:
    missing = directory.hold(step="now")
    assert missing["failed"] is True
    assert "there is no lock" in missing["msg"]
    assert directory.lock() is None

    directory.begin(fence=["n3"])
    directory.confirm("n3")
    before = directory.lock()
    assert before is not None
    assert directory.hold(check=True)["lock"]["expires"] == before["expires"]
    held = directory.hold(step="now")
    after = directory.lock()
    assert after is not None
    assert after.pop("expires") > before.pop("expires")
    assert after == before
    assert (held["changed"], held["run_id"], held["step"]) == (False, "a", "now")

    other = directory.hold("b")
    assert other["failed"] is True
    assert "is not held here any more" in other["msg"]
    directory.expire()
    assert "it expired at" in directory.hold(step="later")["msg"]


@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
def test_two_nodes_with_one_directory_are_found_out(directory: StateDirectory, check: bool) -> None:
    directory.begin()
    refused = directory.begin(node_id="other", check=check)
    assert refused["failed"] is True
    assert f"used for node {NODE_ID}, too" in refused["msg"]
    assert refused["lock"]["node_id"] == NODE_ID


@contextlib.contextmanager
def everybody_waiting(directory: StateDirectory, processes: list[RunningModule]) -> Iterator[None]:
    """Hold the mutex until all processes wait for it."""
    directory.path.mkdir()
    mutex = directory.path / ".mutex"

    def waits(process: RunningModule) -> bool:
        assert process.runs
        with contextlib.suppress(OSError):
            links = Path(f"/proc/{process.pid}/fd").iterdir()
            return any(str(link.readlink()) == str(mutex) for link in links)
        return False

    with mutex.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
        until(lambda: all(map(waits, processes)), what="all processes waiting")


def test_of_many_that_begin_at_once_exactly_one_does(directory: StateDirectory) -> None:
    processes: list[RunningModule] = []
    with contextlib.ExitStack() as stack:
        with everybody_waiting(directory, processes):
            for number in range(5):
                params = options(directory, f"run {number}")
                process = RunningModule("ncs_ha_operation", params)
                processes.append(stack.enter_context(process))
        results = [process.result() for process in processes]
    winners = [result["lock"]["run_id"] for result in results if not result.get("failed")]
    assert len(winners) == 1
    assert {result["lock"]["run_id"] for result in results} == set(winners)
    held = directory.lock()
    assert held is not None
    assert [held["run_id"]] == winners


def test_what_many_record_at_once_is_all_kept(directory: StateDirectory) -> None:
    processes: list[RunningModule] = []
    with contextlib.ExitStack() as stack:
        with everybody_waiting(directory, processes):
            for number in range(1, 5):
                params = {
                    "state_dir": str(directory.path),
                    "state": "ended",
                    "run_id": "a",
                    "node_id": NODE_ID,
                    "promotions": [entry(number)],
                }
                process = RunningModule("ncs_ha_operation", params)
                processes.append(stack.enter_context(process))
        assert all(process.result()["changed"] for process in processes)
    assert directory.promotions() == [entry(number) for number in range(1, 5)]


def test_on_a_full_disk_no_operation_begins_and_nothing_is_left(directory: StateDirectory) -> None:
    # The lock fits, the room for what comes later does not.
    for size in (10, 10_000):
        result = with_small_files(options(directory, "a"), size)
        assert result["failed"] is True
        assert (result["lock"], result["refusal"]) == (None, "unwritable")
        assert "File too large. Hint: free some space" in result["msg"]
        assert directory.names() == set()


def test_where_the_record_cannot_be_written_the_lock_is_given_back_all_the_same(
    directory: StateDirectory,
) -> None:
    directory.begin()
    ending = {"state": "ended", "promotions": [entry(1)]}
    result = with_small_files(options(directory, "a", **ending), 10)
    assert result["failed"] is True
    assert f"cannot write {directory.path}/promotions.jsonl" in result["msg"]
    assert result["lock"] is None
    assert directory.names() == set()


def test_a_directory_that_cannot_be_is_named_with_what_helps(directory: StateDirectory) -> None:
    directory.path.write_text("a file")
    for check in (True, False):
        result = directory.begin(check=check)
        assert result["failed"] is True
        assert f"{directory.path} is not a directory" in result["msg"]
        # One that was there may have been moved away, with the lock of a run that goes on.
        assert result["refusal"] == "unreadable"
    directory.path.unlink()
    directory.path /= "state"
    for check in (True, False):
        result = directory.begin(check=check)
        assert "No such file or directory" in result["msg"]
        assert "set state_dir (nso_ha_state_dir)" in result["msg"]
        assert result["refusal"] == "unwritable"
    assert not directory.path.parent.exists()


def test_it_is_told_whether_another_lock_is_or_may_be_in_the_way(directory: StateDirectory) -> None:
    assert directory.begin("a")["refusal"] is None
    for check in (True, False):
        assert directory.begin("b", check=check)["refusal"] == "held"
    # Nothing can be written, but that is not what stands in the way.
    assert with_small_files(options(directory, "b"), 10)["refusal"] == "held"
    (directory.path / "lock.json").write_text("{")
    assert directory.begin("b")["refusal"] == "unreadable"


def test_a_damaged_record_is_kept_aside_and_told(directory: StateDirectory) -> None:
    directory.end(promotions=[entry(1), entry(2)])
    record = directory.path / "promotions.jsonl"
    damaged = record.read_bytes().replace(b'"epoch":1', b'"epoch":7')
    record.write_bytes(damaged)
    ended = directory.end(promotions=[entry(3)])
    assert ended["changed"] is True
    # ansible-core 2.19 and later put more than the text there.
    assert f"{record}, line 1: its sum does not fit" in str(ended["warnings"])
    assert (directory.path / "promotions.jsonl.damaged-1").read_bytes() == damaged
    assert directory.promotions() == [entry(2), entry(3)]


def test_a_lock_that_cannot_be_read_is_not_taken_over(directory: StateDirectory) -> None:
    directory.begin()
    (directory.path / "lock.json").write_text("junk")
    for result in (directory.begin("b", replace=["a"]), directory.end("a")):
        assert result["failed"] is True
        assert "lock.json is damaged" in result["msg"]
        assert "remove this file" in result["msg"]
    assert (directory.path / "lock.json").read_text() == "junk"


def test_what_a_newer_release_wrote_is_not_touched_and_the_rest_of_the_end_is_done(
    directory: StateDirectory,
) -> None:
    directory.begin()
    newer = b'{"format":2}\n'
    for name in ("promotions.jsonl", "operations.jsonl"):
        (directory.path / name).write_bytes(newer)
    refused = directory.begin("b", replace=["a"])
    assert "line 1: it has format 2, and the newest format that this collection" in refused["msg"]
    assert refused["lock"]["run_id"] == "a"
    ended = directory.end("a", promotions=[entry(1)], log={"outcome": "done"})
    assert ended["failed"] is True
    assert ended["msg"].count("has format 2") == 2
    assert directory.contents() == {"promotions.jsonl": newer, "operations.jsonl": newer}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state_dir": "var/nso-ha"}, "state_dir is 'var/nso-ha'; it has to be an absolute path"),
        ({"run_id": ""}, "run_id is empty"),
        ({"run_id": "x" * 256}, "run_id is 256 characters long"),
        ({"node_id": ""}, "node_id is empty"),
        ({"name": ""}, "name is empty"),
        ({"owner": "a\0b"}, "owner has a NUL"),
        ({"lease": 0}, "lease is 0"),
        ({"lease": float("inf")}, "lease is inf"),
        ({"lease": 1e9}, "the limit is"),
        ({"process": {"x": float("nan")}}, "process: "),
        ({"state": "over"}, "value of state must be one of: begun, held, confirmed, ended"),
        ({"name": None}, "name is empty"),
        ({"state": "ended", "promotions": [{"epoch": 1}]}, "promotions[0]: primary is missing"),
        ({"state": "ended", "log": {"x": float("inf")}}, "log: "),
    ],
)
def test_options_that_make_no_sense_are_refused_and_nothing_is_written(
    directory: StateDirectory, forked: ForkedModules, change: dict[str, Any], words: str
) -> None:
    result = forked.run("ncs_ha_operation", options(directory, "a", **change))
    assert result["failed"] is True
    assert words in result["msg"]
    assert not directory.path.exists()


@pytest.mark.parametrize("name", ["name", "owner"])
def test_to_begin_what_and_who_have_to_be_said(
    directory: StateDirectory, forked: ForkedModules, name: str
) -> None:
    given = {key: value for key, value in options(directory, "a").items() if key != name}
    result = forked.run("ncs_ha_operation", given)
    assert f"state is begun but all of the following are missing: {name}" in result["msg"]
