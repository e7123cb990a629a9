# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether the daemon of this host is known not to run.

A refused connection does not prove it: the endpoint may be another one than configured, as after an
upgrade to NSO 6.7 (docs/protocol.md, "Where a client connects"). So three things have to hold: no
endpoint at which NSO may listen answers, nothing listens on the HA port, and no process is a
daemon. What cannot be looked at counts as a daemon that may run.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import Iterator, NamedTuple, Pattern, Tuple

from ..ncs import error, ipc
from . import listening, resolving
from .addresses import AddressError
from .connection import endpoint_addresses
from .endpoint import DEFAULT_PATH, Endpoint, TcpEndpoint, UnixEndpoint

#: Longest wait for a connection to this host, in seconds, and longest command line, in bytes.
PATIENCE = 3.0
MAX_COMMAND = 64 * 1024

#: Errors of connecting where nothing listens: at a TCP port or an abandoned Unix socket, and at the
#: path of a socket that does not exist.
NOTHING_LISTENS = (errno.ECONNREFUSED, errno.ENOENT)


class Evidence(NamedTuple):
    """Whether the daemon runs, None where that is not known, and why in whole sentences."""

    running: bool | None
    why: str


class Place(NamedTuple):
    """Where a daemon of this node would be.

    ha_ip:   address or name at which other nodes dial it, or ""
    process: what its process looks like
    """

    endpoint: Endpoint
    ha_ip: str
    ha_port: int
    process: Pattern[str]


#: A sentence, and whether it proves that the daemon runs or only that this cannot be ruled out.
_Finding = Tuple[str, bool]


def find_daemon(place: Place, proc: str = "/proc") -> Evidence:
    """Return whether the daemon runs, by everything that can be seen of it on this host."""
    unclear = []
    for why, certain in _findings(place, proc):
        if certain:
            return Evidence(True, why)
        unclear.append(why)
    if unclear:
        return Evidence(None, " ".join(unclear))
    return Evidence(False, "Nothing listens where it would, and no process is a daemon.")


def _findings(place: Place, proc: str) -> Iterator[_Finding]:
    for endpoint in _endpoints(place.endpoint):
        yield from _listens(endpoint, endpoint == place.endpoint)
    yield from _ha_port(place, proc)
    yield from _processes(place.process, proc)


def _endpoints(configured: Endpoint) -> list[Endpoint]:
    """Return where NSO may listen: as configured, at both defaults, at the default port there."""
    address = configured.ip if isinstance(configured, TcpEndpoint) else ipc.DEFAULT_IP
    endpoints = [
        configured,
        UnixEndpoint(DEFAULT_PATH),
        TcpEndpoint(ipc.DEFAULT_IP, ipc.DEFAULT_PORT),
        TcpEndpoint(address, ipc.DEFAULT_PORT),
    ]
    return list(dict.fromkeys(endpoints))


def _listens(endpoint: Endpoint, configured: bool) -> Iterator[_Finding]:
    """Try every address of an endpoint: a name may stand for several."""
    hint = "" if configured else f" {_MOVED}"
    try:
        targets = endpoint_addresses(endpoint)
    except error.Failure as failure:
        yield f"Whether a daemon listens at {endpoint} cannot be determined: {failure}.", False
        return
    for family, address in targets:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.settimeout(PATIENCE)
            try:
                sock.connect(address)
            except OSError as problem:
                if problem.errno not in NOTHING_LISTENS:
                    why = problem.strerror or str(problem)
                    yield (
                        f"Whether a daemon listens at {endpoint} cannot be determined: {why}.",
                        False,
                    )
            else:
                yield f"Something listens at {endpoint}.{hint}", True


_MOVED = (
    "Hint: if that is NSO's IPC of this node, set nso_ha_path or nso_ha_port to it. An upgrade to "
    "NSO 6.7 or later moves it."
)


def _ha_port(place: Place, proc: str) -> Iterator[_Finding]:
    """Look for a listener on the HA port at an address of this node."""
    try:
        listeners = listening.on_port(place.ha_port, proc)
    except OSError as problem:
        why = problem.strerror or str(problem)
        yield (
            f"Whether something listens on HA port {place.ha_port} cannot be determined: {why}.",
            False,
        )
        return
    if not listeners:
        return
    local = _node_addresses(place.ha_ip)
    for address in listeners:
        if local is None or str(address) in local or not _is_of_another_node(address):
            yield (
                f"Something listens on HA port {place.ha_port} at {address}. Hint: set nso_ha_path "
                "or nso_ha_port to NSO's IPC of this node, and nso_ha_ha_port to its HA port.",
                True,
            )


def _is_of_another_node(address: listening.Address) -> bool:
    """Return whether an address that is not this node's may be another node's on the same host.

    That is so for loopback addresses, by which several nodes on one host are told apart. Any other
    address of the host, and the one of all addresses, counts as the node's.
    """
    return address.is_loopback and str(address) not in ("127.0.0.1", "::1")


def _node_addresses(ha_ip: str) -> frozenset[str] | None:
    """Return the addresses of this node, or None where they are not known."""
    try:
        return resolving.resolve("", ha_ip, PATIENCE).same
    except AddressError:
        return None


def _processes(pattern: Pattern[str], proc: str) -> Iterator[_Finding]:
    hidden = (
        "Processes of other users cannot be seen on this host, so a daemon may run. Hint: run this "
        "with become."
    )
    try:
        # Where processes are hidden from other users, the first one is hidden too.
        _read(f"{proc}/1/cmdline")
        pids = [name for name in os.listdir(proc) if name.isdigit()]
    except OSError:
        yield hidden, False
        return
    for pid in pids:
        try:
            commands = _commands(pid, proc)
        except (FileNotFoundError, ProcessLookupError):
            # It has ended in the meantime.
            continue
        except OSError:
            yield hidden, False
            return
        if any(map(pattern.search, commands)):
            yield (
                f"Process {pid} ({commands[0][:80]}) is a daemon by its name. Hint: set "
                "nso_ha_path or nso_ha_port to where it listens. If it is not the daemon of this "
                "node, set nso_ha_process to a pattern that it does not match.",
                True,
            )


def _commands(pid: str, proc: str) -> list[str]:
    """Return the command line of a process, once for each name that its executable has.

    Nothing for one that has ended and was not waited for yet.
    """
    name, state = _stat(pid, proc)
    if state in ("Z", "X"):
        return []
    words = _read(f"{proc}/{pid}/cmdline").rstrip(b"\0").split(b"\0")
    first, *arguments = map(_text, words)
    names = [os.path.basename(first) or name, name]
    # It cannot be read for processes of other users, and kernel threads have none.
    with contextlib.suppress(OSError):
        path = _text(os.readlink(os.fsencode(f"{proc}/{pid}/exe")))
        names.append(os.path.basename(path.replace(" (deleted)", "")))
    return [" ".join([executable, *arguments]) for executable in names]


def _stat(pid: str, proc: str) -> tuple[str, str]:
    """Return the name of a process, and a letter for its state."""
    # The name is in parentheses and may itself have blanks and parentheses in it.
    before, _sign, rest = _text(_read(f"{proc}/{pid}/stat")).rpartition(")")
    if not rest.strip():
        raise ProcessLookupError
    return before.partition("(")[2], rest.split()[0]


def _text(data: bytes) -> str:
    """Return it as text that a result may have; Ansible refuses what is not valid UTF-8."""
    return data.decode("utf-8", "backslashreplace")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_COMMAND)
