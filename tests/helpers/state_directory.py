# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory of a node, as files: read and written without the code under test."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from helpers.forked import ForkedModules

NODE_ID = "subject"

#: The steps that a lock lists if a test does not say which; each can be taken once.
STEPS = ("first", "second", "third")


class StateDirectory:
    """A directory that does not exist yet."""

    def __init__(self, path: Path, modules: ForkedModules) -> None:
        self.path = path
        self._modules = modules

    # ncs_ha_operation on it

    def begin(self, run_id: str = "a", *, check: bool = False, **more: Any) -> dict[str, Any]:
        """Take the lock."""
        options = {
            "state": "begun",
            "run_id": run_id,
            "name": "switchover",
            "owner": f"owner of {run_id}",
            "steps": list(STEPS),
        }
        return self._operate({**options, **more}, check)

    def hold(self, run_id: str = "a", *, check: bool = False, **more: Any) -> dict[str, Any]:
        """Prove that the lock is held, and renew it."""
        return self._operate({"state": "held", "run_id": run_id, **more}, check)

    def confirm(
        self, host: str, run_id: str = "a", *, check: bool = False, **more: Any
    ) -> dict[str, Any]:
        """Confirm that a host is fenced."""
        return self._operate({"state": "confirmed", "run_id": run_id, "host": host, **more}, check)

    def end(self, run_id: str = "a", *, check: bool = False, **more: Any) -> dict[str, Any]:
        """Give the lock back."""
        return self._operate({"state": "ended", "run_id": run_id, **more}, check)

    def _operate(self, options: dict[str, Any], check: bool) -> dict[str, Any]:
        own = {"state_dir": str(self.path), "node_id": NODE_ID}
        return self._modules.run("ncs_ha_operation", {**own, **options}, check=check)

    def option(self, run_id: str = "a", step: str = STEPS[0], **more: Any) -> dict[str, Any]:
        """Return the option `operation` for the orders of a step of this operation."""
        return {"state_dir": str(self.path), "run_id": run_id, "step": step, **more}

    # What is in it

    def names(self) -> set[str]:
        """Return the names of all files but the mutex."""
        if not self.path.exists():
            return set()
        return {one.name for one in self.path.iterdir()} - {".mutex"}

    def contents(self) -> dict[str, bytes]:
        """Return all files but the mutex, to compare."""
        return {name: (self.path / name).read_bytes() for name in sorted(self.names())}

    def lock(self) -> dict[str, Any] | None:
        """Return the lock."""
        return self._object("lock.json")

    def mark(self) -> dict[str, Any] | None:
        """Return the mark of a read-only daemon."""
        return self._object("read_only.json")

    def _object(self, name: str) -> dict[str, Any] | None:
        path = self.path / name
        if not path.exists():
            return None
        return _of_today(path.read_text())

    def change_lock(self, **changes: Any) -> None:
        """Write something else into the lock."""
        changed = {"format": 1, **(self.lock() or {}), **changes}
        (self.path / "lock.json").write_text(json.dumps(changed))

    def expire(self) -> None:
        """Let the lock be over for a long time."""
        self.change_lock(expires="2001-01-01T00:00:00.000000Z")

    def promotions(self) -> list[dict[str, Any]]:
        """Return the promotion history, having checked the sum of each line."""
        entries = self._lines("promotions.jsonl")
        for entry in entries:
            total = entry.pop("sum")
            numbered = {**entry, "format": 1}
            canonical = json.dumps(numbered, sort_keys=True, separators=(",", ":"))
            assert hashlib.sha256(canonical.encode()).hexdigest() == total
        return entries

    def operations(self) -> list[dict[str, Any]]:
        """Return the log."""
        return self._lines("operations.jsonl")

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self.path / name
        text = path.read_text() if path.exists() else ""
        return [_of_today(line) for line in text.splitlines()]


def _of_today(text: str) -> dict[str, Any]:
    """Return an object of today's format, without the number of that."""
    value: dict[str, Any] = json.loads(text)
    assert value.pop("format") == 1
    return value


def entry(epoch: int, **more: Any) -> dict[str, Any]:
    """Return an entry of the promotion history."""
    return {
        "epoch": epoch,
        "primary": "n1",
        "txid": {"primary_id": "n3", "timestamp": [1764, 28000, epoch]},
        "start": [1764, 28800, epoch],
        "at": "2025-11-25T00:00:00.000000Z",
        "operation": "failover",
        "run_id": "earlier",
        **more,
    }
