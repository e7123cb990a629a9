# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks, one by one: passing, failing with a reason that names the node, overridden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.module_utils._node.state import Peer
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._checks import judge
from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import (
    FAILED,
    NOT_EVALUABLE,
    OVERRIDDEN,
    PASSED,
    Case,
    Verdict,
)
from ansible_collections.nso.ha.plugins.plugin_utils._checks.consents import Consents, Nodes
from ansible_collections.nso.ha.plugins.plugin_utils._model import links
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import PromotionHistory
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import (
    Answer,
    Silence,
)
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations, planner
from ansible_collections.nso.ha.plugins.plugin_utils._plan.operations import Scene
from helpers.cases import (
    ALONE,
    BY_N1,
    BY_N2,
    ELSEWHERE,
    N1,
    N2,
    N3,
    N4,
    NEW,
    NO_HISTORY,
    OLD,
    STOPPED,
    Observed,
    answer,
    history,
    member,
    promotion,
    transaction,
)

SPARE = member(3, "none")


def case(
    members: list[Member],
    observed: Observed,
    operation: str = operations.CONVERGE,
    known: PromotionHistory = NO_HISTORY,
    *,
    candidate: str = "",
    fences: bool = False,
    unfinished: Mapping[str, str] | None = None,
) -> Case:
    scene = Scene(members, observed, known, unfinished or {})
    goal = operations.goal(operation, scene, candidate)
    assert not goal.problem
    topology = links.reparented(Topology(goal.members), observed)
    plan = planner.plan_for(topology, observed, known)
    return Case(operation, scene, goal, topology, plan, fences, gap_limit=10)


def of_check(judged_case: Case, check: str, *override: str) -> list[Verdict]:
    consents = Consents(overridden=frozenset(override))
    return [verdict for verdict in judge.verdicts(judged_case, consents) if verdict.check == check]


def judged(members: list[Member], observed: Observed, check: str, *override: str) -> list[Verdict]:
    return of_check(case(members, observed), check, *override)


MEMBERS = [N1, N2, SPARE]
ALL_NONE: Observed = {
    "n1": answer("none"),
    "n2": answer("none"),
    "n3": answer("none", txid=ALONE),
}
RIGHT: Observed = {
    "n1": answer("primary", None, N2),
    "n2": answer("secondary", N1),
    "n3": answer("none", txid=ALONE),
}
DEAD: Observed = {"n1": STOPPED, "n2": answer("none"), "n3": ALL_NONE["n3"]}


def telling(
    host: str, *, read_only: bool, admin_read_only: bool | None = None, held: bool = False
) -> Answer:
    """Return a node of a cluster that is right, which tells of its read-only mode."""
    answered = RIGHT[host]
    assert isinstance(answered, Answer)
    facts = Facts(read_only=read_only, admin_read_only=admin_read_only)
    return replace(answered, facts=facts, held=held)


#: An administrator has put the primary and its secondary into read-only mode.
CLOSED: Observed = {
    **RIGHT,
    **{host: telling(host, read_only=True, admin_read_only=True) for host in ("n1", "n2")},
}


def slow(host: str, seconds: float, node_id: str | None = None) -> Answer:
    """Return a node of a cluster that is right, which took so long to answer, and tells this."""
    answered = RIGHT[host]
    assert isinstance(answered, Answer)
    return replace(answered, seconds=seconds, facts=Facts(node_id=node_id))


class Example(NamedTuple):
    """What a check fails for, with the reason, in an operation that passes for `passing`."""

    operation: str
    passing: Observed
    failing: Observed
    why: str
    known: PromotionHistory = NO_HISTORY
    candidate: str = ""
    unlocked: Mapping[str, str] = {}

    def case(self, observed: Observed) -> Case:
        made = case(MEMBERS, observed, self.operation, self.known, candidate=self.candidate)
        return replace(made, scene=replace(made.scene, unlocked=self.unlocked))


