# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The look just before a wave that cannot be taken back, on a model of a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._checks import judge
from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import Verdict
from ansible_collections.nso.ha.plugins.plugin_utils._checks.consents import Nodes
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import Wave
from ansible_collections.nso.ha.plugins.plugin_utils._run import recheck
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import OBSERVATION, RECHECK
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Decision
from helpers.cases import (
    N1,
    N2,
    N3,
    ByHost,
    answer,
    failed,
    look,
    member,
    reason,
    results,
    said,
)
from helpers.cluster_model import Cluster, Node
from helpers.cluster_strategies import lives
from helpers.plans import following, looked_again, planned, take_steps, take_wave
from helpers.properties import repeatable
from hypothesis import assume, given
from hypothesis import strategies as st

#: The waves of a hand-over up to the one that makes the next primary.
UP_TO_PROMOTE = ("catch_up", "hand_over", "promote")


@dataclass(frozen=True)
class Case:
    """A cluster, what was seen of it for the plan, and the plan."""

    members: list[Member]
    cluster: Cluster
    first: ByHost
    decision: Decision

    def wave(self, *names: str) -> Wave:
        """Return the first wave of one of these names."""
        return next(wave for wave in self.decision.plan.waves if wave.name in names)

    def looked(self, agreed: Nodes | None = None) -> Decision:
        """Return the decision after the look at the nodes that are to copy first."""
        wave = self.wave("relays", "secondaries")
        return looked_again(self.decision, wave, self.first, self.cluster, agreed)

    def carry_out(self, disturb: Callable[[], object]) -> Decision:
        """Do what the role does with the plan, with a disturbance before each wave."""
        decision = self.decision
        for wave in decision.plan.waves:
            disturb()
            decision = looked_again(decision, wave, self.first, self.cluster)
            if decision.progress.refused:
                break
            take_wave(self.cluster, decision, wave)
        return decision


def case(members: list[Member], cluster: Cluster, **given: Any) -> Case:
    return Case(members, cluster, cluster.results(), planned(members, cluster, **given))


def moving() -> Case:
    """Return a cluster whose primary moves from n1 to n2."""
    return case([member(1), member(2, "primary"), N3], following(N2, N3))


def moved() -> Case:
    """Return it after n2 was made primary."""
    prepared = moving()
    take_steps(prepared.cluster, prepared.decision, UP_TO_PROMOTE)
    return prepared


def restarting() -> Case:
    """Return a cluster whose nodes are all none and have the same data."""
    cluster = following(N2, N3)
    for host in ("n2", "n3", "n1"):
        cluster.benone(host)
    prepared = case([N1, N2, N3], cluster)
    assert [wave.name for wave in prepared.decision.plan.waves] == ["promote", "secondaries"]
    assert not prepared.decision.progress.refused
    return prepared


# Properties


@given(lives(), st.lists(st.integers(0, 9), max_size=8))
@repeatable
def test_no_acknowledged_write_is_lost_without_consent(
    situation: tuple[list[Member], Cluster], writers: list[int]
) -> None:
    members, cluster = situation
    cluster.copied.clear()
    prepared = case(members, cluster, override=list(judge.OVERRIDABLE))
    assume(not prepared.decision.progress.refused)
    late = iter(enumerate(writers))

    def write() -> None:
        number, writer = next(late, (0, None))
        if writer is not None:
            cluster.write(members[writer % len(members)].host, f"late write {number}")

    prepared.carry_out(write)
    assert not [lost for _host, lost in cluster.copied if lost]


# Who is looked at


def test_all_are_looked_at_before_a_promotion_and_those_that_copy_before_they_do() -> None:
    looks = {wave.name: wave.look for wave in restarting().decision.plan.waves}
    assert looks == {"promote": ("n1", "n2", "n3"), "secondaries": ("n1", "n2", "n3")}


def test_no_look_makes_the_time_without_a_primary_longer_where_it_hands_over() -> None:
    assert {wave.name: wave.look for wave in moving().decision.plan.waves} == {
        "catch_up": (),
        "hand_over": (),
        "promote": (),
        "secondaries": ("n1", "n2", "n3"),
        "release": (),
    }


def test_a_wave_without_a_look_and_a_run_that_was_refused_are_left_as_they_are() -> None:
    prepared = moving()
    assert (
        looked_again(prepared.decision, prepared.wave("hand_over"), {}, prepared.cluster)
        == prepared.decision
    )
    refused = prepared.decision.with_progress(refused=True)
    wave = prepared.wave("secondaries")
    assert looked_again(refused, wave, prepared.first, prepared.cluster) == refused


# Before the promotion


