# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process is a node's, beyond doubt: the pid and the moment that process started.

A pid alone may have gone to another process in the meantime. Signals go through a pidfd taken
before that moment is compared, so they can reach no other process than the one compared.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ncs_sim.files import write_private

PID_FILE = "run.json"


@dataclass(frozen=True)
class ProcessId:
    pid: int
    start: int  # clock ticks since boot

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The process that has this pid now; None if it is gone or only waits to be reaped."""
        found = _stat(pid)
        if found is None or found[0] in "ZX":
            return None
        return cls(pid, found[1])

    @classmethod
    def load(cls, directory: Path) -> ProcessId | None:
        """Read the pid file of a node; None if there is none."""
        try:
            values = json.loads((directory / PID_FILE).read_text())
            return cls(int(values["pid"]), int(values["start"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, directory: Path) -> None:
        write_private(directory / PID_FILE, json.dumps(asdict(self)) + "\n")

    @property
    def alive(self) -> bool:
        return ProcessId.of(self.pid) == self

    @property
    def frozen(self) -> bool:
        found = _stat(self.pid)
        return found is not None and found == ("T", self.start)

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to this process and no other; False if it is gone."""
        with self._descriptor() as descriptor:
            if descriptor is None:
                return False
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
                return True
            return False

    def wait_gone(self, seconds: float) -> bool:
        """Wait until this process has ended; False if it has not in time."""
        with self._descriptor() as descriptor:
            if descriptor is None:
                return True
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return bool(poll.poll(max(0, int(seconds * 1000))))

    @contextmanager
    def _descriptor(self) -> Iterator[int | None]:
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            yield None
            return
        try:
            yield descriptor if self.alive else None
        finally:
            os.close(descriptor)


def _stat(pid: int) -> tuple[str, int] | None:
    """State letter and start time out of /proc/PID/stat."""
    try:
        content = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command name is in brackets and may itself hold blanks and brackets.
    after_name = content.rpartition(")")[2].split()
    return after_name[0], int(after_name[19])
