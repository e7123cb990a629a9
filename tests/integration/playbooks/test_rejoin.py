# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that was away follows the present primary, whichever that is.

test_fault_10 has one that needs consent.
"""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import (
    assert_done,
    assert_idle,
    assert_predicted,
    assert_refused,
    assert_whole,
    order,
    roles,
)
from helpers.load import CLEAN, Load
from helpers.playbooks import run_playbook
from helpers.state_on_nodes import give_history, operations
from helpers.until import until
from ncs_sim.cluster import Cluster

REJOIN = "nso.ha.rejoin"


def test_a_node_that_fell_behind_follows_again_without_consent(
    pair: Cluster, tmp_path: Path
) -> None:
    order(pair, "n2", "primary")
    order(pair, "n1", "secondary", "n2")
    give_history(pair, "n1", "n2")
    with Load(pair.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n2")
        pair.node("n1").kill()
        load.until_acknowledged(5, by="n2")
        pair.node("n1").start()
        planned = run_playbook(REJOIN, pair.inventory, "--check")
        assert_predicted(planned, n1="besecondary")
        assert roles(pair) == {"n1": "none", "n2": "primary"}

        done = run_playbook(REJOIN, pair.inventory)
        assert_done(done)
        assert done.changed == {"n1"}
        load.until_acknowledged(5, by="n2")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(pair, "n2")
    for name in ("n1", "n2"):
        assert operations(pair, name) == [("rejoin", "done")]
    assert_idle(pair.inventory, "rejoin")


def test_there_is_nothing_to_rejoin_without_a_primary(duo: Cluster) -> None:
    duo.node("n1").kill()
    until(lambda: roles(duo) == {"n2": "none"}, what="the loss of the primary")
    refused = run_playbook(REJOIN, duo.inventory)
    assert_refused(refused, "no node is primary", "nso.ha.failover makes another one")
