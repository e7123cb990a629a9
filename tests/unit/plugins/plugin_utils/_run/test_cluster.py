# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs, from Ansible's variables to what is done, on a model of a cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._checks import case, guards
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology
from ansible_collections.nso.ha.plugins.plugin_utils._run import cluster, progress, recheck
from helpers.cluster_model import Cluster, Node, hostvars
from helpers.cluster_play import everybody_is_gone
from helpers.cluster_play import given as asked
from helpers.cluster_strategies import lives, situations
from helpers.properties import repeatable
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

Situation = tuple[list[Member], Cluster]
Result = dict[str, Any]

N1 = Member("n1", "id1", "10.0.0.1", "primary")
N2 = Member("n2", "id2", "10.0.0.2", "secondary")
N3 = Member("n3", "id3", "10.0.0.3", "secondary")
ALL_CHECKS = list(guards.OVERRIDABLE)
#: What converge has to pass.
CHECKS = guards.CHECKS_OF["converge"]

ANY_CONSENTS = st.sets(st.sampled_from([f"n{i}" for i in range(1, 7)])).map(sorted)


def planned(
    members: Sequence[Member],
    there: Cluster,
    overwrite: object = False,
    override: object = (),
    check_mode: bool = False,
    **variables: Mapping[str, object],
) -> Result:
    """Return the plan of a run that sees all of the cluster."""
    hosts = [one.host for one in members]
    found = hostvars(members, __nso_ha_observed=there.results(), **variables)
    given_there = asked(allow_overwrite=overwrite, override=override, check_mode=check_mode)
    return cluster.plan(hosts, found, given_there, everybody_is_gone)


def known(members: Sequence[Member], hosts: Sequence[str]) -> list[str]:
    return [one.host for one in members if one.host in hosts]


def failed(made: Mapping[str, Any], check: str) -> list[str]:
    """Return the hosts for which a check failed."""
    return [
        one["host"]
        for one in made["verdicts"]
        if one["check"] == check and one["result"] == case.FAILED
    ]


def reason(made: Mapping[str, Any], check: str) -> str:
    """Return the reason why a check failed for one host, or for all."""
    found = [
        one["reason"]
        for one in made["verdicts"]
        if one["check"] == check and one["result"] == case.FAILED
    ]
    assert len(found) == 1, made["verdicts"]
    return str(found[0])


def do(
    there: Cluster, made: Result, names: Sequence[str], only: Mapping[str, Any] | None = None
) -> None:
    """Carry out the waves of these names, or only one of them."""
    for wave in made["waves"] if only is None else [only]:
        for host, step in wave["steps"].items() if wave["name"] in names else ():
            if wave["kind"] == "read_only":
                there.nodes[host].read_only = wave["name"] == "hold"
            if wave["kind"] == "dead":
                there.nodes[host].listed.pop(step["upstream_id"])
            if wave["kind"] not in ("role", "looked_at"):
                continue
            target = made["targets"][host]
            upstream = (target["primary_id"], target["primary_ip"])
            there.give_role(
                host,
                step["role"],
                target["node_id"],
                upstream if step["role"] in ("secondary", "relay") else None,
                step["force"],
            )


def rechecked(
    members: Sequence[Member],
    made: Result,
    before: Mapping[str, Any],
    there: Cluster,
    overwrite: object = False,
) -> Result:
    """Return the plan after the look at those that are to copy first."""
    wave = first_copying(made)
    looked = there.results("run", recheck.purpose(wave))
    now = {host: looked[host] for host in wave["look"]}
    found = hostvars(members, __nso_ha_observed=before, __nso_ha_rechecked=now)
    return recheck.rechecked(made, wave, found, overwrite)


def first_copying(made: Result) -> Mapping[str, Any]:
    """Return the first wave in which nodes copy."""
    wave: Mapping[str, Any] = next(
        one for one in made["waves"] if one["name"] in ("relays", "secondaries")
    )
    return wave


