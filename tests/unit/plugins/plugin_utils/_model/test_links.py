# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is primary, who is as wanted, and where those below a dead relay go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.plugin_utils._model import links
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Observation
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Topology
from helpers.cases import N1, SILENT, Observed, answer, member

UPPER, LOWER, BELOW = member(2, "relay"), member(3, "relay", "n2"), member(4, "secondary", "n3")
ALL = [N1, UPPER, LOWER, BELOW]

PRIMARY, NONE = answer("primary"), answer("none")


def test_primaries_are_those_that_say_so() -> None:
    observed: Observed = {"n1": PRIMARY, "n2": NONE, "n3": SILENT, "n4": PRIMARY}
    assert links.primaries(observed) == ["n1", "n4"]


def test_whom_followers_name_is_told_of_those_that_answer_and_name_somebody() -> None:
    observed: Observed = {
        "n1": PRIMARY,
        "n2": answer("relay", N1, BELOW),
        "n3": SILENT,
        "n4": answer("secondary", UPPER),
        "n5": answer("secondary"),
        # No daemon says so of itself, and it is nobody's follower then either.
        "n6": answer("none", N1),
    }
    named = {"n2": Peer("id1", "10.0.0.1"), "n4": Peer("id2", "10.0.0.2")}
    assert dict(links.named_primaries(observed)) == named


@pytest.mark.parametrize(
    ("observed", "only"),
    [
        ({"n1": NONE, "n2": PRIMARY, "n3": SILENT}, "n2"),
        ({"n1": PRIMARY, "n2": PRIMARY}, ""),
        ({"n1": NONE, "n2": SILENT}, ""),
    ],
)
def test_the_only_primary_is_one_without_another(observed: Observed, only: str) -> None:
    assert links.only_primary(observed) == only


def test_a_node_that_is_held_is_not_as_wanted_whatever_its_role() -> None:
    topology = Topology([N1])
    assert links.is_as_wanted(topology, {"n1": PRIMARY}, "n1")
    assert not links.is_as_wanted(topology, {"n1": answer("primary", held=True)}, "n1")
    assert not links.is_as_wanted(topology, {"n1": NONE}, "n1")
    assert not links.is_as_wanted(topology, {"n1": SILENT}, "n1")


@pytest.mark.parametrize(
    ("listed", "own_id", "linked"),
    [
        ((), None, False),
        ((Peer("id2", ""),), None, True),
        ((Peer("id2", ""),), "was", True),
        (None, None, True),
        (None, "id2", True),
        (None, "was", False),
    ],
)
def test_where_a_primary_does_not_tell_who_is_connected_the_follower_tells_under_which_id(
    listed: tuple[Peer, ...] | None, own_id: str | None, linked: bool
) -> None:
    follower = replace(answer("secondary", Peer("id1", "")), facts=Facts(node_id=own_id))
    observed: Observed = {
        "n1": replace(PRIMARY, state=HaState("primary", None, listed)),
        "n2": follower,
    }
    assert links.linked(Topology([N1, member(2)]), observed, "n2") == linked


def test_an_upstream_is_the_same_by_its_address_where_both_tell_it() -> None:
    told, moved, untold = Peer("id1", "10.0.0.1"), Peer("id1", "10.0.0.9"), Peer("id1", "")
    for one, other, same in (
        (told, told, True),
        (told, moved, False),
        (told, untold, True),
        (untold, Peer("id2", ""), False),
        (told, None, False),
        (None, None, True),
    ):
        states = HaState("secondary", one), HaState("secondary", other)
        assert links.follow_the_same(*states) == links.follow_the_same(*states[::-1]) == same


def upstreams(**observed: Observation) -> dict[str, str]:
    """Return who is to follow whom, where that is not the primary."""
    every: Observed = {"n1": PRIMARY, "n2": NONE, "n3": NONE, "n4": NONE, **observed}
    changed = links.reparented(Topology(ALL), every)
    assert list(changed.members) == ["n1", "n2", "n3", "n4"]
    return {host: wanted.upstream for host, wanted in changed.members.items() if wanted.upstream}


def test_where_the_relays_answer_nothing_changes() -> None:
    assert upstreams() == {"n3": "n2", "n4": "n3"}


def test_below_a_dead_relay_a_node_goes_to_the_next_above() -> None:
    assert upstreams(n3=SILENT) == {"n3": "n2", "n4": "n2"}
    assert upstreams(n2=SILENT) == {"n4": "n3"}


def test_below_two_dead_relays_a_node_goes_to_the_primary() -> None:
    assert upstreams(n2=SILENT, n3=SILENT) == {}


def test_a_node_connected_to_a_relay_stays_though_the_relay_does_not_answer_here() -> None:
    assert upstreams(n3=SILENT, n4=answer("secondary", LOWER))["n4"] == "n3"


def test_no_node_goes_further_up_than_the_primary_even_if_it_is_dead() -> None:
    assert upstreams(n1=SILENT) == {"n3": "n2", "n4": "n3"}


def test_one_that_names_the_primary_keeps_that_name() -> None:
    named = member(2, "secondary", "n1")
    changed = links.reparented(Topology([N1, named]), {"n1": PRIMARY, "n2": NONE})
    assert changed.members["n2"] == named
