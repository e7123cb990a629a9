# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold of a whole simulated cluster, and of what a playbook says about it."""

from __future__ import annotations

from ncs_sim.cluster import Cluster
from ncs_sim.raw_client import RawClient

from helpers.playbooks import Run
from helpers.until import until

#: Consent of an operator who has nothing to lose.
ALL_MAY_GO = {"nso_ha_allow_overwrite": True}


def roles(cluster: Cluster) -> dict[str, str]:
    """The role of each running node, as it says itself."""
    return {name: str(one["role"]) for name, one in cluster.status().items() if one.get("running")}


def assert_whole(cluster: Cluster, primary: str = "n1") -> None:
    """The cluster is one: a primary, everybody else its secondary, the same data everywhere."""
    status = cluster.status()
    others = sorted(set(status) - {primary})
    assert status[primary]["role"] == "primary"
    assert sorted(peer["node_id"] for peer in status[primary]["secondaries"]) == others
    for name in others:
        assert status[name]["role"] == "secondary"
        assert status[name]["primary"]["node_id"] == primary
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
    assert run.status != 0, run.output
    assert run.report["outcome"] == "refused"
    assert not run.changed
    assert not run.report["changed"]
    for word in words:
        assert word in run.text, run.text


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
