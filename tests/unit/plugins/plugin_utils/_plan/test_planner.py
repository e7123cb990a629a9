# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans, carried out on a model of a cluster that knows nothing of the planner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.plugin_utils._model import data_rules, links
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import PromotionHistory
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import (
    Observation,
    Silence,
)
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology
from ansible_collections.nso.ha.plugins.plugin_utils._plan import planner
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import Plan, Step, Wave
from helpers.cases import (
    BY_N1,
    N1,
    N2,
    N3,
    N4,
    NEW,
    NO_HISTORY,
    OLD,
    SILENT,
    STOPPED,
    Observed,
    answer,
    member,
)
from helpers.cluster_model import Cluster
from helpers.cluster_strategies import situations
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

Situation = tuple[list[Member], Cluster]

#: n2 as relay, and n3 below it.
RELAY, BELOW = member(2, "relay"), member(3, "secondary", "n2")


def do(cluster: Cluster, topology: Topology, step: Step) -> list[str]:
    """Carry out one step as the module would, with the orders that are needed by then."""
    node = cluster.nodes[step.host]
    if step.orders == ("secondary_dead",):
        node.listed.pop(topology.members[step.upstream].node_id)
    if step.orders in (("read_only",), ("writable",)):
        node.read_only = step.orders == ("read_only",)
        node.mark = {"follower": True} if node.read_only else None
    if "writable" in step.orders:
        node.read_only, node.mark = False, None
    if not step.role:
        return list(step.orders)
    upstream = topology.members[step.upstream] if step.upstream else None
    return cluster.give_role(
        step.host,
        step.role,
        topology.members[step.host].node_id,
        (upstream.node_id, upstream.address) if upstream else None,
        step.force,
    )


def carry_out(cluster: Cluster, topology: Topology, plan: Plan) -> None:
    for step in plan.steps:
        do(cluster, topology, step)


def is_cut_off(cluster: Cluster, topology: Topology, host: str) -> bool:
    """Return whether anything above a node does not answer, so that nothing can be promised."""
    above = topology.upstream(host)
    while above is not None:
        if not cluster.nodes[above.host].reachable:
            return True
        above = topology.upstream(above.host)
    return False


def wrong(cluster: Cluster, topology: Topology, blocked: Plan) -> list[str]:
    """Return the nodes that are not as wanted although something could be done about them."""
    return [
        host
        for host, member in topology.members.items()
        if host not in blocked.blocked
        and not is_cut_off(cluster, topology, host)
        and not cluster.is_right(member, topology.upstream(host))
    ]


def planned(
    members: list[Member],
    observed: Mapping[str, Observation],
    history: PromotionHistory = NO_HISTORY,
) -> Plan:
    return planner.plan_for(Topology(members), observed, history)


def steps(
    members: list[Member],
    observed: Mapping[str, Observation],
    history: PromotionHistory = NO_HISTORY,
) -> dict[str, Step]:
    """Return the last step of each host that gives it a role."""
    return {step.host: step for step in planned(members, observed, history).roles}


# Properties


@given(situations())
@repeatable
def test_every_node_that_can_be_reached_gets_its_role(situation: Situation) -> None:
    members, cluster = situation
    topology = Topology(members)
    plan = planner.plan_for(topology, cluster.look(), NO_HISTORY)
    carry_out(cluster, topology, plan)
    assert not wrong(cluster, topology, plan)
    assert not [
        node.host
        for node in cluster.nodes.values()
        if node.reachable and (node.mark or node.read_only)
    ]


@given(situations(), st.booleans())
@repeatable
def test_exactly_the_followers_are_read_only_where_they_are_to_be_kept_so(
    situation: Situation, all_leave: bool
) -> None:
    members, cluster = situation
    topology = Topology([_to_be_kept(member, all_leave) for member in members])
    plan = planner.plan_for(topology, cluster.look(), NO_HISTORY)
    carry_out(cluster, topology, plan)
    for host, node in cluster.nodes.items():
        follows = topology.members[host].role in ("secondary", "relay")
        marked = bool(node.mark and node.mark.get("follower"))
        assert not node.reachable or (node.read_only, marked) == (follows, follows)
    observed = cluster.look()
    again = planner.plan_for(topology, observed, NO_HISTORY)
    assert not {"open", "hold", "release"} & {wave.name for wave in again.waves}


