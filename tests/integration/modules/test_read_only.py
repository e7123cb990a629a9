# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_read_only: an order where the mode is another, or not known; a mark on what a run sets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers import vectors, wire
from helpers.recording_proxy import RecordingProxy
from helpers.scripted_daemon import Close, Expect, Script, ScriptedDaemon, Send
from helpers.secrecy import run_discreetly
from helpers.simulated import Simulation
from helpers.stage import NONE, PRIMARY, Stage
from helpers.state_directory import StateDirectory
from helpers.until import until
from helpers.vectors import ACCEPTED, CDB_NAME_FRAME, HELLO, framed
from ncs_sim.handle import NodeError, NodeHandle
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
        for again in (False, True):
            done = stage.read_only(flag)
            # Before NSO 6.7, a node that refuses writes does not tell why, unless it is primary.
            given = not again or (start == NONE and flag)
            assert done["changed"] is given
            assert done["outcome"] == "done"
            assert [timed["order"] for timed in done["times"]] == ["read_only"] * given
            assert done["txid"]["timestamp"] == list(stage.subject.status()["txid"]["timestamp"])
            assert writable(stage) is not flag
            foreseen = stage.read_only(flag, check=True)
            assert foreseen["changed"] is (start == NONE and flag)


def run_on(node: NodeHandle, flag: bool, *, check: bool = False) -> dict[str, Any]:
    options = {"ip": node.ipc_address, "read_only": flag}
    return run_discreetly("ncs_ha_read_only", options, check=check)


def test_a_node_that_tells_its_mode_gets_an_order_only_where_it_differs(
    simulation: Simulation,
) -> None:
    node = simulation.node("told", release="6.7")
    for flag in (True, False):
        differs = {"before": not flag, "after": flag}
        shown = {when: {"read_only": mode} for when, mode in differs.items()}
        for check in (True, False):
            result = run_on(node, flag, check=check)
            assert (result["changed"], result["mode"]) == (True, differs)
            assert (result["diff"], "administrator" in result) == (shown, False)
            assert node.status()["readonly"] is (flag is not check)
        for check in (True, False):
            result = run_on(node, flag, check=check)
            assert (result["changed"], result["times"]) == (False, [])
            assert result["mode"] == {"before": flag, "after": flag}
            assert result["diff"]["before"] == result["diff"]["after"]


def test_a_node_that_does_not_tell_its_mode_gets_the_order_every_time(
    simulation: Simulation,
) -> None:
    node = simulation.node("untold", release="6.7", refuse_sessions=3)
    for flag in (True, True, False, False):
        result = run_on(node, flag)
        assert (result["changed"], result["outcome"]) == (True, "done")
        assert result["mode"] == {"before": None, "after": flag}
        assert node.status()["readonly"] is flag


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
    assert orders.count(SET_READ_ONLY) == 1, "check mode gave an order"


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


def administrators(result: dict[str, Any]) -> bool:
    """Whether the module says that it left the mode of an administrator alone."""
    assert (result["changed"], result["outcome"], result["times"]) == (False, "done", [])
    return bool(result["administrator"] and result["mode"] == {"before": True, "after": True})


def test_an_operation_leaves_the_mode_of_an_administrator_alone(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    stage.read_only(True)
    directory.begin()
    for check in (True, False):
        assert administrators(stage.read_only(True, operation=directory.option(), check=check))
    held = directory.lock()
    assert held is not None
    assert held["steps"] == ["second", "third"]
    assert directory.mark() is None
    for check in (True, False):
        lift = directory.option(step="second")
        assert administrators(stage.read_only(False, operation=lift, check=check))
    assert not writable(stage)


def test_what_an_interrupted_run_has_set_is_taken_over_and_lifted(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.begin("killed")
    stage.read_only(True, operation=directory.option("killed"))
    directory.begin(replace=["killed"])
    held = stage.read_only(True, operation=directory.option())
    assert (held["changed"], held["times"], held["administrator"]) == (False, [], False)
    mark = directory.mark()
    assert mark is not None
    assert mark["run_id"] == "a"
    lifted = stage.read_only(False, operation=directory.option(step="second"))
    assert (lifted["changed"], lifted["mode"]) == (True, {"before": True, "after": False})
    assert directory.mark() is None
    assert writable(stage)


def test_the_mark_of_a_daemon_that_has_lost_the_mode_is_removed_without_an_order(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.begin()
    stage.read_only(True, operation=directory.option())
    stage.read_only(False)
    lift = directory.option(step="second")
    for check in (True, False):
        assert directory.mark() is not None
        result = stage.read_only(False, operation=lift, check=check)
        assert (result["changed"], result["outcome"], result["times"]) == (False, "done", [])
    assert directory.mark() is None


def test_a_damaged_mark_is_not_replaced_where_the_mode_is_on(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    stage.read_only(True)
    directory.begin()
    (directory.path / "read_only.json").write_text("{")
    refused = stage.read_only(True, operation=directory.option())
    assert (refused["outcome"], refused["changed"]) == ("failed", False)
    assert "read_only.json is damaged" in refused["msg"]
    assert (directory.path / "read_only.json").read_text() == "{"


def refusing(maapi_answer: Send | Close) -> ScriptedDaemon:
    """A daemon that does not carry out the order, and then tells its transaction id."""
    order = framed(b"\0\0\0\xe5" + encode(1))
    maapi: Script = [Expect(HELLO["maapi"]), Send(ACCEPTED), Expect(order), maapi_answer]
    # It does not tell whether it is in the mode.
    untold: Script = [Expect(HELLO["maapi"]), Send(ACCEPTED), Close()]
    cdb: Script = [
        *(Expect(HELLO["cdb"]), Send(ACCEPTED), Expect(CDB_NAME_FRAME)),
        *(Expect(framed(b"\0\0\0\x42")), Send(vectors.answer("txid in a cluster", "cdb"))),
    ]
    return ScriptedDaemon(maapi, untold, cdb)


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
    mark = {"run_id": "earlier", "operation": "failover", "at": "then", "follower": True}
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
