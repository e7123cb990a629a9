# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is reported as: each outcome, and a table that fits a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import PromotionHistory
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._run import cluster, progress, report
from ansible_collections.nso.ha.plugins.plugin_utils._run.kept import Kept
from helpers.cluster_model import Cluster, hostvars
from helpers.cluster_play import everybody_is_gone
from helpers.cluster_play import given as asked
from helpers.cluster_strategies import situations
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

Result = dict[str, Any]

N1 = Member("n1", "id1", "10.0.0.1", "primary")
N2 = Member("n2", "id2", "10.0.0.2", "secondary")
HOSTS = ["n1", "n2"]
NOTHING = Kept(PromotionHistory())
RUN = asked()["run"]

FOLLOWS = {"node_id": "id1", "address": "10.0.0.1"}
LISTED = {"node_id": "id2", "address": "10.0.0.2"}


def ha(role: str, primary: object = None, *secondaries: object, micro: int = 0) -> Result:
    return {
        "role": role,
        "primary": primary,
        "secondaries": list(secondaries),
        "phase": 2,
        "txid": {"primary_id": "id1", "timestamp": [1764, 2800, micro]},
    }


PRIMARY, ALONE = {"ha": ha("primary")}, {"ha": ha("none")}
LINKED = {"n1": {"ha": ha("primary", None, LISTED)}, "n2": {"ha": ha("secondary", FOLLOWS)}}
SKIPPED: Result = {"skipped": True, "changed": False}
ORDERED: Result = {
    "outcome": "done",
    "changed": True,
    "transitions": ["besecondary"],
    "after": ha("secondary", FOLLOWS),
}
UNTOUCHED = {"n1": PRIMARY, "n2": ALONE}


def reported(
    observed: dict[str, Result],
    results: list[Result] | None = None,
    verified: dict[str, Result] | None = None,
    *,
    check_mode: bool = False,
    refused: bool = False,
    members: tuple[Member, ...] = (N1, N2),
    more: Mapping[str, object] | None = None,
) -> Result:
    """Return the report of a run in which n2 had these steps."""
    hosts = [one.host for one in members]
    first = hostvars(members, __nso_ha_observed=observed)
    made = cluster.plan(hosts, first, asked(check_mode=check_mode), everybody_is_gone)
    for wave, result in zip(made["waves"], results or [], strict=True) if results else ():
        said = {"run": RUN["id"], "step": wave["name"]} if "outcome" in result else {}
        after = hostvars(members, __nso_ha_result={"n2": {**said, **result}})
        made = progress.after_wave(made, wave, after, 0.0)
    found = hostvars(
        members,
        __nso_ha_observed=observed,
        __nso_ha_results=made.get("results", {}),
        __nso_ha_verified=verified or {},
    )
    made = {**made, **(more or {}), "refused": made["refused"] or refused}
    return report.report(hosts, found, made, RUN, check_mode)


def done(found: Result) -> dict[str, str]:
    return {node["host"]: node["done"] for node in found["nodes"]}


def problem(found: Result, host: str) -> str:
    (text,) = [node["problem"] for node in found["nodes"] if node["host"] == host]
    return str(text)


# Outcomes


def test_done_where_nothing_was_needed() -> None:
    found = reported(LINKED)
    assert (found["outcome"], found["changed"]) == ("done", False)
    assert done(found) == {"n1": "nothing", "n2": "nothing"}
    assert found["table"][-1] == "The cluster is as wanted."


def test_done_where_steps_were_done_and_verified_from_both_ends() -> None:
    found = reported(UNTOUCHED, [ORDERED], LINKED)
    assert (found["outcome"], found["changed"]) == ("done", True)
    assert done(found)["n2"] == "besecondary"


def test_planned_in_check_mode() -> None:
    found = reported(UNTOUCHED, check_mode=True)
    assert (found["outcome"], found["changed"]) == ("planned", False)
    assert done(found) == {"n1": "nothing", "n2": "would besecondary"}


def test_done_in_check_mode_where_nothing_is_needed() -> None:
    assert reported(LINKED, check_mode=True)["outcome"] == "done"


def test_refused_before_anything_was_done() -> None:
    found = reported({"n1": PRIMARY, "n2": {"ha": ha("none", micro=1)}})
    assert (found["outcome"], found["changed"]) == ("refused", False)
    assert done(found)["n2"] == "refused"
    assert [one["check"] for one in found["verdicts"]] == ["overwrite"]
    assert "(overwrite failed) n2 has newer data than the primary" in " ".join(found["table"])


