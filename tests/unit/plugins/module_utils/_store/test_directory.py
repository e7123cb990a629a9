# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing the state directory: lock, promotion history, log, mark; and a disk that is full."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store import (
    clock,
    contents,
    files,
    mutex,
    promotions,
    run_directory,
)
from ansible_collections.nso.ha.plugins.module_utils._store.contents import ReadOnlyMark
from ansible_collections.nso.ha.plugins.module_utils._store.files import StoreError
from ansible_collections.nso.ha.plugins.module_utils._store.lock import Lock
from ansible_collections.nso.ha.plugins.module_utils._store.run_directory import (
    NotFree,
    RunDirectory,
)

NOW = 1764028800.0
MARK = ReadOnlyMark("a", "switchover", clock.iso_text(NOW))


#: The steps and the hosts to be fenced that a lock has where a test does not say others.
STEPS = ("promote", "attach n2", "attach n3")
FENCE = ("n4", "n5")


def wanted(id_: str = "a", now: float = NOW, node_id: str = "n1", **more: Any) -> Lock:
    return Lock(
        id_,
        node_id,
        "switchover",
        "ops",
        {},
        clock.iso_text(now),
        clock.iso_text(now + 900),
        900.0,
        STEPS,
        FENCE,
    )._replace(**more)


def entry(epoch: int, **more: Any) -> promotions.Entry:
    return {
        "epoch": epoch,
        "primary": "n1",
        "txid": None,
        "start": [1, 2, 3],
        "at": clock.iso_text(NOW),
        "operation": "switchover",
        "run_id": "a",
        **more,
    }


