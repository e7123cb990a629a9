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
from ansible_collections.nso.ha.plugins.action import cluster_run
from ansible_collections.nso.ha.plugins.plugin_utils._checks import judge
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import play as plays
from ansible_collections.nso.ha.plugins.plugin_utils._run import request, results, settings
from helpers import documentation
from helpers.modules import ROOT

ROLE = ROOT / "roles" / "cluster"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: The role, and the playbook, that are about AWX; see test_consistency_awx.py.
SETUP = "awx_setup"
#: All roles but the one that this file is about.
OTHER_ROLES = (SETUP, "is_primary")
PLAYBOOKS = sorted(path for path in (ROOT / "playbooks").glob("*.yml") if path.stem != SETUP)
#: The entry point for those who name none; it is another one under its name.
MAIN = "main"

# Variables of the role itself begin with two underscores, and are set by the role alone.
VARIABLE = re.compile(r"(?<![A-Za-z0-9_])nso_ha_\w+")
PRIVATE = re.compile(r"(?<![A-Za-z0-9_])__nso_ha_\w+")

RUN = "nso.ha.cluster_run"
#: The variables of the playbooks.
OF_PLAYBOOKS = ROOT / "playbooks" / "vars" / "cluster.yml"


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


SPECS = documentation.entry_points()
OPTIONS = documentation.role_options()
DEFAULTS: dict[str, Any] = load(ROLE / "defaults" / "main.yml")
VARS: dict[str, Any] = load(ROLE / "vars" / "main.yml")
TASKS = sorted((ROLE / "tasks").rglob("*.yml"))
SPECIFIED = set(OPTIONS)

Task = dict[str, Any]


def tasks_of(content: Any) -> Iterator[Task]:
    """Yield all tasks, those in blocks too."""
    for task in content or []:
        yield task
        for part in ("block", "rescue", "always", "tasks"):
            yield from tasks_of(task.get(part))


#: All tasks of the role, each with the folder that its file is in.
ALL: list[tuple[str, Task]] = [
    (path.parent.name, task) for path in TASKS for task in tasks_of(load(path))
]


#: The steps of a run.
STEPS = [task for _folder, task in ALL if RUN in task]


def handed_on() -> set[str]:
    """What the role returns to the play or to AWX, and so is no variable of it."""
    return {plays.RESULT, plays.ARTIFACT, plays.CANDIDATE}


def set_by(task: Task) -> set[str]:
    """Return the variables that a task sets, for itself or for those after it."""
    return {
        *task.get("vars", {}),
        *task.get("ansible.builtin.set_fact", {}),
        *([task["register"]] if "register" in task else []),
    }


def handed_in() -> set[str]:
    """What the role sets for tasks of its user, and so is no variable of it either."""
    names = {name for _folder, task in ALL for name in set_by(task) if VARIABLE.fullmatch(name)}
    return names - handed_on()


def text_of(*paths: Path) -> str:
    """Return the content of YAML files, without comments."""
    return "\n".join(yaml.safe_dump(load(path), width=10**6) for path in paths)


IN_YAML = text_of(*TASKS, ROLE / "vars" / "main.yml")


def used() -> set[str]:
    """The variables in the tasks and vars, in the playbooks and in the code that decides."""
    names = set(VARIABLE.findall(IN_YAML + text_of(OF_PLAYBOOKS, *PLAYBOOKS)))
    code = [*(ROOT / "plugins" / "plugin_utils").rglob("*.py"), Path(cluster_run.__file__)]
    for path in code:
        # Whole texts in the code only: a name in a message or a docstring is no use of it.
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.update([node.value] if VARIABLE.fullmatch(node.value) else [])
    return names


def test_there_is_something_to_compare() -> None:
    assert len(SPECS) >= 3
    assert len(SPECIFIED) >= 10
    assert len(TASKS) >= 10
    assert len(PLAYBOOKS) >= 2


def test_the_defaults_of_the_role_are_those_that_are_documented() -> None:
    documented = {
        name: option["default"] for name, option in OPTIONS.items() if "default" in option
    }
    assert documented == DEFAULTS
    # An option without a default has to be given.
    assert {name for name, option in OPTIONS.items() if "default" not in option} == {
        name for name, option in OPTIONS.items() if option.get("required")
    }


def test_what_every_entry_point_takes_is_documented_once() -> None:
    own = {entry: set(spec["options"]) for entry, spec in SPECS.items()}
    common = own.pop(MAIN)
    assert not [entry for entry, names in own.items() if names & common]
    # What all operations take is common.
    assert not set.intersection(*(own[name] for name in operations.OPERATIONS))
    told = {entry: documentation.texts(spec["description"]) for entry, spec in SPECS.items()}
    assert all("options of the entry point C(main)" in told[entry] for entry in own)


@pytest.mark.parametrize("entry", SPECS)
def test_an_option_is_of_one_type_and_default_wherever_it_is_documented(entry: str) -> None:
    for name, option in SPECS[entry]["options"].items():
        assert {**option, "description": ""} == {**OPTIONS[name], "description": ""}


