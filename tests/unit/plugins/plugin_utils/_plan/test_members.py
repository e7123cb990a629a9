# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the members is primary: the present one, else the last one, else the first choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import Verdict
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import PromotionHistory
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Answer
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import (
    Member,
    topology_problems,
)
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._plan.operations import Goal, Scene
from ansible_collections.nso.ha.plugins.plugin_utils._run import planning
from helpers.cases import (
    BY_N2,
    NEW,
    NO_HISTORY,
    OLD,
    SILENT,
    Observed,
    answer,
    directory,
    history,
    known,
    look,
    member,
    promotion,
    transaction,
)
from helpers.cluster_play import Play
from helpers.plans import whole

M1, M2, M3 = (member(number, "member") for number in (1, 2, 3))
MEMBERS = (M1, M2, M3)
NONE_IS_PRIMARY: Observed = {member.host: answer("none") for member in MEMBERS}
N2_IS_PRIMARY: Observed = {
    "n1": answer("secondary", M2),
    "n2": answer("primary", None, M1, M3),
    "n3": answer("secondary", M2),
}
TWO_ARE_PRIMARY: Observed = {**N2_IS_PRIMARY, "n1": answer("primary")}
#: Promoted by a run of converge, of a switchover, or by hand: only the last one counts.
BY_N3 = history(*BY_N2.all, promotion(3, "id3", OLD, 6, "switchover", "two", "r3"))


def goal(
    members: Sequence[Member],
    observed: Observed,
    record: PromotionHistory = NO_HISTORY,
    candidate: str = "",
    operation: str = "converge",
) -> Goal:
    return operations.goal(operation, Scene(members, observed, record), candidate)


def roles(wanted: Goal) -> list[str]:
    return [member.role for member in wanted.members]


def verdicts(
    observed: Observed,
    record: PromotionHistory = NO_HISTORY,
    members: Sequence[Member] = MEMBERS,
    **given: Any,
) -> list[Verdict]:
    """Return what the checks of a converge say that did not pass."""
    kept = directory(promotions=[promotion.as_entry() for promotion in record.all])
    looks = {
        host: {**look(one), "state_directory": kept}
        for host, one in observed.items()
        if isinstance(one, Answer)
    }
    decision = planning.plan(known(members, looks, **given))
    return [verdict for verdict in decision.not_passed if verdict.result != "overridden"]


# A cluster that never had a primary


@pytest.mark.parametrize(
    ("priorities", "candidate", "first"),
    [
        ((100, 100, 100), "", "n1"),
        ((100, 100, 101), "", "n3"),
        ((0, 100, 100), "", "n2"),
        ((100, 100, 101), "n2", "n2"),
    ],
)
def test_the_first_primary_is_the_candidate_or_that_of_the_highest_priority_or_the_first_by_name(
    priorities: tuple[int, int, int], candidate: str, first: str
) -> None:
    members = [
        replace(one, priority=priority) for one, priority in zip(MEMBERS, priorities, strict=True)
    ]
    wanted = goal(members, NONE_IS_PRIMARY, candidate=candidate)
    assert not wanted.problem
    assert {one.host: one.role for one in wanted.members} == {
        host: "primary" if host == first else "secondary" for host in ("n1", "n2", "n3")
    }


def test_that_the_others_copy_the_first_primary_needs_consent() -> None:
    different: Observed = {
        host: answer("none", txid=transaction(number, None))
        for number, host in enumerate(NONE_IS_PRIMARY)
    }
    assert [(verdict.check, verdict.host) for verdict in verdicts(different)] == [
        ("overwrite", "n2"),
        ("overwrite", "n3"),
    ]
    assert not verdicts(different, allow_overwrite="n2,n3")


# One that has a primary, or had one


@pytest.mark.parametrize("operation", ["converge", "rejoin", "failover"])
@pytest.mark.parametrize("priority", [100, 0])
def test_the_present_primary_stays_whatever_the_priorities_are(
    operation: str, priority: int
) -> None:
    members = [replace(M1, priority=900), replace(M2, priority=priority), M3]
    wanted = goal(members, N2_IS_PRIMARY, BY_N3, operation=operation)
    assert roles(wanted) == ["secondary", "primary", "secondary"]
    assert not wanted.problem


def test_converge_does_not_move_the_primary_role_to_a_candidate() -> None:
    assert goal(MEMBERS, N2_IS_PRIMARY, BY_N2, "n1").problem == (
        "n2 is primary, and converge leaves it so. nso.ha.switchover moves the primary role to n1"
    )
    assert not goal(MEMBERS, N2_IS_PRIMARY, BY_N2, "n2").problem


def test_where_all_are_none_the_last_primary_comes_back() -> None:
    members = [replace(M1, priority=900), M2, M3]
    wanted = goal(members, NONE_IS_PRIMARY, BY_N3)
    assert roles(wanted) == ["secondary", "secondary", "primary"]
    assert not verdicts(NONE_IS_PRIMARY, BY_N3, members)