def _to_be_kept(member: Member, leaves: bool) -> Member:
    """Return the member as one that is kept read-only where it follows, or that leaves."""
    kept = replace(member, hold=True)
    return replace(kept, role="none", upstream="") if leaves else kept


@given(situations(), st.randoms(use_true_random=False))
@repeatable
def test_there_never_are_two_primaries_that_were_not_before(
    situation: Situation, random: Random
) -> None:
    members, cluster = situation
    topology = Topology(members)
    before = cluster.primaries()
    reachable = {node.host for node in cluster.nodes.values() if node.reachable}
    for wave in planner.plan_for(topology, cluster.look(), NO_HISTORY).waves:
        for step in random.sample(wave.steps, len(wave.steps)):
            if step.role == "primary":
                assert not cluster.primaries() & reachable
            do(cluster, topology, step)
            now = cluster.primaries() & reachable
            assert len(now) < 2 or now <= before


@given(situations(all_answer=True))
@repeatable
def test_a_cluster_that_is_right_needs_nothing(situation: Situation) -> None:
    members, cluster = situation
    topology = Topology(members)
    carry_out(cluster, topology, planner.plan_for(topology, cluster.look(), NO_HISTORY))
    observed = cluster.look()
    assert planner.plan_for(topology, observed, NO_HISTORY) == Plan()
    assert all(links.is_as_wanted(topology, observed, host) for host in topology.members)


@given(situations())
@repeatable
def test_no_step_is_planned_exactly_if_every_node_that_can_be_helped_is_right(
    situation: Situation,
) -> None:
    members, cluster = situation
    topology, observed = Topology(members), cluster.look()
    plan = planner.plan_for(topology, observed, NO_HISTORY)
    right = [
        links.is_as_wanted(topology, observed, host)
        for host in topology.members
        if host not in plan.blocked
    ]
    if not plan.steps:
        assert all(right)
    elif all(right):
        # A node that is right has a step only because of another: one that has one, or is dead.
        why = [step for step in plan.steps if step.role in ("none", "primary", "")]
        assert why


@given(situations(), st.data())
@repeatable
def test_a_second_run_finishes_what_was_interrupted_anywhere(
    situation: Situation, draw: st.DataObject
) -> None:
    members, cluster = situation
    topology = Topology(members)
    first = planner.plan_for(topology, cluster.look(), NO_HISTORY)
    for step in first.steps[: draw.draw(st.integers(0, len(first.steps)))]:
        do(cluster, topology, step)
    second = planner.plan_for(topology, cluster.look(), NO_HISTORY)
    carry_out(cluster, topology, second)
    assert not wrong(cluster, topology, second)


@given(situations())
@repeatable
def test_a_node_that_did_not_answer_gets_no_step(situation: Situation) -> None:
    members, cluster = situation
    plan = planned(members, cluster.look())
    for step in plan.steps:
        assert cluster.nodes[step.host].reachable
    for node in cluster.nodes.values():
        assert node.reachable or node.host in plan.blocked


@given(situations())
@repeatable
def test_a_step_that_may_copy_says_what_that_costs(situation: Situation) -> None:
    members, cluster = situation
    for step in planned(members, cluster.look()).steps:
        assert bool(step.relation) == (step.role in ("secondary", "relay"))
        safe = step.relation in ("", "equal", "copy", "handed", "behind")
        assert step.overwrites == (not safe)
        assert step.orders


def test_the_order_of_the_observations_makes_no_difference() -> None:
    observed: Observed = {
        "n1": answer("primary", None, RELAY, N3),
        "n2": answer("relay", N1, N3),
        "n3": STOPPED,
    }
    members = [N1, RELAY, N3]
    assert planned(members, observed) == planned(members, dict(reversed(observed.items())))


