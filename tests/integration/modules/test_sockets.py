# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module leaves behind: no connection, and the node in the role it has.

A daemon has one HA socket, and the role outlives it.
"""

from __future__ import annotations

from typing import Any

import pytest
from helpers.recording_proxy import RecordingProxy
from helpers.secrecy import run_discreetly
from helpers.stage import (
    NONE,
    OTHER,
    PRIMARY,
    RELAY_OF_WANTED,
    SECONDARY_OF_WANTED,
    STARTS,
    Stage,
)
from helpers.until import until

RUNS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "status": (PRIMARY, "ncs_ha_status", {}),
    "status in vain": (
        NONE,
        "ncs_ha_status",
        {"wait_for": {"role": "relay"}, "wait_timeout": 0.3},
    ),
    "no change": (NONE, "ncs_ha_role", {"role": "none"}),
    "one order": (NONE, "ncs_ha_role", {"role": "primary", "node_id": "subject"}),
    "started": (NONE, "ncs_ha_role", {"role": "secondary", "wait": False}),
    "three orders": (RELAY_OF_WANTED, "ncs_ha_role", {"role": "relay", "force": True}),
    "secondary_dead": (PRIMARY, "ncs_ha_secondary_dead", {"node_id": OTHER}),
}


@pytest.mark.parametrize(("start", "module", "more"), RUNS.values(), ids=RUNS.keys())
def test_every_connection_is_closed_in_good_order(
    stage: Stage, proxy: RecordingProxy, start: str, module: str, more: dict[str, Any]
) -> None:
    """Not by the end of the process alone: that would reset those with unread bytes."""
    stage.put(start)
    options = stage.by_ha_socket(**more)
    if "role" in more:
        options = stage.role_options(**more)
    run_discreetly(module, {**options, "ip": proxy.ip})
    until(lambda: proxy.open_now == 0, what="all connections closed")
    assert proxy.connections
    # The client's first words may be refused for their version; that one the daemon closes.
    assert all(connection.clean for connection in proxy.connections if len(connection.sent) > 9)
    assert proxy.most_open <= 3


def test_a_refused_order_leaves_no_connection_either(stage: Stage, proxy: RecordingProxy) -> None:
    stage.put(NONE)
    stage.subject.refuse(18)
    assert stage.role("primary", ip=proxy.ip)["failed"] is True
    until(lambda: proxy.open_now == 0, what="all connections closed")
    assert all(connection.clean for connection in proxy.connections if len(connection.sent) > 9)


@pytest.mark.parametrize("role", ["none", "primary", "secondary", "relay"])
def test_the_role_outlives_the_socket(stage: Stage, proxy: RecordingProxy, role: str) -> None:
    stage.put(SECONDARY_OF_WANTED if role == "none" else NONE)
    after = stage.role(role, ip=proxy.ip)["after"]
    until(lambda: proxy.open_now == 0, what="all connections closed")
    assert stage.own_view() == after
    assert after["role"] == role
    # Still so after another client has come and gone.
    with stage.hand(stage.subject) as another:
        another.status()
    assert stage.own_view() == after


@pytest.mark.parametrize("start", STARTS)
def test_looking_leaves_role_links_and_data_as_they_are(stage: Stage, start: str) -> None:
    stage.put(start)
    before = stage.snapshot()
    stage.status()
    assert stage.snapshot() == before
    if start != NONE and start != PRIMARY:
        followed = stage.wanted if start.endswith("wanted") else stage.other
        listed = [peer["node_id"] for peer in followed.status()["secondaries"]]
        assert listed == ["subject"]
        followed.write("goes on", "replicating")
        until(lambda: stage.subject.read("goes on") == "replicating", what="replication")
