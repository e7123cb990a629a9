# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A consent is for the data that a node has, and is pasted from the message that asks for it."""

from __future__ import annotations

import re

import pytest
from helpers.clusters import assert_done, assert_refused, assert_whole
from helpers.playbooks import Run, run_playbook
from ncs_sim.cluster import Cluster

CONVERGE = "nso.ha.converge"


def asked(run: Run) -> str:
    """Return the consent that a run asks for, as somebody pastes it, the full stop included."""
    pasted = set(re.findall(r"-e (nso_ha_allow_overwrite=\S+)", run.text))
    (consent,) = {text.rstrip(".") for text in pasted}
    assert f"-e {consent}" in run.report["message"].split(": ansible-playbook ")[1]
    return f"{consent}."


@pytest.mark.main
def test_a_consent_holds_for_the_transaction_that_it_names_and_for_no_later_one(
    pair: Cluster,
) -> None:
    first = asked(run_playbook(CONVERGE, pair.inventory))
    assert first.startswith("nso_ha_allow_overwrite=n2@-/")
    pair.node("n2").write("late", "value")

    stale = run_playbook(CONVERGE, pair.inventory, "-e", first)
    assert_refused(stale, "(overwrite failed) n2", "does not hold: n2 is at")
    assert pair.node("n2").read("late") == "value"

    second = asked(stale)
    assert second != first
    assert_done(run_playbook(CONVERGE, pair.inventory, "-e", second))
    assert_whole(pair)


def test_consent_for_everything_is_refused_and_the_message_says_what_to_give(
    pair: Cluster,
) -> None:
    for name in ("nso_ha_allow_overwrite", "nso_ha_allow_data_loss", "nso_ha_allow_orphans"):
        refused = run_playbook(CONVERGE, pair.inventory, "-e", f"{name}=true")
        assert_refused(refused, f"{name} is true, which does not say what it is for. Give the")
