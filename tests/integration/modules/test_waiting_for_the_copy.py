# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy that takes long: waiting for it, not waiting for it, and losing the socket meanwhile.

Two ways to make a copy slow: the node holds back its answer though the copy is in place, or the
primary is frozen, so that the copy does not even begin.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from helpers.running import RunningModule
from helpers.stage import NONE, PRIMARY, SECONDARY_OF_WANTED, SUBJECT, WANTED, Stage
from helpers.until import until

#: How long the node holds back an answer, in seconds; no test waits for it.
HOLD = 60.0
#: More than any module takes that does not wait, and less than HOLD.
AT_ONCE = 15.0


@pytest.fixture
def frozen_primary(stage: Stage) -> Iterator[Stage]:
    """The subject is none, and its primary-to-be stands still until the test lets it go on."""
    stage.put(NONE)
    stage.wanted.freeze()
    yield stage
    if stage.wanted.frozen:
        stage.wanted.thaw()


def until_secondary(stage: Stage) -> None:
    until(lambda: stage.own_view()["role"] == "secondary", what="the node is secondary")


def test_wait_timeout_ends_the_wait_and_the_copy_goes_on(frozen_primary: Stage) -> None:
    stage = frozen_primary
    started = time.monotonic()
    result = stage.role("secondary", wait_timeout=0.5)
    assert 0.5 <= time.monotonic() - started < AT_ONCE
    assert_unknown(result, "TIMEOUT")
    assert "0.5 s" in result["msg"]
    assert "may still be carried out" in result["msg"]
    assert result["after"]["role"] == NONE, "nothing is claimed that has not been seen"
    assert result["changed"] is False
    stage.wanted.thaw()
    until_secondary(stage)
    assert stage.subject.dump() == stage.wanted.dump()
    assert stage.role("secondary")["changed"] is False, "running it again finds it done"


def test_wait_timeout_returns_what_the_node_is_by_then(stage: Stage) -> None:
    """The copy is in place and only its answer is late."""
    stage.put(NONE)
    stage.subject.hold(HOLD)
    result = stage.role("secondary", wait_timeout=0.8)
    assert_unknown(result, "TIMEOUT")
    assert "may still be carried out" in result["msg"]
    assert result["after"] == stage.own_view()
    assert result["after"]["role"] == "secondary"
    assert result["changed"] is True
    assert f"The node is now: secondary of {WANTED}" in result["msg"]


def test_timeout_does_not_cut_the_wait_for_the_copy(stage: Stage) -> None:
    """`timeout` is for each other answer; a copy has `wait_timeout`."""
    stage.put(NONE)
    stage.subject.hold(1.2)
    started = time.monotonic()
    result = stage.role("secondary", timeout=0.6, wait_timeout=30)
    assert time.monotonic() - started > 1.2
    assert result["outcome"] == "done"
    assert stage.own_view() == result["after"]


def test_a_relay_is_not_ordered_after_a_copy_that_did_not_end(frozen_primary: Stage) -> None:
    result = frozen_primary.role("relay", wait_timeout=0.5)
    assert_unknown(result, "TIMEOUT")
    assert result["transitions"] == ["besecondary"]


# Not waiting


def test_without_wait_it_returns_at_once_and_status_sees_the_copy_end(
    frozen_primary: Stage,
) -> None:
    stage = frozen_primary
    result = stage.role("secondary", wait=False)
    assert "failed" not in result
    assert result["outcome"] == "started"
    assert result["changed"] is True
    assert result["transitions"] == ["besecondary"]
    assert "result is not known yet" in result["msg"]
    assert "ncs_ha_status" in result["msg"]
    assert result["after"]["role"] == NONE, "what the node says now, not what is hoped for"
    assert stage.subject.status()["joining"] is True
    wait_for = {"role": "secondary", "primary_id": WANTED}
    options = stage.by_ha_socket(wait_for=wait_for, wait_timeout=30)
    with RunningModule("ncs_ha_status", options) as running:
        stage.wanted.thaw()
        seen = running.result()["ha"]
    assert seen["role"] == "secondary"
    assert seen["primary"] == {"node_id": WANTED, "address": stage.wanted.address}
    assert stage.subject.dump() == stage.wanted.dump()


