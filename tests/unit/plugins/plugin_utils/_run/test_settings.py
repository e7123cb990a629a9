# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is told by its variables, and what is wrong with that."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._run import settings
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import (
    ACCESS_FILE,
    FAIL_WHEN,
    GIVEN_TOKEN,
    HISTORY_LIMIT,
    LOOK,
    OF_THE_GROUP,
    TOKEN,
    Limits,
    NotEvaluable,
    Settings,
)
from helpers import cases
from helpers.cases import N1, N2, N3

Variables = dict[str, object]

GIVEN: Variables = {TOKEN: "secret"}


def read(variables: Mapping[str, object], **more: Any) -> Settings:
    """Return the settings of n1, which has a token, with these variables."""
    whole = {**GIVEN, **variables}
    return settings.read("n1", whole.get, **more)


# One host


def test_a_host_is_known_by_what_is_set_and_else_by_its_inventory_name() -> None:
    assert read({}).member == Member("n1", "n1", "n1", "member", "")
    given: Variables = {
        "nso_ha_node_id": "",
        "nso_ha_node_ip": None,
        "ansible_host": "10.0.0.1",
    }
    assert read(given).member == Member("n1", "n1", "10.0.0.1", "member", "")
    given = {
        "nso_ha_node_id": "7",
        "nso_ha_node_ip": "10.0.0.7",
        "ansible_host": "192.0.2.7",
        "nso_ha_role": "relay",
        "nso_ha_upstream": "n2",
        "nso_ha_priority": "7",
    }
    assert read(given).member == Member("n1", "7", "10.0.0.7", "relay", "n2", 7)


#: Variables of a host that are text, with where they are in its settings.
TEXTS = {
    "nso_ha_node_id": "member.node_id",
    "nso_ha_node_ip": "member.address",
    "nso_ha_role": "member.role",
    "nso_ha_upstream": "member.upstream",
    "nso_ha_path": "path",
    "nso_ha_ip": "ip",
    "nso_ha_port": "port",
    ACCESS_FILE: "access_file",
    "nso_ha_state_dir": "state_dir",
    "nso_ha_ha_port": "ha_port",
    "nso_ha_process": "process",
}


def setting_at(host_settings: Settings, where: str) -> object:
    value: object = host_settings
    for name in where.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_taken_without_the_blanks_around_it(name: str) -> None:
    assert setting_at(read({name: "  x y \n"}), TEXTS[name]) == "x y"


@pytest.mark.parametrize("name", ["nso_ha_port", "nso_ha_ha_port"])
def test_a_port_may_be_a_number(name: str) -> None:
    assert setting_at(read({name: 4570}), TEXTS[name]) == "4570"
    assert read({name: 4570}).problems == ()


#: What YAML makes of 0x1F, 1e3, on and 2026-01-02.
NOT_TEXT = [31, 1000.0, True, datetime.date(2026, 1, 2)]


@pytest.mark.parametrize("given", NOT_TEXT)
@pytest.mark.parametrize(
    "name",
    [
        *(name for name in TEXTS if not name.endswith("_port")),
        "ansible_host",
        "nso_ha_candidate",
        "nso_ha_group",
        "nso_ha_planned_candidate",
    ],
)
def test_what_has_to_be_text_and_is_not_is_refused_with_what_became_of_it(
    name: str, given: object
) -> None:
    (problem,) = read({name: given}).problems
    shown = name.removeprefix("__")
    assert problem.startswith(f"{shown} of n1 is {given!r}, which is not text: YAML or INI made a ")
    assert problem.endswith("Quote it")


@pytest.mark.parametrize(
    "name",
    [
        "nso_ha_allow_data_loss",
        "nso_ha_allow_orphans",
        "nso_ha_allow_overwrite",
        "nso_ha_override",
    ],
)
def test_a_name_in_a_list_that_is_not_text_is_refused(name: str) -> None:
    (problem,) = read({name: ["n1", True]}).problems
    assert problem.startswith(f"an entry of {name} of n1 is True, which is not text")
    assert read({name: ["n1", "on"]}).problems == ()


