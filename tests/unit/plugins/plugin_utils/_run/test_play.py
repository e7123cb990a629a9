# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plays can run an operation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible.playbook.taggable import Taggable
from ansible_collections.nso.ha.plugins.plugin_utils._run import play as plays
from ansible_collections.nso.ha.plugins.plugin_utils._run.play import (
    Inherited,
    Play,
    chosen,
    flat,
    private,
    problems,
)

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
        ("mitogen_linear", False),
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
        ({"group": "nos"}, "the group 'nos' (nso_ha_group) has no hosts in this play"),
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
    assert "The inventory has these groups: nso, other. " in reason
    (reason,) = problems(replace(RIGHT, group="nos", groups={"all": [], "ungrouped": []}))
    assert "The inventory has these groups: none. " in reason


def test_only_variables_of_the_tasks_are_private() -> None:
    assert private(["nso_ha_token", "__nso_ha_plan", "__nso_ha_begun", "__other"]) == [
        "__nso_ha_begun",
        "__nso_ha_plan",
    ]


def test_a_play_for_a_part_may_look_and_no_other_fault_is_forgiven_for_that() -> None:
    part = replace(RIGHT, hosts=("n2", "x"), together=frozenset(("n2", "x")))
    assert problems(part, whole=False) == []
    for change in ({"group": "nos"}, {"strategy": "free"}, {"unstated": ("n2",)}):
        assert problems(replace(part, **change), whole=False)


@pytest.mark.parametrize(
    ("inherited", "words"),
    [
        (Inherited(once=True), "run_once holds for the role"),
        (Inherited(delegate_to="n1"), "the role is delegated to n1 (delegate_to)"),
        (Inherited(conditions=("nso_ha_result.outcome != 'done'",)), "reads what the role sets"),
        (Inherited(conditions=("__nso_ha_plan is defined",)), "reads what the role sets"),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_what_would_make_tasks_of_the_role_do_something_else_is_refused(
    inherited: Inherited, words: str, whole: bool
) -> None:
    (reason,) = problems(replace(RIGHT, inherited=inherited), whole)
    assert words in reason


def test_what_makes_no_difference_to_the_role_is_allowed() -> None:
    inherited = Inherited(conditions=("nso_ha_enabled | bool", "inventory_hostname in groups.nso"))
    assert problems(replace(RIGHT, inherited=inherited)) == []


def test_hosts_that_were_left_out_of_the_role_are_named_once() -> None:
    (reason,) = problems(replace(RIGHT, unstated=("n2",)))
    assert reason.startswith("n2 did not state what the variables say.")
    (reason,) = problems(replace(RIGHT, unstated=("n2",), inherited=Inherited(once=True)))
    assert reason.startswith("run_once")


ALL, NONE = "all", ""


@pytest.mark.parametrize(
    ("tags", "only", "skip", "expected"),
    [
        ("", ALL, NONE, True),
        ("", "ha", NONE, False),
        ("", "untagged", NONE, True),
        ("", "tagged", NONE, False),
        ("", ALL, "ha", True),
        ("", ALL, "untagged", False),
        ("", ALL, ALL, False),
        ("ha", ALL, NONE, True),
        ("ha", "ha x", NONE, True),
        ("ha", "x", NONE, False),
        ("ha", "tagged", NONE, True),
        ("ha", "untagged", NONE, False),
        ("ha", ALL, "ha", False),
        ("ha", "ha", "x", True),
        ("ha", ALL, "tagged", False),
        ("ha x", "x", "ha", False),
        ("always", "x", NONE, True),
        ("always", ALL, ALL, True),
        ("always", ALL, "always", False),
        ("always", ALL, "all always", False),
        ("never", ALL, NONE, False),
        ("never ha", "ha", NONE, True),
        ("never ha", "tagged", NONE, False),
    ],
)
def test_tags_are_counted_as_ansible_counts_them(
    tags: str, only: str, skip: str, expected: bool
) -> None:
    given = (frozenset(tags.split()), frozenset(only.split()), frozenset(skip.split()))
    assert chosen(*given) is expected
    assert _Task(tags.split()).evaluate_tags(given[1], given[2], all_vars={}) is expected


class _Task(Taggable):  # type: ignore[misc]
    """A task with these tags, for Ansible itself."""

    def __init__(self, tags: list[str]) -> None:
        self.tags = self._tags = tags
        self._parent = self._loader = None

    def get_play(self) -> None:
        """No play has tags here."""


def test_a_template_of_tags_may_be_a_list() -> None:
    assert flat(["ha", ["x", "y"], 1]) == {"ha", "x", "y", "1"}


def test_the_name_of_the_report_is_private_too() -> None:
    assert private(["nso_ha_result", "nso_ha_report"]) == ["nso_ha_result"]


# What a command that is to be pasted has


def test_what_was_given_for_this_run_is_given_again_and_no_secret_is() -> None:
    given = plays.given(
        {
            "nso_ha_candidate": "nso-2",
            "nso_ha_override": ["read_only", "all_answer"],
            "nso_ha_hold_followers": True,
            "nso_ha_announce_tasks": "/etc/a file.yml",
            "nso_ha_allow_overwrite": [],
            "nso_ha_token": "secret",
            "nso_ha_break_lock": "3f0c",
            "nso_ha_operation": "switchover",
            "ansible_password": "secret",
            "nso_ha_allow_orphans": {"not": "text"},
        }
    )
    assert given == {
        "nso_ha_candidate": "-e nso_ha_candidate=nso-2",
        "nso_ha_override": "-e nso_ha_override=read_only,all_answer",
        "nso_ha_allow_overwrite": "-e nso_ha_allow_overwrite=",
        "nso_ha_hold_followers": "-e nso_ha_hold_followers=true",
        "nso_ha_announce_tasks": """-e '{"nso_ha_announce_tasks":"/etc/a\\u0020file.yml"}'""",
    }


def test_an_inventory_is_named_as_seen_from_where_the_command_was_given() -> None:
    sources = ["/work/site/hosts.yml", "/etc/ansible/hosts", "nso-1,nso-2", "/work/site/my hosts"]
    assert plays.inventory_options(sources, "/work/site") == (
        "-i hosts.yml -i /etc/ansible/hosts -i nso-1,nso-2 -i 'my hosts'"
    )
