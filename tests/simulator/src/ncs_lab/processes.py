# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a namespace: found by the namespace they are in, not by their names."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

from ncs_lab.network import namespace_inode
from ncs_sim.errors import SimError
from ncs_sim.process import ProcessId

_POLL_SECONDS = 0.01


def inside(namespace: str) -> Iterator[ProcessId]:
    """Whatever runs in a namespace."""
    wanted = namespace_inode(namespace)
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        # Asked for first: the signal then goes to the process whose namespace was looked at.
        process = ProcessId.of(int(path.name))
        try:
            found = (path / "ns" / "net").stat()
        except OSError:
            continue  # it has ended
        if process is not None and (found.st_dev, found.st_ino) == wanted:
            yield process


def end_all(namespaces: list[str], seconds: float = 10.0) -> None:
    """SIGKILL for whatever runs in these namespaces; return once nothing does."""
    end = time.monotonic() + seconds
    while left := [process for name in namespaces for process in inside(name)]:
        if time.monotonic() > end:
            pids = ", ".join(str(process.pid) for process in left)
            raise SimError(f"these processes do not end: {pids}")
        for process in left:
            process.signal(signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
