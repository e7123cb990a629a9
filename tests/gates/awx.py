# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting AWX up: the modules of awx.awx as they are released, against a stand-in for AWX's API."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from gates.commands import GateError, run
from gates.tree import ROOT

_REQUIREMENTS = ROOT / "requirements" / "awx.txt"
#: Where the collection is kept, as a path for collections. The tests get it in this variable.
PLACE = ROOT / ".venv" / "other" / "awx"
VARIABLE = "NSO_HA_AWX_COLLECTIONS"


def main() -> int:
    """Get the collection, once, and run the tests; return 1 if one fails."""
    try:
        _collection()
        run(
            "setting AWX up, by awx.awx",
            [sys.executable, "-m", "pytest", "-q", "-n", "0", "tests/awx", *sys.argv[1:]],
            environment={VARIABLE: os.environ.get(VARIABLE, str(PLACE))},
            seconds=1800,
        )
    except GateError as problem:
        print(problem)
        return 1
    return 0


def _collection() -> None:
    """Take awx.awx out of the package that has it, made anew when its release is another one."""
    stamp = PLACE / ".made-from"
    made_from = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == made_from:
        return
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as directory:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        options = ["--disable-pip-version-check", "--dest", directory, "-r", str(_REQUIREMENTS)]
        run("package with awx.awx", [*download, *options])
        (wheel,) = Path(directory).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            wanted = [one for one in names if one.startswith("ansible_collections/awx/awx/")]
            archive.extractall(PLACE, wanted)
    stamp.write_text(made_from)


if __name__ == "__main__":
    sys.exit(main())