class Store:
    """A state directory that does not exist yet, and what it warned of."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warnings: list[str] = []
        self.directory = RunDirectory(str(path), self.warnings.append)

    def names(self) -> set[str]:
        return set(os.listdir(str(self.path))) - {".mutex"}

    def begin(
        self, id_: str = "a", now: float = NOW, *replaceable: str, **more: Any
    ) -> run_directory.Begun:
        return self.directory.begin(wanted(id_, now, **more), replaceable, now)

    def other_process(self) -> RunDirectory:
        """Return the same directory as another process sees it: the mutex is another one."""
        return RunDirectory(str(self.path), self.warnings.append)

    def held(self) -> Lock:
        """Return the lock that is there."""
        result = self.look().lock
        assert result is not None
        return result

    def look(self) -> contents.Contents:
        return contents.read_contents(str(self.path))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


# The lock


def test_the_first_one_takes_the_lock_and_the_room_and_creates_the_directory(
    store: Store,
) -> None:
    assert store.begin() == run_directory.Begun(wanted(), False, None)
    assert store.look().lock == wanted()
    assert store.names() == {contents.LOCK, contents.RESERVE}
    assert store.path.stat().st_mode & 0o777 == 0o700
    reserve = store.path / contents.RESERVE
    assert reserve.stat().st_size == run_directory.RESERVE_BYTES
    assert reserve.stat().st_blocks * 512 >= run_directory.RESERVE_BYTES, "it takes no room"


def test_the_reserve_has_room_for_a_long_history(store: Store) -> None:
    store.directory.add([entry(epoch) for epoch in range(1, 501)])
    size = (store.path / contents.PROMOTIONS).stat().st_size
    assert size > run_directory.RESERVE_BYTES
    store.begin()
    assert (store.path / contents.RESERVE).stat().st_size == size + run_directory.RESERVE_MARGIN


def test_only_the_last_part_of_the_directory_is_created(tmp_path: Path) -> None:
    store = Store(tmp_path / "none" / "state")
    with pytest.raises(StoreError, match=r"cannot create .*: No such file.*nso_ha_state_dir"):
        store.begin()
    with pytest.raises(StoreError, match="No such file"):
        store.directory.foresee(wanted(), (), NOW)
    assert os.listdir(str(tmp_path)) == []


def test_the_run_that_holds_it_renews_it_and_it_is_taken_since_the_first_time(store: Store) -> None:
    store.begin()
    again = store.begin(now=NOW + 100)
    assert again.renewed is True
    assert again.replaced is None
    assert again.lock == wanted(now=NOW + 100)._replace(taken=clock.iso_text(NOW))
    assert store.look().lock == again.lock


def test_another_operation_is_refused_and_nothing_changes(store: Store) -> None:
    store.begin()
    with pytest.raises(NotFree, match="nso_ha_break_lock=a") as caught:
        store.begin("b", NOW + 899)
    assert caught.value.lock == wanted()
    assert store.look().lock == wanted()
    assert (store.path / contents.RESERVE).exists()


@pytest.mark.parametrize(("now", "replaceable"), [(NOW + 900, ()), (NOW, ("x", "a"))])
def test_a_lock_that_is_over_or_named_is_replaced(
    store: Store, now: float, replaceable: Any
) -> None:
    store.begin()
    begun = store.begin("b", now, *replaceable)
    assert begun == run_directory.Begun(wanted("b", now), False, wanted())
    assert store.look().lock == wanted("b", now)


def test_one_directory_is_not_taken_for_two_nodes(store: Store) -> None:
    store.begin()
    with pytest.raises(NotFree, match="used for node n1, too"):
        store.directory.begin(wanted(node_id="n2"), (), NOW)
    assert store.look().lock == wanted()


def test_a_lock_that_cannot_be_read_is_not_taken_over(store: Store) -> None:
    store.begin()
    (store.path / contents.LOCK).write_text("{}")
    for call in (lambda: store.begin("b", NOW, "a"), lambda: store.directory.hold("a", NOW)):
        with pytest.raises(StoreError, match="is damaged"):
            call()
    assert (store.path / contents.LOCK).read_text() == "{}"


def test_what_is_foreseen_is_what_happens_and_nothing_is_written(store: Store) -> None:
    assert store.directory.foresee(wanted(), (), NOW) == run_directory.Begun(wanted(), False, None)
    assert not store.path.exists()
    store.begin()
    assert store.directory.foresee(wanted(), (), NOW).renewed is True
    with pytest.raises(NotFree):
        store.directory.foresee(wanted("b"), (), NOW)
    assert store.directory.foresee(wanted("b"), ("a",), NOW).replaced == wanted()
    assert store.look().lock == wanted()


def test_a_directory_that_may_not_be_written_is_foreseen(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(StoreError, match=r"cannot write into .*: Permission denied"):
        store.directory.foresee(wanted(), (), NOW)


def test_holding_it_counts_the_lease_anew(store: Store) -> None:
    store.begin()
    held = store.directory.hold("a", NOW + 800)
    assert held == wanted().renewed(NOW + 800)
    assert store.look().lock == held
    assert not held.has_expired(NOW + 1699)


@pytest.mark.parametrize(
    ("id_", "now", "words"),
    [("b", NOW, "ops has been running switchover"), ("a", NOW + 900, "it expired")],
)
def test_what_is_not_held_is_not_renewed(store: Store, id_: str, now: float, words: str) -> None:
    store.begin()
    with pytest.raises(StoreError, match=words):
        store.directory.hold(id_, now)
    assert store.look().lock == wanted()


def test_nothing_is_held_where_nothing_is(store: Store) -> None:
    with pytest.raises(StoreError, match="there is no lock"):
        store.directory.hold("a", NOW)
    assert not store.path.exists()


# Steps


def test_a_step_is_taken_once(store: Store) -> None:
    store.begin()
    held = store.directory.start("a", "promote", NOW + 100)
    assert held == wanted().renewed(NOW + 100).without("promote")
    assert store.look().lock == held
    with pytest.raises(StoreError, match="the step 'promote' is not due") as caught:
        store.directory.start("a", "promote", NOW + 200)
    for part in ("has been taken", "attach n2, attach n3", str(store.path), "Hint: "):
        assert part in str(caught.value)
    assert store.look().lock == held, "a refused step changed the lock"


def test_steps_may_be_taken_in_any_order_until_none_is_left(store: Store) -> None:
    store.begin()
    for step in ("attach n3", "promote", "attach n2"):
        store.directory.start("a", step, NOW)
    assert store.held().steps == ()
    with pytest.raises(StoreError, match=r"still due: none\)"):
        store.directory.start("a", "promote", NOW)


def test_a_step_that_is_not_listed_is_refused_by_its_name(store: Store) -> None:
    store.begin()
    with pytest.raises(StoreError, match="the step 'tear down' is not due"):
        store.directory.start("a", "tear down", NOW)
    assert store.look().lock == wanted()


@pytest.mark.parametrize(
    ("id_", "now", "words"),
    [("b", NOW, "ops has been running switchover"), ("a", NOW + 900, "it expired")],
)
def test_no_step_is_taken_without_the_lock(store: Store, id_: str, now: float, words: str) -> None:
    store.begin()
    with pytest.raises(StoreError, match=words):
        store.directory.start(id_, "promote", now)
    assert store.look().lock == wanted()


def test_renewing_with_other_steps_says_which_were_struck_off(store: Store) -> None:
    store.begin()
    store.directory.start("a", "promote", NOW)
    foreseen = store.directory.foresee(wanted(steps=("attach n3", "verify")), (), NOW)
    begun = store.begin(steps=("attach n3", "verify"))
    assert begun == foreseen
    assert begun.renewed is True
    # What was taken is not withdrawn, and what is new was not due before.
    assert begun.struck == ("attach n2",)
    assert store.held().steps == ("attach n3", "verify")
    with pytest.raises(StoreError, match=r"the step 'attach n2' is not due .* withdrawn it"):
        store.directory.start("a", "attach n2", NOW)
    store.directory.start("a", "verify", NOW)


@pytest.mark.parametrize("more", [{}, {"steps": ("attach n3", "attach n2", "promote", "more")}])
def test_renewing_with_no_step_less_strikes_none_off(store: Store, more: Any) -> None:
    store.begin()
    assert store.begin(**more).struck == ()


def test_renewing_without_steps_strikes_all_off(store: Store) -> None:
    store.begin()
    assert store.begin(steps=()).struck == STEPS


def test_a_lock_that_is_taken_over_strikes_nothing_off(store: Store) -> None:
    store.begin()
    begun = store.begin("b", NOW, "a", steps=())
    assert begun.struck == ()
    assert begun.replaced == wanted()


# Fencing


def test_a_host_is_confirmed_once_and_the_lock_is_renewed(store: Store) -> None:
    store.begin()
    foreseen = store.directory.foresee_confirmed("a", "n5", NOW + 100)
    assert store.look().lock == wanted(), "foreseeing it changed the lock"
    held, new = store.directory.confirm("a", "n5", NOW + 100)
    assert foreseen == (wanted(fenced=("n5",)), True)
    assert (held, new) == (wanted(fenced=("n5",)).renewed(NOW + 100), True)
    assert store.look().lock == held
    assert held.unfenced == ("n4",)
    for confirm in (store.directory.confirm, store.directory.foresee_confirmed):
        assert confirm("a", "n5", NOW + 200) == (held, False)
    assert store.look().lock == held
    store.directory.confirm("a", "n4", NOW + 300)
    assert store.held().fenced == ("n5", "n4")
    assert store.held().unfenced == ()


@pytest.mark.parametrize(
    ("id_", "host", "now", "words"),
    [
        ("b", "n4", NOW, "ops has been running switchover"),
        ("a", "n4", NOW + 900, "it expired"),
        ("a", "n1", NOW, "does not fence 'n1', but n4, n5"),
        ("a", "", NOW, "does not fence '', but n4, n5"),
        ("a", "N4", NOW, "does not fence 'N4', but n4, n5"),
    ],
)
def test_what_is_not_for_this_run_to_confirm_is_refused(
    store: Store, id_: str, host: str, now: float, words: str
) -> None:
    store.begin()
    for confirm in (store.directory.confirm, store.directory.foresee_confirmed):
        with pytest.raises(StoreError, match=words) as caught:
            confirm(id_, host, now)
        assert str(store.path) in str(caught.value)
        assert "Hint: " in str(caught.value)
    assert store.look().lock == wanted()


def test_a_hook_is_confirmed_once_and_then_what_comes_after_it_is_due(store: Store) -> None:
    store.begin(steps=("withdraw n1", "hand_over"))
    with pytest.raises(StoreError, match="comes after the withdraw tasks for n1"):
        store.directory.start("a", "hand_over", NOW)
    with pytest.raises(StoreError, match=r"does not withdraw 'n2', but n1 .*nso_ha_hook\.host"):
        store.directory.confirm("a", "n2", NOW, event="withdraw")
    with pytest.raises(StoreError, match="does not backup 'n1', but no host"):
        store.directory.confirm("a", "n1", NOW, event="backup")
    with pytest.raises(StoreError, match="the withdraw tasks have taken 9 s"):
        store.directory.confirm("a", "n1", NOW + 9, within=8, event="withdraw")
    held, new = store.directory.confirm("a", "n1", NOW, event="withdraw")
    assert (held.steps, held.confirmed, new) == (("hand_over",), ("withdraw n1",), True)
    assert store.directory.confirm("a", "n1", NOW, event="withdraw") == (held, False)
    assert store.directory.start("a", "hand_over", NOW).steps == ()
    # A step that is due once more has to be confirmed once more.
    assert store.begin(steps=("withdraw n1",)).lock.confirmed == ()


def test_an_announcement_is_kept_until_the_node_is_withdrawn(store: Store) -> None:
    store.begin(steps=("announce n1",))
    store.directory.confirm("a", "n1", NOW, event="announce", epoch=3)
    store.directory.give_back("a")
    announced = store.look().announced
    assert announced is not None
    assert announced.as_result() == {"epoch": 3, "run_id": "a", "at": clock.iso_text(NOW)}
    store.directory.void_announcement()
    assert store.look().announced is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"epoch": -1, "run_id": "a", "at": "x"}'])
def test_an_announcement_that_cannot_be_read_counts_as_none(store: Store, text: str) -> None:
    store.begin()
    (store.path / contents.ANNOUNCED).write_text(text)
    assert store.look() == store.look()._replace(announced=None, damaged=[])


def test_an_announcement_of_a_newer_format_is_not_replaced(store: Store) -> None:
    store.begin()
    (store.path / contents.ANNOUNCED).write_text('{"format": 2}')
    assert contents.ANNOUNCED in store.look().unusable[0]


def test_where_nothing_has_to_be_fenced_nothing_is_confirmed(store: Store) -> None:
    store.begin(fence=())
    with pytest.raises(StoreError, match="does not fence 'n4', but no host"):
        store.directory.confirm("a", "n4", NOW)


def test_where_there_is_no_lock_nothing_is_confirmed(store: Store) -> None:
    for confirm in (store.directory.confirm, store.directory.foresee_confirmed):
        with pytest.raises(StoreError, match="there is no lock"):
            confirm("a", "n4", NOW)
    assert not store.path.exists()


def test_what_was_confirmed_survives_steps_and_renewals(store: Store) -> None:
    store.begin()
    store.directory.confirm("a", "n4", NOW)
    store.directory.start("a", "promote", NOW)
    store.directory.hold("a", NOW)
    assert store.begin(steps=("attach n2",)).lock.fenced == ("n4",)
    assert store.begin(fence=("n4", "n6")).lock.fenced == ("n4",)
    assert store.held().unfenced == ("n6",)


@pytest.mark.parametrize(("now", "replaceable"), [(NOW + 900, ()), (NOW, ("a",))])
def test_what_was_confirmed_does_not_survive_a_take_over(
    store: Store, now: float, replaceable: Any
) -> None:
    store.begin()
    store.directory.confirm("a", "n4", NOW)
    assert store.begin("b", now, *replaceable).lock.fenced == ()
    assert store.held().unfenced == FENCE


def test_what_was_confirmed_does_not_survive_the_end_of_the_run(store: Store) -> None:
    store.begin()
    store.directory.confirm("a", "n4", NOW)
    store.directory.give_back("a")
    assert store.begin().lock.fenced == ()


@pytest.mark.parametrize("name", ["steps", "fence", "fenced"])
def test_a_lock_with_a_damaged_list_lets_nobody_do_anything(store: Store, name: str) -> None:
    store.begin()
    path = store.path / contents.LOCK
    path.write_text(json.dumps({**wanted()._asdict(), name: [1]}))
    before = path.read_bytes()
    calls: list[Callable[[], object]] = [
        store.begin,
        lambda: store.begin("b", NOW, "a"),
        lambda: store.directory.hold("a", NOW),
        lambda: store.directory.start("a", "promote", NOW),
        lambda: store.directory.confirm("a", "n4", NOW),
        lambda: store.directory.give_back("a"),
    ]
    for call in calls:
        with pytest.raises(StoreError, match=f"is damaged: {name} is not a list of texts"):
            call()
    assert path.read_bytes() == before


# Keeping others out

#: A process that takes the lock of another run over, or says why it cannot.
TAKE_OVER = """
import sys
from ansible_collections.nso.ha.plugins.module_utils._store import contents, mutex, run_directory
mutex.PATIENCE = float(sys.argv[2])
store = run_directory.RunDirectory(sys.argv[1], print)
held = contents.read_lock(sys.argv[1])
print("ready", flush=True)
try:
    store.begin(held._replace(run_id="b"), (held.run_id,), 0.0)
