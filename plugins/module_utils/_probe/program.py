# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The program ncs-ha-is-primary as one file, made of the files of this collection.

It is a zip archive with a first line that names its interpreter, as Python's zipapp makes them. The
same files make the same bytes on every host. Bytecode beside them saves half of the time that a
start takes; an interpreter of another release reads the sources.
"""

from __future__ import annotations

import io
import pkgutil
import zipfile
from typing import Mapping

from . import is_primary

#: The files that the program imports, its own first. A test says that no other is needed.
PARTS = (
    "_probe/is_primary.py",
    "_node/addresses.py",
    "_node/cdb_socket.py",
    "_node/connection.py",
    "_node/endpoint.py",
    "_node/facts.py",
    "_node/operational_state.py",
    "_node/options.py",
    "_node/state.py",
    "_node/transaction_id.py",
    "_node/validation.py",
    "_node/ways.py",
    "ncs/access.py",
    "ncs/cdb.py",
    "ncs/error.py",
    "ncs/frames.py",
    "ncs/ha.py",
    "ncs/ha_status.py",
    "ncs/ipc.py",
    "ncs/keypath.py",
    "ncs/maapi.py",
    "ncs/nodes.py",
    "ncs/terms.py",
)

#: The package that the parts are in, inside of the program.
PACKAGE = "nso_ha"

_HERE = is_primary.__name__.rsplit(".", 2)[0]
_MAIN = f"""\
# {is_primary.NAME}, made by the collection nso.ha.
from {PACKAGE}._probe.is_primary import run

run()
"""


def sources() -> dict[str, bytes]:
    """Return the files of the program by name. Raises OSError."""
    rooms = sorted({part.split("/", maxsplit=1)[0] for part in PARTS})
    packages = (PACKAGE, *(f"{PACKAGE}/{room}" for room in rooms))
    return {
        "__main__.py": _MAIN.encode(),
        **{f"{package}/__init__.py": b"" for package in packages},
        **{f"{PACKAGE}/{part}": _source(part) for part in PARTS},
    }


def program(python: str, files: Mapping[str, bytes]) -> bytes:
    """Return the program, made of these files, which this interpreter is to run."""
    buffer = io.BytesIO()
    # Isolated, without the packages and settings of the host and of the user who runs it.
    buffer.write(f"#!{python} -IS\n".encode())
    with zipfile.ZipFile(buffer, "a") as archive:
        for name in sorted(files):
            # Uncompressed and without the time, which would differ from host to host.
            archive.writestr(zipfile.ZipInfo(name), files[name])
    return buffer.getvalue()


def _source(part: str) -> bytes:
    room, name = part.split("/")
    source = pkgutil.get_data(f"{_HERE}.{room}", name)
    if source is None:
        raise OSError(f"{part} of the collection nso.ha cannot be read")
    return source
