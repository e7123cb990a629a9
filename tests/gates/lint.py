# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said of the sources without running them.

With --quick only what takes seconds, which is what the hooks in .pre-commit-config.yaml run.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from gates.commands import BIN, GateError, run
from gates.tree import ROOT, files, lay_out

#: The packages that mypy checks, by the name under which they are imported.
PACKAGES = (
    "ansible_collections.nso.ha.plugins",
    "awx",
    "benchmark",
    "faults",
    "gates",
    "helpers",
    "integration",
    "lab",
    "ncs_lab",
    "ncs_sim",
    "unit",
)


def main() -> int:
    """Run the linters; return 1 at the first that finds something."""
    try:
        _quick()
        if sys.argv[1:] != ["--quick"]:
            _types()
            _ansible()
            _shell()
            _project()
            run("plugin documentation", [sys.executable, "-m", "gates.plugin_docs"])
    except GateError as problem:
        print(problem)
        return 1
    return 0


def _quick() -> None:
    run("ruff check", [BIN / "ruff", "check", "."])
    run("ruff format", [BIN / "ruff", "format", "--check", "."])
    run("yamllint", [BIN / "yamllint", "--strict", *_with_suffix(".yml", ".yaml")])
    run("words", [sys.executable, "-m", "gates.words"])


def _types() -> None:
    packages = [word for package in PACKAGES for word in ("--package", package)]
    run("mypy --strict", [BIN / "mypy", *packages])


def _ansible() -> None:
    # The linter takes the collection's name from the path, so it gets a copy at the right one.
    with tempfile.TemporaryDirectory() as directory:
        copy = lay_out(Path(directory))
        collections = {"ANSIBLE_COLLECTIONS_PATH": directory, "ANSIBLE_HOME": directory}
        run(
            "ansible-lint, profile production",
            [BIN / "ansible-lint", "--strict", "--offline", "--profile", "production", "--nocolor"],
            cwd=copy,
            environment=collections,
        )


def _shell() -> None:
    run("shellcheck", [BIN / "shellcheck", *_with_suffix(".sh"), ".ci/run"])


def _project() -> None:
    run("reuse lint", [BIN / "reuse", "lint"])
    run("antsibull-changelog lint", [BIN / "antsibull-changelog", "lint"])


def _with_suffix(*suffixes: str) -> list[str]:
    return [str(path) for path in files() if path.suffix in suffixes and (ROOT / path).is_file()]


if __name__ == "__main__":
    sys.exit(main())
