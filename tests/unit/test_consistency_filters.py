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
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from helpers import documentation, returned
from helpers.cluster_model import hostvars
from helpers.cluster_play import given as asked
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
    return [word.strip() for word in documented(name).get("positional", "").split(",") if word]


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


SAID = {"run": asked()["run"]["id"], "step": "observe"}


def ha(role: str, micro: int, primary: object = None, *secondaries: object) -> Result:
    """A result of ncs_ha_status."""
    txid = {"primary_id": "id1", "timestamp": [1764, 2800, micro]}
    state: Result = {"role": role, "primary": primary, "secondaries": list(secondaries)}
    return {**SAID, "ha": {**state, "phase": 2, "txid": txid}}


ALONE = ha("none", 1)
LINKED = {
    "n1": ha("primary", 1, None, {"node_id": "id2", "address": "10.0.0.2"}),
    "n2": ha("secondary", 1, {"node_id": "id1", "address": "10.0.0.1"}),
}
MARK = {"run": "killed", "operation": "switchover", "at": "2026-01-02T03:04:05Z"}
KEPT: Result = {
    "lock": None,
    "read_only": None,
    "damaged": [],
    "timeline": [
        {
            "epoch": 1,
            "primary": "id1",
            "txid": {"primary_id": None, "timestamp": [1764, 2700, 0]},
            "start": [1764, 2700, 0],
            "at": "2026-01-02T03:04:05Z",
            "operation": "converge",
            "run": "earlier",
        }
    ],
}
FAILED: Result = {**SAID, "failed": True, "msg": "it does not answer", "outcome": "failed"}
OBSERVED: dict[str, dict[str, Result]] = {
    "nothing to do": LINKED,
    "all to do": {"n1": ALONE, "n2": ALONE},
    "data in danger": {"n1": ha("primary", 1), "n2": ha("none", 2)},
    "there is a record": {"n1": {**ALONE, "kept": KEPT}, "n2": ALONE},
    "a run was killed": {"n1": {**ALONE, "kept": {**KEPT, "read_only": MARK}}, "n2": ALONE},
    "a node is silent": {"n1": ALONE, "n2": FAILED},
    "the primary is silent": {"n1": FAILED, "n2": ALONE},
}
TOPOLOGIES = {"right": (N1, N2), "two primaries": (N1, dataclasses.replace(N2, role="primary"))}


#: What a step comes to, of a module that gives a role.
ORDERED: Result = {
    "outcome": "done",
    "transitions": ["beprimary"],
    "after": ha("primary", 1)["ha"],
    "txid": {"primary_id": "id1", "timestamp": [1764, 2800, 1]},
    "times": [{"order": "beprimary", "start": 1.0, "end": 1.5}],
}


def cases() -> list[tuple[dict[str, Any], Result]]:
    """All variables, and what was asked for."""
    return [
        (hostvars(members, __nso_ha_observed=observed), asked(operation, check_mode=check))
        for members in TOPOLOGIES.values()
        for observed in OBSERVED.values()
        for operation in ("converge", "switchover")
        for check in (False, True)
    ]


def plans() -> list[tuple[Result, dict[str, Any], Result]]:
    plan = function("cluster_plan")
    return [(plan(HOSTS, found, given), found, given) for found, given in cases()]


def carried_out() -> list[tuple[Result, dict[str, Any], Result]]:
    """Plans whose first wave was done, or failed."""
    after = function("cluster_after_wave")
    found = []
    for plan, variables, given in plans():
        for result in (ORDERED, FAILED):
            if not plan["waves"] or plan["refused"]:
                continue
            wave = plan["waves"][0]
            said = {**result, "run": plan["run"], "step": wave["name"]}
            results = {host: {**own, "__nso_ha_result": said} for host, own in variables.items()}
            found.append((after(plan, wave, results), results, given))
    return found


def differences(name: str, results: list[Result]) -> list[str]:
    """Where the results of a filter and its RETURN differ."""
    fields = documentation.filter_(name)["return"]
    return returned.disagreements([{"_value": result} for result in results], fields)


def test_a_plan_has_the_documented_keys() -> None:
    assert not differences("cluster_plan", [plan for plan, *_rest in plans()])


def test_a_report_has_the_documented_keys() -> None:
    report = function("cluster_report")
    run = asked()["run"]
    results = [report(HOSTS, found, run) for found, _given in cases()]
    results += [
        report(HOSTS, found, run, plan, given["check_mode"])
        for plan, found, given in (*plans(), *carried_out())
    ]
    assert not differences("cluster_report", results)
    assert {result["outcome"] for result in results} >= {"done", "planned", "refused", "incomplete"}


def arguments(name: str, found: Result, given: Result) -> dict[str, Any]:
    """Return what the filters that add to a plan take, by name."""
    whole = {
        "hostvars": found,
        "given": given,
        "hosts": HOSTS,
        "overwrite": False,
    }
    return {key: value for key, value in whole.items() if key in positional(name)}


#: Filters that do not take a plan and return it with more in it.
OTHERS = {
    "cluster_gone",
    "cluster_plan",
    "cluster_report",
    "cluster_seconds",
    "cluster_title",
}


def test_the_filter_that_finds_stale_locks_returns_their_ids() -> None:
    lock = {
        "id": "a run",
        "owner": "ada",
        "operation": "switchover",
        "taken": "then",
        "expires": "soon",
        "expired": True,
    }
    kept: Result = {"lock": lock, "timeline": [], "damaged": [], "read_only": None}
    seen = {"run": "this run", "failed": True, "kept": kept}
    found = {host: {"__nso_ha_observed": seen} for host in HOSTS}
    stale: Callable[..., Any] = function("cluster_gone")
    assert stale(HOSTS, found, "this run") == ["a run"]
    lock["expired"] = False
    assert stale(HOSTS, found, "this run") == []
    assert stale(HOSTS, found, "this run", "a run") == ["a run"]
    assert not differences("cluster_gone", [stale(HOSTS, found, "this run", "a run")])


@pytest.mark.parametrize("name", sorted(set(FILTERS) - OTHERS))
def test_a_plan_that_was_added_to_is_still_a_plan(name: str) -> None:
    compared = 0
    made = [one for one in (*plans(), *carried_out()) if one[0]["waves"]]
    if name == "cluster_roll_back":
        made = [one for one in made if one[0]["moves"]["from"]]
    for plan, found, given in made:
        for wave in plan["waves"] if "wave" in positional(name) else [None]:
            more = {} if wave is None else {"wave": wave}
            result = function(name)(plan, **more, **arguments(name, found, given))
            assert set(result) >= set(plan) - {"began", "looked", "reversible", "awaited"}, name
            compared += 1
    assert compared


def test_the_lookup_returns_text() -> None:
    # So its documentation has nothing to compare with.
    assert documentation.LOOKUPS == ("collection_version",)