except run_directory.StoreError as problem:
    print(problem)
else:
    print("taken")
"""


@contextlib.contextmanager
def taking_over(store: Store, patience: float) -> Iterator[subprocess.Popen[str]]:
    """A second process that is about to take the lock over."""
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE_OVER, str(store.path), str(patience)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        universal_newlines=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_another_process_is_kept_out_and_told_so(store: Store) -> None:
    store.begin()
    with store.directory.exclusive(), taking_over(store, 0.1) as process:
        said, _nothing = process.communicate(timeout=60)
        assert "another process has held it" in said
    assert store.look().lock == wanted()


def test_another_process_gets_in_once_it_is_over(store: Store) -> None:
    store.begin()
    with contextlib.ExitStack() as stack:
        with store.directory.exclusive():
            process = stack.enter_context(taking_over(store, 60.0))
            assert store.look().lock == wanted()
            store.directory.start("a", "promote", NOW)
        said, _nothing = process.communicate(timeout=60)
    assert said == "taken\n"
    assert store.held().run_id == "b"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait long for the mutex."""
    monkeypatch.setattr(mutex, "PATIENCE", 0.05)


def assert_kept_out(directory: RunDirectory) -> None:
    for call in (
        lambda: directory.hold("a", NOW),
        lambda: directory.start("a", "attach n2", NOW),
        lambda: directory.confirm("a", "n4", NOW),
        lambda: directory.give_back("a"),
        lambda: directory.begin(wanted(steps=()), (), NOW),
        lambda: directory.add([entry(1)]),
        lambda: directory.log("a", {}, NOW),
        lambda: directory.mark(MARK),
    ):
        with pytest.raises(StoreError, match="another process has held it"):
            call()


