# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of fencing tasks can be relied on, by reading them as Ansible does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.frozen import ASK, CONFIRM, command
from helpers.modules import ROOT
from helpers.playbooks import run_playbook
from ncs_sim.cluster import Cluster

OFF = command("true")
CONFIRM_WRONGLY = {**CONFIRM, "delegate_to": "localhost"}

RELIABLE: dict[str, object] = {
    "fenced, asked, confirmed": [OFF, ASK, CONFIRM],
    "a failure that is handled": [
        {"block": [command("false")], "rescue": [{"ansible.builtin.debug": {"msg": "softly"}}]},
        ASK,
        CONFIRM,
    ],
    "a block that ends with it": [
        {
            "block": [OFF, ASK, CONFIRM],
            "rescue": [{"ansible.builtin.fail": {"msg": "it did not work"}}],
        }
    ],
    "two ways": [
        {"block": [OFF, ASK, CONFIRM], "when": "vendor == 'a'"},
        {"block": [OFF, ASK, CONFIRM], "when": "vendor == 'b'"},
    ],
    "a look at what came of it": [
        OFF,
        ASK,
        {"ansible.builtin.fail": {"msg": "it is on"}, "when": "outlet.on"},
        CONFIRM,
    ],
    "an included file": [OFF, {"ansible.builtin.include_tasks": "ask.yml"}, CONFIRM],
    "an imported file": [OFF, {"ansible.builtin.import_tasks": {"file": "ask.yml"}}, CONFIRM],
    "a list of outlets": [{**ASK, "loop": [1, 2]}, CONFIRM],
    "a role, and a question after it": [
        {"ansible.builtin.include_role": {"name": "power"}},
        ASK,
        CONFIRM,
    ],
    "the old form": [
        OFF,
        ASK,
        {"action": "nso.ha.ncs_ha_operation state=confirmed host={{ nso_ha_fence_host }}"},
    ],
    "errors that are not ignored": [{**OFF, "ignore_errors": False}, ASK, CONFIRM],
}

