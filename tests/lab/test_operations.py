# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations over SSH while the network is cut: faults 3, 4 and 10."""

from __future__ import annotations

from helpers.clusters import assert_done, assert_refused, assert_whole, roles, until_roles
from helpers.load import CLEAN, Load
from helpers.playbooks import Run, run_playbook
from ncs_lab.lab import Lab

WHOLE = {"n1": "primary", "n2": "secondary", "n3": "secondary"}


def play(lab: Lab, operation: str, *arguments: str, **variables: object) -> Run:
    return run_playbook(f"nso.ha.{operation}", lab.inventory, *arguments, variables=variables)


def cut_off_and_fail_over(lab: Lab, load: Load) -> None:
    """Cut n1 off from everybody, clients too, and make n2 primary."""
    load.leave_out("n1")
    lab.cut("n1")
    until_roles(lab.cluster, n1="primary", n2="none", n3="none")

    refused = play(lab, "failover")
    assert_refused(refused, "(fenced failed)", "n1 was the primary", "nso_ha_fence_tasks")
    checked = play(lab, "failover", "--check", nso_ha_override="fenced")
    assert checked.status == 0, checked.output
    assert not checked.report["changed"]
    assert roles(lab.cluster) == {"n1": "primary", "n2": "none", "n3": "none"}

    done = play(lab, "failover", nso_ha_override="fenced")
    assert done.status == 0, done.output
    assert done.report["outcome"] == "done"
    assert done.node("n1")["role"] is None, "nothing is assumed of it"
    assert "Ansible cannot reach it" in done.node("n1")["problem"]
    assert done.changed == {"n2", "n3"}
    until_roles(lab.cluster, n1="primary", n2="primary", n3="secondary")
    load.until_acknowledged(10, by="n2")

    again = play(lab, "failover")
    assert again.status == 0, again.output
    assert not again.changed


def test_a_primary_cut_off_from_everybody_is_replaced_and_loses_nothing_when_it_comes_back(
    whole: Lab, load: Load
) -> None:
    cut_off_and_fail_over(whole, load)
    # Somebody beside it, whom nobody else can reach either, goes on writing.
    whole.cluster.node("n1").write("only on n1", "precious")

    whole.heal()
    status = play(whole, "status")
    assert "n1 and n2 are primary at the same time" in status.text
    assert_refused(play(whole, "converge"), "n1 and n2 are primary at the same time")

    kept = play(whole, "rejoin")
    assert kept.status != 0, kept.output
    assert kept.report["outcome"] == "incomplete"
    for words in ("(n1) has transactions", "nobody else has them", "nso_ha_allow_overwrite"):
        assert words in kept.text
    # It is primary no longer, and has what it had.
    until_roles(whole.cluster, n1="none", n2="primary", n3="secondary")
    assert whole.cluster.node("n1").read("only on n1") == "precious"

    assert_done(play(whole, "rejoin", nso_ha_allow_overwrite="n1"))
    assert whole.cluster.node("n1").read("only on n1") is None
    judged = load.finish()
    assert judged.status == CLEAN, judged.text
    assert_whole(whole.cluster, "n2")


def test_nobody_takes_the_place_of_a_primary_that_only_the_operator_does_not_reach(
    whole: Lab, load: Load
) -> None:
    whole.cut("operator", "n1")
    refused = play(whole, "failover")
    assert_refused(refused, "(still_seen failed)", "n2 is connected to n1", "n3 is connected to n1")
    assert_refused(play(whole, "plan", nso_ha_operation="failover"), "n2 is connected to n1")
    assert_refused(play(whole, "switchover"), "n1")
    assert roles(whole.cluster) == WHOLE
    load.until_acknowledged(10, by="n1")

    whole.heal()
    healed = play(whole, "failover")
    assert_done(healed)
    assert not healed.changed
    assert load.finish().status == CLEAN
    assert_whole(whole.cluster)
