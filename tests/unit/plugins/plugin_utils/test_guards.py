# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks, one by one: passing, failing with a reason that names the node, overridden."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.nso.ha.plugins.module_utils.state import HaState, Peer, TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils import guards, planner
from ansible_collections.nso.ha.plugins.plugin_utils.guards import Case, Consents, Verdict
from ansible_collections.nso.ha.plugins.plugin_utils.observed import Observation, Seen, Unseen
from ansible_collections.nso.ha.plugins.plugin_utils.topology import Member, Topology

N1 = Member("n1", "id1", "10.0.0.1", "primary")
N2 = Member("n2", "id2", "10.0.0.2", "secondary")
SPARE = Member("n3", "id3", "10.0.0.3", "none")
OLD, NEW = TransactionId("id1", (0, 5, 0)), TransactionId("id1", (0, 6, 0))
ELSEWHERE = TransactionId("id9", (0, 5, 0))
ALONE = TransactionId(None, (0, 9, 0))

Found = dict[str, Observation]


def seen(
    role: str,
    primary: tuple[str, str] | None = None,
    *listed: Member,
    txid: TransactionId | None = OLD,
    phase: int = 2,
) -> Seen:
    peers = tuple(Peer(one.node_id, one.address) for one in listed)
    return Seen(HaState(role, Peer(*primary) if primary else None, peers), phase, txid)


def case(members: list[Member], found: Found) -> Case:
    topology = Topology(members)
    return Case(topology, found, planner.plan(topology, found))


def judged(members: list[Member], found: Found, check: str, *override: str) -> list[Verdict]:
    consents = Consents(overridden=frozenset(override))
    return [one for one in guards.verdicts(case(members, found), consents) if one.check == check]


PASSING: Found = {"n1": seen("none"), "n2": seen("none"), "n3": seen("none", txid=ALONE)}

FAILING: dict[str, tuple[Found, str]] = {
    "one_primary": (
        {**PASSING, "n1": seen("primary"), "n2": seen("primary")},
        "n1 and n2 are primary at the same time, so each may have writes that the others do not "
        "have. Find out which one is right, make it the wanted primary, and override this check",
    ),
    "hidden_primary": (
        {**PASSING, "n3": Unseen("no route")},
        "n3 may be primary and cannot be asked: no route",
    ),
    "newer_data": (
        {**PASSING, "n3": seen("none", txid=NEW)},
        "n3 has newer data than the primary (id1/6.000000, primary id1/5.000000), and is not to "
        "follow n1, which would be primary without that data. If n3 has the right data, let it be "
        "the primary first",
    ),
    "primary_answers": (
        {**PASSING, "n1": Unseen("timeout"), "n3": seen("primary")},
        "n1, the wanted primary, did not answer: timeout",
    ),
    "primary_name": (
        {**PASSING, "n1": seen("primary"), "n2": seen("secondary", ("old", "10.0.0.1"))},
        "n1 is primary under the node id 'old', as n2 says, and should be 'id1'. Set "
        "nso_ha_node_id to the id it has, or make it none first",
    ),
    "start_phase": (
        {**PASSING, "n2": seen("none", phase=0)},
        "n2 is in start phase 0 and takes orders from phase 1 on",
    ),
}

MEMBERS = [N1, N2, SPARE]


def test_every_check_has_an_example() -> None:
    assert set(FAILING) == set(guards.CHECKS)


@pytest.mark.parametrize("check", FAILING)
def test_check_passes(check: str) -> None:
    assert judged(MEMBERS, PASSING, check) == [Verdict(check, guards.PASSED, "")]


@pytest.mark.parametrize("check", FAILING)
def test_check_fails_with_a_reason_and_refuses(check: str) -> None:
    found, why = FAILING[check]
    verdicts = judged(MEMBERS, found, check)
    assert verdicts == [Verdict(check, guards.FAILED, why)]
    assert guards.refused(verdicts)


@pytest.mark.parametrize("check", FAILING)
def test_check_that_is_overridden_says_why_it_had_failed_and_does_not_refuse(check: str) -> None:
    found, why = FAILING[check]
    verdicts = judged(MEMBERS, found, check, check)
    assert verdicts == [Verdict(check, guards.OVERRIDDEN, why)]
    assert not guards.refused(verdicts)


@pytest.mark.parametrize("check", FAILING)
def test_check_that_fails_is_not_overridden_by_the_names_of_all_others(check: str) -> None:
    found, why = FAILING[check]
    others = set(FAILING) - {check}
    assert judged(MEMBERS, found, check, *others) == [Verdict(check, guards.FAILED, why)]