@pytest.mark.usefixtures("impatient")
def test_it_may_be_nested_and_ends_with_the_outermost(store: Store) -> None:
    store.begin()
    other = store.other_process()
    with store.directory.exclusive():
        with store.directory.exclusive():
            pass
        store.directory.start("a", "promote", NOW)
        store.directory.add([entry(1)])
        store.begin(steps=("attach n2",))
        assert_kept_out(other)
    assert other.start("a", "attach n2", NOW).steps == ()


@pytest.mark.usefixtures("impatient")
def test_what_fails_inside_ends_it(store: Store) -> None:
    store.begin()
    for inside in (contextlib.nullcontext, store.directory.exclusive):
        with pytest.raises(ZeroDivisionError), store.directory.exclusive(), inside():
            raise ZeroDivisionError
        store.other_process().hold("a", NOW)
    with store.directory.exclusive():
        assert_kept_out(store.other_process())


@pytest.mark.usefixtures("impatient")
def test_others_are_still_kept_out_after_a_refusal_inside(store: Store) -> None:
    store.begin()
    with store.directory.exclusive():
        for call in (lambda: store.directory.start("a", "x", NOW), lambda: store.begin("b")):
            with pytest.raises(StoreError):
                call()
        assert_kept_out(store.other_process())


@pytest.mark.usefixtures("impatient")
def test_who_is_kept_out_is_kept_out_once_more_after_waiting_in_vain(store: Store) -> None:
    store.begin()
    other = store.other_process()
    with store.directory.exclusive():
        with pytest.raises(StoreError), other.exclusive():
            pytest.fail("two at once")
        assert_kept_out(other)


