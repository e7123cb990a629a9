# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed data as plain data and back: nothing is lost, whatever is between the two."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import (
    MAX_NUMBER,
    TransactionId,
)
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Answer, Silence
from ansible_collections.nso.ha.plugins.plugin_utils._model.plain import from_dict, to_dict
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import Step, Wave
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision, Run
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import Settings
from helpers.cases import ALONE, HAND_OVER, NEW, decision, member, settings, step
from helpers.properties import repeatable_few
from hypothesis import given
from hypothesis import strategies as st

#: All that is handed from one task to the next; everything else is a part of these.
KINDS = (Decision, Run, Settings)

_TEXT = st.text(max_size=3)
_PLAIN = st.none() | st.booleans() | st.integers() | _TEXT | st.lists(_TEXT, max_size=2)
_LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Any: _PLAIN,
    TransactionId: st.builds(
        TransactionId,
        st.none() | st.text(min_size=1, max_size=3),
        st.tuples(*[st.integers(0, MAX_NUMBER - 1)] * 3),
    ),
}


def instances(kind: Any) -> st.SearchStrategy[Any]:
    """Return what draws values of a type, made of few parts."""
    if kind in _LEAVES:
        return _LEAVES[kind]
    if kind is types.NoneType:
        return st.none()
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return _several(arguments[0]).map(tuple)
    if origin is frozenset:
        return _several(arguments[0]).map(frozenset)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(_TEXT, instances(arguments[1]), max_size=2)
    if arguments:
        return st.one_of(*map(instances, arguments))
    hints = typing.get_type_hints(kind)
    names = kind._fields if hasattr(kind, "_fields") else [field.name for field in fields(kind)]
    drawn: dict[str, Any] = {name: instances(hints[name]) for name in names}
    if kind is Wave:
        # A host has one step in a wave.
        by_host = st.lists(instances(Step), max_size=2, unique_by=lambda step: step.host)
        drawn["steps"] = by_host.map(tuple)
    return st.builds(kind, **drawn)


def _several(kind: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(instances(kind), max_size=2)


def fields(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(kind)


def assert_plain(value: object) -> None:
    """Only what JSON has, of exactly these types."""
    assert value is None or value.__class__ in (dict, list, str, int, float, bool), repr(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            assert key.__class__ is str
            assert_plain(inner)
    elif isinstance(value, list):
        for inner in value:
            assert_plain(inner)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_was_made_plain_is_the_same_again(kind: type[Any]) -> None:
    @given(instances(kind))
    @repeatable_few
    def same(value: Any) -> None:
        plain = to_dict(value)
        assert_plain(plain)
        assert json.loads(json.dumps(plain)) == plain
        assert from_dict(kind, plain) == value
        assert from_dict(kind, json.loads(json.dumps(plain))) == value

    same()


def test_steps_of_a_wave_are_plain_by_host_and_keep_their_order() -> None:
    wave = Wave("relays", (step("n3", "besecondary"), step("n2", "besecondary")))
    plain = to_dict(wave)
    assert list(plain["steps"]) == ["n3", "n2"]
    assert plain["steps"]["n2"]["host"] == "n2"
    assert from_dict(Wave, plain).steps == wave.steps


def test_what_more_there_is_in_a_dictionary_is_left_alone() -> None:
    # A registered decision has what Ansible adds.
    whole = decision(*HAND_OVER, awaited=NEW)
    registered = {**to_dict(whole), "changed": False, "failed": False, "run_id": "run"}
    assert from_dict(Decision, registered) == whole


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"plan": {}, "progress": {}, "needed": True},
        {"plan": None, "needed": True},
        {"plan": {"operation": "converge"}, "progress": None, "needed": True},
    ],
)
def test_a_dictionary_of_another_form_is_an_error_that_names_what_it_is_not(
    broken: dict[str, Any],
) -> None:
    with pytest.raises(ValueError, match="this is not a Decision"):
        from_dict(Decision, broken)


def test_a_transaction_id_that_is_none_is_an_error() -> None:
    plain = to_dict(decision(awaited=NEW))
    plain["progress"]["awaited"] = {"primary_id": "id1"}
    with pytest.raises(ValueError, match="not a dictionary with the keys"):
        from_dict(Decision, plain)


def test_an_answer_and_a_silence_are_told_apart_by_their_fields() -> None:
    heard = Answer(HaState("secondary", Peer("id1", "10.0.0.1")), 2, ALONE)
    both = decision(rechecked={"n1": heard, "n2": Silence("gone", stopped=True)})
    assert from_dict(Decision, to_dict(both)) == both


def test_variables_of_the_group_stay_as_they_are() -> None:
    group = {"nso_ha_allow_overwrite": ["n1"], "nso_ha_override": None, "nso_ha_candidate": 1}
    stated = settings(member(1), group)
    assert from_dict(Settings, to_dict(stated)).group == group
