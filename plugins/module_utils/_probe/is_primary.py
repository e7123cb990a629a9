# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The program ncs-ha-is-primary: whether the local daemon is the primary and takes writes.

It looks without the HA socket, so it takes nothing from any HA controller and needs no token. It is
made for keepalived and load balancers, to which only its exit status counts. Whatever is not said
by the daemon within the time limit is no reason to send clients there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from typing import NamedTuple, NoReturn, Sequence

from .._node import operational_state, options
from .._node.operational_state import Service
from .._node.state import PRIMARY
from .._node.validation import OptionError
from ..ncs import error, frames

NAME = "ncs-ha-is-primary"

#: Exit statuses: the daemon said that it is the primary and takes writes; it said that it is not or
#: does not; not known, wrong usage included.
IS_PRIMARY, IS_NOT, UNKNOWN = 0, 1, 2

#: For all that the program does, in seconds.
DEFAULT_TIMEOUT = 2.0
MAX_TIMEOUT = 60.0
#: What the vendor's API has room for.
_MAX_SECONDARIES = operational_state.MAX_SECONDARIES

_HTTP = {
    IS_PRIMARY: "200 OK",
    IS_NOT: "503 Service Unavailable",
    UNKNOWN: "503 Service Unavailable",
}
#: Longest request that is read, in bytes. Nothing of it counts.
_MAX_REQUEST = 8192

_DESCRIPTION = (
    "Say whether the NSO daemon of this host is the HA primary and takes writes. The HA socket is "
    "not used, so no other HA controller is disturbed."
)
_EXITS = (
    "Exit status: 0 the daemon says that it is the primary and takes writes, 1 it says that it is "
    "not or does not, 2 not known: no answer in time, an answer that is not understood, or wrong "
    "usage. This help ends with 2, too. Without options, the environment counts: NCS_IPC_PATH, "
    "NCS_IPC_ADDR, NCS_IPC_PORT, NCS_IPC_ACCESS_FILE. Then the socket /tmp/nso/nso-ipc if it "
    "exists, else 127.0.0.1 port 4569."
)


class Finding(NamedTuple):
    """An exit status, and the reason for it in words."""

    status: int
    reason: str


def finding_of(service: Service, secondaries: int = 0) -> Finding:
    """Return what a daemon's own words come to, if it has to have so many secondaries."""
    if service.role is not None and service.role != PRIMARY:
        return Finding(IS_NOT, f"the role of the node is {service.role}")
    if service.failure is not None:
        return Finding(UNKNOWN, str(service.failure))
    if service.role is None:
        return Finding(UNKNOWN, "the daemon does not say which role it has")
    if service.daemon_status is None:
        return Finding(UNKNOWN, "the daemon does not say whether it has started")
    if service.daemon_status != "started":
        return Finding(IS_NOT, f"the daemon has not started; its status is {service.daemon_status}")
    if service.read_only is None:
        return Finding(UNKNOWN, "the daemon does not say whether it takes writes")
    if service.read_only or service.admin_read_only:
        return Finding(IS_NOT, "the node is the primary, but in read-only mode")
    if not secondaries:
        return Finding(IS_PRIMARY, "the node is the primary and takes writes")
    if service.secondaries is None:
        return Finding(UNKNOWN, "the daemon does not say which secondaries are connected")
    count = len(service.secondaries)
    if count < secondaries:
        few = f"connected secondaries: {count}, needed: {secondaries}"
        return Finding(IS_NOT, f"the node is the primary, but has too few followers ({few})")
    return Finding(IS_PRIMARY, f"the node is the primary and takes writes (secondaries: {count})")


def look(params: argparse.Namespace) -> Finding:
    """Ask the daemon that the options name."""
    try:
        target = options.target({**vars(params), "token": None})
        needed = params.secondaries
        service = operational_state.read_service(target, params.user, with_secondaries=needed > 0)
    except (error.Failure, OptionError) as problem:
        return Finding(UNKNOWN, str(problem))
    return finding_of(service, needed)


