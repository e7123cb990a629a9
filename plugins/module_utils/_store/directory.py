# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writing the state directory of a node; contents.py has its files and reads them.

This is what a run needs around its orders; run_directory.py begins and ends it. Everything here
reads, checks and writes under the mutex of the directory. It raises StoreError where that is not
possible, and then leaves everything as it was.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import Any, Callable, Iterable, Iterator

from . import contents, files, lock, mutex, promotions
from .contents import ReadOnlyMark
from .files import StoreError, TooLong, Unusable
from .lock import Lock

#: How many copies of a damaged file stay.
MAX_DAMAGED = 3


class StateDirectory:
    """The state directory of a node. `warn` gets what the operator should be told."""

    def __init__(self, path: str, warn: Callable[[str], None]) -> None:
        self.path = path
        self._warn = warn
        self._is_exclusive = False

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other processes out, if the directory is there. May be nested. Raises StoreError."""
        if self._is_exclusive or not contents.directory_exists(self.path):
            yield
            return
        with mutex.held(self.path):
            self._is_exclusive = True
            try:
                yield
            finally:
                self._is_exclusive = False

    # The lock

    def hold(self, run_id: str, now: float) -> Lock:
        """Renew and return the lock of a run. Raises StoreError where the run does not hold it."""
        with self.exclusive():
            return self._renew(self._held(run_id, now), now)

    def start(self, run_id: str, step: str, now: float) -> Lock:
        """Strike a step off the lock of a run, renew it and return it.

        Raises StoreError where the run does not hold the lock, or the step is not due.
        """
        with self.exclusive():
            held = self._held(run_id, now)
            why = lock.not_due(held, step)
            if why is not None:
                raise StoreError(f"{why} (in {self.path}). Hint: run the operation again.")
            return self._renew(held.without(step), now)

    def _held(self, run_id: str, now: float) -> Lock:
        existing = contents.read_lock(self.path) if contents.directory_exists(self.path) else None
        lost = lock.not_held(existing, run_id, now)
        if existing is None or lost is not None:
            raise StoreError(
                f"{lost} (in {self.path}). Hint: see whether another operation has run here in the "
                "meantime, and run this operation again."
            )
        return existing

    def _renew(self, held: Lock, now: float) -> Lock:
        renewed = held.renewed(now)
        self._write(contents.LOCK, renewed.as_json())
        return renewed

    # The promotion history, the log and the mark

    def add(self, entries: Iterable[promotions.Entry]) -> bool:
        """Add entries to the promotion history; return whether one was new."""
        added = list(entries)
        if not added:
            return False
        self._create()
        with self.exclusive():
            existing, damaged = self._readable(contents.read_promotions)
            merged = promotions.merge_entries(existing, added)
            if merged == promotions.merge_entries(existing):
                return False
            self._set_aside(contents.PROMOTIONS, damaged)
            self._write(contents.PROMOTIONS, promotions.dump_entries(merged))
        return True

    def mark(self, mark: ReadOnlyMark) -> ReadOnlyMark | None:
        """Mark the daemon as made read-only; return the mark that was there before."""
        self._create()
        with self.exclusive():
            before = self._present_mark()
            self._write(contents.READ_ONLY, mark.as_json())
        return before

    def unmark(self, before: ReadOnlyMark | None = None) -> None:
        """Remove the mark, or put back the one that was there before."""
        if not contents.directory_exists(self.path):
            return
        with self.exclusive():
            self._present_mark()
            if before is None:
                files.remove(self._file(contents.READ_ONLY))
            else:
                self._write(contents.READ_ONLY, before.as_json())

    def _present_mark(self) -> ReadOnlyMark | None:
        """Return the mark that is there, or None where it is damaged. Raises Unusable."""
        try:
            return contents.read_mark(self.path)
        except Unusable:
            raise
        except StoreError:
            return None

    # Files

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def _create(self) -> None:
        if contents.directory_exists(self.path):
            return
        with files.explained("create", self.path):
            # Two at once: the other one has done it.
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.path, 0o700)
            files.sync_directory(os.path.dirname(self.path))

    def _write(self, name: str, data: bytes) -> None:
        """Write a file; where the disk is full, into the room of the reserve."""
        try:
            files.replace(self._file(name), data)
        except StoreError as problem:
            if not problem.no_room or not files.remove(self._file(contents.RESERVE)):
                raise
            files.replace(self._file(name), data)

    def _readable(
        self, read: Callable[[str], tuple[list[dict[str, Any]], list[str]]]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """Read a file without its damaged lines. All of it counts as damaged if it is too long."""
        try:
            return read(self.path) if contents.directory_exists(self.path) else ([], [])
        except TooLong as problem:
            return [], [str(problem)]

    def _set_aside(self, name: str, damaged: list[str]) -> None:
        """Save a copy of a damaged file that is about to be rewritten, and warn."""
        if not damaged:
            return
        numbers = self._aside(name)
        copy = f"{name}.damaged-{max(numbers, default=0) + 1}"
        with files.explained("save a copy of", self._file(name)):
            try:
                os.link(self._file(name), self._file(copy))
            except OSError:
                # Not every file system has hard links.
                os.replace(self._file(name), self._file(copy))
        for number in numbers[: max(0, len(numbers) + 1 - MAX_DAMAGED)]:
            files.remove(self._file(f"{name}.damaged-{number}"))
        shown = "; ".join(damaged[:3]) + ("; and more" if len(damaged) > 3 else "")
        self._warn(f"{shown}. The file was saved as {self._file(copy)}.")

    def _aside(self, name: str) -> list[int]:
        shape = re.compile(re.escape(name) + r"\.damaged-([0-9]{1,9})")
        with files.explained("look into", self.path):
            matches = map(shape.fullmatch, os.listdir(self.path))
        return sorted(int(match.group(1)) for match in matches if match)
