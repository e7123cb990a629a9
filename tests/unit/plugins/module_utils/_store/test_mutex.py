# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process at a time in a directory, and an end of the patience with the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store import mutex
from ansible_collections.nso.ha.plugins.module_utils._store.files import StoreError

#: A process that holds the mutex until its standard input ends, or until it is killed.
HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


class Clock:
    """A clock that stands still while nobody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        self.slept += 1


def holder(directory: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory / mutex.NAME)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.communicate(timeout=60)


def test_a_free_mutex_is_taken_at_once_and_again(tmp_path: Path) -> None:
    clock = Clock()
    for _unused in range(3):
        with mutex.held(str(tmp_path), clock.read, clock.sleep):
            pass
    assert clock.slept == 0


def test_patience_ends_after_its_time_with_the_path(tmp_path: Path) -> None:
    process = holder(tmp_path)
    clock = Clock()
    try:
        waiting = mutex.held(str(tmp_path), clock.read, clock.sleep)
        with pytest.raises(StoreError, match="has held it for 10 s") as caught:
            waiting.__enter__()
    finally:
        end(process)
    assert str(tmp_path / mutex.NAME) in str(caught.value)
    assert mutex.PATIENCE <= clock.now - 1000.0 <= mutex.PATIENCE + mutex.PAUSE
    with mutex.held(str(tmp_path), clock.read, clock.sleep):
        pass


def test_whoever_waits_gets_it_when_the_other_one_dies(tmp_path: Path) -> None:
    process = holder(tmp_path)

    def sleep(_seconds: float) -> None:
        process.kill()
        end(process)

    with mutex.held(str(tmp_path), lambda: 0.0, sleep):
        assert process.returncode == -9


def test_what_happens_inside_gives_it_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), mutex.held(str(tmp_path)):
        raise ZeroDivisionError
    with mutex.held(str(tmp_path)):
        pass


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    nowhere = mutex.held(str(tmp_path / "none"))
    with pytest.raises(StoreError, match=r"cannot open .*: No such file"), nowhere:
        pytest.fail("held")
