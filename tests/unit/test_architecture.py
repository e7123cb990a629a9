# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/dev says of the code is true: rooms, walks, invariants, files and fields."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._checks import case
from ansible_collections.nso.ha.plugins.plugin_utils._model import topology
from ansible_collections.nso.ha.plugins.plugin_utils._plan import plan
from ansible_collections.nso.ha.plugins.plugin_utils._run import run_state
from gates import rooms
from helpers.modules import ROOT

PAGE = rooms.PAGE.read_text(encoding="utf-8")
IMPORTS = rooms.imports()
PAGES = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs" / "dev").rglob("*.md")),
]
#: The values whose way through the code the page shows, and how long each may be.
WALKS = ("`primary_ip`", "`token`", "A transaction id")
MOST_HOPS = 9


def section(title: str, level: int) -> str:
    """Return what is below a heading of the page."""
    mark = "#" * level
    found = re.search(
        rf"^{mark} {re.escape(title)}\n(.*?)(?=^#{{1,{level}}} |\Z)", PAGE, re.M | re.S
    )
    assert found, title
    return found.group(1)


def definitions(path: Path) -> set[str]:
    """Return the names of functions, classes and methods ("Class.method") in a Python file."""

    def below(node: ast.AST, before: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield before + child.name
                yield from below(child, f"{before}{child.name}.")

    return set(below(ast.parse(path.read_text(encoding="utf-8")), ""))


def test_the_picture_of_the_rooms_is_that_of_the_code() -> None:
    assert rooms.with_picture(PAGE) == PAGE, "run make rooms"


def test_every_room_is_described() -> None:
    assert set(rooms.rooms(IMPORTS)) <= {room.name for room in rooms.ROOMS}


def test_imports_are_found_however_they_are_written() -> None:
    assert IMPORTS["module_utils/ncs/ha.py"] >= {"module_utils/ncs/ipc.py"}
    assert any(name.startswith("module_utils/") for name in IMPORTS["modules/ncs_ha_role.py"])


def test_a_cycle_is_found_and_where_there_is_none_nothing_is() -> None:
    assert rooms.cycle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
    assert rooms.cycle({"a": ["b", "c"], "b": ["c"], "c": []}) == []


def test_nothing_lower_imports_anything_higher() -> None:
    order = [room.name for room in rooms.ROOMS]
    assert not [
        f"{room} imports {other}"
        for room, others in rooms.rooms(IMPORTS).items()
        for other in others
        if order.index(other) < order.index(room)
    ]


def test_the_simulator_imports_nothing_of_the_collection() -> None:
    sources = sorted((ROOT / "tests" / "simulator").rglob("*.py"))
    assert sources
    assert not [path for path in sources if "ansible_collections" in path.read_text()]


@pytest.mark.parametrize("title", WALKS)
def test_a_walk_is_short_and_every_hop_is_there(title: str) -> None:
    steps = re.findall(r"^(\d+)\. (.*)$", section(title, 3), re.M)
    hops = [re.match(r"`([^`]+)`: `([^`]+)`", text) for _number, text in steps]
    assert hops
    assert all(hops), "a hop is `file`: `function`, and what it does"
    assert len(hops) <= MOST_HOPS
    for hop in filter(None, hops):
        path, name = ROOT / hop[1], hop[2]
        if path.suffix == ".py":
            assert name in definitions(path), f"{hop[1]} has no {name}"
        else:
            assert name in path.read_text(encoding="utf-8"), f"{hop[1]} has no {name}"


def test_every_invariant_has_a_test_that_is_there() -> None:
    rows = re.findall(r"^\| (\*\*.*?) \| (.*) \|$", section("Invariants", 2), re.M)
    assert len(rows) >= 10
    for rule, tests in rows:
        names = re.findall(r"`(tests/[^`]+)`", tests)
        assert names, rule
        assert not [name for name in names if not (ROOT / name).is_file()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(
        r"`((?:plugins|roles|playbooks|docs|tests|changelogs|requirements)/[^`\s]*)`",
        page.read_text(encoding="utf-8"),
    )
    assert not [
        name for name in named if "<" not in name and "*" not in name and not (ROOT / name).exists()
    ]


def fields_of(kind: type) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


@pytest.mark.parametrize(
    "kind",
    [
        run_state.Decision,
        run_state.OperationPlan,
        topology.Member,
        plan.Wave,
        plan.Step,
        run_state.RoleOptions,
        run_state.Expectation,
        run_state.Locks,
        case.Verdict,
        run_state.Progress,
        run_state.StepResult,
    ],
)
def test_the_page_on_the_plan_has_every_field_of_it_in_order(kind: type) -> None:
    page = (ROOT / "docs" / "dev" / "plan.md").read_text(encoding="utf-8")
    text = page.partition(f"\n## {kind.__name__}\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", text, re.M) == fields_of(kind)
