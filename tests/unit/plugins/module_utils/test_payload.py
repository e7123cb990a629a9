# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running out of a zip file, as modules do on their targets, in processes of their own."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.nso.ha.plugins.module_utils import payload
from helpers.modules import ROOT

PACKAGE = "ansible_collections.nso.ha.plugins.module_utils"
INSIDE = PACKAGE.replace(".", "/")

#: Imports a module that imports another, and prints which files were compiled how often.
PROGRAM = f"""
import collections, gc, json, sys
sys.path.insert(0, sys.argv[1])
compiled = collections.Counter()

def watch(event, arguments):
    if event == "compile" and arguments[1] is not None:
        compiled[str(arguments[1])] += 1

sys.addaudithook(watch)
from {PACKAGE} import payload
if sys.argv[2] == "hastened":
    payload.hasten()
from {PACKAGE} import above
found = {{
    name: count for name, count in compiled.items() if name.endswith(("above.py", "below.py"))
}}
frozen = gc.get_freeze_count()
print(json.dumps([found, above.VALUE, above.__file__, above.below.__name__, frozen]))
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Make a zip file as Ansible does, with this collection in it."""
    path = tmp_path / "payload.zip"
    with zipfile.ZipFile(path, "w") as stream:
        parts = PACKAGE.split(".")
        for number in range(1, len(parts) + 1):
            stream.writestr("/".join(parts[:number]) + "/__init__.py", "")
        stream.writestr(f"{INSIDE}/inner/__init__.py", "")
        stream.writestr(f"{INSIDE}/inner/below.py", "VALUE = 41\n")
        stream.writestr(f"{INSIDE}/above.py", "from .inner import below\nVALUE = below.VALUE + 1\n")
        stream.write(ROOT / "plugins" / "module_utils" / "payload.py", f"{INSIDE}/payload.py")
    return path


def run(archive: Path, how: str) -> tuple[dict[str, int], int, str, int]:
    command = [sys.executable, "-c", PROGRAM, str(archive), how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    counts, value, file, name, frozen = json.loads(done.stdout)
    assert name == f"{PACKAGE}.inner.below"
    return counts, value, file, frozen


def test_what_is_imported_out_of_the_zip_file_is_compiled_once(archive: Path) -> None:
    counts, value, file, _frozen = run(archive, "hastened")
    assert value == 42
    assert file == f"{archive}/{INSIDE}/above.py"
    assert sorted(counts.values()) == [1, 1]


def test_what_was_there_before_is_not_searched_for_garbage(archive: Path) -> None:
    _counts, _value, _file, frozen = run(archive, "hastened")
    # An interpreter that has just started has some thousand objects.
    assert frozen > 1000


def test_without_that_it_is_imported_all_the_same(archive: Path) -> None:
    counts, value, _file, frozen = run(archive, "as ever")
    assert value == 42
    assert len(counts) == 2
    assert frozen < 1000


def test_outside_of_a_zip_file_nothing_changes() -> None:
    before = list(sys.meta_path), gc.get_freeze_count()
    payload.hasten()
    assert (sys.meta_path, gc.get_freeze_count()) == before


def test_a_traceback_tells_the_line_in_the_zip_file(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as stream:
        stream.writestr(f"{INSIDE}/broken.py", "# a line\nraise ValueError('on purpose')\n")
    program = PROGRAM.replace("import above", "import broken")
    command = [sys.executable, "-c", program, str(archive), "hastened"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert f'{INSIDE}/broken.py", line 2' in done.stderr
