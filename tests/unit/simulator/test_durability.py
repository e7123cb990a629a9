# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was acknowledged is on disk, whatever happens next."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ncs_sim import store as store_module
from ncs_sim.cluster import Cluster, NodeError, NodeHandle
from ncs_sim.errors import StoreError
from ncs_sim.store import Store
from ncs_sim.txid import TxId

Up = Callable[..., Cluster]


def write_until_it_fails(node: NodeHandle, first: int, acknowledged: list[int]) -> None:
    index = first
    while True:
        try:
            node.write(f"k{index}", str(index))
        except NodeError:
            return
        acknowledged.append(index)
        index += 1


def test_a_killed_node_comes_back_with_a_prefix_that_has_every_acknowledged_write(up: Up) -> None:
    node = up().node("n1")
    first = 0
    for seconds in (0.05, 0.15, 0.3):
        acknowledged: list[int] = []
        writer = threading.Thread(target=write_until_it_fails, args=(node, first, acknowledged))
        writer.start()
        time.sleep(seconds)
        node.kill()
        writer.join()
        node.start()
        data = node.dump()
        assert acknowledged
        assert len(data) >= acknowledged[-1] + 1
        assert data == {f"k{index}": str(index) for index in range(len(data))}
        first = len(data)


def test_a_killed_primary_leaves_every_acknowledged_write_on_its_secondary(
    replicating: Up,
) -> None:
    cluster = replicating(2)
    acknowledged: list[int] = []
    arguments = (cluster.node("n1"), 0, acknowledged)
    writer = threading.Thread(target=write_until_it_fails, args=arguments)
    writer.start()
    time.sleep(0.3)
    cluster.node("n1").kill()
    writer.join()
    assert acknowledged
    assert {f"k{index}" for index in acknowledged} <= set(cluster.node("n2").dump())


def test_a_fresh_node_keeps_the_id_of_its_first_start(up: Up) -> None:
    node = up().node("n1")
    before = node.status()["txid"]
    node.kill()
    node.start()
    assert node.status()["txid"] == before


def test_a_log_cut_anywhere_gives_the_commits_before_the_cut(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ends = [0]
    log = tmp_path / "log.1"
    for index in range(4):
        store.commit(TxId("n1", 10**16 + index), {f"k{index}": "v" * index})
        ends.append(log.stat().st_size)
    store.close()
    content = log.read_bytes()
    for cut in range(len(content) + 1):
        log.write_bytes(content[:cut])
        again = Store(tmp_path)
        whole = sum(end <= cut for end in ends) - 1
        assert list(again.data) == [f"k{index}" for index in range(whole)]
        again.commit(TxId("n1", 10**17), {"after": "cut"})
        again.close()
        final = Store(tmp_path)
        assert final.data["after"] == "cut"
        final.close()


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_replacement_that_fails_leaves_the_old_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = Store(tmp_path)
    store.commit(TxId("n1", 10**16), {"old": "data"})

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(StoreError):
            store.replace(TxId("n2", 10**16), {"new": "data"})
    assert store.data == {"old": "data"}
    store.commit(TxId("n1", 10**16 + 1), {"more": "data"})
    store.close()
    assert Store(tmp_path).data == {"old": "data", "more": "data"}


def test_a_commit_that_fails_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.commit(TxId("n1", 10**16), {"a": "1"})
    calls = []

    def fail_once(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            raise OSError(5, "Input/output error")
        os.fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail_once)
        with pytest.raises(StoreError):
            store.commit(TxId("n1", 10**16 + 1), {"b": "2"})
        store.commit(TxId("n1", 10**16 + 2), {"c": "3"})
    store.close()
    assert Store(tmp_path).data == {"a": "1", "c": "3"}


def test_ids_increase_strictly_even_when_the_clock_stands_still_or_goes_back(
    tmp_path: Path,
) -> None:
    times = iter([100, 100, 50])
    store = Store(tmp_path, now=lambda: next(times))
    made = [store.txid]
    for _unused in range(2):
        made.append(store.next_txid("n1"))
        store.commit(made[-1], {})
    assert [txid.micros for txid in made] == [100, 101, 102]
    store.close()


def test_a_long_log_is_compacted_and_stays_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "COMPACT_AT", 500)
    store = Store(tmp_path)
    for index in range(50):
        store.commit(TxId("n1", 10**16 + index), {f"k{index}": "v"})
    store.close()
    assert sum(1 for _unused in tmp_path.glob("log.*")) == 1
    assert len(Store(tmp_path).data) == 50
