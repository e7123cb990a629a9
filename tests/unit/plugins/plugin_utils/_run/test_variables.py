# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading Ansible's variables."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import Consents
from ansible_collections.nso.ha.plugins.plugin_utils._checks.guards import OVERRIDABLE
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._run import variables

HOSTS = ("n1", "n2", "n3")


def overwriting(given: object, hosts: Sequence[str] = HOSTS) -> Consents:
    return variables.consents(given, False, [], hosts)


def overriding(given: object) -> Consents:
    return variables.consents(False, False, given, HOSTS)


def test_a_host_is_known_by_what_is_set_and_else_by_its_inventory_name() -> None:
    assert variables.member("n1", {}) == Member("n1", "n1", "n1", "", "")
    given: dict[str, object] = {
        "nso_ha_node_id": "",
        "nso_ha_node_ip": None,
        "ansible_host": "10.0.0.1",
    }
    assert variables.member("n1", given) == Member("n1", "n1", "10.0.0.1", "", "")
    given = {
        "nso_ha_node_id": 7,
        "nso_ha_node_ip": "10.0.0.7",
        "ansible_host": "192.0.2.7",
        "nso_ha_role": "relay",
        "nso_ha_upstream": "n2",
    }
    assert variables.member("n1", given) == Member("n1", "7", "10.0.0.7", "relay", "n2")


@pytest.mark.parametrize("nobody", [False, "false", "No", "off", "0", 0, "", " ", None, [], ","])
def test_no_consent(nobody: object) -> None:
    agreed = overwriting(nobody)
    assert agreed == Consents()
    assert not any(agreed.may_overwrite(host) for host in HOSTS)


@pytest.mark.parametrize("everybody", [True, "true", "True", " YES ", "on", "1", 1])
def test_consent_for_all(everybody: object) -> None:
    assert all(overwriting(everybody).may_overwrite(host) for host in HOSTS)


@pytest.mark.parametrize(
    "two",
    [
        "n2,n3",
        " n2 , n3 ,",
        "n2\nn3",
        "n2,\r\n n3\n",
        ["n2", "n3"],
        ("n3", " n2 "),
        ["n2", "n3", ""],
    ],
)
def test_consent_for_those_that_are_named_and_no_other(two: object) -> None:
    agreed = overwriting(two)
    assert [host for host in HOSTS if agreed.may_overwrite(host)] == ["n2", "n3"]


@pytest.mark.parametrize("name", ["1", 1, "on", "yes", "no", "0"])
def test_a_host_that_is_called_like_a_truth_value_is_that_host(name: object) -> None:
    agreed = overwriting(name, ["n1", str(name)])
    assert agreed.may_overwrite(str(name))
    assert not agreed.may_overwrite("n1")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("n4", "nso_ha_allow_overwrite has n4, which is not known; there are n1, n2, n3"),
        ("n2 n3", "nso_ha_allow_overwrite has n2 n3, which is not known; there are n1, n2, n3"),
        ("ture", "nso_ha_allow_overwrite has ture, which is not known; there are n1, n2, n3"),
        ([True], "nso_ha_allow_overwrite has True, which is not known; there are n1, n2, n3"),
        (["n2", "x", "a"], "nso_ha_allow_overwrite has a, x, which is not known; there are n1"),
        (2, "nso_ha_allow_overwrite is 2; it has to be a list of names"),
        ({"n2": True}, "nso_ha_allow_overwrite is {'n2': True}; it has to be a list of names"),
        (1.0, "nso_ha_allow_overwrite is 1.0; it has to be a list of names"),
    ],
)
def test_a_consent_that_makes_no_sense_is_an_error(wrong: object, text: str) -> None:
    with pytest.raises(ValueError, match="nso_ha_allow_overwrite") as caught:
        overwriting(wrong)
    assert text in str(caught.value)


@pytest.mark.parametrize("given", ["one_primary, start_phase", ["start_phase", "one_primary"]])
def test_checks_are_overridden_by_name(given: object) -> None:
    agreed = overriding(given)
    assert agreed.overridden == {"one_primary", "start_phase"}
    assert not agreed.may_overwrite("n1")


@pytest.mark.parametrize("given", ["", [], None, False])
def test_no_check_is_overridden(given: object) -> None:
    assert overriding(given).overridden == frozenset()


@pytest.mark.parametrize(
    "given", ["all", "hidden-primary", ["overwrite"], "topology", "candidate_failed", True]
)
def test_a_check_that_does_not_exist_cannot_be_overridden(given: object) -> None:
    with pytest.raises(ValueError, match="nso_ha_override"):
        overriding(given)


def test_the_names_of_the_checks_are_told_to_those_who_misspell_one() -> None:
    with pytest.raises(ValueError, match="nso_ha_override") as caught:
        overriding("hidden")
    assert str(caught.value) == (
        f"nso_ha_override has hidden, which is not known; there are {', '.join(OVERRIDABLE)}"
    )


def test_a_variable_of_the_group_has_to_be_the_same_on_all_hosts() -> None:
    one: dict[str, dict[str, object]] = {"n1": {"v": "n1"}, "n2": {"v": "n1"}, "n3": {}}
    (text,) = variables.uneven("v", HOSTS, one)
    assert text.startswith("v is not the same on n3 as on n1.")
    assert variables.uneven("v", HOSTS[:2], one) == []


def test_a_variable_that_is_not_set_and_one_that_is_empty_are_the_same() -> None:
    empty: dict[str, dict[str, object]] = {"n1": {"v": ""}, "n2": {"v": False}, "n3": {}}
    assert variables.uneven("v", HOSTS, empty) == []


@pytest.mark.parametrize("given", [2, 2.0, "2", " 2.0 ", "2e0"])
def test_a_time_limit_is_a_number_or_the_same_as_text(given: object) -> None:
    assert variables.seconds(given, "nso_ha_timeout", 30) == 2


@pytest.mark.parametrize("given", [None, "", "  "])
def test_a_time_limit_that_is_empty_was_not_given(given: object) -> None:
    assert variables.seconds(given, "nso_ha_timeout", 30) == 30


def test_a_time_limit_may_be_0() -> None:
    assert variables.seconds(0, "nso_ha_timeout", 30) == 0
    assert variables.seconds("0", "nso_ha_timeout", 30) == 0


@pytest.mark.parametrize("given", ["soon", "1 s", -1, "-0.5", True, False, [], [1], "inf", "nan"])
def test_a_time_limit_that_is_no_number_of_seconds_is_an_error(given: object) -> None:
    with pytest.raises(ValueError, match=r"nso_ha_timeout is .*it has to be a number of seconds"):
        variables.seconds(given, "nso_ha_timeout", 30)
