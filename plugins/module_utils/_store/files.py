# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Small files that survive a crash: read whole within a limit, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Iterable, Iterator

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


class Unusable(StoreError):
    """What is there must be neither relied on nor replaced, as its format is not known here yet."""


class Untrusted(Unusable):
    """Another user of the host can change what is there."""


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
    """Return what is in a file, or None where there is none. Raises StoreError, Unusable.

    No link is followed: one that leads to a disk that is not mounted would pass for no file.
    """
    with explained("read", path):
        try:
            # A pipe in its place would be waited for without O_NONBLOCK.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as problem:
            if problem.errno != errno.ELOOP:
                raise
            raise StoreError(
                f"cannot read {path}: it is a symbolic link. Hint: put the file itself there. The "
                "directory (nso_ha_state_dir) may be a link."
            ) from None
    with explained("read", path), os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"cannot read {path}: it is not a regular file.")
        check_owner(path, status, os.path.dirname(path))
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLong(
            f"{path} is longer than {limit} bytes, so it was not made by this collection. Hint: "
            "look at it, and move it away."
        )
    return data


def check_owner(path: str, status: os.stat_result, directory: str) -> None:
    """Raise Untrusted where any user of the host, or one that is not trusted, can change a path.

    Trusted are root and the user that this runs as; where that is root, also the owner of the state
    directory.
    """
    if status.st_mode & stat.S_IWOTH:
        raise Untrusted(
            f"every user of the host can write to {path}, so what it says proves nothing. Hint: "
            f"see what is in it, then run: chmod go-w {path}"
        )
    user = os.geteuid()
    owner = status.st_uid
    if owner in (0, user) or (user == 0 and owner == os.stat(directory).st_uid):
        return
    raise Untrusted(
        f"{path} belongs to user id {owner}, who can change it at any time. Hint: let the tasks "
        f"run as that user or as root (become; now it is user id {user}), or run: chown {user} "
        f"{path}"
    )


def check_directory(path: str) -> None:
    """Raise Untrusted where any user of the host, or one that is not trusted, can change it."""
    with explained("look into", path), contextlib.suppress(FileNotFoundError):
        check_owner(path, os.stat(path), path)


def who_else_can_write(directory: str, names: Iterable[str]) -> list[str]:
    """Return who else can change what is in a directory, in words. Raises StoreError.

    None of it is proof of foul play, and much of it is usual, so it is only told. Anybody's own
    directory below a shared one with the sticky bit, as /tmp, is safe.
    """
    with explained("look into", directory):
        status = os.stat(directory)
        exposures = []
        if status.st_uid not in (0, os.geteuid()):
            exposures.append(
                f"{directory} belongs to user id {status.st_uid}, who can change all that is in it"
            )
        paths = [directory, *(os.path.join(directory, name) for name in names)]
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                entry = os.stat(path)
                if entry.st_mode & stat.S_IWGRP and entry.st_gid != 0:
                    exposures.append(
                        f"group id {entry.st_gid} can write to {path}. Hint: chmod g-w {path}"
                    )
        parent = os.path.realpath(directory)
        trusted = (0, os.geteuid(), status.st_uid)
        while parent != os.path.dirname(parent):
            parent = os.path.dirname(parent)
            above = os.stat(parent)
            open_to_all = above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX
            if open_to_all or above.st_uid not in trusted:
                who = "every user" if open_to_all else f"user id {above.st_uid}"
                exposures.append(
                    f"{who} can put another directory in the place of {directory}, by way "
                    f"of {parent}"
                )
                break
    return exposures


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
    # What a crash has left here, or somebody has put here, is neither waited for nor written into.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
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