@given(situations(), st.randoms(use_true_random=False))
@repeatable
def test_the_same_cluster_gets_the_same_plan(situation: Situation, random: Random) -> None:
    members, cluster = situation
    observed = cluster.look()
    shuffled = dict(random.sample(list(observed.items()), len(observed)))
    topology = Topology(members)
    assert planner.plan_for(topology, observed, NO_HISTORY) == planner.plan_for(
        topology, shuffled, NO_HISTORY
    )


@given(situations())
@repeatable
def test_no_node_follows_one_that_is_attached_later(situation: Situation) -> None:
    members, cluster = situation
    done: set[str] = set()
    plan = planned(members, cluster.look())
    attached = [wave for wave in plan.waves if wave.name in ("promote", "relays", "secondaries")]
    to_come = {step.host for wave in attached for step in wave.steps}
    for wave in attached:
        for step in wave.steps:
            assert step.upstream not in to_come or step.upstream in done
        done |= {step.host for step in wave.steps}


# Examples


def test_the_old_primary_leaves_before_the_new_one_comes() -> None:
    observed = {"n1": answer("none"), "n2": answer("primary", None), "n3": answer("none")}
    plan = planned([N1, N2, N3], observed)
    assert [wave.name for wave in plan.waves] == ["step_down", "promote", "secondaries"]
    assert plan.waves[0].steps[0].orders == ("benone",)
    assert plan.waves[1].steps[0].orders == ("beprimary",)
    assert [step.orders for step in plan.waves[2].steps] == [("besecondary",)] * 2
    assert not any(step.force for step in plan.steps)
    assert [step.reason for step in plan.steps] == [
        "is primary and should be secondary",
        "is none and should be primary",
        "is none and should be secondary of n1",
        "is none and should be secondary of n1",
    ]


def test_all_are_looked_at_before_a_promotion_and_who_copies_whom_before_a_copy() -> None:
    observed = {name: answer("none") for name in ("n4", "n3", "n2", "n1")}
    waves = planned([N1, RELAY, BELOW, N4], observed).waves
    assert [(wave.name, wave.look) for wave in waves] == [
        ("promote", ("n1", "n2", "n3", "n4")),
        ("relays", ("n1", "n2")),
        ("secondaries", ("n3", "n4")),
    ]


def test_the_promotion_comes_right_after_the_hand_over_and_nobody_is_looked_at_between() -> None:
    observed = {"n1": answer("secondary", N2), "n2": answer("primary", None, N1)}
    waves = planned([N1, N2], observed).waves
    assert [(wave.name, wave.look) for wave in waves] == [
        ("catch_up", ()),
        ("hand_over", ()),
        ("promote", ()),
        ("secondaries", ("n1", "n2")),
        ("release", ()),
    ]


def test_nodes_leave_from_the_bottom_up_and_the_primary_last() -> None:
    observed: Observed = {
        "n1": answer("primary"),
        "n2": answer("relay", N1),
        "n3": answer("secondary", N2),
        "n4": answer("secondary", N2),
    }
    nobody = [replace(member, role="none") for member in (N1, N2, N3, N4)]
    plan = planned(nobody, observed)
    assert [(wave.name, [step.host for step in wave.steps]) for wave in plan.waves] == [
        ("leave", ["n3", "n4"]),
        ("leave", ["n2"]),
        ("step_down", ["n1"]),
    ]
    for step in plan.steps:
        assert (step.orders, step.force) == (("benone",), False)
        assert step.reason == "should be in no cluster"


def test_a_follower_of_a_node_that_leaves_is_none_when_its_turn_comes() -> None:
    observed = {
        "n1": answer("none"),
        "n2": answer("primary", None, N3),
        "n3": answer("relay", N2),
    }
    # A relay would have to be ordered to leave first.
    assert steps([N1, N2, N3], observed)["n3"].orders == ("besecondary",)


