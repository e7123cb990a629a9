# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes keep between runs: locks, marks and records, put together."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import Promotion, promotion_from
from ansible_collections.nso.ha.plugins.plugin_utils._run.kept import Kept, kept

Result = dict[str, Any]

LOCK: Result = {
    "id": "r1",
    "operation": "switchover",
    "owner": "ada@here",
    "process": {"pid": 7},
    "taken": "noon",
    "expires": "one",
    "expired": False,
}


def entry(epoch: int, primary: str = "id1") -> Result:
    return {
        "epoch": epoch,
        "primary": primary,
        "txid": None,
        "start": [0, epoch, 0],
        "at": "noon",
        "operation": "converge",
        "run": "r0",
    }


def on_node(**what: object) -> Result:
    return {"lock": None, "timeline": [], "read_only": None, "damaged": [], **what}


def look(*nodes: Result | None, run: str = "mine", broken: str = "", gone: bool = False) -> Kept:
    hosts = {
        f"n{number}": {"__nso_ha_observed": {} if one is None else {"kept": one}}
        for number, one in enumerate(nodes, 1)
    }
    return kept(hosts, hosts, run, broken, lambda _process: gone)


def test_where_nothing_is_kept_nothing_stands_in_the_way() -> None:
    found = look(on_node(), None)
    assert found == Kept(found.record)
    assert not found.record


def test_the_lock_of_a_living_run_stands_in_the_way_and_names_all_its_hosts_once() -> None:
    found = look(on_node(lock=LOCK), on_node(), on_node(lock=LOCK))
    assert found.locked == (
        "ada@here runs switchover since noon and holds the lock on n1, n3, which is valid until "
        "one unless it is renewed. Wait for that run. If it is truly gone, run this with "
        "nso_ha_break_lock=r1",
    )
    assert (found.replace, found.unfinished) == ((), {})


def test_the_own_lock_does_not() -> None:
    found = look(on_node(lock=LOCK), run="r1")
    assert (found.locked, found.replace, found.unfinished) == ((), (), {})


@pytest.mark.parametrize(
    ("lock", "broken", "gone"),
    [({**LOCK, "expired": True}, "", False), (LOCK, "r1", False), (LOCK, "", True)],
)
def test_a_lock_that_is_expired_or_broken_or_of_a_run_that_is_gone_may_be_replaced(
    lock: Result, broken: str, gone: bool
) -> None:
    found = look(on_node(lock=lock), on_node(lock=lock), broken=broken, gone=gone)
    assert (found.locked, found.replace) == ((), ("r1",))
    assert found.unfinished == {"switchover": "r1"}


def test_breaking_one_lock_breaks_no_other() -> None:
    found = look(on_node(lock=LOCK), on_node(lock={**LOCK, "id": "r2"}), broken="r2")
    assert found.replace == ("r2",)
    assert len(found.locked) == 1
    assert "nso_ha_break_lock=r1" in found.locked[0]


def test_a_mark_tells_which_operation_is_unfinished() -> None:
    mark = {"operation": "switchover", "run": "r1", "at": "noon"}
    assert look(on_node(read_only=mark)).unfinished == {"switchover": "r1"}


def test_the_record_is_what_any_node_knows_and_who_lacks_what_is_told() -> None:
    one, two = entry(1), entry(2, "id2")
    found = look(on_node(timeline=[one, two]), on_node(timeline=[one]), on_node(), None)
    assert [epoch.number for epoch in found.record.all] == [1, 2]
    assert found.lacking == {
        "n2": "its record lacks 1 of 2 promotions",
        "n3": "its record lacks 2 of 2 promotions",
    }


def test_two_nodes_may_each_know_what_the_other_does_not() -> None:
    found = look(on_node(timeline=[entry(1)]), on_node(timeline=[entry(2)]))
    assert len(found.record.all) == 2
    assert set(found.lacking) == {"n1", "n2"}


def test_a_damaged_record_is_told_even_if_nothing_is_missing() -> None:
    found = look(on_node(timeline=[entry(1)], damaged=["line 2", "line 3"]))
    assert found.lacking == {"n1": "its record is damaged (line 2; line 3)"}


def test_a_thousand_nodes_that_know_the_same_are_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[object] = []

    def counted(one: Result) -> Promotion:
        read.append(one)
        return promotion_from(one)

    module = "ansible_collections.nso.ha.plugins.plugin_utils._run.kept"
    monkeypatch.setattr(f"{module}.epoch_from", counted)
    found = look(*(on_node(timeline=[entry(1), entry(2)]) for _number in range(1000)))
    assert len(read) == 2
    assert len(found.record.all) == 2
