# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Small files that survive a crash: read whole within a limit, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Iterator

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR)


class StoreError(Exception):
    """The state directory cannot be used; the text says where and why, and has a hint.

    number: the operating system's error number, or 0
    """

    def __init__(self, text: str, number: int = 0) -> None:
        super().__init__(text)
        self.number = number

    @property
    def no_room(self) -> bool:
        """Whether the disk, or the quota of the user, is full."""
        return self.number in _NO_ROOM


class TooLong(StoreError):
    """A file is longer than it can have become by itself."""


@contextlib.contextmanager
def explained(doing: str, path: str) -> Iterator[None]:
    """Turn an error of the operating system inside into a StoreError."""
    try:
        yield
    except OSError as problem:
        number = problem.errno or 0
        words = problem.strerror or str(problem)
        raise StoreError(
            f"cannot {doing} {path}: {words}. Hint: {_hint(number)}.", number
        ) from None


def _hint(number: int) -> str:
    if number in _NO_ROOM:
        return "free some space on that file system, or raise the limit of the user"
    if number in _NO_PLACE:
        return (
            "create the directory once, writable for the user that the tasks run as, or set "
            "state_dir (nso_ha_state_dir)"
        )
    return "look at that file system and at the log of the host"


def read_whole(path: str, limit: int) -> bytes | None:
    """Return what is in a file, or None where there is none. Raises StoreError."""
    with explained("read", path):
        try:
            # A pipe in its place would be waited for without the flag.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
    with explained("read", path), os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise StoreError(f"cannot read {path}: it is not a regular file.")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLong(
            f"{path} is longer than {limit} bytes, so it was not made by this collection. Hint: "
            "look at it, and move it away."
        )
    return data


def replace(path: str, data: bytes) -> None:
    """Write a file, in place of an existing one if there is one. Raises StoreError.

    A reader sees the old file or the new one, whole, also after a crash. Only one process may do
    this at a time.
    """
    fresh = f"{path}.new"
    with explained("write", path):
        try:
            _write(fresh, data)
            os.replace(fresh, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            raise
        sync_directory(os.path.dirname(path))


def _write(path: str, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def remove(path: str) -> bool:
    """Remove a file; return whether there was one. Raises StoreError."""
    with explained("remove", path):
        try:
            os.unlink(path)
        except FileNotFoundError:
            return False
        sync_directory(os.path.dirname(path))
    return True


def sync_directory(path: str) -> None:
    """Make renaming and removing in a directory permanent. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