EXAMPLES = {
    "one_primary": Example(
        "converge",
        ALL_NONE,
        {**ALL_NONE, "n1": answer("primary"), "n2": answer("primary")},
        "n1 and n2 are primary at the same time, so each may have writes that the others do not "
        "have. Find out which one is right, give it nso_ha_role primary, and override this check",
    ),
    "foreign_primary": Example(
        "failover",
        {"n1": answer("primary", None, N2), "n2": answer("secondary", N1), "n3": answer("none")},
        {
            "n1": answer("primary"),
            "n2": answer("secondary", Peer("z9", "10.9.9.9")),
            "n3": answer("none"),
        },
        "n2 follows z9 at 10.9.9.9, which is no node of the inventory; there may be two "
        "primaries. If it has died, its followers find out within three times the tick timeout, "
        "unless that is 0",
    ),
    "hidden_primary": Example(
        "converge",
        ALL_NONE,
        {**ALL_NONE, "n3": Silence("no route")},
        "n3 may be primary and cannot be asked: no route",
    ),
    "newer_data": Example(
        "converge",
        ALL_NONE,
        {**ALL_NONE, "n3": answer("none", txid=NEW)},
        "n3 has newer data than the primary (id1/6.000000, primary id1/5.000000), and is not to "
        "follow n1, which would be primary without that data. If n3 has the right data, let it be "
        "the primary first",
    ),
    "primary_answers": Example(
        "converge",
        ALL_NONE,
        {**ALL_NONE, "n1": Silence("timeout"), "n3": answer("primary")},
        "n1, the wanted primary, did not answer: timeout",
    ),
    "primary_name": Example(
        "converge",
        ALL_NONE,
        {**ALL_NONE, "n1": answer("primary"), "n2": answer("secondary", Peer("old", "10.0.0.1"))},
        "n1 is primary under the node id 'old', as n2 says, and should be 'id1'. Set "
        "nso_ha_node_id of n1 to 'old', or make it none first",
    ),
    "start_phase": Example(
        "converge",
        ALL_NONE,
        {**ALL_NONE, "n2": answer("none", phase=0)},
        "n2 is in start phase 0 and takes orders from phase 1 on. If it waits there, as NSO was "
        "started with --start-phase0, set nso_ha_start_phases to true for it",
    ),
    "last_primary": Example(
        "converge",
        {**ALL_NONE, "n1": answer("primary")},
        ALL_NONE,
        "the last recorded primary is n2 (failover at one), but the inventory names n1. Correct "
        "nso_ha_role in the inventory, or move the primary with nso.ha.switchover, or override "
        "this check",
        BY_N2,
    ),
    "all_answer": Example(
        "switchover",
        RIGHT,
        {**RIGHT, "n3": Silence("no route")},
        "n3 does not answer: no route",
    ),
    "ready": Example(
        "switchover",
        RIGHT,
        {**RIGHT, "n3": answer("none", phase=1, txid=ALONE)},
        "n3 is in start phase 1, and has to be in phase 2",
    ),
    "primary_gone": Example(
        "failover",
        DEAD,
        {**DEAD, "n1": answer("primary"), "n2": answer("primary")},
        "n1 and n2 are primary and answer. nso.ha.status shows them all",
        candidate="n2",
    ),
    "still_seen": Example(
        "failover",
        DEAD,
        {**DEAD, "n1": Silence("timeout"), "n2": answer("secondary", N1)},
        "n2 is connected to n1 at 10.0.0.1, which does not answer here and may well live. If it "
        "has died, its secondaries find out within three times the tick timeout, unless that is 0; "
        "then run this again",
    ),
    "fenced": Example(
        "failover",
        DEAD,
        {**DEAD, "n1": Silence("timeout", True)},
        "n1 was the primary and does not answer (timeout), so it may be primary where this side "
        "cannot see it, or when it wakes up. Name tasks in nso_ha_fence_tasks that fence it, or "
        "make sure that it is off and override this check",
    ),
    "versions": Example(
        "converge",
        ALL_NONE,
        {
            **ALL_NONE,
            "n1": replace(answer("none"), protocol=87),
            "n2": replace(answer("none"), protocol=86),
        },
        "no node could follow n1 (n2 cannot follow n1: it speaks version 86 of the IPC protocol "
        "and n1 speaks version 87, so they run different NSO releases, which refuse each other "
        "(HA_BADVSN)). Run the same NSO release on them, or name another node in "
        "nso_ha_candidate. To have a primary without followers, or where these releases do work "
        "together: nso_ha_override=versions",
    ),
    "lockable": Example(
        "converge",
        {**ALL_NONE, "n2": STOPPED},
        ALL_NONE,
        "n2 cannot be locked: disk full. Or let this run do nothing on n2: "
        "nso_ha_override=lockable",
        unlocked={"n2": "disk full."},
    ),
    "external_ha": Example(
        "converge",
        {**ALL_NONE, "n1": replace(answer("none"), facts=Facts(ha_enabled=True))},
        {**ALL_NONE, "n2": replace(answer("none"), facts=Facts(rule_based_ha=True))},
        "n2 has NSO's rule-based HA enabled, which gives roles by itself, and only one kind of HA "
        "may be at work. Set /high-availability/enabled to false on n2, or override this check",
    ),
    "read_only": Example(
        "switchover",
        CLOSED,
        {**CLOSED, "n2": telling("n2", read_only=True, admin_read_only=False)},
        "an administrator put n1 into read-only mode, and n2 is not in it, so n2 would take writes "
        "as primary. Put n2 into it too (ansible n2 -m nso.ha.ncs_ha_read_only -a read_only=true), "
        "or lift it (ansible n1 -m nso.ha.ncs_ha_read_only -a read_only=false), or let n2 take "
        "writes: nso_ha_override=read_only",
    ),
    "candidate_failed": Example(
        "roll_back",
        ALL_NONE,
        {**ALL_NONE, "n2": answer("primary")},
        "n2 has become primary in the meantime",
        candidate="n1",
    ),
    "swapped": Example(
        "converge",
        {**RIGHT, "n2": slow("n2", 0, node_id="id2")},
        {**RIGHT, "n2": slow("n2", 0, node_id="id3")},
        "n2 says that its node id is 'id3', which is the node id of n3 in the inventory. Compare "
        "ansible_host, nso_ha_node_id and nso_ha_node_ip of n2 and n3. If the nodes are what the "
        "inventory says: nso_ha_override=swapped",
    ),
    "node_ip": Example(
        "switchover",
        RIGHT,
        {**RIGHT, "n1": answer("primary", None, replace(N2, address="10.0.9.2"))},
        "nso_ha_node_ip of n2 is 10.0.0.2, and n1 lists 'id2' at 10.0.9.2. Other nodes are to dial "
        "it at 10.0.0.2. Set nso_ha_node_ip of n2 to the address at which they reach it; if that "
        "is 10.0.0.2: nso_ha_override=node_ip",
    ),
    "gap": Example(
        "switchover",
        {**RIGHT, "n1": slow("n1", 4), "n2": slow("n2", 6)},
        {**RIGHT, "n1": slow("n1", 4), "n2": slow("n2", 7)},
        "n1 took 4.0 s to answer and n2 7.0 s, so no node would accept writes for about 11 s; "
        "nso_ha_gap_limit is 10 s. Find out what slows n2 down, or allow it with "
        "nso_ha_override=gap",
    ),
}


