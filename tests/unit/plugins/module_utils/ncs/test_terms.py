# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The term codec: what is read, what is written, and that nothing else is accepted."""

from __future__ import annotations

import inspect
import struct
import sys
import tracemalloc
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import terms
from ansible_collections.nso.ha.plugins.module_utils.ncs.terms import Atom, TermError
from helpers import term_values, vectors
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

OK = Atom("ok")
UNDEFINED = Atom("undefined")

# What the terms in the vectors are, written down from docs/protocol.md and not from the code.
_COPY = (2, b"n2", (b"n1", (192, 0, 2, 10)))
ORDERS: dict[tuple[str, Any], Any] = {
    ("status", None): (4,),
    ("beprimary", None): (1, b"n1"),
    ("besecondary", True): (*_COPY, 1),
    ("besecondary", False): (*_COPY, 0),
    ("berelay", None): (6,),
    ("secondary_dead", None): (5, b"n3"),
    ("benone", None): (3,),
}
SUBSCRIPTIONS = {64: (64, 0, 0, UNDEFINED, 0), 8256: (8256, 1000, 0, UNDEFINED, 0)}
ANSWERS = {
    "ok": OK,
    "error with code": (Atom("error"), 25),
    "error with code and reason": (Atom("error"), 28, b"bad token"),
    "status none": (1, []),
    "status secondary": (2, [(b"n1", (127, 0, 0, 1))]),
    "status primary": (3, [(b"n2", (127, 0, 0, 2)), (b"n3", (10, 0, 0, 3))]),
    "status relay": (4, [(b"n1", (10, 0, 0, 1)), (b"n4", (10, 0, 0, 4))]),
}
EVENTS = {
    "no primary": (64, (1, 26)),
    "secondary died": (64, (2, (b"n2", (127, 0, 0, 2)))),
    "secondary arrived": (64, (3, (b"n2", (127, 0, 0, 2)))),
    "secondary initialized by copy": (64, (4, 1)),
    "is primary": (64, (5, 0)),
    "is none": (64, (6, 0)),
    "besecondary result": (64, (7, 0)),
}
CDB = {
    "phase": (2, Atom("normal")),
    "txid in a cluster": (b"n1", (1732, 356000, 123456)),
    "txid alone": (1732, 356000, 123456),
    "error": b"bad state\0",
}


def _sent() -> Iterator[tuple[str, bytes, Any]]:
    """Every term that a vendor's client sends: name, bytes, value."""
    for entry in vectors.CLIENT["orders"]:
        key = (entry["order"], entry["args"].get("waitreply"))
        yield f"order {key}", vectors.payload(bytes.fromhex(entry["frame"])), ORDERS[key]
    for entry in vectors.CLIENT["events_subscribe"]:
        term = vectors.payload(bytes.fromhex(entry["frame"]))
        yield f"subscribe {entry['mask']}", term, SUBSCRIPTIONS[entry["mask"]]
    maapi = vectors.CLIENT["maapi"]
    for name, text, value in (
        ("read-only on", maapi["set_readonly_mode"]["true"], 1),
        ("read-only off", maapi["set_readonly_mode"]["false"], 0),
        ("start_phase", maapi["start_phase"]["frame"], (1, 1)),
        ("wait_start", maapi["wait_start"]["frame"], 2),
    ):
        yield name, vectors.payload(bytes.fromhex(text))[4:], value


def _received() -> Iterator[tuple[str, bytes, Any]]:
    """Every term that a daemon answers: name, bytes, value."""
    for section, meanings in (("answers", ANSWERS), ("events", EVENTS)):
        for entry in vectors.SERVER[section]:
            term = vectors.payload(bytes.fromhex(entry["frame"]))
            yield f"{section} {entry['name']}", term, meanings[entry["name"]]
    for entry in vectors.SERVER["cdb"]:
        content = vectors.payload(bytes.fromhex(entry["frame"]))
        # The operation comes first, and in a refusal the error code as well.
        term = content[8:] if content[0] & 0x80 else content[4:]
        yield f"cdb {entry['name']}", term, CDB[entry["name"]]
    (only,) = [entry for entry in vectors.SERVER["maapi"] if entry["name"] == "read-only set"]
    yield "maapi read-only set", vectors.payload(bytes.fromhex(only["frame"]))[4:], 1


SENT = list(_sent())
RECEIVED = list(_received())


