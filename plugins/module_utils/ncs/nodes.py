# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Nodes and addresses in terms: {NodeId, Address} and back.

Source: docs/protocol.md, "HA socket".
"""

from __future__ import annotations

import ipaddress
import socket
import struct

from . import error, frames, terms
from .ha_status import Node


def decode_node(term: terms.Term) -> Node:
    """Return a node from {NodeId, Address}."""
    if isinstance(term, tuple) and len(term) == 2 and isinstance(term[0], bytes):
        # Not text(): a node id is compared, so nothing is trimmed from it.
        node_id = term[0].decode("utf-8", "backslashreplace")
        return {"nodeid": node_id, "address": decode_address(term[1])}
    raise frames.unexpected(f"a node of the form {frames.brief(term)}")


def encode_address(address: str) -> terms.Term:
    """Return an address as a term: 4 bytes, 8 16-bit integers, or text as a binary.

    Raises error.Error for an IPv6 address with a zone: the term has no room for it.
    """
    if ":" in address and "%" in address:
        raise error.Error(error.ERR_PROTOUSAGE, f"the address {address!r} has a zone")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # [assumed] docs/protocol.md, "HA socket": a binary where the C API has an address of type
        # string.
        return binary(address)
    if parsed.version == 4:
        return tuple(parsed.packed)
    packed = parsed.packed
    return tuple(int.from_bytes(packed[i : i + 2], "big") for i in range(0, 16, 2))


def decode_address(term: terms.Term) -> str:
    """Return an address as text, in the notation of the ipaddress module."""
    if isinstance(term, bytes):
        return term.decode("utf-8", "backslashreplace")
    if isinstance(term, tuple) and len(term) in (4, 8):
        try:
            if len(term) == 4:
                return socket.inet_ntoa(struct.pack("4B", *term))
            return str(ipaddress.ip_address(struct.pack(">8H", *term)))
        except struct.error:
            # Something that is no number, or one that does not fit.
            pass
    raise frames.unexpected(f"an address of the form {frames.brief(term)}")


def binary(text: str) -> bytes:
    """Return text of ours as the bytes of a binary."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise error.Error(error.ERR_PROTOUSAGE, f"{text!r} is not valid UTF-8") from None
