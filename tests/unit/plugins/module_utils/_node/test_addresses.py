# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses: one notation for each, what is no address of a node, and host names."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import addresses, resolving
from ansible_collections.nso.ha.plugins.module_utils._node.addresses import AddressError, Upstream
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

Lookup = Callable[..., "list[Any]"]


def upstream(*texts: str) -> Lookup:
    """Return a resolver that finds these addresses."""

    def getaddrinfo(host: str, port: object, **rest: object) -> list[Any]:
        return [
            (socket.AF_INET6, 1, 6, "", (text, 0, 0, 0))
            if ":" in text
            else (socket.AF_INET, 1, 6, "", (text, 0))
            for text in texts
        ]

    return getaddrinfo


def fails(problem: Exception) -> Lookup:
    """Return a resolver that fails."""

    def getaddrinfo(host: str, port: object, **rest: object) -> list[Any]:
        raise problem

    return getaddrinfo


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:C000:0201", "192.0.2.1"),
        ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("2001:0db8::0001", "2001:db8::1"),
        ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("::", "::"),
        ("host.example", "host.example"),
        ("Host.Example", "Host.Example"),
        ("192.0.2", "192.0.2"),
        ("192.0.2.256", "192.0.2.256"),
        ("", ""),
    ],
)
def test_each_address_has_one_notation_and_other_text_stays(text: str, canonical: str) -> None:
    assert addresses.canonical(text) == canonical


@repeatable
@given(st.ip_addresses(v=6))
def test_every_notation_of_an_ipv6_address_is_the_same(address: ipaddress.IPv6Address) -> None:
    forms = {str(address), address.exploded, address.exploded.upper(), address.compressed}
    assert len({addresses.canonical(form) for form in forms}) == 1


@repeatable
@given(st.ip_addresses(), st.ip_addresses())
def test_two_addresses_are_the_same_only_if_they_are(one: object, other: object) -> None:
    same = addresses.canonical(str(one)) == addresses.canonical(str(other))
    assert same is (one == other)


@repeatable
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_is_that_address(address: object) -> None:
    assert addresses.canonical(f"::ffff:{address}") == str(address)
    assert addresses.canonical(addresses.canonical(f"::ffff:{address}")) == str(address)


@pytest.mark.parametrize("text", ["192.0.2.1", "::1", "fe80::1%eth0", "1:2", ":"])
def test_what_looks_like_an_address_is_not_looked_up(text: str) -> None:
    assert addresses.is_literal(text)


@pytest.mark.parametrize("text", ["host", "192.0.2", "192.0.2.256", "0x7f.1", ""])
def test_everything_else_is_a_name(text: str) -> None:
    assert not addresses.is_literal(text)


@pytest.mark.parametrize("text", ["192.0.2.1", "127.0.0.1", "::1", "2001:db8::1", "fe80::1"])
def test_the_address_of_a_node_is_accepted(text: str) -> None:
    addresses.check_address(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("fe80::1%eth0", "zone"),
        ("192.0.2.1%1", "zone"),
        ("0.0.0.0", "not the address of one node"),
        ("::", "not the address of one node"),
        ("0:0:0:0:0:0:0:0", "not the address of one node"),
        ("224.0.0.1", "not the address of one node"),
        ("ff02::1", "not the address of one node"),
        ("1:2", "not an IP address"),
        ("host", "not an IP address"),
        ("", "not an IP address"),
    ],
)
def test_what_cannot_be_dialled_is_refused_with_value_and_reason(text: str, why: str) -> None:
    with pytest.raises(AddressError, match=why) as caught:
        addresses.check_address(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["::ffff:0.0.0.0", "::ffff:224.0.0.1", "::ffff:255.255.255.255", "255.255.255.255"]
)
def test_what_cannot_be_dialled_is_refused_inside_ipv6_too(text: str) -> None:
    with pytest.raises(AddressError):
        addresses.check_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.20.3.4",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
        "LocalHost.",
        "a.localhost",
        "localhost.localdomain",
        "localhost6.localdomain6",
        "ip6-loopback",
    ],
)
def test_an_address_that_leads_a_host_to_itself_is_known_by_its_text(text: str) -> None:
    assert addresses.is_loopback(text)


