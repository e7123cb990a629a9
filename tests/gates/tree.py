# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the collection at the path that Ansible's own tools insist on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files() -> list[Path]:
    """Return the files of the checkout that belong to the project, relative to its root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = (Path(name) for name in listed.split("\0") if name)
    # A file that was removed and not yet committed is still listed.
    return sorted(path for path in found if (ROOT / path).is_file())


def lay_out(directory: Path) -> Path:
    """Copy the project to ansible_collections/nso/ha below `directory`; return that path."""
    copy = directory / "ansible_collections" / "nso" / "ha"
    for path in files():
        target = copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target)
    return copy
