# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reaches the node: no order but status in check mode and where nothing is to be changed.

Seen from the bytes that the modules send, not from what they say of themselves.
"""

from __future__ import annotations

from typing import Any

import pytest
from helpers import wire
from helpers.recording_proxy import RecordingProxy
from helpers.secrecy import run_discreetly
from helpers.stage import NONE, OTHER, PRIMARY, RELAY_OF_OTHER, SECONDARY_OF_WANTED, Stage
from helpers.until import until

BENONE, BESECONDARY, SECONDARY_DEAD, BERELAY = 3, 2, 5, 6
CHANGES = [
    (start, role)
    for start in (NONE, PRIMARY, SECONDARY_OF_WANTED, RELAY_OF_OTHER)
    for role in ("none", "primary", "secondary", "relay")
    if start != role and (start, role) != (SECONDARY_OF_WANTED, "secondary")
    # What leaves a role is one order wherever it starts; the table's own test has them all.
    if role != "primary" or start == NONE
]
NO_CHANGES = [(NONE, "none"), (PRIMARY, "primary"), (SECONDARY_OF_WANTED, "secondary")]


def run(
    module: str, proxy: RecordingProxy, options: dict[str, Any], check: bool = False
) -> tuple[dict[str, Any], list[bytes]]:
    """Run a module through the proxy; return its result and the bytes of each connection."""
    proxy.start_anew()
    result = run_discreetly(module, {**options, "ip": proxy.ip}, check=check)
    until(lambda: proxy.open_now == 0, what="all connections closed")
    sent = [bytes(connection.sent) for connection in proxy.connections]
    assert sent, "the module did not come through the proxy"
    return result, sent


def assert_only_read(sent: list[bytes]) -> None:
    numbers = wire.order_numbers(sent)
    assert numbers
    assert set(numbers) == {wire.STATUS}
    assert set(wire.cdb_requests(sent)) <= wire.CDB_READS
    assert set(wire.maapi_requests(sent)) <= wire.MAAPI_READS


@pytest.mark.parametrize(("start", "role"), CHANGES, ids=[f"{s} to {r}" for s, r in CHANGES])
def test_check_mode_gives_no_order(
    stage: Stage, proxy: RecordingProxy, start: str, role: str
) -> None:
    stage.put(start)
    result, sent = run("ncs_ha_role", proxy, stage.role_options(role), check=True)
    assert result["changed"] is True
    assert_only_read(sent)


@pytest.mark.parametrize("force", [False, True], ids=["as usual", "with force"])
def test_check_mode_gives_no_order_where_nothing_differs(
    stage: Stage, proxy: RecordingProxy, force: bool
) -> None:
    stage.put(SECONDARY_OF_WANTED)
    options = stage.role_options("secondary", force=force)
    result, sent = run("ncs_ha_role", proxy, options, check=True)
    assert result["changed"] is force
    assert_only_read(sent)


@pytest.mark.parametrize(("start", "role"), NO_CHANGES)
def test_no_order_is_given_where_nothing_differs(
    stage: Stage, proxy: RecordingProxy, start: str, role: str
) -> None:
    stage.put(start)
    result, sent = run("ncs_ha_role", proxy, stage.role_options(role))
    assert result["changed"] is False
    assert_only_read(sent)


def test_a_change_gives_its_orders_and_no_others(stage: Stage, proxy: RecordingProxy) -> None:
    """The opposite, so that the tests above are known to see orders."""
    stage.put(RELAY_OF_OTHER)
    result, sent = run("ncs_ha_role", proxy, stage.role_options("relay"))
    assert result["transitions"] == ["benone", "besecondary", "berelay"]
    given = [number for number in wire.order_numbers(sent) if number != wire.STATUS]
    assert given == [BENONE, BESECONDARY, BERELAY]


@pytest.mark.parametrize("wait", [True, False])
def test_besecondary_carries_what_the_task_says(
    stage: Stage, proxy: RecordingProxy, wait: bool
) -> None:
    stage.put(NONE)
    _unused, sent = run("ncs_ha_role", proxy, stage.role_options("secondary", wait=wait))
    address = tuple(int(part) for part in stage.wanted.address.split("."))
    (order,) = [term for term in wire.orders(sent) if term != (wire.STATUS,)]
    assert order == (BESECONDARY, b"subject", (b"wanted", address), int(wait))


@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
@pytest.mark.parametrize("wait_for", [None, {"role": "primary"}], ids=["look", "wait"])
def test_status_only_reads(
    stage: Stage, proxy: RecordingProxy, check: bool, wait_for: dict[str, str] | None
) -> None:
    stage.put(PRIMARY)
    options = stage.by_ha_socket(wait_for=wait_for)
    _unused, sent = run("ncs_ha_status", proxy, options, check=check)
    assert_only_read(sent)


def test_secondary_dead_gives_no_order_in_check_mode(stage: Stage, proxy: RecordingProxy) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    options = stage.by_ha_socket(node_id=OTHER)
    result, sent = run("ncs_ha_secondary_dead", proxy, options, check=True)
    assert result["changed"] is True
    assert_only_read(sent)
    assert [peer["node_id"] for peer in stage.own_view()["secondaries"]] == [OTHER]


def test_secondary_dead_gives_no_order_for_a_node_not_listed(
    stage: Stage, proxy: RecordingProxy
) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    result, sent = run("ncs_ha_secondary_dead", proxy, stage.by_ha_socket(node_id="stranger"))
    assert result["changed"] is False
    assert_only_read(sent)


def test_secondary_dead_gives_one_order_for_a_node_that_is_listed(
    stage: Stage, proxy: RecordingProxy
) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    _unused, sent = run("ncs_ha_secondary_dead", proxy, stage.by_ha_socket(node_id=OTHER))
    given = [term for term in wire.orders(sent) if term != (wire.STATUS,)]
    assert given == [(SECONDARY_DEAD, b"other")]
