# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What can go wrong between a client and the NCS daemon.

`Error` and `EOF` have the names and attributes of those in the vendor's module ``_ncs.error``.
codes.py says what the numbers mean.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .codes import Code

ERR_ACCESS_DENIED = 3
ERR_BADSTATE = 17
ERR_INTERNAL = 18
ERR_PROTOUSAGE = 21
ERR_OS = 24
ERR_HA_CONNECT = 25
ERR_HA_CLOSED = 26
ERR_HA_BADFXS = 27
ERR_HA_BADTOKEN = 28
ERR_HA_BADNAME = 29
ERR_HA_BIND = 30
ERR_HA_NOTICK = 31
ERR_EOF = 45
ERR_HA_WITH_UPGRADE = 47
ERR_TIMEOUT = 48
ERR_NOT_IMPLEMENTED = 51
ERR_HA_BADVSN = 52
ERR_START_FAILED = 57
ERR_UPGRADE_IN_PROGRESS = 60
ERR_HA_BADCONFIG = 69
ERR_HA_ABORT = 71


class Failure(Exception):
    """Base of both exceptions of this client.

    confd_errno:     the error number
    confd_lasterr:   what the daemon or this client adds, perhaps empty
    strerror:        the operating system's words, only with ERR_OS
    os_errno:        the operating system's number, only with ERR_OS, or 0
    outcome_unknown: True where a request had been sent completely and no valid answer came: the
                     daemon may have done what was asked, or not
    """

    outcome_unknown = False

    def __init__(self, confd_errno: int, confd_lasterr: str = "", strerror: str = "") -> None:
        super().__init__(confd_errno, confd_lasterr, strerror)
        self.confd_errno = confd_errno
        self.confd_lasterr = confd_lasterr
        self.strerror = strerror
        self.os_errno = 0

    @property
    def code(self) -> Code:
        """What is known of the error number."""
        from .codes import code_of

        return code_of(self.confd_errno)

    @property
    def confd_strerror(self) -> str:
        """What the error number means."""
        return self.code.meaning

    @property
    def os_error(self) -> str:
        """The name of the operating system's error, such as ECONNREFUSED, or an empty text."""
        return errno.errorcode.get(self.os_errno, "")

    def __str__(self) -> str:
        head = f"{self.code.name} ({self.confd_errno})"
        return ": ".join(
            part for part in (head, self.confd_strerror, self.confd_lasterr, self.strerror) if part
        )


class Error(Failure):
    """The daemon refused, or the client could not do its part."""


class Timeout(Error):
    """This client's own time limit passed. What the daemon does meanwhile is not known."""

    def __init__(self, confd_lasterr: str) -> None:
        super().__init__(ERR_TIMEOUT, confd_lasterr)


class EOF(Failure):
    """The daemon closed the connection."""

    def __init__(self, confd_lasterr: str = "") -> None:
        super().__init__(ERR_EOF, confd_lasterr)


def os_error(what: str, error: OSError) -> Error:
    """Turn an OSError into an Error that says `what` was tried."""
    failure = Error(ERR_OS, what, error.strerror or str(error) or type(error).__name__)
    failure.os_errno = error.errno or 0
    return failure
