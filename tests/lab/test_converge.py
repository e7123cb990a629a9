# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converge over SSH, and what it does and does not do while the network is cut."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import (
    ALL_MAY_GO,
    assert_done,
    assert_refused,
    assert_whole,
    order,
    roles,
    until_roles,
)
from helpers.load import CLEAN, VIOLATED, Load
from helpers.playbooks import Run, run_playbook
from ncs_lab.lab import Lab

CONVERGE = "nso.ha.converge"
WHOLE = {"n1": "primary", "n2": "secondary", "n3": "secondary"}


def converge(lab: Lab, *arguments: str, **variables: object) -> Run:
    return run_playbook(CONVERGE, lab.inventory, *arguments, variables=variables)


def assert_incomplete(run: Run, host: str) -> None:
    """The playbook could do nothing for a host, and says so."""
    assert run.status != 0, run.output
    assert run.report["outcome"] == "incomplete"
    assert run.node(host)["problem"]


def assert_cannot_be_reached(run: Run, host: str) -> None:
    assert_refused(run, f"{host}, which was last, does not answer", "nso.ha.failover")
    assert "does not answer: Ansible cannot reach it" in run.text
    assert run.node(host)["role"] is None, "nothing is assumed of it"
    assert not run.changed, "nothing is done on its behalf, and nobody takes its place"


def assert_repaired(lab: Lab, load: Load) -> None:
    """All is as wanted, and no write is lost."""
    load.until_acknowledged(10, by="n1")
    judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(lab.cluster)


def test_the_playbook_works_over_ssh_as_it_is(lab: Lab) -> None:
    checked = converge(lab, "--check", **ALL_MAY_GO)
    assert checked.status == 0, checked.output
    assert checked.report["outcome"] == "planned"
    assert set(roles(lab.cluster).values()) == {"none"}

    assert_done(converge(lab, **ALL_MAY_GO))
    assert_whole(lab.cluster)

    again = converge(lab)
    assert_done(again)
    assert not again.changed

    checked = converge(lab, "--check")
    assert checked.status == 0, checked.output
    assert not checked.changed


def test_a_primary_cut_off_from_everybody_is_left_alone_and_its_secondaries_come_back(
    whole: Lab, load: Load
) -> None:
    whole.cut("n1")
    # It goes on without its secondaries, and they without it.
    until_roles(whole.cluster, n1="primary", n2="none", n3="none")
    load.until_acknowledged(10, by="n1")
    assert_cannot_be_reached(converge(whole), "n1")
    assert roles(whole.cluster) == {"n1": "primary", "n2": "none", "n3": "none"}

    whole.heal()
    repaired = converge(whole)
    assert_done(repaired)
    assert repaired.changed == {"n2", "n3"}
    assert_repaired(whole, load)


def test_a_primary_that_only_the_operator_does_not_reach_stays_the_only_one(
    whole: Lab, load: Load
) -> None:
    whole.cut("operator", "n1")
    assert_cannot_be_reached(converge(whole), "n1")
    assert roles(whole.cluster) == WHOLE
    load.until_acknowledged(10, by="n1")

    whole.heal()
    healed = converge(whole)
    assert_done(healed)
    assert not healed.changed
    assert_repaired(whole, load)


def test_a_link_between_primary_and_secondary_that_is_cut_is_reported_and_then_repaired(
    whole: Lab, load: Load
) -> None:
    whole.cut("n1", "n3")
    until_roles(whole.cluster, n1="primary", n2="secondary", n3="none")
    tried = converge(whole)
    assert_incomplete(tried, "n3")
    assert not tried.node("n1")["problem"]
    assert "HA_CONNECT" in tried.text
    assert roles(whole.cluster) == {"n1": "primary", "n2": "secondary", "n3": "none"}
    load.until_acknowledged(10, by="n1")

    whole.heal("n1", "n3")
    repaired = converge(whole)
    assert_done(repaired)
    assert repaired.changed == {"n3"}
    assert_repaired(whole, load)


def test_a_second_primary_made_by_hand_during_a_cut_is_found_in_the_history(
    whole: Lab, tmp_path: Path
) -> None:
    # The data of the two will never agree, so there is nothing to wait for.
    with Load(whole.directory, tmp_path / "history", settle=0) as load:
        whole.cut("n1", "n2", "n3")
        until_roles(whole.cluster, n1="primary", n2="none", n3="none")
        order(whole.cluster, "n2", "primary")
        load.until_acknowledged(5, by="n1")
        load.until_acknowledged(5, by="n2")
        judged = load.finish()
    assert judged.status == VIOLATED, judged.text
    assert sorted(judged.verdict["two_primaries"][0]["nodes"]) == ["n1", "n2"]
