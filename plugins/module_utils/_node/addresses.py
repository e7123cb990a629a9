# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Addresses of nodes: comparing, checking and resolving them."""

from __future__ import annotations

import ipaddress
import socket
import threading
from typing import NamedTuple, Union


class AddressError(ValueError):
    """Text that is no usable address of a node."""


class Upstream(NamedTuple):
    """The node to copy from: its id, the address to dial, and all addresses that mean it."""

    node_id: str
    address: str
    same: frozenset[str]


_BROADCAST = ipaddress.IPv4Address("255.255.255.255")

_IpAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def canonical(text: str) -> str:
    """Return one notation for each address, so that equal strings mean equal addresses.

    An IPv4 address inside an IPv6 one is that IPv4 address. Other text is returned as it is.
    """
    try:
        parsed: _IpAddress = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(parsed)


def is_literal(text: str) -> bool:
    """Return whether this is an address already, not a name to be resolved."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        # "fe80::1%eth0": Python 3.8 does not parse the zone.
        return ":" in text
    return True


def check(text: str) -> None:
    """Raise AddressError for an address at which no node can be dialled."""
    if "%" in text:
        raise AddressError(
            f"{text!r} has a zone, which NSO's HA protocol has no room for; use a global address"
        )
    try:
        parsed = ipaddress.ip_address(canonical(text))
    except ValueError:
        raise AddressError(f"{text!r} is no IP address") from None
    if parsed.is_unspecified or parsed.is_multicast or parsed == _BROADCAST:
        raise AddressError(f"{text!r} is not the address of one node")


def resolve(node_id: str, text: str, timeout: float) -> Upstream:
    """Return the upstream at this address or host name, resolved on this host.

    A host name may have several addresses: the first is dialled, and a node that is connected to
    any of them is connected to the right one. Raises AddressError, also after `timeout` seconds.
    """
    if "\0" in text:
        # The system's resolver would read as far as there and find another address.
        raise AddressError(f"{text!r} has a NUL character in it")
    found = [text] if is_literal(text) else _look_up(text, timeout)
    for address in found:
        check(address)
    return Upstream(node_id, canonical(found[0]), frozenset(canonical(one) for one in found))


def _look_up(name: str, timeout: float) -> list[str]:
    found: list[str] = []
    problems: list[str] = []

    def ask() -> None:
        try:
            for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
                found.append(str(entry[4][0]))
        except (OSError, UnicodeError) as problem:
            problems.append(getattr(problem, "strerror", None) or "it is no valid host name")

    # The system's resolver takes no time limit, hence a thread to wait for.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        problems.append(f"no answer within {timeout:g} s")
    if problems or not found:
        reason = problems[0] if problems else "it has no address"
        raise AddressError(
            f"the host name {name!r} cannot be resolved on this host: {reason}. An IP address, or "
            "an entry in its hosts file or name service, helps"
        )
    return found