def test_without_wait_check_mode_predicts_the_role(stage: Stage) -> None:
    stage.put(NONE)
    foreseen = stage.role("secondary", wait=False, check=True)
    assert foreseen["changed"] is True
    assert foreseen["transitions"] == ["besecondary"]
    assert foreseen["after"]["role"] == "secondary"
    assert stage.own_view()["role"] == NONE


def test_without_wait_nothing_is_started_where_nothing_differs(stage: Stage) -> None:
    stage.put(SECONDARY_OF_WANTED)
    result = stage.role("secondary", wait=False)
    assert result["changed"] is False
    assert result["outcome"] == "done"
    assert "msg" not in result


def test_without_wait_other_roles_are_done_not_started(stage: Stage) -> None:
    stage.put(NONE)
    result = stage.role("primary", wait=False)
    assert result["outcome"] == "done"
    assert stage.own_view()["role"] == PRIMARY


def test_without_wait_a_copy_that_fails_is_seen_by_status_only(stage: Stage) -> None:
    stage.put(NONE)
    result = stage.role("secondary", wait=False, primary_id="somebody-else")
    assert result["outcome"] == "started"
    seen = stage.status(wait_for={"role": "secondary"}, wait_timeout=0.4)
    assert seen["failed"] is True
    assert seen["ha"]["role"] == NONE


def test_a_copy_under_way_is_not_seen_in_the_status_and_force_ends_it(
    frozen_primary: Stage,
) -> None:
    """The node is none until its copy is in place, so that is all that a second run can find."""
    stage = frozen_primary
    stage.role("secondary", wait=False)
    assert stage.role("none")["changed"] is False
    assert stage.subject.status()["joining"] is True
    forced = stage.role("none", force=True)
    assert forced["transitions"] == ["benone"]
    assert stage.subject.status()["joining"] is False
    stage.wanted.thaw()
    stage.until_not_listed(stage.wanted, SUBJECT)
    assert stage.own_view()["role"] == NONE


# Another controller takes the socket


@pytest.mark.parametrize("held", [True, False], ids=["answer held back", "copy not begun"])
def test_a_socket_taken_by_another_controller_leaves_the_outcome_unknown(
    stage: Stage, held: bool
) -> None:
    stage.put(NONE)
    if held:
        stage.subject.hold(HOLD)
    else:
        stage.wanted.freeze()
    try:
        with RunningModule("ncs_ha_role", stage.role_options("secondary")) as running:
            if held:
                until_secondary(stage)
            else:
                until(lambda: stage.subject.status()["joining"], what="the copy is ordered")
            # Standing still, so that it does not take the socket back at once.
            with running.frozen(), stage.hand(stage.subject) as other_controller:
                # The daemon closes the module's socket before it answers on this one.
                other_controller.status()
            result = running.result()
    finally:
        if stage.wanted.frozen:
            stage.wanted.thaw()
    assert_unknown(result, "EOF")
    assert "another HA controller may have connected" in result["msg"]
    assert "may still be carried out" in result["msg"]
    assert result["after"]["role"] == ("secondary" if held else NONE), "the state was read again"
    assert result["changed"] is held
    until_secondary(stage)
    assert stage.subject.status()["node_id"] == SUBJECT


def test_a_copy_aborted_by_another_controller_is_not_taken_for_done(stage: Stage) -> None:
    stage.put(NONE)
    stage.wanted.freeze()
    try:
        with RunningModule("ncs_ha_role", stage.role_options("relay")) as running:
            until(lambda: stage.subject.status()["joining"], what="the copy is ordered")
            # Standing still, so that it does not take the socket back before the order is given.
            with running.frozen(), stage.hand(stage.subject) as other_controller:
                other_controller.benone()
            result = running.result()
    finally:
        stage.wanted.thaw()
    assert result["failed"] is True
    assert result["transitions"] == ["besecondary"]
    assert result["after"] == stage.own_view()
    assert result["after"]["role"] == NONE


def assert_unknown(result: dict[str, Any], name: str) -> None:
    assert result["failed"] is True
    assert result["outcome"] == "unknown"
    assert result["error"]["name"] == name
    assert name in result["msg"]
    assert result["transitions"] == ["besecondary"]
    assert result["before"]["role"] == NONE
