# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's defaults, its specs, what it uses, its playbooks and the documents fit together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.nso.ha.plugins.plugin_utils._checks import guards
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import variables
from helpers import documentation
from helpers.cluster_play import given as asked
from helpers.modules import ROOT

ROLE = ROOT / "roles" / "cluster"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: The role, and the playbook, that are about AWX; see test_consistency_awx.py.
SETUP = "awx_setup"
PLAYBOOKS = sorted(path for path in (ROOT / "playbooks").glob("*.yml") if path.stem != SETUP)
#: The entry point for those who name none; it is another one under its name.
MAIN = "main"

# Variables of the role itself begin with two underscores, and nobody sets them.
VARIABLE = re.compile(r"(?<![A-Za-z0-9_])nso_ha_\w+")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


SPECS: dict[str, Any] = load(ROLE / "meta" / "argument_specs.yml")["argument_specs"]
DEFAULTS: dict[str, Any] = load(ROLE / "defaults" / "main.yml")
TASKS = sorted((ROLE / "tasks").glob("*.yml"))
SPECIFIED = {name for spec in SPECS.values() for name in spec["options"]}


def tasks_of(content: Any) -> Iterator[dict[str, Any]]:
    """Yield all tasks, those in blocks too."""
    for task in content or []:
        yield task
        for part in ("block", "rescue", "always", "tasks"):
            yield from tasks_of(task.get(part))


def handed_on() -> set[str]:
    """What the role returns to the play or to AWX, and so is no variable of it."""
    return {
        name
        for path in TASKS
        for task in tasks_of(load(path))
        for name in task.get("ansible.builtin.set_stats", {}).get("data", {})
    }


def handed_in() -> set[str]:
    """What the role sets for tasks of its user, and so is no variable of it either."""
    return {
        name
        for path in TASKS
        for task in tasks_of(load(path))
        for name in {
            **task.get("vars", {}),
            **task.get("ansible.builtin.set_fact", {}),
            task.get("loop_control", {}).get("loop_var", ""): None,
        }
        if VARIABLE.fullmatch(name)
    }


def used() -> set[str]:
    """The variables in the tasks and vars, in the playbooks and in the code of the filters."""
    found: set[str] = set()
    for path in [*TASKS, ROLE / "vars" / "main.yml", *PLAYBOOKS]:
        found.update(VARIABLE.findall(yaml.safe_dump(load(path), width=10**6)))
    for path in (ROOT / "plugins" / "plugin_utils").glob("*.py"):
        # Whole texts in the code only: a name in a message or a docstring is no use of it.
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update([node.value] if VARIABLE.fullmatch(node.value) else [])
    return found


def test_there_is_something_to_compare() -> None:
    assert len(SPECS) >= 3
    assert len(SPECIFIED) >= 10
    assert len(TASKS) >= 5
    assert len(PLAYBOOKS) >= 2


@pytest.mark.parametrize("entry", SPECS)
def test_defaults_are_those_of_every_entry_point(entry: str) -> None:
    options = SPECS[entry]["options"]
    assert {
        name: option["default"] for name, option in options.items() if "default" in option
    } == DEFAULTS
    # An option without a default has to be given.
    assert {name for name, option in options.items() if "default" not in option} == {
        name for name, option in options.items() if option.get("required")
    }


def test_what_holds_for_an_empty_value_is_the_default_of_the_role() -> None:
    text = (ROLE / "vars" / "main.yml").read_text()
    limits = re.findall(r"\{\{ (\w+) \| nso\.ha\.cluster_seconds\('(\w+)', (\d+)\) \}\}", text)
    assert all(name == told for name, told, _default in limits)
    texts = re.findall(r"\{\{ (nso_ha_\w+) or '([^']+)' \}\}", text)
    found = {**{name: int(default) for name, _told, default in limits}, **dict(texts)}
    # A priority that is empty is read by the filters; to the others, empty is as good as not given.
    others = {name: default for name, default in DEFAULTS.items() if default not in ("", False, [])}
    assert found == {name: others[name] for name in set(others) - {"nso_ha_priority"}}
    assert variables.member("n1", {"nso_ha_priority": ""}).priority == DEFAULTS["nso_ha_priority"]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_takes_an_empty_group_for_the_default(playbook: Path) -> None:
    (play,) = load(playbook)
    assert play["hosts"] == f"{{{{ nso_ha_group | default('{DEFAULTS['nso_ha_group']}', true) }}}}"


