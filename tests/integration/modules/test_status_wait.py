# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_status with wait_for: met at once, met later, not met; and daemons that come and go."""

from __future__ import annotations

import time
from typing import Any, Callable, NamedTuple

import pytest
from helpers.recording_proxy import RecordingProxy
from helpers.running import RunningModule
from helpers.stage import (
    NONE,
    OTHER,
    PRIMARY,
    SECONDARY_OF_OTHER,
    SECONDARY_OF_WANTED,
    SUBJECT,
    WANTED,
    Stage,
)
from helpers.until import until

#: The last request of each look at the node: a frame of 4 bytes, get transaction id.
END_OF_A_LOOK = bytes([0, 0, 0, 4, 0, 0, 0, 66])
#: Longer than any wait here should take, in seconds.
PLENTY = 60


def looks(proxy: RecordingProxy) -> int:
    """How often the module has looked at the node so far."""
    return sum(connection.sent.count(END_OF_A_LOOK) for connection in proxy.connections)


def become_primary(stage: Stage) -> None:
    with stage.hand(stage.subject) as client:
        client.beprimary(SUBJECT)


def follow_wanted(stage: Stage) -> None:
    with stage.hand(stage.subject) as client:
        client.besecondary(SUBJECT, WANTED, stage.wanted.address)


class Wait(NamedTuple):
    """What is waited for, where it is not so, what makes it so, and the words for its absence."""

    start: str
    wait_for: dict[str, Any]
    happens: Callable[[Stage], None]
    missing: str


WAITS = {
    "role": Wait(NONE, {"role": "primary"}, become_primary, "role is none, not primary"),
    "primary_id": Wait(
        SECONDARY_OF_OTHER,
        {"primary_id": WANTED},
        follow_wanted,
        "primary is other, not wanted",
    ),
    "primary_id of a node that follows nobody": Wait(
        NONE, {"primary_id": WANTED}, follow_wanted, "primary is none, not wanted"
    ),
    "secondaries": Wait(
        PRIMARY,
        {"secondaries": [OTHER]},
        Stage.attach_other,
        "not connected as secondary: other",
    ),
    "phase": Wait(
        "phase 1",
        {"phase": 2},
        lambda stage: stage.subject.phase(2),
        "start phase is 1, not 2",
    ),
    "phase from 0": Wait(
        "phase 0",
        {"phase": 1},
        # A later phase than asked for is good, too.
        lambda stage: stage.subject.phase(2),
        "start phase is 0, not 1",
    ),
    "several at once": Wait(
        SECONDARY_OF_OTHER,
        {"role": "secondary", "primary_id": WANTED, "secondaries": [], "phase": 1},
        follow_wanted,
        "primary is other, not wanted",
    ),
}
CASES = pytest.mark.parametrize("case", WAITS.values(), ids=WAITS.keys())


def put(stage: Stage, start: str) -> None:
    phase = start.startswith("phase ")
    stage.put(NONE if phase else start)
    if phase:
        stage.subject.phase(int(start[-1]))


@CASES
def test_what_is_so_already_is_not_waited_for(
    stage: Stage, proxy: RecordingProxy, case: Wait
) -> None:
    put(stage, case.start)
    case.happens(stage)
    wait = {"wait_for": case.wait_for, "wait_timeout": PLENTY}
    result = stage.status(check=False, ip=proxy.ip, **wait)
    assert "failed" not in result
    assert result["changed"] is False
    assert {key: result["ha"][key] for key in stage.own_view()} == stage.own_view()
    assert looks(proxy) == 1


@pytest.mark.parametrize("so", [True, False], ids=["so already", "not so"])
def test_check_mode_waits_the_same(stage: Stage, so: bool) -> None:
    stage.put(PRIMARY if so else NONE)
    wait = {"wait_for": {"role": "primary"}, "wait_timeout": 0.3}
    results = [stage.status(check=check, **wait) for check in (False, True)]
    assert results[0] == results[1]
    assert ("failed" not in results[0]) is so


@pytest.mark.parametrize("look", ["ha_socket", "operational_state"])
@CASES
def test_what_becomes_so_later_ends_the_wait(
    stage: Stage, proxy: RecordingProxy, case: Wait, look: str
) -> None:
    put(stage, case.start)
    wait = {"wait_for": case.wait_for, "wait_timeout": PLENTY}
    options = stage.connection(ip=proxy.ip, look=[look], **wait)
    started = time.monotonic()
    with RunningModule("ncs_ha_status", options) as running:
        until(lambda: looks(proxy) >= 1, what="the wait has begun")
        assert running.runs
        case.happens(stage)
        result = running.result()
    assert "failed" not in result
    assert result["changed"] is False
    assert result["ha"]["look"] == look
    assert result["ha"]["role"] == stage.own_view()["role"]
    assert looks(proxy) >= 2
    assert time.monotonic() - started < PLENTY / 2


@CASES
def test_what_does_not_become_so_in_time_is_named(stage: Stage, case: Wait) -> None:
    put(stage, case.start)
    before = stage.snapshot()
    result = stage.status(wait_for=case.wait_for, wait_timeout=0.3)
    assert result["failed"] is True
    assert not result.get("changed")
    assert case.missing in result["msg"]
    assert "0.3 s" in result["msg"]
    assert stage.subject.ipc_address in result["msg"]
    assert {key: result["ha"][key] for key in stage.own_view()} == stage.own_view()
    assert stage.snapshot() == before


def test_everything_that_is_missing_is_named(stage: Stage) -> None:
    stage.put(NONE)
    wait_for = {"role": "primary", "secondaries": [OTHER, "third"]}
    result = stage.status(check=True, wait_for=wait_for, wait_timeout=0.3)
    assert result["failed"] is True
    assert "role is none, not primary" in result["msg"]
    assert "not connected as secondary: other, third" in result["msg"]


