# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold of a simulated cluster that is written to, and what operations leave on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._store import contents
from ncs_sim.cluster import Cluster
from ncs_sim.handle import NodeHandle
from ncs_sim.inventory import STATE_DIRECTORY


def state_directory(node: NodeHandle) -> Path:
    """Where the collection keeps what it has to remember of a node."""
    return node.directory / STATE_DIRECTORY


def promotion_histories(cluster: Cluster) -> list[list[Any]]:
    """The promotion history that each node has."""
    return [contents.read_contents(str(state_directory(node))).promotions for node in cluster.nodes]


def operations(node: NodeHandle) -> list[dict[str, Any]]:
    """The log of operations of a node."""
    entries, damaged = contents.read_operations(str(state_directory(node)))
    assert not damaged
    return entries


def links(cluster: Cluster) -> dict[str, tuple[str, str, list[str]]]:
    """For each running node its role, whom it follows, and whom it lists."""
    return {
        name: (
            str(one["role"]),
            str(one["primary"]["node_id"]) if one["primary"] else "",
            sorted(peer["node_id"] for peer in one["secondaries"]),
        )
        for name, one in cluster.status().items()
        if one["running"]
    }


def assert_led_by(cluster: Cluster, primary: str) -> None:
    """All running nodes but this one follow it. Data cannot be compared while writes go on."""
    found = links(cluster)
    others = sorted(set(found) - {primary})
    assert found == {
        primary: ("primary", "", others),
        **{name: ("secondary", primary, []) for name in others},
    }


def assert_nothing_left(cluster: Cluster) -> None:
    """No lock, no mark, nobody read-only, and all have the same record."""
    for node in cluster.nodes:
        directory = state_directory(node)
        found = contents.read_contents(str(directory))
        assert (found.lock, found.read_only, found.damaged) == (None, None, []), node.name
        assert not (directory / contents.RESERVE).exists(), node.name
    held = [name for name, one in cluster.status().items() if one["running"] and one["readonly"]]
    assert not held, f"read-only: {held}"
    histories = promotion_histories(cluster)
    assert all(history == histories[0] for history in histories)