def right(*below: Member, txid: TransactionId | None = None, base: int = 5) -> Cluster:
    """Return a cluster in which these follow n1, all with the same data."""
    same = txid or TransactionId("id1", (0, base, 0))
    there = Cluster([Node(one.host, one.node_id, one.address, txid=same) for one in (N1, *below)])
    there.clock = base
    there.beprimary("n1", "id1")
    for one in below:
        there.besecondary(one.host, one.node_id, "id1", N1.address)
    return there


# Properties


def assert_plain(value: object) -> None:
    """Only what JSON has, of exactly these types."""
    assert value is None or value.__class__ in (dict, list, str, int, bool), repr(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            assert key.__class__ is str
            assert_plain(inner)
    elif isinstance(value, list):
        for inner in value:
            assert_plain(inner)


@given(situations(), ANY_CONSENTS)
@repeatable
def test_a_plan_is_made_of_plain_types_and_always_the_same(
    situation: Situation, consents: list[str]
) -> None:
    members, there = situation
    made = planned(members, there, known(members, consents))
    assert_plain(made)
    assert json.loads(json.dumps(made)) == made
    assert planned(members, there, known(members, consents)) == made


@given(situations(), ANY_CONSENTS)
@repeatable
def test_no_data_is_overwritten_without_a_consent_that_names_the_node(
    situation: Situation, consents: list[str]
) -> None:
    members, there = situation
    named = known(members, consents)
    made = planned(members, there, named, ALL_CHECKS)
    costly = {
        host
        for wave in made["waves"]
        for host, step in wave["steps"].items()
        if step["data"] in ("newer", "other", "unknown", "diverged", "unrecorded")
    }
    assert set(failed(made, "overwrite")) == costly - set(named)
    assert made["refused"] == bool(costly - set(named))


@given(situations())
@repeatable
def test_consent_for_all_passes_every_overwrite_and_no_other_check(situation: Situation) -> None:
    members, there = situation
    without, made = planned(members, there), planned(members, there, True)
    assert not failed(made, "overwrite")
    for check in CHECKS:
        assert failed(made, check) == failed(without, check)


@given(situations(), st.sampled_from(ALL_CHECKS))
@repeatable
def test_overriding_one_check_hides_no_other(situation: Situation, check: str) -> None:
    members, there = situation
    plain, made = planned(members, there), planned(members, there, override=[check])
    assert not failed(made, check)
    others = [one for one in plain["verdicts"] if one["check"] != check]
    assert [one for one in made["verdicts"] if one["check"] != check] == others


@given(situations())
@repeatable
def test_nobody_becomes_primary_while_any_node_does_not_answer(situation: Situation) -> None:
    members, there = situation
    made = planned(members, there, True, [one for one in ALL_CHECKS if one != "hidden_primary"])
    silent = [node.host for node in there.nodes.values() if not node.reachable]
    promotes = any(wave["name"] == "promote" for wave in made["waves"])
    assert made["refused"] == bool(promotes and silent)
    assert len(failed(made, "hidden_primary")) == (len(silent) if promotes else 0)


def carry_out(
    members: Sequence[Member],
    there: Cluster,
    made: Result,
    before: Mapping[str, Any],
    disturb: Callable[[], object],
) -> Result:
    """Do what the role does with a plan, with a disturbance before each look."""
    for wave in made["waves"]:
        disturb()
        if wave["look"]:
            looked = there.results("run", recheck.purpose(wave))
            now = {host: looked[host] for host in wave["look"]}
            found = hostvars(members, __nso_ha_observed=before, __nso_ha_rechecked=now)
            made = recheck.rechecked(made, wave, found)
        if made["refused"]:
            break
        do(there, made, [wave["name"]], only=wave)
    return made


@given(lives(), st.lists(st.integers(0, 9), max_size=8))
@repeatable
def test_no_acknowledged_write_is_lost_without_consent(
    situation: Situation, writers: list[int]
) -> None:
    members, there = situation
    there.copied.clear()
    before = there.results()
    made = planned(members, there, override=ALL_CHECKS)
    assume(not made["refused"])
    late = iter(enumerate(writers))

    def write() -> None:
        number, writer = next(late, (0, None))
        if writer is not None:
            there.write(members[writer % len(members)].host, f"late write {number}")

    carry_out(members, there, made, before, write)
    assert not [lost for _unused, lost in there.copied if lost]


@given(lives())
@settings(repeatable, suppress_health_check=[HealthCheck.filter_too_much])
def test_the_new_primary_has_all_that_the_cluster_had_unless_a_check_was_overridden(
    situation: Situation,
) -> None:
    members, there = situation
    inside = {node.host: node.data for node in there.nodes.values() if node.role != "none"}
    made = planned(members, there)
    assume(not made["refused"] and any(wave["name"] == "promote" for wave in made["waves"]))
    do(there, made, (*LEAVING, "promote"))
    assert all(data <= there.nodes["n1"].data for data in inside.values())


@given(lives(), st.integers(0, 5))
@repeatable
def test_with_consent_an_interrupted_run_is_finished_by_the_next(
    situation: Situation, waves: int
) -> None:
    members, there = situation
    topology = Topology(members)
    first = planned(members, there, True, ALL_CHECKS)
    for wave in first["waves"][:waves]:
        do(there, {**first, "waves": [wave]}, [wave["name"]])
    do(there, planned(members, there, True, ALL_CHECKS), [*_WAVES])
    assert all(there.is_right(one, topology.upstream(one.host)) for one in members)
    assert not planned(members, there)["waves"]


LEAVING = ("leave", "hold", "catch_up", "step_down")
_WAVES = ("dead", *LEAVING, "promote", "open", "relays", "secondaries", "release")


# Recheck


def moving() -> tuple[list[Member], Cluster, Mapping[str, Any], Result]:
    """Return a cluster whose primary moves from n1 to n2, and the plan for it."""
    there = right(N2, N3)
    members = [
        Member("n1", "id1", "10.0.0.1", "secondary"),
        Member("n2", "id2", "10.0.0.2", "primary"),
        N3,
    ]
    before = there.results()
    return members, there, before, planned(members, there)


def restarting() -> tuple[list[Member], Cluster, Mapping[str, Any], Result]:
    """Return a cluster whose nodes are all none and have the same data, and the plan for it."""
    there = right(N2, N3)
    for host in ("n2", "n3", "n1"):
        there.benone(host)
    members = [N1, N2, N3]
    before = there.results()
    made = planned(members, there)
    assert [wave["name"] for wave in made["waves"]] == ["promote", "secondaries"]
    assert not made["refused"]
    return members, there, before, made


def test_a_look_before_the_promotion_finds_who_was_made_primary_meanwhile() -> None:
    members, there, before, made = restarting()
    stopped = carry_out(members, there, made, before, lambda: there.beprimary("n3", "id3"))
    assert stopped["refused"]
    assert failed(stopped, "recheck") == ["n3"]
    assert there.nodes["n1"].role == "none"


def test_a_look_before_the_promotion_finds_who_does_not_answer_any_more() -> None:
    members, there, before, made = restarting()

    def vanish() -> None:
        there.nodes["n2"].reachable = False

    stopped = carry_out(members, there, made, before, vanish)
    assert failed(stopped, "recheck") == ["n2"]
    assert there.nodes["n1"].role == "none"


def test_a_look_before_the_promotion_finds_who_was_written_to_meanwhile() -> None:
    members, there, before, made = restarting()
    stopped = carry_out(members, there, made, before, lambda: there.write("n3", "late"))
    assert failed(stopped, "recheck") == ["n3"]
    assert there.nodes["n1"].role == "none"


def test_an_undisturbed_plan_is_carried_out_with_all_its_looks() -> None:
    members, there, before, made = restarting()
    done = carry_out(members, there, made, before, lambda: None)
    assert not done["refused"]
    assert not planned(members, there)["waves"]


def test_recheck_passes_when_nothing_was_written_meanwhile() -> None:
    members, there, before, made = moving()
    assert not made["refused"]
    assert {wave["name"]: wave["look"] for wave in made["waves"]} == {
        "hold": [],
        "catch_up": [],
        "step_down": [],
        "promote": [],
        "secondaries": ["n1", "n2", "n3"],
        "release": [],
    }
    do(there, made, (*LEAVING, "promote"))
    assert not rechecked(members, made, before, there)["refused"]


def test_recheck_passes_when_only_the_new_primary_was_written_to() -> None:
    members, there, before, made = moving()
    do(there, made, (*LEAVING, "promote"))
    there.write("n2", "new")
    assert not rechecked(members, made, before, there)["refused"]


def test_recheck_passes_for_data_that_changed_and_is_equal() -> None:
    members, there, before, made = moving()
    there.write("n1", "replicated to all")
    do(there, made, (*LEAVING, "promote"))
    assert not rechecked(members, made, before, there)["refused"]


def test_recheck_stops_at_a_write_on_the_node_that_left() -> None:
    members, there, before, made = moving()
    do(there, made, (*LEAVING, "promote"))
    assert not there.write("n1", "refused, as it is held")
    there.nodes["n1"].read_only = False
    there.write("n1", "lost")
    again = rechecked(members, made, before, there)
    assert failed(again, "recheck") == ["n1"]
    assert reason(again, "recheck") == (
        "has data that the primary may not have (-/6.000000, primary id1/5.000000), and it had not "
        "when the plan was made"
    )


def test_recheck_lets_a_node_pass_whose_overwriting_was_agreed_to() -> None:
    members, there, before, made = moving()
    do(there, made, (*LEAVING, "promote"))
    assert not there.write("n1", "refused, as it is held")
    there.nodes["n1"].read_only = False
    there.write("n1", "lost")
    assert not rechecked(members, made, before, there, overwrite="n1")["refused"]
    assert rechecked(members, made, before, there, overwrite="n3")["refused"]


def test_recheck_stops_at_a_node_that_somebody_made_primary_whatever_was_agreed_to() -> None:
    members, there, before, made = moving()
    do(there, made, (*LEAVING, "promote"))
    there.beprimary("n3", "id3")
    stopped = rechecked(members, made, before, there, overwrite=True)
    assert failed(stopped, "recheck")[-1] == "n3"
    assert "is primary by now" in reason(stopped, "recheck")


def test_recheck_stops_when_a_node_does_not_answer_any_more() -> None:
    members, there, before, made = moving()
    do(there, made, (*LEAVING, "promote"))
    there.nodes["n3"].reachable = False
    again = rechecked(members, made, before, there)
    assert failed(again, "recheck") == ["n3"]
    assert reason(again, "recheck") == "no answer from n3"


def test_recheck_stops_when_the_primary_is_none_any_more() -> None:
    members, there, before, made = moving()
    do(there, made, (*LEAVING, "promote"))
    there.benone("n2")
    again = rechecked(members, made, before, there)
    assert failed(again, "recheck") == ["n2"]
    assert reason(again, "recheck") == "is no primary to copy from: none"


def test_recheck_stops_when_the_primary_does_not_answer_any_more() -> None:
    members, there, before, made = moving()
    do(there, made, (*LEAVING, "promote"))
    there.nodes["n2"].reachable = False
    assert reason(rechecked(members, made, before, there), "recheck") == (
        "is no primary to copy from: no answer from n2"
    )


def _below_a_leaving_relay() -> tuple[list[Member], Cluster, Mapping[str, Any], Result]:
    """Return n3, a copy of n1 through the relay n2, and the plan in which n2 leaves."""
    there = right(N2)
    there.nodes["n3"] = Node("n3", "id3", "10.0.0.3", txid=there.nodes["n1"].txid)
    there.berelay("n2")
    there.besecondary("n3", "id3", "id2", N2.address)
    members = [N1, Member("n2", "id2", "10.0.0.2", "none"), N3]
    before = there.results()
    made = planned(members, there)
    assert made["waves"][1]["steps"]["n3"]["data"] == "copy"
    return members, there, before, made


def test_recheck_stops_at_a_write_on_a_copy_that_lost_its_link() -> None:
    members, there, before, made = _below_a_leaving_relay()
    do(there, made, ("leave",))
    there.write("n3", "lost")
    assert failed(rechecked(members, made, before, there), "recheck") == ["n3"]


def test_recheck_passes_for_a_copy_that_follows_still_and_got_more() -> None:
    members, there, before, made = _below_a_leaving_relay()
    there.write("n1", "replicated to all")
    assert not rechecked(members, made, before, there)["refused"]


def test_recheck_looks_at_a_secondary_that_becomes_relay_as_it_may_lose_its_link() -> None:
    members = [N1, Member("n2", "id2", "10.0.0.2", "relay")]
    there = right(N2)
    before = there.results()
    made = planned(members, there)
    assert made["waves"][0]["steps"]["n2"]["orders"] == ["berelay"]
    there.benone("n2")
    there.write("n2", "lost")
    assert failed(rechecked(members, made, before, there), "recheck") == ["n2"]


# Rehearsal and steps


def _rehearsed(result: Mapping[str, Any] | None) -> Result:
    there = right()
    there.nodes["n2"] = Node("n2", "id2", "10.0.0.2", txid=there.nodes["n1"].txid)
    made = planned([N1, N2], there, check_mode=True)
    assert made["rehearse"] == ["n2"]
    assert not made["refused"]
    found = hostvars(
        [N1, N2],
        __nso_ha_observed=there.results(),
        __nso_ha_rehearsed={"n2": result} if result is not None else {},
    )
    return progress.rehearsed(made, found)


_NONE: Result = {"role": "none", "primary": None, "secondaries": []}


def test_a_rehearsal_that_went_well_passes() -> None:
    made = _rehearsed({"transitions": ["besecondary"], "before": _NONE})
    assert not made["refused"]
    assert made["verdicts"][-1] == {
        "check": "rehearsal",
        "result": "passed",
        "reason": "",
        "host": "n2",
    }


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (
            {"failed": True, "msg": "one.example cannot be resolved"},
            "one.example cannot be resolved",
        ),
        ({"unreachable": True, "msg": "no ssh"}, "no ssh"),
        ({"skipped": True}, "no reason"),
        (None, "it was not tried"),
        ({"failed": True, "transitions": ["besecondary"], "msg": "phase 0"}, "phase 0"),
        (
            {"transitions": [], "before": {**_NONE, "role": "primary"}},
            "was none when the plan was made and is primary now; run it again",
        ),
    ],
)
def test_a_rehearsal_that_did_not_go_well_refuses(
    result: Mapping[str, Any] | None, why: str
) -> None:
    made = _rehearsed(result)
    assert made["refused"]
    assert failed(made, "rehearsal") == ["n2"]
    assert reason(made, "rehearsal") == why


