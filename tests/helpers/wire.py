# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client said, read from the bytes it sent. docs/protocol.md has the layout.

Decodes with the simulator's codec, not with the one of the client under test.
"""

from __future__ import annotations

from collections.abc import Iterable

from ncs_sim.terms import Term, decode

_HANDSHAKE = 9
_CDB, _MAAPI, _HA = 5, 7, 17

STATUS = 4
#: Requests of a CDB socket that only read: get phase, get transaction id.
CDB_READS = {65, 66}
#: Requests of a MAAPI socket that only read: a session, a transaction to read, questions in it.
MAAPI_READS = {100, 140, 164, 247}


def frames(sent: bytes) -> list[bytes]:
    """The payloads of all frames after the handshake; each has to be whole."""
    payloads: list[bytes] = []
    rest = bytes(sent[_HANDSHAKE:])
    while rest:
        size = int.from_bytes(rest[:4], "big")
        assert len(rest) >= 4 + size, "a frame is not whole"
        payloads.append(rest[4 : 4 + size])
        rest = rest[4 + size :]
    return payloads


def orders(connections: Iterable[bytes]) -> list[Term]:
    """The terms of all orders on HA sockets, in the order in which the sockets were opened."""
    given: list[Term] = []
    for sent in connections:
        assert sent[0] in (_CDB, _MAAPI, _HA), f"a client of kind {sent[0]}"
        # The first frame is the token.
        given += [decode(payload) for payload in frames(sent)[1:]] if sent[0] == _HA else []
    return given


def order_numbers(connections: Iterable[bytes]) -> list[int]:
    """The numbers of all orders on HA sockets."""
    numbers: list[int] = []
    for order in orders(connections):
        assert isinstance(order, tuple)
        assert isinstance(order[0], int)
        numbers.append(order[0])
    return numbers


def cdb_requests(connections: Iterable[bytes]) -> list[int]:
    """The numbers of all requests on CDB sockets."""
    numbers: list[int] = []
    for sent in connections:
        if sent[0] == _CDB:
            numbers += [int.from_bytes(payload[:4], "big") for payload in frames(sent)[1:]]
    return numbers


def maapi_requests(connections: Iterable[bytes]) -> list[int]:
    """The numbers of all requests on MAAPI sockets."""
    return [
        int.from_bytes(payload[:4], "big")
        for sent in connections
        if sent[0] == _MAAPI
        for payload in frames(sent)
    ]
