# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the state directories of the nodes say: locks, marks and promotion histories together."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import Promotion, promotion_from
from ansible_collections.nso.ha.plugins.plugin_utils._run import stored
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import OBSERVATION
from ansible_collections.nso.ha.plugins.plugin_utils._run.stored import Stored
from helpers.cases import (
    Result,
    directory,
    every_run_is_gone,
    lock,
    promotion,
    results,
    said,
)

#: The lock of another run, on n1.
OTHER = lock("r1")


def entry(number: int, primary: str = "id1") -> Result:
    return promotion(number, primary, None, number).as_entry()


def read(
    *directories: Result | None, run_id: str = "mine", broken: str = "", gone: bool = False
) -> Stored:
    """Return what these directories say, of n1, n2 and so on; None is one that was not read."""
    hosts = [f"n{number}" for number, _content in enumerate(directories, 1)]
    looks = {
        host: said(run_id=run_id, state_directory=content)
        for host, content in zip(hosts, directories, strict=True)
        if content is not None
    }
    return stored.read(hosts, results({OBSERVATION: looks}, run_id), broken, lambda _process: gone)


def test_where_nothing_is_stored_nothing_stands_in_the_way() -> None:
    state_directories = read(directory(), None)
    assert state_directories == Stored(state_directories.history)
    assert not state_directories.history


def test_the_lock_of_a_living_run_stands_in_the_way_and_names_all_its_hosts_once() -> None:
    state_directories = read(directory(lock=OTHER), directory(), directory(lock=OTHER))
    assert state_directories.locked == (
        "ada@here has been running switchover since noon and holds the lock on n1, n3, which is "
        "valid until one unless it is renewed. Wait for that run. If it is truly gone, "
        "nso_ha_break_lock=r1 breaks its lock",
    )
    assert (state_directories.replace, state_directories.unfinished, state_directories.held) == (
        (),
        {},
        {},
    )


def test_a_lock_that_cannot_be_read_stands_in_the_way_and_is_not_told_as_damage() -> None:
    problem = "cannot look into /state: Permission denied. Hint: become root."
    unread = directory(damaged=[problem], lock_problem=problem)
    # Breaking it by its id, or finding its process gone, takes having read it.
    for broken, gone in (("", False), ("r1", True)):
        state_directories = read(directory(), unread, broken=broken, gone=gone)
        assert state_directories.locked == (
            "n2: a run may hold its lock, which cannot be read: cannot look into /state: "
            "Permission denied. Hint: become root",
        )
        assert not state_directories.incomplete


def test_a_lock_that_cannot_be_read_is_of_no_account_where_no_daemon_runs() -> None:
    unread = directory(damaged=["x"], lock_problem="x")
    for running, locked in ((False, 0), (None, 1), (True, 1)):
        look = said(failed=True, msg="m", daemon={"running": running}, state_directory=unread)
        known = results({OBSERVATION: {"n1": look}})
        state_directories = stored.read(["n1"], known, "", every_run_is_gone)
        assert len(state_directories.locked) == locked


def test_a_run_in_the_way_is_told_with_whom_it_made_read_only_and_since_when() -> None:
    mark = {"run_id": "r1", "operation": "switchover", "at": "five past noon"}
    state_directories = read(directory(lock=OTHER, read_only=mark), directory(lock=OTHER))
    (text,) = state_directories.locked
    assert "It made n1 read-only at five past noon, so no client can write there." in text


def test_a_lock_whose_times_are_in_doubt_stands_in_the_way_and_says_how_to_break_it() -> None:
    doubted = {**OTHER, "doubt": "by the clock of its host it was taken 7200 s in the future"}
    (text,) = read(directory(lock=doubted)).locked
    assert "The times of that lock are in doubt: by the clock of its host it was taken" in text
    assert "Wait for that run" not in text
    assert "nso_ha_break_lock=r1 breaks its lock" in text
    assert read(directory(lock=doubted), broken="r1").replace == ("r1",)


def test_what_must_not_be_relied_on_and_who_can_change_it_is_told_once_with_its_hosts() -> None:
    text = "/state/promotions.jsonl, line 1: it has format 2."
    unusable = directory(unusable=[text], exposed=["group id 5 can write to /state"])
    state_directories = read(unusable, directory(), unusable, None)
    assert state_directories.unusable == (
        "n1, n3: /state/promotions.jsonl, line 1: it has format 2",
    )
    assert state_directories.exposed == ("n1, n3: group id 5 can write to /state",)
    assert not state_directories.incomplete


