# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pythons of this machine, by version."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

#: All that the collection supports on targets.
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")


@functools.cache
def find(version: str) -> Path | None:
    """Return a Python of this version ("3.12"), on the PATH or under pyenv, or None."""
    on_path = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    below = sorted((pyenv / "versions").glob(f"{version}.*/bin/python{version}"))
    for candidate in [*([Path(on_path)] if on_path else []), *reversed(below)]:
        if _version(candidate) == version:
            return candidate
    return None


def _version(python: Path) -> str:
    """Return the version that an interpreter says it has; a shim of pyenv may refuse to."""
    asked = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return asked.stdout.strip() if asked.returncode == 0 else ""
