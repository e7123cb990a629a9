# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writing the state directory of a node; contents.py has its files and reads them.

Everything here reads, checks and writes under the mutex of the directory. Raises StoreError where
that is not possible, and then leaves everything as it was.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from typing import Any, Callable, Collection, Iterable, Iterator, NamedTuple

from . import clock, contents, files, lock, mutex, plain_json, promotions
from .contents import ReadOnlyMark
from .files import StoreError, TooLong
from .lock import Lock

#: Least size of the reserve, and how much larger than the promotion history it is, in bytes.
RESERVE_BYTES = 64 * 1024
RESERVE_MARGIN = 16 * 1024

#: How many operations the log has, the newest, and how many copies of a damaged file stay.
MAX_OPERATIONS = 200
MAX_DAMAGED = 3


class NotFree(StoreError):
    """The lock cannot be taken; `lock` is what stands in the way."""

    def __init__(self, text: str, existing: Lock | None) -> None:
        super().__init__(text)
        self.lock = existing


class Begun(NamedTuple):
    """A lock that was taken or, where it was held already, renewed.

    replaced: the lock of another run that it took the place of, or None
    struck:   steps that were due before and are not any more
    """

    lock: Lock
    renewed: bool
    replaced: Lock | None
    struck: tuple[str, ...] = ()


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

    def begin(self, wanted: Lock, replaceable: Collection[str], now: float) -> Begun:
        """Take the lock, or renew it. Raises NotFree, StoreError.

        A lock that is renewed gets the steps of `wanted`, and keeps what has been confirmed.
        """
        self._create()
        # The run that holds the lock may hold the mutex for as long as an order takes.
        self._may_begin(wanted, replaceable, now)
        with self.exclusive():
            begun = self._may_begin(wanted, replaceable, now)
            try:
                # Both have to fit on the disk.
                files.replace(self._file(contents.LOCK), begun.lock.as_json())
                self._make_reserve()
            except StoreError:
                if not begun.renewed:
                    self._undo(wanted.id)
                raise
        return begun

    def foresee(self, wanted: Lock, replaceable: Collection[str], now: float) -> Begun:
        """Return what `begin` would, and change nothing. Raises NotFree, StoreError."""
        parent = os.path.dirname(self.path)
        writable = self.path if contents.directory_exists(self.path) else parent
        with files.explained("write into", writable):
            os.stat(writable)
        if not os.access(writable, os.W_OK | os.X_OK):
            with files.explained("write into", writable):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return self._may_begin(wanted, replaceable, now)

    def _may_begin(self, wanted: Lock, replaceable: Collection[str], now: float) -> Begun:
        existing = contents.read_lock(self.path)
        blocked = lock.conflict(existing, wanted, replaceable, now)
        if blocked is not None:
            raise NotFree(f"{self.path}: {blocked}.", existing)
        with contextlib.suppress(TooLong):
            # A history that cannot be read could not be added to either; a damaged one can.
            contents.read_promotions(self.path)
        if existing is None or existing.id != wanted.id:
            return Begun(wanted, False, existing)
        struck = tuple(step for step in existing.steps if step not in wanted.steps)
        renewed = wanted._replace(taken=existing.taken, fenced=existing.fenced)
        return Begun(renewed, True, None, struck)

    def _undo(self, run_id: str) -> None:
        with contextlib.suppress(StoreError):
            files.remove(self._file(contents.RESERVE))
        with contextlib.suppress(StoreError):
            existing = contents.read_lock(self.path)
            if existing is not None and existing.id == run_id:
                files.remove(self._file(contents.LOCK))

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

    def confirm(self, run_id: str, host: str, now: float) -> tuple[Lock, bool]:
        """Write into the lock of a run that a host is fenced; return whether that is new.

        Raises StoreError where the run does not hold the lock, or does not fence that host.
        """
        with self.exclusive():
            confirmed, new = self.foresee_confirmed(run_id, host, now)
            return (self._renew(confirmed, now) if new else confirmed), new

    def foresee_confirmed(self, run_id: str, host: str, now: float) -> tuple[Lock, bool]:
        """Return what `confirm` would, and change nothing. Raises StoreError."""
        held = self._held(run_id, now)
        if host not in held.fence:
            wanted = ", ".join(held.fence) or "no host"
            raise StoreError(
                f"this operation does not fence {host!r}, but {wanted} (in {self.path}). Hint: the "
                "host to confirm is in nso_ha_fence_host."
            )
        if host in held.fenced:
            return held, False
        return held._replace(fenced=(*held.fenced, host)), True

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

    def is_held(self, run_id: str) -> bool:
        """Return whether the lock is that of a run, expired or not."""
        existing = contents.read_lock(self.path)
        return existing is not None and existing.id == run_id

    def give_back(self, run_id: str) -> bool:
        """Give back the lock of a run, and the reserve; return whether the lock was there.

        The lock of another run stays.
        """
        if not contents.directory_exists(self.path):
            return False
        with self.exclusive():
            existing = contents.read_lock(self.path)
            if existing is not None and existing.id != run_id:
                return False
            files.remove(self._file(contents.RESERVE))
            return files.remove(self._file(contents.LOCK))

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

    def would_add(self, entries: Iterable[promotions.Entry]) -> bool:
        """Return whether one of these entries is new."""
        existing, _damaged = self._readable(contents.read_promotions)
        return promotions.merge_entries(existing, entries) != promotions.merge_entries(existing)

    def log(self, run_id: str, entry: dict[str, Any], now: float) -> bool:
        """Add an operation to the log; return whether it was new."""
        self._create()
        with self.exclusive():
            logged, damaged = self._readable(contents.read_operations)
            if _is_logged(run_id, entry, logged):
                return False
            whole = {"at": clock.iso_text(now), "run": run_id, **entry}
            data = _lines([*logged, whole])
            self._set_aside(contents.OPERATIONS, damaged)
            self._write(contents.OPERATIONS, data)
        return True

    def would_log(self, run_id: str, entry: dict[str, Any]) -> bool:
        """Return whether an operation is not in the log yet."""
        logged, _damaged = self._readable(contents.read_operations)
        return not _is_logged(run_id, entry, logged)

    def mark(self, mark: ReadOnlyMark) -> ReadOnlyMark | None:
        """Mark the daemon as made read-only; return the mark that was there before."""
        self._create()
        with self.exclusive():
            try:
                before = contents.read_mark(self.path)
            except StoreError:
                before = None
            self._write(contents.READ_ONLY, mark.as_json())
        return before

    def unmark(self, before: ReadOnlyMark | None = None) -> None:
        """Remove the mark, or put back the one that was there before."""
        if not contents.directory_exists(self.path):
            return
        with self.exclusive():
            if before is None:
                files.remove(self._file(contents.READ_ONLY))
            else:
                self._write(contents.READ_ONLY, before.as_json())

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

    def _make_reserve(self) -> None:
        history = self._file(contents.PROMOTIONS)
        size = os.path.getsize(history) if os.path.exists(history) else 0
        size = max(RESERVE_BYTES, min(size, promotions.MAX_BYTES) + RESERVE_MARGIN)
        reserve = self._file(contents.RESERVE)
        if not os.path.exists(reserve) or os.path.getsize(reserve) < size:
            # Random, as some file systems take no room for zeros.
            files.replace(reserve, os.urandom(size))

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


def _is_logged(run_id: str, entry: dict[str, Any], logged: list[dict[str, Any]]) -> bool:
    """Return whether an operation is in the log, with any time."""
    wanted = {"run": run_id, **entry, "at": None}
    return any({**line, "at": None} == wanted for line in logged)


def _lines(entries: list[dict[str, Any]]) -> bytes:
    """Return the newest entries, as many as the log may have."""
    lines = [plain_json.dump(entry) + "\n" for entry in entries[-MAX_OPERATIONS:]]
    while len(lines) > 1 and sum(map(len, lines)) > contents.MAX_BYTES:
        del lines[0]
    if sum(map(len, lines)) > contents.MAX_BYTES:
        raise StoreError(f"an entry of the log is longer than {contents.MAX_BYTES} bytes.")
    return "".join(lines).encode("ascii")
