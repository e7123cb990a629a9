# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Resolving the host name of another node, on the host that is to dial it."""

from __future__ import annotations

import socket
import threading

from .addresses import AddressError, Upstream, check_address, check_name, is_literal


def resolve(node_id: str, text: str, timeout: float) -> Upstream:
    """Return the upstream at this address or host name, resolved on this host.

    A host name may have several addresses: the first is dialled, and a node that is connected to
    any of them is connected to the right one. Raises AddressError, also after `timeout` seconds.
    """
    if "\0" in text:
        # The system's resolver would read as far as there and find another address.
        raise AddressError(f"{text!r} has a NUL character in it")
    literals = [text] if is_literal(text) else _look_up(text, timeout)
    addresses = [check_address(literal) for literal in literals]
    return Upstream(node_id, addresses[0], frozenset(addresses))


def _look_up(name: str, timeout: float) -> list[str]:
    check_name(name)
    addresses: list[str] = []
    problems: list[str] = []

    def ask() -> None:
        try:
            for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
                addresses.append(str(entry[4][0]))
        except (OSError, UnicodeError) as problem:
            problems.append(getattr(problem, "strerror", None) or "it is not a valid host name")

    # The system's resolver takes no time limit, hence a thread to wait for.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        problems.append(f"no answer within {timeout:g} s")
    if problems or not addresses:
        reason = problems[0] if problems else "it has no address"
        raise AddressError(
            f"the host name {name!r} cannot be resolved on this host: {reason}. Give an IP "
            "address, or add the name to the hosts file or name service of this host"
        )
    return addresses
