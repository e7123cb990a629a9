# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load generator on simulated nodes: what it must find, and what it must not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.load import CLEAN, UNCLEAR, USAGE, VIOLATED, Load
from helpers.until import until
from ncs_sim.cli import main
from ncs_sim.cluster import Cluster, NodeError
from ncs_sim.raw_client import RawClient

Up = Callable[..., Cluster]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history"


def beprimary(cluster: Cluster, name: str) -> None:
    with RawClient.ha(cluster.node(name), cluster.token) as client:
        client.beprimary(name)


def besecondary(cluster: Cluster, name: str, primary: str) -> None:
    with RawClient.ha(cluster.node(name), cluster.token) as client:
        client.besecondary(name, primary, cluster.node(primary).address)


def benone(cluster: Cluster, name: str) -> None:
    with RawClient.ha(cluster.node(name), cluster.token) as client:
        client.benone()


def judged_again(history: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """What `ncs-sim judge` says: its status and its text."""
    return main(["judge", str(history)]), capsys.readouterr().out


def test_only_a_primary_takes_a_write_as_primary_and_says_in_which_epoch(up: Up) -> None:
    cluster = up(1)
    node = cluster.node("n1")
    with pytest.raises(NodeError, match="not primary but none") as caught:
        node.write_as_primary("key", "value")
    assert caught.value.code == 17
    assert node.dump() == {}
    beprimary(cluster, "n1")
    first, second = (node.write_as_primary("key", value) for value in ("1", "2"))
    assert (first["run"], first["epoch"]) == (second["run"], second["epoch"])
    assert node.status()["txid"] == second["txid"]
    benone(cluster, "n1")
    beprimary(cluster, "n1")
    third = node.write_as_primary("key", "3")
    assert third["epoch"] > second["epoch"]
    node.kill()
    node.start()
    beprimary(cluster, "n1")
    assert node.write_as_primary("key", "4")["run"] != third["run"]
    snapshot = node.snapshot()
    assert snapshot["data"] == {"key": "4"}
    assert snapshot["status"]["role"] == "primary"


def test_a_planned_change_of_primary_is_clean(
    replicating: Up, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = replicating(2)
    with Load(cluster.directory, history) as load:
        load.until_acknowledged(10, by="n1")
        benone(cluster, "n1")
        beprimary(cluster, "n2")
        besecondary(cluster, "n1", "n2")
        load.until_acknowledged(10, by="n2")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    verdict = judged.verdict
    assert verdict["verdict"] == "clean"
    assert (verdict["primaries"], verdict["members"]) == (["n2"], ["n1", "n2"])
    assert verdict["settled"] is True
    assert verdict["counts"]["acknowledged"] >= 20
    assert verdict["counts"]["refused"] >= 10
    status, text = judged_again(history, capsys)
    assert status == CLEAN
    assert text.endswith("verdict: clean\n")


def test_two_primaries_are_found_and_named_with_the_time(
    replicating: Up, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = replicating(2)
    with Load(cluster.directory, history, settle=0) as load:
        load.until_acknowledged(5, by="n1")
        before = time.monotonic()
        beprimary(cluster, "n2")
        load.until_acknowledged(5, by="n2")
        load.until_acknowledged(1, by="n1")
        benone(cluster, "n1")
        after = time.monotonic()
        # Healed before the end, so that only what was written can tell.
        besecondary(cluster, "n1", "n2")
        judged = load.finish()
    assert judged.status == VIOLATED, judged.text
    (overlap,) = judged.verdict["two_primaries"]
    assert sorted(overlap["nodes"]) == ["n1", "n2"]
    assert overlap["throughout"] is True
    assert before <= overlap["first"] <= overlap["last"] <= after
    # What n1 took meanwhile is gone, too.
    assert judged.verdict["lost"]
    assert {lost["node"] for lost in judged.verdict["lost"]} == {"n1"}
    assert all(lost["on"] == [] for lost in judged.verdict["lost"])
    status, text = judged_again(history, capsys)
    assert status == VIOLATED
    assert "TWO PRIMARIES: n1 and n2, from 20" in text
    assert "LOST: write " in text


@pytest.mark.parametrize("end", ["killed", "left", "replaced"])
def test_writes_that_only_the_old_primary_had_are_lost(
    end: str, up: Up, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = up(2)
    beprimary(cluster, "n1")
    with Load(cluster.directory, history) as load:
        load.until_acknowledged(3, by="n1")
        if end == "killed":
            cluster.node("n1").kill()
        else:
            benone(cluster, "n1")
        beprimary(cluster, "n2")
        if end == "replaced":
            besecondary(cluster, "n1", "n2")
        load.until_acknowledged(1, by="n2")
        judged = load.finish()
        written = {line["number"] for line in load.acknowledged(by="n1")}
    assert judged.status == VIOLATED, judged.text
    assert {lost["number"] for lost in judged.verdict["lost"]} == written
    assert not judged.verdict["two_primaries"]
    for lost in judged.verdict["lost"]:
        assert lost["node"] == "n1"
        assert lost["on"] == (["n1"] if end == "left" else [])
        assert lost["missing_on"] == (["n2", "n1"] if end == "replaced" else ["n2"])
    assert judged.verdict["unread"] == (["n1"] if end == "killed" else [])
    text = judged_again(history, capsys)[1]
    assert ("only on n1, not on n2" if end == "left" else "on no node that answered") in text


def test_a_primary_that_stands_still_for_a_while_loses_nothing(up: Up, history: Path) -> None:
    cluster = up(1)
    beprimary(cluster, "n1")
    node = cluster.node("n1")
    with Load(cluster.directory, history) as load:
        load.until_acknowledged(3)
        node.freeze()
        seen = len(load.attempts())
        until(lambda: _outcomes(load)[seen + 1 :].count("unsent") > 1, what="attempts meanwhile")
        node.thaw()
        load.until_acknowledged(3)
        judged = load.finish()
    assert judged.status == CLEAN, judged.text


def test_a_node_that_is_none_or_dead_is_left_alone(up: Up, history: Path) -> None:
    cluster = up(2)
    cluster.node("n2").kill()
    with Load(cluster.directory, history, settle=0) as load:
        until(lambda: {"refused", "unsent"} <= set(_outcomes(load)), what="both outcomes")
        judged = load.finish()
    assert judged.status == UNCLEAR, judged.text
    assert cluster.node("n1").dump() == {}
    assert judged.verdict["unread"] == ["n2"]
    assert len(judged.verdict["doubts"]) == 2


def test_a_value_that_the_load_did_not_write_is_unexpected(up: Up, history: Path) -> None:
    cluster = up(1)
    beprimary(cluster, "n1")
    with Load(cluster.directory, history) as load:
        load.until_acknowledged(1)
        prefix = f"load-{load.start['load']}-"
        node = cluster.node("n1")
        node.write(f"{prefix}999999", "999999")
        node.write(f"{prefix}1", "changed")
        node.write("of somebody else", "1")
        judged = load.finish()
    assert judged.status == VIOLATED, judged.text
    assert [one["number"] for one in judged.verdict["unexpected"]] == [999999, None]
    assert [one["number"] for one in judged.verdict["lost"]] == [1]


def test_the_history_of_a_load_that_was_killed_is_not_called_clean(
    up: Up, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = up(1)
    beprimary(cluster, "n1")
    with Load(cluster.directory, history) as load:
        load.until_acknowledged(3)
        load.process.kill()
    status, text = judged_again(history, capsys)
    assert status == UNCLEAR
    assert "cannot tell: there is no final read" in text


def test_a_load_ends_by_itself_after_so_many_seconds(
    up: Up, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = up(1)
    beprimary(cluster, "n1")
    where = ["--dir", str(cluster.directory), "--history", str(history)]
    assert main(["load", *where, "--seconds", "0.2", "--rate", "100", "--json"]) == CLEAN
    assert json.loads(capsys.readouterr().out)["counts"]["acknowledged"] >= 1
    assert main(["load", *where, "--seconds", "0.2"]) == USAGE
    assert "never overwritten" in capsys.readouterr().err


def test_wrong_usage_is_not_taken_for_a_violation(
    tmp_path: Path, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["load", "--dir", str(tmp_path), "--history", str(history)]) == USAGE
    assert main(["judge", str(history)]) == USAGE
    history.write_text('{"kind": "attempt"}\n')
    assert main(["judge", str(history)]) == USAGE
    assert capsys.readouterr().err.count("\n") == 3
    for option in ("--rate", "--seconds", "--timeout"):
        with pytest.raises(SystemExit) as caught:
            main(["load", "--dir", "d", "--history", "h", option, "0"])
        assert caught.value.code == USAGE


def _outcomes(load: Load) -> list[Any]:
    return [line["outcome"] for line in load.attempts()]
