# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The read-only mode of an administrator is told from that of a run, and outlives every run."""

from __future__ import annotations

import json

import pytest
from helpers.clusters import (
    assert_done,
    assert_led_by,
    assert_nothing_to_do,
    assert_refused,
    order,
    roles,
)
from helpers.playbooks import run_playbook
from helpers.simulated import Simulation
from helpers.state_on_nodes import state_files
from ncs_sim.cluster import Cluster
from ncs_sim.raw_client import RawClient

SWITCHOVER, REJOIN, STATUS = "nso.ha.switchover", "nso.ha.rejoin", "nso.ha.status"
#: The request of a MAAPI socket that sets and lifts the mode.
SET_READ_ONLY = 229


def duo_of_67(simulation: Simulation) -> Cluster:
    duo = simulation.cluster(2, release="6.7")
    order(duo, "n1", "primary")
    order(duo, "n2", "secondary", "n1")
    return duo


def close(cluster: Cluster, *names: str) -> None:
    """Put nodes into read-only mode, as an administrator does."""
    for name in names:
        with RawClient.maapi(cluster.node(name)) as client:
            client.operation(SET_READ_ONLY, 1)


def read_only(cluster: Cluster) -> set[str]:
    return {name for name, node in cluster.status().items() if node["readonly"]}


@pytest.mark.main
def test_it_is_on_after_a_switchover_as_before_and_one_that_would_end_it_is_refused(
    simulation: Simulation,
) -> None:
    duo = duo_of_67(simulation)
    close(duo, "n1")
    refused = run_playbook(SWITCHOVER, duo.inventory)
    assert_refused(
        refused,
        "(read_only failed)",
        "an administrator put n1 into read-only mode, and n2 is not in it",
        "ansible n2 -m nso.ha.ncs_ha_read_only -a read_only=true",
    )
    assert read_only(duo) == {"n1"}

    close(duo, "n2")
    done = run_playbook(SWITCHOVER, duo.inventory)
    assert_done(done)
    assert roles(duo) == {"n1": "secondary", "n2": "primary"}
    assert read_only(duo) == {"n1", "n2"}
    assert not any("read_only.json" in state_files(duo, name) for name in ("n1", "n2"))
    assert done.node("n1")["done"] == "benone besecondary"
    assert "n1 and n2 are read-only (administrator)." in done.text


def test_what_a_run_has_left_in_that_mode_is_lifted_and_an_administrators_is_not(
    simulation: Simulation,
) -> None:
    duo = duo_of_67(simulation)
    # A run has put n1 into it and was killed, and an administrator n2.
    close(duo, "n1", "n2")
    mark = {"format": 1, "run_id": "killed", "operation": "switchover", "at": "then"}
    state = duo.node("n1").directory / "state"
    state.mkdir(mode=0o700)
    (state / "read_only.json").write_text(json.dumps(mark))
    status = run_playbook(STATUS, duo.inventory)
    assert "A switchover broke off (run killed)." in status.text
    assert "n2 is read-only (administrator)." in status.text

    assert_done(run_playbook(REJOIN, duo.inventory))
    assert read_only(duo) == {"n2"}
    assert "read_only.json" not in state_files(duo, "n1")
    assert_nothing_to_do(run_playbook(REJOIN, duo.inventory))

    # An operator who overrides the check lets the next primary take writes.
    with RawClient.maapi(duo.node("n2")) as client:
        client.operation(SET_READ_ONLY, 0)
    close(duo, "n1")
    override = {"nso_ha_override": "read_only"}
    done = run_playbook(SWITCHOVER, duo.inventory, variables=override)
    assert_done(done)
    assert read_only(duo) == {"n1"}
    assert "n1 is read-only (administrator)." in done.text
    assert "n2, the new primary, takes writes." in done.text
    with RawClient.maapi(duo.node("n1")) as client:
        client.operation(SET_READ_ONLY, 0)
    assert_led_by(duo, "n2")
