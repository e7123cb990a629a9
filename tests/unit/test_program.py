# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program ncs-ha-is-primary has what it imports, and is the same wherever it is made."""

from __future__ import annotations

import io
import zipfile

from ansible_collections.nso.ha.plugins.module_utils._probe import program
from gates import rooms

FIRST = "_probe/is_primary.py"


def needed() -> set[str]:
    """Return the files that the program imports, and those that they import."""
    imports = rooms.imports()
    found: set[str] = set()
    left = {f"module_utils/{FIRST}"}
    while left:
        name = left.pop()
        found.add(name)
        left |= imports[name] - found
    return {name.partition("/")[2] for name in found}


def test_the_program_has_the_files_that_it_imports_and_no_other() -> None:
    assert set(program.PARTS) == needed()
    assert len(set(program.PARTS)) == len(program.PARTS)


def test_the_program_is_the_same_each_time_and_readable() -> None:
    made = program.program("/usr/bin/python3", program.sources())
    assert made == program.program("/usr/bin/python3", program.sources())
    assert made.startswith(b"#!/usr/bin/python3 -IS\n")
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        text = archive.read(f"{program.PACKAGE}/{FIRST}").decode()
    assert "GNU General Public License v3.0+" in text
