# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erlang terms to Python values and back. The one module that touches `erlang-py`.

| Erlang            | Python            |
|-------------------|-------------------|
| integer           | int               |
| atom              | Atom              |
| binary            | bytes             |
| tuple             | tuple             |
| list, string      | list              |
| [head | tail]     | Improper          |
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, TypeAlias

import erlang

VERSION = 131
# No request of docs/protocol.md comes near these; they keep a hostile client cheap.
MAX_TERM = 64 * 1024
MAX_DEPTH = 16


@dataclass(frozen=True)
class Atom:
    """An Erlang atom."""

    name: str


@dataclass(frozen=True)
class Improper:
    """A list whose tail is no list. Clients name a node in a namespace so: [Namespace|Name]."""

    heads: tuple[Term, ...]
    tail: Term


Term: TypeAlias = "int | bytes | Atom | Improper | tuple[Term, ...] | list[Term]"

OK = Atom("ok")


class TermError(ValueError):
    """Bytes that are no acceptable term."""


class _OldAtom(erlang.OtpErlangAtom):  # type: ignore[misc] # erlang-py has no types
    """An atom as OTP 25 and older write it: ATOM_EXT, tag 100, which erlang-py never chooses."""

    def binary(self) -> bytes:
        name: bytes = self.value
        return b"d" + struct.pack(">H", len(name)) + name


def encode(term: Term, otp: int = 25) -> bytes:
    """Write a term as the Erlang/OTP release `otp` would (only its atoms differ)."""
    encoded: bytes = erlang.term_to_binary(_to_library(term, otp))
    return encoded


def decode(data: bytes) -> Term:
    """Read one term that fills `data` exactly; raise TermError for anything else."""
    _check_shape(data)
    try:
        return _from_library(erlang.binary_to_term(data))
    except (ValueError, SyntaxError, LookupError, struct.error, RecursionError) as error:
        # erlang-py derives its ParseException from SyntaxError.
        raise TermError(f"not a term: {error}") from error


def _to_library(term: Term, otp: int) -> Any:
    if isinstance(term, Atom):
        if otp <= 25:
            return _OldAtom(term.name.encode("latin-1"))
        return erlang.OtpErlangAtom(term.name)
    if isinstance(term, bytes):
        return erlang.OtpErlangBinary(term)
    if isinstance(term, Improper):
        items = [_to_library(item, otp) for item in (*term.heads, term.tail)]
        return erlang.OtpErlangList(items, improper=True)
    if isinstance(term, tuple):
        return tuple(_to_library(item, otp) for item in term)
    if isinstance(term, list):
        return [_to_library(item, otp) for item in term]
    return int(term)


def _from_library(value: Any) -> Term:
    if value is None:
        return Atom("undefined")
    if isinstance(value, bool):
        return Atom("true" if value else "false")
    if isinstance(value, int):
        return value
    if isinstance(value, bytes):  # STRING_EXT: a list of small integers
        return list(value)
    if isinstance(value, tuple):
        return tuple(_from_library(item) for item in value)
    if isinstance(value, list):
        return [_from_library(item) for item in value]
    if isinstance(value, erlang.OtpErlangList):
        *heads, tail = (_from_library(item) for item in value.value)
        return Improper(tuple(heads), tail)
    if isinstance(value, erlang.OtpErlangBinary):
        return bytes(value.value)
    if isinstance(value, erlang.OtpErlangAtom):
        name = value.value
        return Atom(name.decode("latin-1") if isinstance(name, bytes) else str(name))
    raise TermError("a kind of term no client sends")


# Bytes after the tag of the kinds whose length is fixed, and the width of the length field of
# the kinds that carry one.
_FIXED = {97: 1, 98: 4, 106: 0}
_SIZED = {100: 2, 107: 2, 109: 4, 115: 1, 118: 2, 119: 1}
_NESTED = {104: 1, 105: 4, 108: 4}
_SMALL_BIG, _LIST = 110, 108


def _check_shape(data: bytes) -> None:
    """Walk the tags before the library sees them.

    The library would inflate compressed terms without limit, recurse as deep as it is told to and
    take a binary that is cut short for a whole one.
    """
    if len(data) > MAX_TERM:
        raise TermError("term too big")
    if not data or data[0] != VERSION:
        raise TermError("no version byte")
    position = 1
    missing = [1]  # how many elements each open tuple or list still waits for
    while missing:
        if missing[-1] == 0:
            missing.pop()
            continue
        missing[-1] -= 1
        tag, position = _unsigned(data, position, 1)
        if tag in _FIXED:
            position += _FIXED[tag]
        elif tag in _SIZED:
            length, position = _unsigned(data, position, _SIZED[tag])
            position += length
        elif tag == _SMALL_BIG:
            length, position = _unsigned(data, position, 1)
            position += 1 + length
        elif tag in _NESTED:
            length, position = _unsigned(data, position, _NESTED[tag])
            missing.append(length + 1 if tag == _LIST else length)
        else:
            raise TermError(f"tag {tag} is not for clients")
        if position > len(data):
            raise TermError("cut short")
        if missing[-1] > len(data) - position:
            raise TermError("more elements announced than there are bytes")
        if len(missing) > MAX_DEPTH:
            raise TermError("nested too deep")
    if position != len(data):
        raise TermError("bytes after the term")


def _unsigned(data: bytes, position: int, width: int) -> tuple[int, int]:
    end = position + width
    if end > len(data):
        raise TermError("cut short")
    return int.from_bytes(data[position:end], "big"), end