def test_what_holds_for_an_empty_value_is_the_default_of_the_role() -> None:
    empty = settings.read("n1", lambda _name: "")
    limits = {name: getattr(empty.limits, limit) for limit, name in settings.LIMIT_NAMES.items()}
    # Where none is given, a lock lasts as long as it has to.
    assert limits.pop("nso_ha_lock_timeout") is None
    assert {**limits, "nso_ha_state_dir": empty.state_dir} == {
        name: DEFAULTS[name] for name in (*limits, "nso_ha_state_dir")
    }
    assert empty.member.priority == DEFAULTS["nso_ha_priority"]
    assert empty.member.role == DEFAULTS["nso_ha_role"]
    assert list(empty.look) == DEFAULTS["nso_ha_look"]
    assert empty.history_limit == DEFAULTS["nso_ha_history_limit"]
    assert DEFAULTS["nso_ha_group"] == settings.DEFAULT_GROUP
    # To everything else, empty is as good as not given.
    others = {name for name, default in DEFAULTS.items() if default not in ("", False, [])}
    given = {
        "nso_ha_state_dir",
        "nso_ha_priority",
        "nso_ha_group",
        "nso_ha_look",
        "nso_ha_role",
        "nso_ha_gap_limit",
        "nso_ha_history_limit",
    }
    assert DEFAULTS["nso_ha_gap_limit"] == request.DEFAULT_GAP_LIMIT
    assert others == {*limits, *given}


def test_the_defaults_of_the_role_with_the_program_are_those_of_its_spec_and_of_the_module() -> (
    None
):
    role = ROOT / "roles" / "is_primary"
    spec = load(role / "meta" / "argument_specs.yml")["argument_specs"][MAIN]["options"]
    defaults = load(role / "defaults" / "main.yml")
    assert defaults == {name: option["default"] for name, option in spec.items()}
    module = documentation.module("ncs_ha_is_primary")["doc"]["options"]
    prefix = "nso_ha_is_primary_"
    assert defaults == {prefix + name: option["default"] for name, option in module.items()}
    page = (role / "README.md").read_text()
    assert all(f"| `{name}` | `{value}` |" in page for name, value in defaults.items())


def test_the_settings_of_a_host_are_all_that_can_be_set() -> None:
    asked = set()

    def evaluate(name: str) -> object:
        asked.add(name)
        return None

    settings.read("n1", evaluate)
    of_the_role = {name for name in asked if name.startswith("__")}
    assert of_the_role == {settings.TOKEN, settings.ACCESS_FILE}
    assert of_the_role <= set(VARS)
    # These two may come from the environment of the controller as well.
    elsewhere = {settings.GIVEN_TOKEN, "nso_ha_access_file"}
    by_name = {name for name in asked if VARIABLE.fullmatch(name)}
    # Whether the token was given as text is seen before anything else.
    assert by_name == SPECIFIED - elsewhere | {settings.GIVEN_TOKEN}
    assert elsewhere <= set(VARIABLE.findall(text_of(ROLE / "vars" / "main.yml")))


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_takes_an_empty_group_for_the_default(playbook: Path) -> None:
    (play,) = load(playbook)
    assert (play["hosts"], play["vars_files"]) == ("{{ __nso_ha_hosts }}", "vars/cluster.yml")
    default = f"{{{{ nso_ha_group | default('{DEFAULTS['nso_ha_group']}', true) }}}}"
    assert load(OF_PLAYBOOKS)["__nso_ha_group"] == default


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
    assert handed_in() == {"nso_ha_fence_host", "nso_ha_hook"}
    assert not handed_in() & SPECIFIED
    text = documentation.texts(OPTIONS)
    assert all(f"C({name})" in text for name in handed_in())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_no_other_variables(document: Path) -> None:
    named = {name.rstrip("_") for name in VARIABLE.findall(document.read_text())}
    others = {
        name
        for role in OTHER_ROLES
        for name in load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"][
            MAIN
        ]["options"]
    }
    assert named <= SPECIFIED | handed_on() | handed_in() | others


def test_the_plugin_of_the_role_names_no_other_variables() -> None:
    text = documentation.texts(documentation.module("cluster_run"))
    assert set(VARIABLE.findall(text)) <= SPECIFIED | handed_on()