def test_a_real_run_rehearses_only_what_the_observation_does_not_tell() -> None:
    there = right()
    there.nodes["n2"] = Node("n2", "id2", "10.0.0.2", txid=there.nodes["n1"].txid)
    relay = Member("n2", "id2", "10.0.0.2", "relay")
    assert planned([N1, N2], there)["rehearse"] == []
    assert planned([N1, relay], there)["rehearse"] == ["n2"]


def test_those_that_follow_a_host_name_are_rehearsed_without_a_step() -> None:
    named = Member("n1", "id1", "one.example", "primary")
    there = right(N2)
    there.nodes["n1"].address = "one.example"
    made = planned([named, N2], there)
    assert (made["waves"], made["rehearse"]) == ([], ["n2"])


def after_hold(result: Mapping[str, Any]) -> Result:
    """Return the plan that moves the primary away from n1, after n1 has been held."""
    made = moving()[3]
    said = {} if result.get("unreachable") else {"run": "run", "step": "hold"}
    found = hostvars([N1, N2, N3], __nso_ha_result={"n1": {**said, **result}})
    assert made["waves"][0]["name"] == "hold"
    return progress.after_wave(made, made["waves"][0], found, 7.0)


def test_a_step_that_was_done_lets_the_next_wave_start() -> None:
    txid = {"primary_id": "id1", "timestamp": [0, 5, 0]}
    after = after_hold({"changed": True, "outcome": "done", "txid": txid})
    assert not after["refused"]
    assert after["verdicts"] == moving()[3]["verdicts"]
    assert after["awaited"] == txid


