# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that sends garbage, frames too long, terms too deep or too wide, or of wrong types.

What must hold: a clear error with code and name, bounded memory, and no traceback, which would show
on standard error or as output that is no result; helpers.forked looks at that in every run.
"""

from __future__ import annotations

from typing import Any

import pytest
from helpers.forked import ForkedModules
from helpers.running import RunningModule
from helpers.stage import NONE, OTHER, PRIMARY, SUBJECT, Stage
from helpers.until import until
from ncs_sim.terms import Atom, Term, encode

MODULES = ("ncs_ha_role", "ncs_ha_status", "ncs_ha_secondary_dead")
EACH_MODULE = pytest.mark.parametrize("module", MODULES)

MIB = 1 << 20
#: Each kind of nonsense, and the words for it.
NONSENSE: dict[str, tuple[str, dict[str, Any], str]] = {
    "garbage": ("garbage", {}, "message of 1213486160 bytes, more than the limit of 16777216"),
    "no term": ("no-term", {}, "malformed reply"),
    "oversized": ("oversized", {}, "message of 16777217 bytes, more than the limit of 16777216"),
    "4 GiB": ("oversized", {"size": 2**32 - 1}, "message of 4294967295 bytes"),
    "deep": ("deep", {}, "more than 64 tuples or lists inside each other"),
    "very deep": ("deep", {"levels": 4 * MIB}, "more than 64 tuples or lists inside each other"),
    "wide": ("wide", {}, "a term of more than 100000 elements"),
    "wrong type": ("wrong-type", {}, "malformed reply"),
}
EACH_NONSENSE = pytest.mark.parametrize("nonsense", NONSENSE)

#: Memory that nonsense may take beyond that of a run that goes well, in KiB. The largest frame that
#: is read has 16 MiB, and is in memory twice while it is handed on.
SMALL = 4 * 1024
LARGEST_FRAMES = 2 * 16 * 1024 + SMALL


def options(stage: Stage, module: str) -> dict[str, Any]:
    if module == "ncs_ha_role":
        return stage.role_options("primary", timeout=5)
    more = {"node_id": OTHER} if module == "ncs_ha_secondary_dead" else {}
    return stage.by_ha_socket(timeout=5, **more)


def prepare(stage: Stage, module: str) -> None:
    stage.put(PRIMARY if module == "ncs_ha_secondary_dead" else NONE)
    if module == "ncs_ha_secondary_dead":
        stage.attach_other()


def order_of(module: str) -> str:
    return "secondary_dead" if module == "ncs_ha_secondary_dead" else "beprimary"


def assert_clear(result: dict[str, Any], stage: Stage, words: str) -> None:
    assert result["failed"] is True
    assert result["error"]["name"] == "PROTOUSAGE"
    assert result["error"]["code"] == 21
    for part in ("PROTOUSAGE (21)", words, stage.subject.ipc_address, result["error"]["hint"]):
        assert part in result["msg"]
    assert len(result["msg"]) < 800


def assert_nothing_told(result: dict[str, Any]) -> None:
    assert not result.get("changed")
    for key in ("ha", "before", "after", "transitions", "outcome"):
        assert key not in result


@EACH_MODULE
def test_nonsense_in_place_of_any_read_is_a_clear_error_in_bounded_memory(
    stage: Stage, forked: ForkedModules, module: str
) -> None:
    prepare(stage, module)
    # In check mode, so that the state stays for the next.
    normal = forked.measure(module, options(stage, module), check=True)
    assert "failed" not in normal.result
    before = stage.snapshot()
    places = ["status", "get_phase", *(["get_txid"] if module == "ncs_ha_status" else [])]
    for fault, arguments, words in NONSENSE.values():
        allowed = SMALL
        if fault == "wide" or arguments.get("levels"):
            allowed = LARGEST_FRAMES
        for place in places:
            stage.subject.fault(fault, place=place, **arguments)
            run = forked.measure(module, options(stage, module))
            stage.subject.clear()
            assert_clear(run.result, stage, words)
            assert_nothing_told(run.result)
            assert run.peak - normal.peak < allowed, (fault, place, normal.peak, run.peak)
    assert stage.snapshot() == before


@EACH_NONSENSE
@pytest.mark.parametrize("module", ["ncs_ha_role", "ncs_ha_secondary_dead"])
def test_nonsense_in_place_of_ok_is_unknown_and_the_state_is_read_again(
    stage: Stage, forked: ForkedModules, module: str, nonsense: str
) -> None:
    prepare(stage, module)
    fault, arguments, words = NONSENSE[nonsense]
    if fault == "wrong-type":
        words = "neither ok nor an error"
    stage.subject.fault(fault, place=order_of(module), **arguments)
    result = forked.run(module, options(stage, module))
    assert_clear(result, stage, words)
    assert result["outcome"] == "unknown"
    assert result["transitions"] == [order_of(module)]
    assert result["after"] == stage.own_view()
    assert result["after"] != result["before"]
    assert result["changed"] is True
    assert "The order had been sent" in result["msg"]


def test_nonsense_in_the_handshake_is_a_clear_error(stage: Stage, forked: ForkedModules) -> None:
    for module in MODULES:
        prepare(stage, module)
        stage.subject.fault("garbage", place="handshake")
        result = forked.run(module, options(stage, module))
        stage.subject.clear()
        assert_clear(result, stage, "answered the handshake with status 72, which is not known")
        assert_nothing_told(result)


def test_nonsense_when_the_state_is_read_again_is_not_taken_for_a_state(stage: Stage) -> None:
    stage.put(NONE)
    stage.subject.fault("slow", seconds=600, place="beprimary")
    with RunningModule("ncs_ha_role", stage.role_options("primary")) as running:
        until(lambda: stage.own_view()["role"] == PRIMARY)
        stage.subject.fault("wrong-type", place="status")
        stage.subject.clear("slow")
        result = running.result()
    assert_clear(result, stage, "Reading the status after the orders failed")
    assert result["outcome"] == "unknown"
    assert result["after"] is None
    assert result["changed"] is True


def test_a_wait_ends_at_once_with_nonsense(stage: Stage, forked: ForkedModules) -> None:
    """It does not pass by itself, as a daemon that is starting does."""
    stage.put(NONE)
    wait = {"wait_for": {"role": "primary"}, "wait_timeout": 600}
    for place in ("handshake", "status", "get_phase", "get_txid"):
        stage.subject.fault("garbage", place=place)
        result = forked.run("ncs_ha_status", stage.by_ha_socket(**wait))
        stage.subject.clear()
        assert_clear(result, stage, "")


# Wrong types

NODE: Term = (b"n", (127, 0, 0, 1))


def tagged(tag: int, rest: bytes = b"") -> bytes:
    """The bytes of a term that no client of HA is sent."""
    return bytes([131, tag]) + rest


WRONG_STATUS: list[Term] = [
    (),
    (1,),
    (1, [], []),
    [],
    [1, []],
    1,
    b"none",
    Atom("ok"),
    Atom("none"),
    (0, []),
    (5, []),
    (-1, []),
    (2**64, []),
    (b"1", []),
    (Atom("none"), []),
    (3, Atom("undefined")),
    (3, NODE),
    (3, [b"n"]),
    (3, [(b"n",)]),
    (3, [(b"n", (127, 0, 0))]),
    (3, [(b"n", (127, 0, 0, 256))]),
    (3, [(b"n", (127, 0, 0, -1))]),
    (3, [(Atom("n"), (127, 0, 0, 1))]),
    (3, [(b"n", (1, 2, 3, 4, 5, 6, 7, 65536))]),
    (3, [NODE, 1]),
    (3, [NODE] * 1001),
]
WRONG_PHASE: list[Term] = [
    (),
    2,
    (2,),
    [2, Atom("normal")],
    (3, Atom("normal")),
    (-1, Atom("normal")),
    (b"2", Atom("normal")),
    (2, b"normal"),
    (2, Atom("other")),
    (2, Atom("normal"), 1),
]
WRONG_TXID: list[Term] = [
    (),
    1,
    b"id",
    (1, 2),
    (b"n", (1, 2)),
    (b"n", 1),
    (Atom("n"), (1, 2, 3)),
    (1, 2, b"3"),
    (b"n", (1, 2, Atom("3"))),
    [1, 2, 3],
]
WRONG_OK: list[Term] = [
    (),
    [],
    1,
    b"ok",
    Atom("true"),
    (Atom("ok"),),
    Atom("error"),
    (Atom("error"),),
    (Atom("error"), b"25"),
    (Atom("error"), Atom("badstate")),
    (Atom("error"), 25, 26),
    (Atom("error"), 25, b"why", 1),
]
#: A float, a map, a compressed term, an improper list, an integer of 1 MiB, a pid; a cut-off tuple.
WRONG_BYTES = [
    tagged(70, bytes(8)),
    tagged(116, bytes(4)),
    tagged(80, (2**31).to_bytes(4, "big") + b"x\x9c"),
    tagged(108, b"\0\0\0\x01a\x01a\x02"),
    tagged(111, MIB.to_bytes(4, "big") + b"\0" + bytes(1024)),
    tagged(103, bytes(20)),
    tagged(104, b"\x02a\x01"),
    tagged(105, b"\xff\xff\xff\xff"),
    tagged(109, b"\xff\xff\xff\xff"),
    b"\x83",
    b"",
]


@pytest.mark.parametrize(
    ("place", "wrong"),
    [("status", WRONG_STATUS), ("get_phase", WRONG_PHASE), ("get_txid", WRONG_TXID)],
    ids=["status", "phase", "txid"],
)
def test_a_read_of_a_wrong_type_is_a_clear_error(
    stage: Stage, forked: ForkedModules, place: str, wrong: list[Term]
) -> None:
    stage.put(NONE)
    for answer in [*(encode(term) for term in wrong), *WRONG_BYTES]:
        stage.subject.fault("wrong-type", term=answer.hex(), place=place)
        result = forked.run("ncs_ha_status", stage.by_ha_socket(timeout=5))
        assert_clear(result, stage, "malformed reply")
        assert_nothing_told(result)


def test_orders_are_not_given_on_a_status_or_phase_of_a_wrong_type(
    stage: Stage, forked: ForkedModules
) -> None:
    stage.put(NONE)
    before = stage.snapshot()
    for place, wrong in (("status", WRONG_STATUS), ("get_phase", WRONG_PHASE)):
        for term in wrong:
            stage.subject.fault("wrong-type", term=encode(term).hex(), place=place)
            result = forked.run("ncs_ha_role", stage.role_options("primary", timeout=5))
            assert_clear(result, stage, "malformed reply")
            assert_nothing_told(result)
        stage.subject.clear()
    assert stage.snapshot() == before


def test_an_answer_to_an_order_of_a_wrong_type_is_unknown(
    stage: Stage, forked: ForkedModules
) -> None:
    stage.put(NONE)
    for answer in [*(encode(term) for term in WRONG_OK), *WRONG_BYTES]:
        stage.subject.order("none")
        stage.subject.fault("wrong-type", term=answer.hex(), place="beprimary")
        result = forked.run("ncs_ha_role", stage.role_options("primary", timeout=5))
        assert_clear(result, stage, "malformed reply")
        assert result["outcome"] == "unknown"
        assert result["after"] == stage.own_view()
        assert result["after"]["role"] == PRIMARY
        assert stage.subject.status()["node_id"] == SUBJECT


@pytest.mark.parametrize("reason", [[], [b"\xff\xfe no UTF-8\0"]], ids=["bare", "reason"])
def test_an_error_code_that_nobody_knows_is_named_by_its_number(
    stage: Stage, forked: ForkedModules, reason: list[bytes]
) -> None:
    stage.put(NONE)
    refusal = encode((Atom("error"), 9999, *reason))
    stage.subject.fault("wrong-type", term=refusal.hex(), place="beprimary", once=True)
    result = forked.run("ncs_ha_role", stage.role_options("primary"))
    assert result["error"]["name"] == "ERROR_9999"
    assert result["outcome"] == "failed"
    assert result["after"] == stage.own_view()