def test_followers_of_the_new_primary_have_to_follow_it_again() -> None:
    observed = {
        "n1": answer("relay", N3, N2),
        "n2": answer("secondary", N1),
        "n3": answer("none"),
    }
    step = steps([N1, N2, N3], observed)["n2"]
    assert (step.force, step.reason) == (True, "has to follow n1 again, which changes")


def test_a_link_that_only_the_secondary_believes_in_is_made_anew() -> None:
    observed = {"n1": answer("primary"), "n2": answer("secondary", N1)}
    step = steps([N1, N2], observed)["n2"]
    assert (step.force, step.orders) == (True, ("besecondary",))
    assert step.reason == "believes to follow n1, which does not list it"


def test_a_secondary_that_lost_its_link_unnoticed_becomes_relay_over_a_new_one() -> None:
    observed = {"n1": answer("primary"), "n2": answer("secondary", N1)}
    assert steps([N1, RELAY], observed)["n2"].orders == ("besecondary", "berelay")


def test_a_secondary_that_becomes_relay_keeps_its_link_and_its_data() -> None:
    observed = {"n1": answer("primary", None, N2, txid=NEW), "n2": answer("secondary", N1)}
    step = steps([N1, RELAY], observed)["n2"]
    assert (step.orders, step.relation) == (("berelay",), data_rules.COPY)


def test_a_link_to_another_address_of_the_same_id_is_made_anew() -> None:
    moved = Member("n1", "id1", "10.0.7.7", "primary")
    observed = {"n1": answer("primary", None, N2), "n2": answer("secondary", moved)}
    step = steps([N1, N2], observed)["n2"]
    assert step.orders == ("besecondary",)
    assert step.reason == "is secondary of id1 at 10.0.7.7 and should be secondary of n1"


def test_an_address_in_another_notation_is_the_same_address() -> None:
    mapped = Member("n1", "id1", "::ffff:10.0.0.1", "primary")
    observed = {"n1": answer("primary", None, N2), "n2": answer("secondary", N1)}
    assert not steps([mapped, N2], observed)


def test_a_host_name_is_left_to_the_node_id_and_the_other_end() -> None:
    named = Member("n1", "id1", "one.example", "primary")
    observed = {"n1": answer("primary", None, N2), "n2": answer("secondary", N1)}
    assert not steps([named, N2], observed)
    assert steps([named, N2], {**observed, "n1": answer("primary")})["n2"].force
    for other in (answer("secondary", N3), answer("secondary")):
        assert steps([named, N2], {**observed, "n2": other})["n2"].orders == ("besecondary",)


def test_a_link_is_one_if_both_ends_say_so_or_the_only_one_that_answered() -> None:
    topology = Topology([N1, N2])
    upper, lower, silent = answer("primary", None, N2), answer("secondary", N1), SILENT
    for primary, secondary, is_one in (
        (upper, lower, True),
        (silent, lower, True),
        (upper, silent, False),
        (answer("primary"), lower, False),
        (answer("secondary", None, N2), lower, False),
    ):
        observed: Observed = {"n1": primary, "n2": secondary}
        assert links.linked(topology, observed, "n2") is is_one
        assert links.is_as_wanted(topology, observed, "n2") is is_one
        assert not links.linked(topology, observed, "n1")


def test_a_follower_without_a_primary_is_attached() -> None:
    observed = {"n1": answer("primary"), "n2": answer("secondary")}
    assert steps([N1, N2], observed)["n2"].orders == ("besecondary",)


def test_a_busy_primary_and_its_copy_need_no_consent_though_the_ids_differ() -> None:
    observed = {
        "n1": answer("primary", None, RELAY, BELOW, txid=OLD),
        "n2": answer("relay", N1),
        "n3": answer("secondary", N1, txid=NEW),
    }
    step = steps([N1, RELAY, BELOW], observed)["n3"]
    assert step.relation == data_rules.COPY
    assert not step.overwrites


