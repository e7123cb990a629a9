# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary's process is killed: one new primary, the others follow, the old one is reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.clusters import assert_done, assert_idle, assert_led_by, assert_whole, roles
from helpers.load import CLEAN, Load
from helpers.playbooks import run_playbook
from helpers.state_on_nodes import assert_promotions, give_history, operations, promotions
from helpers.until import until
from ncs_sim.cluster import Cluster

FAILOVER = "nso.ha.failover"
REJOIN = "nso.ha.rejoin"


@pytest.mark.main
def test_the_survivors_go_on_and_the_dead_one_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    give_history(cluster, "n1")
    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        cluster.node("n1").kill()
        until(lambda: set(roles(cluster).values()) == {"none"}, what="the loss of the primary")

        planned = run_playbook(FAILOVER, cluster.inventory, "--check")
        assert planned.status == 0, planned.output
        assert planned.report["outcome"] == "planned"
        assert set(roles(cluster).values()) == {"none"}
        assert promotions(cluster, "n2") == [("n1", "converge")]

        done = run_playbook(FAILOVER, cluster.inventory)
        assert done.status == 0, done.output
        assert done.report["outcome"] == "done"
        new = done.report["primary"]["after"]
        assert done.report["primary"]["before"] == "n1"
        # Which of the two had the newer data when the primary died, chance has decided.
        assert planned.node(new)["done"] == "would beprimary"
        assert done.node(new)["done"] == "beprimary"
        assert done.node("n1")["role"] is None
        assert "Connection refused" in done.node("n1")["problem"]
        assert done.report["write_gap"] == {"seconds": None, "means": "not known"}
        load.until_acknowledged(5, by=new)
        assert_led_by(cluster, new)

        again = run_playbook(FAILOVER, cluster.inventory)
        assert again.status == 0, again.output
        assert not again.changed

        # It may have a last write that nobody was told of, and that nobody else has.
        cluster.node("n1").start()
        consent = {"nso_ha_allow_overwrite": "n1"}
        assert_done(run_playbook(REJOIN, cluster.inventory, variables=consent))
        load.until_acknowledged(5, by=new)
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(cluster, new)
    assert_promotions(cluster, primaries=[("n1", "converge"), (new, "failover")])
    for name in ("n2", "n3"):
        assert operations(cluster, name) == [("failover", "done"), ("rejoin", "done")]
    assert_idle(cluster.inventory, "rejoin")
