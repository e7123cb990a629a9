# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No node is overwritten, and no primary steps down, before its run has confirmed the hook."""

from __future__ import annotations

import pytest
from helpers.stage import NONE, PRIMARY, Stage
from helpers.state_directory import StateDirectory


@pytest.mark.parametrize(
    ("event", "start", "role"), [("withdraw", PRIMARY, "none"), ("backup", NONE, "secondary")]
)
def test_a_step_waits_for_the_confirmation_of_the_hook_before_it(
    stage: Stage, directory: StateDirectory, event: str, start: str, role: str
) -> None:
    stage.put(start)
    directory.begin(steps=[f"{event} n1", "go on"])
    before = stage.snapshot()
    refused = stage.role(role, operation=directory.option(step="go on"))
    assert (refused["failed"], refused["outcome"], refused["changed"]) == (True, "failed", False)
    assert f"comes after the {event} tasks for n1" in refused["msg"]
    assert stage.snapshot() == before

    wrong = directory.confirm("n2", event=event)
    assert f"does not {event} 'n2', but n1" in wrong["msg"]
    assert "nso_ha_hook.host" in wrong["msg"]
    assert directory.confirm("n1", event=event, check=True)["changed"] is True
    assert stage.role(role, operation=directory.option(step="go on"))["failed"] is True
    confirmed = directory.confirm("n1", event=event)
    assert (confirmed["changed"], confirmed["lock"]["confirmed"]) == (True, [f"{event} n1"])
    assert directory.confirm("n1", event=event)["changed"] is False
    assert stage.role(role, operation=directory.option(step="go on"))["outcome"] == "done"


def test_an_announcement_outlives_the_lock_and_ends_when_the_node_is_to_be_withdrawn(
    stage: Stage, directory: StateDirectory
) -> None:
    directory.begin(steps=["announce n1", "withdraw n1"])
    assert directory.confirm("n1", event="announce", epoch=4)["changed"] is True
    kept = directory.path / "announced.json"
    assert '"epoch":4' in kept.read_text()
    directory.hold(begins="announce")
    assert kept.exists()
    directory.hold(begins="withdraw", check=True)
    assert kept.exists()
    directory.hold(begins="withdraw")
    assert not kept.exists()
    refused = directory.confirm("n1", event="announce", epoch=-1)
    assert "epoch is -1" in refused["msg"]