@pytest.mark.usefixtures("impatient")
def test_a_run_that_may_not_begin_is_told_why_without_waiting(store: Store) -> None:
    store.begin()
    with store.directory.exclusive(), pytest.raises(NotFree, match="nso_ha_break_lock=a"):
        store.other_process().begin(wanted("b"), (), NOW)


@pytest.mark.usefixtures("impatient")
def test_looking_waits_for_nobody(store: Store) -> None:
    store.begin()
    other = store.other_process()
    with store.directory.exclusive():
        assert other.is_held("a") is True
        assert other.foresee(wanted(steps=()), (), NOW).struck == STEPS
        assert other.foresee_confirmed("a", "n4", NOW)[1] is True
        assert other.would_add([entry(1)]) is True
        assert store.look().lock == wanted()


def test_a_directory_that_is_not_there_keeps_nobody_out_and_is_not_created(store: Store) -> None:
    with store.directory.exclusive():
        assert not store.path.exists()
        store.begin()
        store.other_process().hold("a", NOW)


def test_what_changes_while_waiting_is_looked_at_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.begin()
    real = mutex.held

    @contextlib.contextmanager
    def meanwhile(directory: str) -> Iterator[None]:
        monkeypatch.setattr(mutex, "held", real)
        store.directory.give_back("a")
        store.begin("c")
        with real(directory):
            yield

    monkeypatch.setattr(mutex, "held", meanwhile)
    with pytest.raises(NotFree, match="nso_ha_break_lock=c"):
        store.other_process().begin(wanted("b"), ("a",), NOW)
    assert store.held().run_id == "c"


# Giving it back


def test_it_is_given_back_once_with_the_reserve(store: Store) -> None:
    assert store.directory.give_back("a") is False
    assert not store.path.exists()
    store.begin()
    assert store.directory.is_held("a") is True
    assert store.directory.give_back("a") is True
    assert store.names() == set()
    assert store.directory.give_back("a") is False
    assert store.directory.is_held("a") is False


def test_the_lock_of_another_operation_stays_with_its_reserve(store: Store) -> None:
    store.begin()
    assert store.directory.give_back("b") is False
    assert store.look().lock == wanted()
    assert store.names() == {contents.LOCK, contents.RESERVE}


# The promotion history


def test_new_entries_are_added_and_known_ones_change_nothing(store: Store) -> None:
    assert store.directory.add([entry(2)]) is True
    assert store.directory.would_add([entry(1)]) is True
    assert store.directory.add([entry(1), entry(2)]) is True
    assert store.look().promotions == [entry(1), entry(2)]
    before = (store.path / contents.PROMOTIONS).stat()
    assert store.directory.would_add([entry(2)]) is False
    assert store.directory.add([entry(2), entry(1)]) is False
    assert (store.path / contents.PROMOTIONS).stat() == before


def test_no_entries_create_no_directory(store: Store) -> None:
    assert store.directory.add([]) is False
    assert store.directory.would_add([]) is False
    assert not store.path.exists()


def test_a_damaged_history_is_kept_beside_the_new_one(store: Store) -> None:
    store.directory.add([entry(1), entry(2)])
    history = store.path / contents.PROMOTIONS
    for number in range(1, 6):
        damaged = history.read_bytes()[:-20]
        history.write_bytes(damaged)
        assert store.directory.add([entry(2 + number)]) is True
        assert (store.path / f"promotions.jsonl.damaged-{number}").read_bytes() == damaged
        assert store.look().damaged == []
        assert f"damaged-{number}" in store.warnings[-1]
        assert "it has no end" in store.warnings[-1]
    # The last line was cut off each time.
    assert store.look().promotions == [entry(1), entry(7)]
    copies = {name for name in store.names() if "damaged" in name}
    assert copies == {f"promotions.jsonl.damaged-{number}" for number in (3, 4, 5)}