def test_data_is_a_copy_only_over_links_that_every_upper_end_knows() -> None:
    topology = Topology([N1, RELAY, BELOW])
    upper, middle, silent = (
        answer("primary", None, RELAY),
        answer("relay", N1, BELOW),
        SILENT,
    )
    whole: Observed = {"n1": upper, "n2": middle, "n3": answer("secondary", RELAY)}
    assert links.relation(topology, whole, NO_HISTORY, "n3") == data_rules.COPY
    stranger = Member("z9", "z9", "10.9.9.9", "primary")
    changes: list[Observed] = [
        {"n1": answer("primary")},
        {"n1": answer("none", None, RELAY)},
        {"n2": answer("relay", N1)},
        {"n2": answer("relay", None, BELOW)},
        {"n2": answer("relay", stranger, BELOW)},
        {"n2": silent},
        {"n3": answer("secondary", stranger)},
    ]
    for broken in changes:
        assert links.relation(topology, {**whole, **broken}, NO_HISTORY, "n3") == data_rules.EQUAL
    # What would have to be compared is not known.
    for host in ("n1", "n3"):
        assert (
            links.relation(topology, {**whole, host: silent}, NO_HISTORY, "n3")
            == data_rules.UNKNOWN
        )


def test_nodes_that_follow_each_other_are_no_copy_of_the_primary() -> None:
    first = member(2, "relay")
    second = member(3, "relay")
    observed: Observed = {
        "n1": answer("primary", txid=NEW),
        "n2": answer("relay", second, second),
        "n3": answer("relay", first, first),
    }
    topology = Topology([N1, first, second])
    assert links.relation(topology, observed, BY_N1, "n2") == data_rules.BEHIND
    assert links.relation(topology, observed, NO_HISTORY, "n2") == data_rules.UNRECORDED


def test_a_copy_of_another_primary_counts_by_its_transaction_id() -> None:
    observed = {
        "n1": answer("none", txid=OLD),
        "n2": answer("primary", None, N3, txid=NEW),
        "n3": answer("secondary", N2, txid=NEW),
    }
    plan = steps([N1, N2, N3], observed)
    assert (plan["n2"].relation, plan["n3"].relation) == (data_rules.NEWER, data_rules.NEWER)


# Steps that give no role, in full


def test_each_node_that_lists_one_that_does_not_run_is_told_one_node_at_a_time() -> None:
    relay = member(4, "relay")
    observed: Observed = {
        "n1": answer("primary", None, N2, N3, relay),
        "n2": STOPPED,
        "n3": STOPPED,
        "n4": answer("relay", N1, N3),
    }
    plan = planned([N1, N2, N3, relay], observed)

    def told(host: str, dead: str) -> Step:
        why = f"lists {dead}, which does not run"
        by_id = dead.replace("n", "id")
        return Step(
            host, "", dead, ("secondary_dead",), why, name=f"dead {dead}", upstream_id=by_id
        )

    assert plan.waves == (
        Wave("dead", (told("n1", "n2"), told("n4", "n3")), kind="dead"),
        Wave("dead", (told("n1", "n3"),), kind="dead"),
    )


def test_a_node_that_is_listed_where_it_does_not_follow_is_declared_dead_first() -> None:
    relay, moved = member(2, "relay"), member(4, "secondary", "n2")
    observed: Observed = {
        "n1": answer("primary", None, relay, N3, moved, txid=NEW),
        "n2": answer("relay", N1, N3, moved, txid=NEW),
        "n3": answer("none"),
        "n4": answer("secondary", relay, txid=NEW),
    }
    plan = planned([N1, relay, N3, moved], observed)
    waves = {
        f"{wave.name} {number}": [(step.host, step.upstream) for step in wave.steps]
        for number, wave in enumerate(plan.waves)
    }
    assert waves == {
        "dead 0": [("n1", "n3"), ("n2", "n3")],
        "dead 1": [("n1", "n4")],
        "secondaries 2": [("n3", "n1")],
    }
    assert [step.reason for step in plan.steps[::2]] == [
        "lists n3, which is none and does not follow it",
        "lists n4, which is secondary of id2 at 10.0.0.2 and does not follow it",
    ]
    assert not plan.waves[-1].steps[0].force


