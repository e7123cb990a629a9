# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is meant by the ids and addresses that nodes name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.module_utils._node.state import Peer
from ansible_collections.nso.ha.plugins.plugin_utils._model import identity
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import PromotionHistory
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Answer
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology
from helpers.cases import (
    BY_N1,
    ELSEWHERE,
    N1,
    N2,
    N3,
    N4,
    NO_HISTORY,
    OLD,
    SILENT,
    Observed,
    answer,
    history,
    promotion,
    transaction,
)

#: n1 by a host name, which no node of the model tells.
BY_NAME = replace(N1, address="one.example")
RENAMED = Peer("old", "10.0.0.1")


def misnamed(
    observed: Observed, first: Member = N1, known: PromotionHistory = NO_HISTORY
) -> dict[str, str]:
    return identity.misnamed(Topology([first, N2, N3]), observed, known)


def strangers(observed: Observed, *members: Member) -> tuple[list[str], list[str]]:
    """Return who follows a stranger, and who lists one."""
    topology = Topology(members or (N1, N2, N3))
    foreign = identity.foreign_primaries(topology, observed)
    connected = identity.connected_strangers(topology, observed)
    return [one.host for one in foreign], [f"{one.host}: {one}" for one in connected]


def test_a_member_is_found_by_its_address_or_by_both_ends_of_a_link() -> None:
    observed: Observed = {
        "n1": answer("primary", None, N2, N3),
        "n2": answer("secondary", RENAMED),
        "n3": answer("secondary", RENAMED),
    }
    for first in (N1, BY_NAME):
        assert list(misnamed(observed, first)) == ["n1"]
        assert "Set nso_ha_node_id of n1 to 'old'" in misnamed(observed, first)["n1"]
        assert strangers(observed, first, N2, N3) == ([], [])


def test_a_follower_that_was_renamed_as_well_is_known_by_its_address() -> None:
    was_n2 = replace(N2, node_id="was")
    observed: Observed = {
        "n1": answer("primary", None, was_n2),
        "n2": answer("secondary", RENAMED),
        "n3": SILENT,
    }
    assert list(misnamed(observed, BY_NAME)) == ["n1"]
    assert strangers(observed, BY_NAME, N2, N3) == ([], [])


def test_one_that_cannot_be_matched_is_foreign_and_not_taken_for_a_member() -> None:
    observed: Observed = {
        "n1": answer("primary"),
        "n2": answer("secondary", RENAMED),
        "n3": answer("none"),
    }
    assert strangers(observed, BY_NAME, N2, N3) == (["n2"], [])
    assert misnamed({**observed, "n1": answer("primary", txid=OLD)}, BY_NAME) == {}


@pytest.mark.parametrize("by_name", [False, True])
def test_ids_that_two_nodes_have_exchanged_are_found(by_name: bool) -> None:
    first, second = replace(N1, node_id="id2"), replace(N2, node_id="id1")
    if by_name:
        first = replace(first, address="one.example")
        second = replace(second, address="two.example")
    observed: Observed = {
        "n1": answer("primary", None, N3),
        "n2": answer("none"),
        "n3": answer("secondary", Peer("id1", "10.0.0.1")),
    }
    reasons = identity.misnamed(Topology([first, second, N3]), observed, NO_HISTORY)
    assert list(reasons) == ["n1"]


def itself(node_id: str, observed: Answer) -> Answer:
    """Return a node that says it goes by this id."""
    return replace(observed, facts=Facts(node_id=node_id))


def test_the_word_of_a_node_on_its_own_id_counts_and_not_that_of_its_followers() -> None:
    stale = answer("secondary", RENAMED)
    observed: Observed = {
        "n1": itself("id1", answer("primary", None, N2)),
        "n2": stale,
        "n3": answer("none"),
    }
    assert misnamed(observed) == {}
    # Neither does what it has written, or what is on record.
    lone: Observed = {**observed, "n1": itself("id1", answer("primary", txid=ELSEWHERE))}
    assert misnamed(lone, known=history(promotion(1, "old", None, 4))) == {}

    renamed = itself("old", answer("primary", None, N2))
    reasons = misnamed({**observed, "n1": renamed, "n2": answer("secondary", Peer("old", ""))})
    assert list(reasons) == ["n1"]
    assert "as it says itself" in reasons["n1"]
    assert strangers({**observed, "n1": renamed, "n2": stale}) == ([], [])


def test_without_an_address_the_own_ids_of_nodes_tell_who_is_meant() -> None:
    untold = Peer("old", "")
    observed: Observed = {
        "n1": itself("old", answer("primary", None, replace(N2, node_id="was", address=""))),
        "n2": itself("was", answer("secondary", untold)),
        "n3": answer("secondary", untold),
    }
    assert list(misnamed(observed)) == ["n1"]
    assert strangers(observed) == ([], [])
    assert identity.member_of(Topology([N1, N2, N3]), observed, "old") is N1
    # The inventory's id of a primary that says another one is that of no node.
    assert identity.member_of(Topology([N1, N2, N3]), observed, "id1") is None
    # One that follows gets the inventory's id when it is next attached.
    assert identity.member_of(Topology([N1, N2, N3]), observed, "id2") is N2
    assert identity.member_of(Topology([N1, N2, N3]), observed, "was") is None