UNRELIABLE: dict[str, tuple[object, str]] = {
    "empty": ("", "has no tasks"),
    "not there": (None, "no-such-file"),
    "bad YAML": ("- a: [", "unreliable"),
    "no list": ({"a": 1}, "has no tasks"),
    "a list of something else": (["a", CONFIRM], "where a task should be"),
    "unknown action": ([{"no.such.action": {}}, ASK, CONFIRM], "no.such.action"),
    "unknown action in a rescue": (
        [{"block": [OFF], "rescue": [{"no.such.action": {}}]}, ASK, CONFIRM],
        "no.such.action",
    ),
    "unknown keyword": ([{**ASK, "wehn": True}, CONFIRM], "wehn"),
    "unknown keyword of a block": ([{"block": [OFF], "wehn": True}, ASK, CONFIRM], "wehn"),
    "no confirmation": ([OFF, ASK], "has to end with a task that confirms"),
    "another module in its place": (
        [OFF, ASK, {"nso.ha.ncs_ha_operation": {"state": "ended", "host": "n1"}}],
        "has to end with a task that confirms",
    ),
    "something after the confirmation": ([OFF, ASK, CONFIRM, ASK], "has to end with a task"),
    "nothing but the confirmation": ([CONFIRM], "nothing before it does anything"),
    "nothing that does anything": (
        [{"ansible.builtin.debug": {"msg": "off"}}, CONFIRM],
        "nothing before it does anything",
    ),
    "confirmed twice": ([ASK, CONFIRM, CONFIRM], "nothing before it does anything"),
    "ignored errors": ([command("false", ignore_errors=True), ASK, CONFIRM], "ignore_errors"),
    "errors that a block ignores": (
        [{"block": [command("false")], "ignore_errors": True}, ASK, CONFIRM],
        "ignore_errors",
    ),
    "errors that are ignored sometimes": (
        [command("false", ignore_errors="{{ lenient }}"), ASK, CONFIRM],
        "ignore_errors",
    ),
    "errors ignored in what is included": (
        [
            {
                "ansible.builtin.include_tasks": {
                    "file": "ask.yml",
                    "apply": {"ignore_errors": True},
                }
            },
            ASK,
            CONFIRM,
        ],
        "ignore_errors",
    ),
    "an included file that ignores errors": (
        [{"ansible.builtin.include_tasks": "lenient.yml"}, ASK, CONFIRM],
        "ignore_errors",
    ),
    "ignored unreachable": (
        [command("true", ignore_unreachable=True), ASK, CONFIRM],
        "unreachable",
    ),
    "skipped": ([command("true", when=False), CONFIRM], "has a condition"),
    "skipped as a block": ([{"block": [ASK], "when": "some"}, CONFIRM], "has a condition"),
    "an included file that may be skipped": (
        [{"ansible.builtin.include_tasks": "ask.yml", "when": "some"}, CONFIRM],
        "has a condition",
    ),
    "rescued": (
        [{"block": [ASK], "rescue": [{"ansible.builtin.debug": {"msg": "well"}}]}, CONFIRM],
        "rescues a failure",
    ),
    "never fails": ([command("false", failed_when=False), ASK, CONFIRM], "failed_when: false"),
    "not waited for": ([command("sleep", "9", poll=0, **{"async": 9}), ASK, CONFIRM], "poll: 0"),
    "check mode": ([command("true", check_mode=True), ASK, CONFIRM], "check_mode"),
    "once for all": ([command("true", run_once=True), ASK, CONFIRM], "run_once"),
    "a handler": ([command("true", notify="later"), ASK, CONFIRM], "notify"),
    "the end of the play": ([{"ansible.builtin.meta": "end_play"}, ASK, CONFIRM], "end_play"),
    "hosts brought back": ([{"meta": "clear_host_errors"}, ASK, CONFIRM], "clear_host_errors"),
    "a loop over what may be nothing": ([command("true", loop="{{ outlets }}"), CONFIRM], "loops"),
    "a loop over nothing": ([command("true", loop=[]), CONFIRM], "loops"),
    "a loop of which a part is skipped": (
        [command("true", loop=[1, 2], when="item == 1"), CONFIRM],
        "has a condition",
    ),
    "a templated include": (
        [{"ansible.builtin.include_tasks": "{{ vendor }}.yml"}, ASK, CONFIRM],
        "by a name made by a template",
    ),
    "a templated role": (
        [{"ansible.builtin.include_role": {"name": "{{ vendor }}"}}, ASK, CONFIRM],
        "by a name made by a template",
    ),
    "an include of nothing": (
        [{"ansible.builtin.include_tasks": "no-such.yml"}, ASK, CONFIRM],
        "is not there",
    ),
    "an include of itself": ([{"ansible.builtin.include_tasks": "itself.yml"}, CONFIRM], "deep"),
    "no such role": ([{"ansible.builtin.include_role": {"name": "none"}}, ASK, CONFIRM], "none"),
    "a role that cannot be loaded": (
        [{"ansible.builtin.include_role": {"name": "broken"}}, ASK, CONFIRM],
        "no.such.action",
    ),
    "a role whose file cannot be loaded": (
        [{"ansible.builtin.include_role": {"name": "deeply_broken"}}, ASK, CONFIRM],
        "no.such.action",
    ),
    "a role as the last word": (
        [{"ansible.builtin.include_role": {"name": "power"}}, CONFIRM],
        "whether a role did anything",
    ),
    "confirmed in always": (
        [ASK, {"block": [command("false")], "always": [CONFIRM]}],
        "rescue or always section",
    ),
    "confirmed elsewhere": ([OFF, ASK, CONFIRM_WRONGLY], "delegate_to"),
}