def test_every_check_has_an_example() -> None:
    assert set(EXAMPLES) == set(judge.CHECKS)


def test_every_check_is_one_of_an_operation_and_every_operation_has_some() -> None:
    assert {name for names in judge.CHECKS_OF.values() for name in names} == set(judge.CHECKS)
    assert set(judge.CHECKS_OF) == {*operations.OPERATIONS, operations.ROLL_BACK}
    assert all(judge.CHECKS_OF.values())


def test_only_what_a_roll_back_alone_has_cannot_be_overridden() -> None:
    assert set(judge.CHECKS) - set(judge.OVERRIDABLE) == {"candidate_failed"}


@pytest.mark.parametrize("check", EXAMPLES)
def test_check_passes(check: str) -> None:
    example = EXAMPLES[check]
    verdicts = of_check(example.case(example.passing), check)
    assert verdicts == [Verdict(check, PASSED, "")]


@pytest.mark.parametrize("check", EXAMPLES)
def test_check_fails_with_a_reason_and_refuses(check: str) -> None:
    example = EXAMPLES[check]
    verdicts = of_check(example.case(example.failing), check)
    assert verdicts == [Verdict(check, FAILED, example.why)]
    assert judge.refused(verdicts)


@pytest.mark.parametrize("check", EXAMPLES)
def test_check_that_is_overridden_says_why_it_had_failed_and_does_not_refuse(check: str) -> None:
    example = EXAMPLES[check]
    verdicts = of_check(example.case(example.failing), check, check)
    assert verdicts == [Verdict(check, OVERRIDDEN, example.why)]
    assert not judge.refused(verdicts)


