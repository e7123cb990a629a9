# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging a history: no false alarm, and nothing missed that the history proves."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st
from ncs_sim.errors import SimError
from ncs_sim.history import Attempt, History, Outcome, Reading, Verdict, judge, settled
from ncs_sim.history_file import Recorder, load_history, parse
from ncs_sim.verdict import CLEAN, UNCLEAR, VIOLATED, as_json, as_text, status

NODES = ("n1", "n2", "n3")


def acknowledged(
    number: int, node: str, sent: float, answered: float, epoch: int = 1, run: str = "a"
) -> Attempt:
    return Attempt(number, node, sent, answered, Outcome.ACKNOWLEDGED, run, epoch)


def reading(node: str, role: str, numbers: Iterable[int], at: float, primary: str = "") -> Reading:
    """What a node of a whole cluster says: a primary lists all others."""
    others = tuple(f"{name}@" for name in NODES if name != node)
    return Reading(
        node=node,
        sent=at,
        answered=at + 0.5,
        run="a",
        epoch=99,
        role=role,
        own=f"{node}@",
        upstream=f"{primary}@" if primary else "",
        listed=others if role == "primary" else (),
        txid="t",
        numbers=frozenset(numbers),
    )


def whole(
    numbers: Iterable[int], at: float = 1e6, primary: str = "n1"
) -> tuple[tuple[Reading, ...], ...]:
    """Two rounds of a final read in which all nodes agree."""
    held = frozenset(numbers)
    return tuple(
        tuple(
            reading(node, "primary", held, moment)
            if node == primary
            else reading(node, "secondary", held, moment, primary)
            for node in NODES
        )
        for moment in (at, at + 1)
    )


def changed(history: History, node: str, **values: object) -> History:
    """The history with another final reading of one node, in both rounds."""
    rounds = tuple(
        tuple(replace(one, **values) if one.node == node else one for one in readings)  # type: ignore[arg-type]
        for readings in history.rounds
    )
    return replace(history, rounds=rounds)


@st.composite
def registers(draw: st.DrawFn) -> History:
    """Writes to a cluster that never fails: at each moment one node, at most, takes them.

    Time counts the commits. Each was sent some time before, and answered some time after, so that
    attempts overlap in any way; a thread per node is not assumed.
    """
    primary, epoch = "n1", 1
    attempts: list[Attempt] = []
    held: set[int] = set()
    steps = st.sampled_from(["write", "write", "write", "change", *Outcome])
    for number, step in enumerate(draw(st.lists(steps, max_size=30)), start=1):
        moment = 10.0 * number
        early, late = (draw(st.floats(0.1, 60)) for _unused in range(2))
        node = draw(st.sampled_from(NODES))
        outcome = step if isinstance(step, Outcome) else Outcome.ACKNOWLEDGED
        if step == "change":
            primary, epoch = node, epoch + 1
        elif outcome is Outcome.ACKNOWLEDGED:
            held.add(number)
            attempts.append(acknowledged(number, primary, moment - early, moment + late, epoch))
        else:
            attempts.append(Attempt(number, node, moment - early, moment + late, outcome))
            if outcome is Outcome.UNKNOWN and draw(st.booleans()):
                held.add(number)
    attempts.sort(key=lambda one: one.answered)
    rounds = whole(held, primary=primary)
    return History(NODES, tuple(attempts), rounds)


def acknowledged_of(history: History) -> list[int]:
    return [one.number for one in history.attempts if one.outcome is Outcome.ACKNOWLEDGED]


@repeatable
@given(registers())
def test_a_register_that_never_fails_is_clean(history: History) -> None:
    verdict = judge(history)
    assert not verdict.violated
    assert status(verdict) == (CLEAN if acknowledged_of(history) else UNCLEAR)
    assert verdict.settled


@repeatable
@given(registers(), st.data())
def test_a_write_that_the_primary_lacks_is_found(history: History, data: st.DataObject) -> None:
    numbers = acknowledged_of(history) or [0]
    number = data.draw(st.sampled_from(numbers))
    lacking = data.draw(st.sampled_from([*NODES, "all"]))
    for one in history.rounds[-1]:
        if lacking in (one.node, "all"):
            history = changed(history, one.node, numbers=one.numbers - {number})
    verdict = judge(history)
    assert [lost.attempt.number for lost in verdict.lost] == [n for n in numbers if n == number > 0]
    for lost in verdict.lost:
        left = [node for node in NODES if lacking not in (node, "all")]
        assert list(lost.on) == left
        assert sorted(lost.missing_on) == [node for node in NODES if node not in left]
    assert not verdict.unexpected
    assert not verdict.overlaps


