# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes of a simulated cluster keep between runs: promotion history, lock and log."""

from __future__ import annotations

import json
from typing import Any

from ncs_sim.cluster import Cluster

from helpers.modules import run_module


def state_files(cluster: Cluster, name: str) -> dict[str, bytes]:
    """What a node keeps between runs, by the names of the files."""
    directory = cluster.node(name).directory / "state"
    if not directory.exists():
        return {}
    return {one.name: one.read_bytes() for one in directory.iterdir() if one.name != ".mutex"}


def state_lines(cluster: Cluster, name: str, file: str) -> list[dict[str, Any]]:
    """The entries of a file of a node that has one on each line."""
    return [json.loads(line) for line in state_files(cluster, name).get(file, b"").splitlines()]


def promotions(cluster: Cluster, name: str) -> list[tuple[str, str]]:
    """The promotion history of a node: who was made primary, and by which operation."""
    lines = state_lines(cluster, name, "promotions.jsonl")
    return [(line["primary"], line["operation"]) for line in lines]


def operations(cluster: Cluster, name: str) -> list[tuple[str, str]]:
    """The log of a node: operations, and what came of each."""
    lines = state_lines(cluster, name, "operations.jsonl")
    return [(line["operation"], line["outcome"]) for line in lines]


def lock(cluster: Cluster, name: str) -> dict[str, Any]:
    """The lock of a node, empty if there is none."""
    found: dict[str, Any] = json.loads(state_files(cluster, name).get("lock.json", b"{}"))
    return found


def assert_promotions(cluster: Cluster, *, primaries: list[tuple[str, str]]) -> None:
    """All nodes have this history, and nothing is left of a run; the token was kept nowhere."""
    for name in cluster.status():
        files = state_files(cluster, name)
        found = promotions(cluster, name)
        assert found == primaries, f"{name}: {found}"
        assert not {"lock.json", "read_only.json", "reserve"} & set(files), name
        assert all(cluster.token.encode() not in data for data in files.values()), name


def give_history(cluster: Cluster, *primaries: str) -> None:
    """Let all nodes have a history that says that these became primary, the last one just now.

    For clusters that were made by hand and are to be as if the playbooks had made them.
    """
    txid = cluster.node(primaries[-1]).status()["txid"]
    entries = [
        {
            "epoch": number,
            "primary": name,
            "txid": txid if number > 1 else None,
            "start": txid["timestamp"] if number > 1 else [0, 0, 0],
            "at": f"2026-01-01T00:00:0{number}.000000Z",
            "operation": "switchover" if number > 1 else "converge",
            "run_id": f"run {number}",
        }
        for number, name in enumerate(primaries, 1)
    ]
    for node in cluster.nodes:
        own = {"state_dir": str(node.directory / "state"), "node_id": node.name}
        ended = {**own, "state": "ended", "run_id": "by hand", "promotions": entries}
        assert run_module("ncs_ha_operation", ended)["changed"]