def test_a_damaged_history_stays_as_it_is_where_nothing_is_new(store: Store) -> None:
    store.directory.add([entry(1), entry(2)])
    history = store.path / contents.PROMOTIONS
    history.write_bytes(history.read_bytes() + b"half")
    assert store.directory.add([entry(1)]) is False
    assert history.read_bytes().endswith(b"half")
    assert store.warnings == []


def test_a_history_beyond_all_measure_is_kept_beside_the_new_one(store: Store) -> None:
    store.begin()
    with (store.path / contents.PROMOTIONS).open("wb") as file:
        file.truncate(promotions.MAX_BYTES + 1)
    store.begin()
    assert store.directory.would_add([entry(1)]) is True
    assert store.directory.add([entry(1)]) is True
    assert store.look().promotions == [entry(1)]
    copy = store.path / "promotions.jsonl.damaged-1"
    assert copy.stat().st_size == promotions.MAX_BYTES + 1
    assert "is longer than" in store.warnings[0]


def test_where_there_are_no_hard_links_the_damaged_history_is_renamed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.directory.add([entry(1)])
    (store.path / contents.PROMOTIONS).write_bytes(b"junk\n")
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    assert store.directory.add([entry(2)]) is True
    assert (store.path / "promotions.jsonl.damaged-1").read_bytes() == b"junk\n"
    assert store.look().promotions == [entry(2)]


def test_a_history_that_cannot_be_read_is_not_written(store: Store) -> None:
    store.begin()
    (store.path / contents.PROMOTIONS).mkdir()
    with pytest.raises(StoreError, match=r"cannot read .*promotions\.jsonl: Is a directory"):
        store.directory.add([entry(1)])
    # A run that cannot begin is told right away, and holds nothing.
    store.directory.give_back("a")
    with pytest.raises(StoreError, match="cannot read"):
        store.begin("b")
    assert store.look().lock is None
    assert not (store.path / contents.RESERVE).exists()


# The log


def test_an_operation_is_logged_once_with_run_and_time(store: Store) -> None:
    assert store.directory.would_log("a", {"outcome": "done"}) is True
    assert store.directory.log("a", {"outcome": "done"}, NOW) is True
    assert store.directory.would_log("a", {"outcome": "done"}) is False
    assert store.directory.log("a", {"outcome": "done"}, NOW + 1) is False
    assert store.directory.log("b", {"outcome": "done"}, NOW + 2) is True
    assert store.directory.log("a", {"outcome": "failed", "at": "then", "run_id": "x"}, NOW) is True
    assert contents.read_operations(str(store.path)) == (
        [
            {"outcome": "done", "run_id": "a", "at": clock.iso_text(NOW)},
            {"outcome": "done", "run_id": "b", "at": clock.iso_text(NOW + 2)},
            {"outcome": "failed", "run_id": "x", "at": "then"},
        ],
        [],
    )


def test_the_newest_operations_are_kept(store: Store) -> None:
    for number in range(run_directory.MAX_OPERATIONS + 2):
        store.directory.log(str(number), {}, NOW)
    result, _damaged = contents.read_operations(str(store.path))
    assert [one["run_id"] for one in result] == [
        str(number) for number in range(2, run_directory.MAX_OPERATIONS + 2)
    ]


def test_the_log_stays_short_enough_to_be_read(store: Store) -> None:
    for number in range(4):
        store.directory.log(str(number), {"text": "x" * 400_000}, NOW)
    result, damaged = contents.read_operations(str(store.path))
    assert [one["run_id"] for one in result] == ["2", "3"]
    assert damaged == []
    with pytest.raises(StoreError, match="longer than"):
        store.directory.log("4", {"text": "x" * contents.MAX_BYTES}, NOW)
    assert contents.read_operations(str(store.path)) == (result, [])


def test_a_damaged_log_is_kept_beside_the_new_one(store: Store) -> None:
    store.directory.log("a", {}, NOW)
    with (store.path / contents.OPERATIONS).open("ab") as file:
        file.write(b"junk\n")
    store.directory.log("b", {}, NOW)
    result, damaged = contents.read_operations(str(store.path))
    assert [one["run_id"] for one in result] == ["a", "b"]
    assert damaged == []
    assert (store.path / "operations.jsonl.damaged-1").read_bytes().endswith(b"junk\n")


# The mark


def test_the_mark_is_set_put_back_and_removed(store: Store) -> None:
    store.directory.unmark()
    assert not store.path.exists()
    assert store.directory.mark(MARK) is None
    other = MARK._replace(run_id="b")
    assert store.directory.mark(other) == MARK
    assert store.look().read_only == other
    store.directory.unmark(MARK)
    assert store.look().read_only == MARK
    store.directory.unmark()
    store.directory.unmark()
    assert store.look().read_only is None


def test_a_damaged_mark_is_replaced(store: Store) -> None:
    store.directory.mark(MARK)
    (store.path / contents.READ_ONLY).write_text("junk")
    assert store.directory.mark(MARK) is None
    assert store.look().read_only == MARK


