# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths in the data tree: text in, the term of a request out. test_maapi_reading.py has bytes."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, keypath, terms
from ansible_collections.nso.ha.plugins.module_utils.ncs.terms import Atom

TFNM = "http://tail-f.com/yang/ncs-monitoring"
TFNM2 = "http://tail-f.com/yang/ncs-monitoring2"
NCS = "http://tail-f.com/ns/ncs"


def shown(term: terms.Term) -> object:
    if isinstance(term, terms.Qualified):
        return f"{term.namespace}|{term.name}"
    return term


@pytest.mark.parametrize(
    ("path", "term"),
    [
        ("/", []),
        ("/ncs-state/ha", ["ncs-state", "ha"]),
        ("/tfnm:ncs-state/ha/mode", [f"{TFNM}|ncs-state", "ha", "mode"]),
        ("/tfnm:ncs-state/tfnm:ha/tfnm2:mode", [f"{TFNM}|ncs-state", "ha", f"{TFNM2}|mode"]),
        (
            "/tfnm:ncs-state/tfnm2:ha/mode",
            [f"{TFNM}|ncs-state", f"{TFNM2}|ha", "mode"],
        ),
        (
            "/ncs:high-availability/ha-node{n1}/address",
            [f"{NCS}|high-availability", "ha-node", (b"n1",), "address"],
        ),
        ("/a{b  c}/d{}", ["a", (b"b", b"c"), "d", ()]),
        ("/a{10.0.0.1:/x}", ["a", (b"10.0.0.1:/x",)]),
        ("/a{\u00e9}", ["a", ("\u00e9".encode(),)]),
        ("/" + "a" * 255, ["a" * 255]),
    ],
)
def test_a_path_is_a_list_of_steps_with_a_namespace_where_it_changes(
    path: str, term: list[object]
) -> None:
    steps = keypath.encode(path)
    assert [shown(step) for step in steps] == term
    assert not [step for step in steps if isinstance(step, str) and not isinstance(step, Atom)]
    terms.encode(steps)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "//",
        "/a/",
        "/a//b",
        "/a\n",
        "/1",
        "/a:",
        "/:a",
        "/what:ncs-state",
        "/tfnm:ncs:state",
        "/a[1]",
        "/a{b",
        "/a{b}c",
        "/a{b}{c}",
        '/a{"b c"}',
        "/a b",
        "/\u00e9",
        "/" + "a" * 256,
        "/a{\udcff}",
    ],
)
def test_anything_else_is_refused_before_it_is_sent(path: str) -> None:
    with pytest.raises(error.Error) as caught:
        keypath.encode(path)
    assert not caught.value.outcome_unknown
    str(caught.value).encode("utf-8")


@pytest.mark.parametrize(("path", "said"), [("/a/?b", "'/?b'"), ("/x:a", "unknown prefix 'x'")])
def test_the_message_says_what_is_wrong(path: str, said: str) -> None:
    with pytest.raises(error.Error) as caught:
        keypath.encode(path)
    assert caught.value.confd_errno == error.ERR_BADPATH
    assert said in str(caught.value)
