# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writing what a node keeps between runs. kept.py has the files.

Everything here reads, checks and writes while nobody else does. Raises KeptError where that is not
possible, and leaves things as they were then.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from typing import Any, Callable, Collection, Iterable, Iterator, NamedTuple

from . import clock, files, kept, lock, mutex, plain_json, timeline
from .files import KeptError, TooLong
from .kept import ReadOnlyMark
from .lock import Lock

#: Least size of the reserve in bytes, and what it has more than the record that it makes room for.
RESERVE_BYTES = 64 * 1024
RESERVE_MARGIN = 16 * 1024

#: How many operations the log has, the newest, and how many damaged files of a name are kept.
MAX_OPERATIONS = 200
MAX_DAMAGED = 3


class NotFree(KeptError):
    """The lock cannot be taken; `lock` is what stands in the way."""

    def __init__(self, text: str, found: Lock | None) -> None:
        super().__init__(text)
        self.lock = found


class Begun(NamedTuple):
    """A lock that was taken or, where it was held already, renewed.

    replaced: the lock of somebody else that it took the place of, or None
    struck:   steps that were due before and are not any more
    """

    lock: Lock
    renewed: bool
    replaced: Lock | None
    struck: tuple[str, ...] = ()


class StateDirectory:
    """The state directory of a node. `warn` gets what whoever runs the task should be told."""

    def __init__(self, path: str, warn: Callable[[str], None]) -> None:
        self.path = path
        self._warn = warn
        self._is_exclusive = False

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other processes out, if the directory is there. May be nested. Raises KeptError."""
        if self._is_exclusive or not kept.exists(self.path):
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
        """Take the lock, or renew it. Raises NotFree, KeptError.

        A lock that is renewed gets the steps of `wanted`, and keeps what has been confirmed.
        """
        self._create()
        # Whoever holds the lock may keep others out for as long as an order takes.
        self._may_begin(wanted, replaceable, now)
        with self.exclusive():
            begun = self._may_begin(wanted, replaceable, now)
            try:
                # Neither may take the room of the other.
                files.replace(self._file(kept.LOCK), begun.lock.as_json())
                self._make_reserve()
            except KeptError:
                if not begun.renewed:
                    self._undo(wanted.id)
                raise
        return begun

    def foresee(self, wanted: Lock, replaceable: Collection[str], now: float) -> Begun:
        """Return what `begin` would, and change nothing. Raises NotFree, KeptError."""
        parent = os.path.dirname(self.path)
        writable = self.path if kept.exists(self.path) else parent
        with files.explained("write into", writable):
            os.stat(writable)
        if not os.access(writable, os.W_OK | os.X_OK):
            with files.explained("write into", writable):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return self._may_begin(wanted, replaceable, now)

    def _may_begin(self, wanted: Lock, replaceable: Collection[str], now: float) -> Begun:
        found = kept.read_lock(self.path)
        blocked = lock.obstacle(found, wanted, replaceable, now)
        if blocked is not None:
            raise NotFree(f"{self.path}: {blocked}.", found)
        with contextlib.suppress(TooLong):
            # A record that cannot be read could not be added to either; a damaged one can.
            kept.read_timeline(self.path)
        if found is None or found.id != wanted.id:
            return Begun(wanted, False, found)
        struck = tuple(step for step in found.steps if step not in wanted.steps)
        renewed = wanted._replace(taken=found.taken, fenced=found.fenced)
        return Begun(renewed, True, None, struck)

    def _undo(self, wanted_id: str) -> None:
        with contextlib.suppress(KeptError):
            files.remove(self._file(kept.RESERVE))
        with contextlib.suppress(KeptError):
            found = kept.read_lock(self.path)
            if found is not None and found.id == wanted_id:
                files.remove(self._file(kept.LOCK))

    def hold(self, wanted_id: str, now: float) -> Lock:
        """Renew and return an operation's lock. Raises KeptError where it does not hold it."""
        with self.exclusive():
            return self._renew(self._own(wanted_id, now), now)

    def start(self, wanted_id: str, step: str, now: float) -> Lock:
        """Strike a step off an operation's lock, renew it and return it.

        Raises KeptError where the operation does not hold the lock, or the step is not due.
        """
        with self.exclusive():
            found = self._own(wanted_id, now)
            why = lock.not_due(found, step)
            if why is not None:
                raise KeptError(f"{why} (in {self.path}). Hint: run the operation again.")
            return self._renew(found.without(step), now)

    def confirm(self, wanted_id: str, host: str, now: float) -> tuple[Lock, bool]:
        """Write into an operation's lock that a host is fenced; return whether that is new.

        Raises KeptError where the operation does not hold the lock, or does not fence that host.
        """
        with self.exclusive():
            found, new = self.foresee_confirmed(wanted_id, host, now)
            return (self._renew(found, now) if new else found), new

    def foresee_confirmed(self, wanted_id: str, host: str, now: float) -> tuple[Lock, bool]:
        """Return what `confirm` would, and change nothing. Raises KeptError."""
        found = self._own(wanted_id, now)
        if host not in found.fence:
            wanted = ", ".join(found.fence) or "no host"
            raise KeptError(
                f"this operation does not fence {host!r}, but {wanted} (in {self.path}). Hint: the "
                "host to confirm is in nso_ha_fence_host."
            )
        if host in found.fenced:
            return found, False
        return found._replace(fenced=(*found.fenced, host)), True

    def _own(self, wanted_id: str, now: float) -> Lock:
        found = kept.read_lock(self.path) if kept.exists(self.path) else None
        lost = lock.not_held(found, wanted_id, now)
        if found is None or lost is not None:
            raise KeptError(
                f"{lost} (in {self.path}). Hint: see whether another operation has run here in the "
                "meantime, and run this one again."
            )
        return found

    def _renew(self, found: Lock, now: float) -> Lock:
        renewed = found.renewed(now)
        self._write(kept.LOCK, renewed.as_json())
        return renewed

    def is_held(self, wanted_id: str) -> bool:
        """Return whether the lock is that of an operation, expired or not."""
        found = kept.read_lock(self.path)
        return found is not None and found.id == wanted_id

    def give_back(self, wanted_id: str) -> bool:
        """Give the lock of an operation back, and the reserve; return whether it was there.

        The lock of another operation stays.
        """
        if not kept.exists(self.path):
            return False
        with self.exclusive():
            found = kept.read_lock(self.path)
            if found is not None and found.id != wanted_id:
                return False
            files.remove(self._file(kept.RESERVE))
            return files.remove(self._file(kept.LOCK))

    # The record, the log and the mark

    def add(self, entries: Iterable[timeline.Entry]) -> bool:
        """Add entries to the record of promotions; return whether one was new."""
        wanted = list(entries)
        if not wanted:
            return False
        self._create()
        with self.exclusive():
            have, damaged = self._readable(kept.TIMELINE, kept.read_timeline)
            merged = timeline.merge(have, wanted)
            if merged == timeline.merge(have):
                return False
            self._set_aside(kept.TIMELINE, damaged)
            self._write(kept.TIMELINE, timeline.text(merged))
        return True

    def would_add(self, entries: Iterable[timeline.Entry]) -> bool:
        """Return whether one of these entries is new."""
        have, _damaged = self._readable(kept.TIMELINE, kept.read_timeline)
        return timeline.merge(have, entries) != timeline.merge(have)

    def log(self, run: str, entry: dict[str, Any], now: float) -> bool:
        """Add an operation to the log; return whether it was not there yet."""
        self._create()
        with self.exclusive():
            have, damaged = self._readable(kept.OPERATIONS, kept.read_operations)
            if _is_in(run, entry, have):
                return False
            whole = {"at": clock.text(now), "run": run, **entry}
            data = _lines([*have, whole])
            self._set_aside(kept.OPERATIONS, damaged)
            self._write(kept.OPERATIONS, data)
        return True

    def would_log(self, run: str, entry: dict[str, Any]) -> bool:
        """Return whether an operation is not in the log yet."""
        have, _damaged = self._readable(kept.OPERATIONS, kept.read_operations)
        return not _is_in(run, entry, have)

    def mark(self, mark: ReadOnlyMark) -> ReadOnlyMark | None:
        """Mark the daemon as made read-only; return the mark that was there before."""
        self._create()
        with self.exclusive():
            try:
                before = kept.read_mark(self.path)
            except KeptError:
                before = None
            self._write(kept.READ_ONLY, mark.as_json())
        return before

    def unmark(self, before: ReadOnlyMark | None = None) -> None:
        """Remove the mark, or put back the one that was there before."""
        if not kept.exists(self.path):
            return
        with self.exclusive():
            if before is None:
                files.remove(self._file(kept.READ_ONLY))
            else:
                self._write(kept.READ_ONLY, before.as_json())

    # How it is done

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def _create(self) -> None:
        if kept.exists(self.path):
            return
        with files.explained("create", self.path):
            # Two at once: the other one has done it.
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.path, 0o700)
            files.sync_directory(os.path.dirname(self.path))

    def _make_reserve(self) -> None:
        record = self._file(kept.TIMELINE)
        size = os.path.getsize(record) if os.path.exists(record) else 0
        size = max(RESERVE_BYTES, min(size, timeline.MAX_BYTES) + RESERVE_MARGIN)
        reserve = self._file(kept.RESERVE)
        if not os.path.exists(reserve) or os.path.getsize(reserve) < size:
            # Random, for file systems that take no room for zeros.
            files.replace(reserve, os.urandom(size))

    def _write(self, name: str, data: bytes) -> None:
        """Write a file; where the disk is full, into the room that was kept for this."""
        try:
            files.replace(self._file(name), data)
        except KeptError as problem:
            if not problem.no_room or not files.remove(self._file(kept.RESERVE)):
                raise
            files.replace(self._file(name), data)

    def _readable(
        self, name: str, read: Callable[[str], tuple[list[dict[str, Any]], list[str]]]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """Read a file of which damaged parts may be left out, all of it if it is too long."""
        try:
            return read(self.path) if kept.exists(self.path) else ([], [])
        except TooLong as problem:
            return [], [str(problem)]

    def _set_aside(self, name: str, damaged: list[str]) -> None:
        """Keep a copy of a damaged file that is about to be written anew, and warn."""
        if not damaged:
            return
        numbers = self._aside(name)
        copy = f"{name}.damaged-{max(numbers, default=0) + 1}"
        with files.explained("keep a copy of", self._file(name)):
            try:
                os.link(self._file(name), self._file(copy))
            except OSError:
                # Not every file system has hard links.
                os.replace(self._file(name), self._file(copy))
        for number in numbers[: max(0, len(numbers) + 1 - MAX_DAMAGED)]:
            files.remove(self._file(f"{name}.damaged-{number}"))
        shown = "; ".join(damaged[:3]) + ("; and more" if len(damaged) > 3 else "")
        self._warn(f"{shown}. The file was kept as {self._file(copy)}.")

    def _aside(self, name: str) -> list[int]:
        shape = re.compile(re.escape(name) + r"\.damaged-([0-9]{1,9})")
        with files.explained("look into", self.path):
            matches = map(shape.fullmatch, os.listdir(self.path))
        return sorted(int(match.group(1)) for match in matches if match)


def _is_in(run: str, entry: dict[str, Any], have: list[dict[str, Any]]) -> bool:
    """Return whether an operation is in the log, whenever it got there."""
    wanted = {"run": run, **entry, "at": None}
    return any({**one, "at": None} == wanted for one in have)


def _lines(entries: list[dict[str, Any]]) -> bytes:
    """Return the newest entries, as many as may be kept."""
    lines = [plain_json.dump(entry) + "\n" for entry in entries[-MAX_OPERATIONS:]]
    while len(lines) > 1 and sum(map(len, lines)) > kept.MAX_BYTES:
        del lines[0]
    if sum(map(len, lines)) > kept.MAX_BYTES:
        raise KeptError(f"an entry of the log is longer than {kept.MAX_BYTES} bytes.")
    return "".join(lines).encode("ascii")
