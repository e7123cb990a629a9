# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a namespace: found by the namespace they are in, not by their names."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path

from ncs_lab.network import NAMESPACES, namespace_inode
from ncs_sim.errors import SimError
from ncs_sim.process import ProcessId

_POLL_SECONDS = 0.01


def inside(*namespaces: str) -> list[ProcessId]:
    """Whatever runs in these namespaces."""
    return list(_inside({namespace_inode(name) for name in namespaces}))


@contextmanager
def ended(namespaces: Iterable[str]) -> Iterator[None]:
    """SIGKILL for whatever runs in these namespaces, before and after the with statement.

    In between, their names may be removed: something may have been about to enter them.
    """
    with contextlib.ExitStack() as stack:
        inodes = set()
        for name in namespaces:
            # As long as it is open, nothing else can get its inode.
            file = stack.enter_context(open(NAMESPACES / name, "rb"))
            found = os.fstat(file.fileno())
            inodes.add((found.st_dev, found.st_ino))
        _end_all(inodes)
        yield
        _end_all(inodes)


def _inside(inodes: Set[tuple[int, int]]) -> Iterator[ProcessId]:
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        # Asked for first: the signal then goes to the process whose namespace was looked at.
        process = ProcessId.of(int(path.name))
        try:
            found = (path / "ns" / "net").stat()
        except OSError:
            continue  # it has ended
        if process is not None and (found.st_dev, found.st_ino) in inodes:
            yield process


def _end_all(inodes: Set[tuple[int, int]], seconds: float = 10.0) -> None:
    """SIGKILL for whatever runs there; return once nothing does."""
    end = time.monotonic() + seconds
    while left := list(_inside(inodes)):
        if time.monotonic() > end:
            pids = ", ".join(str(process.pid) for process in left)
            raise SimError(f"these processes do not end: {pids}")
        for process in left:
            process.signal(signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