def test_a_node_that_is_no_primary_any_more_is_not_told_of_links() -> None:
    observed: Observed = {"n1": answer("primary"), "n2": answer("secondary", N1, N3), "n3": STOPPED}
    assert "dead" not in {wave.name for wave in planned([N1, N2, N3], observed).waves}


@pytest.mark.parametrize("said", [answer("none"), STOPPED])
def test_nothing_is_reported_on_a_node_that_is_left_out(said: Observation) -> None:
    observed: Observed = {"n1": answer("primary", None, N2), "n2": said}
    topology = Topology([N1, N2])
    assert planner.plan_for(topology, observed, NO_HISTORY).waves[0].name == "dead"
    left_out = {"n1": "it has no lock"}
    waves = planner.plan_for(topology, observed, NO_HISTORY, left_out).waves
    assert "dead" not in {wave.name for wave in waves}


@given(situations())
@repeatable
def test_no_node_is_declared_dead_where_it_follows(situation: Situation) -> None:
    members, cluster = situation
    topology, observed = Topology(members), cluster.look()
    for step in planner.plan_for(topology, observed, NO_HISTORY).steps:
        if step.orders != ("secondary_dead",):
            continue
        lister, dead = cluster.nodes[step.host], cluster.nodes[step.upstream]
        assert dead.node_id in lister.listed
        assert not dead.running or dead.reachable
        if dead.running and dead.upstream:
            assert dead.upstream[0] != lister.name
            assert dead.upstream[1] != lister.address


def test_a_node_that_only_does_not_answer_is_not_declared_dead() -> None:
    observed: Observed = {
        "n1": answer("primary", None, N2),
        "n2": Silence("timeout", True),
    }
    assert not planned([N1, N2], observed).steps


def test_a_copy_catches_up_before_the_primary_is_closed_and_handed_over_in_one_step() -> None:
    members = [replace(N1, role="secondary"), replace(N2, role="primary"), N3]
    observed: Observed = {
        "n1": answer("primary", None, N2, txid=NEW),
        "n2": answer("secondary", N1),
        "n3": answer("none"),
    }
    plan = planned(members, observed)
    catch_up, hand_over, *_between, release = plan.waves
    orders = ("read_only", "benone")
    left = Step("n1", "none", "n2", orders, "hands over to n2", name="hand_over", upstream_id="id2")
    assert hand_over == Wave("hand_over", (left,), kind="hand_over")
    takes = "takes over from n1 and has to have everything before"
    waits = Step("n2", "", "n1", ("wait",), takes, name="catch_up", upstream_id="id1")
    assert catch_up == Wave("catch_up", (waits,), kind="catch_up")
    lifted = "was put into read-only mode for as long as the primary changes"
    freed = Step("n1", "", "", ("writable",), lifted, name="release")
    assert release == Wave("release", (freed,), kind="read_only")
    # Where followers are kept in that mode it stays, as a follower's.
    *waves, kept = planned([replace(member, hold=True) for member in members], observed).waves
    assert [wave.name for wave in waves] == [wave.name for wave in plan.waves[:-1]]
    why = "should be read-only as a follower (nso_ha_hold_followers)"
    held = (Step(host, "", "", ("read_only",), why, name="hold") for host in ("n1", "n3"))
    assert kept == Wave("hold", tuple(held), kind="read_only")
    assert plan.hands_over == "n1"
    # Only what was connected to the old primary is a copy of what is handed over.
    relations = {step.host: step.relation for step in plan.roles if step.relation}
    assert relations == {"n1": data_rules.HANDED, "n3": data_rules.EQUAL}


