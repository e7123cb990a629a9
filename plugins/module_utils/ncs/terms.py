# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Erlang's External Term Format, as far as the NCS daemon uses it towards HA clients.

Bytes in, values out, and back; no I/O. The format is Erlang's, documented in its ERTS user's
guide under "External Term Format"; the tag numbers below are from there.

==============  =========================================
Erlang          Python
==============  =========================================
integer         int, at most 255 bytes of magnitude
atom            Atom, a str of its own type
binary          bytes
tuple           tuple
proper list     list
[atom|atom]     Qualified, which is written and not read
==============  =========================================

Everything else (floats, maps, processes, references, functions, compressed terms, improper lists)
has no place in the daemon's messages of docs/protocol.md and is refused.

Input is never trusted: nesting and the number of elements are bounded, lengths are checked against
the bytes at hand before anything is allocated, and neither direction recurses.
"""

from __future__ import annotations

import struct
from typing import Iterator, List, Tuple, Union

VERSION = 131

# Tags we read; those with a comment are the ones we also write.
SMALL_INTEGER = 97  # 0 to 255
INTEGER = 98  # signed, 32 bits
SMALL_BIG = 110  # larger ones, up to 255 bytes
ATOM = 100  # Latin-1, 2 bytes of length; what the vendor's clients send
SMALL_ATOM = 115
ATOM_UTF8 = 118
SMALL_ATOM_UTF8 = 119  # atoms that are not Latin-1
BINARY = 109  # written
SMALL_TUPLE = 104  # written
LARGE_TUPLE = 105  # written
NIL = 106  # written
LIST = 108  # written
STRING = 107

_WITH_ELEMENTS = frozenset((SMALL_TUPLE, LARGE_TUPLE, LIST))
_ATOMS = frozenset((ATOM, SMALL_ATOM, ATOM_UTF8, SMALL_ATOM_UTF8))

#: Largest number of tuples and lists inside each other.
MAX_DEPTH = 64
#: Largest number of elements of all tuples and lists of one term together. The longest status we
#: accept (1000 nodes with IPv6 addresses) has about 12,000.
MAX_ELEMENTS = 100_000
#: Erlang's own limit for the length of an atom, in characters.
MAX_ATOM = 255


class TermError(ValueError):
    """These bytes are no term we accept, or this value cannot be written as a term."""


class Atom(str):
    """An Erlang atom. Equal to the str of the same characters, never to bytes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Atom({str.__repr__(self)})"


class Qualified:
    """A name in a namespace, `[Namespace|Name]` in Erlang: a list whose tail is not a list.

    Only requests have one (docs/protocol.md, "Reading state without the HA socket"), so `decode`
    never returns it.
    """

    __slots__ = ("name", "namespace")

    def __init__(self, namespace: str, name: str) -> None:
        self.namespace = Atom(namespace)
        self.name = Atom(name)


Term = Union[int, Atom, bytes, Qualified, Tuple["Term", ...], List["Term"]]


def decode(data: bytes) -> Term:
    """Return the one term that `data` holds, from its version byte to its last byte.

    Raises TermError for anything else: truncated, trailing bytes, unknown tags, out of bounds.
    """
    try:
        if data[0] != VERSION:
            raise TermError(f"a term starts with byte {VERSION}, this starts with {data[0]}")
        value, end = _read(data)
    except IndexError:
        raise _truncated(data) from None
    if end < len(data):
        raise TermError(f"{len(data) - end} bytes follow the end of the term")
    return value