def _term(body: str) -> bytes:
    return bytes([131]) + bytes.fromhex(body)


# One term for each form that the vectors do not have, and the borders of each.
FORMS: list[tuple[str, bytes, Any]] = [
    ("small integer, least", _term("6100"), 0),
    ("small integer, largest", _term("61ff"), 255),
    ("integer, negative", _term("62ffffffff"), -1),
    ("integer, least", _term("6280000000"), -(2**31)),
    ("integer, largest", _term("627fffffff"), 2**31 - 1),
    ("big integer", _term("6e04000000 0080"), 2**31),
    ("big integer, negative", _term("6e0401 01000080"), -(2**31) - 1),
    ("big integer of no bytes", _term("6e0000"), 0),
    ("big integer of 9 bytes", _term("6e0900 000000000000000001"), 2**64),
    ("big integer of 255 bytes", _term("6eff00" + "ff" * 255), 256**255 - 1),
    ("big integer of 255 bytes, negative", _term("6eff01" + "ff" * 255), 1 - 256**255),
    ("atom", _term("640002 6f6b"), OK),
    ("small atom", _term("7302 6f6b"), OK),
    ("atom in UTF-8", _term("760002 6f6b"), OK),
    ("small atom in UTF-8", _term("7702 6f6b"), OK),
    ("atom beyond ASCII", _term("640001 e9"), Atom("é")),
    ("small atom beyond ASCII", _term("7301 e9"), Atom("é")),
    ("atom in UTF-8 beyond Latin-1", _term("760003 e282ac"), Atom("€")),
    ("small atom in UTF-8 beyond Latin-1", _term("7703 e282ac"), Atom("€")),
    ("empty atom", _term("640000"), Atom("")),
    ("atom of 255 characters of 4 bytes", _term("7603fc" + "f09f9880" * 255), Atom("😀" * 255)),
    ("binary", _term("6d00000003 00ff41"), b"\x00\xffA"),
    ("empty binary", _term("6d00000000"), b""),
    ("string", _term("6b0003 01ff00"), [1, 255, 0]),
    ("empty string", _term("6b0000"), []),
    ("empty list", _term("6a"), []),
    ("list", _term("6c00000002 6101 6102 6a"), [1, 2]),
    ("empty tuple", _term("6800"), ()),
    ("large tuple", _term("6900000002 6101 6102"), (1, 2)),
    ("large tuple, empty", _term("6900000000"), ()),
    ("large tuple of 300", _term("690000012c" + "6107" * 300), (7,) * 300),
    ("a list whose last element is a list", _term("6c00000001 6c00000001 6101 6a 6a"), [[1]]),
    ("a tuple of empty values", _term("6804 6a 6800 640000 6b0000"), ([], (), Atom(""), [])),
]

ALL = SENT + RECEIVED + FORMS
each = pytest.mark.parametrize(
    ("data", "value"),
    [(data, value) for _unused, data, value in ALL],
    ids=[name for name, _unused, _unused in ALL],
)


@each
def test_each_term_is_read_as_what_it_means(data: bytes, value: object) -> None:
    assert term_values.same(terms.decode(data), value)


@each
def test_no_part_of_a_term_is_a_term(data: bytes, value: object) -> None:
    for size in range(len(data)):
        with pytest.raises(TermError):
            terms.decode(data[:size])


@each
def test_nothing_may_follow_a_term(data: bytes, value: object) -> None:
    for extra in (b"\0", b"\x6a", bytes([131]), data):
        with pytest.raises(TermError):
            terms.decode(data + extra)


@pytest.mark.parametrize(
    ("data", "value"),
    [(data, value) for _unused, data, value in SENT],
    ids=[name for name, _unused, _unused in SENT],
)
def test_what_we_send_is_written_as_the_vendor_writes_it(data: bytes, value: terms.Term) -> None:
    assert terms.encode(value).hex() == data.hex()