@pytest.mark.parametrize("check", EXAMPLES)
def test_check_that_fails_is_not_overridden_by_the_names_of_all_others(check: str) -> None:
    example = EXAMPLES[check]
    verdicts = of_check(example.case(example.failing), check, *(set(EXAMPLES) - {check}))
    assert verdicts == [Verdict(check, FAILED, example.why)]


READ_ONLY_PRIMARY = telling("n1", read_only=True, admin_read_only=True)


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        # What a run has set is marked, and is not an administrator's.
        (replace(READ_ONLY_PRIMARY, held=True), RIGHT["n2"], PASSED),
        (READ_ONLY_PRIMARY, telling("n2", read_only=True, admin_read_only=True, held=True), FAILED),
        # A release that tells of the overall state only.
        (telling("n1", read_only=True), telling("n2", read_only=False), FAILED),
        (telling("n1", read_only=True), telling("n2", read_only=True), NOT_EVALUABLE),
        (READ_ONLY_PRIMARY, RIGHT["n2"], NOT_EVALUABLE),
        (telling("n1", read_only=False), RIGHT["n2"], PASSED),
        (RIGHT["n1"], RIGHT["n2"], PASSED),
    ],
)
@pytest.mark.parametrize("operation", ["switchover", "converge"])
def test_the_mode_of_an_administrator_does_not_end_with_the_primary(
    first: Answer, second: Answer, result: str, operation: str
) -> None:
    members = [member(1), member(2, "primary"), SPARE]
    observed: Observed = {**RIGHT, "n1": first, "n2": second}
    moving = case(members, observed, operation, candidate="n2" if operation != "converge" else "")
    (verdict,) = of_check(moving, "read_only")
    assert verdict.result == result
    if result == NOT_EVALUABLE:
        assert "n2 does not tell whether it is in it, so n2 may take writes" in verdict.reason
        assert verdict.reason.endswith("Where n2 is in it, override this check too")


@pytest.mark.parametrize("operation", operations.OPERATIONS)
def test_a_primary_that_no_inventory_knows_is_refused_by_every_operation(operation: str) -> None:
    members = [N1, N2, N3]
    observed: Observed = {
        "n1": answer("primary", None, N2),
        "n2": answer("secondary", N1),
        "n3": answer("secondary", Peer("z9", "10.9.9.9")),
    }
    (verdict,) = of_check(case(members, observed, operation), "foreign_primary")
    assert verdict.result == FAILED
    assert verdict.reason.startswith("n3 follows z9 at 10.9.9.9, which is no node of the inventory")


def on_names(members: list[Member], observed: Observed, operation: str) -> list[Verdict]:
    """Return the verdicts on the ids that nodes go by, whether there is a plan or not."""
    scene = Scene(members, observed, NO_HISTORY, {})
    if operations.goal(operation, scene, "").problem:
        return judge.names(scene, Consents())
    return of_check(case(members, observed, operation), "primary_name")


