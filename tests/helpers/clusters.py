# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold of a whole simulated cluster, and of what a playbook says about it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import yaml
from ncs_sim.cluster import Cluster
from ncs_sim.raw_client import RawClient

from helpers.playbooks import Run, edit, in_one, run_playbook
from helpers.until import until

#: Consent of an operator who has nothing to lose.
ALL_MAY_GO = {"nso_ha_allow_overwrite": "{{ groups['nso'] | join(',') }}"}


def roles(cluster: Cluster) -> dict[str, str]:
    """The role of each running node, as it says itself."""
    return {name: str(one["role"]) for name, one in cluster.status().items() if one.get("running")}


def assert_led_by(cluster: Cluster, primary: str) -> None:
    """There is this primary, and every other node that runs is its secondary, and writable."""
    status = {name: one for name, one in cluster.status().items() if one["running"]}
    others = sorted(set(status) - {primary})
    assert status[primary]["role"] == "primary"
    assert sorted(peer["node_id"] for peer in status[primary]["secondaries"]) == others
    for name in others:
        assert status[name]["role"] == "secondary"
        assert status[name]["primary"]["node_id"] == primary
    assert not any(one["readonly"] for one in status.values())


def until_roles(cluster: Cluster, **wanted: str) -> None:
    """Wait until the running nodes have these roles, and no others run."""
    until(lambda: roles(cluster) == wanted, what=f"that the roles are {wanted}")


def assert_whole(cluster: Cluster, primary: str = "n1") -> None:
    """The cluster is one: a primary, everybody else its secondary, the same data everywhere."""
    assert_led_by(cluster, primary)
    status = cluster.status()
    assert all(one["running"] for one in status.values())
    data = [cluster.node(name).dump() for name in status]
    assert all(one == data[0] for one in data)
    assert len({str(one["txid"]) for one in status.values()}) == 1


def assert_done(run: Run) -> None:
    """The playbook says that all is as wanted, in every way it can say it."""
    assert run.status == 0, run.output
    assert run.report["outcome"] == "done"
    assert all(not node["problem"] for node in run.report["nodes"])


def assert_refused(run: Run, *words: str) -> None:
    """The playbook refused, said why, and gave no order."""
    assert_ended(run, "refused", *words)
    assert not run.changed
    assert not run.report["changed"]


def assert_ended(run: Run, outcome: str, *words: str) -> None:
    """The playbook ended with an error and this outcome, and said these words."""
    assert run.status != 0, run.output
    assert run.report["outcome"] == outcome, run.output
    for word in words:
        assert word in run.text, run.text


def assert_predicted(run: Run, **done: str) -> None:
    """The playbook only said what it would do, by node; the nodes that are left out, nothing."""
    assert run.status == 0, run.output
    assert run.report["outcome"] == "planned"
    would = {name: f"would {orders}" for name, orders in done.items()}
    for node in run.report["nodes"]:
        assert node["done"] == would.get(node["host"], "nothing"), run.text
    assert not run.report["steps"]


def assert_nothing_to_do(run: Run) -> None:
    """The playbook found all as wanted, and changed nothing."""
    assert_done(run)
    assert not run.changed
    assert not run.report["changed"]
    assert not run.report["steps"]


def assert_idle(inventory: Path, operation: str, **variables: Any) -> None:
    """The operation has nothing more to do, and its plan says so, too."""
    playbook = inventory.with_name(f"{operation}-again.yml")
    plan = ("nso.ha.plan", {"nso_ha_operation": operation})
    both = in_one(playbook, f"nso.ha.{operation}", plan)
    assert_nothing_to_do(run_playbook(both, inventory, variables=variables))


def pinned(inventory: Path, primary: str) -> Path:
    """Write another inventory, in which one node is named as primary, the others as secondaries."""
    hosts = yaml.safe_load(inventory.read_text())["nso"]["hosts"]
    role = {name: "primary" if name == primary else "secondary" for name in hosts}
    return edit(inventory, {name: {"nso_ha_role": role[name]} for name in hosts})


def order(cluster: Cluster, name: str, role: str, primary: str = "") -> None:
    """Give a node a role by hand, as some other controller would."""
    node = cluster.node(name)
    with RawClient.ha(node, cluster.token) as client:
        if role == "primary":
            client.beprimary(name)
        elif role == "none":
            client.benone()
            until(lambda: not _is_listed(cluster, name), what=f"that nobody lists {name}")
        elif role == "relay":
            client.berelay()
        else:
            client.besecondary(name, primary, cluster.node(primary).address)


def _is_listed(cluster: Cluster, name: str) -> bool:
    listed = [peer["node_id"] for one in cluster.status().values() for peer in one["secondaries"]]
    return name in listed


def ctl(cluster: Cluster, *words: str) -> str:
    """The shell command that does something to a node: its name, and what to do."""
    sim = Path(sys.executable).parent / "ncs-sim"
    return shlex.join([str(sim), "ctl", "--dir", str(cluster.directory), *words])