@pytest.mark.parametrize(
    ("value", "body"),
    [
        (0, "6100"),
        (255, "61ff"),
        (256, "6200000100"),
        (-1, "62ffffffff"),
        (2**31 - 1, "627fffffff"),
        (-(2**31), "6280000000"),
        (2**31, "6e040000000080"),
        (-(2**31) - 1, "6e040101000080"),
        (256**255 - 1, "6eff00" + "ff" * 255),
        (1 - 256**255, "6eff01" + "ff" * 255),
        (OK, "6400026f6b"),
        (Atom("é"), "640001e9"),
        (Atom("€"), "760003e282ac"),
        (Atom("a" * 255), "6400ff" + "61" * 255),
        (Atom("😀" * 255), "7603fc" + "f09f9880" * 255),
        (b"", "6d00000000"),
        ((), "6800"),
        ([], "6a"),
        ([1], "6c0000000161016a"),
        ((1,) * 255, "68ff" + "6101" * 255),
        ((1,) * 256, "6900000100" + "6101" * 256),
    ],
)
def test_each_value_is_written_in_its_shortest_form(value: terms.Term, body: str) -> None:
    assert terms.encode(value).hex() == "83" + body


KNOWN_TAGS = {97, 98, 110, 100, 115, 118, 119, 109, 104, 105, 106, 108, 107}


def test_a_name_in_a_namespace_is_written_as_a_list_with_another_tail_and_not_read() -> None:
    written = terms.encode([terms.Qualified("ab", "c"), Atom("d")])
    assert written.hex() == "836c00000002" + "6c00000001640002616264000163" + "640001646a"
    with pytest.raises(TermError):
        terms.decode(written)


def test_every_other_tag_is_refused_by_its_number() -> None:
    # 70 and 99 are floats, 116 a map, 80 a compressed term, 111 an even larger integer.
    for tag in sorted(set(range(256)) - KNOWN_TAGS):
        with pytest.raises(TermError, match=rf"unknown tag {tag} at byte 1\b"):
            terms.decode(bytes([131, tag]) + bytes(300))


@pytest.mark.parametrize(
    "body",
    ["463ff0000000000000", "633130" + "00" * 29, "7400000000", "5000000003789c4b04000062 0062"],
    ids=["float", "old float", "map", "compressed"],
)
def test_what_has_no_place_in_our_messages_is_refused(body: str) -> None:
    with pytest.raises(TermError, match="unknown tag"):
        terms.decode(_term(body))


def test_a_term_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="unknown tag"):
        terms.decode(_term("7400000000"))


def test_another_version_byte_is_refused() -> None:
    for first in sorted(set(range(256)) - {131}):
        with pytest.raises(TermError, match=f"this starts with {first}$"):
            terms.decode(bytes([first, 97, 0]))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("6c00000001 6101 6102", "an improper list"),
        ("6c00000001 6101 6800", "an improper list"),
        ("6c00000000 6a", "a list of no elements that is not written as the empty list"),
        ("7601", "the term ends at byte 3, in the middle of a value"),
        ("6d01000000", "the term ends at byte 6, in the middle of a value"),
        ("690000", "the term ends at byte 4, in the middle of a value"),
        ("6801", "1 elements announced, 0 bytes left"),
        ("6901000000 61", "16777216 elements announced, 1 bytes left"),
        ("6c01000000 6a", "16777216 elements announced, 1 bytes left"),
        ("6101 6101", "2 bytes follow the end of the term"),
        ("760002 c328", "an atom that is not UTF-8"),
        ("7702 c328", "an atom that is not UTF-8"),
        ("7703 eda080", "an atom that is not UTF-8"),
        ("640100" + "61" * 256, "an atom of more than 255 characters"),
        ("760100" + "61" * 256, "an atom of more than 255 characters"),
    ],
)
def test_a_broken_value_is_refused_with_its_reason(body: str, why: str) -> None:
    with pytest.raises(TermError, match=f"^{why}$"):
        terms.decode(_term(body))


def _nested(head: bytes, depth: int, tail: bytes) -> bytes:
    return bytes([131]) + head * depth + b"\x61\x01" + tail * depth


TUPLE = (b"\x68\x01", b"")
LARGE_TUPLE = (b"\x69\0\0\0\x01", b"")
LIST = (b"\x6c\0\0\0\x01", b"\x6a")


@pytest.mark.parametrize("form", [TUPLE, LARGE_TUPLE, LIST], ids=["tuple", "large tuple", "list"])
def test_nesting_is_read_up_to_64_and_not_beyond(form: tuple[bytes, bytes]) -> None:
    assert terms.MAX_DEPTH == 64
    value = terms.decode(_nested(form[0], 64, form[1]))
    for _unused in range(64):
        assert isinstance(value, (tuple, list))
        (value,) = value
    assert value == 1
    with pytest.raises(TermError, match="64"):
        terms.decode(_nested(form[0], 65, form[1]))


