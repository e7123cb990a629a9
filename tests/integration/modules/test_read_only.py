# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ncs_ha_read_only: the order is given every time, and what an operation has set is marked."""

from __future__ import annotations

import pytest
from helpers import wire
from helpers.recording_proxy import RecordingProxy
from helpers.secrecy import run_discreetly
from helpers.stage import NONE, PRIMARY, Stage
from helpers.state_directory import StateDirectory
from helpers.until import until
from ncs_sim.handle import NodeError

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
    assert (mark["run"], mark["operation"]) == ("a", "switchover")
    renewed = directory.lock()
    assert renewed is not None
    assert renewed["expires"] > held["expires"]
    assert stage.read_only(False, operation=directory.option(), check=True)["changed"] is True
    assert directory.mark() == mark
    assert stage.read_only(False, operation=directory.option())["outcome"] == "done"
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
    result = stage.read_only(False, operation=directory.option())
    assert result["failed"] is True
    assert (result["changed"], result["outcome"]) == (True, "done")
    assert "was carried out" in result["msg"]
    assert "its mark stays: cannot remove" in result["msg"]
    assert writable(stage)