@pytest.mark.parametrize(
    ("variables", "source"),
    [
        ({"nso_ha_node_ip": "10.0.0.1", "ansible_host": "10.0.0.2"}, "nso_ha_node_ip"),
        ({"ansible_host": "10.0.0.2"}, "ansible_host"),
        ({}, "inventory_hostname"),
    ],
)
def test_an_address_is_known_with_the_variable_that_has_it(
    variables: Variables, source: str
) -> None:
    assert read(variables).member.address_from == source


def test_a_node_is_on_the_controller_if_its_connection_does_not_leave_it() -> None:
    assert read({}, transport="local").member.local
    assert read({"ansible_connection": "local"}, stated=False).member.local
    assert not read({"ansible_connection": "local"}, transport="ssh").member.local
    assert not read({}).member.local


@pytest.mark.parametrize("empty", [None, "", "  ", "\n"])
def test_what_is_empty_as_in_a_survey_was_not_given(empty: object) -> None:
    of_host = dict.fromkeys((*TEXTS, *settings.LIMIT_NAMES.values(), "nso_ha_priority"), empty)
    assert read(of_host) == read({})
    assert read(of_host).problems == ()


def test_what_is_not_given_has_the_default() -> None:
    host_settings = read({})
    assert host_settings.limits == Limits()
    assert host_settings.state_dir == "/var/lib/nso-ha"
    assert host_settings.member.priority == 100
    assert (
        host_settings.path,
        host_settings.ip,
        host_settings.port,
        host_settings.access_file,
    ) == ("", "", "", "")
    assert host_settings.stated


@pytest.mark.parametrize(
    ("priority", "taken"), [(0, 0), (" 7 ", 7), ("1.5", -1), ("high", -1), (-3, -3), (True, -1)]
)
def test_a_priority_is_a_whole_number_or_one_that_no_topology_may_have(
    priority: object, taken: int
) -> None:
    assert read({"nso_ha_priority": priority}).member.priority == taken


@pytest.mark.parametrize("token", [None, "", "  "])
def test_a_missing_token_is_a_problem_where_orders_may_follow(token: object) -> None:
    without, other = read({TOKEN: token}), read({})
    (problem,) = settings.problems([without, other], orders=True)
    assert problem.startswith("n1: there is no token. Set nso_ha_token, ")
    assert "NSO_HA_TOKEN_FILE" in problem
    assert settings.problems([without, other], orders=False) == []
    # What the inventory says of a host that was dropped has no token: it is a variable of the role.
    assert settings.problems([read({TOKEN: token}, stated=False)], orders=True) == []


@pytest.mark.parametrize(
    ("look", "needs"),
    [
        (["operational_state"], False),
        (["operational_state", "ha_socket"], False),
        (["ha_socket"], True),
        (["ha_socket", "operational_state"], True),
    ],
)
def test_a_missing_token_is_a_problem_of_a_host_that_is_looked_at_by_its_ha_socket(
    look: list[str], needs: bool
) -> None:
    without = read({TOKEN: "", LOOK: look})
    assert [text.split(".")[0] for text in without.problems] == ["n1: there is no token"] * needs
    assert len(settings.problems([without], orders=False)) == needs
    assert len(settings.problems([without], orders=True)) == 1


@pytest.mark.parametrize(
    ("given", "look"),
    [
        (None, ("operational_state",)),
        ("", ("operational_state",)),
        ([], ("operational_state",)),
        ("ha_socket", ("ha_socket",)),
        ("operational_state, ha_socket", ("operational_state", "ha_socket")),
        ("ha_socket\noperational_state\n", ("ha_socket", "operational_state")),
        (["ha_socket", "ha_socket"], ("ha_socket",)),
    ],
)
def test_the_ways_of_looking_are_a_list_or_text(given: object, look: tuple[str, ...]) -> None:
    host_settings = read({LOOK: given})
    assert (host_settings.look, host_settings.problems) == (look, ())


