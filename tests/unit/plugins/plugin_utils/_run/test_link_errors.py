# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An error of a link says between which nodes, at which address and port, from which variable."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error
from ansible_collections.nso.ha.plugins.plugin_utils._plan import plan as plans
from ansible_collections.nso.ha.plugins.plugin_utils._run import link_errors
from ansible_collections.nso.ha.plugins.plugin_utils._run.link_errors import link_failure
from ansible_collections.nso.ha.plugins.plugin_utils._run.progress import after_wave
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import (
    REHEARSAL,
    STEP,
)
from helpers.cases import N1, N2, Result, decision, results, said, step

NOTHING = results({})


def refused(name: str) -> Result:
    return said("secondaries", msg="The order failed.", error={"name": name})


def test_a_node_that_cannot_reach_another_says_at_which_address_and_where_it_is_from() -> None:
    sentence = link_failure(N2, N1, refused("HA_CONNECT"), NOTHING)
    assert sentence == "cannot reach n1 at 10.0.0.1:4570 (nso_ha_node_ip of n1)."


def test_the_address_is_shown_as_it_is_dialled() -> None:
    other = replace(N1, address="2001:db8::1", ha_port="5000", address_from="ansible_host")
    sentence = link_failure(N2, other, refused("HA_CONNECT"), NOTHING)
    assert sentence == "cannot reach n1 at [2001:db8::1]:5000 (ansible_host of n1)."
    named = replace(N1, address="one.example")
    rehearsed = results({REHEARSAL: {"n2": said("rehearse", dialled={"addresses": ["10.0.9.1"]})}})
    sentence = link_failure(N2, named, refused("HA_CONNECT"), rehearsed)
    assert sentence == (
        "cannot reach n1 at one.example:4570 (nso_ha_node_ip of n1, which is 10.0.9.1 there)."
    )


@pytest.mark.parametrize("name", sorted(link_errors._SAYS))
def test_every_error_of_a_link_names_the_other_node_its_address_and_the_variable(name: str) -> None:
    assert name in {code.name for code in error.CODES.values()}
    sentence = link_failure(N2, N1, refused(name), NOTHING)
    assert "10.0.0.1:4570 (nso_ha_node_ip of n1)" in sentence
    assert "{" not in sentence


def test_other_errors_are_about_no_link() -> None:
    assert link_failure(N2, N1, refused("TIMEOUT"), NOTHING) == ""
    assert link_failure(N2, N1, said(msg="cut off"), NOTHING) == ""
    assert link_failure(N2, None, refused("HA_CONNECT"), NOTHING) == ""
    assert "HA port 4570" in link_failure(N2, None, refused("HA_BIND"), NOTHING)


def test_the_failed_step_says_it_before_what_the_module_says() -> None:
    following = plans.wave(
        plans.SECONDARIES, (step("n3", "besecondary", role="secondary", upstream="n2", name="s"),)
    )
    result = {**refused("HA_CONNECT"), "step": "s", "outcome": "failed"}
    told = results({STEP: {"n3": result}})
    judged = after_wave(decision(following), following, told, now=1)
    (verdict,) = judged.not_passed
    assert verdict.host == "n3"
    assert verdict.reason == (
        "cannot reach n2 at 10.0.0.2:4570 (nso_ha_node_ip of n2). The order failed."
    )