def test_no_claim_of_another_takes_its_id_from_a_silent_node() -> None:
    for role in ("primary", "relay", "secondary"):
        claims = itself("id1", answer(role))
        observed: Observed = {"n1": SILENT, "n2": claims, "n3": answer("secondary", N1)}
        assert identity.member_of(Topology([N1, N2, N3]), observed, "id1") is N1


def test_a_node_that_is_none_is_not_asked_for_its_id() -> None:
    observed: Observed = {
        "n1": itself("old", answer("none")),
        "n2": answer("none"),
        "n3": answer("none"),
    }
    assert misnamed(observed) == {}
    assert identity.member_of(Topology([N1, N2, N3]), observed, "id1") is N1


def test_a_node_that_has_left_goes_by_no_id() -> None:
    observed: Observed = {
        "n1": answer("none"),
        "n2": answer("secondary", RENAMED),
        "n3": answer("none"),
    }
    assert misnamed(observed) == {}
    assert strangers(observed) == ([], [])
    assert list(misnamed({**observed, "n1": SILENT})) == ["n1"]


@pytest.mark.parametrize(
    ("known", "txid", "doubted"),
    [
        (NO_HISTORY, OLD, False),
        (NO_HISTORY, None, False),
        (NO_HISTORY, ELSEWHERE, True),
        (NO_HISTORY, transaction(5, "id2"), False),
        (NO_HISTORY, transaction(5, None), False),
        (BY_N1, ELSEWHERE, False),
        (history(promotion(1, "old", None, 4)), None, True),
        (history(promotion(1, "old", None, 4)), OLD, False),
        (history(promotion(1, "id2", None, 4)), transaction(5, "id2"), False),
    ],
)
def test_a_primary_without_followers_is_known_by_the_history_and_its_transactions(
    known: PromotionHistory, txid: object, doubted: bool
) -> None:
    lone = answer("primary", txid=txid)  # type: ignore[arg-type]
    observed: Observed = {"n1": lone, "n2": answer("none"), "n3": answer("none")}
    assert bool(misnamed(observed, known=known)) == doubted
    followed: Observed = {**observed, "n2": answer("secondary", N1)}
    assert misnamed(followed, known=known) == {}


def test_a_node_that_is_listed_and_is_no_member_is_named_with_its_address() -> None:
    observed: Observed = {
        "n1": answer("primary", None, N2, N4),
        "n2": answer("relay", N1, replace(N4, node_id="id5", address="10.0.0.5")),
        "n3": SILENT,
    }
    listed = ["n1: id4 at 10.0.0.4", "n2: id5 at 10.0.0.5"]
    assert strangers(observed) == ([], listed)
    remarks = identity.remarks(Topology([N1, N2, N3]), observed)
    assert remarks[0] == "n1 lists id4 at 10.0.0.4 as connected, which is no node of the inventory."


def test_who_names_nobody_or_another_member_is_listed_in_vain() -> None:
    relay = replace(N3, role="relay")
    elsewhere, alias = Peer("x9", "10.9.9.9"), Peer("x9", "10.0.0.1")
    for said, in_vain in (
        (answer("none"), True),
        (answer("primary"), True),
        (answer("secondary", relay), True),
        (answer("secondary", Peer("id3", "")), True),
        # Whom it follows is not known, or is the one that lists it, perhaps by another name.
        (answer("secondary"), False),
        (answer("secondary", N1), False),
        (answer("secondary", Peer("id1", "10.9.9.9")), False),
        (answer("relay", Peer("id1", "")), False),
        (answer("secondary", alias), False),
        (answer("secondary", elsewhere), False),
        (SILENT, False),
    ):
        observed: Observed = {
            "n1": answer("primary", None, N2),
            "n2": said,
            "n3": answer("relay", N1, N2),
        }
        for first in (N1, BY_NAME):
            if first is BY_NAME and said == answer("secondary", alias):
                # Only its address would tell.
                observed["n3"] = answer("relay", N1)
            topology = Topology([first, N2, relay])
            vain = identity.is_listed_in_vain(topology, observed, N2, first)
            assert vain is in_vain, (said, first)


def test_ids_that_may_have_been_exchanged_are_no_proof() -> None:
    # n1 goes by the id of n3, which is none.
    observed: Observed = {
        "n1": answer("primary", None, N2),
        "n2": answer("secondary", Peer("id3", "10.0.0.1")),
        "n3": answer("none"),
    }
    for first in (N1, BY_NAME):
        assert not identity.is_listed_in_vain(Topology([first, N2, N3]), observed, N2, first)


def test_another_member_under_the_id_of_one_that_is_none_is_not_listed_in_vain() -> None:
    at_n3 = replace(N2, address="10.0.0.3")
    observed: Observed = {
        "n1": answer("primary", None, at_n3),
        "n2": answer("none"),
        "n3": answer("secondary", N1),
    }
    topology = Topology([N1, N2, N3])
    assert not identity.is_listed_in_vain(topology, observed, N2, N1)
    # A new address of its own, as of a host that was built anew.
    moved = replace(N2, address="10.9.9.9")
    observed["n1"] = answer("primary", None, moved)
    assert identity.is_listed_in_vain(topology, observed, N2, N1)