def test_a_look_before_the_promotion_finds_a_node_that_was_made_primary_meanwhile() -> None:
    prepared = restarting()
    stopped = prepared.carry_out(lambda: prepared.cluster.beprimary("n3", "id3"))
    assert failed(stopped, "recheck") == ["n3"]
    assert stopped.progress.refused
    assert prepared.cluster.nodes["n1"].role == "none"


def test_a_look_before_the_promotion_finds_a_node_that_does_not_answer_any_more() -> None:
    prepared = restarting()

    def vanish() -> None:
        prepared.cluster.nodes["n2"].reachable = False

    assert failed(prepared.carry_out(vanish), "recheck") == ["n2"]
    assert prepared.cluster.nodes["n1"].role == "none"


def test_a_look_before_the_promotion_finds_a_node_that_was_written_to_meanwhile() -> None:
    prepared = restarting()
    stopped = prepared.carry_out(lambda: prepared.cluster.write("n3", "late"))
    assert failed(stopped, "recheck") == ["n3"]
    assert prepared.cluster.nodes["n1"].role == "none"


def test_a_candidate_that_has_lost_something_meanwhile_is_not_made_primary() -> None:
    prepared = restarting()
    prepared.cluster.nodes["n1"].txid = answer("none", txid=None).txid
    wave = prepared.wave("promote")
    stopped = looked_again(prepared.decision, wave, prepared.first, prepared.cluster)
    assert failed(stopped, "recheck") == ["n2", "n3"]


def test_a_silent_node_that_answers_before_the_promotion_ends_the_run() -> None:
    prepared = _without_n3(stopped=True)
    prepared.cluster.start("n3")
    assert reason(_before_promotion(prepared), "recheck") == (
        "did not answer when the plan was made, and does now: it is none. Run this again, which "
        "plans with it"
    )


def test_a_node_that_was_known_not_to_run_and_may_run_now_ends_the_run() -> None:
    prepared = _without_n3(stopped=True)
    prepared.cluster.nodes["n3"].running = True
    assert reason(_before_promotion(prepared), "recheck") == (
        "was known not to run when the plan was made, and may run now: no answer from n3"
    )


def test_it_does_not_where_it_has_been_fenced_or_the_check_was_overridden() -> None:
    prepared = _without_n3(stopped=True)
    prepared.cluster.nodes["n3"].running = True
    plan = prepared.decision.plan
    fenced = replace(plan, lock=replace(plan.lock, fence={"n1": ("n3",)}))
    overridden = replace(plan, verdicts=(Verdict("fenced", "overridden", "it is off"),))
    for other in (fenced, overridden):
        decision = _before_promotion(
            replace(prepared, decision=replace(prepared.decision, plan=other))
        )
        assert not decision.progress.refused


def test_a_node_that_was_silent_and_is_still_ends_nothing() -> None:
    for stopped in (True, False):
        assert not _before_promotion(_without_n3(stopped)).progress.refused


def _without_n3(stopped: bool) -> Case:
    """Return a cluster that is to get a primary while n3 is silent, by an override."""
    cluster = following(N2)
    cluster.nodes["n3"] = Node("n3", "id3", "10.0.0.3", reachable=False, running=not stopped)
    for host in ("n2", "n1"):
        cluster.benone(host)
    return case([N1, N2, N3], cluster, override="hidden_primary")


def _before_promotion(prepared: Case) -> Decision:
    return looked_again(
        prepared.decision, prepared.wave("promote"), prepared.first, prepared.cluster
    )


def test_an_undisturbed_plan_is_carried_out_with_all_its_looks() -> None:
    prepared = restarting()
    assert not prepared.carry_out(lambda: None).progress.refused
    assert not planned(prepared.members, prepared.cluster).plan.waves


# Before nodes copy


def test_it_passes_when_nothing_was_written_meanwhile() -> None:
    assert not moved().looked().progress.refused


def test_it_passes_when_only_the_new_primary_was_written_to() -> None:
    prepared = moved()
    prepared.cluster.write("n2", "new")
    assert not prepared.looked().progress.refused


def test_it_passes_for_data_that_changed_and_is_equal() -> None:
    prepared = moving()
    prepared.cluster.write("n1", "replicated to all")
    take_steps(prepared.cluster, prepared.decision, UP_TO_PROMOTE)
    assert not prepared.looked().progress.refused


def written() -> Case:
    """Return the cluster after n1, which has left, was written to."""
    prepared = moved()
    assert not prepared.cluster.write("n1", "refused, as it is held")
    prepared.cluster.nodes["n1"].read_only = False
    prepared.cluster.write("n1", "lost")
    return prepared


def test_it_stops_at_a_write_on_the_node_that_left() -> None:
    stopped = written().looked()
    assert failed(stopped, "recheck") == ["n1"]
    assert reason(stopped, "recheck") == (
        "has data that the primary may not have (-/6.000000, primary id1/5.000000), and it had not "
        "when the plan was made"
    )


