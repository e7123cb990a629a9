# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark itself, with few rounds: the command that `make bench` runs, and real playbooks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from benchmark import report
from benchmark.__main__ import KEPT, PAGE
from benchmark.measuring import BenchmarkError
from benchmark.plays import Stage
from benchmark.results import Result
from helpers.modules import COLLECTIONS, ROOT
from helpers.until import until

_INVENTORY = "nso: {hosts: {n1: {ansible_connection: local}}}\n"


def command(*arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command of a benchmark and its environment."""
    paths = os.pathsep.join([str(ROOT / "tests"), str(COLLECTIONS)])
    return [sys.executable, "-m", "benchmark", *arguments], {**os.environ, "PYTHONPATH": paths}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    words, environment = command(*arguments)
    return subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=110, check=False
    )


def kept() -> list[bytes]:
    return [path.read_bytes() for path in (KEPT / report.RESULTS, KEPT / report.CHART, PAGE)]


def measured(directory: Path, *groups: str, rounds: int = 2) -> dict[str, Result]:
    """Run a benchmark of some groups; what it wrote, by the names of the figures."""
    before = kept()
    only = ["--only", ",".join(groups), "--rounds", str(rounds)]
    done = run(*only, "--out", str(directory))
    assert done.returncode == 0, done.stderr
    assert kept() == before, "a run of some groups has changed what is kept"
    about, results = report.parse((directory / report.RESULTS).read_text())
    assert done.stdout == report.text(about, results)
    assert (directory / report.CHART).exists()
    return {one.figure.name: one for one in results}


def test_planner_and_client_are_measured(tmp_path: Path) -> None:
    found = measured(tmp_path, "client", "planner")
    on_two = "client-rate-on-two-CPUs"
    client = {"client-rate-anywhere", "client-rate-on-one-CPU", on_two}
    assert set(found) == {*client, "planner-converge", "planner-switchover"}
    if found[on_two].not_run:
        assert found.pop(on_two).not_run == "there is only one CPU"
    for one in found.values():
        assert len(one.values) == 2
        assert all(value > 0 for value in one.values)
        assert all(side.value > 0 for side in one.sides.values())


def test_modules_are_measured_beside_ping_with_real_playbooks(tmp_path: Path) -> None:
    found = measured(tmp_path, "module-local")
    assert set(found) == {"local-status", "local-role"}
    for one in found.values():
        assert len(one.values) == 2
        assert one.sides["ping"].value > 0


def test_a_group_that_does_not_exist_is_refused_with_those_that_do() -> None:
    done = run("--only", "client,nonsense")
    assert done.returncode == 2
    assert "no such group: nonsense; there are module-local, " in done.stderr
    assert not done.stdout


def test_a_playbook_that_fails_is_an_error_with_its_output(tmp_path: Path) -> None:
    stage, inventory = Stage(tmp_path), tmp_path / "inventory.yml"
    inventory.write_text(_INVENTORY)
    task = {"name": "End", "ansible.builtin.fail": {"msg": "this is why"}}
    play = {"name": "Fail", "hosts": "nso", "gather_facts": False, "tasks": [task]}
    with pytest.raises(BenchmarkError, match=r"ended with status 2(.|\n)*this is why"):
        stage.play(stage.write([play]), inventory)


def test_nothing_is_left_running_when_it_is_interrupted(tmp_path: Path) -> None:
    words, environment = command("--only", "module-local", "--rounds", "1000")
    mark = f"MARK_OF_THE_TEST={tmp_path}"
    environment["MARK_OF_THE_TEST"] = str(tmp_path)
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _runs(mark, "ansible-playbook"), 60, "that a playbook runs")
            assert _runs(mark, "ncs_sim")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
    until(lambda: not _runs(mark, ""), 60, "the end of all that was started")


def _runs(mark: str, words: str) -> bool:
    """Return whether a process with this in its environment has these words in its command."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            marked = mark.encode() in (path / "environ").read_bytes().split(b"\0")
            if marked and words.encode() in (path / "cmdline").read_bytes():
                return True
        except OSError:
            # It has ended, or is somebody else's.
            continue
    return False
