# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where token and access file come from: a variable, else the environment of the controller."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from helpers.modules import ROOT
from helpers.playbooks import unsettled

ROLE = ROOT / "roles" / "cluster"
PROGRAM = Path(sys.executable).with_name("ansible-playbook")


@pytest.mark.parametrize(
    ("given", "environment", "token", "access_file"),
    [
        ({}, {}, "", ""),
        ({}, {"NSO_HA_TOKEN": "plain"}, "plain", ""),
        ({}, {"NSO_HA_TOKEN": "plain", "NSO_HA_TOKEN_FILE": "there"}, "in the file", ""),
        ({}, {"NSO_HA_TOKEN_FILE": "~/there"}, "in the file", ""),
        ({"nso_ha_token": "given"}, {"NSO_HA_TOKEN_FILE": "there"}, "given", ""),
        # The file is not even looked for then.
        ({"nso_ha_token": "given"}, {"NSO_HA_TOKEN_FILE": "/nowhere"}, "given", ""),
        ({"nso_ha_token": ""}, {"NSO_HA_TOKEN": "plain"}, "plain", ""),
        ({}, {"NSO_HA_ACCESS_FILE": "/a"}, "", "/a"),
        ({"nso_ha_access_file": "/b"}, {"NSO_HA_ACCESS_FILE": "/a"}, "", "/b"),
    ],
)
def test_what_is_given_wins_over_the_file_and_the_file_over_the_environment(
    tmp_path: Path,
    given: dict[str, str],
    environment: dict[str, str],
    token: str,
    access_file: str,
) -> None:
    (tmp_path / "there").write_text("in the file\n")
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(ROLE / "defaults" / "main.yml"), str(ROLE / "vars" / "main.yml")],
        "tasks": [
            {
                "ansible.builtin.assert": {
                    "that": [
                        f"__nso_ha_token == {json.dumps(token)}",
                        f"__nso_ha_access_file == {json.dumps(access_file)}",
                    ]
                }
            }
        ],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    finished = subprocess.run(
        [PROGRAM, "play.yml", "-e", json.dumps(given)],
        cwd=tmp_path,
        env={
            **unsettled(),
            **environment,
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
