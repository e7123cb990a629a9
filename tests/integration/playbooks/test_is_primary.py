# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role nso.ha.is_primary puts a program on each host that says the truth about its node."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from helpers.playbooks import run_playbook
from ncs_sim.cluster import Cluster


@pytest.mark.main
@pytest.mark.every_core
def test_the_program_is_installed_once_and_check_mode_installs_nothing(
    duo: Cluster, tmp_path: Path
) -> None:
    play = {
        "hosts": "nso",
        "gather_facts": False,
        "roles": ["nso.ha.is_primary"],
        "vars": {
            "nso_ha_is_primary_path": f"{tmp_path}/{{{{ inventory_hostname }}}}",
            "nso_ha_is_primary_python": sys.executable,
        },
    }
    playbook = tmp_path / "install.yml"
    playbook.write_text(yaml.safe_dump([play]))

    checked = run_playbook(playbook, duo.inventory, "--check", "--diff")
    assert checked.status == 0, checked.output
    assert checked.changed == {"n1", "n2"}
    assert not (tmp_path / "n1").exists()

    for changed in ({"n1", "n2"}, set()):
        installed = run_playbook(playbook, duo.inventory)
        assert installed.status == 0, installed.output
        assert installed.changed == changed

    for name, status in (("n1", 0), ("n2", 1)):
        node = duo.node(name)
        where = ["--ip", node.ipc_address, "--port", str(node.ipc_port), "--timeout", "10"]
        ended = subprocess.run([str(tmp_path / name), *where], timeout=60, check=False)
        assert ended.returncode == status
