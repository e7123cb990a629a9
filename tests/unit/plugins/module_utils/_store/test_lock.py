# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a node: who may take it from whom, what is due, and what is no lock at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store import clock, lock, plain_json
from ansible_collections.nso.ha.plugins.module_utils._store.lock import Lock

NOW = 1764028800.0


def taken(id_: str = "a", at: float = NOW, lease: float = 900.0, node_id: str = "n1") -> Lock:
    return Lock(
        run_id=id_,
        node_id=node_id,
        operation="switchover",
        owner="ops@bastion",
        process={"pid": 1, "more": [None]},
        taken=clock.iso_text(at),
        expires=clock.iso_text(at + lease),
        lease=lease,
        steps=("promote", "attach n2"),
        fence=("n3", "n4"),
        fenced=("n4",),
    )


HELD = taken()


def test_what_was_written_is_read_as_the_same_lock() -> None:
    assert lock.parse_lock(HELD.as_json()) == HELD


def test_its_lists_are_returned_as_lists() -> None:
    existing = HELD.as_result(NOW)
    assert existing["steps"] == ["promote", "attach n2"]
    assert existing["fence"] == ["n3", "n4"]
    assert existing["fenced"] == ["n4"]


def test_a_lock_may_have_nothing_due_and_nobody_to_fence() -> None:
    empty = HELD._replace(steps=(), fence=(), fenced=())
    assert lock.parse_lock(empty.as_json()) == empty
    assert empty.unfenced == ()


def test_a_lock_expires_at_the_end_of_its_lease() -> None:
    assert not HELD.has_expired(NOW + 899.999999)
    assert HELD.has_expired(NOW + 900)
    assert HELD.as_result(NOW + 900)["expired"] is True


def test_a_renewed_lock_differs_in_its_end_only() -> None:
    renewed = HELD.renewed(NOW + 500)
    assert renewed == HELD._replace(expires=clock.iso_text(NOW + 1400))


@pytest.mark.parametrize(
    "change",
    [
        {"run_id": ""},
        {"run_id": None},
        {"owner": 1},
        {"owner": "x" * 1001},
        {"process": None},
        {"process": "text"},
        {"lease": True},
        {"lease": "900"},
        {"lease": 0},
        {"lease": -1},
        {"lease": 1e12},
        {"taken": "yesterday"},
        {"expires": "2025-11-25"},
        {"steps": "promote"},
        {"steps": {"promote": 1}},
        {"fence": None},
        {"fenced": [["n3"]]},
        {"steps": [1]},
        {"fence": [""]},
        {"fenced": ["x" * 1001]},
        {"steps": ["x"] * 1001},
    ],
)
def test_what_has_another_form_is_no_lock(change: Any) -> None:
    data = json.dumps({**HELD._asdict(), **change}).encode()
    with pytest.raises(ValueError, match=r"."):
        lock.parse_lock(data)


@pytest.mark.parametrize("name", sorted({*Lock._fields} - {"more", "confirmed"}))
def test_what_has_not_all_keys_is_no_lock(name: str) -> None:
    existing = {key: value for key, value in json.loads(HELD.as_json()).items() if key != name}
    with pytest.raises(ValueError, match=f"{name} is missing"):
        lock.parse_lock(json.dumps(existing).encode())


@pytest.mark.parametrize("name", ["steps", "fence", "fenced"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "is not a list of texts"),
        ("n3", "is not a list of texts"),
        (("n3",), "is not a list of texts"),
        (["n3", None], "is not a list of texts"),
        ([True], "is not a list of texts"),
        ([""], "has too many entries, or an entry that is empty or too long"),
        (["x" * 1001], "has too many entries, or an entry that is empty or too long"),
        (["x"] * 1001, "has too many entries, or an entry that is empty or too long"),
    ],
)
def test_a_list_of_another_form_is_refused_by_its_name(name: str, value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} {words}$"):
        lock.texts(name, value)


