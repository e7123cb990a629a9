# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs with tasks of the user's own, on a model of a cluster: what happens in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.cases import N1, N2, N3
from helpers.cluster_model import Cluster, Flight
from helpers.cluster_play import Play
from helpers.plans import whole

ALL = [N1, N2, N3]

TASKS = """
- name: Ask the load balancer
  model.balancer.ask: {}

- name: Confirm it
  nso.ha.ncs_ha_operation:
    state: confirmed
    host: "{{ nso_ha_hook.host }}"
"""
FAILING = '- name: Tell the load balancer\n  ansible.builtin.fail: {msg: "out of order"}\n' + TASKS
FORGETFUL = TASKS.replace("- name: Confirm it", "- name: Confirm it\n  when: false")

#: Changes that are those of hooks, and the orders between them.
TOLD = ("balancer", "confirm", "read_only", "benone", "beprimary", "besecondary")


class Hooked:
    """A cluster, and runs with hooks on it."""

    def __init__(self, directory: Path, cluster: Cluster) -> None:
        self.cluster = cluster
        self.changes: list[str] = []
        self._directory = directory
        self._runs = 0

    def run(self, operation: str, texts: dict[str, str], **variables: Any) -> dict[str, Any]:
        """Run an operation with these files, by event; return the report."""
        files = {}
        self._runs += 1
        for event, text in texts.items():
            # A name of its own, as files are read once.
            file = self._directory / f"{event} of run {self._runs}.yml"
            file.write_text(text)
            files[f"{event}_tasks"] = str(file)
        self.changes = []
        run_id = f"run {self._runs}"
        play = Play(ALL, self.cluster, operation, run_id, self._note, **files, **variables)
        play.run()
        assert all(node.lock is None for node in self.cluster.nodes.values())
        return play.report

    def _note(self, change: str) -> None:
        if change.startswith(TOLD):
            self.changes.append(change)

    @property
    def announced(self) -> list[str]:
        """The hosts that were announced since they were promoted last."""
        newest = max(entry["epoch"] for entry in self.cluster.nodes["n1"].record)
        nodes = self.cluster.nodes.values()
        return [node.host for node in nodes if (node.announced or {}).get("epoch") == newest]


@pytest.fixture
def hooked(tmp_path: Path) -> Hooked:
    return Hooked(tmp_path, whole())


BOTH = {"withdraw": TASKS, "announce": TASKS}


def test_a_former_primary_that_is_brought_back_is_announced_again(hooked: Hooked) -> None:
    hooked.run("rejoin", BOTH)
    assert hooked.announced == ["n1"]
    note = hooked._note

    def meanwhile(change: str) -> None:
        note(change)
        if change == "benone n1":
            # A transaction that was let in before read-only mode, and of which n2 does not hear.
            hooked.cluster.nodes["n1"].listed.pop("id2")
            node = hooked.cluster.nodes["n1"]
            assert hooked.cluster.land(Flight("n1", node.turn, "late"))

    hooked._note = meanwhile  # type: ignore[method-assign]
    back = hooked.run("switchover", BOTH, candidate="n2")
    assert back["outcome"] == "rolled_back"
    assert hooked.changes[:2] == ["balancer n1", "confirm n1"]
    assert "beprimary n2" not in hooked.changes
    after = hooked.changes[hooked.changes.index("beprimary n1") :]
    assert after[1:4] == ["read_only False n1", "balancer n1", "confirm n1"]
    assert after[4:], "the others follow afterwards"
    assert hooked.announced == ["n1"]


@pytest.mark.parametrize("text", [FAILING, FORGETFUL])
def test_a_withdrawal_that_is_not_confirmed_leaves_the_primary_to_be_announced_again(
    hooked: Hooked, text: str
) -> None:
    hooked.run("rejoin", BOTH)
    refused = hooked.run("switchover", {**BOTH, "withdraw": text}, candidate="n2")
    assert (refused["outcome"], refused["changed"]) == ("refused", False)
    assert [verdict["check"] for verdict in refused["verdicts"]] == ["withdraw"]
    assert "Clients may not find n1" in refused["message"]
    assert hooked.changes == ([] if text == FAILING else ["balancer n1"])
    assert hooked.announced == []
    assert hooked.run("rejoin", BOTH)["outcome"] == "done"
    assert hooked.changes == ["balancer n1", "confirm n1"]
    assert hooked.announced == ["n1"]
    hooked.run("rejoin", BOTH)
    assert hooked.changes == []


@pytest.mark.parametrize("text", [FAILING, FORGETFUL])
def test_an_announcement_that_is_not_confirmed_keeps_nobody_from_following(
    hooked: Hooked, text: str
) -> None:
    moved = hooked.run("switchover", {**BOTH, "announce": text}, candidate="n2")
    assert moved["outcome"] == "incomplete"
    assert moved["primary"] == {"before": "n1", "after": "n2"}
    assert "Clients may not find n2" in moved["message"]
    assert "ansible-playbook nso.ha.rejoin -i inventory.yml -e " in moved["message"]
    assert "nso_ha_announce_tasks" in moved["message"]
    assert {"besecondary n1", "besecondary n3"} <= set(hooked.changes)
    assert hooked.announced == []
    assert hooked.run("rejoin", BOTH)["outcome"] == "done"
    assert hooked.changes == ["balancer n2", "confirm n2"]
    hooked.run("rejoin", BOTH)
    assert hooked.changes == []


def test_a_node_is_overwritten_only_once_it_is_backed_up(hooked: Hooked) -> None:
    n3 = hooked.cluster.nodes["n3"]
    hooked.cluster.benone("n3")
    hooked.cluster.write("n3", "stray")
    consent = {"allow_overwrite": "n3"}
    for text in (FAILING, FORGETFUL):
        refused = hooked.run("rejoin", {"backup": text}, **consent)
        assert refused["outcome"] == "refused"
        assert [
            verdict["check"] for verdict in refused["verdicts"] if verdict["result"] == "failed"
        ] == ["backup"]
        assert "stray" in n3.data
    done = hooked.run("rejoin", {"backup": TASKS}, **consent)
    assert done["outcome"] == "done"
    assert hooked.changes == ["balancer n3", "confirm n3", "besecondary n3"]
    assert "stray" not in n3.data
    # An ancestor of the primary's data is copied over without a backup.
    hooked.cluster.benone("n3")
    hooked.cluster.write("n1", "later")
    assert hooked.run("rejoin", {"backup": TASKS})["outcome"] == "done"
    assert hooked.changes == ["besecondary n3"]


def test_a_primary_is_withdrawn_before_its_cluster_ends(hooked: Hooked) -> None:
    refused = hooked.run("tear_down", {"withdraw": FAILING})
    assert (refused["outcome"], hooked.changes) == ("refused", [])
    ended = hooked.run("tear_down", BOTH)
    assert ended["outcome"] == "done"
    assert hooked.changes[:2] == ["balancer n1", "confirm n1"]
    assert "balancer" not in " ".join(hooked.changes[2:])
