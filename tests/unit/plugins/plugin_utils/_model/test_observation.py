# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What results of modules say about nodes, and above all what they do not say."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import (
    Answer,
    Silence,
    from_result,
)

FOUND: dict[str, Any] = {
    "role": "secondary",
    "primary": {"node_id": "id1", "address": "10.0.0.1"},
    "secondaries": [],
    "phase": 2,
    "txid": {"primary_id": "id1", "timestamp": [1, 2, 3]},
}


def test_a_node_that_answered_is_observed() -> None:
    state = HaState("secondary", Peer("id1", "10.0.0.1"))
    assert from_result({"ha": FOUND}) == Answer(state, 2, TransactionId("id1", (1, 2, 3)))


def test_a_node_whose_wait_was_in_vain_is_observed_as_it_was_last() -> None:
    assert isinstance(from_result({"failed": True, "msg": "waited", "ha": FOUND}), Answer)


def test_a_node_without_a_transaction_id_is_observed_without_one() -> None:
    observation = from_result({"ha": {**FOUND, "txid": None}})
    assert isinstance(observation, Answer)
    assert observation.txid is None


@pytest.mark.parametrize(
    ("result", "silence"),
    [
        (None, Silence("it dropped out of the play before it was asked")),
        ({}, Silence("it dropped out of the play before it was asked")),
        ({"unreachable": True, "msg": "a\nb"}, Silence("Ansible cannot reach it: a")),
        ({"unreachable": True, "ha": FOUND}, Silence("Ansible cannot reach it: no reason given")),
        ({"failed": True, "msg": "refused"}, Silence("refused", reachable=True)),
        ({"failed": True, "msg": " \n", "ha": None}, Silence("no reason given", reachable=True)),
        ({"skipped": True}, Silence("it was not asked", reachable=True)),
    ],
)
def test_a_node_that_did_not_answer_is_not_assumed_to_be_anything(
    result: dict[str, Any] | None, silence: Silence
) -> None:
    assert from_result(result) == silence


@pytest.mark.parametrize(
    ("role", "held", "told", "overall", "mode"),
    [
        ("secondary", False, True, True, True),
        ("secondary", True, True, True, False),
        ("secondary", False, False, True, False),
        ("secondary", False, None, True, None),
        ("none", False, None, True, None),
        ("primary", False, None, True, True),
        ("primary", True, None, True, False),
        ("primary", False, None, False, False),
        ("primary", False, None, None, None),
    ],
)
def test_a_mode_that_no_run_has_marked_is_that_of_an_administrator(
    role: str, held: bool, told: bool | None, overall: bool | None, mode: bool | None
) -> None:
    facts = Facts(read_only=overall, admin_read_only=told)
    assert Answer(HaState(role), 2, None, held=held, facts=facts).admin_read_only is mode
