# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of fencing tasks can be relied on, by reading them as Ansible does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from helpers import fencing
from helpers.fencing import OFF, RELIABLE, UNRELIABLE, write
from helpers.frozen import ASK, CONFIRM
from helpers.modules import ROOT
from helpers.playbooks import run_playbook
from ncs_sim.cluster import Cluster


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return fencing.files(tmp_path)


#: An action beside the playbook that says of a file what a run says of it.
READS = """
from ansible_collections.nso.ha.plugins.action import cluster_run


class ActionModule(cluster_run.ActionModule):
    def run(self, tmp=None, task_vars=None):
        return {"problem": self._hook_problem("fence", self._task.args["path"], 120)}
"""


def read(
    cluster: Cluster, files: dict[str, str], tmp_path: Path, *arguments: str
) -> dict[str, str]:
    """What is said of each file, all of them in one play."""
    (tmp_path / "action_plugins").mkdir(exist_ok=True)
    (tmp_path / "action_plugins" / "reads_hook.py").write_text(READS)
    once = {"run_once": True}
    tasks: list[dict[str, Any]] = [
        {
            "reads_hook": {"path": "{{ item.value }}"},
            "loop": "{{ files | dict2items }}",
            "register": "read",
            **once,
        },
        {
            "ansible.builtin.set_stats": {
                "data": {
                    "nso_ha_report": "{{ dict(read.results | map(attribute='item.key')"
                    " | zip(read.results | map(attribute='problem'))) }}"
                }
            },
            **once,
        },
    ]
    play = {"hosts": "nso", "gather_facts": False, "tasks": tasks, "vars": {"files": files}}
    run = run_playbook(write(tmp_path, "read", [play]), cluster.inventory, *arguments)
    assert run.status == 0, run.output
    found: dict[str, str] = run.report
    return found


@pytest.mark.main
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
    texts = [(ROOT / "docs" / f"{page}.md").read_text() for page in ("failover", "hooks")]
    # That they confirm for the right host is in their text.
    example = re.compile(r"^```yaml\n(# (\w+)\.yml\n.*?)^```$", re.MULTILINE | re.DOTALL)
    found = [one for text in texts for one in example.findall(text)]
    events = [event for _tasks, event in found]
    assert events == ["fence", "fence", "withdraw", "announce", "backup"]
    for tasks, event in found:
        assert ("nso_ha_fence_host" if event == "fence" else "nso_ha_hook.host") in tasks
    examples = [tasks for tasks, _event in found]
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