def write(directory: Path, name: str, tasks: object) -> Path:
    path = directory / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tasks if isinstance(tasks, str) else yaml.safe_dump(tasks))
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The path of each file, by its case."""
    write(tmp_path, "ask", [ASK])
    write(tmp_path, "lenient", [command("false", ignore_errors=True)])
    write(tmp_path, "itself", [{"ansible.builtin.include_tasks": "itself.yml"}])
    write(tmp_path, "roles/power/tasks/main", [command("false", ignore_errors=True)])
    write(tmp_path, "roles/broken/tasks/main", [{"no.such.action": {}}])
    write(tmp_path, "roles/deeply_broken/tasks/main", [{"include_tasks": "more.yml"}])
    write(tmp_path, "roles/deeply_broken/tasks/more", [{"no.such.action": {}}])
    found = {}
    for number, (name, tasks) in enumerate(RELIABLE.items()):
        found[name] = str(write(tmp_path, f"reliable-{number}", tasks))
    for number, (name, (tasks, _words)) in enumerate(UNRELIABLE.items()):
        path = tmp_path / "no-such-file.yml"
        found[name] = str(path if tasks is None else write(tmp_path, f"unreliable-{number}", tasks))
    return found


def read(
    cluster: Cluster, files: dict[str, str], tmp_path: Path, *arguments: str
) -> dict[str, str]:
    """What is said of each file, all of them in one play."""
    decide = {
        "group": "nso",
        "operation": "failover",
        "fence_tasks": "{{ item.value }}",
    }
    tasks: list[dict[str, Any]] = [
        {
            "nso.ha.cluster_decision": decide,
            "loop": "{{ files | dict2items }}",
            "register": "said",
            "run_once": True,
        },
        {
            "ansible.builtin.set_stats": {
                "data": {
                    "nso_ha_report": "{{ dict(said.results | map(attribute='item.key')"
                    " | zip(said.results | map(attribute='fence_problem'))) }}"
                }
            },
            "run_once": True,
        },
    ]
    play = {"hosts": "nso", "gather_facts": False, "tasks": tasks, "vars": {"files": files}}
    run = run_playbook(write(tmp_path, "read", [play]), cluster.inventory, *arguments)
    assert run.status == 0, run.output
    found: dict[str, str] = run.report
    return found


@pytest.mark.every_core
def test_a_file_can_be_relied_on_only_if_nothing_hides_a_failure_from_its_confirmation(
    pair: Cluster, files: dict[str, str], tmp_path: Path
) -> None:
    said = read(pair, files, tmp_path)
    assert {name: said[name] for name in RELIABLE} == dict.fromkeys(RELIABLE, "")
    for name, (_tasks, words) in UNRELIABLE.items():
        assert said[name], name
        assert files[name] in said[name], name
        assert words in said[name], f"{name}: {said[name]}"
        assert not re.search(r"Traceback|<.* object at", said[name]), said[name]


def test_the_examples_of_the_documents_can_be_relied_on(pair: Cluster, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "failover.md").read_text()
    examples = re.findall(r"^```yaml\n(# fence\.yml\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    files = {
        str(number): str(write(tmp_path, f"example-{number}", example))
        for number, example in enumerate(examples)
    }
    assert not any(read(pair, files, tmp_path).values())


def test_tags_that_leave_tasks_out_are_no_way_past_them(
    pair: Cluster, files: dict[str, str], tmp_path: Path
) -> None:
    files = {
        "tagged": str(write(tmp_path, "tagged", [{**OFF, "tags": "power"}, ASK, CONFIRM])),
        "without": files["fenced, asked, confirmed"],
    }
    for arguments in (["--skip-tags", "power"], ["--tags", "all,never"]):
        said = read(pair, files, tmp_path, *arguments)
        assert "has tags" in said["tagged"], arguments
        assert not said["without"], arguments
    assert not any(read(pair, files, tmp_path).values())