def test_a_list_that_is_written_as_a_string_is_as_deep_as_any_other() -> None:
    string = b"\x6b\0\x02\x61\x62"
    for depth, head in ((63, TUPLE[0]), (63, LARGE_TUPLE[0])):
        value = terms.decode(bytes([131]) + head * depth + string)
        assert term_values.same(terms.decode(terms.encode(value)), value)
        with pytest.raises(TermError, match="64"):
            terms.decode(bytes([131]) + head * (depth + 1) + string)


@pytest.mark.parametrize("kind", [tuple, list])
def test_nesting_is_written_up_to_64_and_not_beyond(
    kind: Callable[[list[terms.Term]], terms.Term],
) -> None:
    value: terms.Term = 1
    for _unused in range(64):
        value = kind([value])
    assert term_values.same(terms.decode(terms.encode(value)), value)
    with pytest.raises(TermError, match=r"^a value with too many elements, or nested too deeply$"):
        terms.encode(kind([value]))


def test_a_list_inside_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TermError, match="deep"):
        terms.encode(endless)


def test_a_hundred_thousand_heads_are_refused() -> None:
    for head, tail in (TUPLE, LARGE_TUPLE, LIST):
        with pytest.raises(TermError, match="64"):
            terms.decode(_nested(head, 100_000, tail))