@pytest.mark.parametrize("entry", SPECS)
def test_a_default_is_of_the_type_that_is_documented(entry: str) -> None:
    kinds: dict[str, Any] = {
        "str": str,
        "float": (int, float),
        "int": int,
        "bool": bool,
        "list": list,
    }
    for name, option in SPECS[entry]["options"].items():
        if "default" in option and option["type"] != "raw":
            assert isinstance(option["default"], kinds[option["type"]]), name


def test_every_variable_that_is_used_is_specified_and_the_reverse() -> None:
    # Ansible's own argument check reads the rest of a spec; the group is read by the playbooks too.
    # What a plan hands on, an operation takes.
    assert used() - (handed_on() - SPECIFIED) - handed_in() == SPECIFIED


def test_what_the_role_sets_for_the_tasks_of_its_user_is_explained_and_nothing_they_set() -> None:
    assert handed_in() == {"nso_ha_fence_host"}
    assert not handed_in() & SPECIFIED
    text = documentation.texts(SPECS[MAIN]["options"])
    assert all(f"C({name})" in text for name in handed_in())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_no_other_variables(document: Path) -> None:
    named = {name.rstrip("_") for name in VARIABLE.findall(document.read_text())}
    of_awx = load(ROOT / "roles" / SETUP / "meta" / "argument_specs.yml")["argument_specs"]
    others = set(of_awx[MAIN]["options"])
    assert named <= SPECIFIED | handed_on() | handed_in() | others


@pytest.mark.parametrize("name", documentation.FILTERS)
def test_filters_name_no_other_variables(name: str) -> None:
    text = documentation.texts(documentation.filter_(name))
    assert set(VARIABLE.findall(text)) <= SPECIFIED | handed_on()


def test_every_entry_point_has_its_tasks_and_its_playbook() -> None:
    assert MAIN in SPECS
    own = set(SPECS) - {MAIN}
    assert {path.stem for path in PLAYBOOKS} == own
    assert {path.stem for path in TASKS} >= set(SPECS)


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_runs_the_entry_point_of_its_name(playbook: Path) -> None:
    roles = [
        task["ansible.builtin.import_role"]
        for task in tasks_of(load(playbook))
        if "ansible.builtin.import_role" in task
    ]
    assert roles == [{"name": "nso.ha.cluster", "tasks_from": playbook.stem}]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_is_in_the_documents_by_its_full_name(playbook: Path) -> None:
    assert [path for path in DOCUMENTS if f"nso.ha.{playbook.stem}" in path.read_text()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_nothing_of_the_collection_that_is_not_there(document: Path) -> None:
    there = {"cluster", SETUP, "ncs", *documentation.MODULES, *documentation.FILTERS}
    there |= set(documentation.LOOKUPS)
    there |= {path.stem for path in PLAYBOOKS}
    assert set(re.findall(r"\bnso\.ha\.([a-z_]+)", document.read_text())) <= there


def test_the_readme_names_every_entry_point() -> None:
    row = next(
        line
        for line in (ROOT / "README.md").read_text().splitlines()
        if line.startswith("| `nso.ha.cluster` |")
    )
    assert set(re.findall(r"`(\w+)`", row)) == set(SPECS) - {MAIN}


def test_checks_that_can_be_overridden_are_named_as_they_are() -> None:
    text = documentation.texts(SPECS[MAIN]["options"]["nso_ha_override"])
    assert re.findall(r"V\((\w+)\)", text) == list(guards.OVERRIDABLE)


def test_every_check_that_can_be_overridden_is_in_a_table_of_the_documents() -> None:
    rows = [re.findall(r"^\| `(\w+)` \|", path.read_text(), re.MULTILINE) for path in DOCUMENTS]
    assert {name for row in rows for name in row} >= set(guards.OVERRIDABLE)


def test_every_operation_can_be_planned_by_its_name() -> None:
    text = documentation.texts(SPECS[MAIN]["options"]["nso_ha_operation"])
    assert set(re.findall(r"V\((\w+)\)", text)) == set(operations.OPERATIONS)
    assert set(operations.OPERATIONS) <= set(SPECS)


def test_what_the_operations_are_given_is_documented_by_the_filters() -> None:
    handed = load(ROLE / "vars" / "main.yml")["__nso_ha_given"]
    for name in ("cluster_plan", "cluster_roll_back"):
        text = documentation.texts(documentation.filter_(name)["doc"]["options"]["given"])
        assert set(re.findall(r"V\((\w+)\)", text)) == set(handed)
    assert set(handed) == set(asked())


def test_what_counts_for_the_group_is_a_variable_of_the_role() -> None:
    assert set(variables.OF_THE_GROUP) <= SPECIFIED
