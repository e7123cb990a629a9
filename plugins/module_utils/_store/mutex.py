# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One process at a time in a directory, for as long as it takes to read, check and write."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import Callable, Iterator

from .files import StoreError, explained

NAME = ".mutex"


class Busy(StoreError):
    """Another process is at work in the directory."""


#: How long to wait for others, and how long to pause between two attempts, in seconds.
PATIENCE = 10.0
PAUSE = 0.02


@contextlib.contextmanager
def held(
    directory: str,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Keep other processes out of this directory meanwhile. Raises StoreError."""
    path = os.path.join(directory, NAME)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    with explained("open", path):
        descriptor = os.open(path, flags, 0o600)
    try:
        _take(descriptor, path, clock, sleep)
        yield
    finally:
        # Closing it gives it back; so does the end of the process, whatever ends it.
        os.close(descriptor)


def _take(
    descriptor: int, path: str, clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    end = clock() + PATIENCE
    while not _taken(descriptor, path):
        if clock() >= end:
            raise Busy(
                f"cannot lock {path}: another process has held it for {PATIENCE:g} s. Hint: run it "
                "again. If that fails too, look for a process of this collection that hangs on the "
                "host."
            )
        sleep(PAUSE)


def _taken(descriptor: int, path: str) -> bool:
    with explained("lock", path):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