def test_the_read_only_mode_of_an_administrator_is_neither_set_nor_lifted() -> None:
    closed = Facts(read_only=True, admin_read_only=True)
    members = [replace(N1, role="secondary"), replace(N2, role="primary")]
    observed: Observed = {
        "n1": replace(answer("primary", None, N2), facts=closed),
        "n2": replace(answer("secondary", N1), facts=closed),
    }
    plan = planned(members, observed)
    names = ["catch_up", "hand_over", "promote", "secondaries"]
    assert [wave.name for wave in plan.waves] == names
    why = "is read-only (administrator) and hands over to n2"
    left = Step("n1", "none", "n2", ("benone",), why, name="hand_over", upstream_id="id2")
    assert plan.waves[1] == Wave("hand_over", (left,), kind="hand_over")
    assert plan.hands_over == "n1"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (answer("primary"), answer("none")),
        (answer("primary", None, N2), answer("secondary", N3)),
        (answer("none"), answer("none")),
        (answer("primary"), answer("primary")),
    ],
)
def test_no_node_is_held_for_one_that_is_no_copy_or_where_there_is_not_one_primary(
    first: Observation, second: Observation
) -> None:
    members = [replace(N1, role="secondary"), replace(N2, role="primary")]
    plan = planned(members, {"n1": first, "n2": second})
    assert plan.hands_over == ""
    assert not {"catch_up", "hand_over", "release"} & {wave.name for wave in plan.waves}


def test_a_primary_that_is_held_is_opened_before_the_others_attach_and_a_follower_after() -> None:
    observed: Observed = {"n1": answer("primary", held=True), "n2": answer("none", held=True)}
    plan = planned([N1, N2], observed)
    assert [(wave.name, wave.steps[0].host) for wave in plan.waves] == [
        ("open", "n1"),
        ("secondaries", "n2"),
        ("release", "n2"),
    ]


KEPT = Facts(read_only=True, admin_read_only=True)
WRITABLE = Facts(read_only=False, admin_read_only=False)
#: A follower of a release that does not tell the mode.
UNTOLD = Facts(read_only=True)


def test_a_follower_that_is_kept_read_only_takes_writes_in_the_step_that_makes_it_primary() -> None:
    members = [replace(N1, role="secondary", hold=True), replace(N2, role="primary", hold=True)]
    kept = replace(answer("secondary", N1), held_as_follower=True, facts=KEPT)
    for gone, before in ((SILENT, []), (answer("primary", None, N2), ["catch_up", "hand_over"])):
        plan = planned(members, {"n1": gone, "n2": kept})
        assert [wave.name for wave in plan.waves][: len(before) + 1] == [*before, "promote"]
        promote = plan.waves[len(before)].steps[0]
        assert (promote.host, promote.orders) == ("n2", ("beprimary", "writable"))
        assert not [step for step in plan.steps if step.host == "n2" and step.name == "open"]
    # One that something else has promoted takes no writes before the mode is lifted.
    by_hand = replace(answer("primary"), held_as_follower=True, facts=KEPT)
    (opened,) = planned(members[1:], {"n2": by_hand}).waves
    assert (opened.name, opened.steps[0].orders) == ("open", ("writable",))


@pytest.mark.parametrize(
    ("facts", "kept", "needed"),
    [
        (WRITABLE, False, True),
        (UNTOLD, False, True),
        # A restart has ended the mode, and left the mark.
        (WRITABLE, True, True),
        (KEPT, True, False),
        (UNTOLD, True, False),
        # An administrator's.
        (KEPT, False, False),
    ],
)
def test_a_follower_is_put_into_read_only_mode_where_it_is_not_in_it(
    facts: Facts, kept: bool, needed: bool
) -> None:
    observed: Observed = {
        "n1": answer("primary", None, N2),
        "n2": replace(answer("secondary", N1), facts=facts, held_as_follower=kept),
    }
    members = [N1, replace(N2, hold=True)]
    topology = Topology(members)
    plan = planned(members, observed)
    assert [(step.host, step.orders) for step in plan.steps] == (
        [("n2", ("read_only",))] if needed else []
    )
    assert links.is_kept_as_wanted(topology, observed, "n2") is not needed
    assert planner.plan_for(topology, observed, NO_HISTORY, unlocked=("n2",)) == Plan()
    # What is not wanted any more is lifted, and only what an operation has set.
    rest = planned([N1, N2], observed)
    assert [(wave.name, wave.steps[0].orders) for wave in rest.waves] == (
        [("release", ("writable",))] if kept else []
    )


