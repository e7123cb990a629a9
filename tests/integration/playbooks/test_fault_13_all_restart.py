# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All nodes restart and are none: the last primary is brought back, and no other."""

from __future__ import annotations

from helpers.clusters import assert_done, assert_refused, assert_whole, order, pinned, roles
from helpers.playbooks import run_playbook
from helpers.state_on_nodes import assert_promotions, give_history
from ncs_sim.cluster import Cluster

CONVERGE = "nso.ha.converge"


def test_the_last_primary_comes_back_whatever_the_inventory_says(pair: Cluster) -> None:
    order(pair, "n2", "primary")
    order(pair, "n1", "secondary", "n2")
    give_history(pair, "n1", "n2")
    pair.node("n2").write("color", "blue")
    for node in pair.nodes:
        node.kill()
    for node in pair.nodes:
        node.start()
    assert set(roles(pair).values()) == {"none"}

    refused = run_playbook(CONVERGE, pinned(pair.inventory, "n1"))
    assert_refused(refused, "(last_primary failed)", "n2", "the inventory names n1")
    assert set(roles(pair).values()) == {"none"}

    # Members need no edit: the last primary comes back.
    assert_done(run_playbook(CONVERGE, pair.inventory))
    assert_whole(pair, "n2")
    assert pair.node("n1").read("color") == "blue"
    assert_promotions(
        pair, primaries=[("n1", "converge"), ("n2", "switchover"), ("n2", "converge")]
    )
