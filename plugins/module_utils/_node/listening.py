# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which addresses of this host something listens on, as the kernel tells (Linux, proc(5))."""

from __future__ import annotations

import contextlib
import ipaddress
import sys
from typing import Iterator, Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

#: Longest table that is read, in lines.
MAX_LINES = 1_000_000

_LISTENS = "0A"


def on_port(port: int, proc: str = "/proc") -> list[Address]:
    """Return the addresses on which something listens at a TCP port. Raises OSError."""
    addresses = list(_of_table(f"{proc}/net/tcp", port))
    # A host without IPv6 has no such table.
    with contextlib.suppress(FileNotFoundError):
        addresses += _of_table(f"{proc}/net/tcp6", port)
    return addresses


def _of_table(path: str, port: int) -> Iterator[Address]:
    with open(path, encoding="ascii") as table:
        for number, line in enumerate(table):
            if number > MAX_LINES:
                raise OSError(f"{path} has more than {MAX_LINES} lines")
            fields = line.split()
            if len(fields) > 3 and fields[3] == _LISTENS:
                address, _colon, hexadecimal = fields[1].partition(":")
                if int(hexadecimal, 16) == port:
                    yield _address(address)


def _address(hexadecimal: str) -> Address:
    """Return the address of a field: words of 32 bits in the order of bytes of this machine."""
    data = bytes.fromhex(hexadecimal)
    words = [data[start : start + 4] for start in range(0, len(data), 4)]
    if sys.byteorder == "little":
        words = [word[::-1] for word in words]
    parsed = ipaddress.ip_address(b"".join(words))
    mapped = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed
