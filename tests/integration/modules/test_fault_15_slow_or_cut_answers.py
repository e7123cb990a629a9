# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that answers late, in pieces, or closes after any byte: nothing is assumed.

What must hold: an error within the time limit; where an order was sent, the state is read again,
and failed and unknown are told apart. An answer in pieces is an answer.
"""

from __future__ import annotations

import time
from pathlib import Path
from secrets import token_hex
from typing import Any, Callable, NamedTuple

import pytest
from helpers.forked import ForkedModules
from helpers.running import RunningModule
from helpers.simulated import Simulation
from helpers.stage import (
    NONE,
    OTHER,
    PRIMARY,
    RELAY_OF_WANTED,
    SECONDARY_OF_WANTED,
    STARTS,
    SUBJECT,
    WANTED,
    Stage,
)
from helpers.until import until
from ncs_sim.framing import frame
from ncs_sim.terms import OK, encode

HANDSHAKE = 9
OK_FRAME = len(frame(encode(OK)))
#: Seconds that no module may take here, unless it was told to wait.
AT_ONCE = 5.0


class Job(NamedTuple):
    """One module with one order to give, or none.

    orders:  their names, as the module returns them; the last is the one that is looked at
    prepare: brings the subject quickly to where the order is needed
    """

    module: str
    options: Callable[[Stage], dict[str, Any]]
    orders: tuple[str, ...]
    start: str
    after: str
    prepare: Callable[[Stage], None]


def role_job(role: str, orders: tuple[str, ...], start: str) -> Job:
    def prepare(stage: Stage) -> None:
        stage.subject.order("none")
        if start == SECONDARY_OF_WANTED:
            stage.subject.order("secondary", stage.wanted)

    return Job("ncs_ha_role", lambda stage: stage.role_options(role), orders, start, role, prepare)


def connected(stage: Stage) -> None:
    """The subject is primary, and the other node its secondary."""
    if stage.own_view()["role"] != PRIMARY:
        stage.put(PRIMARY)
    if not stage.own_view()["secondaries"]:
        # Where it has been declared dead, it finds that out first.
        until(lambda: stage.own_view(stage.other)["role"] != "secondary")
        stage.other.order("secondary", stage.subject)


JOBS = {
    "beprimary": role_job("primary", ("beprimary",), NONE),
    "besecondary": role_job("secondary", ("besecondary",), NONE),
    "benone": role_job("none", ("benone",), SECONDARY_OF_WANTED),
    "berelay": role_job("relay", ("berelay",), SECONDARY_OF_WANTED),
    "secondary_dead": Job(
        "ncs_ha_secondary_dead",
        lambda stage: stage.by_ha_socket(node_id=OTHER),
        ("secondary_dead",),
        PRIMARY,
        PRIMARY,
        connected,
    ),
    "status": Job("ncs_ha_status", Stage.by_ha_socket, (), PRIMARY, PRIMARY, connected),
}
ORDERS = [name for name, job in JOBS.items() if job.orders]
EVERY_ORDER = pytest.mark.parametrize("order", ORDERS)
#: One job of each module.
EACH_MODULE = pytest.mark.parametrize("name", ["beprimary", "secondary_dead", "status"])


def start(stage: Stage, job: Job) -> None:
    stage.put(job.start)
    if job.prepare is connected:
        connected(stage)


def attempt(stage: Stage, forked: ForkedModules, job: Job, **more: Any) -> dict[str, Any]:
    """Run the module once more from where the order is needed; it must not take long."""
    began = time.monotonic()
    result = forked.run(job.module, {**job.options(stage), "timeout": 2, **more})
    assert time.monotonic() - began < AT_ONCE
    return result


def assert_nothing_told(result: dict[str, Any], stage: Stage, error: str) -> None:
    """No order was given, and nothing is said of the state, which is not known."""
    assert result["failed"] is True
    assert result["error"]["name"] == error
    assert f"{error} ({result['error']['code']})" in result["msg"]
    assert stage.subject.ipc_address in result["msg"]
    assert not result.get("changed")
    for key in ("ha", "before", "after", "transitions", "outcome"):
        assert key not in result


def assert_unknown(result: dict[str, Any], stage: Stage, job: Job, error: str) -> None:
    """The order was carried out; its answer did not come, and the state was read again."""
    assert result["failed"] is True
    assert result["outcome"] == "unknown"
    assert result["error"]["name"] == error
    assert "The order had been sent" in result["msg"]
    assert result["transitions"] == list(job.orders)
    assert result["after"] == stage.own_view()
    assert result["after"]["role"] == job.after
    assert result["after"] != result["before"]
    assert result["changed"] is True


def assert_done(result: dict[str, Any], stage: Stage, job: Job) -> None:
    assert "failed" not in result, result["msg"]
    if job.orders:
        assert result["outcome"] == "done"
        assert result["transitions"] == list(job.orders)
        assert result["after"] == stage.own_view()
    else:
        assert {key: result["ha"][key] for key in stage.own_view()} == stage.own_view()


# Closed after any byte


def status_frame(stage: Stage) -> int:
    """The length of the answer to a status order."""
    with stage.hand(stage.subject) as client:
        client.send_frame(encode((4,)))
        return len(client.receive_whole_frame())


def test_status_fails_wherever_the_ha_socket_is_closed(stage: Stage, forked: ForkedModules) -> None:
    job = JOBS["status"]
    start(stage, job)
    whole = HANDSHAKE + status_frame(stage)
    for count in range(whole):
        stage.subject.fault("close", count=count, from_start=True, place="ha")
        assert_nothing_told(attempt(stage, forked, job), stage, "EOF")
    stage.subject.fault("close", count=whole, from_start=True, place="ha")
    assert_done(attempt(stage, forked, job), stage, job)


def test_status_fails_wherever_the_cdb_socket_is_closed(
    stage: Stage, forked: ForkedModules
) -> None:
    job = JOBS["status"]
    start(stage, job)
    whole = HANDSHAKE
    with stage.cdb(stage.subject) as client:
        for op in (65, 66):
            client.send_frame(op.to_bytes(4, "big"))
            whole += len(client.receive_whole_frame())
    for count in range(whole):
        stage.subject.fault("close", count=count, from_start=True, place="cdb")
        assert_nothing_told(attempt(stage, forked, job), stage, "EOF")
    stage.subject.fault("close", count=whole, from_start=True, place="cdb")
    assert_done(attempt(stage, forked, job), stage, job)


@pytest.mark.parametrize("order", ["beprimary", "secondary_dead"])
def test_no_order_is_given_where_the_phase_is_cut_off(
    stage: Stage, forked: ForkedModules, order: str
) -> None:
    job = JOBS[order]
    start(stage, job)
    with stage.cdb(stage.subject) as client:
        client.send_frame((65).to_bytes(4, "big"))
        whole = HANDSHAKE + len(client.receive_whole_frame())
    before = stage.snapshot()
    for count in range(whole):
        stage.subject.fault("close", count=count, from_start=True, place="cdb")
        assert_nothing_told(attempt(stage, forked, job), stage, "EOF")
    assert stage.snapshot() == before
    stage.subject.fault("close", count=whole, from_start=True, place="cdb")
    assert_done(attempt(stage, forked, job), stage, job)


@pytest.mark.parametrize("order", ["beprimary", "secondary_dead"])
def test_wherever_the_ha_socket_of_an_order_is_closed_what_is_told_is_so(
    stage: Stage, forked: ForkedModules, order: str
) -> None:
    """Each connection is closed after so many bytes; those who read again get through in time."""
    job = JOBS[order]
    start(stage, job)
    first = HANDSHAKE + status_frame(stage)
    before = stage.own_view()
    for count in range(first):
        stage.subject.fault("close", count=count, from_start=True, place="ha")
        assert_nothing_told(attempt(stage, forked, job), stage, "EOF")
        assert stage.own_view() == before
    # The socket is closed before the order comes. It may have got into the socket all the same.
    stage.subject.fault("close", count=first, from_start=True, place="ha")
    result = attempt(stage, forked, job)
    assert result["outcome"] in ("failed", "unknown")
    assert result["transitions"] == [order]
    assert result["before"] == result["after"] == stage.own_view() == before
    assert result["changed"] is False
    for count in range(first + 1, first + OK_FRAME):
        job.prepare(stage)
        stage.subject.fault("close", count=count, from_start=True, place="ha")
        assert_unknown(attempt(stage, forked, job), stage, job, "EOF")
    # The order is answered; where the status after it is cut off, it is read on a new connection.
    stage.subject.clear()
    second = status_frame(stage)
    for count in range(first + OK_FRAME, first + OK_FRAME + second):
        job.prepare(stage)
        stage.subject.fault("close", count=count, from_start=True, place="ha")
        assert_done(attempt(stage, forked, job), stage, job)


@EVERY_ORDER
def test_the_answer_of_an_order_may_end_at_any_byte(
    stage: Stage, forked: ForkedModules, order: str
) -> None:
    job = JOBS[order]
    start(stage, job)
    for count in range(OK_FRAME):
        job.prepare(stage)
        stage.subject.fault("close", count=count, place=order)
        assert_unknown(attempt(stage, forked, job), stage, job, "EOF")
    job.prepare(stage)
    stage.subject.fault("close", count=OK_FRAME, place=order)
    assert_done(attempt(stage, forked, job), stage, job)


@pytest.mark.parametrize(("version", "challenge"), [("v1", 16), ("v2", 32)])
def test_the_access_check_may_end_at_any_byte(
    simulation: Simulation, forked: ForkedModules, tmp_path: Path, version: str, challenge: int
) -> None:
    """A client that is cut off there is told of the access file, which is the likeliest reason."""
    secret = tmp_path / "secret"
    secret.write_text(f"secret-{token_hex(8)}")
    node = simulation.node("n", access_check=version, access_secret_file=str(secret))
    token = simulation.token
    where = {"token": token, "ip": node.ipc_address, "access_file": str(secret), "timeout": 5}
    # The challenge with its tag, the verdict, the versions.
    for count in range(1 + challenge + 1 + HANDSHAKE):
        node.fault("close", count=count, from_start=True)
        result = forked.run("ncs_ha_status", where)
        assert result["error"]["name"] == "EOF"
        assert "NCS_IPC_ACCESS_FILE" in result["msg"]
        assert "ha" not in result
    node.clear()
    assert forked.run("ncs_ha_status", where)["ha"]["role"] == NONE


def test_what_cannot_be_read_again_is_not_assumed(stage: Stage) -> None:
    """The order's answer is late, and from then on nobody is let in."""
    stage.put(NONE)
    stage.subject.fault("slow", seconds=600, place="beprimary")
    with RunningModule("ncs_ha_role", stage.role_options("primary", timeout=1)) as running:
        until(lambda: stage.own_view()["role"] == PRIMARY)
        stage.subject.fault("close", count=0, place="handshake")
        result = running.result()
    assert result["outcome"] == "unknown"
    assert result["after"] is None
    assert result["changed"] is True, "nobody can say that it did not happen"
    assert result["error"]["name"] == "TIMEOUT"
    assert "did not answer when asked again" in result["msg"]