@pytest.mark.parametrize("operation", operations.OPERATIONS)
def test_a_primary_of_another_name_is_refused_by_every_operation(operation: str) -> None:
    # A host name tells nothing here, so that the two ends of the link have to.
    members = [replace(N1, address="one.example"), N2, N3]
    followers = answer("secondary", Peer("old", "10.0.0.1"))
    observed: Observed = {"n1": answer("primary", None, N2, N3), "n2": followers, "n3": followers}
    verdicts = on_names(members, observed, operation)
    assert [verdict.reason for verdict in verdicts] == [
        "n1 is primary under the node id 'old', as n2 and n3 say, and should be 'id1'. Set "
        "nso_ha_node_id of n1 to 'old', or make it none first"
    ]
    assert judge.refused(verdicts)


@pytest.mark.parametrize("operation", operations.OPERATIONS)
def test_a_primary_that_says_another_id_of_itself_is_refused_by_every_operation(
    operation: str,
) -> None:
    members = [N1, N2, N3]
    renamed = replace(answer("primary", None, N2, N3), facts=Facts(node_id="old"))
    # Nobody else tells: no node follows it.
    observed: Observed = {"n1": renamed, "n2": answer("none"), "n3": answer("none")}
    verdicts = on_names(members, observed, operation)
    assert [verdict.reason for verdict in verdicts] == [
        "n1 is primary under the node id 'old', as it says itself, and should be 'id1'. Set "
        "nso_ha_node_id of n1 to 'old', or make it none first"
    ]
    assert judge.refused(verdicts)


@pytest.mark.parametrize(
    ("facts", "host", "why"),
    [
        (Facts(raft=True), "n3", "n3 takes part in NSO's HA Raft"),
        (Facts(ha_enabled=False), "n2", "n2 has HA not enabled in ncs.conf"),
        # n3 should be none, and gets no role.
        (Facts(ha_enabled=False), "n3", ""),
        (Facts(rule_based_ha=False, raft=False, ha_enabled=None), "n2", ""),
    ],
)
def test_ha_of_nsos_own_is_refused_where_it_is_known_to_be_in_the_way(
    facts: Facts, host: str, why: str
) -> None:
    observed: Observed = {**ALL_NONE, host: replace(answer("none"), facts=facts)}
    (verdict,) = of_check(case([N1, N2, SPARE], observed), "external_ha")
    assert (verdict.result, verdict.reason.startswith(why)) == (FAILED if why else PASSED, True)


@pytest.mark.parametrize("operation", operations.OPERATIONS)
def test_every_operation_that_gives_a_role_looks_for_ha_of_nsos_own(operation: str) -> None:
    assert "external_ha" in judge.CHECKS_OF[operation]


def test_nothing_to_do_is_no_reason_to_refuse_ha_of_nsos_own() -> None:
    linked: Observed = {
        "n1": replace(answer("primary", None, N2), facts=Facts(raft=True)),
        "n2": answer("secondary", N1),
    }
    (verdict,) = of_check(case([N1, N2], linked), "external_ha")
    assert verdict.result == PASSED


def test_a_stranger_whose_address_is_not_told_may_be_any_member_that_does_not_tell_its_id() -> None:
    observed: Observed = {
        "n1": Silence("no route"),
        "n2": answer("secondary", Peer("old", "")),
        "n3": replace(answer("relay", Peer("old", "")), facts=Facts(node_id="id3")),
    }
    for verdict in of_check(case([N1, N2, N3], observed, "failover"), "foreign_primary"):
        assert verdict.reason.endswith(". If it is n1, set nso_ha_node_id of n1 to 'old'")


def test_one_that_cannot_be_matched_is_refused_with_the_nodes_that_it_may_be() -> None:
    members = [replace(N1, address="one.example"), N2, N3]
    observed: Observed = {
        "n1": Silence("no route"),
        "n2": answer("secondary", Peer("old", "10.0.0.1")),
        "n3": answer("none"),
    }
    (verdict,) = of_check(case(members, observed, "failover"), "foreign_primary")
    assert verdict.result == FAILED
    assert verdict.reason.endswith(". If it is n1, set nso_ha_node_id of n1 to 'old'")