def test_every_entry_point_has_its_tasks_and_its_playbook() -> None:
    assert MAIN in SPECS
    own = set(SPECS) - {MAIN}
    assert {path.stem for path in PLAYBOOKS} == own
    assert {path.stem for path in (ROLE / "tasks").glob("*.yml")} >= set(SPECS)


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_runs_the_entry_point_of_its_name(playbook: Path) -> None:
    roles = [
        task["ansible.builtin.import_role"]
        for task in tasks_of(load(playbook))
        if "ansible.builtin.import_role" in task
    ]
    assert roles == [
        {"name": "nso.ha.cluster", "tasks_from": playbook.stem, "rolespec_validate": False}
    ]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_is_in_the_documents_by_its_full_name(playbook: Path) -> None:
    assert [path for path in DOCUMENTS if f"nso.ha.{playbook.stem}" in path.read_text()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_nothing_of_the_collection_that_is_not_there(document: Path) -> None:
    existing = {"cluster", *OTHER_ROLES, "ncs", *documentation.MODULES, *documentation.LOOKUPS}
    existing.update(documentation.CALLBACKS)
    existing |= {path.stem for path in PLAYBOOKS}
    assert set(re.findall(r"\bnso\.ha\.([a-z_]+)", document.read_text())) <= existing


def test_the_readme_names_every_entry_point() -> None:
    row = next(
        line
        for line in (ROOT / "README.md").read_text().splitlines()
        if line.startswith("| `nso.ha.cluster` |")
    )
    assert set(re.findall(r"`(\w+)`", row)) == set(SPECS) - {MAIN}


def test_checks_that_can_be_overridden_are_named_as_they_are() -> None:
    text = documentation.texts(OPTIONS["nso_ha_override"])
    assert re.findall(r"V\((\w+)\)", text) == list(judge.OVERRIDABLE)


def test_every_check_that_can_be_overridden_is_in_a_table_of_the_documents() -> None:
    rows = [re.findall(r"^\| `(\w+)` \|", path.read_text(), re.MULTILINE) for path in DOCUMENTS]
    assert {name for row in rows for name in row} >= set(judge.OVERRIDABLE)


def test_every_operation_can_be_planned_by_its_name() -> None:
    text = documentation.texts(OPTIONS["nso_ha_operation"])
    assert set(re.findall(r"V\((\w+)\)", text)) == set(operations.OPERATIONS)
    assert set(operations.OPERATIONS) <= set(SPECS)


# The tasks


def test_every_step_of_a_run_is_used_and_no_other() -> None:
    choices = cluster_run.argument_spec()["step"]["choices"]
    given = {task[RUN]["step"] for task in STEPS}
    by_entry = {task["vars"]["__nso_ha_step"] for _folder, task in ALL if _begins(task)}
    assert "{{ __nso_ha_step }}" in given
    assert (given - {"{{ __nso_ha_step }}"}) | by_entry == set(choices)


def test_only_what_is_about_a_host_runs_on_each_and_all_leave_their_result_in_one_place() -> None:
    for task in STEPS:
        of_host = task[RUN]["step"] in (cluster_run.STATE, cluster_run.END)
        assert task.get("run_once", False) is not of_host
        if task[RUN]["step"] != cluster_run.END:
            assert task["register"] == plays.RESULT


def test_nothing_the_play_says_makes_a_step_go_unheard() -> None:
    (block,) = load(ROLE / "tasks" / "run.yml")
    keywords = ("ignore_errors", "ignore_unreachable", "any_errors_fatal")
    assert [block[keyword] for keyword in keywords] == [False] * 3
    hook = load(ROLE / "tasks" / "hook.yml")[0]
    assert [hook[keyword] for keyword in keywords] == [False] * 3


def test_the_tasks_keep_of_a_hook_that_failed_what_a_run_reads() -> None:
    set_fact = "ansible.builtin.set_fact"
    facts = [task[set_fact] for _folder, task in ALL if set_fact in task]
    assert [set(names) for names in facts] == [{results.HOOK_PROBLEM}]


def test_every_private_variable_that_is_used_is_set_by_the_role() -> None:
    known_names = {name for _folder, task in ALL for name in set_by(task)} | set(VARS)
    assert set(PRIVATE.findall(IN_YAML)) <= known_names


def test_every_file_of_tasks_is_used_and_there() -> None:
    files = {path.relative_to(ROLE / "tasks").as_posix() for path in TASKS}
    parts = {"run.yml", "hook.yml", "end.yml"}
    assert files == {*parts, *(f"{name}.yml" for name in SPECS)}
    named = {
        task[how]["file"]
        for _folder, task in ALL
        for how in ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks")
        if how in task
    }
    chosen = "{{ 'hook' if (nso_ha_result | default({})).hook | default({}) else 'end' }}.yml"
    assert named == {"run.yml", "status.yml", chosen, "{{ nso_ha_result.hook.path }}"}


def _begins(task: Task) -> bool:
    return "__nso_ha_step" in task.get("vars", {})


def test_what_counts_for_the_group_is_a_variable_of_the_role() -> None:
    assert set(settings.OF_THE_GROUP) <= SPECIFIED


#: All YAML of the roles and playbooks whose lines Ansible may print.
PRINTED = sorted(
    path
    for folder in ("roles/*/tasks", "roles/*/vars", "roles/*/defaults", "playbooks")
    for path in ROOT.glob(f"{folder}/**/*.yml")
)


@pytest.mark.parametrize("path", PRINTED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_error_shows_no_comment_that_is_for_maintainers(path: Path) -> None:
    """Since ansible-core 2.19 an error shows the line that it is about, and the two before it."""
    head, _mark, body = path.read_text(encoding="utf-8").partition("\n---\n")
    assert not [line for line in body.splitlines() if line.lstrip().startswith("#")]
    licence = head.splitlines()[-1].startswith("# SPDX-License-Identifier")
    assert licence or body.startswith("\n"), "an empty line has to follow the mark"
