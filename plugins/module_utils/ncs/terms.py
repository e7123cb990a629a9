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
==============  =========================================

Everything else (floats, maps, processes, references, functions, compressed terms, improper lists)
has no place in the messages of docs/protocol.md and is refused.

Input is never trusted: nesting and the number of elements are bounded, lengths are checked against
the bytes at hand before anything is allocated, and neither direction recurses.
"""

from __future__ import annotations

import struct
from typing import Iterator, List, NamedTuple, Tuple, Union

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


Term = Union[int, Atom, bytes, Tuple["Term", ...], List["Term"]]


class _Open(NamedTuple):
    """A tuple or list whose elements are still being read."""

    is_list: bool
    size: int
    items: list[Term]


class _Reader:
    """A cursor over the bytes of one term that refuses to run past their end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise TermError(f"the term ends at byte {len(self.data)}, in the middle of a value")
        piece = self.data[self.position : end]
        self.position = end
        return piece

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    @property
    def left(self) -> int:
        return len(self.data) - self.position


def decode(data: bytes) -> Term:
    """Return the one term that `data` holds, from its version byte to its last byte.

    Raises TermError for anything else: truncated, trailing bytes, unknown tags, out of bounds.
    """
    reader = _Reader(data)
    if reader.take(1)[0] != VERSION:
        raise TermError(f"a term starts with byte {VERSION}, this starts with {data[0]}")
    value = _read_value(reader)
    if reader.left:
        raise TermError(f"{reader.left} bytes follow the end of the term")
    return value


def _read_value(reader: _Reader) -> Term:
    open_values: list[_Open] = []
    elements = 0
    while True:
        started = _read_start(reader)
        if isinstance(started, _Open):
            elements += started.size
            _check_elements(elements)
            _check_room(open_values)
            open_values.append(started)
            continue
        value: Term = started
        if isinstance(value, list) and value:
            # Read whole already, because it was written as a string. It is a list all the same.
            elements += len(value)
            _check_elements(elements)
            _check_room(open_values)
        # A finished value may finish the tuple or list around it, and so on outwards.
        while open_values:
            parent = open_values[-1]
            parent.items.append(value)
            if len(parent.items) < parent.size:
                break
            open_values.pop()
            if parent.is_list:
                if reader.unsigned(1) != NIL:
                    raise TermError("an improper list")
                value = parent.items
            else:
                value = tuple(parent.items)
        else:
            return value


def _check_room(open_values: list[_Open]) -> None:
    """Refuse one more tuple or list inside those that are open."""
    if len(open_values) >= MAX_DEPTH:
        raise TermError(f"more than {MAX_DEPTH} tuples or lists inside each other")


def _check_elements(count: int) -> None:
    if count > MAX_ELEMENTS:
        raise TermError(f"a term of more than {MAX_ELEMENTS} elements")


def _read_start(reader: _Reader) -> Term | _Open:
    """Read a whole scalar or empty value, or the head of a tuple or list with elements."""
    tag = reader.unsigned(1)
    if tag == SMALL_INTEGER:
        return reader.unsigned(1)
    if tag == INTEGER:
        return int.from_bytes(reader.take(4), "big", signed=True)
    if tag == SMALL_BIG:
        size = reader.unsigned(1)
        negative = reader.unsigned(1) != 0
        magnitude = int.from_bytes(reader.take(size), "little")
        return -magnitude if negative else magnitude
    if tag in (ATOM, SMALL_ATOM, ATOM_UTF8, SMALL_ATOM_UTF8):
        return _read_atom(reader, tag)
    if tag == BINARY:
        return reader.take(reader.unsigned(4))
    if tag == NIL:
        return []
    if tag == STRING:
        # Erlang's short form of a list of bytes.
        return list(reader.take(reader.unsigned(2)))
    if tag in (SMALL_TUPLE, LARGE_TUPLE, LIST):
        size = reader.unsigned(1 if tag == SMALL_TUPLE else 4)
        # Every element takes a byte at least, so a size beyond that is known to be wrong here.
        if size > reader.left:
            raise TermError(f"{size} elements announced, {reader.left} bytes left")
        if size == 0 and tag != LIST:
            return ()
        if size == 0:
            raise TermError("a list of no elements that is not written as the empty list")
        return _Open(tag == LIST, size, [])
    raise TermError(f"unknown tag {tag} at byte {reader.position - 1}")


def _read_atom(reader: _Reader, tag: int) -> Atom:
    size = reader.unsigned(1 if tag in (SMALL_ATOM, SMALL_ATOM_UTF8) else 2)
    text = reader.take(size)
    if tag in (ATOM, SMALL_ATOM):
        name = text.decode("latin-1")
    else:
        try:
            name = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise TermError("an atom that is not UTF-8") from error
    if len(name) > MAX_ATOM:
        raise TermError(f"an atom of more than {MAX_ATOM} characters")
    return Atom(name)


def encode(value: Term) -> bytes:
    """Return `value` as bytes, version byte included, as the vendor's clients write it.

    Raises TermError for a value that has no such form or is out of the bounds of `decode`.
    """
    out = bytearray([VERSION])
    elements = 0
    # The tuples and lists that are being written, innermost last: the elements still to come and
    # what to write after the last one.
    open_values: list[tuple[Iterator[Term], bytes]] = [(iter((value,)), b"")]
    while open_values:
        pending, end = open_values[-1]
        try:
            current = next(pending)
        except StopIteration:
            out += end
            open_values.pop()
            continue
        if isinstance(current, (tuple, list)) and current:
            elements += len(current)
            # The list above starts with an entry that is no tuple or list of the value itself.
            if len(open_values) > MAX_DEPTH or elements > MAX_ELEMENTS:
                raise TermError("a value with too many elements, or nested too deeply")
            out += _head(current)
            open_values.append((iter(current), bytes([NIL]) if isinstance(current, list) else b""))
        else:
            out += _scalar(current)
    return bytes(out)


def _head(value: tuple[Term, ...] | list[Term]) -> bytes:
    if isinstance(value, list):
        return struct.pack(">BI", LIST, len(value))
    if len(value) <= 255:
        return struct.pack(">BB", SMALL_TUPLE, len(value))
    return struct.pack(">BI", LARGE_TUPLE, len(value))


def _scalar(value: Term) -> bytes:
    # A bool is an int to Python but an atom to Erlang: whoever passes one has to choose.
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
    raise TermError(f"a value of type {type(value).__name__} has no term")


def _integer(value: int) -> bytes:
    if 0 <= value <= 255:
        return struct.pack(">BB", SMALL_INTEGER, value)
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
