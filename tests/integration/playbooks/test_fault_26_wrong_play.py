# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays that cannot run an operation are refused before anything is looked at; status shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from helpers.clusters import assert_refused, roles
from helpers.frozen import ASK, CONFIRM, Frozen, failing_over
from helpers.playbooks import Run, run_playbook
from helpers.simulated import Simulation
from ncs_sim.cluster import Cluster

CONVERGE = {"ansible.builtin.import_role": {"name": "nso.ha.cluster", "tasks_from": "converge"}}
STATUS = {"ansible.builtin.import_role": {"name": "nso.ha.cluster", "tasks_from": "status"}}


def play(path: Path, tasks: Sequence[Mapping[str, Any]], **keywords: object) -> Path:
    """Write a playbook of one play."""
    whole = {"hosts": "nso", "gather_facts": False, "tasks": list(tasks), **keywords}
    path.write_text(yaml.safe_dump([whole]))
    return path


def assert_not_even_looked(run: Run, *words: str) -> None:
    assert run.status == 2, run.output
    for word in words:
        assert word in run.text, run.text
    assert_refused(run)
    assert not run.calls()


def test_plays_that_do_not_have_the_whole_cluster_in_step_are_refused_at_once(
    pair: Cluster, tmp_path: Path
) -> None:
    path = tmp_path / "play.yml"
    wrong: list[tuple[dict[str, Any], list[str], str]] = [
        ({"hosts": "nso:localhost"}, [], "localhost of this play is not in the group"),
        ({}, ["--limit", "n2"], "n1 of the group take no part"),
        ({"strategy": "free"}, [], "the strategy of this play is free"),
        ({"serial": 1}, [], "n2 of the group take no part"),
    ]
    for keywords, arguments, words in wrong:
        run = run_playbook(play(path, [CONVERGE], **keywords), pair.inventory, *arguments)
        assert_not_even_looked(run, words)
    for keywords, arguments, _words in wrong[:2]:
        status = run_playbook(play(path, [STATUS], **keywords), pair.inventory, *arguments)
        assert status.status == 0, status.output
        assert status.report["nodes"]
        assert not status.module_calls("localhost"), "it is no node of the cluster"
    free = run_playbook(play(path, [STATUS], strategy="free"), pair.inventory)
    assert free.status == 2, free.output
    assert "the strategy of this play is free" in free.output
    unknown = run_playbook(play(path, [CONVERGE]), pair.inventory, variables={"nso_ha_group": "x"})
    assert_not_even_looked(unknown, "the group 'x' (nso_ha_group) has no hosts in this play")
    assert set(roles(pair).values()) == {"none"}


def test_plays_that_leave_nobody_out_are_as_good_as_any(duo: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "play.yml"
    keywords = {"strategy": "debug", "serial": "100%"}
    run = run_playbook(play(path, [CONVERGE], **keywords), duo.inventory, "--limit", "n1,n2")
    assert run.status == 0, run.output
    assert run.report["outcome"] == "done"


def test_the_fencing_of_one_cluster_counts_for_no_other(
    simulation: Simulation, tmp_path: Path
) -> None:
    """The role in a loop over two groups: what a's hosts say is not read for b."""
    other = simulation.cluster(1)
    with Frozen(simulation, tmp_path) as frozen:
        inventory = yaml.safe_load(frozen.cluster.inventory.read_text())
        alone = yaml.safe_load(other.inventory.read_text())["nso"]
        alone["hosts"] = {"a1": alone["hosts"]["n1"]}
        alone["vars"]["nso_ha_fence_tasks"] = frozen.file([ASK, CONFIRM])
        both = tmp_path / "both.yml"
        both.write_text(yaml.safe_dump({**inventory, "a": alone}))
        loop = {
            "ansible.builtin.include_role": {"name": "nso.ha.cluster", "tasks_from": "failover"},
            "vars": {"nso_ha_group": "{{ item }}"},
            "loop": ["a", "nso"],
        }
        playbook = play(tmp_path / "loop.yml", [loop], hosts="a:nso")
        run = frozen.failover(playbook=playbook, inventory=both)
        assert run.status == 2, run.output
        assert "One play runs one cluster" in run.text
        frozen.assert_nothing_was_done()

        # Each in a play of its own: the cluster without fencing tasks is refused by itself.
        plays = [
            {"hosts": group, "gather_facts": False, "tasks": [failing_over()],
             "vars": {"nso_ha_group": group}}
            for group in ("nso", "a")
        ]  # fmt: skip
        apart = tmp_path / "apart.yml"
        apart.write_text(yaml.safe_dump(plays))
        run = frozen.failover(playbook=apart, inventory=both)
        assert_refused(run, "(fenced failed) n1")
        frozen.assert_nothing_was_done()
        frozen.assert_one_primary()
