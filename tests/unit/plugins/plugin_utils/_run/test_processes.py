# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the process of a run has ended: with processes that live and such that do not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._run import processes
from helpers.until import until

NAMES = ("host", "boot", "namespace", "pid", "began")


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def of(child: subprocess.Popen[bytes]) -> dict[str, object]:
    """Return what a run would keep if this were its process."""
    shown = processes._stat(child.pid)
    assert shown
    return {**processes.this_process(), "pid": child.pid, "began": shown.began}


def test_a_process_knows_itself_and_lives() -> None:
    here = processes.this_process()
    assert set(here) == set(NAMES)
    assert here["pid"] == os.getpid()
    assert not processes.is_gone(here)


def test_a_child_lives_until_it_is_killed(child: subprocess.Popen[bytes]) -> None:
    kept = of(child)
    assert kept["began"]
    assert not processes.is_gone(kept)
    child.kill()
    child.wait()
    assert processes.is_gone(kept)


def test_one_that_has_ended_and_was_not_waited_for_is_gone(
    child: subprocess.Popen[bytes],
) -> None:
    kept = of(child)
    child.kill()
    until(lambda: processes.is_gone(kept), what="the end of a process")
    assert os.path.exists(f"/proc/{child.pid}")


def test_a_process_that_the_system_hides_lives_until_the_kernel_knows_none(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = of(child)
    # As with hidepid: other users' processes are not in /proc.
    monkeypatch.setattr(processes, "_PROCESSES", str(tmp_path))
    assert not processes.is_gone(kept)
    child.kill()
    child.wait()
    assert processes.is_gone(kept)


def test_a_process_of_another_user_lives_though_it_is_hidden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(processes, "_PROCESSES", str(tmp_path))
    monkeypatch.setattr(os, "kill", refuse)
    assert not processes.is_gone({**processes.this_process(), "pid": 4_000_000, "began": "7"})


def test_a_run_that_did_not_see_its_own_beginning_is_not_taken_for_another_process(
    child: subprocess.Popen[bytes],
) -> None:
    kept = {**of(child), "began": ""}
    assert not processes.is_gone(kept)
    child.kill()
    child.wait()
    assert processes.is_gone(kept)


def test_another_process_under_the_same_number_is_not_the_one(
    child: subprocess.Popen[bytes],
) -> None:
    assert processes.is_gone({**of(child), "began": "1"})


@pytest.mark.parametrize("name", ["host", "boot", "namespace"])
@pytest.mark.parametrize("other", ["another", ""])
def test_what_is_elsewhere_counts_as_living(
    child: subprocess.Popen[bytes], name: str, other: str
) -> None:
    kept = of(child)
    child.kill()
    child.wait()
    assert not processes.is_gone({**kept, name: other})


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_known_counts_as_living(child: subprocess.Popen[bytes], name: str) -> None:
    kept = of(child)
    child.kill()
    child.wait()
    assert not processes.is_gone({key: value for key, value in kept.items() if key != name})


@pytest.mark.parametrize("pid", [0, -1, "x", None, [1], 10**30])
def test_what_is_no_process_counts_as_living(pid: object) -> None:
    assert not processes.is_gone({**processes.this_process(), "pid": pid})
    assert not processes.is_gone({})


def test_without_a_boot_id_it_cannot_be_told(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_BOOT", "/nonexistent")
    kept = of(child)
    child.kill()
    child.wait()
    assert kept["boot"] == ""
    assert not processes.is_gone(kept)


def test_the_owner_is_the_user_of_awx_or_else_of_the_controller() -> None:
    assert processes.owner({"awx_user_name": "ada", "awx_job_id": 7}, "here") == "ada (job 7)"
    assert processes.owner({"tower_user_name": "bob"}, "here") == "bob (job ?)"
    assert processes.owner({}, "here").endswith("@here")