@pytest.mark.parametrize("value", [[], ["promote"], ["x" * 1000], ["x"] * 1000])
def test_a_list_of_names_up_to_its_limits_is_taken(value: list[str]) -> None:
    assert lock.texts("steps", value) == tuple(value)


# Steps and fencing


def test_a_step_is_due_until_it_is_struck_off() -> None:
    assert lock.not_due(HELD, "promote") is None
    struck = HELD.without("promote")
    assert struck == HELD._replace(steps=("attach n2",))
    text = lock.not_due(struck, "promote")
    assert text is not None
    assert "the step 'promote' is not due on this node" in text
    assert "steps that are still due: attach n2" in text
    assert lock.not_due(struck, "attach n2") is None


@pytest.mark.parametrize("step", ["", "prom", "promote ", "Promote", "attach"])
def test_a_step_that_is_not_listed_exactly_is_not_due(step: str) -> None:
    text = lock.not_due(HELD, step)
    assert text is not None
    assert f"the step {step!r} is not due" in text
    assert "steps that are still due: promote, attach n2" in text


def test_without_any_step_that_is_due_the_refusal_says_so() -> None:
    text = lock.not_due(HELD._replace(steps=()), "promote")
    assert text is not None
    assert "steps that are still due: none" in text


def test_striking_off_what_is_not_there_changes_nothing() -> None:
    assert HELD.without("other") == HELD


def test_a_step_that_is_listed_twice_is_struck_off_altogether() -> None:
    assert HELD._replace(steps=("a", "b", "a")).without("a").steps == ("b",)


@pytest.mark.parametrize(
    ("fence", "fenced", "unfenced"),
    [
        ((), (), ()),
        (("n3",), (), ("n3",)),
        (("n3",), ("n3",), ()),
        (("n3", "n4", "n5"), ("n4",), ("n3", "n5")),
        (("n3",), ("n4",), ("n3",)),
        ((), ("n4",), ()),
    ],
)
def test_a_host_is_unfenced_until_it_is_confirmed_itself(
    fence: tuple[str, ...], fenced: tuple[str, ...], unfenced: tuple[str, ...]
) -> None:
    assert HELD._replace(fence=fence, fenced=fenced).unfenced == unfenced


# Its format


def test_a_lock_from_before_formats_had_numbers_is_read_and_written_with_one() -> None:
    old = json.loads(HELD.as_json())
    assert old.pop("format") == plain_json.FORMAT
    read = lock.parse_lock(json.dumps(old).encode())
    assert read == HELD
    assert read.as_json() == HELD.as_json()


def test_a_key_that_is_not_known_is_kept_by_all_that_writes_the_lock_and_told_to_nobody() -> None:
    data = json.dumps({**json.loads(HELD.as_json()), "site": {"name": "west"}}).encode()
    changed = lock.parse_lock(data).renewed(NOW + 1).without("promote")
    assert json.loads(changed.as_json())["site"] == {"name": "west"}
    assert "site" not in changed.as_result(NOW)


def test_a_lock_of_a_newer_format_is_not_looked_into() -> None:
    with pytest.raises(plain_json.NewerFormat, match=r"format 2, .* reads is 1\. Hint: .*Upgrade"):
        lock.parse_lock(b'{"format":2,"holder":{}}')


# Its times


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (NOW, ""),
        (NOW + 899, ""),
        (NOW - lock.TOLERANCE, ""),
        (NOW - 3600, "valid for 4500 s more, and its lease is 900 s"),
        (NOW + 1000, ""),
    ],
)
def test_a_lock_that_lasts_longer_than_its_lease_is_in_doubt_and_still_held(
    now: float, words: str
) -> None:
    assert words in HELD.doubt(now)
    assert bool(HELD.doubt(now)) is bool(words)
    assert HELD.as_result(now)["doubt"] == HELD.doubt(now)
    text = lock.conflict(HELD, taken("b"), (), now)
    assert (text is None) is (now >= NOW + 900)
    if words:
        assert text is not None
        assert words in text
        assert "nso_ha_break_lock=a" in text
        assert lock.conflict(HELD, taken("b"), ("a",), now) is None


