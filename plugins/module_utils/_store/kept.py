# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a node keeps between runs, in its state directory: reading all of it.

    lock.json         who runs an operation (lock.py)
    timeline.jsonl    the record of promotions (timeline.py)
    read_only.json    that an operation has made this daemon read-only and not yet writable again
    operations.jsonl  what operations ended here, for people to read
    reserve           room on the disk, taken while the lock is held
    .mutex            held by whoever writes (mutex.py)

keeping.py writes.
"""

from __future__ import annotations

import os
import stat
from typing import Any, Callable, NamedTuple, TypeVar

from . import files, json_lines, lock, plain_json, timeline
from .files import KeptError
from .lock import Lock

LOCK = "lock.json"
TIMELINE = "timeline.jsonl"
OPERATIONS = "operations.jsonl"
READ_ONLY = "read_only.json"
RESERVE = "reserve"

#: Longest file that is read, in bytes; timeline.MAX_BYTES is that of the record.
MAX_BYTES = 1024 * 1024

_MAX_TEXT = 1000

T = TypeVar("T")


class ReadOnlyMark(NamedTuple):
    """Which run of which operation has made the daemon read-only, and when."""

    run: str
    operation: str
    at: str

    def as_json(self) -> bytes:
        """Return it as it is kept."""
        return plain_json.dump(self._asdict()).encode("ascii") + b"\n"


class Kept(NamedTuple):
    """All that is kept on a node. `damaged` says in words what could not be read."""

    directory: str
    lock: Lock | None
    timeline: list[timeline.Entry]
    read_only: ReadOnlyMark | None
    damaged: list[str]

    def as_result(self, now: float) -> dict[str, Any]:
        """Return it as the modules return it."""
        return {
            "directory": self.directory,
            "lock": self.lock.as_result(now) if self.lock else None,
            "timeline": self.timeline,
            "read_only": self.read_only._asdict() if self.read_only else None,
            "damaged": self.damaged,
        }


def look(directory: str) -> Kept:
    """Return what is kept in a directory. One that does not exist keeps nothing."""
    damaged: list[str] = []

    def taken(read: Callable[[str], T | None]) -> T | None:
        try:
            return read(directory)
        except KeptError as problem:
            damaged.append(str(problem))
            return None

    if not taken(exists):
        return Kept(directory, None, [], None, damaged)
    found = taken(read_timeline)
    entries, wrong = found or ([], [])
    held, mark = taken(read_lock), taken(read_mark)
    return Kept(directory, held, timeline.merge(entries), mark, [*wrong, *damaged])


def exists(directory: str) -> bool:
    """Return whether the directory is there. Raises KeptError where it is something else."""
    with files.explained("look into", directory):
        try:
            mode = os.stat(directory).st_mode
        except FileNotFoundError:
            return False
    if not stat.S_ISDIR(mode):
        raise KeptError(f"{directory} is no directory. What usually helps: set state_dir to one.")
    return True


def read_lock(directory: str) -> Lock | None:
    """Return the lock that is there. Raises KeptError."""
    return _read(
        os.path.join(directory, LOCK), lock.from_json, "if no operation runs, remove this file"
    )


def read_mark(directory: str) -> ReadOnlyMark | None:
    """Return the mark of a daemon that was made read-only. Raises KeptError."""
    return _read(
        os.path.join(directory, READ_ONLY),
        _mark,
        "if NSO was restarted since, or is writable, remove this file",
    )


def _mark(data: bytes) -> ReadOnlyMark:
    found = plain_json.load_object(data)
    plain_json.check_keys(found, ReadOnlyMark._fields)
    plain_json.check_texts(found, ReadOnlyMark._fields, _MAX_TEXT)
    return ReadOnlyMark(**found)


def _read(path: str, parse: Callable[[bytes], T], hint: str) -> T | None:
    data = files.read(path, MAX_BYTES)
    if data is None:
        return None
    try:
        return parse(data)
    except ValueError as problem:
        raise KeptError(f"{path} is damaged: {problem}. What usually helps: {hint}.") from None


def read_timeline(directory: str) -> tuple[list[timeline.Entry], list[str]]:
    """Return the entries of the record, and what is damaged in it. Raises KeptError."""
    path = os.path.join(directory, TIMELINE)
    data = files.read(path, timeline.MAX_BYTES)
    return timeline.parse(data or b"", path)


def read_operations(directory: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the log of operations, and what is damaged in it. Raises KeptError."""
    path = os.path.join(directory, OPERATIONS)
    data = files.read(path, MAX_BYTES)
    return json_lines.parse(data or b"", path, plain_json.load_object)
