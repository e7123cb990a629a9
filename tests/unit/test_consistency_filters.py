# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a filter's documentation says is what its function takes and returns."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils.topology import Member
from helpers import documentation, returned
from helpers.cluster_model import hostvars
from helpers.documentation import FILTERS

Filter = Callable[..., dict[str, Any]]
Result = dict[str, Any]


def function(name: str) -> Filter:
    """Return a filter as Ansible finds it."""
    plugin = importlib.import_module(f"ansible_collections.nso.ha.plugins.filter.{name}")
    filters: dict[str, Filter] = plugin.FilterModule().filters()
    assert list(filters) == [name]
    return filters[name]


def documented(name: str) -> Result:
    found: Result = documentation.filter_(name)["doc"]
    return found


def positional(name: str) -> list[str]:
    return [word.strip() for word in documented(name)["positional"].split(",")]


def test_there_are_filters() -> None:
    assert len(FILTERS) >= 5


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_takes_what_is_documented_in_that_order(name: str) -> None:
    _input, *others = inspect.signature(function(name)).parameters.values()
    assert [one.name for one in others] == positional(name)
    assert {"_input", *positional(name)} == set(documented(name)["options"])
    assert all(one.kind is one.POSITIONAL_OR_KEYWORD for one in (_input, *others))


@pytest.mark.parametrize("name", FILTERS)
def test_defaults_of_a_filter_are_documented_as_they_are(name: str) -> None:
    options = documented(name)["options"]
    parameters = list(inspect.signature(function(name)).parameters.values())
    for option, one in zip(["_input", *positional(name)], parameters, strict=True):
        needed = one.default is inspect.Parameter.empty
        assert options[option].get("required", False) == needed, option
        # An empty tuple stands for the empty list where a default must not be changed.
        default = list(one.default) if isinstance(one.default, tuple) else one.default
        assert options[option].get("default") == (None if needed else default), option


# What they return, over what can happen.

N1 = Member("n1", "id1", "10.0.0.1", "primary")
N2 = Member("n2", "id2", "10.0.0.2", "secondary")
HOSTS = ["n1", "n2"]


def ha(role: str, micro: int, primary: object = None, *secondaries: object) -> Result:
    """A result of ncs_ha_status."""
    txid = {"primary_id": "id1", "timestamp": [1764, 2800, micro]}
    state: Result = {"role": role, "primary": primary, "secondaries": list(secondaries)}
    return {"ha": {**state, "phase": 2, "txid": txid}}


ALONE = ha("none", 1)
LINKED = {
    "n1": ha("primary", 1, None, {"node_id": "id2", "address": "10.0.0.2"}),
    "n2": ha("secondary", 1, {"node_id": "id1", "address": "10.0.0.1"}),
}
FAILED = {"failed": True, "msg": "it does not answer"}
OBSERVED: dict[str, dict[str, Result]] = {
    "nothing to do": LINKED,
    "all to do": {"n1": ALONE, "n2": ALONE},
    "data in danger": {"n1": ha("primary", 1), "n2": ha("none", 2)},
    "a node is silent": {"n1": ALONE, "n2": FAILED},
    "the primary is silent": {"n1": FAILED, "n2": ALONE},
}
TOPOLOGIES = {"right": (N1, N2), "two primaries": (N1, dataclasses.replace(N2, role="primary"))}


def cases() -> list[tuple[dict[str, Any], bool, list[str]]]:
    """All variables, check mode or not, and the hosts that have not dropped out."""
    return [
        (hostvars(members, __nso_ha_observed=observed), check, active)
        for members in TOPOLOGIES.values()
        for observed in OBSERVED.values()
        for check in (False, True)
        for active in (HOSTS, ["n1"])
    ]


def plans() -> list[tuple[Result, dict[str, Any], bool, list[str]]]:
    plan = function("cluster_plan")
    return [
        (plan(HOSTS, found, HOSTS, active, False, (), check), found, check, active)
        for found, check, active in cases()
    ]


def differences(name: str, results: list[Result]) -> list[str]:
    """Where the results of a filter and its RETURN differ."""
    fields = documentation.filter_(name)["return"]
    return returned.disagreements([{"_value": result} for result in results], fields)


def test_a_plan_has_the_documented_keys() -> None:
    assert not differences("cluster_plan", [plan for plan, *_rest in plans()])


def test_a_report_has_the_documented_keys() -> None:
    report = function("cluster_report")
    results = [report(HOSTS, found, active) for found, _check, active in cases()]
    results += [report(HOSTS, found, active, plan, check) for plan, found, check, active in plans()]
    assert not differences("cluster_report", results)
    assert {result["outcome"] for result in results} >= {"done", "planned", "refused", "incomplete"}


@pytest.mark.parametrize("name", ["cluster_after_wave", "cluster_rechecked", "cluster_rehearsed"])
def test_a_plan_that_was_added_to_is_still_a_plan(name: str) -> None:
    compared = 0
    for plan, found, _check, active in plans():
        waves = plan["waves"] if "wave" in positional(name) else [None]
        for wave in waves:
            given = [found, active] if wave is None else [wave, found, active]
            result = function(name)(plan, *given)
            assert set(result) >= set(plan)
            assert len(result["verdicts"]) >= len(plan["verdicts"])
            compared += 1
    assert compared


def test_every_filter_is_called_here() -> None:
    assert set(FILTERS) == {
        "cluster_after_wave",
        "cluster_plan",
        "cluster_rechecked",
        "cluster_rehearsed",
        "cluster_report",
    }
