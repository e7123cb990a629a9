# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster whose nodes have different Pythons."""

from __future__ import annotations

import pytest
from ansible_test._util.target.common import constants
from helpers import pythons
from helpers.clusters import ALL_MAY_GO, assert_done, assert_whole
from helpers.playbooks import edit, run_playbook
from helpers.simulated import Simulation

#: What this ansible-core supports on targets, as its own test tool knows.
SUPPORTED = (*constants.REMOTE_ONLY_PYTHON_VERSIONS, *constants.CONTROLLER_PYTHON_VERSIONS)


@pytest.mark.every_core
def test_targets_of_every_python_make_one_cluster(simulation: Simulation) -> None:
    found = [
        python
        for version in pythons.VERSIONS
        if version in SUPPORTED
        if (python := pythons.find(version))
    ]
    if len(found) < 2:
        pytest.skip("fewer than two Pythons that targets may have")
    cluster = simulation.cluster(len(found))
    interpreters = {
        name: {"ansible_python_interpreter": str(python)}
        for name, python in zip(cluster.status(), found, strict=True)
    }
    inventory = edit(cluster.inventory, interpreters)

    assert_done(run_playbook("nso.ha.converge", inventory, variables=ALL_MAY_GO))
    assert_whole(cluster)
    again = run_playbook("nso.ha.converge", inventory)
    assert_done(again)
    assert not again.changed
