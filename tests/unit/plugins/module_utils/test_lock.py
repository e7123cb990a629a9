# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a node: who may take it from whom, and what is no lock at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils import clock, lock
from ansible_collections.nso.ha.plugins.module_utils.lock import Lock

NOW = 1764028800.0


def taken(id_: str = "a", at: float = NOW, lease: float = 900.0, node_id: str = "n1") -> Lock:
    return Lock(
        id=id_,
        node_id=node_id,
        operation="switchover",
        owner="ops@bastion",
        process={"pid": 1, "more": [None]},
        taken=clock.text(at),
        expires=clock.text(at + lease),
        lease=lease,
    )


HELD = taken()


def test_what_was_written_is_read_as_the_same_lock() -> None:
    assert lock.from_json(HELD.as_json()) == HELD


def test_a_lock_expires_at_the_end_of_its_lease() -> None:
    assert not HELD.has_expired(NOW + 899.999999)
    assert HELD.has_expired(NOW + 900)
    assert HELD.as_result(NOW + 900)["expired"] is True


def test_a_renewed_lock_differs_in_its_end_only() -> None:
    renewed = HELD.renewed(NOW + 500)
    assert renewed == HELD._replace(expires=clock.text(NOW + 1400))


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": None},
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
        {"more": 1},
    ],
)
def test_what_has_another_form_is_no_lock(change: Any) -> None:
    data = json.dumps({**HELD._asdict(), **change}).encode()
    with pytest.raises(ValueError, match=r"."):
        lock.from_json(data)


@pytest.mark.parametrize("name", Lock._fields)
def test_what_has_not_all_keys_is_no_lock(name: str) -> None:
    found = {key: value for key, value in HELD._asdict().items() if key != name}
    with pytest.raises(ValueError, match=f"{name} is missing"):
        lock.from_json(json.dumps(found).encode())


def test_a_free_lock_can_be_taken() -> None:
    assert lock.obstacle(None, HELD, (), NOW) is None


def test_an_operation_can_take_its_own_lock_again_even_expired() -> None:
    for now in (NOW, NOW + 10_000):
        assert lock.obstacle(HELD, taken(at=now), (), now) is None


def test_the_lock_of_another_operation_stands_in_the_way_with_all_that_is_known() -> None:
    text = lock.obstacle(HELD, taken("b"), ("c",), NOW + 1)
    assert text is not None
    for part in (HELD.owner, HELD.operation, HELD.taken, HELD.expires, "nso_ha_break_lock=a"):
        assert part in text


def test_a_lock_that_has_expired_or_may_be_replaced_stands_in_nobodys_way() -> None:
    assert lock.obstacle(HELD, taken("b"), ("a",), NOW) is None
    assert lock.obstacle(HELD, taken("b"), (), NOW + 900) is None


def test_one_directory_cannot_be_that_of_two_nodes() -> None:
    for replaceable in ((), ("a",)):
        text = lock.obstacle(HELD, taken(node_id="n2"), replaceable, NOW + 10_000)
        assert text is not None
        assert "used for node n1, too" in text


def test_an_operation_may_go_on_while_it_holds_the_lock() -> None:
    assert lock.not_held(HELD, "a", NOW + 899) is None


@pytest.mark.parametrize(
    ("found", "wanted", "now", "words"),
    [
        (None, "a", NOW, "there is no lock"),
        (HELD, "b", NOW, "ops@bastion runs switchover"),
        (HELD, "a", NOW + 900, f"it has expired at {HELD.expires}"),
    ],
)
def test_an_operation_may_not_go_on_otherwise(
    found: Any, wanted: str, now: float, words: str
) -> None:
    text = lock.not_held(found, wanted, now)
    assert text is not None
    assert text.startswith(f"the lock of this operation ({wanted}) is not held here any more: ")
    assert words in text