@repeatable
@given(registers(), st.data())
def test_a_value_without_a_write_is_found(history: History, data: st.DataObject) -> None:
    node = data.draw(st.sampled_from(NODES))
    nobodys = [
        one.number for one in history.attempts if one.outcome in (Outcome.REFUSED, Outcome.UNSENT)
    ]
    number = data.draw(st.sampled_from([*nobodys, 1000]))
    held = history.rounds[-1][0].numbers
    verdict = judge(changed(history, node, numbers=held | {number}))
    assert [(one.node, one.number) for one in verdict.unexpected] == [(node, number)]
    assert not verdict.lost


@repeatable
@given(registers(), st.data())
def test_a_write_within_the_reign_of_another_node_is_found(
    history: History, data: st.DataObject
) -> None:
    """Or two that are not, one before its end and one after its beginning."""
    first = acknowledged(1001, "n1", 1000, 1001, epoch=50)
    last = acknowledged(1002, "n1", 1010, 1011, epoch=50)
    if data.draw(st.booleans()):
        others = [acknowledged(1003, "n2", 1001 + data.draw(st.floats(0, 9)), 1010)]
    else:
        others = [
            acknowledged(1003, "n2", data.draw(st.floats(900, 1000)), 1010),
            acknowledged(1004, "n2", 1001 + data.draw(st.floats(0, 100)), 1200),
        ]
    others = [replace(one, epoch=51) for one in others]
    attempts = (*history.attempts, first, *others, last)
    held = history.rounds[-1][0].numbers | {1001, 1002, *(one.number for one in others)}
    primary = next(one.node for one in history.rounds[-1] if one.role == "primary")
    verdict = judge(replace(history, attempts=attempts, rounds=whole(held, primary=primary)))
    (overlap,) = verdict.overlaps
    assert set(overlap.nodes) == {"n1", "n2"}
    assert 1000 <= overlap.first <= overlap.last <= 1011
    assert not verdict.lost
    assert status(verdict) == VIOLATED


windows = st.tuples(st.integers(0, 6), st.integers(1, 3)).map(lambda pair: (pair[0], sum(pair)))


