# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""That an order was answered with ok does not mean that it happened."""

from __future__ import annotations

from typing import Any

from helpers.scripted_daemon import Close, Expect, ScriptedDaemon, Send, Step
from helpers.secrecy import run_discreetly
from helpers.vectors import (
    ACCEPTED,
    CDB_NAME_FRAME,
    CLIENT,
    HELLO,
    TOKEN,
    TOKEN_FRAME,
    answer,
    order_frame,
)

#: An HA socket up to the first status, which says none, and a CDB socket that says phase 2.
HA: list[Step] = [
    Expect(HELLO["ha"]),
    Send(ACCEPTED),
    Expect(TOKEN_FRAME),
    Expect(order_frame("status")),
    Send(answer("status none")),
]
CDB: list[Step] = [
    Expect(HELLO["cdb"]),
    Send(ACCEPTED),
    Expect(CDB_NAME_FRAME),
    Expect(bytes.fromhex(CLIENT["cdb"]["get_phase"])),
    Send(answer("phase", "cdb")),
]
PROMOTED: list[Step] = [Expect(order_frame("beprimary")), Send(answer("ok"))]


def promote(daemon: ScriptedDaemon) -> dict[str, Any]:
    where = {"token": TOKEN, "ip": daemon.ip, "port": daemon.port, "timeout": 5}
    return run_discreetly("ncs_ha_role", {**where, "role": "primary", "node_id": "n1"})


def test_an_order_that_had_no_effect_is_failed_though_it_was_answered_with_ok() -> None:
    unmoved: list[Step] = [Expect(order_frame("status")), Send(answer("status none"))]
    with ScriptedDaemon([*HA, *PROMOTED, *unmoved], CDB) as daemon:
        result = promote(daemon)
    assert result["failed"] is True
    assert result["outcome"] == "failed"
    assert result["changed"] is False
    assert result["transitions"] == ["beprimary"]
    assert result["after"]["role"] == "none"
    assert "answered with ok" in result["msg"]
    assert "not in the wanted state" in result["msg"]


def test_a_node_that_cannot_be_asked_after_its_ok_is_unknown() -> None:
    with ScriptedDaemon([*HA, *PROMOTED, Close()], CDB, [Close()]) as daemon:
        result = promote(daemon)
    assert result["failed"] is True
    assert result["outcome"] == "unknown"
    assert result["changed"] is True, "nobody can say that it did not happen"
    assert result["after"] is None
    assert result["error"]["name"] == "EOF"
    assert "Reading the status after the orders failed" in result["msg"]
    assert "did not answer when asked again" in result["msg"]
