# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Addresses of nodes: one notation for each, so that equal strings mean equal addresses.

Text becomes an address where it comes in: an option, or the status of a daemon. From there on
addresses are compared as strings. Pure functions.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, Union


class AddressError(ValueError):
    """Text that is not a usable address of a node."""


class Upstream(NamedTuple):
    """The node to copy from: its id, the address to dial, and all addresses that mean it.

    All addresses are canonical.
    """

    node_id: str
    address: str
    same: frozenset[str]


#: Names that lead a host to itself: of RFC 6761, and of the hosts files of Linux distributions.
_LOCALHOST = re.compile(
    r"(.+\.)?localhost|localhost[46]?(\.localdomain[46]?)?|ip6-(localhost|loopback)"
)
#: The last part of an address in a notation of C libraries: "10.1" is 10.0.0.1, "0x7f.1" 127.0.0.1.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")

_BROADCAST = ipaddress.IPv4Address("255.255.255.255")

_IpAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def canonical(text: str) -> str:
    """Return the one notation of an address. Text that is not an address is returned as it is.

    An IPv4 address inside an IPv6 one is that IPv4 address.
    """
    try:
        return str(_parse(text))
    except ValueError:
        return text


def is_literal(text: str) -> bool:
    """Return whether this is an address already, not a name to be resolved."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        # "fe80::1%eth0": Python 3.8 does not parse the zone.
        return ":" in text
    return True


def is_loopback(text: str) -> bool:
    """Return whether an address, or a name by its text, leads a host to itself."""
    try:
        return _parse(text).is_loopback
    except ValueError:
        return _LOCALHOST.fullmatch(_plain(text)) is not None


def comparable(text: str) -> str:
    """Return the text of an address or a name by which it is compared with others."""
    if is_literal(text):
        return canonical(text)
    return "127.0.0.1" if is_loopback(text) else _plain(text)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


def check_name(text: str) -> None:
    """Raise AddressError for a name that the system's resolver would take for an address."""
    if _NUMBER.fullmatch(_plain(text).rpartition(".")[2]):
        raise AddressError(f"{text!r} is not an IP address of four numbers, nor a host name")


def check_address(text: str) -> str:
    """Return the one notation of an address at which a node can be dialled.

    Raises AddressError.
    """
    if "%" in text:
        raise AddressError(
            f"{text!r} has a zone, which NSO's HA protocol has no room for; use a global address"
        )
    try:
        parsed = _parse(text)
    except ValueError:
        raise AddressError(f"{text!r} is not an IP address") from None
    if parsed.is_unspecified or parsed.is_multicast or parsed == _BROADCAST:
        raise AddressError(f"{text!r} is not the address of one node")
    return str(parsed)


def _parse(text: str) -> _IpAddress:
    parsed = ipaddress.ip_address(text)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped
    return parsed
