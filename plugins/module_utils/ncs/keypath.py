# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Paths in the data tree: text such as ``/tfnm:ncs-state/ha/mode`` as the term that requests have.

Source: docs/protocol.md, "Reading state without the HA socket". No I/O.
"""

from __future__ import annotations

import re

from . import error, nodes, terms

#: The namespaces that this client knows, by the prefixes of their modules. No schema is loaded.
#: [assumed] docs/protocol.md, "Reading state without the HA socket": the name of tfnm2's.
NAMESPACES = {
    "ncs": "http://tail-f.com/ns/ncs",
    "tfnm": "http://tail-f.com/yang/ncs-monitoring",
    "tfnm2": "http://tail-f.com/yang/ncs-monitoring2",
}

# A name becomes an atom, which has 255 characters at most.
_NAME = r"([A-Za-z_][\w.-]{0,254})"
_STEP = re.compile(rf"/(?:{_NAME}:)?{_NAME}(?:\{{([^{{}}\"\\]*)\}})?(?=/|\Z)", re.ASCII)


def encode(path: str) -> list[terms.Term]:
    """Return an absolute path as a term, root first; "/" is the empty one.

    A step is NAME or PREFIX:NAME, behind it {KEY} or {KEY KEY} for an entry of a list. Without a
    prefix, a name is sent without a namespace, which means that of the step before it. Raises
    error.Error (BADPATH) for anything else, and for a prefix that is not in NAMESPACES.
    """
    term: list[terms.Term] = []
    namespace = ""
    position = 0
    while position < len(path) and path != "/":
        step = _STEP.match(path, position)
        if step is None:
            raise error.Error(error.ERR_BADPATH, f"{path!r} is no path at {path[position:]!r}")
        prefix, name, keys = step.groups()
        changed = NAMESPACES.get(prefix, "") if prefix else namespace
        if prefix and not changed:
            raise error.Error(error.ERR_BADPATH, f"{path!r} has the unknown prefix {prefix!r}")
        term.append(terms.Atom(name) if changed == namespace else terms.Qualified(changed, name))
        namespace = changed
        if keys is not None:
            term.append(tuple(nodes.binary(key) for key in keys.split()))
        position = step.end()
    if not path:
        raise error.Error(error.ERR_BADPATH, "an empty path")
    return term