@pytest.fixture
def shallow_stack() -> Iterator[None]:
    """Leave room for some 40 calls more than there are now."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 40)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def test_the_deepest_term_needs_no_recursion(shallow_stack: None) -> None:
    data = _nested(LIST[0], 64, LIST[1])
    assert terms.encode(terms.decode(data)) == data


def test_depth_takes_no_stack_even_where_it_is_not_bounded(
    monkeypatch: pytest.MonkeyPatch, shallow_stack: None
) -> None:
    monkeypatch.setattr(terms, "MAX_DEPTH", 10**6)
    data = _nested(TUPLE[0], 50_000, TUPLE[1])
    assert terms.encode(terms.decode(data)) == data


def _list_of(count: int, element: bytes) -> bytes:
    return bytes([131]) + struct.pack(">BI", 108, count) + element * count + b"\x6a"


def test_elements_are_read_up_to_the_bound_and_not_beyond() -> None:
    bound = terms.MAX_ELEMENTS
    assert bound == 100_000
    assert terms.decode(_list_of(bound, b"\x61\x05")) == [5] * bound
    with pytest.raises(TermError, match="100000 elements"):
        terms.decode(_list_of(bound + 1, b"\x61\x05"))


def test_elements_of_all_containers_together_are_bounded() -> None:
    # 1000 tuples of 99 are the largest that fit: 1000 + 99,000.
    inner = b"\x68\x63" + b"\x61\x05" * 99
    decoded = terms.decode(_list_of(1000, inner))
    assert isinstance(decoded, list)
    assert len(decoded) == 1000
    with pytest.raises(TermError, match="100000 elements"):
        terms.decode(_list_of(1001, inner))


def test_elements_written_as_a_string_count_too() -> None:
    string = struct.pack(">BH", 107, 999) + bytes(999)
    decoded = terms.decode(_list_of(100, string))
    assert isinstance(decoded, list)
    assert len(decoded) == 100
    with pytest.raises(TermError, match="100000 elements"):
        terms.decode(_list_of(101, string))


def test_elements_are_written_up_to_the_bound_and_not_beyond() -> None:
    assert len(terms.encode([5] * 100_000)) == 1 + 5 + 200_000 + 1
    too_long: list[terms.Term] = [[5] * 100_001, tuple([5] * 100_001), [(5,) * 99] * 1001]
    for value in too_long:
        with pytest.raises(TermError, match="too many elements"):
            terms.encode(value)


@pytest.mark.parametrize(
    "head",
    [
        "69ffffffff",
        "6cffffffff",
        "6dffffffff",
        "6d7fffffff",
        "69000f4240",
        "6c000f4240",
        "68ff",
        "6bffff",
        "64ffff",
        "76ffff",
        "6eff00",
    ],
)
def test_an_announced_size_takes_no_memory(head: str) -> None:
    data = _term(head + "6101")
    tracemalloc.start()
    try:
        with pytest.raises(TermError, match=r"middle of a value|elements announced"):
            terms.decode(data)
        _unused, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 256 * 1024


def test_many_announced_sizes_inside_each_other_take_no_memory() -> None:
    # Each head announces as many elements as bytes are left, which is as many as it may.
    data = bytearray([131])
    for left in range(300, 0, -5):
        data += struct.pack(">BI", 105, left)
    tracemalloc.start()
    try:
        with pytest.raises(TermError):
            terms.decode(bytes(data))
        _unused, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 256 * 1024


class _Text(str):
    """A str that is no atom."""


_LARGE = "an integer of more than 255 bytes"
_LONG = "an atom of more than 255 characters"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (True, "a value of type bool has no term"),
        (False, "a value of type bool has no term"),
        (None, "a value of type NoneType has no term"),
        ("text", "a value of type str has no term"),
        (_Text("text"), "a value of type _Text has no term"),
        (1.0, "a value of type float has no term"),
        (bytearray(b"x"), "a value of type bytearray has no term"),
        ({}, "a value of type dict has no term"),
        ({1}, "a value of type set has no term"),
        (object(), "a value of type object has no term"),
        (256**255, _LARGE),
        (-(256**255), _LARGE),
        (Atom("a" * 256), _LONG),
        (Atom("€" * 256), _LONG),
        (Atom("\ud800"), "an atom that has no UTF-8 form"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_without_a_term_is_refused_wherever_it_is(value: terms.Term, why: str) -> None:
    wholes: tuple[terms.Term, ...] = (value, (value,), [1, value], (b"x", [(value,)]))
    for whole in wholes:
        with pytest.raises(TermError, match=f"^{why}$"):
            terms.encode(whole)


class _Huge(bytes):
    """Bytes that say that they are more than they are."""

    def __len__(self) -> int:
        return 2**32 - 1


def test_a_binary_may_be_as_long_as_4_bytes_can_tell() -> None:
    assert terms.encode(_Huge(b"x")).hex() == "836dffffffff" + "78"


def test_an_atom_is_its_own_type_and_equals_its_text() -> None:
    atom = Atom("ok")
    assert atom == "ok"
    raw: object = b"ok"
    assert atom != raw
    assert repr(atom) == "Atom('ok')"


@repeatable
@given(term_values.values)
def test_reading_what_was_written_gives_the_same_value(value: terms.Term) -> None:
    assert term_values.same(terms.decode(terms.encode(value)), value)


@repeatable
@given(term_values.values, st.binary(min_size=1, max_size=20))
def test_no_junk_may_follow_what_was_written(value: terms.Term, junk: bytes) -> None:
    with pytest.raises(TermError, match="follow"):
        terms.decode(terms.encode(value) + junk)


@repeatable
@given(term_values.values, st.data())
def test_no_part_of_what_was_written_is_a_term(value: terms.Term, data: st.DataObject) -> None:
    whole = terms.encode(value)
    size = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(TermError):
        terms.decode(whole[:size])


def _decode_or_refuse(data: bytes) -> None:
    try:
        value = terms.decode(data)
    except TermError:
        return
    # What was read can be written, and is then read as the same.
    assert term_values.same(terms.decode(terms.encode(value)), value)


@repeatable
@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_term_error(data: bytes) -> None:
    _decode_or_refuse(data)
    _decode_or_refuse(bytes([131]) + data)


_TAGS = st.sampled_from(sorted(KNOWN_TAGS)).map(lambda tag: bytes([tag]))
_SIZES = st.sampled_from([b"\0", b"\x01", b"\x02", b"\xff", b"\0\0\0\x01", b"\0\x02"])


@repeatable
@given(st.lists(_TAGS | _SIZES | st.binary(max_size=3), max_size=30))
def test_known_tags_in_any_order_give_a_value_or_a_term_error(pieces: list[bytes]) -> None:
    _decode_or_refuse(bytes([131]) + b"".join(pieces))


@repeatable
@given(term_values.values, st.data())
def test_a_term_with_changed_bytes_gives_a_value_or_a_term_error(
    value: terms.Term, data: st.DataObject
) -> None:
    mutated = bytearray(terms.encode(value))
    positions = st.integers(0, len(mutated) - 1)
    changes = st.lists(st.tuples(positions, st.integers(0, 255)), min_size=1, max_size=5)
    for position, byte in data.draw(changes):
        mutated[position] = byte
    _decode_or_refuse(bytes(mutated))
