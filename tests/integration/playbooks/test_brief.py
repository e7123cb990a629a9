# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback nso.ha.brief: few lines, no failure hidden, with every playbook."""

from __future__ import annotations

import json
import re
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.modules import ROOT
from helpers.playbooks import command, environment
from ncs_sim.cluster import Cluster

#: The most lines on three nodes at 80 columns: half of what the default callback may print.
STATUS, IDLE, REFUSAL, SWITCHOVER = 17, 20, 22, 30

TRUE = {"ansible.builtin.command": "true"}
LOCAL = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}


@pytest.fixture(autouse=True)
def not_verbose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "0")


def run(playbook: str | Path, inventory: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """Return exit status and all that is printed with the callback, on a terminal of 80 columns."""
    own = {"ANSIBLE_STDOUT_CALLBACK": "nso.ha.brief", "COLUMNS": "80"}
    shown = {**environment(ROOT), "ANSIBLE_SHOW_CUSTOM_STATS": "0", **own, **settings}
    ended = subprocess.run(
        command(playbook, inventory, *arguments),
        cwd=ROOT,
        env=shown,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
        check=False,
    )
    assert "Traceback" not in ended.stdout, ended.stdout
    assert "Callback dispatch" not in ended.stdout, ended.stdout
    assert "Failure using method" not in ended.stdout, ended.stdout
    return ended.returncode, ended.stdout


def rows(output: str) -> int:
    """Return how many rows of a terminal of 80 columns this takes."""
    return sum(
        len(textwrap.wrap(line, 80, drop_whitespace=False)) or 1 for line in output.splitlines()
    )


@pytest.fixture(name="hosts")
def three_hosts(tmp_path: Path) -> Path:
    """An inventory of three hosts that need no connection."""
    path = tmp_path / "hosts.yml"
    path.write_text(
        yaml.safe_dump({"all": {"hosts": {f"n{i}": {} for i in (1, 2, 3)}, "vars": LOCAL}})
    )
    return path


def play(directory: Path, *tasks: dict[str, Any], **keywords: Any) -> Path:
    path = directory / "play.yml"
    path.write_text(
        yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": list(tasks), **keywords}])
    )
    return path


@pytest.mark.every_core
@pytest.mark.long
def test_what_the_cluster_does_takes_half_the_lines(cluster: Cluster) -> None:
    printed = {}
    for name, arguments in (
        ("status", ()),
        ("switchover", ()),
        ("converge", ()),
        ("rejoin", ("-e", "nso_ha_candidate=n9")),
    ):
        printed[name] = run(f"nso.ha.{name}", cluster.inventory, *arguments)
    assert [printed[name][0] for name in printed] == [0, 0, 0, 2], printed
    # The primary has moved, with a line for each wave, and one says where something was changed.
    waves = re.findall(r"^\d\d:\d\d:\d\d (.*)$", printed["switchover"][1], re.MULTILINE)
    assert len(waves) >= 4
    assert "changed: [n1, n2, n3] End the run" in printed["switchover"][1]
    assert "changed: " not in printed["status"][1] + printed["converge"][1]
    assert "healthy: n2 is primary" in printed["switchover"][1]
    # The reason is printed once in full, and each host is named.
    refused = printed["rejoin"][1]
    assert refused.count("rejoin refused: ") == 1
    named = re.findall(r"^fatal: \[(.*)\]: FAILED!", refused, re.MULTILINE)
    assert sorted(", ".join(named).split(", ")) == ["n1", "n2", "n3"]
    most = {"status": STATUS, "switchover": SWITCHOVER, "converge": IDLE, "rejoin": REFUSAL}
    assert {
        name: rows(printed[name][1]) for name in most if rows(printed[name][1]) > most[name]
    } == {}


@pytest.mark.main
@pytest.mark.every_core
@pytest.mark.long
def test_changes_messages_and_ignored_failures_are_told_and_secrets_are_not(
    hosts: Path, tmp_path: Path
) -> None:
    secret = {"ansible.builtin.command": "echo hush-{{ inventory_hostname }}", "no_log": True}
    tasks: list[dict[str, Any]] = [
        {"name": "Nothing", **TRUE, "changed_when": False},
        {"name": "Change", **TRUE},
        {"name": "Loop", **TRUE, "loop": [1, 2], "run_once": True},
        {"name": "Delegate", **TRUE, "loop": ["n2"], "delegate_to": "{{ item }}", "run_once": True},
        {"name": "Say", "ansible.builtin.debug": {"msg": "for people"}, "run_once": True},
        {"name": "Skip", **TRUE, "when": False},
        {"name": "Ignore", "ansible.builtin.fail": {"msg": "one\ntwo"}, "ignore_errors": True},
        {"name": "Secret", **secret},
        {"name": "Secret failure", **secret, "failed_when": True, "ignore_errors": True},
        {
            "name": "Write",
            "ansible.builtin.copy": {"content": "new\n", "dest": str(tmp_path / "file")},
            "run_once": True,
        },
    ]
    status, output = run(play(tmp_path, *tasks), hosts, "--diff")
    assert status == 0, output
    lines = output.splitlines()
    assert lines[:3] == [
        "changed: [n1, n2, n3] Change",
        "changed: [n1] Loop",
        "changed: [n1 -> n2] Delegate",
    ]
    assert "for people" in output
    assert [line for line in lines if "Ignore" in line] == [
        f"ignored: [n{number}] Ignore: failed: one"
        for number in sorted(int(line[11]) for line in lines if "Ignore" in line)
    ]
    assert "hush" not in output
    assert sum("Secret failure: failed: " in line for line in lines) == 3
    assert "+new" in lines
    assert lines[-1] == "changed: [n1] Write"
    for hidden in ("Nothing", "Skip", "PLAY", "ok=", "..."):
        assert hidden not in output


@pytest.mark.every_core
def test_failures_are_told_in_full_and_the_same_one_once(hosts: Path, tmp_path: Path) -> None:
    failing = {"name": "Fail", "ansible.builtin.command": "sh -c 'echo why >&2; exit 3'"}
    items = {"name": "Items", "ansible.builtin.command": "test {{ item }} = 1", "loop": [1, 2]}
    status, output = run(
        play(tmp_path, {**failing, "when": "inventory_hostname == 'n1'"}, items), hosts
    )
    assert status == 2
    first = re.search(r"^fatal: \[n1\]: FAILED! => (\{.*\})$", output, re.MULTILINE)
    assert first, output
    told = json.loads(first.group(1))
    assert (told["rc"], told["stderr"]) == (3, "why")
    assert output.index("TASK [Fail]") < output.index("fatal: [n1]")
    assert len(re.findall(r"^failed: \[n[23]\] \(item=2\) => \{", output, re.MULTILINE)) == 2
    # The failure of n1 has scrolled away.
    refuse = {"name": "Refuse", "ansible.builtin.fail": {"msg": "a reason"}}
    status, output = run(play(tmp_path, refuse), hosts)
    assert status == 2
    assert output.count("a reason") == 1
    assert re.search(r"^fatal: \[n\d, n\d\]: FAILED! => the same as n\d$", output, re.MULTILINE)
    # The failures are the last that is seen.
    assert "recap" not in output
    last = {"name": "Last", **TRUE}
    status, output = run(
        play(tmp_path, {**refuse, "when": "inventory_hostname == 'n1'"}, last), hosts
    )
    assert output.splitlines()[-3:] == [
        "changed: [n2, n3] Last",
        "",
        "recap: failed on n1",
    ]


@pytest.mark.every_core
@pytest.mark.long
def test_an_unreachable_host_is_told_and_one_that_is_ignored_in_a_line(
    hosts: Path, tmp_path: Path
) -> None:
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    look = {"name": "Look", "ansible.builtin.ping": {}, "vars": away}
    ignoring = play(tmp_path, {**look, "ignore_unreachable": True})
    status, output = run(ignoring, hosts, "--limit", "n1")
    assert status == 0, output
    assert re.match(r"ignored: \[n1\] Look: unreachable: .+\n", output), output
    status, output = run(play(tmp_path, look), hosts, "--limit", "n1")
    assert status == 4, output
    assert "fatal: [n1]: UNREACHABLE! => " in output
    assert output.endswith("\nrecap: n1 unreachable\n"), output


@pytest.mark.every_core
@pytest.mark.long
def test_check_mode_is_marked_silence_is_explained_and_v_prints_everything(
    hosts: Path, tmp_path: Path
) -> None:
    write = {"ansible.builtin.copy": {"content": "x", "dest": str(tmp_path / "new")}}
    playbook = play(tmp_path, {"name": "Write", **write, "run_once": True})
    _status, output = run(playbook, hosts, "--check", ANSIBLE_CHECK_MODE_MARKERS="1")
    assert "changed: [n1] Write [CHECK MODE]" in output
    quiet = play(tmp_path, {"name": "Nothing", **TRUE, "changed_when": False})
    assert run(quiet, hosts) == (0, "recap: nothing changed on n1, n2, n3\n")
    _status, verbose = run(quiet, hosts, "-v", ANSIBLE_FORKS="1")
    _status, default = run(
        quiet, hosts, "-v", ANSIBLE_FORKS="1", ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default"
    )
    # Only the times that a command took differ.
    times = re.compile(r'"(delta|end|start)": "[^"]*"')
    assert times.sub("", verbose) == times.sub("", default)
    assert "PLAY RECAP" in verbose


@pytest.mark.every_core
@pytest.mark.long
@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_where_hosts_do_not_go_in_step_changes_are_told_too(
    hosts: Path, tmp_path: Path, strategy: str
) -> None:
    playbook = play(
        tmp_path, {"name": "First", **TRUE}, {"name": "Second", **TRUE}, strategy=strategy
    )
    status, output = run(playbook, hosts)
    assert status == 0, output
    for task in ("First", "Second"):
        named = re.findall(rf"^changed: \[(.*)\] {task}$", output, re.MULTILINE)
        assert sorted(", ".join(named).split(", ")) == ["n1", "n2", "n3"]
