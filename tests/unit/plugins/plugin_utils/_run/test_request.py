# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator asks for, however it is given."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

import pytest
from ansible.parsing.splitter import parse_kv
from ansible_collections.nso.ha.plugins.plugin_utils._checks.consents import (
    Consents,
    Nodes,
    option,
)
from ansible_collections.nso.ha.plugins.plugin_utils._checks.judge import OVERRIDABLE
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import request
from ansible_collections.nso.ha.plugins.plugin_utils._run.request import Request
from helpers.cases import NEW, OLD

HOSTS = ("n1", "n2", "n3")


def asked(operation: str = "converge", **group: object) -> Request:
    """Return the request in these variables, which are without the prefix nso_ha_."""
    return request.read(operation, {f"nso_ha_{name}": group[name] for name in group}, HOSTS)


def overwriting(given: object, hosts: Sequence[str] = HOSTS) -> Consents:
    return request.read("converge", {"nso_ha_allow_overwrite": given}, hosts).consents


def overriding(given: object) -> Consents:
    return asked(override=given).consents


@pytest.mark.parametrize("operation", operations.OPERATIONS)
def test_nothing_is_agreed_to_where_nothing_is_given(operation: str) -> None:
    assert asked(operation) == Request(operation)
    empty = {"candidate": "", "planned_candidate": None, "break_lock": " ", "fence_tasks": ""}
    assert asked(operation, allow_data_loss="", **empty) == Request(operation)


@pytest.mark.parametrize("pasted", ["r1", " r1\n", "r1.", "'r1'", '"r1",'])
def test_the_id_of_a_lock_is_taken_as_it_was_pasted(pasted: str) -> None:
    assert asked(break_lock=pasted).broken == "r1"


@pytest.mark.parametrize("number", [1234567890123456, 12e3, True])
def test_an_id_that_yaml_made_a_number_of_is_not_taken_for_another(number: object) -> None:
    with pytest.raises(ValueError, match="quote it"):
        asked(break_lock=number)


@pytest.mark.parametrize("operation", ["", "status", "roll_back", "convergence"])
def test_an_operation_that_cannot_be_asked_for_is_an_error(operation: str) -> None:
    with pytest.raises(ValueError, match=f"nso_ha_operation is {operation!r}; there are converge,"):
        asked(operation)


def test_the_candidate_that_is_named_counts_before_the_one_that_was_planned() -> None:
    assert asked(candidate=" n2 ", planned_candidate="n3").candidate == "n2"
    assert asked(candidate="", planned_candidate=" n3 ").candidate == "n3"


@pytest.mark.parametrize("name", ["candidate", "planned_candidate"])
def test_a_candidate_that_is_not_a_host_of_the_group_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="nso_ha_candidate is 'id2', which is not a host of the"):
        asked(**{name: "id2"})


def test_what_is_given_is_read_without_the_blanks_around_it() -> None:
    requested = asked(break_lock=" r1\n", fence_tasks=" off.yml ")
    assert (requested.broken, requested.fences) == ("r1", True)


def test_each_consent_is_read_from_its_own_variable() -> None:
    consents = asked(allow_overwrite="n1", allow_data_loss=["n2"], override="fenced").consents
    assert consents.overwrite == Nodes(named=frozenset(("n1",)))
    assert consents.data_loss == Nodes(named=frozenset(("n2",)))
    assert consents.overridden == {"fenced"}


@pytest.mark.parametrize("nobody", [False, "false", "No", "off", "0", 0, "", " ", None, [], ","])
def test_no_consent(nobody: object) -> None:
    agreed = overwriting(nobody)
    assert agreed == Consents()


@pytest.mark.parametrize("name", ["allow_overwrite", "allow_data_loss", "allow_orphans"])
@pytest.mark.parametrize("everybody", [True, "true", "True", " YES ", "on", [True], ["n2", "yes"]])
def test_a_consent_that_does_not_say_what_it_is_for_is_refused(
    name: str, everybody: object
) -> None:
    given: dict[str, Any] = {name: everybody}
    with pytest.raises(ValueError, match=f"nso_ha_{name} is .*, which does not say what it is for"):
        asked(**given)