def _read(data: bytes) -> tuple[Term, int]:
    """Return the value after the version byte, and where it ends.

    Raises TermError, and IndexError where the bytes end before a value does. One loop with next to
    no calls in it, as it goes round some thousand times for the status of a large cluster.
    """
    total = len(data)
    position = 1
    elements = 0
    # The tuples and lists that are being read, innermost last: what they are, how many elements
    # they will have, and those that they have.
    open_values: list[tuple[int, int, list[Term]]] = []
    while True:
        tag = data[position]
        value: Term
        if tag == SMALL_INTEGER:
            value = data[position + 1]
            position += 2
        elif tag == BINARY:
            start = position + 5
            position = start + int.from_bytes(data[position + 1 : start], "big")
            if position > total:
                raise _truncated(data)
            value = data[start:position]
        elif tag in _WITH_ELEMENTS:
            if tag == SMALL_TUPLE:
                size = data[position + 1]
                position += 2
            else:
                size = int.from_bytes(data[position + 1 : position + 5], "big")
                position += 5
            # Every element takes a byte at least, so a size beyond that is known to be wrong here.
            if size > total - position:
                raise _too_short(data, position, size)
            elements += size
            if elements > MAX_ELEMENTS:
                raise _too_many()
            if size:
                if len(open_values) >= MAX_DEPTH:
                    raise _too_deep()
                if tag == LIST or data[position] != SMALL_INTEGER:
                    open_values.append((tag, size, []))
                    continue
                # Most likely a tuple of small integers, an address, which is read at once.
                end = position + 2 * size
                if end > total or data[position:end:2].count(SMALL_INTEGER) < size:
                    open_values.append((tag, size, []))
                    continue
                value = tuple(data[position + 1 : end : 2])
                position = end
            elif tag == LIST:
                raise TermError("a list of no elements that is not written as the empty list")
            else:
                value = ()
        else:
            value, position = _read_other(data, position, tag)
            if isinstance(value, list) and value:
                # Read whole already, because it was written as a string. It is a list all the same.
                elements += len(value)
                if elements > MAX_ELEMENTS:
                    raise _too_many()
                if len(open_values) >= MAX_DEPTH:
                    raise _too_deep()
        # A finished value may finish the tuple or list around it, and so on outwards.
        while open_values:
            kind, size, items = open_values[-1]
            items.append(value)
            if len(items) < size:
                break
            open_values.pop()
            if kind == LIST:
                if data[position] != NIL:
                    raise TermError("an improper list")
                position += 1
                value = items
            else:
                value = tuple(items)
        else:
            return value, position


def _read_other(data: bytes, position: int, tag: int) -> tuple[Term, int]:
    """Return a value of one of the tags that are rare, and where it ends."""
    start = position + 1
    if tag == INTEGER:
        return int.from_bytes(_take(data, start, 4), "big", signed=True), start + 4
    if tag == SMALL_BIG:
        size, sign = data[start], data[start + 1]
        magnitude = int.from_bytes(_take(data, start + 2, size), "little")
        return -magnitude if sign else magnitude, start + 2 + size
    if tag in _ATOMS:
        return _read_atom(data, start, tag)
    if tag == NIL:
        return [], start
    if tag == STRING:
        # Erlang's short form of a list of bytes.
        size = int.from_bytes(_take(data, start, 2), "big")
        return list(_take(data, start + 2, size)), start + 2 + size
    raise TermError(f"unknown tag {tag} at byte {position}")


def _read_atom(data: bytes, start: int, tag: int) -> tuple[Atom, int]:
    width = 1 if tag in (SMALL_ATOM, SMALL_ATOM_UTF8) else 2
    size = int.from_bytes(_take(data, start, width), "big")
    text = _take(data, start + width, size)
    if tag in (ATOM, SMALL_ATOM):
        name = text.decode("latin-1")
    else:
        try:
            name = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise TermError("an atom that is not UTF-8") from error
    if len(name) > MAX_ATOM:
        raise TermError(f"an atom of more than {MAX_ATOM} characters")
    return Atom(name), start + width + size


def _take(data: bytes, start: int, count: int) -> bytes:
    """Return this many bytes from there. Raises TermError where there are fewer."""
    end = start + count
    if end > len(data):
        raise _truncated(data)
    return data[start:end]


def _truncated(data: bytes) -> TermError:
    return TermError(f"the term ends at byte {len(data)}, in the middle of a value")


