# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments beside .venv: one for each ansible-core, one for each Python."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers import pythons

from gates.commands import BIN, run
from gates.tree import ROOT

_BELOW = ROOT / ".venv" / "other"


@dataclass(frozen=True)
class Core:
    """A release of ansible-core that the collection has to work with.

    pythons: the Pythons it runs on, the preferred one first
    """

    name: str
    pythons: tuple[str, ...]

    @property
    def requirements(self) -> str:
        return f"core-{self.name}.txt"


#: The release in .venv itself.
OWN = "2.19"
#: The oldest release that the collection supports, the one it is developed on, and the newest.
CORES = (
    Core("2.16", ("3.11", "3.12", "3.10")),
    Core(OWN, ("3.11", "3.12", "3.13")),
    Core("2.21", ("3.12", "3.13")),
)


def for_core(core: Core) -> Path | None:
    """Return the bin directory of an environment for tests on this release.

    None where no Python that it runs on is found; that is said.
    """
    if core.name == OWN:
        return BIN
    python = next(filter(None, map(pythons.find, core.pythons)), None)
    if python is None:
        wanted = " or ".join(core.pythons)
        print(f"NOT RUN ansible-core {core.name}: it needs Python {wanted}, and there is none here")
        return None
    directory = ensure(f"core-{core.name}", python, (core.requirements, "tools.txt"))
    simulator = ROOT / "tests" / "simulator"
    if not (directory / "bin" / "ncs-sim").exists():
        run(
            f"simulated nodes for ansible-core {core.name}",
            [*_pip(directory), "--no-deps", "--editable", simulator],
        )
    return directory / "bin"


def ensure(name: str, python: Path, requirements: Sequence[str]) -> Path:
    """Return an environment with these files of requirements/, made anew when they changed."""
    directory = _BELOW / name
    stamp = directory / ".made-from"
    made_from = _digest(python, requirements)
    if stamp.exists() and stamp.read_text() == made_from:
        return directory
    shutil.rmtree(directory, ignore_errors=True)
    directory.parent.mkdir(parents=True, exist_ok=True)
    run(f"environment {name}", [python, "-m", "venv", directory])
    files = [word for file in requirements for word in ("-r", ROOT / "requirements" / file)]
    run(f"packages of {name}", [*_pip(directory), *files])
    stamp.write_text(made_from)
    return directory


def _pip(directory: Path) -> list[str | Path]:
    python = directory / "bin" / "python"
    return [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def _digest(python: Path, requirements: Sequence[str]) -> str:
    """Return what an environment is made from: the interpreter, and the files with all in them."""
    content = [str(python)]
    waiting = list(requirements)
    while waiting:
        text = (ROOT / "requirements" / waiting.pop()).read_text()
        content.append(text)
        waiting += re.findall(r"^-r (\S+)$", text, re.MULTILINE)
    return hashlib.sha256("\0".join(content).encode()).hexdigest()