@pytest.mark.parametrize(
    ("result", "why"),
    [
        ({"outcome": "failed", "failed": True, "msg": "HA_CONNECT"}, "HA_CONNECT"),
        ({"outcome": "unknown", "failed": True, "msg": "EOF"}, "EOF"),
        ({"unreachable": True, "msg": "no ssh"}, "no ssh"),
        ({"failed": True}, "the step failed without a reason"),
    ],
)
def test_a_step_that_was_not_done_ends_the_run(result: Mapping[str, Any], why: str) -> None:
    after = after_hold(result)
    assert after["refused"]
    assert failed(after, "step") == ["n1"]
    assert reason(after, "step") == why


# What is refused before anything is looked at


def test_what_is_wrong_with_the_play_is_refused_before_anything_else_is_said() -> None:
    wrong = asked(problems=["hosts do not go in step"], allow_overwrite="n9")
    found = hostvars([N1, N2, N3], __nso_ha_observed={})
    made = cluster.plan(["n1", "n2", "n3"], found, wrong, everybody_is_gone)
    assert made["refused"]
    assert reason(made, "topology") == "hosts do not go in step"
    assert (made["waves"], made["lock"]["hosts"]) == ([], [])


def test_a_wrong_inventory_and_a_wrong_consent_are_told_together_and_nothing_is_planned() -> None:
    made = planned([N2, N3], right(N2, N3), overwrite="n4")
    assert [one["reason"] for one in made["verdicts"]] == [
        "no node should be primary (nso_ha_role), and it has to be exactly one",
        "nso_ha_allow_overwrite has n4, which is not known; there are n2, n3",
    ]
    assert (made["refused"], made["waves"], made["targets"]) == (True, [], {})


