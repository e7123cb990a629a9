# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""force: the order is given though nothing differs, and reported as a change."""

from __future__ import annotations

import pytest
from helpers import wire
from helpers.recording_proxy import RecordingProxy
from helpers.stage import (
    NONE,
    OTHER,
    PRIMARY,
    RELAY_OF_WANTED,
    SECONDARY_OF_OTHER,
    SECONDARY_OF_WANTED,
    Stage,
)
from helpers.until import until

NUMBERS = {"beprimary": 1, "besecondary": 2, "benone": 3, "berelay": 6}
CASES = [
    (NONE, ["benone"]),
    (PRIMARY, ["beprimary"]),
    (SECONDARY_OF_WANTED, ["besecondary"]),
    (RELAY_OF_WANTED, ["benone", "besecondary", "berelay"]),
]


@pytest.mark.parametrize(("start", "orders"), CASES, ids=[start for start, _unused in CASES])
def test_force_gives_the_orders_and_says_changed(
    stage: Stage, proxy: RecordingProxy, start: str, orders: list[str]
) -> None:
    stage.put(start)
    role = start.partition(" of ")[0]
    view, data = stage.own_view(), stage.subject.dump()
    foreseen = stage.role(role, force=True, check=True, ip=proxy.ip)
    until(lambda: proxy.open_now == 0)
    proxy.start_anew()
    done = stage.role(role, force=True, ip=proxy.ip)
    until(lambda: proxy.open_now == 0)
    for result in (foreseen, done):
        assert result["changed"] is True
        assert result["transitions"] == orders
        assert result["outcome"] == "done"
        assert result["before"] == result["after"] == view
    sent = [bytes(connection.sent) for connection in proxy.connections]
    given = [number for number in wire.order_numbers(sent) if number != wire.STATUS]
    assert given == [NUMBERS[order] for order in orders]
    assert stage.own_view() == view
    if role in (NONE, PRIMARY):
        assert stage.subject.dump() == data


def test_force_is_a_change_every_time(stage: Stage) -> None:
    stage.put(PRIMARY)
    for _unused in range(2):
        assert stage.role("primary", force=True)["changed"] is True


def test_force_adds_nothing_to_orders_that_are_needed_anyway(stage: Stage) -> None:
    stage.put(SECONDARY_OF_OTHER)
    result = stage.role("secondary", force=True)
    assert result["transitions"] == ["besecondary"]


def test_force_connects_a_secondary_anew_before_it_becomes_a_relay(stage: Stage) -> None:
    """berelay alone, which would be enough otherwise, leaves a broken link as it is."""
    stage.put(SECONDARY_OF_WANTED)
    foreseen = stage.role("relay", force=True, check=True)
    done = stage.role("relay", force=True)
    assert done["transitions"] == foreseen["transitions"] == ["besecondary", "berelay"]
    assert done["after"] == foreseen["after"] == stage.own_view()
    assert done["after"]["role"] == "relay"


def test_force_on_a_primary_keeps_its_secondaries(stage: Stage) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    result = stage.role("primary", force=True)
    assert [peer["node_id"] for peer in result["after"]["secondaries"]] == [OTHER]
    assert stage.own_view() == result["after"]


def test_a_primary_under_another_id_is_seen_only_when_forced(stage: Stage) -> None:
    """A node does not tell its own id, so the documentation says that this goes unnoticed."""
    stage.put(PRIMARY)
    assert stage.role("primary", node_id="another-id")["changed"] is False
    forced = stage.role("primary", node_id="another-id", force=True)
    assert forced["error"]["name"] == "BADSTATE"
    assert forced["changed"] is False


def test_a_forced_order_that_is_refused_is_no_change(stage: Stage) -> None:
    stage.put(PRIMARY)
    stage.subject.refuse(71)
    result = stage.role("primary", force=True)
    assert result["failed"] is True
    assert result["outcome"] == "failed"
    assert result["changed"] is False
