# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of the code: who may import whom, and that each thing has a name of its own."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from gates import rooms
from helpers.modules import ROOT

PLUGINS = ROOT / "plugins"

#: Each room may import those before it. `_store` needs of `_node` only what is pure.
ORDER = {
    "module_utils": ("ncs", "_node", "_store", "_apply", "_probe"),
    "plugin_utils": ("_agents", "_model", "_plan", "_checks", "_run"),
}

#: What decides, and what others decide with: nothing of it opens a socket.
PURE = (
    *("module_utils/ncs/error.py", "module_utils/ncs/ha_status.py"),
    *("module_utils/_node/addresses.py", "module_utils/_node/failures.py"),
    *("module_utils/_node/state.py", "module_utils/_node/transaction_id.py"),
    "module_utils/_node/validation.py",
    *("module_utils/_store/clock.py", "module_utils/_store/json_lines.py"),
    *("module_utils/_store/lock.py", "module_utils/_store/plain_json.py"),
    "module_utils/_store/promotions.py",
    *("module_utils/_apply/escort.py", "module_utils/_apply/outcomes.py"),
    "module_utils/_apply/transitions.py",
    "plugin_utils/_model/",
    "plugin_utils/_plan/",
    "plugin_utils/_checks/",
)

IMPORTS = {
    name: imported
    for name, imported in rooms.imports().items()
    if name.startswith(tuple(f"{wing}/" for wing in ORDER))
}


def files() -> list[str]:
    """Return the files of all rooms, relative to plugins/."""
    return sorted(IMPORTS)


def is_pure(name: str) -> bool:
    return name.startswith(PURE)


def tree(name: str) -> ast.Module:
    return ast.parse((PLUGINS / name).read_text(encoding="utf-8"))


def foreign(name: str) -> set[str]:
    """Return the packages outside of the collection that a file imports."""
    packages: set[str] = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            packages.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            packages.add(str(node.module).partition(".")[0])
    return packages - {"ansible_collections"}


def behind(name: str) -> set[str]:
    """Return a file and all that it imports, directly or not."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached.add(current)
            waiting += IMPORTS[current]
    return reached


def test_there_are_files_in_every_room() -> None:
    present = {rooms.room_of(name) for name in files()}
    assert present == {f"{wing}/{room}" for wing, order in ORDER.items() for room in order}
    for name in PURE:
        assert any(file.startswith(name) for file in files()), name


def test_there_is_no_cycle_of_imports() -> None:
    assert rooms.cycle(IMPORTS) == []


@pytest.mark.parametrize("name", files())
def test_no_room_imports_a_higher_one(name: str) -> None:
    wing, room, _file = Path(name).parts
    for imported in IMPORTS[name]:
        other_wing, other_room, _other_file = Path(imported).parts
        if other_wing == wing:
            order = ORDER[wing]
            assert order.index(other_room) <= order.index(room), imported
        else:
            assert (wing, other_wing) == ("plugin_utils", "module_utils"), imported


@pytest.mark.parametrize("name", [name for name in files() if "/_store/" in name])
def test_the_store_needs_nothing_of_a_node_that_connects(name: str) -> None:
    of_nodes = [other for other in IMPORTS[name] if "/_store/" not in other]
    assert [other for other in of_nodes if not is_pure(other)] == []


@pytest.mark.parametrize("name", [name for name in files() if "/ncs/" in name])
def test_the_client_stands_alone(name: str) -> None:
    assert all(imported.startswith("module_utils/ncs/") for imported in IMPORTS[name])
    assert foreign(name) <= sys.stdlib_module_names


@pytest.mark.parametrize("name", [name for name in files() if is_pure(name)])
def test_what_decides_opens_no_socket(name: str) -> None:
    assert {file for file in behind(name) if "socket" in foreign(file)} == set()


@pytest.mark.parametrize("name", files())
def test_nothing_is_imported_inside_a_function(name: str) -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    for function in ast.walk(tree(name)):
        if isinstance(function, functions):
            inside = [node for node in ast.walk(function) if _is_import(node)]
            assert inside == [], ast.unparse(inside[0])
    assert "TYPE_CHECKING" not in (PLUGINS / name).read_text(encoding="utf-8")


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def public(name: str) -> Iterator[str]:
    """Yield the public classes and functions of a file."""
    for node in tree(name).body:
        definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, definitions) and not node.name.startswith("_"):
            yield node.name


def in_several_rooms(names: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """Return the names that files of more than one room have, and those files."""
    return {
        name: sorted(places)
        for name, places in names.items()
        if len({rooms.room_of(place) for place in places}) > 1
    }


def test_nothing_has_the_name_of_something_in_another_room() -> None:
    by_name: dict[str, set[str]] = defaultdict(set)
    for file in files():
        for name in (Path(file).name, *public(file)):
            by_name[name].add(file)
    assert in_several_rooms(by_name) == {}
