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
from ansible_collections.nso.ha.plugins.module_utils._store.files import (
    StoreError,
    TooLong,
    Untrusted,
)

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
    files.replace(str(tmp_path / "file"), b"data")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert (tmp_path / "file").read_bytes() == b"data"
    assert not (tmp_path / "file").is_symlink()


@pytest.mark.parametrize("kind", ["pipe", "hard link", "directory"])
def test_what_stands_in_place_of_the_fresh_file_is_neither_waited_for_nor_written_into(
    tmp_path: Path, kind: str
) -> None:
    victim, fresh = tmp_path / "victim", tmp_path / "file.new"
    victim.write_bytes(b"precious")
    if kind == "pipe":
        os.mkfifo(str(fresh))
    elif kind == "hard link":
        os.link(str(victim), str(fresh))
    else:
        fresh.mkdir()
    if kind == "directory":
        with pytest.raises(StoreError, match="cannot write"):
            files.replace(str(tmp_path / "file"), b"data")
    else:
        files.replace(str(tmp_path / "file"), b"data")
        assert (tmp_path / "file").read_bytes() == b"data"
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("target", ["victim", "none"])
def test_a_link_is_not_read_wherever_it_leads(tmp_path: Path, target: str) -> None:
    (tmp_path / "victim").write_bytes(b"{}")
    (tmp_path / "file").symlink_to(tmp_path / target)
    with pytest.raises(StoreError, match=f"cannot read {tmp_path / 'file'}: it is a symbolic link"):
        files.read_whole(str(tmp_path / "file"), 10)


# Who else can write


def as_user(monkeypatch: pytest.MonkeyPatch, user: int, owners: dict[Path, int]) -> None:
    """Let this process be that of a user, and paths be those of others, as only root could."""
    stat, fstat = os.stat, os.fstat
    of_inode = {stat(str(path)).st_ino: owner for path, owner in owners.items()}

    def owned(status: os.stat_result) -> os.stat_result:
        fields = list(status)
        fields[4] = of_inode.get(status.st_ino, 0)
        return os.stat_result(fields)

    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "stat", lambda path, **more: owned(stat(path, **more)))
    monkeypatch.setattr(os, "fstat", lambda number: owned(fstat(number)))


@pytest.mark.parametrize(
    ("user", "directory", "file", "usable"),
    [
        (7, 7, 7, True),
        (7, 7, 0, True),
        (7, 0, 0, True),
        (0, 0, 0, True),
        # Root in the directory of the user that NSO runs as.
        (0, 8, 8, True),
        (0, 8, 0, True),
        (0, 0, 8, False),
        (7, 7, 8, False),
        (7, 8, 8, False),
    ],
)
def test_a_file_is_that_of_root_or_of_who_runs_this_or_proves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    directory: int,
    file: int,
    usable: bool,
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"data")
    as_user(monkeypatch, user, {tmp_path: directory, path: file})
    if usable:
        assert files.read_whole(str(path), 10) == b"data"
        return
    with pytest.raises(Untrusted, match=f"{path} belongs to user id 8, .*Hint: .*user id {user}"):
        files.read_whole(str(path), 10)


def test_what_every_user_can_write_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"data")
    path.chmod(0o602)
    with pytest.raises(Untrusted, match=f"every user .*{path}.*Hint: .*chmod go-w {path}"):
        files.read_whole(str(path), 10)
    files.check_directory(str(tmp_path))
    # The sticky bit keeps nobody from making a file that is not there.
    for mode in (0o777, 0o1777):
        tmp_path.chmod(mode)
        with pytest.raises(Untrusted, match=f"chmod go-w {tmp_path}"):
            files.check_directory(str(tmp_path))
    files.check_directory(str(tmp_path / "none"))


def test_who_else_can_change_what_is_there_is_told_and_a_directory_below_tmp_is_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "shared" / "state"
    directory.mkdir(parents=True, mode=0o700)
    (directory / "file").write_bytes(b"")

    def told() -> list[str]:
        return files.who_else_can_write(str(directory), ("file", "none"))

    directory.parent.chmod(0o1777)
    assert told() == []
    directory.parent.chmod(0o777)
    (text,) = told()
    assert text.startswith(f"every user can put another directory in the place of {directory}")
    assert str(directory.parent) in text
    directory.parent.chmod(0o700)

    group = os.stat(str(directory)).st_gid or 12
    for path in (directory, directory / "file"):
        if os.stat(str(path)).st_gid == 0:
            os.chown(str(path), -1, group)
        path.chmod(0o770)
        assert told() == [f"group id {group} can write to {path}. Hint: chmod g-w {path}"]
        path.chmod(0o700)

    as_user(monkeypatch, 0, {directory: 8, directory.parent: 9})
    mine, above = told()
    assert mine == f"{directory} belongs to user id 8, who can change all that is in it"
    assert above.startswith("user id 9 can put another directory in the place of")