def test_the_last_primary_does_not_come_back_over_newer_data() -> None:
    newer = {**NONE_IS_PRIMARY, "n1": answer("none", txid=NEW)}
    (verdict,) = verdicts(newer, BY_N2)
    assert (verdict.check, verdict.host) == ("overwrite", "n1")


def test_where_the_last_primary_does_not_answer_no_other_is_made_by_converge() -> None:
    gone = {**NONE_IS_PRIMARY, "n2": SILENT}
    assert goal(MEMBERS, gone, BY_N2).problem == (
        "no node says that it is primary, and n2, which was last, does not answer: gone. If it is "
        "gone, nso.ha.failover makes another node primary"
    )
    wanted = goal(MEMBERS, gone, BY_N2, operation="failover")
    assert (wanted.former, wanted.election.chosen) == ("n2", "n1")


def test_a_last_primary_that_is_no_node_of_the_inventory_is_not_replaced_by_itself() -> None:
    rest = {host: NONE_IS_PRIMARY[host] for host in ("n1", "n2")}
    (verdict,) = verdicts(rest, BY_N3, [M1, M2])
    assert verdict.check == "last_primary"
    assert "'id3' (switchover at two), and no node of the inventory has that node id" in (
        verdict.reason
    )
    assert "taken out of the inventory, make sure that it is off" in verdict.reason
    # While another is primary, nothing depends on it.
    led: Observed = {"n1": answer("secondary", M2), "n2": answer("primary", None, M1)}
    assert not verdicts(led, BY_N3, [M1, M2])


# Two primaries


def test_of_two_primaries_the_operator_names_the_right_one() -> None:
    (two,) = [one for one in verdicts(TWO_ARE_PRIMARY) if one.check == "one_primary"]
    assert "n1 and n2 are primary at the same time" in two.reason
    assert "name it in nso_ha_candidate" in two.reason
    for named in ("n1", "n2"):
        wanted = goal(MEMBERS, TWO_ARE_PRIMARY, candidate=named)
        assert [one.host for one in wanted.members if one.role == "primary"] == [named]
    pinned = [M1, replace(M2, role="primary"), M3]
    (two,) = [
        one for one in verdicts(TWO_ARE_PRIMARY, members=pinned) if one.check == "one_primary"
    ]
    assert "give it nso_ha_role primary" in two.reason


# Pinned roles beside members


def test_a_pinned_primary_is_the_one_and_the_members_follow_it() -> None:
    pinned = [M1, replace(M2, role="relay"), replace(M3, role="primary")]
    wanted = goal(pinned, NONE_IS_PRIMARY)
    assert roles(wanted) == ["secondary", "relay", "primary"]


def test_a_pinned_secondary_becomes_primary_only_where_it_is_named() -> None:
    pinned = [replace(M1, role="secondary", priority=900), M2, M3]
    assert roles(goal(pinned, NONE_IS_PRIMARY)) == ["secondary", "primary", "secondary"]
    assert roles(goal(pinned, NONE_IS_PRIMARY, candidate="n1"))[0] == "primary"
    wanted = goal(pinned, N2_IS_PRIMARY, operation="switchover")
    assert wanted.election.chosen == "n3"
    assert wanted.election.reasons["n1"] == (
        "it is primary only where it is named (nso_ha_role is secondary)"
    )
    named = goal(pinned, N2_IS_PRIMARY, candidate="n1", operation="switchover")
    assert named.election.chosen == "n1"


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([replace(M1, role="primary"), replace(M2, role="primary"), M3], "2 nodes (n1, n2) have"),
        ([replace(M1, priority=0), replace(M2, role="secondary")], "no node may be primary"),
        ([M1, replace(M2, upstream="n1")], "n2: nso_ha_upstream is 'n1', a member, which may be"),
    ],
)
def test_mixtures_that_make_no_cluster_are_refused(members: list[Member], why: str) -> None:
    (problem,) = topology_problems(members)
    assert why in problem


# The life of a cluster


def test_whatever_moves_the_primary_role_converge_and_rejoin_have_nothing_to_do_afterwards() -> (
    None
):
    cluster = whole()
    for operation, primary in (("switchover", "n2"), ("switchover", "n1"), ("failover", "n2")):
        if operation == "failover":
            cluster.stop("n1")
            cluster.notice()
        moved = Play(MEMBERS, cluster, operation, f"{operation} to {primary}")
        moved.run()
        assert (moved.report["outcome"], moved.report["primary"]["after"]) == ("done", primary)
        cluster.start("n1")
        for again in ("converge", "rejoin"):
            kept = Play(MEMBERS, cluster, again, f"{again} after {operation} to {primary}")
            kept.run()
            assert kept.report["outcome"] == "done"
            assert kept.report["primary"]["after"] == primary
            # The one that was away follows the new primary; nothing else ever changes.
            assert {step["host"] for step in kept.report["steps"]} <= (
                {"n1"} if (operation, again) == ("failover", "converge") else set()
            )