def test_a_failover_after_a_primary_that_no_inventory_knows_is_refused() -> None:
    for node_id, refused in (("old", True), ("id1", False)):
        copy = answer("none", txid=transaction(5, node_id))
        observed: Observed = {"n1": STOPPED, "n2": copy, "n3": copy}
        known = history(promotion(1, node_id, None, 4))
        (verdict,) = of_check(case([N1, N2, N3], observed, "failover", known), "primary_name")
        assert judge.refused([verdict]) == refused
        assert ("the last recorded primary is 'old' (converge at" in verdict.reason) == refused


def test_one_primary_fails_for_a_silent_node_that_others_follow() -> None:
    observed: Observed = {
        "n1": answer("primary"),
        "n2": answer("secondary", SPARE),
        "n3": Silence("no route"),
    }
    assert [verdict.reason for verdict in judged(MEMBERS, observed, "one_primary")] == [
        "n2 follows n3, which should be none and did not answer; there may be two primaries"
    ]


def test_fault_4_a_wanted_primary_that_only_its_secondaries_see_refuses_all_steps() -> None:
    observed: Observed = {
        "n1": Silence("timeout"),
        "n2": answer("secondary", N1),
        "n3": answer("secondary", N1),
    }
    assert judge.refused(judged(MEMBERS, observed, "primary_answers"))


def test_last_primary_cannot_be_told_from_two_promotions_at_the_same_time() -> None:
    halves = history(promotion(1, "id1", None, 4), promotion(1, "id2", None, 4))
    (verdict,) = of_check(case(MEMBERS, ALL_NONE, known=halves), "last_primary")
    assert verdict.result == NOT_EVALUABLE
    assert "two promotions at the same time" in verdict.reason
    assert judge.refused([verdict])


def test_hidden_primary_passes_where_no_node_is_promoted() -> None:
    observed: Observed = {"n1": answer("primary"), "n2": answer("none"), "n3": Silence("no route")}
    assert not judge.refused(judged(MEMBERS, observed, "hidden_primary"))


def test_hidden_primary_names_every_silent_node() -> None:
    observed: Observed = {"n1": answer("none"), "n2": Silence("a"), "n3": Silence("b")}
    assert len(judged(MEMBERS, observed, "hidden_primary")) == 2


def test_newer_data_fails_for_a_primary_that_leaves_with_data_of_its_own() -> None:
    observed: Observed = {**ALL_NONE, "n3": answer("primary", txid=ELSEWHERE)}
    assert judge.refused(judged(MEMBERS, observed, "newer_data"))


@pytest.mark.parametrize("txid", [None, ELSEWHERE])
def test_newer_data_fails_for_data_without_a_place(
    txid: TransactionId | None,
) -> None:
    observed: Observed = {**ALL_NONE, "n3": answer("none", txid=txid)}
    assert judge.refused(judged(MEMBERS, observed, "newer_data"))


def test_newer_data_leaves_those_that_copy_to_the_consent() -> None:
    observed: Observed = {**ALL_NONE, "n2": answer("none", txid=NEW)}
    assert not judge.refused(judged(MEMBERS, observed, "newer_data"))
    assert judge.refused(judged(MEMBERS, observed, "overwrite"))


def test_fault_9_a_secondary_under_a_silent_relay_may_have_a_newer_copy() -> None:
    relay = member(4, "relay")
    below = replace(N2, upstream="n4")
    observed: Observed = {
        "n1": answer("none"),
        "n2": answer("none", txid=NEW),
        "n4": Silence("gone"),
    }
    # It is to follow further up then, so it is its consent that is asked for.
    verdicts = judged([N1, below, relay], observed, "overwrite", *judge.CHECKS)
    assert [(verdict.host, verdict.result) for verdict in verdicts] == [("n2", FAILED)]


def test_newer_data_passes_where_no_node_is_promoted() -> None:
    observed: Observed = {**ALL_NONE, "n1": answer("primary"), "n3": answer("none", txid=NEW)}
    assert not judge.refused(judged(MEMBERS, observed, "newer_data"))


