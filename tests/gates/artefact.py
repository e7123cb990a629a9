# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artefact, as Galaxy and execution environments would take it."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

from gates.commands import BIN, Command, GateError, run
from gates.tree import lay_out

_REMARK = re.compile(r"^(?:WARNING|ERROR|CRITICAL)\b.*$", re.M)


def build(tree: Path, output: Path) -> Path:
    """Build the collection that is laid out at `tree` into `output`; return the artefact."""
    command: Command = [BIN / "ansible-galaxy", "collection", "build", "--output-path", output]
    run("ansible-galaxy collection build", command, cwd=tree)
    (artefact,) = output.glob("*.tar.gz")
    return artefact


def install(artefact: Path, place: Path) -> None:
    """Install the artefact into `place`, as a path for collections."""
    run(
        "ansible-galaxy collection install",
        [BIN / "ansible-galaxy", "collection", "install", "--offline", "-p", place, artefact],
        # Away from the ansible.cfg of the checkout, by which the collection is there already.
        cwd=artefact.parent,
        environment={"ANSIBLE_COLLECTIONS_PATH": str(place)},
    )


def main() -> int:
    """Build, import, introspect and build upon it; return 1 at the first that fails."""
    try:
        with tempfile.TemporaryDirectory() as directory:
            tree = lay_out(Path(directory) / "tree")
            artefact = build(tree, Path(directory))
            _import(artefact)
            _introspect(artefact, Path(directory) / "installed")
            _create(artefact, tree / "docs" / "awx")
    except GateError as problem:
        print(problem)
        return 1
    return 0


def _import(artefact: Path) -> None:
    """Import the artefact as Galaxy does. A warning of the importer is a failure here."""
    output = run(
        "galaxy-importer",
        [sys.executable, "-m", "galaxy_importer.main", artefact.name],
        cwd=artefact.parent,
    )
    remarks = _REMARK.findall(output)
    if remarks:
        raise GateError("galaxy-importer: has remarks", "\n".join(remarks))


def _introspect(artefact: Path, place: Path) -> None:
    """Ask ansible-builder what the collection needs in an execution environment: nothing."""
    install(artefact, place)
    output = run("ansible-builder introspect", [BIN / "ansible-builder", "introspect", place])
    metadata = place / "ansible_collections" / "nso" / "ha" / "meta" / "execution-environment.yml"
    if not metadata.exists() or any(yaml.safe_load(output).values()):
        raise GateError("ansible-builder introspect: finds something to install", output)


def _create(artefact: Path, place: Path) -> None:
    """Make what an image is built from, by the example in the documentation, as it says."""
    shutil.copy(artefact, place)
    definition, context = place / "execution-environment.yml", place / "context"
    command: Command = [BIN / "ansible-builder", "create", "--file", definition]
    run("ansible-builder create", [*command, "--context", context], cwd=place)
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    found = [Path(one["name"]) for one in wanted]
    there = all((context / "_build" / path).is_file() for path in found)
    if not there or [path.name for path in found] != [artefact.name]:
        raise GateError(f"ansible-builder create: {wanted} is not {artefact.name}")


if __name__ == "__main__":
    sys.exit(main())