def test_a_lock_that_was_taken_in_the_future_is_in_doubt_though_it_was_renewed_since() -> None:
    jumped = taken(at=NOW + 7200).renewed(NOW)
    assert "it was taken 7100 s in the future" in jumped.doubt(NOW + 100)
    assert lock.not_held(jumped, "a", NOW + 100) is None, "the run itself goes on"
    assert jumped.doubt(NOW + 900) == "", "it has expired"


# Who may take it


def test_a_free_lock_can_be_taken() -> None:
    assert lock.conflict(None, HELD, (), NOW) is None


def test_an_operation_can_take_its_own_lock_again_even_expired() -> None:
    for now in (NOW, NOW + 10_000):
        assert lock.conflict(HELD, taken(at=now), (), now) is None


def test_the_lock_of_another_operation_stands_in_the_way_with_all_that_is_known() -> None:
    text = lock.conflict(HELD, taken("b"), ("c",), NOW + 1)
    assert text is not None
    for part in (HELD.owner, HELD.operation, HELD.taken, HELD.expires, "nso_ha_break_lock=a"):
        assert part in text


def test_a_lock_that_has_expired_or_may_be_replaced_stands_in_nobodys_way() -> None:
    assert lock.conflict(HELD, taken("b"), ("a",), NOW) is None
    assert lock.conflict(HELD, taken("b"), (), NOW + 900) is None


def test_one_directory_cannot_be_that_of_two_nodes() -> None:
    for replaceable in ((), ("a",)):
        text = lock.conflict(HELD, taken(node_id="n2"), replaceable, NOW + 10_000)
        assert text is not None
        assert "used for node n1, too" in text


def test_an_operation_may_go_on_while_it_holds_the_lock() -> None:
    assert lock.not_held(HELD, "a", NOW + 899) is None


@pytest.mark.parametrize(
    ("existing", "wanted", "now", "words"),
    [
        (None, "a", NOW, "there is no lock"),
        (HELD, "b", NOW, "ops@bastion has been running switchover"),
        (HELD, "a", NOW + 900, f"it expired at {HELD.expires}"),
    ],
)
def test_an_operation_may_not_go_on_otherwise(
    existing: Any, wanted: str, now: float, words: str
) -> None:
    text = lock.not_held(existing, wanted, now)
    assert text is not None
    assert text.startswith(f"the lock of this operation ({wanted}) is not held here any more: ")
    assert words in text


def test_the_lock_of_a_release_that_knew_no_other_hooks_is_read() -> None:
    older = {key: value for key, value in json.loads(HELD.as_json()).items() if key != "confirmed"}
    assert lock.parse_lock(json.dumps(older).encode()) == HELD._replace(confirmed=())


@pytest.mark.parametrize(
    ("steps", "step", "why"),
    [
        (("withdraw n1", "hand_over", "secondaries"), "hand_over", "the withdraw tasks for n1"),
        (("hand_over", "backup n1", "secondaries"), "secondaries", "the backup tasks for n1"),
        (("hand_over", "backup n1", "secondaries"), "hand_over", None),
        (("promote", "announce n1", "release"), "release", None),
        (("hand_over",), "hand_over", None),
    ],
)
def test_a_step_is_not_due_before_the_hook_that_comes_before_it_is_confirmed(
    steps: tuple[str, ...], step: str, why: str | None
) -> None:
    held = HELD._replace(steps=steps, confirmed=())
    told = lock.not_due(held, step)
    assert (told is None) == (why is None)
    assert (why or "") in (told or "")
    for event in (lock.WITHDRAW, lock.BACKUP):
        if held.awaits(event):
            held = held.confirms(event, "n1")
            assert held.is_confirmed(event, "n1")
            assert held.awaits(event) == ("n1",)
    assert lock.not_due(held, step) is None
