# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with tasks of the user's own that keep a journal of when they ran, and of what they knew.

hooks = Hooks(tmp_path)
run_playbook("nso.ha.switchover", inventory, variables=hooks.given("withdraw", "announce"))
assert hooks.ran() == ["withdraw n1", "announce n2"]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

#: What every such file ends with.
CONFIRM: Mapping[str, Any] = {
    "name": "Confirm it",
    "nso.ha.ncs_ha_operation": {"state": "confirmed", "host": "{{ nso_ha_hook.host }}"},
}
#: A task that fails.
FAILS: Mapping[str, Any] = {
    "name": "Tell the load balancer",
    "ansible.builtin.command": {"argv": ["sh", "-c", "echo out of order >&2; false"]},
}
#: A confirmation that is never reached.
SKIPPED: Mapping[str, Any] = {**CONFIRM, "when": False}


class Hooks:
    """The files in a directory, and their journal."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._journal = directory / "journal"

    @property
    def writes(self) -> dict[str, Any]:
        """A task that writes into the journal."""
        line = 'echo "$(date +%s.%N) $0" >> "$1"'
        known = "{{ nso_ha_hook | combine({'on': inventory_hostname}) | to_json }}"
        return {
            "name": "Write it down",
            "ansible.builtin.command": {"argv": ["sh", "-c", line, known, str(self._journal)]},
            "changed_when": True,
        }

    def file(self, event: str, *tasks: Mapping[str, Any]) -> dict[str, str]:
        """Write a file with these tasks after the journal; return the variable that names it."""
        path = self._directory / f"{event}.yml"
        path.write_text(yaml.safe_dump([self.writes, *map(dict, tasks or (CONFIRM,))]))
        return {f"nso_ha_{event}_tasks": str(path)}

    def given(self, *events: str) -> dict[str, str]:
        """Write files that do what they are for; return the variables that name them."""
        return {name: path for event in events for name, path in self.file(event).items()}

    def entries(self) -> list[tuple[float, dict[str, Any]]]:
        """The entries of the journal: when, and what the tasks knew."""
        lines = self._journal.read_text().splitlines() if self._journal.exists() else []
        return [
            (float(when), json.loads(known)) for when, known in (x.split(" ", 1) for x in lines)
        ]

    def ran(self) -> list[str]:
        """What has run since this was asked last: each an event and a host."""
        entries = [known for _when, known in self.entries()]
        self._journal.unlink(missing_ok=True)
        assert all(known["on"] == known["host"] for known in entries)
        return [f"{known['event']} {known['host']}" for known in entries]