def test_refused_where_the_inventory_is_wrong() -> None:
    assert reported(UNTOUCHED, members=(N2,))["outcome"] == "refused"


def test_incomplete_where_a_node_does_not_answer_and_the_rest_is_right() -> None:
    found = reported({**LINKED, "n2": {"unreachable": True, "msg": "no route\nmore"}})
    assert found["outcome"] == "incomplete"
    assert done(found)["n2"] == "blocked"
    assert problem(found, "n2") == "Ansible cannot reach it: no route"


@pytest.mark.parametrize("given", [["besecondary"], []])
def test_incomplete_where_a_step_failed_though_nothing_changed(given: list[str]) -> None:
    failed = {"outcome": "failed", "failed": True, "msg": "HA_CONNECT", "transitions": given}
    found = reported(UNTOUCHED, [failed], {"n1": PRIMARY, "n2": ALONE})
    assert found["outcome"] == "incomplete"
    assert problem(found, "n2") == "HA_CONNECT"
    assert done(found)["n2"] == ("besecondary FAILED" if given else "not done")


def test_two_primaries_are_an_outcome_of_their_own_whatever_was_done() -> None:
    both = {"n1": PRIMARY, "n2": {"ha": ha("primary")}}
    found = reported(UNTOUCHED, [ORDERED], both)
    assert found["outcome"] == "two_primaries"
    assert found["primary"]["after"] == ""
    text = " ".join(line.strip() for line in found["table"])
    assert "TWO PRIMARIES: n1 and n2 are primary at the same time" in text
    assert "run nso.ha.rejoin" in text
    assert "as wanted" not in text
    # A run that refused, as there are two, and did nothing, is refused, and says it, too.
    refused = reported(both)
    assert refused["outcome"] == "refused"
    assert "TWO PRIMARIES: n1 and n2" in " ".join(refused["table"])


def test_unknown_where_a_step_could_not_be_withdrawn() -> None:
    found = reported(UNTOUCHED, [ORDERED], LINKED, more={"undecided": True})
    assert found["outcome"] == "unknown"


def test_incomplete_where_the_run_stopped_after_a_step_was_done() -> None:
    assert reported(UNTOUCHED, [ORDERED], LINKED, refused=True)["outcome"] == "incomplete"


def test_incomplete_where_only_one_end_says_that_there_is_a_link() -> None:
    verified: dict[str, Result] = {
        **LINKED,
        "n1": {"failed": True, "msg": "id2 is missing", "ha": ha("primary")},
    }
    found = reported(UNTOUCHED, [ORDERED], verified)
    assert found["outcome"] == "incomplete"
    assert problem(found, "n1") == "id2 is missing"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "lost",
    [{"unreachable": True, "msg": "no route"}, {"failed": True, "msg": "no answer", "ha": None}],
)
def test_incomplete_where_a_node_could_not_be_verified(host: str, lost: Result) -> None:
    found = reported(UNTOUCHED, [ORDERED], {**LINKED, host: lost})
    assert found["outcome"] == "incomplete"
    assert problem(found, host) == lost["msg"]


def test_incomplete_where_a_node_dropped_out_before_it_was_verified() -> None:
    found = reported(UNTOUCHED, [ORDERED], {"n1": LINKED["n1"]})
    assert found["outcome"] == "incomplete"
    assert problem(found, "n2") == "it dropped out of the play before it was verified"


@pytest.mark.parametrize(
    "result",
    [
        {"outcome": "unknown", "failed": True, "msg": "EOF", "transitions": ["besecondary"]},
        {"unreachable": True, "msg": "connection lost"},
        {"failed": True, "msg": "MODULE FAILURE", "module_stdout": "", "rc": 137},
    ],
)
def test_unknown_where_an_order_may_have_been_given_without_an_answer(result: Result) -> None:
    found = reported(UNTOUCHED, [result], {"n1": PRIMARY, "n2": SKIPPED})
    assert (found["outcome"], found["changed"]) == ("unknown", True)
    assert problem(found, "n2") == result["msg"]
    assert "Whether an order was carried out is not known" in " ".join(found["table"])
    assert done(found)["n2"] == ("besecondary FAILED" if "outcome" in result else "not known")


