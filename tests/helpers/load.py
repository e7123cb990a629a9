# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load on a simulated cluster in the background, and the verdict on what became of its writes.

    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(10, by="n1")
        ...                                   # what the cluster must survive
        load.until_acknowledged(10, by="n2")
        judged = load.finish()
    assert judged.status == 0, judged.text

It is the command `ncs-sim load` as a process of its own, killed at the end of the with statement if
need be. It reaches the nodes through their directories, whatever the network between them does; a
node that no client should reach any more is left out by `leave_out`, until `bring_back`.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ncs_sim.files import write_private

from helpers.until import until

#: Exit status: nothing found, a violation, wrong usage, cannot tell.
CLEAN, VIOLATED, USAGE, UNCLEAR = 0, 1, 2, 3


class Judged(NamedTuple):
    """The end of a load.

    status:  one of the four above
    verdict: what `ncs-sim load --json` prints, see ncs_sim.verdict.as_json
    text:    all that it printed, for the message of a failed assertion
    """

    status: int
    verdict: dict[str, Any]
    text: str


class Load:
    """The load. `rate` is writes a second for each node, `settle` seconds of the final read.

    It writes to all nodes, or to those of `nodes`; it reads all of them when it ends. With `to`, so
    many writers write to that address and port over the network, and know no node.
    """

    def __init__(
        self,
        directory: Path,
        history: Path,
        *,
        rate: float = 50,
        settle: float = 10,
        nodes: Sequence[str] = (),
        to: str = "",
        writers: int = 1,
        timeout: float = 2,
    ) -> None:
        self.history = history
        self._skip_file = history.with_name(f"{history.name}.skip")
        self._left_out: set[str] = set()
        self._nodes = nodes
        self._command = [sys.executable, "-m", "ncs_sim", "load", "--json"]
        self._command += ["--dir", str(directory), "--history", str(history)]
        self._command += ["--rate", str(rate), "--settle", str(settle)]
        self._command += ["--skip-file", str(self._skip_file)]
        self._command += [f"--nodes={node}" for node in nodes]
        self._command += ["--timeout", str(timeout)]
        self._command += ["--to", to, "--writers", str(writers)] if to else []
        self._read = 0
        self._lines: list[dict[str, Any]] = []
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process, once the with statement has begun."""
        assert self._process is not None, "the load has not been started"
        return self._process

    @property
    def start(self) -> dict[str, Any]:
        """The first line of the history."""
        return self._history()[0]

    def attempts(self, *, by: str | None = None, since: float = 0.0) -> list[dict[str, Any]]:
        """Return the attempts so far, of one node or of all, sent since a monotonic time."""
        return [
            line
            for line in self._history()
            if line["kind"] == "attempt" and by in (None, line["node"]) and line["sent"] >= since
        ]

    def acknowledged(self, *, by: str | None = None, since: float = 0.0) -> list[dict[str, Any]]:
        """Return those of the attempts that were acknowledged."""
        found = self.attempts(by=by, since=since)
        return [line for line in found if line["outcome"] == "acknowledged"]

    def until_acknowledged(self, count: int, *, by: str | None = None, seconds: float = 10) -> None:
        """Wait for so many writes that are sent from now on and acknowledged."""
        since = time.monotonic()

        def enough() -> bool:
            done = len(self.acknowledged(by=by, since=since)) >= count
            assert done or self.process.poll() is None, "the load has ended"
            return done

        until(enough, seconds, f"{count} more writes acknowledged by {by or 'anybody'}")

    def until_outcome(self, outcome: str, *, by: str, seconds: float = 10) -> None:
        """Wait for a write that is sent from now on and has this outcome."""
        since = time.monotonic()

        def found() -> bool:
            return any(one["outcome"] == outcome for one in self.attempts(by=by, since=since))

        until(found, seconds, f"a write that is {outcome}")

    def leave_out(self, *names: str, seconds: float = 10) -> None:
        """Write to these no more; return once nothing is on its way to them."""
        self._write_skip_file(self._left_out.union(names))
        since = time.monotonic()
        written = [name for name in names if name in (self._nodes or names)]

        # Each node has its attempts one by one, so a later one tells that the earlier has ended.
        def all_later() -> bool:
            return all(self.attempts(by=name, since=since) for name in written)

        until(all_later, seconds, f"that no write is on its way to {', '.join(names)}")

    def bring_back(self, *names: str) -> None:
        """Write to these again."""
        self._write_skip_file(self._left_out.difference(names))

    def write_gap(self, old: str, new: str, since: float) -> float:
        """Return the seconds in which no client was told that a write had succeeded.

        It is the time from the last acknowledged write by `old` to the first by `new`, both as
        they were answered. Of `new`, only what was sent after the monotonic time `since` counts,
        which is one at which it was not primary yet.
        """
        first = min((one["answered"] for one in self.acknowledged(by=new, since=since)), default=-1)
        assert first >= 0, f"no write was acknowledged by {new}"
        before = [one["answered"] for one in self.acknowledged(by=old) if one["answered"] <= first]
        assert before, f"no write was acknowledged by {old} before"
        return float(first - max(before))

    def finish(self, seconds: float = 60) -> Judged:
        """End the load; return the verdict."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=seconds)
        text = out + err
        assert self.process.returncode in (CLEAN, VIOLATED, UNCLEAR), text
        assert out, text
        return Judged(self.process.returncode, json.loads(out), text)

    def _write_skip_file(self, names: set[str]) -> None:
        unknown = names.difference(self.start["nodes"])
        assert not unknown, f"no such nodes: {unknown}"
        write_private(self._skip_file, "".join(f"{name}\n" for name in sorted(names)))
        self._left_out = names

    def _history(self) -> list[dict[str, Any]]:
        """Read on from where the last call ended, as far as there are whole lines."""
        with open(self.history, "rb") as file:
            file.seek(self._read)
            whole, end, _rest = file.read().rpartition(b"\n")
        self._read += len(whole) + len(end)
        self._lines += [json.loads(line) for line in whole.splitlines()]
        return self._lines

    def __enter__(self) -> Load:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            # It can be told to end from the first attempt on.
            until(self._started, 60, "the first attempt of the load")
        except BaseException:
            self._kill()
            raise
        return self

    def _started(self) -> bool:
        if self.history.exists() and self.attempts():
            return True
        assert self.process.poll() is None, f"the load has ended: {self.process.communicate()}"
        return False

    def _kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        with contextlib.suppress(ValueError):
            self.process.communicate()

    def __exit__(self, *_exception: object) -> None:
        self._kill()
