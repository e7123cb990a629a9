# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at what a node keeps: all that is good, and in words what is not."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store import clock, contents, promotions
from ansible_collections.nso.ha.plugins.module_utils._store.contents import Contents, ReadOnlyMark
from ansible_collections.nso.ha.plugins.module_utils._store.lock import Lock

NOW = 1764028800.0
HELD = Lock(
    "a",
    "n1",
    "failover",
    "ops",
    {},
    clock.iso_text(NOW),
    clock.iso_text(NOW + 900),
    900.0,
    steps=("promote", "attach"),
    fence=("n3", "n4"),
    fenced=("n4",),
    confirmed=("withdraw n1",),
)
MARK = ReadOnlyMark("a", "switchover", clock.iso_text(NOW))


def nothing(path: Path) -> Contents:
    return Contents(str(path), None, [], None, [])


def entry(epoch: int) -> promotions.Entry:
    return {
        "epoch": epoch,
        "primary": "n1",
        "txid": None,
        "start": [1, 2, 3],
        "at": clock.iso_text(NOW),
        "operation": "switchover",
        "run_id": "a",
    }


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A directory in which everything is kept."""
    (tmp_path / contents.LOCK).write_bytes(HELD.as_json())
    (tmp_path / contents.PROMOTIONS).write_bytes(promotions.dump_entries([entry(1), entry(2)]))
    (tmp_path / contents.READ_ONLY).write_bytes(MARK.as_json())
    return tmp_path


def test_everything_that_is_kept_is_found(full: Path) -> None:
    read = contents.read_contents(str(full))
    assert read == Contents(str(full), HELD, [entry(1), entry(2)], MARK, [])
    assert read.as_result(NOW) == {
        "path": str(full),
        "lock": {
            **{name: value for name, value in HELD._asdict().items() if name != "more"},
            "steps": ["promote", "attach"],
            "fence": ["n3", "n4"],
            "fenced": ["n4"],
            "confirmed": ["withdraw n1"],
            "expired": False,
            "doubt": "",
        },
        "promotions": [entry(1), entry(2)],
        "read_only": {
            "run_id": "a",
            "operation": "switchover",
            "at": clock.iso_text(NOW),
            "follower": False,
        },
        "damaged": [],
        "lock_problem": "",
        "unusable": [],
        "untrusted": [],
        "exposed": [],
        "announced": None,
    }


@pytest.mark.parametrize("name", ["", "none", "none/none"])
def test_an_empty_or_missing_directory_keeps_nothing(tmp_path: Path, name: str) -> None:
    read = contents.read_contents(str(tmp_path / name))
    assert read == nothing(tmp_path / name)
    assert read.as_result(NOW) == {
        "path": str(tmp_path / name),
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
    assert os.listdir(str(tmp_path)) == []


def test_a_file_in_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        read = contents.read_contents(str(path))
        (problem,) = read.damaged
        assert str(path) in problem
        assert "Hint: " in problem
        assert read.lock_problem == problem


def test_files_that_may_not_be_read_are_told_each(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, *_rest: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    read = contents.read_contents(str(full))
    assert f"cannot read {full / contents.LOCK}: Permission" in read.lock_problem
    assert contents.PROMOTIONS not in read.lock_problem
    assert read._replace(damaged=[], lock_problem="") == nothing(full)
    for name in (contents.PROMOTIONS, contents.LOCK, contents.READ_ONLY):
        assert any(f"cannot read {full / name}: Permission" in text for text in read.damaged)


def test_of_a_directory_that_may_not_be_looked_into_the_lock_is_not_known(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, *_rest: object, **_more: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "stat", refuse)
    read = contents.read_contents(str(full))
    assert f"cannot look into {full}: Permission" in read.lock_problem
    assert read == nothing(full)._replace(
        damaged=[read.lock_problem], lock_problem=read.lock_problem
    )


@pytest.mark.parametrize("name", [contents.LOCK, contents.READ_ONLY])
@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"{" * 1000])
def test_a_damaged_file_is_told_and_the_others_are_read(full: Path, name: str, data: bytes) -> None:
    whole = contents.read_contents(str(full))
    (full / name).write_bytes(data)
    read = contents.read_contents(str(full))
    (problem,) = read.damaged
    assert str(full / name) in problem
    assert "Hint: " in problem
    no_more: Any = {"lock": None} if name == contents.LOCK else {"read_only": None}
    assert read.lock_problem == (problem if name == contents.LOCK else "")
    assert read._replace(damaged=[], lock_problem="") == whole._replace(**no_more)


@pytest.mark.parametrize("change", [{"run_id": 1}, {"operation": ""}, {"at": None}])
def test_a_mark_of_another_form_is_none(full: Path, change: Any) -> None:
    (full / contents.READ_ONLY).write_text(json.dumps({**MARK._asdict(), **change}))
    assert len(contents.read_contents(str(full)).damaged) == 1


def test_a_damaged_line_of_the_history_is_told_and_the_others_are_read(full: Path) -> None:
    path = full / contents.PROMOTIONS
    path.write_bytes(path.read_bytes().replace(b'"epoch":2', b'"epoch":3'))
    read = contents.read_contents(str(full))
    assert read.promotions == [entry(1)]
    assert read.damaged == [f"{path}, line 2: its sum does not fit"]


def test_the_history_is_told_in_order_and_each_entry_once(full: Path) -> None:
    (full / contents.PROMOTIONS).write_bytes(
        promotions.dump_entries([entry(2), entry(1), entry(2)])
    )
    assert contents.read_contents(str(full)).promotions == [entry(1), entry(2)]


@pytest.mark.parametrize("name", ["steps", "fence", "fenced"])
@pytest.mark.parametrize("value", [None, "promote", [1], [""], ["x"] * 1001])
def test_a_lock_with_a_list_of_another_form_is_damaged_and_told_by_name(
    full: Path, name: str, value: Any
) -> None:
    (full / contents.LOCK).write_text(json.dumps({**HELD._asdict(), name: value}))
    read = contents.read_contents(str(full))
    assert read.lock is None
    (problem,) = read.damaged
    assert f"{full / contents.LOCK} is damaged: {name} " in problem


@pytest.mark.parametrize("name", ["steps", "fence", "fenced"])
def test_a_lock_without_one_of_its_lists_is_damaged(full: Path, name: str) -> None:
    """As one is that an earlier release of this collection wrote."""
    read = {key: value for key, value in HELD._asdict().items() if key != name}
    (full / contents.LOCK).write_text(json.dumps(read))
    (problem,) = contents.read_contents(str(full)).damaged
    assert f"{full / contents.LOCK} is damaged: {name} is missing" in problem


@pytest.mark.parametrize("name", [contents.LOCK, contents.READ_ONLY, contents.PROMOTIONS])
def test_a_file_beyond_all_measure_is_told_and_not_read(full: Path, name: str) -> None:
    limit = promotions.MAX_BYTES if name == contents.PROMOTIONS else contents.MAX_BYTES
    with (full / name).open("wb") as file:
        file.truncate(limit + 1)
    (problem,) = contents.read_contents(str(full)).damaged
    assert f"{full / name} is longer than {limit} bytes" in problem