@pytest.mark.parametrize("name", ["nso_ha_allow_overwrite", "nso_ha_override"])
@pytest.mark.parametrize("host", ["n1", "n2"])
def test_a_consent_that_is_set_for_one_host_counts_for_none(name: str, host: str) -> None:
    there = Cluster([Node(one.host, one.node_id, one.address) for one in (N1, N2)])
    found = hostvars([N1, N2], __nso_ha_observed=there.results(), **{name: {host: True}})
    made = cluster.plan(["n1", "n2"], found, asked(), everybody_is_gone)
    assert made["refused"]
    assert reason(made, "topology") == (
        f"{name} is not the same on n2 as on n1. It counts for the whole group and cannot be set "
        "for a host: give it with -e, and name the nodes in it"
    )


def test_a_consent_that_is_the_same_on_all_hosts_counts() -> None:
    same = {"n1": ["n2"], "n2": ["n2"]}
    there = Cluster([Node(one.host, one.node_id, one.address) for one in (N1, N2)])
    assert not planned([N1, N2], there, ["n2"], nso_ha_allow_overwrite=same)["refused"]


# What is handed to the modules


def test_targets_and_expectations_name_both_ends_of_each_link() -> None:
    relay = Member("n2", "id2", "10.0.0.2", "relay")
    below = Member("n3", "id3", "10.0.0.3", "secondary", "n2")
    made = planned([N1, relay, below], right(N2, N3))
    assert made["targets"]["n3"] == {
        "role": "secondary",
        "node_id": "id3",
        "primary_id": "id2",
        "primary_ip": "10.0.0.2",
    }
    assert made["verify"] == {
        "n1": {"role": "primary", "secondaries": ["id2"]},
        "n2": {"role": "relay", "secondaries": ["id3"], "primary_id": "id1"},
        "n3": {"role": "secondary", "secondaries": [], "primary_id": "id2"},
    }


