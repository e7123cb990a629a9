# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No node is made primary before its run has confirmed, on that node, that hosts are fenced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store import clock
from helpers.forked import ForkedModules
from helpers.stage import NONE, PRIMARY, RELAY_OF_OTHER, SECONDARY_OF_WANTED, Stage
from helpers.state_directory import NODE_ID, STEPS, StateDirectory

FIRST, SECOND, THIRD = STEPS


def fenced(directory: StateDirectory) -> list[str]:
    """Return the hosts that are confirmed to be fenced."""
    held = directory.lock()
    assert held is not None
    found: list[str] = held["fenced"]
    return found


# The promotion


@pytest.mark.parametrize("start", [NONE, SECONDARY_OF_WANTED])
def test_a_node_is_made_primary_only_once_every_host_is_confirmed(
    stage: Stage, directory: StateDirectory, start: str
) -> None:
    stage.put(start)
    directory.begin(fence=["n3", "n4"])
    directory.confirm("n4")
    before = stage.snapshot()
    refused = stage.role("primary", operation=directory.option(epoch=2))
    assert refused["failed"] is True
    assert "The order beprimary was not given at" in refused["msg"]
    assert "n3 may still be primary" in refused["msg"]
    assert "n4" not in refused["msg"]
    assert "state: confirmed" in refused["msg"]
    assert (refused["outcome"], refused["changed"]) == ("failed", False)
    assert (refused["run_id"], refused["step"]) == ("a", FIRST)
    assert (refused["entry"], refused["transitions"], refused["times"]) == (None, [], [])
    assert stage.snapshot() == before
    assert directory.promotions() == []

    directory.confirm("n3")
    done = stage.role("primary", operation=directory.option(step=SECOND, epoch=2))
    assert done["outcome"] == "done"
    assert stage.own_view()["role"] == PRIMARY
    assert directory.promotions() == [done["entry"]]