# Formats

NEWER = json.dumps({"format": 2, "what": "nobody here knows"}) + "\n"
FILES = (contents.LOCK, contents.PROMOTIONS, contents.READ_ONLY, contents.OPERATIONS)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_newer_format_lets_nothing_begin_and_stays_as_it_is(
    store: Store, name: str
) -> None:
    store.path.mkdir(mode=0o700)
    path = store.path / name
    path.write_text(NEWER)
    refused = f"{path}.* has format 2, .* reads is 1.*Upgrade nso.ha on the controller"
    writes: dict[str, list[Callable[[], object]]] = {
        contents.LOCK: [
            lambda: store.directory.hold("a", NOW),
            lambda: store.directory.give_back("a"),
        ],
        contents.PROMOTIONS: [lambda: store.directory.add([entry(1)])],
        contents.READ_ONLY: [
            lambda: store.directory.mark(MARK),
            store.directory.unmark,
            lambda: store.directory.unmark(MARK),
        ],
        contents.OPERATIONS: [lambda: store.directory.log("a", {}, NOW)],
    }
    for call in (store.begin, lambda: store.directory.foresee(wanted(), (), NOW), *writes[name]):
        with pytest.raises(StoreError, match=refused):
            call()
    assert store.names() == {name}
    assert path.read_text() == NEWER


@pytest.mark.parametrize("name", [contents.PROMOTIONS, contents.READ_ONLY])
def test_a_newer_format_is_seen_as_such_and_not_as_damage(store: Store, name: str) -> None:
    store.begin()
    (store.path / name).write_text(NEWER)
    looked = store.look()
    assert (looked.lock, looked.damaged, looked.lock_problem) == (wanted(), [], "")
    (text,) = looked.unusable
    assert f"{store.path / name}" in text
    assert "has format 2" in text


def test_a_lock_of_a_newer_format_is_held_by_somebody(store: Store) -> None:
    store.begin()
    (store.path / contents.LOCK).write_text(NEWER)
    looked = store.look()
    assert "has format 2" in looked.lock_problem
    assert (looked.lock, looked.damaged, looked.unusable) == (None, [], ())


def change(path: Path, **changes: object) -> None:
    """Change keys of the objects in a file; None takes one away."""
    values = [{**json.loads(line), **changes} for line in path.read_text().splitlines()]
    kept = [{key: of[key] for key in of if of[key] is not None} for of in values]
    path.write_text("".join(json.dumps(value) + "\n" for value in kept))


def test_keys_that_are_not_known_stay_in_the_lock_whatever_the_run_does(store: Store) -> None:
    store.begin()
    path = store.path / contents.LOCK
    change(path, site={"name": "west"})
    for act in (
        lambda: store.directory.hold("a", NOW + 1),
        lambda: store.directory.start("a", STEPS[0], NOW + 2),
        lambda: store.directory.confirm("a", FENCE[0], NOW + 3),
        lambda: store.begin(now=NOW + 4),
    ):
        before = path.read_bytes()
        act()
        assert path.read_bytes() != before
        assert json.loads(path.read_text())["site"] == {"name": "west"}
    # They are those of that run.
    store.begin("b", NOW, "a")
    assert "site" not in json.loads(path.read_text())


def test_keys_that_are_not_known_stay_in_a_mark_that_is_put_back(store: Store) -> None:
    store.directory.mark(MARK)
    path = store.path / contents.READ_ONLY
    change(path, site="west")
    before = store.directory.mark(MARK._replace(run_id="b"))
    assert before is not None
    store.directory.unmark(before)
    assert json.loads(path.read_text()) == {**MARK.as_result(), "site": "west", "format": 1}


def test_lines_of_the_log_keep_their_keys_and_get_a_number_when_it_is_rewritten(
    store: Store,
) -> None:
    store.directory.log("a", {"outcome": "done"}, NOW)
    path = store.path / contents.OPERATIONS
    change(path, format=None, site="west")
    store.directory.log("b", {}, NOW)
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert (first["site"], first["format"], second["format"]) == ("west", 1, 1)


def test_what_a_release_without_formats_wrote_is_read_and_gets_one_when_it_is_written(
    store: Store,
) -> None:
    store.begin()
    store.directory.mark(MARK)
    for name in (contents.LOCK, contents.READ_ONLY):
        change(store.path / name, format=None)
    looked = store.look()
    assert (looked.lock, looked.read_only, looked.damaged) == (wanted(), MARK, [])
    store.directory.hold("a", NOW)
    assert json.loads((store.path / contents.LOCK).read_text())["format"] == 1


# What is no file of this collection's making