def test_a_node_that_does_not_answer_is_neither_verified_nor_waited_for() -> None:
    there = right(N2, N3)
    there.nodes["n3"].reachable = False
    made = planned([N1, N2, N3], there)
    assert made["verify"]["n1"]["secondaries"] == ["id2"]
    assert "n3" not in made["verify"]
    assert made["blocked"] == {"n3": "no answer from n3"}


def test_a_cluster_of_one_node_is_made_and_then_right() -> None:
    there = Cluster([Node("n1", "id1", "10.0.0.1")])
    made = planned([N1], there)
    assert not made["refused"]
    do(there, made, _WAVES)
    assert planned([N1], there)["waves"] == []


def test_a_thousand_nodes_are_planned_and_judged() -> None:
    chain = [
        Member(
            f"r{i}", f"r{i}", f"10.1.{i // 250}.{i % 250 + 1}", "relay", f"r{i - 1}" if i else ""
        )
        for i in range(300)
    ]
    leaves = [
        Member(f"s{i}", f"s{i}", f"10.2.{i // 250}.{i % 250 + 1}", "secondary", f"r{i % 300}")
        for i in range(699)
    ]
    members = [N1, *reversed(chain), *leaves]
    same = TransactionId("id1", (0, 5, 0))
    there = Cluster([Node(one.host, one.node_id, one.address, txid=same) for one in members])
    made = planned(members, there)
    assert not made["refused"]
    assert sum(len(wave["steps"]) for wave in made["waves"]) == 1000


