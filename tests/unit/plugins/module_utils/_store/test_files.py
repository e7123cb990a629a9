# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files: whole or not at all, read within a limit, and errors that say what helps."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store import files
from ansible_collections.nso.ha.plugins.module_utils._store.files import StoreError, TooLong

#: As a process of its own: a limit on the size of files stands in for a full disk.
FULL = """
import resource, sys
from ansible_collections.nso.ha.plugins.module_utils._store import files
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    files.replace(sys.argv[1], b"x" * 11)
except files.StoreError as problem:
    print(problem.no_room, problem)
"""


def failing(number: int) -> Callable[..., Any]:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"one", b"", b"three"):
        files.replace(str(path), data)
        assert files.read_whole(str(path), 10) == data
        assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_crash_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file.new").write_text("much longer than what is written now")
    files.replace(str(tmp_path / "file"), b"short")
    assert (tmp_path / "file").read_bytes() == b"short"


def test_where_the_disk_is_full_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    # What measures coverage could not write its file, either.
    environment = {key: os.environ[key] for key in os.environ if not key.startswith("COVERAGE")}
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(path)],
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert ended.stdout.decode().startswith(f"True cannot write {path}: File too large. ")
    assert path.read_bytes() == b"old"
    assert os.listdir(str(tmp_path)) == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space"),
        (errno.EACCES, r"set state_dir \(nso_ha_state_dir\)"),
        (errno.EROFS, "create the directory once"),
        (errno.EIO, "log of the host"),
    ],
)
def test_an_error_says_where_why_and_what_helps_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, hint: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(number))
        with pytest.raises(StoreError, match=hint) as caught:
            files.replace(str(path), b"new")
    text = str(caught.value)
    assert text.startswith(f"cannot write {path}: {os.strerror(number)}. Hint: ")
    assert caught.value.number == number
    assert caught.value.no_room is (number in (errno.ENOSPC, errno.EDQUOT))
    assert path.read_bytes() == b"old"
    assert os.listdir(str(tmp_path)) == ["file"]


def test_there_is_nothing_to_read_where_no_file_is(tmp_path: Path) -> None:
    assert files.read_whole(str(tmp_path / "none"), 10) is None
    assert files.read_whole(str(tmp_path / "none" / "none"), 10) is None


def test_a_file_is_read_up_to_its_limit_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10)
    assert files.read_whole(str(path), 10) == b"x" * 10
    with pytest.raises(TooLong, match="longer than 9 bytes"):
        files.read_whole(str(path), 9)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(str(tmp_path / "file"))
    with pytest.raises(StoreError, match="not a regular file"):
        files.read_whole(str(tmp_path / "file"), 10)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"cannot read {tmp_path}: Is a directory"):
        files.read_whole(str(tmp_path), 10)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="Not a directory"):
        files.read_whole(str(tmp_path / "file" / "lock.json"), 10)


def test_a_file_is_removed_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert files.remove(str(path)) is True
    assert files.remove(str(path)) is False


def test_a_file_that_cannot_be_removed_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"cannot remove {tmp_path}: "):
        files.remove(str(tmp_path))


def test_a_link_in_place_of_the_fresh_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "file.new").symlink_to(tmp_path / "victim")
    with pytest.raises(StoreError, match="cannot write"):
        files.replace(str(tmp_path / "file"), b"data")
    assert (tmp_path / "victim").read_bytes() == b"precious"