@pytest.mark.parametrize("given", ["maapi", ["ha_socket", "cli"], 1, True, {"ha_socket": 1}, [1]])
def test_another_way_of_looking_is_refused_with_the_name_of_the_variable(given: object) -> None:
    (problem,) = read({LOOK: given}).problems
    assert problem == (
        f"nso_ha_look of n1 is {given!r}; it has to be a list of operational_state and ha_socket"
    )


# What YAML and INI make of 2893e1, 12345678, 0x1F, yes, 2026-01-02 and [a].
@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (28930.0, "number"),
        (12345678, "number"),
        (31, "number"),
        (0, "number"),
        (True, "truth value"),
        (datetime.date(2026, 1, 2), "date"),
        (["a"], "list or dictionary"),
        ({"a": "b"}, "list or dictionary"),
    ],
)
def test_a_token_that_is_not_text_is_refused_and_not_shown(given: object, kind: str) -> None:
    (problem,) = read({GIVEN_TOKEN: given, TOKEN: str(given)}).problems
    assert problem == (
        f"nso_ha_token of n1 is not text: YAML or INI made a {kind} of it, which may be another "
        "token. Quote it"
    )


@pytest.mark.parametrize(
    "token", [" key", "key ", "key\n", "\ufeffkey", "key\nlock", "\u00a0key", "\tkey"]
)
def test_a_token_with_something_around_it_is_refused_and_not_shown(token: str) -> None:
    (problem,) = read({GIVEN_TOKEN: token, TOKEN: token}).problems
    assert problem.startswith("nso_ha_token of n1 has white space or a byte order mark around it")
    assert "key" not in problem


def test_a_token_that_looks_like_a_number_and_is_text_is_taken() -> None:
    assert not read({GIVEN_TOKEN: "2893e1", TOKEN: "2893e1"}).problems
    assert not read({TOKEN: "a b"}).problems


def test_a_file_with_the_token_that_is_not_there_is_told_by_its_variable() -> None:
    def evaluate(name: str) -> object:
        if name == TOKEN:
            raise NotEvaluable("could not locate file /x")
        return None

    (problem,) = settings.read("n1", evaluate).problems
    assert problem.endswith(
        "could not locate file /x. NSO_HA_TOKEN_FILE has to name a file on the controller"
    )


def test_the_token_is_not_among_the_settings() -> None:
    assert "secret" not in repr(read({}))


@pytest.mark.parametrize(
    "name",
    [*TEXTS, *settings.LIMIT_NAMES.values(), *OF_THE_GROUP, "nso_ha_priority", GIVEN_TOKEN, LOOK],
)
def test_a_variable_that_cannot_be_evaluated_is_named_with_its_host(name: str) -> None:
    def evaluate(asked: str) -> object:
        if asked == name:
            raise NotEvaluable("'typo' is undefined")
        return GIVEN.get(asked)

    host_settings = settings.read("n1", evaluate)
    assert (
        host_settings.problems[0]
        == f"{name.removeprefix('__')} of n1 cannot be evaluated: 'typo' is undefined"
    )
    assert settings.problems([host_settings], orders=True)[0] == host_settings.problems[0]


@pytest.mark.parametrize("given", [2, 2.0, "2", " 2.0 ", "2e0"])
def test_a_time_limit_is_a_number_or_the_same_as_text(given: object) -> None:
    assert settings.seconds(given, "nso_ha_timeout", 30) == 2


@pytest.mark.parametrize("given", [None, "", "  "])
def test_a_time_limit_that_is_empty_was_not_given(given: object) -> None:
    assert settings.seconds(given, "nso_ha_timeout", 30) == 30