# Faults


def test_fault_7_a_wanted_primary_that_is_behind_is_refused_before_anything_changes() -> None:
    there = right(N2, N3)
    there.benone("n2")
    there.write("n1", "newer")
    members = [
        Member("n1", "id1", "10.0.0.1", "secondary"),
        Member("n2", "id2", "10.0.0.2", "primary"),
        N3,
    ]
    assert failed(planned(members, there), "overwrite") == ["n1", "n3"]


def test_fault_7_a_wanted_primary_that_is_primary_already_needs_nothing() -> None:
    assert planned([N1, N2], right(N2))["waves"] == []


def test_fault_10_an_old_primary_with_writes_of_its_own_is_named_and_kept() -> None:
    there = right(N2, N3)
    there.nodes["n1"].listed.clear()
    there.benone("n2")
    there.benone("n3")
    there.write("n1", "only here")
    there.benone("n1")
    there.beprimary("n2", "id2")
    there.write("n2", "new")
    there.besecondary("n3", "id3", "id2", N2.address)
    members = [
        Member("n1", "id1", "10.0.0.1", "secondary"),
        Member("n2", "id2", "10.0.0.2", "primary"),
        N3,
    ]
    made = planned(members, there)
    assert failed(made, "overwrite") == ["n1"]
    assert "has data that the primary may not have" in reason(made, "overwrite")
    assert not planned(members, there, "n1")["refused"]


def test_fault_11_a_second_primary_made_by_hand_refuses_until_told_which_is_right() -> None:
    there = right(N2, N3)
    there.beprimary("n3", "id3")
    made = planned([N1, N2, N3], there)
    assert made["refused"]
    assert reason(made, "one_primary").startswith("n1 and n3 are primary at the same time")
    assert not planned([N1, N2, N3], there, override="one_primary")["refused"]


def test_fault_11_being_told_which_is_right_is_no_consent_to_lose_data() -> None:
    there = right(N2, N3)
    there.beprimary("n3", "id3")
    there.write("n3", "by hand")
    made = planned([N1, N2, N3], there, override="one_primary")
    assert failed(made, "overwrite") == ["n3"]


def test_fault_13_nodes_that_are_all_none_with_the_same_data_need_no_consent() -> None:
    there = right(N2, N3)
    for host in there.nodes:
        there.benone(host)
    assert not planned([N1, N2, N3], there)["refused"]


def test_fault_13_a_wanted_primary_that_was_not_the_last_one_asks() -> None:
    there = right(N2, N3)
    there.benone("n1")
    there.beprimary("n2", "id2")
    there.write("n2", "newer")
    there.benone("n2")
    assert failed(planned([N1, N2, N3], there), "overwrite") == ["n2"]