def test_the_last_that_is_known_of_a_node_is_shown() -> None:
    def role(found: Result) -> str:
        return str(found["nodes"][1]["role"])

    assert role(reported(UNTOUCHED)) == "none"
    assert role(reported(UNTOUCHED, [ORDERED])) == "secondary"
    assert role(reported(UNTOUCHED, [ORDERED], {"n2": {"ha": ha("relay", FOLLOWS)}})) == "relay"
    lost = {"unreachable": True, "msg": "connection lost"}
    assert role(reported(UNTOUCHED, [lost], {"n2": lost})) == "None"


# Status


def compared(members: tuple[Member, ...], observed: dict[str, Result]) -> Result:
    found = hostvars(members, __nso_ha_observed=observed)
    return report.status([one.host for one in members], found, NOTHING)


def test_status_of_a_cluster_that_is_right() -> None:
    found = compared((N1, N2), LINKED)
    assert (found["outcome"], found["changed"]) == ("done", False)
    assert done(found) == {"n1": "as wanted", "n2": "as wanted"}


def test_status_of_a_cluster_that_is_not() -> None:
    found = compared((N1, N2), {**LINKED, "n2": ALONE})
    assert found["outcome"] == "incomplete"
    assert done(found) == {"n1": "as wanted", "n2": "differs"}


def test_status_names_who_does_not_answer_and_why() -> None:
    found = compared((N1, N2), {"n1": LINKED["n1"], "n2": {"failed": True, "msg": "refused"}})
    assert found["outcome"] == "incomplete"
    assert done(found)["n2"] == "no answer"
    assert found["table"][-1] == "(n2) refused"


def test_status_shows_what_is_there_although_the_inventory_is_wrong() -> None:
    found = compared((N2,), LINKED)
    assert found["nodes"][0]["role"] == "secondary"
    assert "(topology failed) no node should be primary" in " ".join(found["table"])


# The table


def test_a_table_in_full() -> None:
    found = reported(UNTOUCHED, check_mode=True)
    assert found["table"] == [
        "NODE  WANTED     FOUND    PRIMARY  TRANSACTION            DONE",
        "n1    primary    primary  -        id1/1764002800.000000  nothing",
        "n2    secondary  none     -        id1/1764002800.000000  would",
        " " * 58 + "besecondary",
        "",
        "Nothing was changed. This would be done.",
    ]


@given(situations(), st.sampled_from((1, 3, 14, 40, 255)), st.booleans())
@repeatable
def test_no_line_is_wider_than_a_terminal(
    situation: tuple[list[Member], Cluster], length: int, check_mode: bool
) -> None:
    members, there = situation
    for node in there.nodes.values():
        # What a node says need not be short, either.
        node.listed = {name.ljust(length, "x"): at for name, at in node.listed.items()}
        if node.upstream:
            node.upstream = (node.upstream[0].ljust(length, "x"), node.upstream[1])
    long = {one.host: one.host.ljust(length, "x") for one in members}
    renamed = [
        Member(long[one.host], one.node_id, one.address, one.role, long.get(one.upstream, ""))
        for one in members
    ]
    observed = {long[host]: one for host, one in there.results().items()}
    found = hostvars(renamed, __nso_ha_observed=observed)
    hosts = list(found)
    made = cluster.plan(hosts, found, asked(check_mode=check_mode), everybody_is_gone)
    for result in (
        report.report(hosts, found, made, RUN, check_mode),
        report.status(hosts, found, NOTHING),
    ):
        assert max(map(len, result["table"])) <= 72
        assert json.loads(json.dumps(result)) == result


def test_many_orders_are_wrapped_under_their_column() -> None:
    given = {**ORDERED, "transitions": ["benone", "besecondary", "berelay"] * 3}
    found = reported(UNTOUCHED, [given], LINKED)
    assert max(map(len, found["table"])) <= 72
    assert sum(line.count("besecondary") for line in found["table"]) == 3


def test_a_reason_that_ends_with_a_full_stop_does_not_get_two() -> None:
    failure = {"outcome": "failed", "failed": True, "msg": "It broke. It is now: none."}
    table = reported(UNTOUCHED, [failure])["table"]
    assert "(step failed) n2 It broke. It is now: none." in table