def test_a_wait_goes_on_after_answers_that_were_cut_off(
    stage: Stage, forked: ForkedModules
) -> None:
    stage.put(PRIMARY)
    wait = {"wait_for": {"role": "primary"}, "wait_timeout": 30}
    for place in ("handshake", "status", "get_phase", "get_txid"):
        stage.subject.fault("close", count=3, place=place, once=True)
        result = forked.run("ncs_ha_status", stage.by_ha_socket(**wait))
        assert result["ha"]["role"] == PRIMARY
        assert stage.subject.faults() == [], "it was met"


@pytest.mark.parametrize("place", ["handshake", "status", "get_phase", "get_txid"])
def test_a_wait_ends_at_its_limit_where_answers_are_always_cut_off(
    stage: Stage, forked: ForkedModules, place: str
) -> None:
    stage.put(PRIMARY)
    stage.subject.fault("close", count=3, place=place)
    began = time.monotonic()
    wait = {"wait_for": {"role": "primary"}, "wait_timeout": 0.5}
    result = forked.run("ncs_ha_status", stage.by_ha_socket(**wait))
    assert 0.5 <= time.monotonic() - began < AT_ONCE
    assert result["failed"] is True
    assert result["error"]["name"] == "EOF"
    assert result["ha"] is None


# Late

