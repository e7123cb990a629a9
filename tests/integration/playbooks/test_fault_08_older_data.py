# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One survivor has the higher priority and the older data: the newer data wins, and it is said."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import assert_led_by, assert_refused, order, roles
from helpers.load import CLEAN, Load
from helpers.playbooks import edit, run_playbook
from helpers.state_on_nodes import give_history
from helpers.until import until
from ncs_sim.cluster import Cluster

FAILOVER = "nso.ha.failover"


def test_the_newest_data_comes_before_the_highest_priority(
    cluster: Cluster, tmp_path: Path
) -> None:
    give_history(cluster, "n1")
    inventory = edit(cluster.inventory, {"n3": {"nso_ha_priority": 200}})
    with Load(cluster.directory, tmp_path / "history") as load:
        order(cluster, "n3", "none")
        load.until_acknowledged(5, by="n1")
        cluster.node("n1").kill()
        until(lambda: roles(cluster)["n2"] == "none", what="the loss of the primary")

        named = run_playbook(FAILOVER, inventory, variables={"nso_ha_candidate": "n3"})
        assert_refused(named, "(data_loss failed) n2 has newer data", "nso_ha_allow_data_loss=n2")

        done = run_playbook(FAILOVER, inventory)
        assert done.status == 0, done.output
        assert done.report["primary"]["after"] == "n2"
        assert done.report["election"]["n3"].startswith("has older data than n2")
        load.until_acknowledged(5, by="n2")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    # What n3 had was an ancestor of the new primary's data, so it follows without consent.
    assert_led_by(cluster, "n2")