@pytest.mark.parametrize("kind", ["pipe", "directory", "link to nothing", "link to a lock"])
@pytest.mark.parametrize("name", [*FILES, contents.RESERVE, ".mutex"])
def test_what_stands_in_place_of_a_file_is_neither_waited_for_nor_followed(
    store: Store, name: str, kind: str
) -> None:
    store.path.mkdir(mode=0o700)
    path, victim = store.path / name, store.path.with_name("victim")
    if kind == "pipe":
        os.mkfifo(str(path))
    elif kind == "directory":
        path.mkdir()
    else:
        victim.write_bytes(wanted("other").as_json())
        path.symlink_to(victim if kind.endswith("lock") else victim.with_name("nothing"))
    if name in (contents.LOCK, contents.PROMOTIONS):
        with pytest.raises(StoreError, match=f"cannot read {path}"):
            store.begin()
        assert store.look().damaged
    else:
        with contextlib.suppress(StoreError):
            store.begin()
    assert bool(store.look().lock_problem) is (name == contents.LOCK)
    for act in (
        lambda: store.directory.add([entry(1)]),
        lambda: store.directory.log("a", {}, NOW),
        lambda: store.directory.mark(MARK),
        lambda: store.directory.give_back("a"),
    ):
        with contextlib.suppress(StoreError):
            act()
    assert not victim.exists() or victim.read_bytes() == wanted("other").as_json()


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_every_user_can_write_is_not_relied_on(store: Store, name: str) -> None:
    store.begin()
    store.directory.add([entry(1)])
    store.directory.mark(MARK)
    store.directory.log("a", {}, NOW)
    (store.path / name).chmod(0o666)
    with pytest.raises(StoreError, match=f"every user of the host can write to .*{name}"):
        store.begin("b", NOW, "a")
    if name == contents.LOCK:
        assert name in store.look().lock_problem
        with pytest.raises(StoreError, match="every user"):
            store.directory.start("a", STEPS[0], NOW)
    elif name != contents.OPERATIONS:
        assert name in store.look().untrusted[0]


def test_nothing_begins_in_a_directory_that_every_user_can_write(store: Store) -> None:
    store.directory.add([entry(1)])
    store.path.chmod(0o1777)
    with pytest.raises(StoreError, match=f"chmod go-w {store.path}"):
        store.begin()
    looked = store.look()
    assert looked.promotions == [entry(1)]
    assert looked.lock_problem == ""
    assert f"chmod go-w {store.path}" in looked.untrusted[0]
    assert (looked.unusable, looked.damaged) == ((), [])
    store.path.chmod(0o770)
    store.begin()


# A disk that fills up


def failing(number: int) -> Callable[..., Any]:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


class Disk:
    """A disk with room for so many files more; what is removed makes room again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = 100
        self._replace, self._remove = files.replace, files.remove
        monkeypatch.setattr(files, "replace", self.replace)
        monkeypatch.setattr(files, "remove", self.remove)

    def replace(self, path: str, data: bytes) -> None:
        if self.room <= 0:
            with files.explained("write", path):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= not os.path.exists(path)
        self._replace(path, data)

    def remove(self, path: str) -> bool:
        was_there = self._remove(path)
        self.room += was_there
        return was_there


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize("room", [0, 1])
def test_on_a_disk_without_room_for_both_nothing_begins_and_nothing_is_left(
    store: Store, disk: Disk, room: int
) -> None:
    store.path.mkdir()
    disk.room = room
    with pytest.raises(StoreError, match=r"cannot write .*: No space left on device"):
        store.begin()
    assert store.names() == set()


def test_a_long_history_needs_more_room_when_the_lock_is_renewed(store: Store) -> None:
    store.begin()
    store.directory.add([entry(epoch) for epoch in range(1, 501)])
    store.begin()
    size = (store.path / contents.PROMOTIONS).stat().st_size
    assert (store.path / contents.RESERVE).stat().st_size == size + run_directory.RESERVE_MARGIN


def test_a_disk_that_is_full_by_then_still_has_room_for_the_history(
    store: Store, disk: Disk
) -> None:
    store.begin()
    disk.room = 0
    assert store.directory.add([entry(1)]) is True
    assert store.look().promotions == [entry(1)]
    assert not (store.path / contents.RESERVE).exists(), "the room was not used"


def test_where_there_is_no_room_at_all_the_history_stays_and_the_lock_is_given_back(
    store: Store, disk: Disk
) -> None:
    store.directory.add([entry(1)])
    disk.room = 0
    with pytest.raises(StoreError, match="No space left"):
        store.directory.add([entry(2)])
    assert store.look().promotions == [entry(1)]
    assert store.directory.give_back("a") is False


def test_a_lock_that_cannot_be_renewed_is_still_the_one_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.begin()
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(StoreError, match="Input/output error"):
        store.begin(now=NOW + 100)
    assert store.look().lock == wanted()


def test_a_lock_of_which_it_is_not_sure_that_it_lasts_is_taken_away_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.path.mkdir()
    real = files.sync_directory

    def unsure(path: str) -> None:
        if os.path.exists(os.path.join(path, contents.LOCK)):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(path)

    monkeypatch.setattr(files, "sync_directory", unsure)
    with pytest.raises(StoreError, match="Input/output error"):
        store.begin()
    assert store.names() == set()