def test_what_other_users_can_change_forbids_nothing_where_the_daemon_does_not_run() -> None:
    open_to_all = directory(untrusted=["every user of the host can write to /state."])
    text = "every user of the host can write to /state"
    looks = {
        "n1": said(failed=True, daemon={"running": False}, state_directory=open_to_all),
        "n2": said(failed=True, daemon={"running": None}, state_directory=open_to_all),
    }
    state_directories = stored.read(
        list(looks), results({OBSERVATION: looks}), "", lambda _process: False
    )
    assert state_directories.unusable == (f"n2: {text}",)
    assert state_directories.exposed == (f"n1: {text}",)


def test_keys_of_a_promotion_that_are_not_known_reach_the_nodes_that_lack_them() -> None:
    known, more = entry(1), {**entry(1), "site": {"name": "west"}}
    for directories in ((known, more), (more, known)):
        state_directories = read(*(directory(promotions=[of]) for of in directories))
        assert [promotion.as_entry() for promotion in state_directories.history.all] == [more]
        assert not state_directories.incomplete


def test_an_id_that_no_lock_has_is_told_with_those_that_there_are() -> None:
    first, _second = read(directory(lock=OTHER), broken="r2").locked
    assert first == "nso_ha_break_lock is 'r2', and no node has a lock of that id; there are r1"
    # Once it is broken, the same command may be given again.
    assert not read(directory(), broken="r2").locked


def test_the_own_lock_does_not() -> None:
    state_directories = read(directory(lock=OTHER), directory(), run_id="r1")
    assert (state_directories.locked, state_directories.replace, state_directories.unfinished) == (
        (),
        (),
        {},
    )
    assert state_directories.held == {"n1": OTHER}


@pytest.mark.parametrize(
    ("content", "broken", "gone"),
    [({**OTHER, "expired": True}, "", False), (OTHER, "r1", False), (OTHER, "", True)],
)
def test_a_lock_that_is_expired_or_broken_or_of_a_run_that_is_gone_may_be_replaced(
    content: Result, broken: str, gone: bool
) -> None:
    state_directories = read(
        directory(lock=content), directory(lock=content), broken=broken, gone=gone
    )
    assert (state_directories.locked, state_directories.replace) == ((), ("r1",))
    assert state_directories.unfinished == {"switchover": "r1"}


def test_breaking_one_lock_breaks_no_other() -> None:
    state_directories = read(directory(lock=OTHER), directory(lock=lock("r2")), broken="r2")
    assert state_directories.replace == ("r2",)
    assert len(state_directories.locked) == 1
    assert "nso_ha_break_lock=r1" in state_directories.locked[0]


def test_a_mark_tells_which_operation_is_unfinished_unless_its_run_lives() -> None:
    mark = {"operation": "switchover", "run_id": "r1", "at": "noon"}
    assert read(directory(read_only=mark)).unfinished == {"switchover": "r1"}
    assert read(directory(read_only=mark), directory(lock=OTHER)).unfinished == {}


def test_the_history_is_what_any_node_knows_and_it_is_told_which_lacks_what() -> None:
    first, second = entry(1), entry(2, "id2")
    state_directories = read(
        directory(promotions=[first, second]), directory(promotions=[first]), directory(), None
    )
    assert [entry.number for entry in state_directories.history.all] == [1, 2]
    assert state_directories.incomplete == {
        "n2": "its promotion history lacks 1 of 2 promotions",
        "n3": "its promotion history lacks 2 of 2 promotions",
    }


def test_two_nodes_may_each_know_what_the_other_does_not() -> None:
    state_directories = read(directory(promotions=[entry(1)]), directory(promotions=[entry(2)]))
    assert len(state_directories.history.all) == 2
    assert set(state_directories.incomplete) == {"n1", "n2"}


def test_a_damaged_history_is_told_even_if_nothing_is_missing() -> None:
    state_directories = read(directory(promotions=[entry(1)], damaged=["line 2", "line 3"]))
    assert state_directories.incomplete == {"n1": "its state directory is damaged (line 2; line 3)"}


def test_a_thousand_nodes_that_know_the_same_are_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[object] = []

    def counting(entry: Result) -> Promotion:
        counted.append(entry)
        return promotion_from(entry)

    monkeypatch.setattr(stored, "promotion_from", counting)
    state_directories = read(
        *(directory(promotions=[entry(1), entry(2)]) for _number in range(1000))
    )
    assert len(counted) == 2
    assert len(state_directories.history.all) == 2