def test_one_primary_fails_for_a_primary_that_no_inventory_knows() -> None:
    found: Found = {**PASSING, "n2": seen("secondary", ("z9", "10.9.9.9"))}
    assert [one.reason for one in judged(MEMBERS, found, "one_primary")] == [
        "n2 follows z9 at 10.9.9.9, which is no node of the inventory; there may be two primaries"
    ]


def test_one_primary_fails_for_a_silent_node_that_others_follow() -> None:
    found: Found = {
        "n1": seen("primary"),
        "n2": seen("secondary", ("id3", "10.0.0.3")),
        "n3": Unseen("no route"),
    }
    assert [one.reason for one in judged(MEMBERS, found, "one_primary")] == [
        "n2 follows n3, which should be none and did not answer; there may be two primaries"
    ]


def test_fault_4_a_wanted_primary_that_only_its_secondaries_see_refuses_all_steps() -> None:
    found: Found = {
        "n1": Unseen("timeout"),
        "n2": seen("secondary", ("id1", "10.0.0.1")),
        "n3": seen("secondary", ("id1", "10.0.0.1")),
    }
    assert guards.refused(judged(MEMBERS, found, "primary_answers"))


def test_hidden_primary_passes_where_nobody_is_promoted() -> None:
    found: Found = {"n1": seen("primary"), "n2": seen("none"), "n3": Unseen("no route")}
    assert not guards.refused(judged(MEMBERS, found, "hidden_primary"))


def test_hidden_primary_names_every_silent_node() -> None:
    found: Found = {"n1": seen("none"), "n2": Unseen("a"), "n3": Unseen("b")}
    assert len(judged(MEMBERS, found, "hidden_primary")) == 2


def test_newer_data_fails_for_a_primary_that_leaves_with_data_of_its_own() -> None:
    found: Found = {**PASSING, "n3": seen("primary", txid=ELSEWHERE)}
    assert guards.refused(judged(MEMBERS, found, "newer_data"))


@pytest.mark.parametrize("txid", [None, ELSEWHERE])
def test_newer_data_fails_for_data_that_nobody_can_place(txid: TransactionId | None) -> None:
    found: Found = {**PASSING, "n3": seen("none", txid=txid)}
    assert guards.refused(judged(MEMBERS, found, "newer_data"))


def test_newer_data_leaves_those_that_copy_to_the_consent() -> None:
    found: Found = {**PASSING, "n2": seen("none", txid=NEW)}
    assert not guards.refused(judged(MEMBERS, found, "newer_data"))
    assert guards.refused(judged(MEMBERS, found, "overwrite"))


def test_fault_9_a_secondary_under_a_silent_relay_may_have_a_newer_copy() -> None:
    relay = Member("n4", "id4", "10.0.0.4", "relay")
    below = replace(N2, upstream="n4")
    found: Found = {"n1": seen("none"), "n2": seen("none", txid=NEW), "n4": Unseen("gone")}
    verdicts = judged([N1, below, relay], found, "newer_data", "hidden_primary")
    assert guards.refused(verdicts)


def test_newer_data_passes_where_nobody_is_promoted() -> None:
    found: Found = {**PASSING, "n1": seen("primary"), "n3": seen("none", txid=NEW)}
    assert not guards.refused(judged(MEMBERS, found, "newer_data"))


@pytest.mark.parametrize("txid", [NEW, ELSEWHERE, None])
def test_overwriting_needs_a_consent_that_names_the_node(txid: TransactionId | None) -> None:
    one = case([N1, N2], {"n1": seen("primary"), "n2": seen("none", txid=txid)})
    (step,) = one.plan.steps
    for consents, result in (
        (Consents(), guards.FAILED),
        (Consents(overwrite=frozenset(("n1", "n3"))), guards.FAILED),
        (Consents(overridden=frozenset(guards.CHECKS)), guards.FAILED),
        (Consents(overwrite=frozenset(("n2",))), guards.OVERRIDDEN),
        (Consents(overwrite_all=True), guards.OVERRIDDEN),
    ):
        verdict = guards.overwriting(one, step, consents)
        assert (verdict.result, verdict.host) == (result, "n2")
    refusal = guards.overwriting(one, step, Consents()).reason
    assert refusal.endswith(
        "; its data would be overwritten, which needs nso_ha_allow_overwrite to name it"
    )


def test_overwriting_passes_where_nothing_is_lost() -> None:
    one = case([N1, N2], {"n1": seen("primary", txid=NEW), "n2": seen("none")})
    assert guards.overwriting(one, one.plan.steps[0], Consents()) == Verdict(
        "overwrite",
        guards.PASSED,
        "is behind the primary on the same timeline (id1/5.000000, primary id1/6.000000)",
        "n2",
    )