@pytest.mark.parametrize(("given", "limit"), [("", 20), (None, 20), (1, 1), ("200", 200)])
def test_how_much_history_there_is_is_a_whole_number(given: object, limit: int) -> None:
    found = read({HISTORY_LIMIT: given})
    assert (found.history_limit, found.problems) == (limit, ())


@pytest.mark.parametrize("given", [0, 201, "-1", "many", 1.5, True, [5]])
def test_another_limit_of_the_history_is_refused(given: object) -> None:
    (problem,) = read({HISTORY_LIMIT: given}).problems
    assert problem == (
        f"nso_ha_history_limit of n1 is {given!r}; it has to be a whole number from 1 to 200"
    )


@pytest.mark.parametrize(
    ("given", "states"),
    [
        ("", ()),
        ([], ()),
        ("no_primary, two_primaries", ("no_primary", "two_primaries")),
        (["unknown"], ("unknown",)),
        (
            "unhealthy",
            ("degraded", "read_only", "under_way", "no_primary", "two_primaries", "unknown"),
        ),
    ],
)
def test_the_health_to_fail_with_is_a_list_of_states_or_text(
    given: object, states: tuple[str, ...]
) -> None:
    found = read({FAIL_WHEN: given})
    assert (found.fail_when, found.problems) == (states, ())


@pytest.mark.parametrize("given", ["healthy", "degarded", ["unknown", 3], True, 2])
def test_another_health_to_fail_with_is_refused(given: object) -> None:
    (problem,) = read({FAIL_WHEN: given}).problems
    assert problem.startswith(f"nso_ha_fail_when of n1 is {given!r}; it has to be a list of ")


def test_a_time_limit_may_be_0() -> None:
    assert settings.seconds(0, "nso_ha_timeout", 30) == 0
    assert settings.seconds("0", "nso_ha_timeout", 30) == 0


@pytest.mark.parametrize("given", ["soon", "1 s", -1, "-0.5", True, False, [], [1], "inf", "nan"])
def test_a_time_limit_that_is_no_number_of_seconds_is_an_error(given: object) -> None:
    with pytest.raises(ValueError, match=r"nso_ha_timeout is .*it has to be a number of seconds"):
        settings.seconds(given, "nso_ha_timeout", 30)


@pytest.mark.parametrize("limit", settings.LIMIT_NAMES)
def test_each_time_limit_is_read_from_its_variable_and_a_wrong_one_is_a_problem(
    limit: str,
) -> None:
    name = settings.LIMIT_NAMES[limit]
    assert read({name: "7"}).limits == replace(Limits(), **{limit: 7.0})
    wrong = read({name: "soon"})
    assert wrong.limits == Limits()
    assert wrong.problems == (f"n1: {name} is 'soon'; it has to be a number of seconds",)


# All hosts together


def group(name: str, *values: object) -> list[Settings]:
    """Return the settings of as many hosts, each with its value of this variable."""
    return [
        cases.settings(member, {name: value})
        for member, value in zip((N1, N2, N3), values, strict=False)
    ]


@pytest.mark.parametrize("name", OF_THE_GROUP)
def test_a_variable_of_the_group_has_to_be_the_same_on_all_hosts(name: str) -> None:
    assert settings.problems(group(name, "n1", "n1", None), orders=True) == [
        f"{name} is not the same on n3 as on n1. It counts for the whole group and cannot be set "
        "for a host: give it with -e, and name the nodes in it"
    ]
    assert settings.problems(group(name, ["n1"], ["n1"]), orders=True) == []


def test_a_variable_that_is_not_set_and_one_that_is_empty_are_the_same() -> None:
    assert settings.problems(group("nso_ha_override", "", False, []), orders=True) == []


def test_what_a_dropped_host_would_say_of_the_group_does_not_count() -> None:
    first, second = group("nso_ha_candidate", "n1", None)
    assert settings.problems([first, replace(second, stated=False)], orders=True) == []
