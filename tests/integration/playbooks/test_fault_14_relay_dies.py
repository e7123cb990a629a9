# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay dies: its secondaries are attached elsewhere, and again to it when it is back."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import assert_done, assert_ended, order, roles
from helpers.load import CLEAN, Load
from helpers.playbooks import edit, run_playbook
from helpers.state_on_nodes import give_history
from helpers.until import until
from ncs_sim.cluster import Cluster

CONVERGE = "nso.ha.converge"


def test_its_secondaries_follow_the_primary_until_it_is_back(
    fresh: Cluster, tmp_path: Path
) -> None:
    order(fresh, "n1", "primary")
    order(fresh, "n2", "secondary", "n1")
    order(fresh, "n2", "relay")
    order(fresh, "n3", "secondary", "n2")
    give_history(fresh, "n1")
    tree = edit(fresh.inventory, {"n2": {"nso_ha_role": "relay"}, "n3": {"nso_ha_upstream": "n2"}})
    _n1, n2, n3 = fresh.nodes
    with Load(fresh.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        n2.kill()
        until(lambda: n3.status()["role"] == "none", what="the loss of the relay")

        moved = run_playbook(CONVERGE, tree)
        assert_ended(moved, "incomplete", "(n2)", "Connection refused")
        assert moved.node("n2")["done"] == "blocked"
        assert n3.status()["primary"]["node_id"] == "n1"
        load.until_acknowledged(5, by="n1")

        n2.start()
        assert_done(run_playbook(CONVERGE, tree))
        load.until_acknowledged(5, by="n1")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert roles(fresh) == {"n1": "primary", "n2": "relay", "n3": "secondary"}
    assert n3.status()["primary"]["node_id"] == "n2"
    assert n3.dump() == n2.dump() == fresh.node("n1").dump()
