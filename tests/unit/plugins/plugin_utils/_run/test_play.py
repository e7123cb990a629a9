# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plays can run an operation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._run.play import Play, private, problems

RIGHT = Play(
    strategy="linear",
    hosts=("n1", "n2"),
    together=frozenset(("n1", "n2")),
    group="nso",
    groups={"all": ["n1", "n2", "x"], "ungrouped": [], "nso": ["n1", "n2"], "other": ["x"]},
)


def test_a_play_over_the_whole_group_in_step_has_no_problem() -> None:
    assert problems(RIGHT) == []


@pytest.mark.parametrize(
    ("strategy", "in_step"),
    [
        ("linear", True),
        ("ansible.builtin.linear", True),
        ("debug", True),
        ("ansible.builtin.debug", True),
        ("mitogen_linear", True),
        ("free", False),
        ("ansible.builtin.free", False),
        ("host_pinned", False),
        ("mitogen_free", False),
        ("acme.net.linear", False),
    ],
)
def test_only_strategies_that_are_known_to_go_in_step_pass(strategy: str, in_step: bool) -> None:
    reasons = problems(replace(RIGHT, strategy=strategy))
    assert bool(reasons) != in_step
    assert all(f"the strategy of this play is {strategy}, " in reason for reason in reasons)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hosts": ("n1", "n2", "x")}, "x of this play is not in the group 'nso'"),
        ({"hosts": ("n1", "n2", "x", "y")}, "x, y of this play are not in the group 'nso'"),
        ({"together": frozenset(("n1",))}, "n2 of the group take no part in this play"),
        (
            {"hosts": ("n2",), "together": frozenset(("n2",))},
            "n1 of the group take no part in this play",
        ),
        ({"group": "nos"}, "nso_ha_group is 'nos', and the inventory has no such group"),
        ({"group": "ungrouped", "hosts": ()}, "the group 'ungrouped' (nso_ha_group) has no hosts"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], words: str) -> None:
    (reason,) = problems(replace(RIGHT, **change))
    assert words in reason


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = replace(RIGHT, hosts=("n1", "x"), together=frozenset(("n1", "x")), strategy="free")
    assert len(problems(wrong)) == 3


def test_groups_that_there_are_are_named() -> None:
    (reason,) = problems(replace(RIGHT, group="nos"))
    assert reason.endswith("there are nso, other")
    (reason,) = problems(replace(RIGHT, group="nos", groups={"all": [], "ungrouped": []}))
    assert reason.endswith("there are none")


def test_only_variables_of_the_tasks_are_private() -> None:
    assert private(["nso_ha_token", "__nso_ha_plan", "__nso_ha_begun", "__other"]) == [
        "__nso_ha_begun",
        "__nso_ha_plan",
    ]
