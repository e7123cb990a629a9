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


def until_attempted(load: Load, name: str) -> None:
    """Wait until a node has been offered some more writes."""
    since = time.monotonic()
    until(lambda: len(load.attempts(by=name, since=since)) > 3, what="attempts meanwhile")


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


def test_a_node_that_is_left_out_gets_no_write_until_it_is_brought_back(
    up: Up, history: Path
) -> None:
    cluster = up(2)
    beprimary(cluster, "n1")
    with Load(cluster.directory, history) as load:
        load.until_acknowledged(3, by="n1")
        load.leave_out("n1", "n2")
        since = time.monotonic()
        data = cluster.node("n1").dump()
        until_attempted(load, "n1")
        meanwhile = load.attempts(since=since)
        assert cluster.node("n1").dump() == data
        load.bring_back("n1")
        load.until_acknowledged(3, by="n1")
        after = load.attempts(by="n2", since=since)
        judged = load.finish()
    for attempt in meanwhile + after:
        assert attempt["outcome"] == "unsent"
        assert attempt["reason"].startswith("left out by ")
    # It is still read, so what it took before is not lost.
    assert judged.status == CLEAN, judged.text
    assert judged.verdict["unread"] == []


def test_a_primary_that_no_client_reaches_while_another_takes_over_is_no_second_one(
    replicating: Up, history: Path
) -> None:
    cluster = replicating(2)
    with Load(cluster.directory, history) as load:
        load.until_acknowledged(3, by="n1")
        load.leave_out("n1")
        for one, other in (("n1", "n2"), ("n2", "n1")):
            cluster.node(one).cut(cluster.node(other))
        beprimary(cluster, "n2")
        load.until_acknowledged(3, by="n2")
        assert cluster.node("n1").status()["role"] == "primary"
        benone(cluster, "n1")
        load.bring_back("n1")
        for node in cluster.nodes:
            node.clear()
        besecondary(cluster, "n1", "n2")
        load.until_acknowledged(3, by="n2")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text


def test_only_the_nodes_that_were_named_are_written_to_and_all_are_read(
    replicating: Up, history: Path
) -> None:
    cluster = replicating(3)
    with Load(cluster.directory, history, nodes=["n1", "n3"]) as load:
        load.leave_out("n2")
        load.until_acknowledged(3, by="n1")
        until(lambda: bool(load.attempts(by="n3")), what="attempts on n3")
        assert load.attempts(by="n2") == []
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert judged.verdict["members"] == ["n1", "n2", "n3"]


def test_a_skip_file_that_cannot_be_read_leaves_out_everybody(
    up: Up, history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = up(1)
    beprimary(cluster, "n1")
    where = ["--dir", str(cluster.directory), "--history", str(history)]
    # A directory, which not even root can read as a file.
    assert main(["load", *where, "--seconds", "0.1", "--skip-file", str(tmp_path)]) == UNCLEAR
    assert cluster.node("n1").dump() == {}
    assert "cannot read" in history.read_text()


def test_the_gap_is_between_the_last_write_of_one_and_the_first_of_the_other(
    replicating: Up, history: Path
) -> None:
    cluster = replicating(2)
    with Load(cluster.directory, history) as load:
        gaps = []
        for old, new in (("n1", "n2"), ("n2", "n1"), ("n1", "n2")):
            begun = time.monotonic()
            load.until_acknowledged(3, by=old)
            since = time.monotonic()
            benone(cluster, old)
            none = time.monotonic()
            with pytest.raises(AssertionError, match=f"by {new}"):
                load.write_gap(old, new, since)
            until_attempted(load, new)
            again = time.monotonic()
            beprimary(cluster, new)
            besecondary(cluster, old, new)
            load.until_acknowledged(3, by=new)
            gaps.append((old, new, since, load.write_gap(old, new, since)))
            assert again - none < gaps[-1][-1] < time.monotonic() - begun
        # What came later changes nothing.
        assert [load.write_gap(old, new, since) for old, new, since, _gap in gaps] == [
            gap for *_rest, gap in gaps
        ]
        judged = load.finish()
    assert judged.status == CLEAN, judged.text


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


def test_a_node_that_does_not_exist_is_wrong_usage(
    up: Up, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--dir", str(up(1).directory), "--history", str(history)]
    assert main(["load", *where, "--nodes", "n1,n9"]) == USAGE
    assert "no node 'n9' here" in capsys.readouterr().err
    assert not history.exists()
    with pytest.raises(SystemExit) as caught:
        main(["load", *where, "--nodes", "n1,"])
    assert caught.value.code == USAGE


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
