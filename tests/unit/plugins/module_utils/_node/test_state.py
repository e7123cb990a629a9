# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role model: what a status means."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import state
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.module_utils.ncs.ha_status import Node

A: Node = {"nodeid": "a", "address": "192.0.2.1"}
B: Node = {"nodeid": "b", "address": "192.0.2.2"}
PEER_A = Peer("a", "192.0.2.1")
PEER_B = Peer("b", "192.0.2.2")


@pytest.mark.parametrize(
    ("number", "listed", "meaning"),
    [
        (1, [], HaState("none")),
        (2, [A], HaState("secondary", PEER_A)),
        (2, [], HaState("secondary")),
        (3, [], HaState("primary")),
        (3, [A, B], HaState("primary", None, (PEER_A, PEER_B))),
        (4, [A], HaState("relay", PEER_A)),
        (4, [A, B], HaState("relay", PEER_A, (PEER_B,))),
        (4, [], HaState("relay")),
    ],
)
def test_a_status_is_a_role_a_primary_and_secondaries(
    number: int, listed: list[Node], meaning: HaState
) -> None:
    assert state.from_status(number, listed) == meaning
    assert meaning.as_result()["state"] == number


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_result_has_the_same_keys_whatever_the_state(number: int) -> None:
    result = state.from_status(number, [A]).as_result()
    assert set(result) == {"role", "state", "primary", "secondaries"}


def test_a_result_is_made_of_plain_data() -> None:
    assert HaState("relay", PEER_A, (PEER_B,)).as_result() == {
        "role": "relay",
        "state": 4,
        "primary": {"node_id": "a", "address": "192.0.2.1"},
        "secondaries": [{"node_id": "b", "address": "192.0.2.2"}],
    }


def test_secondaries_are_found_and_taken_away_by_node_id() -> None:
    node = HaState("primary", None, (PEER_A, PEER_B))
    assert node.has_secondary("a")
    assert not node.has_secondary("A")
    assert not HaState("secondary", PEER_A).has_secondary("a")
    assert node.without_secondary("a") == HaState("primary", None, (PEER_B,))
    assert node.without_secondary("c") == node


def test_a_transaction_id_is_returned_as_plain_data() -> None:
    assert TransactionId("a", (1, 2, 3)).as_dict() == {
        "primary_id": "a",
        "timestamp": [1, 2, 3],
    }


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (HaState("none"), "none"),
        (HaState("primary", None, (Peer("a", "192.0.2.1"),)), "primary"),
        (HaState("secondary", Peer("p", "192.0.2.1")), "secondary of p at 192.0.2.1"),
        (HaState("relay", Peer("p", "192.0.2.1"), (Peer("a", "b"),)), "relay of p at 192.0.2.1"),
        (HaState("secondary"), "secondary"),
    ],
)
def test_a_state_is_described_in_a_few_words(state: HaState, text: str) -> None:
    assert str(state) == text


@pytest.mark.parametrize(
    ("txid", "text"),
    [
        (TransactionId("n1", (1732, 356000, 123456)), "n1/1732356000.123456"),
        (TransactionId("n1", (1764, 1, 2)), "n1/1764000001.000002"),
        (TransactionId(None, (0, 0, 0)), "-/0.000000"),
    ],
)
def test_a_transaction_id_is_shown_as_primary_and_seconds(txid: TransactionId, text: str) -> None:
    assert str(txid) == text
