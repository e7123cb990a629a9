# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes and addresses as terms."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, nodes, terms
from ansible_collections.nso.ha.plugins.module_utils.ncs.terms import Atom
from helpers import term_values
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

ADDRESSES = [
    ("192.0.2.10", (192, 0, 2, 10)),
    ("0.0.0.0", (0, 0, 0, 0)),
    ("255.255.255.255", (255, 255, 255, 255)),
    ("::", (0,) * 8),
    ("::1", (0, 0, 0, 0, 0, 0, 0, 1)),
    ("2001:db8::a:ffff", (0x2001, 0xDB8, 0, 0, 0, 0, 10, 0xFFFF)),
    ("host.example", b"host.example"),
    ("größe.example", "größe.example".encode()),
    ("192.0.2", b"192.0.2"),
    ("", b""),
]


@pytest.mark.parametrize(("text", "term"), ADDRESSES)
def test_an_address_is_a_term_and_back(text: str, term: terms.Term) -> None:
    assert term_values.same(nodes.encode_address(text), term)
    assert nodes.decode_address(term) == text


def test_every_notation_of_an_address_is_the_same_term() -> None:
    for text in ("2001:db8::1", "2001:DB8:0:0::1", "2001:0db8:0000:0000:0000:0000:0000:0001"):
        assert nodes.encode_address(text) == (0x2001, 0xDB8, 0, 0, 0, 0, 0, 1)


@repeatable
@given(st.ip_addresses())
def test_any_address_survives_the_way_there_and_back(address: terms.Term) -> None:
    back = ipaddress.ip_address(nodes.decode_address(nodes.encode_address(str(address))))
    assert back == address


@pytest.mark.parametrize(
    "term",
    [
        (),
        (1, 2, 3),
        (1, 2, 3, 4, 5),
        (0,) * 7,
        (0,) * 16,
        (256, 0, 0, 0),
        (-1, 0, 0, 0),
        (0, 0, 0, 2**100),
        (0, 0, 0, Atom("a")),
        (0, 0, 0, b"\x01"),
        (65536, 0, 0, 0, 0, 0, 0, 0),
        [127, 0, 0, 1],
        Atom("undefined"),
        0x7F000001,
    ],
    ids=repr,
)
def test_what_is_no_address_is_an_error(term: terms.Term) -> None:
    with pytest.raises(error.Error, match="an address of the form") as caught:
        nodes.decode_address(term)
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE


def test_a_node_is_its_id_and_its_address() -> None:
    node = nodes.decode_node((b"n1", (127, 0, 0, 1)))
    assert node == {"nodeid": "n1", "address": "127.0.0.1"}


def test_nothing_is_trimmed_from_a_node_id() -> None:
    for raw, text in ((b" n1\0", " n1\0"), (b"", ""), (b"\xff", "\\xff")):
        assert nodes.decode_node((raw, b"")) == {"nodeid": text, "address": ""}


@pytest.mark.parametrize(
    "term",
    [(), (b"n1",), (b"n1", b"", 1), [b"n1", b""], (Atom("n1"), b""), (1, b""), b"n1", 5, []],
    ids=repr,
)
def test_what_is_no_node_is_an_error(term: terms.Term) -> None:
    with pytest.raises(error.Error, match="a node of the form") as caught:
        nodes.decode_node(term)
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE


@repeatable
@given(term_values.values | st.tuples(st.binary(max_size=3), term_values.values))
def test_any_term_is_a_node_or_an_error(term: terms.Term) -> None:
    try:
        node = nodes.decode_node(term)
    except error.Error:
        return
    assert isinstance(node["nodeid"], str)
    assert isinstance(node["address"], str)


def test_text_without_a_utf8_form_is_an_error() -> None:
    assert nodes.binary("größe") == "größe".encode()
    with pytest.raises(error.Error, match=r"'n\\ud800' is not valid UTF-8") as caught:
        nodes.binary("n\ud800")
    assert caught.value.confd_errno == error.ERR_PROTOUSAGE


def test_an_address_with_a_zone_is_an_error_as_there_is_no_room_for_it() -> None:
    with pytest.raises(error.Error, match="'fe80::1%eth0' has a zone"):
        nodes.encode_address("fe80::1%eth0")
