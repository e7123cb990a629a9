# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of a whole operation says: who was chosen, what is left, who has to be right."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from helpers.cluster_model import Cluster, Flight, Node
from helpers.cluster_play import Play, Result, given

MEMBERS = [
    Member("n1", "id1", "10.0.0.1", "primary"),
    Member("n2", "id2", "10.0.0.2", "secondary"),
    Member("n3", "id3", "10.0.0.3", "secondary"),
]


def whole() -> Cluster:
    there = Cluster([Node(one.host, one.node_id, one.address) for one in MEMBERS])
    for node in there.nodes.values():
        node.txid = TransactionId(None, (0, 50, 0))
    Play(MEMBERS, there, given(run="first")).run()
    return there


def test_a_switchover_tells_from_whom_to_whom_and_who_was_not_chosen() -> None:
    play = Play(MEMBERS, whole(), given("switchover"))
    play.run()
    told = play.report()
    assert (told["outcome"], told["changed"]) == ("done", True)
    assert told["primary"] == {"before": "n1", "after": "n2"}
    assert told["election"] == {
        "n1": "it is the one that hands over",
        "n3": "comes after n2 by name, all else being equal",
    }
    assert "The primary was n1 and is n2." in told["table"]
    assert told["remaining"] == []
    assert [one["wave"] for one in told["steps"]] == [
        "hold",
        "catch_up",
        "step_down",
        "promote",
        "secondaries",
        "secondaries",
        "release",
    ]


def test_a_failover_is_done_although_the_former_primary_is_not_there() -> None:
    there = whole()
    there.stop("n1")
    there.notice()
    play = Play(MEMBERS, there, given("failover"))
    play.run()
    told = play.report()
    assert told["outcome"] == "done"
    assert play.plan["must"] == ["n2", "n3"]
    assert told["primary"] == {"before": "n1", "after": "n2"}


def test_a_converge_is_not_done_while_any_node_is_not_there() -> None:
    there = whole()
    there.nodes["n3"].reachable = False
    play = Play(MEMBERS, there, given())
    play.run()
    assert play.report()["outcome"] == "incomplete"
    assert play.report()["remaining"] == ["n3: no answer from n3"]


def test_what_was_not_done_after_a_failure_is_still_to_be_done() -> None:
    there = whole()

    def before(change: str) -> None:
        if change == "besecondary n3":
            there.nodes["n2"].reachable = False

    play = Play(MEMBERS, there, given("switchover"), before)
    play.run()
    told = play.report()
    assert told["outcome"] == "incomplete"
    assert any(line.startswith("n3: besecondary") for line in told["remaining"])
    assert any(line.startswith("n1: writable") for line in told["remaining"])


def switched_while(spoil: Callable[[Cluster], object]) -> tuple[Cluster, Result]:
    """Return what a switchover comes to if this happens just before the old primary steps down."""
    there = whole()

    def before(change: str) -> None:
        if change == "benone n1":
            spoil(there)

    play = Play(MEMBERS, there, given("switchover"), before)
    play.run()
    return there, play.report()


def test_what_was_rolled_back_is_as_before_and_says_why_it_failed() -> None:
    def lack(there: Cluster) -> None:
        # One that was let in before the hold, and of which n2 does not hear.
        there.nodes["n1"].listed.pop("id2")
        assert there.land(Flight("n1", there.nodes["n1"].turn, "late"))

    there, told = switched_while(lack)
    assert told["outcome"] == "rolled_back"
    assert there.primaries() == {"n1"}
    assert told["primary"] == {"before": "n1", "after": "n1"}
    assert [one["check"] for one in told["verdicts"]] == ["step"]
    assert told["remaining"] == []


def test_data_that_only_the_candidate_has_does_not_keep_the_former_primary_from_coming_back() -> (
    None
):
    def write(there: Cluster) -> None:
        there.benone("n2")
        assert there.write("n2", "only here")

    there, told = switched_while(write)
    assert there.primaries() == {"n1"}
    assert not there.nodes["n1"].read_only
    assert "only here" in there.nodes["n2"].data
    assert told["outcome"] == "incomplete"
    assert {(one["check"], one["host"]) for one in told["verdicts"]} == {("step", "n2")}