def test_of_several_hosts_all_that_are_not_confirmed_are_named(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    directory.begin(fence=["n3", "n4", "n5"])
    refused = stage.role("primary", operation=directory.option())
    assert "n3 and n4 and n5 may still be primary" in refused["msg"]


def test_a_confirmation_on_another_node_does_not_count_here(stage: Stage) -> None:
    stage.put(NONE)
    here, elsewhere = stage.state_directory(), stage.state_directory()
    for directory in (here, elsewhere):
        directory.begin(fence=["n3"])
    elsewhere.confirm("n3")
    assert "n3 may still be primary" in stage.role("primary", operation=here.option())["msg"]
    assert stage.own_view()["role"] == NONE


def test_a_confirmation_that_comes_too_late_is_refused(directory: StateDirectory) -> None:
    directory.begin(fence=["n3"], lease=900)
    held = directory.lock()
    assert held is not None
    directory.change_lock(expires=clock.iso_text(clock.seconds_of(held["expires"]) - 130))
    late = directory.confirm("n3", within=120)
    assert late["failed"] is True
    assert "the fencing tasks have taken 13" in late["msg"]
    assert "nso_ha_hook_timeout is 120 s" in late["msg"]
    assert fenced(directory) == []
    directory.hold()
    assert directory.confirm("n3", within=120)["changed"] is True


def test_a_confirmation_of_an_earlier_run_does_not_count(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    directory.begin(fence=["n3"])
    directory.confirm("n3")
    directory.begin("b", replace=["a"], fence=["n3"])
    refused = stage.role("primary", operation=directory.option("b"))
    assert "n3 may still be primary" in refused["msg"]
    assert stage.own_view()["role"] == NONE


def test_a_confirmation_survives_the_renewal_of_the_lock(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(NONE)
    directory.begin(fence=["n3"])
    directory.confirm("n3")
    assert directory.begin(fence=["n3"])["lock"]["fenced"] == ["n3"]
    assert stage.role("primary", operation=directory.option())["outcome"] == "done"


@pytest.mark.parametrize("role", ["none", "secondary", "relay"])
def test_other_orders_need_nobody_fenced(
    stage: Stage, directory: StateDirectory, role: str
) -> None:
    stage.put(RELAY_OF_OTHER)
    directory.begin(fence=["n3"])
    assert stage.role(role, operation=directory.option())["outcome"] == "done"


def test_a_node_that_is_primary_already_needs_no_order_and_nobody_fenced(
    stage: Stage, directory: StateDirectory
) -> None:
    stage.put(PRIMARY)
    directory.begin(fence=["n3"])
    assert stage.role("primary", operation=directory.option())["changed"] is False


# Confirming


def test_four_steps_confirm_once(directory: StateDirectory) -> None:
    held = directory.begin(fence=["n3", "n4"])["lock"]
    before = directory.contents()
    foreseen = directory.confirm("n3", check=True)
    assert foreseen["changed"] is True
    assert foreseen["run_id"] == "a"
    assert foreseen["lock"]["fenced"] == []
    assert directory.contents() == before, "check mode wrote something"

    done = directory.confirm("n3")
    assert done["changed"] is True
    assert done["run_id"] == "a"
    assert done["lock"]["fenced"] == fenced(directory) == ["n3"]
    assert done["lock"]["fence"] == ["n3", "n4"]
    assert done["lock"]["expires"] > held["expires"]

    after = directory.contents()
    for check in (False, True):
        again = directory.confirm("n3", check=check)
        assert again["changed"] is False
        assert again["lock"] == done["lock"]
    assert directory.contents() == after


def nothing(_directory: StateDirectory) -> None:
    """Leave the lock as it is."""


def expire(directory: StateDirectory) -> None:
    directory.expire()


def end(directory: StateDirectory) -> None:
    directory.end()


def damage(directory: StateDirectory) -> None:
    directory.change_lock(fenced="n3")


REFUSED: dict[str, tuple[Callable[[StateDirectory], object], str, str, str]] = {
    "another run": (nothing, "b", "n3", "is not held here any more: owner of a has been running"),
    "expired": (expire, "a", "n3", "it expired at 2001-01-01"),
    "ended": (end, "a", "n3", "there is no lock"),
    "not to be fenced": (nothing, "a", "n1", "does not fence 'n1', but n3, n4"),
    "empty": (nothing, "a", "", "does not fence '', but n3, n4"),
    "damaged": (damage, "a", "n3", "lock.json is damaged: fenced is not a list of texts"),
}


@pytest.mark.parametrize("check", [False, True], ids=["do", "check"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_for_this_run_to_confirm_is_refused_and_nothing_is_written(
    directory: StateDirectory, name: str, check: bool
) -> None:
    prepare, run_id, host, words = REFUSED[name]
    directory.begin(fence=["n3", "n4"])
    prepare(directory)
    before = directory.contents()
    result = directory.confirm(host, run_id, check=check)
    assert result["failed"] is True
    assert words in result["msg"]
    assert result["msg"].startswith(f"That {host} is fenced cannot be confirmed: ")
    assert str(directory.path) in result["msg"]
    assert result["run_id"] == run_id
    assert not result.get("changed")
    assert (result["lock"] is None) == (name in ("ended", "damaged"))
    assert directory.contents() == before


def test_where_no_operation_has_begun_nothing_is_confirmed_or_created(
    directory: StateDirectory,
) -> None:
    for check in (True, False):
        result = directory.confirm("n3", check=check)
        assert "there is no lock" in result["msg"]
        assert result["lock"] is None
    assert not directory.path.exists()


def test_a_confirmation_has_to_name_the_host(
    directory: StateDirectory, forked: ForkedModules
) -> None:
    options: dict[str, Any] = {
        "state_dir": str(directory.path),
        "node_id": NODE_ID,
        "run_id": "a",
        "state": "confirmed",
    }
    result = forked.run("ncs_ha_operation", options)
    assert "state is confirmed but all of the following are missing: host" in result["msg"]


@pytest.mark.parametrize("name", ["steps", "fence"])
@pytest.mark.parametrize("value", [[""], ["x" * 1001], ["x"] * 1001])
def test_lists_that_a_lock_cannot_have_are_refused_by_name(
    directory: StateDirectory, name: str, value: list[str]
) -> None:
    lists: dict[str, Any] = {name: value}
    result = directory.begin(**lists)
    assert result["failed"] is True
    assert f"{name} has too many entries, or an entry that is empty or too long" in result["msg"]
    assert not directory.path.exists()


def test_a_lock_keeps_as_many_steps_and_hosts_as_it_may(directory: StateDirectory) -> None:
    names = [f"{number}".rjust(255, "x") for number in range(1000)]
    begun = directory.begin(steps=names, fence=names)
    assert begun["lock"]["steps"] == begun["lock"]["fence"] == names
    assert directory.confirm(names[-1])["lock"]["fenced"] == names[-1:]
    assert directory.begin(steps=names[1:])["struck"] == names[:1]