@pytest.mark.parametrize("text", ["192.0.2.1", "::2", "n1", "localhost.example", "localhosts", ""])
def test_other_addresses_and_names_are_not_known_to_lead_there(text: str) -> None:
    assert not addresses.is_loopback(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("N1.example.", "n1.example"), ("localhost", "127.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1")],
)
def test_what_is_written_differently_and_the_same_compares_as_the_same(
    one: str, other: str
) -> None:
    assert addresses.comparable(one) == addresses.comparable(other)


@pytest.mark.parametrize("text", ["10.1", "2130706433", "0x7f.1", "192.0.2.256", "1.2.3.4.5"])
def test_a_number_that_the_resolver_would_make_an_address_of_is_refused(
    no_lookup: None, text: str
) -> None:
    with pytest.raises(AddressError, match=f"^'{text}' is not an IP address of four numbers"):
        resolving.resolve("p", text, 5)


@pytest.mark.parametrize("text", ["n1", "1a.example", "10.example", "x0x1"])
def test_a_name_with_digits_is_a_name(text: str) -> None:
    addresses.check_name(text)


@pytest.fixture
def no_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where anything is looked up."""
    monkeypatch.setattr(socket, "getaddrinfo", fails(AssertionError("looked up")))


@pytest.mark.parametrize("text", ["192.0.2.1", "::ffff:192.0.2.1"])
def test_an_address_is_taken_as_it_is(no_lookup: None, text: str) -> None:
    expected = Upstream("p", "192.0.2.1", frozenset({"192.0.2.1"}))
    assert resolving.resolve("p", text, 5) == expected


@pytest.mark.parametrize("text", ["fe80::1%eth0", "0.0.0.0", "1:2"])
def test_an_unusable_address_is_refused_without_asking(no_lookup: None, text: str) -> None:
    with pytest.raises(AddressError):
        resolving.resolve("p", text, 5)


def test_the_first_address_of_a_name_is_dialled_and_all_mean_the_node(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lookup = upstream("2001:DB8::1", "192.0.2.1", "192.0.2.1", "::ffff:192.0.2.2")
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert resolving.resolve("p", "primary.example", 5) == Upstream(
        "p", "2001:db8::1", frozenset({"2001:db8::1", "192.0.2.1", "192.0.2.2"})
    )


@pytest.mark.parametrize("bad", ["0.0.0.0", "fe80::1%eth0"])
def test_a_name_with_an_unusable_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", upstream("192.0.2.1", bad))
    with pytest.raises(AddressError, match=bad.split("%", maxsplit=1)[0]):
        resolving.resolve("p", "primary.example", 5)


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service"),
        (OSError("no words"), "it is not a valid host name"),
        (UnicodeError("label too long"), "it is not a valid host name"),
    ],
)
def test_a_name_that_cannot_be_resolved_is_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, problem: Exception, reason: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", fails(problem))
    with pytest.raises(AddressError, match=rf"'primary\.example' cannot be resolved.*{reason}"):
        resolving.resolve("p", "primary.example", 5)


def test_a_name_without_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", upstream())
    with pytest.raises(AddressError, match="it has no address"):
        resolving.resolve("p", "primary.example", 5)


@pytest.mark.parametrize("name", ["a..b", ".", "x" * 300])
def test_a_name_that_cannot_be_one_is_an_error_without_any_network(name: str) -> None:
    with pytest.raises(AddressError, match="it is not a valid host name"):
        resolving.resolve("p", name, 5)


@pytest.fixture
def hanging_lookup(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the resolver hang until the test is over."""
    release = threading.Event()
    before = set(threading.enumerate())

    def getaddrinfo(host: str, port: object, **rest: object) -> list[Any]:
        release.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    release.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)


def test_a_resolver_that_hangs_is_given_up(hanging_lookup: None) -> None:
    started = time.monotonic()
    with pytest.raises(AddressError, match=r"'primary\.example'.*no answer within 0\.1 s"):
        resolving.resolve("p", "primary.example", 0.1)
    assert time.monotonic() - started < 10
