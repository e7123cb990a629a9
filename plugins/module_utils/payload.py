# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What makes a module take less time when it runs out of the zip file that Ansible sends.

Python's zipimport compiles a module to find it, as its get_filename does all that its get_code
does, and once more to load it. To compile is most of what a short module does on its target. The
finder here reads the same files out of the same zip file, and leaves compiling to the loading.

The garbage collector walks over all that Ansible's own code has made, again and again while ours is
compiled, and once more when Python ends. Nothing of that can be garbage before the module ends.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from zipimport import zipimporter

_OURS = __name__.rpartition(".")[0] + "."


class _Loader(SourceFileLoader):
    """Loads a module whose source was read already. Its path leads into the zip file."""

    def __init__(self, fullname: str, path: str, source: bytes) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_data(self, path: object) -> bytes:
        if path != self.path:
            raise OSError(f"nothing is read for {self.name} but its source")
        return self._source


class _Finder:
    """Finds modules of this collection in a zip file, and leaves packages to whoever comes next."""

    def __init__(self, archive: zipimporter) -> None:
        self._archive = archive

    def find_spec(
        self, fullname: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_OURS):
            return None
        inside = fullname.replace(".", "/") + ".py"
        try:
            source = self._archive.get_data(inside)
        except OSError:
            return None
        path = f"{self._archive.archive}/{inside}"
        loader = _Loader(fullname, path, source)
        return importlib.util.spec_from_file_location(fullname, path, loader=loader)


def hasten() -> None:
    """Compile once what is imported from now on; search for no garbage in what is there already.

    The former goes for the modules of this collection only. Does nothing where this module was not
    imported out of a zip file itself.
    """
    loader = globals().get("__loader__")
    if isinstance(loader, zipimporter):
        sys.meta_path.insert(0, _Finder(loader))
        gc.freeze()