@repeatable
@given(*(st.lists(windows, min_size=1, max_size=3) for _unused in range(2)))
def test_two_primaries_are_found_exactly_where_nothing_else_is_possible(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    """Compared with a trial of all moments at which the writes may have been made."""
    numbers = itertools.count(1)
    attempts = [
        acknowledged(next(numbers), node, *window)
        for node, chosen in (("n1", one), ("n2", other))
        for window in chosen
    ]
    found = judge(History(NODES, tuple(attempts))).overlaps
    assert bool(found) == all(
        max(mine) >= min(theirs) and max(theirs) >= min(mine)
        for mine in itertools.product(*map(_moments, one))
        for theirs in itertools.product(*map(_moments, other))
    )


def _moments(window: tuple[int, int]) -> range:
    return range(window[0], window[1] + 1)


@repeatable
@given(registers())
def test_a_history_is_read_as_it_was_written(history: History) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "history"
        with Recorder(path, "load", NODES) as recorder:
            for attempt in history.attempts:
                recorder.attempt(attempt)
            unfinished = load_history(path)
            recorder.end(history.rounds)
        found = load_history(path)
        assert parse(path.read_text()[:-1]).rounds == ()
    assert replace(found, wall=0.0, started=0.0) == history
    assert replace(unfinished, wall=0.0, started=0.0) == replace(history, rounds=())
    assert judge(unfinished).doubts[-1] == "there is no final read"


def test_what_is_not_a_history_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history"
    start = '{"kind": "start", "load": "x", "nodes": ["n1"], "wall": 1, "monotonic": 1}\n'
    for text in (
        "",
        start[:-1],
        "nonsense\n",
        "[]\n",
        '{"kind": "end", "rounds": 0}\n',
        start + '{"kind": "attempt", "number": 1}\n',
        start + '{"rounds": 0}\n',
    ):
        path.write_text(text)
        with pytest.raises(SimError, match="is not the history of a load"):
            load_history(path)


# What stands for itself


def one_write(*rounds: Sequence[Reading]) -> Verdict:
    """Write 1 was acknowledged by n1."""
    return judge(History(NODES, (acknowledged(1, "n1", 1, 2),), tuple(map(tuple, rounds))))


def test_a_planned_change_of_primary_with_answers_that_come_late_is_clean() -> None:
    attempts = (
        acknowledged(1, "n1", 1, 2),
        acknowledged(2, "n1", 3, 9),  # made before the change, answered long after it
        acknowledged(3, "n2", 2, 6),  # sent before the change, made after it
        acknowledged(4, "n2", 7, 8),
        acknowledged(5, "n1", 9, 10, epoch=3),
    )
    assert not judge(History(NODES, attempts, whole({1, 2, 3, 4, 5}))).violated


def test_the_same_epoch_of_another_process_is_another_reign() -> None:
    attempts = (
        acknowledged(1, "n1", 1, 2),
        acknowledged(2, "n2", 3, 4),
        acknowledged(3, "n1", 5, 6, run="b"),
    )
    assert not judge(History(NODES, attempts)).overlaps
    attempts = (*attempts[:2], replace(attempts[2], run="a"))
    (overlap,) = judge(History(NODES, attempts)).overlaps
    assert (overlap.first, overlap.last, overlap.throughout) == (3, 4, False)
    assert sorted(overlap.writes) == [1, 2]


def test_two_primaries_that_only_the_final_read_shows() -> None:
    first, second = whole({1})
    rounds = tuple(
        (readings[0], reading("n2", "primary", {1}, at), readings[2])
        for readings, at in ((first, 1e6), (second, 1e6 + 1))
    )
    verdict = one_write(*rounds)
    (overlap,) = verdict.overlaps
    assert overlap.writes == (0, 0)
    assert verdict.primaries == ("n1", "n2")
    assert not verdict.settled
    # A single round leaves room for one after the other.
    assert not one_write(rounds[0]).overlaps
    assert one_write(rounds[0]).doubts


def test_a_final_read_is_a_witness_of_the_reign_it_falls_into() -> None:
    attempts = (acknowledged(1, "n1", 1, 2), acknowledged(2, "n2", 3, 4))
    for epoch, overlaps in ((1, 1), (2, 0)):
        last = replace(reading("n1", "primary", {1, 2}, 10), epoch=epoch)
        assert len(judge(History(NODES, attempts, ((last,),))).overlaps) == overlaps


def test_changes_of_primary_during_the_final_read_are_no_two_primaries() -> None:
    first = replace(reading("n1", "primary", {1}, 10), epoch=5)
    second = reading("n2", "primary", {1}, 11)
    third = replace(reading("n1", "primary", {1}, 12), epoch=7)
    assert not one_write((first, second), (third,)).overlaps
    assert one_write((first, second), (replace(third, epoch=5),)).overlaps


def test_with_two_primaries_what_one_of_them_has_is_not_lost_yet() -> None:
    held = whole({1})[-1][0]
    other = reading("n2", "primary", {}, 1e6)
    assert not one_write((held, other)).lost
    assert one_write((replace(held, numbers=frozenset()), other)).lost


def test_without_a_primary_only_what_nobody_has_is_lost() -> None:
    none = [reading(node, "none", {}, 1e6) for node in NODES]
    verdict = one_write(none)
    assert [lost.on for lost in verdict.lost] == [()]
    assert verdict.doubts == ("no node was primary at the end",)
    held = [none[0], none[1], replace(none[2], numbers=frozenset({1}))]
    assert not one_write(held).lost
    verdict = one_write(none[:2])
    assert not verdict.lost
    assert verdict.doubts == ("no node was primary at the end (n3 did not answer)",)


def test_a_node_outside_of_the_cluster_saves_nothing() -> None:
    n1, n2, n3 = (reading(node, "none", {1}, 1e6) for node in NODES)
    n2 = reading("n2", "primary", {}, 1e6)
    (lost,) = one_write((n1, n2, n3)).lost
    assert (lost.on, lost.missing_on) == (("n1", "n3"), ("n2",))


def test_a_secondary_counts_only_if_it_was_linked_for_certain() -> None:
    rounds = whole({1})
    history = History(NODES, (acknowledged(1, "n1", 1, 2),), rounds)
    lacking = changed(history, "n2", numbers=frozenset())
    assert [lost.missing_on for lost in judge(lacking).lost] == [("n2",)]
    # Not listed by the primary, follows another one, seen in one round only, moved in between.
    assert not judge(changed(lacking, "n1", listed=("n3@",))).lost
    assert not judge(changed(lacking, "n2", upstream="n3@")).lost
    assert not judge(replace(lacking, rounds=lacking.rounds[1:])).lost
    moved = [replace(one, epoch=98) if one.node == "n2" else one for one in lacking.rounds[0]]
    assert not judge(replace(lacking, rounds=(tuple(moved), lacking.rounds[1]))).lost
    moved = [replace(one, epoch=98) if one.node == "n1" else one for one in lacking.rounds[0]]
    assert not judge(replace(lacking, rounds=(tuple(moved), lacking.rounds[1]))).lost


def test_what_follows_a_relay_belongs_to_the_cluster() -> None:
    history = History(NODES, (acknowledged(1, "n1", 1, 2),), whole({1}))
    history = changed(history, "n1", listed=("n2@",))
    history = changed(history, "n2", role="relay", listed=("n3@",))
    history = changed(history, "n3", upstream="n2@")
    assert judge(history).members == NODES
    assert settled(history.rounds)
    (lost,) = judge(changed(history, "n3", numbers=frozenset())).lost
    assert lost.missing_on == ("n3",)


@pytest.mark.parametrize(
    ("node", "values"),
    [
        ("n2", {"txid": "u"}),  # behind
        ("n2", {"role": "none", "upstream": "", "joining": True}),
        ("n2", {"role": "none", "upstream": ""}),  # still listed
        ("n1", {"listed": ("n3@",)}),  # no longer listed
        ("n1", {"role": "none"}),
        ("n3", {"role": "primary", "upstream": ""}),
    ],
)
def test_nodes_that_do_not_agree_are_not_settled(node: str, values: dict[str, object]) -> None:
    history = History(NODES, (), whole({1}))
    assert settled(history.rounds)
    assert not settled(changed(history, node, **values).rounds)
    assert not settled(history.rounds[:1])
    assert not settled([history.rounds[0], changed(history, node, **values).rounds[1]])
    assert not settled([changed(history, node, **values).rounds[0], history.rounds[1]])


def test_a_node_that_does_not_answer_or_stands_alone_holds_up_nobody() -> None:
    rounds = [[one for one in readings if one.node != "n3"] for readings in whole({1})]
    assert settled(rounds)
    # The primary still lists it here.
    assert not settled([[*one, reading("n3", "none", {}, 1e6)] for one in rounds])
    alone = History(NODES, (), whole({1}))
    alone = changed(alone, "n1", listed=("n2@",))
    alone = changed(alone, "n3", role="none", upstream="", txid="other")
    assert settled(alone.rounds)
    assert not settled(changed(alone, "n3", joining=True).rounds)
    moved = changed(alone, "n3", txid="another").rounds
    assert not settled([alone.rounds[0], moved[1]])


def test_the_last_round_counts_and_all_that_is_in_it() -> None:
    before, after = whole({7})[0], whole({1})[1]
    assert not one_write(before, after).violated
    saved = (*whole({7})[1][:2], reading("n3", "secondary", {1}, 1e6 + 1, "n1"))
    assert [lost.on for lost in one_write(before, saved).lost] == [("n3",)]
    strange = tuple(replace(one, strange=("key=x",)) for one in after)
    verdict = one_write(after, strange)
    assert [(one.node, one.number) for one in verdict.unexpected] == [(n, None) for n in NODES]
    assert "key=x" in verdict.unexpected[0].why


def test_the_verdict_says_what_where_and_when() -> None:
    attempts = tuple(acknowledged(number, "n1", number, number + 0.5) for number in range(1, 31))
    history = History(NODES, attempts, whole({99}), wall=1e9, started=1)
    text = as_text(history, judge(history))
    assert (
        "LOST: write 1, acknowledged by n1 at 2001-09-09 01:46:41.500 UTC (+0.500 s), "
        "is on no node that answered, not on n1, n2, n3" in text
    )
    assert "and 10 more lost writes" in text
    assert "UNEXPECTED: n3 holds write 99 that was never sent" in text
    assert text.endswith("verdict: violated")
    assert len(as_json(history, judge(history))["lost"]) == 30
