# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a state directory holds, and reading all of it; directory.py writes.

lock.json         who runs an operation (lock.py)
promotions.jsonl  the promotion history (promotions.py)
read_only.json    that a run has made this daemon read-only and not yet writable again
announced.json    that tasks of the user's have told clients that this node is primary
operations.jsonl  which operations ended here, for people to read
reserve           room on the disk, taken while the lock is held
.mutex            held by the process that writes (mutex.py)
"""

from __future__ import annotations

import os
import stat
from typing import Any, Callable, Mapping, NamedTuple, Sequence, TypeVar

from . import files, json_lines, lock, plain_json, promotions
from .files import StoreError, Untrusted, Unusable
from .lock import Lock

LOCK = "lock.json"
PROMOTIONS = "promotions.jsonl"
OPERATIONS = "operations.jsonl"
READ_ONLY = "read_only.json"
ANNOUNCED = "announced.json"
RESERVE = "reserve"

#: Longest file that is read, in bytes; promotions.MAX_BYTES is that of the promotion history.
MAX_BYTES = 1024 * 1024

_MAX_TEXT = 1000

#: The keys of the mark that every mark has, and the one that only that of a follower has.
_MARK = ("run_id", "operation", "at")
_FOLLOWER = "follower"

#: The keys of an announcement.
_ANNOUNCED = ("epoch", "run_id", "at")

T = TypeVar("T")


class ReadOnlyMark(NamedTuple):
    """Which run of which operation has made the daemon read-only, and when.

    follower: whether the daemon stays so after the run, for as long as it is not primary
    more:     keys of its file that are not known here
    """

    run_id: str
    operation: str
    at: str
    follower: bool = False
    more: Mapping[str, Any] = {}

    def as_json(self) -> bytes:
        """Return it as it is written to its file."""
        text = plain_json.dump_object({**self.more, **self.as_result()})
        return text.encode("ascii") + b"\n"

    def as_result(self) -> dict[str, Any]:
        """Return it as the modules return it."""
        return {
            "run_id": self.run_id,
            "operation": self.operation,
            "at": self.at,
            _FOLLOWER: self.follower,
        }


class Announced(NamedTuple):
    """That the announce tasks of a run were confirmed on this node, and when.

    epoch: the number of the newest promotion at that time, 0 where none was recorded
    more:  keys of its file that are not known here
    """

    epoch: int
    run_id: str
    at: str
    more: Mapping[str, Any] = {}

    def as_json(self) -> bytes:
        """Return it as it is written to its file."""
        text = plain_json.dump_object({**self.more, **self.as_result()})
        return text.encode("ascii") + b"\n"

    def as_result(self) -> dict[str, Any]:
        """Return it as the modules return it."""
        return {"epoch": self.epoch, "run_id": self.run_id, "at": self.at}


class Contents(NamedTuple):
    """What the state directory of a node holds.

    damaged:      what could not be read, in words
    lock_problem: why it is not known whether a run holds the lock, or "". Such a lock counts as one
                  that is held.
    unusable:     what a newer release wrote, in words; it must be neither relied on nor replaced
    untrusted:    what must not be either, as other users can change it, in words
    exposed:      who else could change what is there, in words
    announced:    the announcement that was confirmed, or None. One that cannot be read counts as
                  none, and is made again.
    """

    path: str
    lock: Lock | None
    promotions: list[promotions.Entry]
    read_only: ReadOnlyMark | None
    damaged: list[str]
    lock_problem: str = ""
    unusable: Sequence[str] = ()
    untrusted: Sequence[str] = ()
    exposed: Sequence[str] = ()
    announced: Announced | None = None

    def as_result(self, now: float) -> dict[str, Any]:
        """Return it as the modules return it."""
        return {
            "path": self.path,
            "lock": self.lock.as_result(now) if self.lock else None,
            "promotions": self.promotions,
            "read_only": self.read_only.as_result() if self.read_only else None,
            "announced": self.announced.as_result() if self.announced else None,
            "damaged": self.damaged,
            "lock_problem": self.lock_problem,
            "unusable": list(self.unusable),
            "untrusted": list(self.untrusted),
            "exposed": list(self.exposed),
        }


def read_contents(directory: str) -> Contents:
    """Return what a state directory holds: nothing where it does not exist."""
    damaged: list[str] = []
    unusable: list[str] = []
    untrusted: list[str] = []

    def attempt(read: Callable[[str], T | None]) -> T | None:
        try:
            return read(directory)
        except Untrusted as problem:
            untrusted.append(str(problem))
        except Unusable as problem:
            unusable.append(str(problem))
        except StoreError as problem:
            damaged.append(str(problem))
        return None

    if not attempt(directory_exists):
        return Contents(directory, None, [], None, damaged, "; ".join(damaged))
    held = attempt(read_lock)
    lock_problem = "; ".join([*damaged, *unusable, *untrusted])
    # That is told once, as a lock that may be held.
    unusable.clear()
    untrusted.clear()
    attempt(files.check_directory)
    entries, damaged_lines = attempt(read_promotions) or ([], [])
    mark = attempt(read_mark)
    announced = attempt(read_announced)
    return Contents(
        directory,
        held,
        promotions.merge_entries(entries),
        mark,
        [*damaged_lines, *damaged],
        lock_problem,
        tuple(unusable),
        tuple(untrusted),
        tuple(attempt(_exposures) or ()),
        announced,
    )


def check_usable(directory: str) -> None:
    """Raise Unusable where the directory, the mark or the log must be left as it is."""
    files.check_directory(directory)
    checked: tuple[Callable[[str], object], ...] = (read_mark, read_operations, read_announced)
    for read in checked:
        try:
            read(directory)
        except Unusable:
            raise
        except StoreError:
            # A damaged mark or log is told where it is needed, and keeps no run from beginning.
            continue


def _exposures(directory: str) -> list[str]:
    return files.who_else_can_write(directory, (LOCK, PROMOTIONS, READ_ONLY, ANNOUNCED, OPERATIONS))


def directory_exists(directory: str) -> bool:
    """Return whether the directory exists. Raises StoreError where it is something else."""
    with files.explained("look into", directory):
        try:
            mode = os.stat(directory).st_mode
        except FileNotFoundError:
            return False
    if not stat.S_ISDIR(mode):
        raise StoreError(f"{directory} is not a directory. Hint: set state_dir to a directory.")
    return True


def read_lock(directory: str) -> Lock | None:
    """Return the lock, or None where there is none. Raises StoreError, Unusable."""
    return _read(
        os.path.join(directory, LOCK), lock.parse_lock, "if no operation runs, remove this file"
    )


def read_mark(directory: str) -> ReadOnlyMark | None:
    """Return the mark of a daemon that was made read-only. Raises StoreError, Unusable."""
    return _read(
        os.path.join(directory, READ_ONLY),
        _parse_mark,
        "if NSO was restarted since, or accepts writes, remove this file",
    )


def _parse_mark(data: bytes) -> ReadOnlyMark:
    mark = plain_json.load_object(data)
    plain_json.check_texts(mark, _MARK, _MAX_TEXT)
    follower = mark.get(_FOLLOWER, False)
    if not isinstance(follower, bool):
        raise ValueError(f"{_FOLLOWER} is neither true nor false")
    known = {name: mark[name] for name in _MARK}
    more = plain_json.unknown(mark, (*_MARK, _FOLLOWER))
    return ReadOnlyMark(**known, follower=follower, more=more)


def read_announced(directory: str) -> Announced | None:
    """Return the announcement that was confirmed; None for none, and for a damaged one.

    Raises StoreError, Unusable.
    """
    data = files.read_whole(os.path.join(directory, ANNOUNCED), MAX_BYTES)
    try:
        return None if data is None else _parse_announced(data)
    except plain_json.NewerFormat as problem:
        raise Unusable(f"{os.path.join(directory, ANNOUNCED)}: {problem}.") from None
    except ValueError:
        return None


def _parse_announced(data: bytes) -> Announced:
    announced = plain_json.load_object(data)
    plain_json.check_texts(announced, ("run_id", "at"), _MAX_TEXT)
    epoch = announced.get("epoch")
    if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
        raise ValueError("epoch is not a number")
    known = {name: announced[name] for name in _ANNOUNCED}
    return Announced(**known, more=plain_json.unknown(announced, _ANNOUNCED))


def _read(path: str, parse: Callable[[bytes], T], hint: str) -> T | None:
    data = files.read_whole(path, MAX_BYTES)
    if data is None:
        return None
    try:
        return parse(data)
    except plain_json.NewerFormat as problem:
        raise Unusable(f"{path}: {problem}.") from None
    except ValueError as problem:
        raise StoreError(f"{path} is damaged: {problem}. Hint: {hint}.") from None


def read_promotions(directory: str) -> tuple[list[promotions.Entry], list[str]]:
    """Return the entries of the promotion history, and what is damaged.

    Raises StoreError, Unusable.
    """
    path = os.path.join(directory, PROMOTIONS)
    data = files.read_whole(path, promotions.MAX_BYTES)
    return promotions.parse_entries(data or b"", path)


def newest_operations(directory: str, limit: int) -> dict[str, list[Any]]:
    """Return this many of the newest operations in the log as the modules return them."""
    try:
        logged, damaged = read_operations(directory) if directory_exists(directory) else ([], [])
    except StoreError as problem:
        logged, damaged = [], [str(problem)]
    return {"operations": logged[-limit:], "operations_damaged": damaged}


def read_operations(directory: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the log of operations, and what is damaged in it. Raises StoreError, Unusable."""
    path = os.path.join(directory, OPERATIONS)
    data = files.read_whole(path, MAX_BYTES)
    return json_lines.parse(data or b"", path, plain_json.load_object)
