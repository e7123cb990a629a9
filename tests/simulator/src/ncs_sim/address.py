# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Node addresses as they stand in terms: docs/protocol.md, "HA socket"."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ncs_sim.terms import Term


@dataclass(frozen=True)
class Address:
    """Where a node is. `named` keeps text apart, as it came, for the string form (AF_UNSPEC)."""

    host: str
    named: bool = False

    @classmethod
    def from_term(cls, term: Term) -> Address:
        """Read the tuple or binary of an order; ValueError if it is neither."""
        if isinstance(term, bytes):
            host = term.decode("utf-8")
            if not 0 < len(host) <= 255 or not host.isprintable():
                raise ValueError("not a host name")
            return cls(host, named=True)
        if isinstance(term, tuple):
            numbers = [item for item in term if isinstance(item, int)]
            if len(numbers) == len(term) == 4 and all(0 <= n < 256 for n in numbers):
                return cls(str(ipaddress.IPv4Address(bytes(numbers))))
            if len(numbers) == len(term) == 8 and all(0 <= n < 65536 for n in numbers):
                packed = b"".join(n.to_bytes(2, "big") for n in numbers)
                return cls(str(ipaddress.IPv6Address(packed)))
        raise ValueError("not an address")

    def to_term(self) -> Term:
        """The tuple or binary that stands for this address in an answer."""
        if self.named:
            return self.host.encode()
        packed = ipaddress.ip_address(self.host).packed
        if len(packed) == 4:
            return tuple(packed)
        return tuple(int.from_bytes(packed[i : i + 2], "big") for i in range(0, 16, 2))


@dataclass(frozen=True)
class Peer:
    """Another node of the cluster."""

    node_id: str
    address: Address

    def to_term(self) -> Term:
        return (self.node_id.encode(), self.address.to_term())

    def to_json(self) -> dict[str, str]:
        return {"node_id": self.node_id, "address": self.address.host}