def http_response(answer: Finding) -> str:
    """Return an answer as HTTP: status 200 for the primary, 503 for all else."""
    body = f"{answer.reason}\n"
    head = (
        f"HTTP/1.1 {_HTTP[answer.status]}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body.encode())}",
        "Connection: close",
    )
    return "\r\n".join([*head, "", body])


class _Parser(argparse.ArgumentParser):
    """A parser whose every end is that of a program that does not know."""

    def exit(self, status: int = UNKNOWN, message: str | None = None) -> NoReturn:
        super().exit(status or UNKNOWN, message)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command_line = _Parser(prog=NAME, description=_DESCRIPTION, epilog=_EXITS, allow_abbrev=False)
    command_line.add_argument("--path", help="Unix socket of the daemon")
    command_line.add_argument("--ip", help="address of its IPC port")
    command_line.add_argument("--port", type=int, help="its IPC port")
    command_line.add_argument(
        "--access-file", metavar="FILE", help="file with the secret of the IPC access check"
    )
    command_line.add_argument(
        "--user",
        default=operational_state.USER,
        help=f"user of the session, which needs no rights ({operational_state.USER})",
    )
    command_line.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help=f"for all of it, up to {MAX_TIMEOUT:g} ({DEFAULT_TIMEOUT:g})",
    )
    command_line.add_argument(
        "--secondaries",
        type=_count,
        default=0,
        metavar="N",
        help="say no to a primary with fewer connected secondaries than this (0)",
    )
    command_line.add_argument("--quiet", action="store_true", help="print nothing")
    command_line.add_argument(
        "--http",
        action="store_true",
        help="read a request from standard input and answer it with 200 or 503 on standard output, "
        "for a socket unit of systemd (Accept=yes)",
    )
    return command_line


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) <= MAX_TIMEOUT:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not above 0 and up to {MAX_TIMEOUT:g} seconds")


def _count(text: str) -> int:
    with contextlib.suppress(ValueError):
        if 0 <= int(text) <= _MAX_SECONDARIES:
            return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and {_MAX_SECONDARIES}")


class _Ending:
    """The one end of the process, for whichever thread comes first."""

    def __init__(self, *, quiet: bool = False, http: bool = False) -> None:
        self._quiet = quiet
        self._http = http
        self._first = threading.Lock()

    def end(self, answer: Finding) -> NoReturn:
        """Print an answer, unless that is impossible, and end the process with its status."""
        self._first.acquire()  # pylint: disable=consider-using-with
        text = http_response(answer) if self._http else "" if self._quiet else f"{answer.reason}\n"
        # Nobody may be there to read it. The status counts.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stdout.write(text)
            sys.stdout.flush()
        os._exit(answer.status)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program; the process ends with its exit status, in time."""
    sys.excepthook = _unforeseen
    params = parser().parse_args(arguments)
    limit = frames.Deadline(params.timeout)
    ending = _Ending(quiet=params.quiet, http=params.http)
    late = Finding(UNKNOWN, f"no complete answer within {params.timeout:g} s")
    # A thread, as a name server that is slow to answer cannot be interrupted.
    threading.Thread(target=_watch, args=(limit, ending, late), daemon=True).start()
    if params.http:
        _skip_request()
    answer = look(params)
    try:
        # This process, or its host, may have stood still since the daemon answered.
        limit.remaining()
    except error.Timeout:
        answer = late
    ending.end(answer)


def _watch(limit: frames.Deadline, ending: _Ending, late: Finding) -> None:
    with contextlib.suppress(error.Timeout):
        while True:
            threading.Event().wait(limit.remaining())
    ending.end(late)


def _skip_request() -> None:
    """Read the head of a request. Data that nobody reads would take the answer with it."""
    with contextlib.suppress(OSError, AttributeError):
        size = 0
        while size < _MAX_REQUEST:
            line = sys.stdin.buffer.readline(_MAX_REQUEST)
            size += len(line)
            if not line.strip():
                return


def _unforeseen(kind: type, problem: BaseException, _traceback: object) -> NoReturn:
    """End a program with a mistake in it: Python's own status would be IS_NOT."""
    _Ending().end(Finding(UNKNOWN, f"{NAME} has failed: {kind.__name__}: {problem}"))
