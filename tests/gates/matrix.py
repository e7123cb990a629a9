# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on targets, on every Python; playbooks, on every ansible-core. As found here.

The Python and the ansible-core of .venv are left to `make test` and `make test-all`. If EVERY is
set in the environment, the Pythons between the oldest and the newest have their turn, and so have
those of the playbooks for every ansible-core that take minutes.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from helpers import pythons

from gates.commands import GateError, run
from gates.environments import CORES, OWN, ensure, for_core

EVERY = bool(os.environ.get("EVERY"))
_MODULE_UTILS = "tests/unit/plugins/module_utils"


def main() -> int:
    """Run the matrix; return 1 at the first part that fails."""
    try:
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        print(f"left to make test: Python {own}, ansible-core {OWN}")
        # The examples of a property are the same ones each time; the own Python has them all.
        os.environ["NSO_HA_EXAMPLES"] = "20"
        for version in pythons.VERSIONS:
            if version not in (own, pythons.VERSIONS[0], pythons.VERSIONS[-1]) and not EVERY:
                print(f"NOT RUN the client on Python {version}: without EVERY=1")
            elif version != own:
                _client(version)
        for core in CORES:
            tools = for_core(core)
            if tools and core.name != OWN:
                _playbooks(core.name, tools)
    except GateError as problem:
        print(problem)
        return 1
    return 0


def _client(version: str) -> None:
    python = pythons.find(version)
    if python is None:
        print(f"NOT RUN the client on Python {version}: there is none here")
        return
    environment = ensure(f"python-{version}", python, ("client.txt",))
    _pytest(f"client on Python {version}", environment / "bin", _MODULE_UTILS)


def _playbooks(core: str, tools: Path) -> None:
    title = f"playbooks on ansible-core {core}"
    chosen = "every_core" if EVERY else "every_core and not long"
    _pytest(title, tools, "-m", chosen, "tests/integration/playbooks")


def _pytest(title: str, tools: Path, *arguments: str) -> None:
    options = ["-m", "pytest", "-n", "2", "-q", "-p", "no:cacheprovider", *arguments]
    # Some machines take several times as long as others.
    output = run(title, [tools / "python", *options], seconds=2400)
    for line in re.findall(r"^(?:SKIPPED .*|\d+ passed.*)$", output, re.MULTILINE):
        print(f"NOT RUN {line}" if line.startswith("SKIPPED") else f"        {line}")


if __name__ == "__main__":
    sys.exit(main())