@pytest.mark.parametrize("txid", [NEW, ELSEWHERE, None])
def test_overwriting_needs_a_consent_that_names_the_node(txid: TransactionId | None) -> None:
    judged_case = case([N1, N2], {"n1": answer("primary"), "n2": answer("none", txid=txid)})
    (step,) = judged_case.plan.steps
    for consents, result in (
        (Consents(), FAILED),
        (Consents(overwrite=Nodes(named=frozenset(("n1", "n3")))), FAILED),
        (Consents(data_loss=Nodes(named=frozenset(("n2",)))), FAILED),
        (Consents(overridden=frozenset(judge.CHECKS)), FAILED),
        (Consents(overwrite=Nodes(named=frozenset(("n2",)))), OVERRIDDEN),
        (Consents(overwrite=exactly("n2", txid)), OVERRIDDEN),
        (Consents(overwrite=exactly("n2", OLD)), FAILED),
        (Consents(overwrite=exactly("n1", txid)), FAILED),
    ):
        verdict = judge.overwriting(judged_case, step, consents)
        assert (verdict.result, verdict.host) == (result, "n2")
    refusal = judge.overwriting(judged_case, step, Consents()).reason
    shown = "unknown" if txid is None else str(txid)
    assert refusal.endswith(
        "; its data would be overwritten. If that data may go: -e "
        f"nso_ha_allow_overwrite=n2@{shown}"
    )
    for wrong in (OLD, transaction(7)):
        void = judge.overwriting(judged_case, step, Consents(exactly("n2", wrong))).reason
        assert f"The consent n2@{wrong} does not hold: n2 is at {shown}" in void
        assert ("that is what n1 has" in void) == (wrong == OLD)


def exactly(host: str, txid: TransactionId | None) -> Nodes:
    """Return the consent for a node that is at this transaction."""
    return Nodes(exact=frozenset(((host, "unknown" if txid is None else str(txid)),)))


def test_overwriting_passes_where_nothing_is_lost() -> None:
    judged_case = case(
        [N1, N2], {"n1": answer("primary", txid=NEW), "n2": answer("none")}, known=BY_N1
    )
    assert judge.overwriting(judged_case, judged_case.plan.steps[0], Consents()) == Verdict(
        "overwrite",
        PASSED,
        "has older data of the same history as the primary (id1/5.000000, primary id1/6.000000)",
        "n2",
    )


# Nodes outside the inventory

STRANGE: Observed = {
    "n1": answer("primary", None, N2, N3, N4),
    "n2": answer("secondary", N1, N4),
    "n3": answer("secondary", N1),
}


@pytest.mark.parametrize("operation", ["converge", "switchover", "tear_down"])
def test_a_node_outside_the_inventory_is_cut_off_only_with_consent_by_its_id(
    operation: str,
) -> None:
    members = [replace(N1, role="secondary"), replace(N2, role="primary"), N3]
    judged_case = case(members, STRANGE, operation)
    for consents, result in (
        (Consents(), FAILED),
        (Consents(orphans=frozenset(("n4",))), FAILED),
        (Consents(orphans=frozenset(("id4",))), OVERRIDDEN),
        (Consents(overridden=frozenset(judge.CHECKS)), FAILED),
    ):
        (verdict,) = (
            verdict
            for verdict in judge.verdicts(judged_case, consents)
            if verdict.check == "orphans"
        )
        assert (verdict.result, verdict.host) == (result, "n1")
        assert verdict.reason.startswith("lists id4 at 10.0.0.4 as connected")
        if not consents.orphans and result == FAILED:
            assert "give -e nso_ha_allow_orphans=id4 to" in verdict.reason


def test_a_node_outside_the_inventory_that_stays_connected_needs_no_consent() -> None:
    judged_case = case([N1, N2, N3], {**STRANGE, "n3": answer("none")}, "rejoin")
    assert judged_case.plan.steps
    assert of_check(judged_case, "orphans") == []


def test_a_failover_does_not_wait_for_what_is_behind_a_relay() -> None:
    relay = replace(N2, role="relay")
    observed: Observed = {"n1": STOPPED, "n2": answer("relay", N1, N4), "n3": answer("none")}
    members = [N1, relay, N3]
    assert of_check(case(members, observed, "failover", candidate="n3"), "orphans") == []
