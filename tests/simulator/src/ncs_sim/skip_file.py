# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes that a load leaves out for now: names in a file that others change meanwhile."""

from __future__ import annotations

from pathlib import Path


class SkipFile:
    """One name a line. It is read anew each time; if it is missing, no node is left out."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def reason(self, node: str) -> str:
        """Say why nothing may be written to this node now; empty if it may."""
        if self._path is None:
            return ""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            # A write to a node that was to be left out would prove the wrong thing.
            return f"cannot read {self._path}: {error}"
        return f"left out by {self._path}" if node in map(str.strip, lines) else ""
