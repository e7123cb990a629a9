# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether the HA port of another node accepts connections, tried from the host that is to dial it.

Nothing is sent: the connection is closed at once. That this does no harm to a daemon is assumed in
docs/protocol.md, "HA port".
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any, NamedTuple, Sequence

from .addresses import Upstream

#: Longest wait for all addresses of a node together, in seconds.
PATIENCE = 5.0


class Dialled(NamedTuple):
    """What came of dialling.

    accepted: the first address that accepted a connection, or None
    failures: the addresses that did not, each with the name of the operating system's error
    """

    accepted: str | None = None
    failures: tuple[tuple[str, str], ...] = ()

    def as_result(self, upstream: Upstream, port: int) -> dict[str, Any]:
        """Return it as ncs_ha_role returns it."""
        return {
            "addresses": in_turn(upstream),
            "port": port,
            "accepted": self.accepted,
            "failures": [
                {"address": address, "os_error": os_error} for address, os_error in self.failures
            ],
        }


def in_turn(upstream: Upstream) -> list[str]:
    """Return the addresses of a node in the order in which they are dialled."""
    return [upstream.address, *sorted(upstream.same - {upstream.address})]


def dial(addresses: Sequence[str], port: int, timeout: float) -> Dialled:
    """Dial the addresses one after the other until one accepts, for no longer than `timeout`.

    Each has an equal part of the seconds that are left.
    """
    end = time.monotonic() + timeout
    failures: list[tuple[str, str]] = []
    for number, address in enumerate(addresses):
        # 0 would mean not to wait at all, which is another error.
        patience = max((end - time.monotonic()) / (len(addresses) - number), 0.01)
        try:
            socket.create_connection((address, port), patience).close()
        except OSError as problem:
            failures.append((address, _name(problem)))
        else:
            return Dialled(address, tuple(failures))
    return Dialled(None, tuple(failures))


def _name(problem: OSError) -> str:
    # A wait that was cut short has no number. On Python 3.8 it is no TimeoutError either.
    if isinstance(problem, socket.timeout):
        return "ETIMEDOUT"
    return errno.errorcode.get(problem.errno or 0) or str(problem)
