# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What can go wrong between a client and the NCS daemon, and what its error codes mean.

`Error` and `EOF` have the names and attributes of those in the vendor's module ``_ncs.error``.
Source of the codes: docs/protocol.md, "Error codes".
"""

from __future__ import annotations

import errno
from typing import NamedTuple

ERR_NOEXISTS = 1
ERR_ALREADY_EXISTS = 2
ERR_ACCESS_DENIED = 3
ERR_NOT_WRITABLE = 4
ERR_BADTYPE = 5
ERR_BADPATH = 8
ERR_BADSTATE = 17
ERR_INTERNAL = 18
ERR_EXTERNAL = 19
ERR_PROTOUSAGE = 21
ERR_NOSESSION = 22
ERR_TOOMANYTRANS = 23
ERR_OS = 24
ERR_HA_CONNECT = 25
ERR_HA_CLOSED = 26
ERR_HA_BADFXS = 27
ERR_HA_BADTOKEN = 28
ERR_HA_BADNAME = 29
ERR_HA_BIND = 30
ERR_HA_NOTICK = 31
ERR_UNAVAILABLE = 44
ERR_EOF = 45
ERR_HA_WITH_UPGRADE = 47
ERR_TIMEOUT = 48
ERR_XPATH = 50
ERR_NOT_IMPLEMENTED = 51
ERR_HA_BADVSN = 52
ERR_START_FAILED = 57
ERR_UPGRADE_IN_PROGRESS = 60
ERR_NOTRANS = 61
ERR_HA_BADCONFIG = 69
ERR_HA_ABORT = 71


class Code(NamedTuple):
    """What one error code means. `hint` says what to do about it."""

    name: str
    meaning: str
    hint: str


CODES: dict[int, Code] = {
    ERR_NOEXISTS: Code(
        "NOEXISTS",
        "what was asked for does not exist",
        "check whether this NSO release and its configuration have it",
    ),
    ERR_ALREADY_EXISTS: Code(
        "ALREADY_EXISTS",
        "what was to be created exists already",
        "use one connection for each user session",
    ),
    ERR_ACCESS_DENIED: Code(
        "ACCESS_DENIED",
        "the daemon does not let this client in",
        "compare access_file (NCS_IPC_ACCESS_FILE) with the daemon's; on a Unix socket, run as "
        "root, as the user that NSO runs as, or as a user with local_ipc_access",
    ),
    ERR_NOT_WRITABLE: Code(
        "NOT_WRITABLE",
        "the node accepts no writes",
        "write on the primary, or see whether read-only mode is on",
    ),
    ERR_BADTYPE: Code("BADTYPE", "a value is not of the type of its node", "check the value"),
    ERR_BADPATH: Code(
        "BADPATH",
        "the data model has no such path",
        "check the path, and whether this NSO release has it",
    ),
    ERR_BADSTATE: Code(
        "BADSTATE",
        "the node is not in a state for this order",
        "wait for start phase 1; a relay has to be a secondary first",
    ),
    ERR_INTERNAL: Code("INTERNAL", "the daemon failed inside", "read the daemon's log"),
    ERR_EXTERNAL: Code(
        "EXTERNAL",
        "an application outside the daemon reported an error",
        "read the log of the application",
    ),
    ERR_PROTOUSAGE: Code(
        "PROTOUSAGE",
        "client and daemon do not speak the same protocol",
        "check that this address and port are an NSO IPC port, and the NSO version",
    ),
    ERR_NOSESSION: Code(
        "NOSESSION",
        "the connection has no user session",
        "start a user session before a transaction",
    ),
    ERR_TOOMANYTRANS: Code(
        "TOOMANYTRANS",
        "too many transactions are open",
        "finish transactions that are no longer needed",
    ),
    ERR_OS: Code(
        "OS",
        "the operating system reported an error",
        "see whether NSO runs and listens there (path, ip, port), and whether the user that the "
        "task runs as may do this",
    ),
    ERR_HA_CONNECT: Code(
        "HA_CONNECT",
        "the node could not reach the HA port of its primary",
        "check primary_ip, HA port 4570 and firewalls between them, that TLS is set alike on "
        "both and the certificate names primary_ip, and that the other node is primary or relay",
    ),
    ERR_HA_CLOSED: Code(
        "HA_CLOSED",
        "the other node closed the HA link, or the first synchronisation failed or timed out",
        "read the primary's log; compare the TLS settings of the HA link; if the primary still "
        "lists this node, report it dead there first (ncs_ha_secondary_dead)",
    ),
    ERR_HA_BADFXS: Code(
        "HA_BADFXS",
        "the two nodes have different packages, or different versions of them, loaded",
        "load the same packages on both nodes",
    ),
    ERR_HA_BADTOKEN: Code(
        "HA_BADTOKEN",
        "the two nodes hold different tokens",
        "use one token for the whole cluster and connect to both nodes with it again",
    ),
    ERR_HA_BADNAME: Code(
        "HA_BADNAME",
        "the primary goes by another node id than primary_id",
        "compare primary_id with the node_id that the primary was given",
    ),
    ERR_HA_BIND: Code(
        "HA_BIND",
        "the node could not open its HA port",
        "see whether another process holds the port, and whether the address is this host's",
    ),
    ERR_HA_NOTICK: Code(
        "HA_NOTICK",
        "the other node stopped sending ticks",
        "check the network between them and whether the other process hangs",
    ),
    ERR_UNAVAILABLE: Code(
        "UNAVAILABLE",
        "what this needs is not available at the moment",
        "read the daemon's log, and try again",
    ),
    ERR_EOF: Code(
        "EOF",
        "the daemon closed the connection",
        "another HA controller may have connected, or the daemon stopped",
    ),
    ERR_HA_WITH_UPGRADE: Code(
        "HA_WITH_UPGRADE",
        "a data model upgrade is under way on an HA node",
        "finish the upgrade first",
    ),
    ERR_TIMEOUT: Code(
        "TIMEOUT",
        "there was no answer in time",
        "see whether the daemon hangs or is busy, or allow more time",
    ),
    ERR_XPATH: Code(
        "XPATH",
        "the XPath expression cannot be evaluated",
        "check the expression, and whether this NSO release has what it names",
    ),
    ERR_NOT_IMPLEMENTED: Code(
        "NOT_IMPLEMENTED",
        "this daemon has no such operation",
        "NSO 6.7 and later have no relays: let secondaries follow the primary",
    ),
    ERR_HA_BADVSN: Code(
        "HA_BADVSN",
        "the two daemons speak different versions of the HA protocol",
        "run the same NSO version on all nodes",
    ),
    ERR_START_FAILED: Code(
        "START_FAILED",
        "the daemon could not enter the start phase",
        "read the daemon's log",
    ),
    ERR_UPGRADE_IN_PROGRESS: Code(
        "UPGRADE_IN_PROGRESS",
        "this is not allowed while an upgrade is in progress",
        "wait until the upgrade is finished",
    ),
    ERR_NOTRANS: Code(
        "NOTRANS",
        "there is no such transaction",
        "start a transaction on the same connection",
    ),
    ERR_HA_BADCONFIG: Code(
        "HA_BADCONFIG",
        "the configuration of the event streams differs from the primary's",
        "make the notification streams in ncs.conf the same on both nodes",
    ),
    ERR_HA_ABORT: Code(
        "HA_ABORT",
        "a transaction was aborted by a change of the HA role",
        "see which node is primary, and try again there",
    ),
}


def code_of(number: int) -> Code:
    """Return what is known of an error code; of one not in the table, that it is not known."""
    known = CODES.get(number)
    if known is not None:
        return known
    return Code(
        f"ERROR_{number}",
        "an error this client does not know",
        "look the number up in the confd_lib_lib(3) manual page of your NSO release",
    )


class Failure(Exception):
    """Base of both exceptions of this client.

    confd_errno:     the error number
    confd_lasterr:   what the daemon or this client adds, perhaps empty
    strerror:        the operating system's words, only with ERR_OS
    os_errno:        the operating system's number, only with ERR_OS, or 0
    outcome_unknown: True where a request had been sent completely and no valid answer came: the
                     daemon may have done what was asked, or not
    refused:         True where the daemon answered with a refusal, so the connection is still good
    """

    outcome_unknown = False
    refused = False

    def __init__(self, confd_errno: int, confd_lasterr: str = "", strerror: str = "") -> None:
        super().__init__(confd_errno, confd_lasterr, strerror)
        self.confd_errno = confd_errno
        self.confd_lasterr = confd_lasterr
        self.strerror = strerror
        self.os_errno = 0

    @property
    def code(self) -> Code:
        """What is known of the error number."""
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


def refusal(code: int, reason: str) -> Error:
    """Return the Error for a refusal by the daemon."""
    failure = Error(code, reason)
    failure.refused = True
    return failure


class Timeout(Error):
    """This client's own time limit passed. What the daemon does meanwhile is not known."""

    def __init__(self, confd_lasterr: str) -> None:
        super().__init__(ERR_TIMEOUT, confd_lasterr)


class EOF(Failure):
    """The daemon closed the connection."""

    def __init__(self, confd_lasterr: str = "") -> None:
        super().__init__(ERR_EOF, confd_lasterr)


def os_error(what: str, problem: OSError) -> Error:
    """Return the Error for an OSError; `what` says what was tried."""
    failure = Error(ERR_OS, what, problem.strerror or str(problem) or type(problem).__name__)
    failure.os_errno = problem.errno or 0
    return failure
