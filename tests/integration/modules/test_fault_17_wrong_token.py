# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong token, as far as it can be seen.

A daemon takes any token; a wrong one shows when a secondary has to prove it. What must hold then:
an error that says it is the token. test_access_check.py has the errors of the access check.
"""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from helpers.forked import WITH_HA_SOCKET, ForkedModules
from helpers.stage import (
    NONE,
    OTHER,
    PRIMARY,
    SECONDARY_OF_WANTED,
    SUBJECT,
    WANTED,
    Stage,
)

OTHER_THAN_TOKEN = ("NCS_IPC_ACCESS_FILE", "access_file", "HA port", "packages")


def wrong_token() -> str:
    return f"wrong-{secrets.token_hex(8)}"


def options(stage: Stage, module: str, token: str) -> dict[str, Any]:
    """Options with which the module changes nothing on a primary."""
    more: dict[str, dict[str, Any]] = {
        "ncs_ha_role": {"role": "primary", "node_id": SUBJECT},
        "ncs_ha_status": {},
        "ncs_ha_secondary_dead": {"node_id": "stranger"},
    }
    return stage.by_ha_socket(**{**more[module], "token": token})


def follow_subject(stage: Stage, forked: ForkedModules, token: str) -> dict[str, Any]:
    """Make the other node a secondary of the subject."""
    return forked.run(
        "ncs_ha_role",
        {
            "token": token,
            "ip": stage.other.ipc_address,
            "role": "secondary",
            "node_id": OTHER,
            "primary_id": SUBJECT,
            "primary_ip": stage.subject.address,
        },
    )


def assert_is_the_token(result: dict[str, Any]) -> None:
    assert result["failed"] is True
    assert result["outcome"] == "failed"
    assert result["error"]["name"] == "HA_BADTOKEN"
    assert "HA_BADTOKEN (28)" in result["msg"]
    assert "different tokens" in result["msg"]
    for word in OTHER_THAN_TOKEN:
        assert word not in result["msg"]


@pytest.mark.parametrize("module", WITH_HA_SOCKET)
def test_a_wrong_token_at_the_primary_shows_at_the_next_secondary_and_the_right_one_helps(
    stage: Stage, forked: ForkedModules, module: str
) -> None:
    stage.put(PRIMARY)
    with stage.hand(stage.other) as client:
        client.benone()
    result = forked.run(module, options(stage, module, wrong_token()))
    assert "failed" not in result, "nobody can see it yet"
    refused = follow_subject(stage, forked, stage.token)
    assert_is_the_token(refused)
    assert refused["after"] == stage.own_view(stage.other)
    assert refused["after"]["role"] == NONE
    forked.run(module, options(stage, module, stage.token))
    assert follow_subject(stage, forked, stage.token)["outcome"] == "done"


@pytest.mark.parametrize("module", WITH_HA_SOCKET)
def test_a_wrong_token_does_not_end_the_links_that_are_there(
    stage: Stage, forked: ForkedModules, module: str
) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    before = stage.own_view()
    result = forked.run(module, options(stage, module, wrong_token()))
    assert "failed" not in result
    assert stage.own_view() == before
    stage.subject.write("still", "there")
    assert stage.other.read("still") == "there"


@pytest.mark.parametrize("role", ["secondary", "relay"])
def test_a_wrong_token_at_the_secondary_is_named_before_any_data_are_lost(
    stage: Stage, forked: ForkedModules, role: str
) -> None:
    stage.put(NONE)
    data = stage.subject.dump()
    result = forked.run("ncs_ha_role", stage.role_options(role, token=wrong_token()))
    assert_is_the_token(result)
    assert result["transitions"] == ["besecondary"]
    assert result["changed"] is False
    assert stage.subject.dump() == data
    assert forked.run("ncs_ha_role", stage.role_options(role))["outcome"] == "done"


def test_a_wrong_token_loses_a_secondary_that_is_ordered_anew(
    stage: Stage, forked: ForkedModules
) -> None:
    """It is no secondary then, and the result says so."""
    stage.put(SECONDARY_OF_WANTED)
    options_anew = stage.role_options("secondary", token=wrong_token(), primary_id=OTHER)
    options_anew["primary_ip"] = stage.other.address
    result = forked.run("ncs_ha_role", options_anew)
    assert_is_the_token(result)
    assert result["before"]["primary"]["node_id"] == WANTED
    assert result["after"] == stage.own_view()
    assert result["after"]["role"] == NONE
    assert result["changed"] is True


def test_another_controller_that_brings_its_own_token_is_found_by_the_next_secondary(
    stage: Stage, forked: ForkedModules
) -> None:
    stage.put(PRIMARY)
    with stage.hand(stage.other) as client:
        client.benone()
    stage.subject.fault("controller", token=wrong_token())
    assert_is_the_token(follow_subject(stage, forked, stage.token))
    assert [fault["fault"] for fault in stage.subject.faults()] == ["controller"]
    assert forked.run("ncs_ha_status", stage.by_ha_socket())["ha"]["role"] == PRIMARY
    assert follow_subject(stage, forked, stage.token)["outcome"] == "done"