def _too_short(data: bytes, position: int, size: int) -> TermError:
    """Return what is wrong with elements that are to begin there."""
    left = len(data) - position
    return (
        TermError(f"{size} elements announced, {left} bytes left")
        if left >= 0
        else _truncated(data)
    )


def _too_deep() -> TermError:
    return TermError(f"more than {MAX_DEPTH} tuples or lists inside each other")


def _too_many() -> TermError:
    return TermError(f"a term of more than {MAX_ELEMENTS} elements")


_SMALL_INTEGERS = [bytes((SMALL_INTEGER, value)) for value in range(256)]


def encode(value: Term) -> bytes:
    """Return `value` as bytes, version byte included, as the vendor's clients write it.

    Raises TermError for a value that has no such form or is out of the bounds of `decode`.
    """
    parts = [bytes([VERSION])]
    elements = 0
    # The tuples and lists that are being written, innermost last: the elements still to come and
    # what to write after the last one.
    open_values: list[tuple[Iterator[Term], bytes]] = []
    pending: Iterator[Term] = iter((value,))
    end = b""
    while True:
        for current in pending:
            # First what there is most of. A bool is no integer here, see _scalar.
            if isinstance(current, int) and not isinstance(current, bool) and 0 <= current < 256:
                parts.append(_SMALL_INTEGERS[current])
            elif isinstance(current, (tuple, list)) and current:
                elements += len(current)
                # The value itself stands in a list of its own, so that one more is open.
                if len(open_values) >= MAX_DEPTH or elements > MAX_ELEMENTS:
                    raise TermError("a value with too many elements, or nested too deeply")
                parts.append(_head(current))
                open_values.append((pending, end))
                pending, end = iter(current), bytes([NIL]) if isinstance(current, list) else b""
                break
            else:
                parts.append(_scalar(current))
        else:
            parts.append(end)
            if not open_values:
                return b"".join(parts)
            pending, end = open_values.pop()


def _head(value: tuple[Term, ...] | list[Term]) -> bytes:
    if isinstance(value, list):
        return struct.pack(">BI", LIST, len(value))
    if len(value) <= 255:
        return struct.pack(">BB", SMALL_TUPLE, len(value))
    return struct.pack(">BI", LARGE_TUPLE, len(value))


def _scalar(value: Term) -> bytes:
    # A bool is an int to Python but an atom to Erlang: the caller has to choose.
    if isinstance(value, int) and not isinstance(value, bool):
        return _integer(value)
    if isinstance(value, Atom):
        return _atom(value)
    if isinstance(value, bytes):
        return struct.pack(">BI", BINARY, len(value)) + value
    if isinstance(value, tuple):
        return struct.pack(">BB", SMALL_TUPLE, 0)
    if isinstance(value, list):
        return bytes([NIL])
    if isinstance(value, Qualified):
        return struct.pack(">BI", LIST, 1) + _atom(value.namespace) + _atom(value.name)
    raise TermError(f"a value of type {type(value).__name__} has no term")


def _integer(value: int) -> bytes:
    """Return an integer that is not one of those that a byte has room for."""
    if -(2**31) <= value < 2**31:
        return struct.pack(">Bi", INTEGER, value)
    magnitude = abs(value)
    size = (magnitude.bit_length() + 7) // 8
    if size > 255:
        raise TermError("an integer of more than 255 bytes")
    head = struct.pack(">BBB", SMALL_BIG, size, 1 if value < 0 else 0)
    return head + magnitude.to_bytes(size, "little")


def _atom(value: Atom) -> bytes:
    if len(value) > MAX_ATOM:
        raise TermError(f"an atom of more than {MAX_ATOM} characters")
    try:
        text = value.encode("latin-1")
        return struct.pack(">BH", ATOM, len(text)) + text
    except UnicodeEncodeError:
        pass
    try:
        text = value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TermError("an atom that has no UTF-8 form") from error
    return struct.pack(">BH", ATOM_UTF8, len(text)) + text
