# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The promotion history is on every node, and a node that lost it gets it back."""

from __future__ import annotations

from helpers.clusters import assert_idle, assert_led_by
from helpers.playbooks import run_playbook
from helpers.state_on_nodes import assert_promotions, give_history, promotions, state_files
from ncs_sim.cluster import Cluster

CONVERGE = "nso.ha.converge"


def test_a_history_that_is_missing_or_damaged_is_completed(cluster: Cluster) -> None:
    give_history(cluster, "n1")
    before = cluster.status()
    state = cluster.node("n2").directory / "state"
    for path in state.iterdir():
        path.unlink()
    state.rmdir()
    damaged = cluster.node("n3").directory / "state" / "promotions.jsonl"
    damaged.write_bytes(damaged.read_bytes().replace(b"converge", b"convergE"))

    status = run_playbook("nso.ha.status", cluster.inventory)
    assert "(n2) its promotion history lacks 1 of 1 promotions" in status.text
    assert "(n3) its state directory is damaged" in status.text

    planned = run_playbook(CONVERGE, cluster.inventory, "--check")
    assert (
        "(n2) its promotion history lacks 1 of 1 promotions; an operation completes its promotion "
        "history." in planned.text
    )
    assert not promotions(cluster, "n2")

    done = run_playbook(CONVERGE, cluster.inventory)
    assert done.status == 0, done.output
    assert done.changed == {"n2", "n3"}
    assert_promotions(cluster, primaries=[("n1", "converge")])
    assert any(name.startswith("promotions.jsonl.damaged") for name in state_files(cluster, "n3"))
    assert_led_by(cluster, "n1")
    assert cluster.status() == before
    assert_idle(cluster.inventory, "converge")