@pytest.mark.parametrize("pasted", ["n2@id1/5.000000", " n2@id1/5.000000. ", "'n2@id1/5.000000'"])
def test_a_consent_is_for_a_node_with_its_last_transaction(pasted: str) -> None:
    for given in (pasted, [pasted], f"{pasted}, n3@unknown", f"n3@unknown\n{pasted}"):
        agreed = overwriting(given).overwrite
        assert agreed.cover("n2", OLD)
        assert not agreed.cover("n2", NEW)
        assert not agreed.cover("n2", None)
        assert not agreed.cover("n1", OLD)
    assert overwriting("n3@unknown").overwrite.cover("n3", None)
    assert not overwriting("n3@unknown").overwrite.cover("n3", OLD)


def test_ids_of_nodes_that_may_be_cut_off_are_names_of_any_kind() -> None:
    assert asked(allow_orphans=["n4", "7", "a b"]).consents.orphans == {"n4", "7", "a b"}
    assert asked(allow_orphans="n4,1").consents.orphans == {"n4", "1"}
    assert asked(allow_orphans="").consents.orphans == frozenset()


@pytest.mark.parametrize("entries", [["n2@id1/5.000000", "n3"], ["a b@-/5.000000"], ["x,y"], ["'"]])
def test_what_a_message_prints_is_read_back_from_a_command_line(entries: list[str]) -> None:
    (flag, value) = shlex.split(option("nso_ha_allow_overwrite", entries))
    assert flag == "-e"
    given = json.loads(value) if value.startswith("{") else parse_kv(value)
    read = given["nso_ha_allow_overwrite"]
    assert (read.split(",") if isinstance(read, str) else read) == entries
    assert " " not in option("nso_ha_allow_overwrite", entries).partition(" ")[2]


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
    agreed = overwriting(two).overwrite
    assert [host for host in HOSTS if agreed.cover(host, OLD)] == ["n2", "n3"]


@pytest.mark.parametrize("name", ["1", 1, "on", "yes", "no", "0"])
def test_a_host_that_is_called_like_a_truth_value_is_that_host(name: object) -> None:
    agreed = overwriting(name, ["n1", str(name)]).overwrite
    assert agreed.cover(str(name), OLD)
    assert not agreed.cover("n1", OLD)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("n4", "nso_ha_allow_overwrite has n4, which is not known; there are n1, n2, n3"),
        ("n2 n3", "nso_ha_allow_overwrite has n2 n3, which is not known; there are n1, n2, n3"),
        ("ture", "nso_ha_allow_overwrite has ture, which is not known; there are n1, n2, n3"),
        ("1", "nso_ha_allow_overwrite has 1, which is not known; there are n1, n2, n3"),
        ("n4@id1/5.000000", "nso_ha_allow_overwrite has n4@id1/5.000000, which is not known"),
        ("n2@5", "nso_ha_allow_overwrite has n2@5, and '5' is not a transaction id"),
        ("n2@", "nso_ha_allow_overwrite has n2@, and '' is not a transaction id"),
        ("n2@id1/05.000000", "'id1/05.000000' is not a transaction id"),
        ("n2@id1/5.0", "'id1/5.0' is not a transaction id"),
        (["n2", "x", "a"], "nso_ha_allow_overwrite has a, x, which is not known; there are n1"),
        (2, "nso_ha_allow_overwrite is 2; it has to be a list of names"),
        ({"n2": True}, "nso_ha_allow_overwrite is {'n2': True}; it has to be a list of names"),
        (1.0, "nso_ha_allow_overwrite is 1.0; it has to be a list of names"),
    ],
)
def test_a_malformed_consent_is_an_error(wrong: object, text: str) -> None:
    with pytest.raises(ValueError, match="nso_ha_allow_overwrite") as caught:
        overwriting(wrong)
    assert text in str(caught.value)


@pytest.mark.parametrize("given", ["one_primary, start_phase", ["start_phase", "one_primary"]])
def test_checks_are_overridden_by_name(given: object) -> None:
    agreed = overriding(given)
    assert agreed.overridden == {"one_primary", "start_phase"}
    assert agreed.overwrite == Nodes()


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