def test_other_secondaries_may_be_connected_too(stage: Stage) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    follow = ("third", SUBJECT, stage.subject.address)
    with stage.hand(stage.wanted) as client:
        client.besecondary(*follow)
    result = stage.status(wait_for={"secondaries": ["third"]}, wait_timeout=PLENTY)
    assert [peer["node_id"] for peer in result["ha"]["secondaries"]] == [OTHER, "third"]


@pytest.mark.parametrize("wait_for", [{}, {"secondaries": []}], ids=["empty", "no secondaries"])
def test_waiting_for_nothing_is_one_look(
    stage: Stage, proxy: RecordingProxy, wait_for: dict[str, Any]
) -> None:
    stage.put(NONE)
    result = stage.status(ip=proxy.ip, wait_for=wait_for, wait_timeout=PLENTY)
    assert result["ha"]["role"] == NONE
    assert looks(proxy) == 1


# Daemons that come and go


def test_a_daemon_that_is_started_during_the_wait_is_found(
    stage: Stage, proxy: RecordingProxy
) -> None:
    stage.put(NONE)
    stage.subject.stop()
    options = stage.by_ha_socket(ip=proxy.ip, wait_for={"phase": 1}, wait_timeout=PLENTY)
    with RunningModule("ncs_ha_status", options) as running:
        until(lambda: len(proxy.connections) >= 2, what="it tries again")
        assert running.runs
        stage.subject.start()
        result = running.result()
    assert "failed" not in result
    assert result["ha"]["role"] == NONE
    assert result["ha"]["phase"] == 2


def test_a_daemon_that_is_started_again_during_the_wait_is_found_again(
    stage: Stage, proxy: RecordingProxy
) -> None:
    stage.put(PRIMARY)
    options = stage.by_ha_socket(ip=proxy.ip, wait_for={"role": "none"}, wait_timeout=PLENTY)
    with RunningModule("ncs_ha_status", options) as running:
        until(lambda: looks(proxy) >= 1, what="the wait has begun")
        stage.subject.kill()
        stage.subject.start()
        result = running.result()
    assert "failed" not in result
    assert result["ha"]["role"] == NONE
    assert proxy.most_open <= 3, "what was broken has been closed"


def test_a_daemon_that_never_answers_is_named_and_nothing_is_told_of_it(stage: Stage) -> None:
    stage.put(NONE)
    stage.subject.stop()
    result = stage.status(wait_for={"role": "none"}, wait_timeout=0.3)
    assert result["failed"] is True
    assert result["ha"] is None
    assert result["error"]["name"] == "OS"
    assert "Connection refused" in result["msg"]
    assert "the status could not be read" in result["msg"]


def test_a_daemon_that_goes_away_during_the_wait_leaves_its_last_state(
    stage: Stage, proxy: RecordingProxy
) -> None:
    stage.put(SECONDARY_OF_WANTED)
    options = stage.by_ha_socket(ip=proxy.ip, wait_for={"role": "primary"}, wait_timeout=1.5)
    with RunningModule("ncs_ha_status", options) as running:
        until(lambda: looks(proxy) >= 1, what="the wait has begun")
        stage.subject.kill()
        result = running.result()
    assert result["failed"] is True
    assert result["ha"]["role"] == "secondary"
    assert result["ha"]["primary"]["node_id"] == WANTED
    assert result["error"]["name"] in ("OS", "EOF")


def test_a_frozen_daemon_does_not_make_the_wait_much_longer(stage: Stage) -> None:
    """`timeout` alone would allow 30 seconds for the first answer."""
    stage.put(NONE)
    stage.subject.freeze()
    started = time.monotonic()
    try:
        result = stage.status(wait_for={"role": "none"}, wait_timeout=0.5)
    finally:
        stage.subject.thaw()
    assert result["failed"] is True
    assert result["error"]["name"] == "TIMEOUT"
    assert result["ha"] is None
    assert time.monotonic() - started < 15


def test_a_daemon_that_hangs_is_asked_again_over_connections_that_replace_the_old_ones(
    stage: Stage, proxy: RecordingProxy
) -> None:
    stage.put(NONE)
    wait = {"wait_for": {"role": "primary"}, "wait_timeout": PLENTY, "timeout": 0.2}
    with RunningModule("ncs_ha_status", stage.by_ha_socket(ip=proxy.ip, **wait)) as running:
        until(lambda: looks(proxy) >= 1, what="the wait has begun")
        seen = len(proxy.connections)
        stage.subject.freeze()
        until(lambda: len(proxy.connections) >= seen + 3, what="it tries again")
        stage.subject.thaw()
        become_primary(stage)
        result = running.result()
    assert "failed" not in result
    assert result["ha"]["role"] == PRIMARY
    assert proxy.most_open <= 3


def test_another_controller_that_takes_the_socket_does_not_end_the_wait(
    stage: Stage, proxy: RecordingProxy
) -> None:
    stage.put(NONE)
    options = stage.by_ha_socket(ip=proxy.ip, wait_for={"role": "primary"}, wait_timeout=PLENTY)
    with RunningModule("ncs_ha_status", options) as running:
        until(lambda: looks(proxy) >= 1, what="the wait has begun")
        # Standing still, so that it does not take the socket back at once.
        with running.frozen(), stage.hand(stage.subject) as other_controller:
            other_controller.status()
        seen = looks(proxy)
        until(lambda: looks(proxy) > seen, what="it looks again")
        become_primary(stage)
        result = running.result()
    assert "failed" not in result
    assert result["ha"]["role"] == PRIMARY
