# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error code a node can give: what the person at the keyboard reads, and what is returned."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error
from helpers.secrecy import run_discreetly
from helpers.simulated import Simulation
from helpers.stage import NONE, OTHER, PRIMARY, SECONDARY_OF_WANTED, SUBJECT, WANTED, Stage
from ncs_sim.raw_client import RawClient

UNKNOWN = 9999
CODES = [*error.CODES, UNKNOWN]
IDS = [error.code_of(code).name for code in CODES]


def assert_explains(result: dict[str, Any], stage: Stage, code: int, reason: str) -> None:
    """The message alone is enough to go on, and the result holds the same in parts."""
    known = error.code_of(code)
    endpoint = f"{stage.subject.ipc_address}:{stage.subject.ipc_port}"
    for part in (f"{known.name} ({code})", known.meaning, known.hint, endpoint, reason):
        assert part in result["msg"]
    assert result["error"] == {
        "code": code,
        "name": known.name,
        "meaning": known.meaning,
        "hint": known.hint,
        "details": reason,
        "os_error": "",
    }


@pytest.mark.parametrize("code", CODES, ids=IDS)
def test_a_refused_role_is_explained_and_nothing_has_changed(stage: Stage, code: int) -> None:
    stage.put(NONE)
    before = stage.snapshot()
    stage.subject.refuse(code, f"reason {code} of the node")
    result = stage.role("primary")
    assert result["failed"] is True
    assert_explains(result, stage, code, f"reason {code} of the node")
    assert result["outcome"] == "failed"
    assert result["changed"] is False
    assert result["transitions"] == ["beprimary"]
    assert result["before"] == result["after"] == stage.own_view()
    assert "The order beprimary failed" in result["msg"]
    assert "The node is now: none." in result["msg"]
    assert stage.snapshot() == before


@pytest.mark.parametrize(
    ("refusals", "details"), [("code", ""), ("reason", "bad token"), ("tag", "bad token")]
)
def test_a_refusal_is_read_in_each_of_its_forms(
    simulation: Simulation, refusals: str, details: str
) -> None:
    first, second = simulation.cluster(2, refusals=refusals).nodes
    with RawClient.ha(first, "another token") as client:
        client.beprimary("p")
    options = {
        "token": simulation.token,
        "ip": second.ipc_address,
        "role": "secondary",
        "node_id": "s",
        "primary_id": "p",
        "primary_ip": first.address,
    }
    refused = run_discreetly("ncs_ha_role", options)
    assert (refused["error"]["name"], refused["error"]["details"]) == ("HA_BADTOKEN", details)


@pytest.mark.parametrize("code", CODES, ids=IDS)
def test_a_refused_secondary_dead_is_explained_and_nothing_has_changed(
    stage: Stage, code: int
) -> None:
    stage.put(PRIMARY)
    stage.attach_other()
    stage.subject.refuse(code, f"reason {code} of the node")
    result = stage.dead(OTHER)
    assert result["failed"] is True
    assert_explains(result, stage, code, f"reason {code} of the node")
    assert result["outcome"] == "failed"
    assert result["changed"] is False
    assert result["transitions"] == ["secondary_dead"]
    assert result["before"] == result["after"] == stage.own_view()
    assert [peer["node_id"] for peer in result["after"]["secondaries"]] == [OTHER]


def test_a_refusal_without_a_reason_is_explained(stage: Stage) -> None:
    stage.put(NONE)
    stage.subject.refuse(error.ERR_HA_ABORT)
    result = stage.role("primary")
    assert_explains(result, stage, error.ERR_HA_ABORT, "")


def test_check_mode_does_not_meet_a_refusal_that_only_an_order_would(stage: Stage) -> None:
    stage.put(NONE)
    stage.subject.refuse(error.ERR_INTERNAL)
    foreseen = stage.role("primary", check=True)
    assert foreseen["outcome"] == "done"
    # The refusal is still there for the first order that comes.
    assert stage.role("primary")["error"]["code"] == error.ERR_INTERNAL


def test_a_later_order_that_is_refused_leaves_the_first_one_done_and_says_so(stage: Stage) -> None:
    """besecondary is carried out; berelay finds the HA port taken."""
    stage.put(NONE)
    with socket.create_server((stage.subject.address, stage.subject.ha_port)):
        result = stage.role("relay")
    assert result["failed"] is True
    assert result["outcome"] == "failed"
    assert result["transitions"] == ["besecondary", "berelay"]
    assert result["error"]["name"] == "HA_BIND"
    assert result["changed"] is True, "it is secondary now, and was not"
    assert result["before"]["role"] == "none"
    assert result["after"] == stage.own_view()
    assert result["after"]["role"] == "secondary"
    assert "The order berelay failed" in result["msg"]
    assert f"The node is now: secondary of {WANTED}" in result["msg"]
    assert result["diff"] == {"before": result["before"], "after": result["after"]}
    # Running it again, now that nothing is in the way, finishes the job.
    finished = stage.role("relay")
    assert finished["transitions"] == ["berelay"]
    assert finished["outcome"] == "done"


def test_a_first_order_that_is_refused_is_not_followed_by_the_next(stage: Stage) -> None:
    stage.put(NONE)
    stage.subject.refuse(error.ERR_HA_ABORT)
    result = stage.role("relay")
    assert result["transitions"] == ["besecondary"]
    assert stage.own_view()["role"] == NONE


def test_a_secondary_that_cannot_get_its_new_primary_says_what_it_is_now(stage: Stage) -> None:
    """It has left the old primary, so there is a change although the task failed."""
    stage.put(SECONDARY_OF_WANTED)
    nobody = stage.simulation.address()
    result = stage.role("secondary", primary_id=OTHER, primary_ip=nobody)
    assert result["failed"] is True
    assert result["error"]["name"] == "HA_CONNECT"
    assert result["outcome"] == "failed"
    assert result["before"]["primary"]["node_id"] == WANTED
    assert result["after"] == stage.own_view()
    assert result["after"]["role"] == NONE
    assert result["changed"] is True
    assert "The node is now: none." in result["msg"]
    stage.until_not_listed(stage.wanted, SUBJECT)
