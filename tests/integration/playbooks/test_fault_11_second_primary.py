# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody makes a second primary by hand: reported, and left alone until one is named."""

from __future__ import annotations

from helpers.clusters import assert_done, assert_refused, assert_whole, order
from helpers.playbooks import run_playbook
from ncs_sim.cluster import Cluster

CONVERGE = "nso.ha.converge"


def test_two_primaries_are_named_and_left_alone_until_the_operator_decides(
    duo: Cluster,
) -> None:
    order(duo, "n2", "primary")
    duo.node("n2").write("stray", "value")
    before = duo.status()

    refused = run_playbook(CONVERGE, duo.inventory)
    assert_refused(
        refused,
        "n1 and n2 are primary at the same time",
        "name it in nso_ha_candidate",
        "(overwrite failed) n2",
    )
    assert duo.status() == before

    decided = {
        "nso_ha_candidate": "n1",
        "nso_ha_override": ["one_primary"],
        "nso_ha_allow_overwrite": ["n2"],
    }
    assert_done(run_playbook(CONVERGE, duo.inventory, variables=decided))
    assert_whole(duo)
    assert duo.node("n2").read("stray") is None
