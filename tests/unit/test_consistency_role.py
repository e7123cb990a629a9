# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's defaults, its specs, what it uses, its playbooks and the documents fit together."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.nso.ha.plugins.action import cluster_decision
from ansible_collections.nso.ha.plugins.module_utils._node import ways
from ansible_collections.nso.ha.plugins.plugin_utils._checks import judge
from ansible_collections.nso.ha.plugins.plugin_utils._model.plain import to_dict
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import (
    GIVE_ROLE,
    HOOK,
    KINDS,
    SET_MODE,
    START,
    Step,
    Wave,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run import planning, results, settings
from ansible_collections.nso.ha.plugins.plugin_utils._run import play as plays
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    Decision,
    OperationPlan,
    Progress,
    RoleOptions,
    Run,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import Settings
from helpers import documentation
from helpers.cases import N1, N2, known
from helpers.modules import ROOT

ROLE = ROOT / "roles" / "cluster"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: The role, and the playbook, that are about AWX; see test_consistency_awx.py.
SETUP = "awx_setup"
#: All roles but the one that this file is about.
OTHER_ROLES = (SETUP, "is_primary")
#: The first play of every operation.
GROUP = "group"
PLAYBOOKS = sorted(
    path for path in (ROOT / "playbooks").glob("*.yml") if path.stem not in (SETUP, GROUP)
)
#: The entry point for those who name none; it is another one under its name.
MAIN = "main"

# Variables of the role itself begin with two underscores, and are set by the role alone.
VARIABLE = re.compile(r"(?<![A-Za-z0-9_])nso_ha_\w+")
PRIVATE = re.compile(r"(?<![A-Za-z0-9_])__nso_ha_\w+")

DECISION = "nso.ha.cluster_decision"
#: What the role calls to get at a node.
MODULE = re.compile(r"nso\.ha\.ncs_ha_\w+")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


SPECS: dict[str, Any] = load(ROLE / "meta" / "argument_specs.yml")["argument_specs"]
DEFAULTS: dict[str, Any] = load(ROLE / "defaults" / "main.yml")
VARS: dict[str, Any] = load(ROLE / "vars" / "main.yml")
TASKS = sorted((ROLE / "tasks").rglob("*.yml"))
SPECIFIED = {name for spec in SPECS.values() for name in spec["options"]}

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


def titles(tasks: list[Task]) -> list[str]:
    return [str(task["name"]) for task in tasks]


def action(task: Task) -> str:
    """Return the module of this collection that a task calls, or "" if it calls another."""
    return next((name for name in task if name.startswith("nso.ha.")), "")


#: The tasks that call modules on nodes, and those of them that do it for one node after the other.
ON_NODES = [task for _folder, task in ALL if MODULE.fullmatch(action(task))]
DELEGATED = [task for _folder, task in ALL if "delegate_to" in task]
#: The decisions, and those that are made while a lock may be held.
DECISIONS = [task for _folder, task in ALL if action(task) == DECISION]
UNDER_LOCK = [task for folder, task in ALL if action(task) == DECISION and folder == "act"]

SETTINGS_TASK = "settings"
FACT = "ansible.builtin.set_fact"


def every(tasks: list[Task]) -> pytest.MarkDecorator:
    """Return what runs a test for each of these tasks."""
    return pytest.mark.parametrize("task", tasks, ids=titles(tasks))


def handed_on() -> set[str]:
    """What the role returns to the play or to AWX, and so is no variable of it."""
    artifacts = {
        name
        for _folder, task in ALL
        for name in task.get("ansible.builtin.set_stats", {}).get("data", {})
    }
    return artifacts | {plays.RESULT, plays.ARTIFACT}


def set_by(task: Task) -> set[str]:
    """Return the variables that a task sets, for itself or for those after it."""
    control = task.get("loop_control", {})
    return {
        *task.get("vars", {}),
        *(set(task.get("ansible.builtin.set_fact", {})) - {"cacheable"}),
        *(control[name] for name in ("loop_var", "index_var") if name in control),
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
    names = set(VARIABLE.findall(IN_YAML + text_of(*PLAYBOOKS)))
    code = [*(ROOT / "plugins" / "plugin_utils").rglob("*.py"), Path(cluster_decision.__file__)]
    for path in code:
        # Whole texts in the code only: a name in a message or a docstring is no use of it.
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.update([node.value] if VARIABLE.fullmatch(node.value) else [])
    return names


def test_there_is_something_to_compare() -> None:
    assert len(SPECS) >= 3
    assert len(SPECIFIED) >= 10
    assert len(TASKS) >= 20
    assert len(PLAYBOOKS) >= 2
    assert len(ON_NODES) >= 10
    assert len(DELEGATED) >= 5
    assert len(UNDER_LOCK) >= 5


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
    empty = settings.read("n1", lambda _name: "", {})
    limits = {name: getattr(empty.limits, limit) for limit, name in settings.LIMIT_NAMES.items()}
    # Where none is given, a lock lasts as long as it has to.
    assert limits.pop("nso_ha_lock_timeout") is None
    assert {**limits, "nso_ha_state_dir": empty.state_dir} == {
        name: DEFAULTS[name] for name in (*limits, "nso_ha_state_dir")
    }
    assert empty.member.priority == DEFAULTS["nso_ha_priority"]
    assert empty.member.role == DEFAULTS["nso_ha_role"]
    assert list(empty.look) == DEFAULTS["nso_ha_look"]
    assert DEFAULTS["nso_ha_group"] == settings.DEFAULT_GROUP
    # To everything else, empty is as good as not given.
    others = {name for name, default in DEFAULTS.items() if default not in ("", False, [])}
    given = {
        "nso_ha_state_dir",
        "nso_ha_priority",
        "nso_ha_group",
        "nso_ha_look",
        "nso_ha_role",
    }
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

    settings.read("n1", evaluate, {})
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
    first, play = load(playbook)
    assert first["ansible.builtin.import_playbook"] == f"{GROUP}.yml"
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
    assert handed_in() == {"nso_ha_fence_host", "nso_ha_hook"}
    assert not handed_in() & SPECIFIED
    text = documentation.texts(SPECS[MAIN]["options"])
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


def test_the_decision_plugin_names_no_other_variables() -> None:
    text = documentation.texts(documentation.module("cluster_decision"))
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
    assert roles == [{"name": "nso.ha.cluster", "tasks_from": playbook.stem}]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_is_in_the_documents_by_its_full_name(playbook: Path) -> None:
    assert [path for path in DOCUMENTS if f"nso.ha.{playbook.stem}" in path.read_text()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_nothing_of_the_collection_that_is_not_there(document: Path) -> None:
    existing = {"cluster", *OTHER_ROLES, "ncs", *documentation.MODULES, *documentation.LOOKUPS}
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
    text = documentation.texts(SPECS[MAIN]["options"]["nso_ha_override"])
    assert re.findall(r"V\((\w+)\)", text) == list(judge.OVERRIDABLE)


def test_every_check_that_can_be_overridden_is_in_a_table_of_the_documents() -> None:
    rows = [re.findall(r"^\| `(\w+)` \|", path.read_text(), re.MULTILINE) for path in DOCUMENTS]
    assert {name for row in rows for name in row} >= set(judge.OVERRIDABLE)


def test_every_operation_can_be_planned_by_its_name() -> None:
    text = documentation.texts(SPECS[MAIN]["options"]["nso_ha_operation"])
    assert set(re.findall(r"V\((\w+)\)", text)) == set(operations.OPERATIONS)
    assert set(operations.OPERATIONS) <= set(SPECS)


# Who may run


@every([task for task in DECISIONS if task[DECISION]["step"] != SETTINGS_TASK])
def test_a_decision_is_made_once_and_registered(task: Task) -> None:
    assert task["run_once"] is True
    assert PRIVATE.fullmatch(task["register"])


def test_every_step_of_the_decision_plugin_is_used_and_no_other() -> None:
    choices = cluster_decision.argument_spec()["step"]["choices"]
    assert {task[DECISION]["step"] for task in DECISIONS} == set(choices)


@every(DECISIONS)
def test_a_decision_is_registered_where_the_next_one_looks_for_it(task: Task) -> None:
    others = {
        "settings": cluster_decision._SETTINGS,
        "begin": cluster_decision._BEGIN,
        "find_gone": "__nso_ha_gone_runs",
        "report": "__nso_ha_reported",
        "report_so_far": "__nso_ha_reported",
        "report_status": "__nso_ha_reported",
    }
    expected = others.get(task[DECISION]["step"], cluster_decision._DECISION)
    assert task["register"] == expected


@every(UNDER_LOCK)
def test_a_decision_that_is_cut_off_does_not_end_the_play_while_a_lock_is_held(
    task: Task,
) -> None:
    assert task["ignore_errors"] is True


def test_no_decision_is_made_with_a_lock_held_elsewhere_than_in_its_folder() -> None:
    outside = {
        task[DECISION]["step"]
        for folder, task in ALL
        if action(task) == DECISION and folder != "act"
    }
    assert outside == {"settings", "begin", "plan", "find_gone", "report", "report_status"}


@every(ON_NODES)
def test_a_module_that_fails_or_a_node_that_is_not_reached_does_not_end_the_play(
    task: Task,
) -> None:
    assert task["ignore_errors"] is True
    assert task["ignore_unreachable"] is True


@every([task for _folder, task in ALL if "run_once" in task and task not in DECISIONS])
def test_what_runs_once_is_about_no_node_or_delegated_to_it(task: Task) -> None:
    plain = {f"ansible.builtin.{name}" for name in ("debug", "set_fact", "set_stats")}
    assert task in DELEGATED or plain & set(task)


@every(DELEGATED)
def test_a_delegated_task_says_all_that_may_differ_from_host_to_host(task: Task) -> None:
    """What it does not say is that of the host that Ansible takes for a task that runs once."""
    assert task["delegate_to"] == f"{{{{ {results.NODE} }}}}"
    assert task["loop_control"]["loop_var"] == results.NODE
    assert task["run_once"] is True
    assert task["vars"]["__nso_ha_there"] == (
        f"{{{{ hostvars[{results.NODE}].{cluster_decision._SETTINGS}.settings }}}}"
    )
    assert task["environment"] == "{{ __nso_ha_there.environment }}"
    for keyword in dataclasses.fields(settings.Keywords):
        assert f"__nso_ha_there.keywords.{keyword.name}" in task[keyword.name]
    # Nor may anything be said of it by the host that runs it.
    assert "inventory_hostname" not in yaml.safe_dump(task)


@every([task for task in ON_NODES if task not in DELEGATED])
def test_a_task_on_all_hosts_goes_by_what_each_has_stated(task: Task) -> None:
    assert "__nso_ha_there" not in task.get("vars", {})
    assert VARS["__nso_ha_there"] == f"{{{{ {cluster_decision._SETTINGS}.settings }}}}"


# What is registered, and read


def test_the_token_is_with_the_tasks_that_need_it_and_no_default_of_others() -> None:
    """Before ansible-core 2.19 a default that cannot be evaluated fails tasks of any module."""
    names = ("operation", "read_only", "start_phase")
    without = [f"nso.ha.ncs_ha_{name}" for name in names]
    for task in ON_NODES:
        given = task[action(task)].get("token")
        assert given == (None if action(task) in without else "{{ __nso_ha_token or omit }}"), task
    assert "__nso_ha_token" not in (ROLE / "tasks" / "run.yml").read_text(encoding="utf-8")


def test_what_decisions_read_is_registered_by_tasks_of_its_kind() -> None:
    by_host = {task["register"] for task in ON_NODES if task not in DELEGATED}
    one_by_one = {task["register"] for task in ON_NODES if task in DELEGATED}
    # What completes the history, sets modes and enters phases in check mode is shown by Ansible and
    # read by no decision.
    shown = {"__nso_ha_completed", "__nso_ha_mode", "__nso_ha_phase"}
    assert by_host == {*results.REGISTERED, *shown}
    assert one_by_one == {*results.ONE_BY_ONE.values(), results.HANDED_OVER}
    facts = [task["ansible.builtin.set_fact"] for _folder, task in ALL if FACT in task]
    assert {name for one in facts for name in set(one) - {"cacheable"}} == {
        results.HOOK_PROBLEM,
        plays.RESULT,
    }
    # Whatever the play makes the default: a cache would hand it on to the next run.
    assert all(one["cacheable"] is False for one in facts if plays.RESULT in one)


def test_every_private_variable_that_is_used_is_set_by_the_role() -> None:
    known_names = {name for _folder, task in ALL for name in set_by(task)} | set(VARS)
    assert set(PRIVATE.findall(IN_YAML)) <= known_names


def test_the_looks_are_for_what_the_decisions_take_them_for() -> None:
    looks = [task["vars"] for _folder, task in ALL if "__nso_ha_moment" in task.get("vars", {})]
    moments = {variables["__nso_ha_moment"] for variables in looks}
    assert moments == {results.UNDER_LOCK, results.ROLLING_BACK}
    # Orders follow, so it is the HA socket that tells.
    assert all(variables["__nso_ha_ways"] == [ways.HA_SOCKET] for variables in looks)
    (recheck,) = [task for task in ON_NODES if task["register"] == results.RECHECK]
    assert recheck["nso.ha.ncs_ha_status"]["step"] == results.before("{{ __nso_ha_wave.name }}")
    assert recheck["nso.ha.ncs_ha_status"]["look"] == [ways.HA_SOCKET]


@every([task for task in ON_NODES if action(task) != "nso.ha.ncs_ha_operation"])
def test_every_module_is_told_of_which_run_and_for_which_step_it_works(task: Task) -> None:
    options = task[action(task)]
    part = VARS["__nso_ha_part"]
    if action(task) == "nso.ha.ncs_ha_status":
        assert options["run_id"] == "{{ __nso_ha_run.run_id }}"
        assert options["step"]
    elif isinstance(options["operation"], dict):
        assert set(options["operation"]) == {"state_dir", "run_id", "step"}
        told = {"{{ __nso_ha_run.run_id }}", "{{ __nso_ha_part.run_id }}"}
        assert options["operation"]["run_id"] in told
    else:
        assert "__nso_ha_part" in options["operation"]
        assert part["run_id"] == "{{ __nso_ha_run.run_id }}"
        assert part["step"] == "{{ __nso_ha_step.name }}"


#: What a variable of the role holds.
HOLDS = {
    "__nso_ha_plan": OperationPlan,
    "__nso_ha_progress": Progress,
    "__nso_ha_run": Run,
    "__nso_ha_there": Settings,
    "__nso_ha_wave": Wave,
    "__nso_ha_step": Step,
    "__nso_ha_target": RoleOptions,
}


def attributes(variable: str) -> set[str]:
    """Return what the tasks take of a variable."""
    return set(re.findall(rf"(?<![A-Za-z0-9_.]){variable}\.(\w+)", IN_YAML))


@pytest.mark.parametrize("variable", HOLDS)
def test_tasks_take_of_typed_data_only_what_it_has(variable: str) -> None:
    assert attributes(variable)
    assert attributes(variable) <= {one.name for one in dataclasses.fields(HOLDS[variable])}


@pytest.mark.parametrize(
    ("variable", "default"),
    [("__nso_ha_plan", "__nso_ha_no_plan"), ("__nso_ha_progress", "__nso_ha_no_progress")],
)
def test_a_decision_that_is_lost_stands_for_one_that_forbids_everything(
    variable: str, default: str
) -> None:
    undecided = to_dict(planning.undecided(known([N1, N2], {})))
    part: dict[str, Any] = undecided[variable.removeprefix("__nso_ha_")]
    stands = VARS[default]
    assert set(stands) >= attributes(variable)
    given = {"operation": "{{ __nso_ha_run.operation }}", "locked": "{{ __nso_ha_run.hosts }}"}
    assert stands == {name: given.get(name, part[name]) for name in stands}
    assert f"default({default})" in VARS[variable]


def test_a_decision_that_is_lost_makes_nothing_needed() -> None:
    assert VARS["__nso_ha_needed"] == "{{ __nso_ha_decision.needed | default(false) }}"
    assert {one.name for one in dataclasses.fields(Decision)} == {"plan", "progress", "needed"}


#: The files of waves: how these are taken, and whether nodes are looked at before.
WAVES = {
    *(f"act/{kind}.yml" for kind in (*KINDS.values(), GIVE_ROLE, HOOK)),
    *(f"act/{kind}_in_parallel.yml" for kind in (SET_MODE, START, GIVE_ROLE)),
    # Only waves in which nodes get roles are preceded by a look.
    *(f"act/recheck_and_{kind}.yml" for kind in (GIVE_ROLE, f"{GIVE_ROLE}_in_parallel")),
}


def named_files() -> Iterator[str]:
    """Yield the files that tasks of the role name, relative to the folder of tasks."""
    tasks = ROLE / "tasks"
    for path in TASKS:
        for task in tasks_of(load(path)):
            for how in ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks"):
                name = task.get(how, {}).get("file", "")
                if not name or "{{" in name:
                    continue
                beside = path.parent / name
                # Not every release of ansible-core looks for an import elsewhere than beside it.
                found = beside if beside.exists() or "import" in how else tasks / name
                assert found.exists(), f"{path.name}: {name}"
                yield found.resolve().relative_to(tasks).as_posix()


def test_every_file_of_tasks_is_used_and_there() -> None:
    files = {path.relative_to(ROLE / "tasks").as_posix() for path in TASKS}
    by_variable = {task["vars"]["__nso_ha_steps"] for _folder, task in ALL if _begins(task)}
    assert {*named_files(), *by_variable, *WAVES, *(f"{name}.yml" for name in SPECS)} == files


def _begins(task: Task) -> bool:
    return "__nso_ha_steps" in task.get("vars", {})


def test_what_counts_for_the_group_is_a_variable_of_the_role() -> None:
    assert set(settings.OF_THE_GROUP) <= SPECIFIED
