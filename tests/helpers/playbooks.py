# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the collection's playbooks as a person does, and reading what they print."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.modules import ROOT

_BIN = Path(sys.executable).parent
_HEADER = re.compile(r"^TASK \[(?:nso\.ha\.cluster : )?(.*)\] \**$")
_RESULT = re.compile(r"^(ok|changed|fatal|failed): \[([^\]]+)\]")
_RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$")

#: Tasks that are a call of one of the collection's modules on a node.
MODULE_TASKS = (
    "Look at every node",
    "Wait for start phase 1",
    "Rehearse",
    "Wave ",
    "Look once more",
    "Verify",
)


@dataclass(frozen=True)
class Run:
    """A playbook that has ended."""

    status: int
    output: str

    @property
    def report(self) -> dict[str, Any]:
        """The report that the role hands on as data."""
        found = re.search(r"^\tRUN: (\{.*\})$", self.output, re.MULTILINE)
        assert found, f"no report in:\n{self.output}"
        report: dict[str, Any] = json.loads(found.group(1))["nso_ha_report"]
        return report

    @property
    def text(self) -> str:
        """The table and notes of the report, without the line breaks."""
        return " ".join(line.strip() for line in self.report["table"])

    def node(self, host: str) -> dict[str, Any]:
        """What the report says of one node."""
        found: dict[str, Any] = next(one for one in self.report["nodes"] if one["host"] == host)
        return found

    @property
    def changed(self) -> set[str]:
        """The hosts on which the recap counts a change."""
        found = [_RECAP.match(line) for line in self.output.splitlines()]
        return {one.group(1) for one in found if one and "changed=0" not in one.group(2)}

    def results(self) -> list[tuple[str, str, str]]:
        """Every result: name of the task, ok, changed, failed or fatal, and the host."""
        task, found = "", []
        for line in self.output.splitlines():
            header, result = _HEADER.match(line), _RESULT.match(line)
            if header:
                task = header.group(1)
            elif result:
                found.append((task, result.group(1), result.group(2)))
        return found

    def module_calls(self, host: str) -> list[str]:
        """The tasks that called a module of the collection on a host."""
        return [
            task
            for task, _result, where in self.results()
            if where == host and task.startswith(MODULE_TASKS)
        ]


def run_playbook(
    playbook: str | Path,
    inventory: Path,
    *arguments: str,
    variables: Mapping[str, Any] | None = None,
    log: Path | None = None,
    seconds: float = 100,
    home: Path = ROOT,
) -> Run:
    """Run a playbook in a directory with an ansible.cfg. No token of the inventory may be printed.

    `log` is a file that gets the output while the playbook runs.
    """
    extra = ["--extra-vars", json.dumps(variables)] if variables else []
    finished = subprocess.run(
        [str(_BIN / "ansible-playbook"), "-i", str(inventory), str(playbook), *arguments, *extra],
        cwd=home,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
            "ANSIBLE_SHOW_CUSTOM_STATS": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_NOCOLOR": "1",
            **({"ANSIBLE_LOG_PATH": str(log)} if log else {}),
            "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    run = Run(finished.returncode, finished.stdout + finished.stderr)
    assert token_of(inventory) not in run.output, "the token was printed"
    assert "Traceback" not in run.output, run.output
    return run


def token_of(inventory: Path) -> str:
    """Return the token that an inventory has for its group."""
    token: str = yaml.safe_load(inventory.read_text())["nso"]["vars"]["nso_ha_token"]
    return token


def edit(inventory: Path, changes: Mapping[str, Mapping[str, Any] | None]) -> Path:
    """Write another inventory beside this one, with host variables changed.

    None instead of a value removes the variable, None instead of variables the host.
    """
    content = yaml.safe_load(inventory.read_text())
    for host, variables in changes.items():
        if variables is None:
            del content["nso"]["hosts"][host]
            continue
        for name, value in variables.items():
            if value is None:
                content["nso"]["hosts"][host].pop(name, None)
            else:
                content["nso"]["hosts"][host][name] = value
    other = inventory.with_name(f"edited-{len(list(inventory.parent.glob('edited-*')))}.yml")
    other.write_text(yaml.safe_dump(content))
    return other
