# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_read_only: the order is given every time, and what an operation has set is marked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers import vectors, wire
from helpers.recording_proxy import RecordingProxy
from helpers.scripted_daemon import Close, Expect, Script, ScriptedDaemon, Send
from helpers.secrecy import run_discreetly
from helpers.stage import NONE, PRIMARY, Stage
from helpers.state_directory import StateDirectory
from helpers.until import until
from helpers.vectors import ACCEPTED, CDB_NAME_FRAME, HELLO, framed
from ncs_sim.handle import NodeError
from ncs_sim.terms import encode

#: Kinds of clients, and a request; docs/protocol.md.
CDB, MAAPI = 5, 7
SET_READ_ONLY = 229


def writable(stage: Stage) -> bool:
    """Whether the node takes writes."""
    try:
        stage.subject.write("written", "now")
    except NodeError:
        return False
    return True


@pytest.mark.parametrize("start", [NONE, PRIMARY])
def test_nobody_writes_to_a_read_only_node_until_it_is_lifted(stage: Stage, start: str) -> None:
    stage.put(start)
    for flag in (True, False):
        foreseen = stage.read_only(flag, check=True)
        assert foreseen["changed"] is True
        assert (foreseen["outcome"], foreseen["times"]) == ("done", [])
        assert writable(stage) is flag, "check mode gave an order"
        for _again in range(2):
            done = stage.read_only(flag)
            assert done["changed"] is True
            assert done["outcome"] == "done"
            assert [timed["order"] for timed in done["times"]] == ["read_only"]
            assert done["txid"]["timestamp"] == list(stage.subject.status()["txid"]["timestamp"])
            assert writable(stage) is not flag


@pytest.mark.parametrize("given", [{}, {"token": ""}, {"token": "not the one of the cluster"}])
def test_a_token_is_accepted_and_ignored(stage: Stage, given: dict[str, str]) -> None:
    stage.put(PRIMARY)
    connection = {key: value for key, value in stage.connection().items() if key != "token"}
    for flag in (True, False):
        options = {**connection, **given, "read_only": flag}
        assert run_discreetly("ncs_ha_read_only", options)["outcome"] == "done"
        assert writable(stage) is not flag


def test_the_ha_socket_is_left_alone(stage: Stage, proxy: RecordingProxy) -> None:
    stage.put(PRIMARY)
    proxy.start_anew()
    for check in (False, True):
        options = {**stage.connection(read_only=True), "ip": proxy.ip}
        run_discreetly("ncs_ha_read_only", options, check=check)
    until(lambda: proxy.open_now == 0, what="all connections closed")
    kinds = {connection.sent[0] for connection in proxy.connections}
    assert kinds == {CDB, MAAPI}
    orders = [
        int.from_bytes(payload[:4], "big")
        for connection in proxy.connections
        if connection.sent[0] == MAAPI
        for payload in wire.frames(bytes(connection.sent))
    ]
    assert orders == [SET_READ_ONLY], "check mode gave an order"


def test_the_mark_is_there_as_long_as_the_mode(stage: Stage, directory: StateDirectory) -> None:
    stage.put(PRIMARY)
    held = directory.begin()["lock"]
    assert stage.read_only(True, operation=directory.option(), check=True)["changed"] is True
    assert directory.mark() is None
    assert stage.read_only(True, operation=directory.option())["outcome"] == "done"
    mark = directory.mark()
    assert mark is not None
    assert (mark["run_id"], mark["operation"]) == ("a", "switchover")
    renewed = directory.lock()
    assert renewed is not None
    assert renewed["expires"] > held["expires"]
    lift = directory.option(step="second")
    assert stage.read_only(False, operation=lift, check=True)["changed"] is True
    assert directory.mark() == mark
    assert stage.read_only(False, operation=lift)["outcome"] == "done"
    assert directory.mark() is None


def test_the_mark_has_the_name_that_the_task_says(stage: Stage, directory: StateDirectory) -> None:
    stage.put(PRIMARY)
    directory.begin()
    stage.read_only(True, operation=directory.option(name="failover"))
    mark = directory.mark()
    assert mark is not None
    assert mark["operation"] == "failover"


def test_without_a_mark_no_node_is_made_read_only(stage: Stage, directory: StateDirectory) -> None:
    stage.put(PRIMARY)
    directory.begin()
    (directory.path / "read_only.json.new").mkdir()
    result = stage.read_only(True, operation=directory.option())
    assert result["outcome"] == "failed"
    assert (result["changed"], result["times"]) == (False, [])
    assert f"cannot write {directory.path}/read_only.json" in result["msg"]
    assert writable(stage)


def test_a_mark_that_cannot_be_removed_is_told_and_the_order_was_given(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.begin()
    stage.read_only(True, operation=directory.option())
    (directory.path / "read_only.json").unlink()
    (directory.path / "read_only.json").mkdir()
    result = stage.read_only(False, operation=directory.option(step="second"))
    assert result["failed"] is True
    assert (result["changed"], result["outcome"]) == (True, "done")
    assert "was carried out" in result["msg"]
    assert "its mark stays: cannot remove" in result["msg"]
    assert writable(stage)


def refusing(maapi_answer: Send | Close) -> ScriptedDaemon:
    """A daemon that does not carry out the order, and then tells its transaction id."""
    order = framed(b"\0\0\0\xe5" + encode(1))
    maapi: Script = [Expect(HELLO["maapi"]), Send(ACCEPTED), Expect(order), maapi_answer]
    cdb: Script = [
        *(Expect(HELLO["cdb"]), Send(ACCEPTED), Expect(CDB_NAME_FRAME)),
        *(Expect(framed(b"\0\0\0\x42")), Send(vectors.answer("txid in a cluster", "cdb"))),
    ]
    return ScriptedDaemon(maapi, cdb)


def run_against(daemon: ScriptedDaemon, operation: dict[str, Any]) -> dict[str, Any]:
    return run_discreetly(
        "ncs_ha_read_only",
        {
            "ip": daemon.ip,
            "port": daemon.port,
            "read_only": True,
            "operation": operation,
        },
    )


REFUSED = Send(framed(b"\x80\0\0\xe5" + (18).to_bytes(4, "big") + encode(b"not now\0")))


def test_a_refused_order_leaves_no_mark(directory: StateDirectory) -> None:
    directory.begin()
    with refusing(REFUSED) as daemon:
        result = run_against(daemon, directory.option())
    assert result["failed"] is True
    assert (result["changed"], result["outcome"]) == (False, "failed")
    assert result["error"]["name"] == "INTERNAL"
    assert "not now" in result["msg"]
    assert result["txid"]["primary_id"] == "n1"
    assert directory.mark() is None


def test_a_refused_order_leaves_the_mark_that_was_there(directory: StateDirectory) -> None:
    mark = {"run_id": "earlier", "operation": "failover", "at": "then"}
    directory.begin()
    (directory.path / "read_only.json").write_text(json.dumps(mark))
    with refusing(REFUSED) as daemon:
        run_against(daemon, directory.option())
    assert directory.mark() == mark


def test_an_order_without_an_answer_keeps_its_mark(directory: StateDirectory) -> None:
    directory.begin()
    with refusing(Close()) as daemon:
        result = run_against(daemon, directory.option())
    assert result["failed"] is True
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert result["error"]["name"] == "EOF"
    assert "may still be carried out" in result["msg"]
    mark = directory.mark()
    assert mark is not None
    assert mark["run_id"] == "a"
