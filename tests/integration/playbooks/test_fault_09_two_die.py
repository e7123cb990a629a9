# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary and a secondary die: the other secondary may lack something, and that is asked."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import assert_led_by, assert_refused, roles
from helpers.load import CLEAN, Load
from helpers.playbooks import run_playbook
from helpers.until import until
from ncs_sim.cluster import Cluster

FAILOVER = "nso.ha.failover"


def test_what_a_dead_secondary_may_have_is_given_up_by_name_only(
    cluster: Cluster, tmp_path: Path
) -> None:
    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        cluster.node("n3").kill()
        load.until_acknowledged(5, by="n1")
        cluster.node("n1").kill()
        until(lambda: roles(cluster) == {"n2": "none"}, what="the loss of the primary")

        refused = run_playbook(FAILOVER, cluster.inventory)
        assert_refused(
            refused, "(data_loss failed) n3 does not answer", "nso_ha_allow_data_loss=n3"
        )

        consent = {"nso_ha_allow_data_loss": "n3"}
        done = run_playbook(FAILOVER, cluster.inventory, variables=consent)
        assert done.status == 0, done.output
        assert "(data_loss overridden) n3" in done.text
        load.until_acknowledged(5, by="n2")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_led_by(cluster, "n2")