#: Where an answer may be late before any order, for each job.
EARLY = [
    ("beprimary", "handshake"),
    ("beprimary", "status"),
    ("beprimary", "get_phase"),
    ("secondary_dead", "handshake"),
    ("secondary_dead", "status"),
    ("secondary_dead", "get_phase"),
    ("status", "handshake"),
    ("status", "status"),
    ("status", "get_phase"),
    ("status", "get_txid"),
]


@pytest.mark.parametrize(("name", "place"), EARLY)
def test_an_answer_that_is_too_late_is_a_timeout_before_any_order(
    stage: Stage, forked: ForkedModules, name: str, place: str
) -> None:
    job = JOBS[name]
    start(stage, job)
    before = stage.snapshot()
    stage.subject.fault("slow", seconds=600, place=place)
    result = attempt(stage, forked, job, timeout=0.3)
    assert_nothing_told(result, stage, "TIMEOUT")
    assert "0.3 s" in result["msg"]
    stage.subject.clear()
    assert stage.snapshot() == before


@EVERY_ORDER
def test_an_order_that_is_answered_too_late_is_unknown_and_the_state_is_read_again(
    stage: Stage, forked: ForkedModules, order: str
) -> None:
    job = JOBS[order]
    start(stage, job)
    stage.subject.fault("slow", seconds=600, place=order)
    result = attempt(stage, forked, job, timeout=0.4, **_wait_timeout(order, 0.4))
    assert_unknown(result, stage, job, "TIMEOUT")
    assert "0.4 s" in result["msg"]


