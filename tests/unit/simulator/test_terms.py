# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terms from clients are read within bounds."""

from __future__ import annotations

import contextlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ncs_sim.address import Address
from ncs_sim.terms import MAX_DEPTH, MAX_TERM, Atom, Term, TermError, decode, encode

atoms = st.builds(Atom, st.text("abcdefgh_", min_size=1, max_size=20))
integers = st.integers(-(2**70), 2**70)
leaves = atoms | integers | st.binary(max_size=40)
terms: st.SearchStrategy[Term] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)


@given(terms, st.sampled_from([25, 26]))
def test_what_is_written_is_read_back(term: Term, otp: int) -> None:
    assert decode(encode(term, otp)) == term


@given(st.binary(max_size=200))
def test_garbage_is_a_term_or_a_term_error(data: bytes) -> None:
    for candidate in (data, b"\x83" + data):
        with contextlib.suppress(TermError):
            decode(candidate)


@given(terms, st.data())
def test_a_term_cut_short_or_with_more_behind_is_an_error(term: Term, data: st.DataObject) -> None:
    whole = encode(term)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(TermError):
        decode(whole[:cut])
    with pytest.raises(TermError):
        decode(whole + b"\0")


@pytest.mark.parametrize(
    "data",
    [
        b"\x83\x50" + struct.pack(">I", 10**9) + zlib.compress(bytes(10**6)),
        b"\x83" + b"h\x01" * (MAX_DEPTH + 1) + b"j",
        b"\x83l\xff\xff\xff\xffj",
        b"\x83m\xff\xff\xff\xff",
        b"\x83m" + struct.pack(">I", MAX_TERM) + bytes(MAX_TERM),
        b"\x82a\x01",
        b"",
    ],
    ids=["compressed", "deep", "long list", "long binary", "too big", "version", "empty"],
)
def test_hostile_terms_are_refused(data: bytes) -> None:
    with pytest.raises(TermError):
        decode(data)


@pytest.mark.parametrize("tag", ["6400026f6b", "73026f6b", "7600026f6b", "77026f6b"])
def test_all_four_kinds_of_atoms_are_read(tag: str) -> None:
    assert decode(bytes.fromhex("83" + tag)) == Atom("ok")


def test_a_string_is_read_as_a_list_of_integers() -> None:
    assert decode(b"\x83k\0\x03\x01\x02\x03") == [1, 2, 3]


@pytest.mark.parametrize("host", ["127.0.0.1", "2001:db8::1"])
def test_addresses_go_through_terms(host: str) -> None:
    assert Address.from_term(Address(host).to_term()) == Address(host)


def test_a_named_address_stays_a_name() -> None:
    assert Address.from_term(b"10.0.0.1").to_term() == b"10.0.0.1"