def test_it_lets_a_node_pass_whose_overwriting_was_agreed_to() -> None:
    assert not written().looked(Nodes(named=frozenset(("n1",)))).progress.refused
    assert written().looked(Nodes(named=frozenset(("n3",)))).progress.refused


def test_it_stops_at_a_node_that_was_made_primary_whatever_was_agreed_to() -> None:
    prepared = moved()
    prepared.cluster.beprimary("n3", "id3")
    stopped = prepared.looked(Nodes(named=frozenset(("n1", "n2", "n3"))))
    assert failed(stopped, "recheck") == ["n3"]
    assert "has become primary in the meantime" in reason(stopped, "recheck")


def test_it_stops_when_a_node_does_not_answer_any_more() -> None:
    prepared = moved()
    prepared.cluster.nodes["n3"].reachable = False
    stopped = prepared.looked()
    assert failed(stopped, "recheck") == ["n3"]
    assert reason(stopped, "recheck") == "no answer from n3"


def test_it_stops_when_the_primary_is_none_any_more() -> None:
    prepared = moved()
    prepared.cluster.benone("n2")
    stopped = prepared.looked()
    assert failed(stopped, "recheck") == ["n2"]
    assert reason(stopped, "recheck") == "is not a primary, so it cannot be copied: none"


def test_it_stops_when_the_primary_does_not_answer_any_more() -> None:
    prepared = moved()
    prepared.cluster.nodes["n2"].reachable = False
    assert reason(prepared.looked(), "recheck") == (
        "is not a primary, so it cannot be copied: no answer from n2"
    )


def below_a_leaving_relay() -> Case:
    """Return n3, a copy of n1 through the relay n2, and the plan in which n2 leaves."""
    cluster = following(N2)
    cluster.nodes["n3"] = Node("n3", "id3", "10.0.0.3", txid=cluster.nodes["n1"].txid)
    cluster.berelay("n2")
    cluster.besecondary("n3", "id3", "id2", N2.address)
    prepared = case([N1, member(2, "none"), N3], cluster)
    (step,) = prepared.wave("secondaries").steps
    assert (step.host, step.relation) == ("n3", "copy")
    return prepared


def test_it_stops_at_a_write_on_a_copy_that_lost_its_link() -> None:
    prepared = below_a_leaving_relay()
    take_steps(prepared.cluster, prepared.decision, ("leave",))
    prepared.cluster.write("n3", "lost")
    assert failed(prepared.looked(), "recheck") == ["n3"]


def test_it_passes_for_a_copy_that_follows_still_and_got_more() -> None:
    prepared = below_a_leaving_relay()
    prepared.cluster.write("n1", "replicated to all")
    assert not prepared.looked().progress.refused


def test_it_looks_at_a_secondary_that_becomes_relay_as_it_may_lose_its_link() -> None:
    prepared = case([N1, member(2, "relay")], following(N2))
    assert prepared.wave("relays").steps[0].orders == ("berelay",)
    prepared.cluster.benone("n2")
    prepared.cluster.write("n2", "lost")
    assert failed(prepared.looked(), "recheck") == ["n2"]


# What counts as a look


@pytest.mark.parametrize(
    "looks",
    [
        {},
        look(answer("none"), "before promote"),
        look(answer("none"), "observe"),
    ],
)
def test_a_node_that_was_not_looked_at_before_this_wave_ends_the_run(
    looks: dict[str, object],
) -> None:
    prepared = restarting()
    take_steps(prepared.cluster, prepared.decision, ["promote"])
    wave = prepared.wave("secondaries")
    now = {**prepared.cluster.results(step="before secondaries"), "n3": looks}
    stopped = recheck.rechecked(
        prepared.decision, wave, results({OBSERVATION: prepared.first, RECHECK: now}), Nodes()
    )
    assert failed(stopped, "recheck") == ["n3"]
    assert reason(stopped, "recheck") == "it dropped out of the play before it was asked"


def test_the_look_before_a_wave_is_what_the_next_look_is_compared_with() -> None:
    prepared = restarting()
    first = prepared.first
    looks = {**prepared.cluster.results(step="before promote")}
    # n3 does not answer before the promotion, and does before it is to copy.
    looks["n3"] = said("before promote", failed=True, msg="timeout")
    wave = prepared.wave("promote")
    decision = recheck.rechecked(
        prepared.decision, wave, results({OBSERVATION: first, RECHECK: looks}), Nodes()
    )
    assert decision.progress.rechecked["n3"].reason == "timeout"  # type: ignore[union-attr]
    later = replace(decision, progress=replace(decision.progress, refused=False, verdicts=()))
    take_steps(prepared.cluster, later, ["promote"])
    stopped = looked_again(later, prepared.wave("secondaries"), first, prepared.cluster)
    assert reason(stopped, "recheck").startswith("did not answer when the plan was made")