def test_a_node_that_keeps_data_of_its_own_is_read_only_all_the_same() -> None:
    members = [N1, replace(N2, hold=True)]
    observed: Observed = {"n1": answer("primary"), "n2": answer("none")}
    plan = planner.plan_for(Topology(members), observed, NO_HISTORY, {"n2": "it diverged"})
    assert [(step.host, step.name) for step in plan.steps] == [("n2", "hold")]
    assert plan.blocked == {"n2": "it diverged"}


def test_a_node_that_is_left_out_has_no_step_and_is_blocked_with_the_reason() -> None:
    observed: Observed = {
        "n1": answer("primary"),
        "n2": answer("none"),
        "n3": answer("none"),
    }
    plan = planner.plan_for(Topology([N1, N2, N3]), observed, NO_HISTORY, {"n2": "it diverged"})
    assert [step.host for step in plan.steps] == ["n3"]
    assert plan.blocked == {"n2": "it diverged"}


# Faults


def test_fault_5_a_secondary_cut_from_its_primary_is_attached_again_after_healing() -> None:
    cut: Observed = {
        "n1": answer("primary", None, N3, txid=NEW),
        "n2": answer("none"),
        "n3": answer("secondary", N1, txid=NEW),
    }
    plan = planned([N1, N2, N3], cut, BY_N1)
    assert [(step.host, step.role, step.relation) for step in plan.steps] == [
        ("n2", "secondary", data_rules.BEHIND)
    ]


def test_fault_7_a_wanted_primary_that_does_not_answer_leaves_its_secondaries_alone() -> None:
    gone: Observed = {"n1": Silence("timeout"), "n2": answer("none")}
    plan = planned([N1, N2], gone)
    assert not plan.steps
    assert plan.blocked == {"n1": "timeout", "n2": "it should follow n1, and see there"}


def test_fault_13_nodes_that_all_restarted_get_the_wanted_primary_back_without_a_copy() -> None:
    none = {"n1": answer("none"), "n2": answer("none"), "n3": answer("none")}
    plan = planned([N1, N2, N3], none)
    assert [(step.host, step.relation) for step in plan.steps] == [
        ("n1", ""),
        ("n2", data_rules.EQUAL),
        ("n3", data_rules.EQUAL),
    ]


def test_fault_13_a_primary_that_restarted_with_less_than_others_have_overwrites_them() -> None:
    none = {"n1": answer("none", txid=OLD), "n2": answer("none", txid=NEW)}
    assert steps([N1, N2], none)["n2"].overwrites


@pytest.mark.parametrize("heir", ["", "n4"])
def test_fault_14_secondaries_of_a_dead_relay_can_be_attached_elsewhere(heir: str) -> None:
    other = member(4, "relay")
    orphan = member(3, "secondary", heir)
    observed: Observed = {
        "n1": answer("primary", None, other, txid=NEW),
        "n2": SILENT,
        "n3": answer("none"),
        "n4": answer("relay", N1, txid=NEW),
    }
    plan = planned([N1, RELAY, orphan, other], observed)
    assert [(step.host, step.upstream) for step in plan.steps] == [("n3", heir or "n1")]
    assert plan.blocked == {"n2": "gone"}


def test_fault_14_a_secondary_that_should_follow_a_dead_relay_is_blocked() -> None:
    lost: Observed = {
        "n1": answer("primary"),
        "n2": SILENT,
        "n3": answer("none"),
    }
    plan = planned([N1, RELAY, BELOW], lost)
    assert not plan.steps
    assert plan.blocked["n3"] == "it should follow n2, and see there"


# Sizes


def test_a_thousand_nodes_with_a_deep_chain_of_relays_are_planned() -> None:
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
    topology = Topology([*reversed(chain), *leaves, N1])
    observed: Observed = {host: answer("none") for host in topology.members}
    plan = planner.plan_for(topology, observed, NO_HISTORY)
    assert len(plan.steps) == 1000
    assert [wave.name for wave in plan.waves] == ["promote", *["relays"] * 300, "secondaries"]