@EACH_MODULE
def test_answers_that_are_late_but_in_time_are_answers(
    stage: Stage, forked: ForkedModules, name: str
) -> None:
    job = JOBS[name]
    start(stage, job)
    stage.subject.fault("slow", seconds=0.2)
    stage.subject.fault("slow", seconds=0.2, place="handshake")
    began = time.monotonic()
    assert_done(attempt(stage, forked, job), stage, job)
    assert time.monotonic() - began > 0.8


# In pieces


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("name", JOBS)
def test_answers_in_pieces_are_answers(
    stage: Stage, forked: ForkedModules, name: str, size: int
) -> None:
    job = JOBS[name]
    start(stage, job)
    stage.subject.fault("pieces", size=size)
    stage.subject.fault("pieces", size=size, place="handshake")
    assert_done(attempt(stage, forked, job), stage, job)


@pytest.mark.parametrize("place", ["handshake", "status", "get_phase"])
@EACH_MODULE
def test_answers_that_trickle_do_not_make_the_time_limit_longer(
    stage: Stage, forked: ForkedModules, name: str, place: str
) -> None:
    job = JOBS[name]
    start(stage, job)
    stage.subject.fault("pieces", size=1, pause=0.15, place=place)
    result = attempt(stage, forked, job, timeout=0.5)
    assert_nothing_told(result, stage, "TIMEOUT")


def test_an_ok_that_trickles_too_long_is_unknown(stage: Stage, forked: ForkedModules) -> None:
    job = JOBS["beprimary"]
    start(stage, job)
    stage.subject.fault("pieces", size=1, pause=0.15, place="beprimary")
    assert_unknown(attempt(stage, forked, job, timeout=0.5), stage, job, "TIMEOUT")


# Orders of several steps


@pytest.mark.parametrize(
    ("cut", "given", "role"),
    [("benone", 1, NONE), ("besecondary", 2, "secondary"), ("berelay", 3, "relay")],
)
def test_the_step_whose_answer_is_cut_off_is_the_last_one(
    stage: Stage, forked: ForkedModules, cut: str, given: int, role: str
) -> None:
    """A relay ordered anew takes three steps; none is given after one of unknown outcome."""
    stage.put(RELAY_OF_WANTED)
    stage.subject.fault("close", count=1, place=cut)
    result = forked.run("ncs_ha_role", stage.role_options("relay", force=True))
    assert result["failed"] is True
    assert result["outcome"] == "unknown"
    assert result["transitions"] == ["benone", "besecondary", "berelay"][:given]
    assert result["after"] == stage.own_view()
    assert result["after"]["role"] == role
    stage.subject.clear()
    again = forked.run("ncs_ha_role", stage.role_options("relay"))
    assert again["outcome"] == "done", "running it again finishes"
    assert stage.own_view()["role"] == "relay"


@pytest.mark.parametrize("begin", STARTS)
def test_running_again_after_a_cut_off_answer_finds_it_done(
    stage: Stage, forked: ForkedModules, begin: str
) -> None:
    stage.put(begin)
    last = "besecondary" if begin != SECONDARY_OF_WANTED else "benone"
    role = "secondary" if begin != SECONDARY_OF_WANTED else "none"
    stage.subject.fault("close", count=0, place=last, once=True)
    cut_off = forked.run("ncs_ha_role", stage.role_options(role))
    assert cut_off["outcome"] == "unknown"
    again = forked.run("ncs_ha_role", stage.role_options(role))
    assert again["outcome"] == "done"
    assert again["changed"] is False
    assert again["before"] == cut_off["after"]
    if role == "secondary":
        assert again["after"]["primary"]["node_id"] == WANTED
        assert stage.subject.status()["node_id"] == SUBJECT


def _wait_timeout(order: str, seconds: float) -> dict[str, float]:
    """The time limit of the one order that does not go by `timeout`."""
    return {"wait_timeout": seconds} if order == "besecondary" else {}
