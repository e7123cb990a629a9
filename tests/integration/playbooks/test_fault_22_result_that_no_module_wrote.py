# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible gives up on a module that goes on on its node: what came of it is not known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.clusters import assert_ended, assert_led_by, assert_whole, roles
from helpers.load import CLEAN, Load
from helpers.playbooks import Playing, edit, python_that_waits, run_playbook
from helpers.state_on_nodes import lock
from helpers.until import until
from ncs_sim.cluster import Cluster

SWITCHOVER = "nso.ha.switchover"
#: Seconds after which Ansible gives a task up. The tasks that nothing holds up take much less.
TASK_TIMEOUT = "15"


@contextmanager
def switching(
    cluster: Cluster, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Load, Playing]]:
    """A switchover under load whose tasks are given up after a while."""
    monkeypatch.setenv("ANSIBLE_TASK_TIMEOUT", TASK_TIMEOUT)
    with Load(cluster.directory, tmp_path / "history") as load:
        load.until_acknowledged(5, by="n1")
        with Playing(SWITCHOVER, inventory, variables={"nso_ha_candidate": "n2"}) as playing:
            yield load, playing


@pytest.mark.every_core
@pytest.mark.long
def test_a_module_that_begins_after_its_task_was_given_up_gives_no_order(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first call rehearses, the second one promotes.
    python, go_on = python_that_waits("ncs_ha_role", 2, tmp_path)
    inventory = edit(cluster.inventory, {"n2": python})
    with switching(cluster, inventory, tmp_path, monkeypatch) as (load, playing):
        run = playing.end()
        # Its step was withdrawn from the lock on its node, so the former primary could come back.
        assert_ended(run, "rolled_back", "(step failed) n2")
        promoted = [one for one in run.report["steps"] if one["wave"] == "promote"]
        assert [(one["host"], one["outcome"]) for one in promoted] == [
            ("n2", "unknown"),
            ("n1", "done"),
        ]
        load.until_acknowledged(5, by="n1")
        go_on.touch()
        until(go_on.with_name(f"{go_on.name}.over").exists, what="the end of the module")
        load.until_acknowledged(5, by="n1")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(cluster, "n1")


def test_nobody_is_promoted_while_an_order_to_the_candidate_may_still_be_carried_out(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n2 = cluster.node("n2")
    n2.fault("slow", seconds=600, place="beprimary")
    with switching(cluster, cluster.inventory, tmp_path, monkeypatch) as (load, playing):
        run = playing.end()
        assert_ended(run, "unknown", "(step failed) n2", "(withdrawn not evaluable) n2")
        assert [step["host"] for step in run.report["steps"] if step["wave"] == "promote"] == ["n2"]
        assert roles(cluster)["n1"] == "none"
        n2.clear()
        until(lambda: not lock(cluster, "n2").get("steps"), what="the end of the module")

        # What remains is done by a second run.
        monkeypatch.delenv("ANSIBLE_TASK_TIMEOUT")
        done = run_playbook(SWITCHOVER, cluster.inventory, variables={"nso_ha_candidate": "n2"})
        assert done.status == 0, done.output
        load.until_acknowledged(5, by="n2")
        judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_led_by(cluster, "n2")
