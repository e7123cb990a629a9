# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Beginning and ending a run on a node: its lock, its confirmations and its log.

As in directory.py, everything happens under the mutex, or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import Any, Collection, Iterable, NamedTuple

from . import clock, contents, files, lock, mutex, plain_json, promotions
from .contents import Announced
from .directory import StateDirectory
from .files import StoreError, TooLong
from .lock import Lock

#: Least size of the reserve, and how much larger than the promotion history it is, in bytes.
RESERVE_BYTES = 64 * 1024
RESERVE_MARGIN = 16 * 1024

#: Why a lock cannot be taken: another stands in the way; whether one does cannot be read; none
#: does, and it cannot be written.
HELD = "held"
UNREADABLE = "unreadable"
UNWRITABLE = "unwritable"

#: How many operations the log has, the newest.
MAX_OPERATIONS = 200


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


class RunDirectory(StateDirectory):
    """The state directory of a node on which a run begins, or ends."""

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
                    self._undo(wanted.run_id)
                raise
        return begun

    def refusal(
        self, problem: StoreError, wanted: Lock, replaceable: Collection[str], now: float
    ) -> str:
        """Return why `begin` has failed with this problem: HELD, UNREADABLE or UNWRITABLE."""
        if isinstance(problem, (NotFree, mutex.Busy)):
            return HELD
        try:
            existing = contents.read_lock(self.path)
        except StoreError:
            return UNREADABLE
        blocked = lock.conflict(existing, wanted, replaceable, now)
        return UNWRITABLE if blocked is None else HELD

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
        contents.check_usable(self.path)
        with contextlib.suppress(TooLong):
            # A history that cannot be read could not be added to either; a damaged one can.
            contents.read_promotions(self.path)
        if existing is None or existing.run_id != wanted.run_id:
            return Begun(wanted, False, existing)
        struck = tuple(step for step in existing.steps if step not in wanted.steps)
        renewed = wanted._replace(
            taken=existing.taken,
            fenced=existing.fenced,
            confirmed=tuple(name for name in existing.confirmed if name not in wanted.steps),
            more=existing.more,
        )
        return Begun(renewed, True, None, struck)

    def _make_reserve(self) -> None:
        history = self._file(contents.PROMOTIONS)
        size = os.path.getsize(history) if os.path.exists(history) else 0
        size = max(RESERVE_BYTES, min(size, promotions.MAX_BYTES) + RESERVE_MARGIN)
        reserve = self._file(contents.RESERVE)
        if not os.path.exists(reserve) or os.path.getsize(reserve) < size:
            # Random, as some file systems take no room for zeros.
            files.replace(reserve, os.urandom(size))

    def _undo(self, run_id: str) -> None:
        with contextlib.suppress(StoreError):
            files.remove(self._file(contents.RESERVE))
        with contextlib.suppress(StoreError):
            existing = contents.read_lock(self.path)
            if existing is not None and existing.run_id == run_id:
                files.remove(self._file(contents.LOCK))

    def foresee_held(self, run_id: str, now: float) -> Lock:
        """Return the lock that `hold` would renew, and change nothing. Raises StoreError."""
        return self._held(run_id, now)

    def confirm(
        self,
        run_id: str,
        host: str,
        now: float,
        within: float | None = None,
        event: str = lock.FENCE,
        epoch: int = 0,
    ) -> tuple[Lock, bool]:
        """Write into the lock of a run that a hook is confirmed; return whether that is new.

        For ANNOUNCE it is also kept beyond the run, for the promotion of this number. Raises
        StoreError where the run does not hold the lock, does not run that hook, or has renewed the
        lock longer ago than `within` seconds.
        """
        with self.exclusive():
            confirmed, new = self.foresee_confirmed(run_id, host, now, within, event)
            if new and event == lock.ANNOUNCE:
                announced = Announced(epoch, run_id, clock.iso_text(now))
                self._write(contents.ANNOUNCED, announced.as_json())
            return (self._renew(confirmed, now) if new else confirmed), new

    def foresee_confirmed(
        self,
        run_id: str,
        host: str,
        now: float,
        within: float | None = None,
        event: str = lock.FENCE,
    ) -> tuple[Lock, bool]:
        """Return what `confirm` would, and change nothing. Raises StoreError."""
        held = self._held(run_id, now)
        elapsed = held.since_renewed(now)
        if within is not None and elapsed > within:
            tasks = "fencing" if event == lock.FENCE else event
            raise StoreError(
                f"the {tasks} tasks have taken {elapsed:.0f} s, and nso_ha_hook_timeout is "
                f"{within:g} s, so what they found out may be out of date. Hint: let them wait "
                "for less, or set nso_ha_hook_timeout to more."
            )
        if host not in held.awaits(event):
            wanted = ", ".join(held.awaits(event)) or "no host"
            variable = "nso_ha_fence_host" if event == lock.FENCE else "nso_ha_hook.host"
            raise StoreError(
                f"this operation does not {event} {host!r}, but {wanted} (in {self.path}). Hint: "
                f"the host to confirm is in {variable}."
            )
        if held.is_confirmed(event, host):
            return held, False
        return held.confirms(event, host), True

    def void_announcement(self) -> None:
        """Remove what is kept of an announcement: the node is about to be withdrawn."""
        with self.exclusive():
            files.remove(self._file(contents.ANNOUNCED))

    def is_held(self, run_id: str) -> bool:
        """Return whether the lock is that of a run, expired or not."""
        existing = contents.read_lock(self.path)
        return existing is not None and existing.run_id == run_id

    def give_back(self, run_id: str) -> bool:
        """Give back the lock of a run, and the reserve; return whether the lock was there.

        The lock of another run stays.
        """
        if not contents.directory_exists(self.path):
            return False
        with self.exclusive():
            existing = contents.read_lock(self.path)
            if existing is not None and existing.run_id != run_id:
                return False
            files.remove(self._file(contents.RESERVE))
            return files.remove(self._file(contents.LOCK))

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
            whole = {"at": clock.iso_text(now), "run_id": run_id, **entry}
            data = _lines([*logged, whole])
            self._set_aside(contents.OPERATIONS, damaged)
            self._write(contents.OPERATIONS, data)
        return True

    def would_log(self, run_id: str, entry: dict[str, Any]) -> bool:
        """Return whether an operation is not in the log yet."""
        logged, _damaged = self._readable(contents.read_operations)
        return not _is_logged(run_id, entry, logged)


def _is_logged(run_id: str, entry: dict[str, Any], logged: list[dict[str, Any]]) -> bool:
    """Return whether an operation is in the log, with any time."""
    wanted = {"run_id": run_id, **entry, "at": None}
    return any({**line, "at": None} == wanted for line in logged)


def _lines(entries: list[dict[str, Any]]) -> bytes:
    """Return the newest entries, as many as the log may have."""
    lines = [plain_json.dump_object(entry) + "\n" for entry in entries[-MAX_OPERATIONS:]]
    while len(lines) > 1 and sum(map(len, lines)) > contents.MAX_BYTES:
        del lines[0]
    if sum(map(len, lines)) > contents.MAX_BYTES:
        raise StoreError(f"an entry of the log is longer than {contents.MAX_BYTES} bytes.")
    return "".join(lines).encode("ascii")
