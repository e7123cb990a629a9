# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a wanted cluster, and how a right one hangs together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import (
    Member,
    Topology,
    topology_problems,
)
from helpers.cases import N1, N2, member
from helpers.cluster_strategies import wanted
from helpers.properties import repeatable
from hypothesis import given

RELAY = member(3, "relay")


@pytest.mark.parametrize(
    ("members", "problems"),
    [
        ([], ["the group has no hosts"]),
        (
            [N2],
            [
                "no node may be primary. Give one of them nso_ha_role member, which is the default,"
                " and an nso_ha_priority above 0, or nso_ha_role primary"
            ],
        ),
        (
            [N1, member(4, "primary")],
            [
                "2 nodes (n1, n4) have nso_ha_role primary, and at most one may. Without one, the "
                "members choose"
            ],
        ),
        (
            [N1, member(4, "master")],
            [
                "n4: nso_ha_role is 'master'; it has to be one of member, none, primary, "
                "secondary, relay",
            ],
        ),
        (
            [N1, N2, Member("n4", "id2", "10.0.0.4", "none")],
            ["n2, n4 have the same node id, 'id2'"],
        ),
        (
            [N1, Member("n4", "id4", "::ffff:10.0.0.1", "none")],
            ["n1, n4 have the same address, '10.0.0.1'"],
        ),
        (
            [N1, Member("n4", "x" * 256, "10.0.0.4", "none")],
            [
                "n4: nso_ha_node_id is 256 bytes long in UTF-8 and begins with "
                "'xxxxxxxxxxxxxxxxxxxx'; the limit is 255 bytes"
            ],
        ),
        (
            [N1, Member("n4", "id4", "0.0.0.0", "none")],
            ["n4: nso_ha_node_ip: '0.0.0.0' is not the address of one node"],
        ),
        (
            [N1, member(4, "none", "n1")],
            ["n4: nso_ha_upstream is 'n1', but a node with role none follows nobody"],
        ),
        (
            [N1, member(4, "secondary", "id1")],
            [
                "n4: nso_ha_upstream is 'id1', which is no host of the group (inventory names are "
                "meant)"
            ],
        ),
        (
            [N1, N2, member(4, "secondary", "n2")],
            [
                "n4: nso_ha_upstream is 'n2', which should be secondary; only a primary or a relay "
                "can be followed"
            ],
        ),
        (
            [N1, member(4, "relay", "n4")],
            ["n4: nso_ha_upstream is 'n4', but n4 follows n4: that is a circle"],
        ),
        (
            [
                N1,
                member(3, "relay", "n4"),
                member(4, "relay", "n3"),
            ],
            [
                "n3: nso_ha_upstream is 'n4', but n3 follows n4 follows n3: that is a circle",
                "n4: nso_ha_upstream is 'n3', but n4 follows n3 follows n4: that is a circle",
            ],
        ),
    ],
)
def test_each_problem_is_told_with_node_and_value(
    members: list[Member], problems: list[str]
) -> None:
    assert topology_problems(members) == problems


def dials(node: Member, address: str, **more: Any) -> Member:
    return replace(node, address=address, **more)


def test_a_loopback_address_among_others_is_refused_with_its_variable() -> None:
    local = dials(N1, "localhost", address_from="ansible_host", local=True)
    assert topology_problems([local, N2, member(3, "secondary")]) == [
        "n1: ansible_host is 'localhost', a loopback address, which other nodes (n2, n3) cannot "
        "dial. Set nso_ha_node_ip of n1 to the address at which they reach it"
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "ip6-localhost"])
def test_no_kind_of_loopback_address_may_be_among_names_of_other_hosts(address: str) -> None:
    (problem,) = topology_problems([dials(N1, address), dials(N2, "two.example")])
    assert problem.startswith(f"n1: nso_ha_node_ip is '{address}', a loopback address, which ")


def test_nodes_on_one_host_may_have_loopback_addresses_that_differ() -> None:
    first = dials(N1, "127.0.0.1")
    assert topology_problems([first, dials(N2, "127.0.0.2")]) == []
    # A name may lead to the same host, where Ansible does not leave it.
    assert topology_problems([first, dials(N2, "two.example", local=True)]) == []
    assert topology_problems([first, dials(N2, "localhost")]) == [
        "n1, n2 have the same address, '127.0.0.1'"
    ]


@pytest.mark.parametrize("address", ["10.1", "192.0.2.256", "fe80::1%eth0", "224.0.0.1", "::"])
def test_what_is_no_address_of_a_node_is_refused_with_its_variable(address: str) -> None:
    (problem,) = topology_problems([N1, dials(N2, address, address_from="ansible_host")])
    assert problem.startswith(f"n2: ansible_host: '{address}' ")


def test_all_problems_are_told_together() -> None:
    wrong = [Member("n4", "id", "::", "master"), Member("n5", "id", "10.0.0.5", "", "n9")]
    assert len(topology_problems(wrong)) == 6


@given(wanted())
@repeatable
def test_a_right_topology_has_no_problems_and_is_a_tree(members: list[Member]) -> None:
    assert topology_problems(members) == []
    topology = Topology(members)
    assert topology.primary.host == "n1"
    order = [node.host for node in topology.from_the_top()]
    assert sorted(order) == sorted(topology.members)
    for node in members:
        above = topology.upstream(node.host)
        assert (above is None) == (node.role in ("none", "primary"))
        assert topology.depth(node.host) == (topology.depth(above.host) + 1 if above else 0)
        assert topology.by_node_id(node.node_id) == node
        assert above is None or node in topology.followers_of(above.host)
        assert above is None or order.index(above.host) < order.index(node.host)
    assert sum(len(topology.followers_of(host)) for host in order) == sum(
        node.role in ("secondary", "relay") for node in members
    )


def test_a_node_id_of_nobody_belongs_to_nobody() -> None:
    assert Topology([N1, RELAY]).by_node_id("n1") is None


def test_the_upstream_is_the_primary_unless_another_is_named() -> None:
    below = member(4, "secondary", "n3")
    topology = Topology([N1, N2, RELAY, below])
    assert topology.upstream("n2") == N1
    assert topology.upstream("n4") == RELAY
    assert topology.followers_of("n1") == [N2, RELAY]
    assert topology.followers_of("n2") == []
