# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that the inventory mistakes for one another, by what they say of themselves."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.plugin_utils._model.mistaken import (
    other_addresses,
    swapped_nodes,
)
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Answer
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology
from helpers.cases import N1, N2, N3, OLD, SILENT, Observed, answer

TOPOLOGY = Topology([N1, N2, N3])
RIGHT: Observed = {
    "n1": answer("primary", None, N2, N3),
    "n2": answer("secondary", N1),
    "n3": answer("secondary", N1),
}


def saying(node_id: str, role: str = "secondary") -> Answer:
    return replace(answer(role, N1), facts=Facts(node_id=node_id))


def listing(*peers: tuple[str, str]) -> Answer:
    listed = tuple(Peer(node_id, address) for node_id, address in peers)
    return Answer(HaState("primary", None, listed), 2, OLD)


def test_a_cluster_in_which_everybody_is_who_it_should_be_has_no_fault() -> None:
    assert swapped_nodes(TOPOLOGY, RIGHT) == []
    assert other_addresses(TOPOLOGY, RIGHT) == {}


def test_two_nodes_with_the_node_ids_of_each_other_are_named_once() -> None:
    (reason,) = swapped_nodes(TOPOLOGY, {**RIGHT, "n2": saying("id3"), "n3": saying("id2")})
    assert reason == (
        "n2 says that its node id is 'id3', and n3 that its node id is 'id2': the two are swapped. "
        "Compare ansible_host, nso_ha_node_id and nso_ha_node_ip of n2 and n3"
    )


def test_two_names_that_lead_to_one_node_are_found_out() -> None:
    (reason,) = swapped_nodes(TOPOLOGY, {**RIGHT, "n2": saying("id3"), "n3": SILENT})
    assert "n2 says that its node id is 'id3', which is the node id of n3" in reason


def test_an_id_that_no_member_has_or_that_a_node_has_left_is_another_matter() -> None:
    assert swapped_nodes(TOPOLOGY, {**RIGHT, "n2": saying("id9")}) == []
    assert swapped_nodes(TOPOLOGY, {**RIGHT, "n2": saying("id3", "none")}) == []


def test_two_nodes_with_the_addresses_of_each_other_are_named_once() -> None:
    crossed = listing(("id2", N3.address), ("id3", N2.address))
    (reason,) = swapped_nodes(TOPOLOGY, {**RIGHT, "n1": crossed})
    assert reason.startswith(
        "'id2' is connected from 10.0.0.3, and 'id3' from 10.0.0.2: the addresses of n2 and n3 are "
        "swapped. Compare "
    )
    # Where the ids are exchanged, the addresses are so too, and it is said once.
    both: Observed = {"n1": crossed, "n2": saying("id3"), "n3": saying("id2")}
    assert len(swapped_nodes(TOPOLOGY, both)) == 1


def test_an_address_that_is_not_that_of_the_inventory_is_told_with_both() -> None:
    elsewhere = {**RIGHT, "n1": listing(("id2", "10.0.9.2"), ("id3", "::ffff:10.0.0.3"))}
    assert other_addresses(TOPOLOGY, elsewhere) == {
        "n2": "nso_ha_node_ip of n2 is 10.0.0.2, and n1 lists 'id2' at 10.0.9.2"
    }
    assert swapped_nodes(TOPOLOGY, elsewhere) == []


def test_what_is_not_told_is_not_compared() -> None:
    named: Member = replace(N2, address="two.example")
    topology = Topology([N1, named, N3])
    untold = {**RIGHT, "n1": listing(("id2", "10.0.9.2"), ("id3", ""), ("id9", "10.0.9.9"))}
    assert other_addresses(topology, untold) == {}
