# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State directories that a run must not rely on, and runs that cannot write into one at the end."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path

from ansible_collections.nso.ha.plugins.module_utils._store import clock
from helpers.clusters import assert_done, assert_refused, assert_whole, order, roles
from helpers.modules import run_module
from helpers.playbooks import edit, python_that_runs, run_playbook
from helpers.state_on_nodes import give_history, lock, operations, state_files
from ncs_sim.cluster import Cluster

CONVERGE = "nso.ha.converge"
STATUS = "nso.ha.status"


def state(cluster: Cluster, name: str) -> Path:
    """Return the state directory of a node."""
    return cluster.node(name).directory / "state"


def test_what_a_newer_release_wrote_is_refused_with_both_versions_and_left_as_it_is(
    duo: Cluster,
) -> None:
    give_history(duo, "n1")
    order(duo, "n2", "none")
    path = state(duo, "n2") / "promotions.jsonl"
    path.write_bytes(path.read_bytes() + b'{"format":2,"epochs":{}}\n')
    before = state_files(duo, "n2")
    refused = run_playbook(CONVERGE, duo.inventory)
    words = "line 2: it has format 2, and the newest format that this collection reads is 1"
    assert_refused(refused, "(state_directory failed) n2: ", words, "Upgrade nso.ha on the")
    assert not refused.changed
    looked = run_playbook(STATUS, duo.inventory)
    assert words in looked.text
    assert [node["role"] for node in looked.report["nodes"]] == ["primary", "none"]
    assert state_files(duo, "n2") == before


def test_what_could_not_be_logged_or_given_back_is_on_the_screen_and_in_the_report(
    duo: Cluster, tmp_path: Path
) -> None:
    give_history(duo, "n1")
    order(duo, "n2", "none")
    mutex = shlex.quote(str(state(duo, "n2") / ".mutex"))
    # When the order has been given, nothing more can be written there.
    python = python_that_runs(f"rm {mutex}; mkdir {mutex}", "ncs_ha_role", 1, tmp_path)
    run = run_playbook(CONVERGE, edit(duo.inventory, {"n2": python}))
    assert_done(run)
    held = lock(duo, "n2")
    (warning,) = run.report["warnings"]
    assert warning.startswith("n2: The operation did not end as it should: cannot open ")
    assert warning.endswith(
        f"Its lock stays and refuses other operations until it expires at {held['expires']}; "
        f"nso_ha_break_lock={run.report['run_id']} breaks it"
    )
    assert "Warning: n2: The operation did not end as it should" in run.text
    assert operations(duo, "n1")[-1] == ("converge", "done")
    assert not operations(duo, "n2")
    assert not lock(duo, "n1")


def test_a_directory_that_every_user_can_write_is_refused_until_that_is_changed(
    duo: Cluster,
) -> None:
    give_history(duo, "n1")
    order(duo, "n2", "none")
    state(duo, "n2").chmod(0o777)
    refused = run_playbook(CONVERGE, duo.inventory)
    assert_refused(refused, "(state_directory failed) n2: every user of the host can write to")
    assert roles(duo) == {"n1": "primary", "n2": "none"}
    state(duo, "n2").chmod(0o700)
    assert_done(run_playbook(CONVERGE, duo.inventory))
    assert_whole(duo)


def test_a_lock_from_before_a_clock_was_set_back_is_doubted_and_can_be_broken(
    duo: Cluster,
) -> None:
    give_history(duo, "n1")
    order(duo, "n2", "none")
    begun = {
        "state": "begun",
        "state_dir": str(state(duo, "n2")),
        "node_id": "n2",
        "run_id": "theirs",
        "name": "failover",
        "owner": "somebody@elsewhere",
        "process": {"host": "elsewhere", "boot": "b", "namespace": "n", "pid": 1, "began": "1"},
    }
    assert run_module("ncs_ha_operation", begun)["changed"]
    path = state(duo, "n2") / "lock.json"
    ahead = clock.iso_text(time.time() + 10 * 24 * 3600)
    path.write_text(json.dumps({**json.loads(path.read_text()), "expires": ahead}))
    words = ("The times of that lock are in doubt", "nso_ha_break_lock=theirs breaks its lock")
    looked = run_playbook(STATUS, duo.inventory)
    assert all(word in looked.text for word in words), looked.output
    assert_refused(run_playbook(CONVERGE, duo.inventory), *words)
    assert lock(duo, "n2")["run_id"] == "theirs"
    broken = run_playbook(CONVERGE, duo.inventory, variables={"nso_ha_break_lock": "theirs"})
    assert_done(broken)
    assert_whole(duo)
