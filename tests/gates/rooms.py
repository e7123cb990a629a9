# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of plugins/ and who imports whom, as a picture in docs/dev/architecture.md.

    $ make rooms

writes the picture into the page, between the two marks. A room is a folder of Python files that
serve one idea. tests/unit/test_architecture.py says that the page is what this writes, that no room
and no file is part of a cycle of imports, and that every room is described here.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gates.tree import ROOT

PAGE = ROOT / "docs" / "dev" / "architecture.md"
BEGIN = "<!-- Begin of what `make rooms` writes. -->"
END = "<!-- End of what `make rooms` writes. -->"

_PLUGINS = ROOT / "plugins"
_PACKAGE = "ansible_collections.nso.ha.plugins."
#: Folders that hold rooms, and not files.
_WINGS = ("module_utils", "plugin_utils")


class Room(NamedTuple):
    """What a room is for. `where` is where its code runs."""

    name: str
    where: str
    purpose: str


CONTROLLER = "controller"
TARGET = "node"

#: The rooms from the top down, as a run goes through them.
ROOMS = (
    Room("action", CONTROLLER, "a run, as far as it needs Ansible"),
    Room("callback", CONTROLLER, "what a playbook prints"),
    Room("lookup", CONTROLLER, "what a playbook asks of the collection"),
    Room("plugin_utils/_run", CONTROLLER, "a run: its way, request, progress, report"),
    Room("plugin_utils/_agents", CONTROLLER, "agents, and calls of modules by them"),
    Room("plugin_utils/_checks", CONTROLLER, "named conditions and their verdicts"),
    Room("plugin_utils/_plan", CONTROLLER, "operations, election, waves of steps"),
    Room("plugin_utils/_model", CONTROLLER, "topology, observations, promotion history"),
    Room("modules", TARGET, "options in, one result out"),
    Room("module_utils/_probe", TARGET, "the program that says whether this node is the primary"),
    Room("module_utils/_apply", TARGET, "giving orders, under the lock"),
    Room("module_utils/_store", TARGET, "the state directory: lock, history, log"),
    Room("module_utils/_node", TARGET, "the node, its endpoint and its state"),
    Room("module_utils/ncs", TARGET, "client of NSO's IPC protocol"),
)

#: For each file of plugins/, the files of plugins/ that it imports.
Imports = Mapping[str, frozenset[str]]


def main() -> int:
    """Write the picture into the page."""
    before = PAGE.read_text(encoding="utf-8")
    after = with_picture(before)
    PAGE.write_text(after, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {'unchanged' if after == before else 'written'}")
    return 0


def with_picture(page: str) -> str:
    """Return the text of the page with the picture of the code as it is now."""
    head, rest = page.split(BEGIN)
    _old, tail = rest.split(END)
    return f"{head}{BEGIN}\n\n{picture()}\n{END}{tail}"


def picture() -> str:
    """Return the rooms as a mermaid diagram and as a table."""
    between = rooms(imports())
    present = [room for room in ROOMS if room.name in between]
    lines = ["```mermaid", "flowchart TB"]
    for where in (CONTROLLER, TARGET):
        lines.append(f'    subgraph on_{where} ["on the {where}"]')
        lines += [
            f'        {_id(room.name)}["<b>{_short(room.name)}</b><br/>{room.purpose}"]'
            for room in present
            if room.where == where
        ]
        lines.append("    end")
    lines += [
        f"    {_id(room.name)} --> {_id(other.name)}"
        for room in present
        for other in present
        if other.name in between[room.name]
    ]
    lines += ["```", "", "| room | what it is for | imports |", "|---|---|---|"]
    for room in present:
        used = [f"`{_short(other.name)}`" for other in present if other.name in between[room.name]]
        lines.append(f"| `plugins/{room.name}` | {room.purpose} | {', '.join(used) or '-'} |")
    return "\n".join([*lines, ""])


def imports() -> dict[str, frozenset[str]]:
    """Return what imports what in plugins/; an import inside a function or a condition counts."""
    sources = {
        path.relative_to(_PLUGINS).as_posix(): path
        for path in sorted(_PLUGINS.rglob("*.py"))
        if path.name != "__init__.py"
    }
    return {
        name: frozenset(_resolved(ast.parse(path.read_text(encoding="utf-8")), name, sources))
        for name, path in sources.items()
    }


def rooms(between: Imports) -> dict[str, frozenset[str]]:
    """Return what room imports what other room, for all rooms but that of doc fragments."""
    found: dict[str, set[str]] = {}
    for name, imported in between.items():
        room = room_of(name)
        found.setdefault(room, set()).update(room_of(other) for other in imported)
    return {
        room: frozenset(others - {room})
        for room, others in found.items()
        if room != "doc_fragments"
    }


def room_of(name: str) -> str:
    """Return the room of a file, both relative to plugins/."""
    parts = Path(name).parts
    return "/".join(parts[:2] if parts[0] in _WINGS else parts[:1])


def cycle(between: Mapping[str, Iterable[str]]) -> list[str]:
    """Return a cycle of imports, with its first member once more at its end, or nothing."""
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        path.append(name)
        for other in sorted(between[name]):
            if closed := visit(other):
                return closed
        path.pop()
        done.add(name)
        return []

    return next(filter(None, map(visit, between)), [])


def _resolved(tree: ast.AST, name: str, sources: Mapping[str, Path]) -> Iterator[str]:
    """Yield the files of plugins/ that a syntax tree imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, name)
            dotted = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for full in dotted:
            file = full.removeprefix(_PACKAGE).replace(".", "/") + ".py"
            if full.startswith(_PACKAGE) and file in sources:
                yield file


def _base(node: ast.ImportFrom, name: str) -> str:
    """Return the full name of what is imported from."""
    if not node.level:
        return str(node.module)
    folders = Path(name).parts[: -node.level]
    return _PACKAGE + ".".join([*folders, *([node.module] if node.module else [])])


def _short(room: str) -> str:
    return room.rpartition("/")[2]


def _id(room: str) -> str:
    return _short(room).strip("_")


if __name__ == "__main__":
    sys.exit(main())
