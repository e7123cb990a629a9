# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running playbooks and taking the time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from helpers.modules import ROOT
from helpers.playbooks import command, unsettled

from benchmark.measuring import BenchmarkError

#: Ansible's default, and the same for all that is compared.
FORKS = 5
#: Of the collection and of what it is compared with.
PING = "ansible.builtin.ping"
COLLECTION = "nso.ha."

#: Seconds after which a playbook is taken to hang.
_LONGEST = 1800
#: Seconds that a playbook gets to end by itself when the benchmark is interrupted.
_TO_END = 5
_CALLBACKS = Path(__file__).with_name("callbacks")
_SHOWN = 4000


class TaskRun(NamedTuple):
    """A task on one host. `begin` and `end` are monotonic, in seconds."""

    task: str
    action: str
    host: str
    outcome: str
    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


class Call(NamedTuple):
    """A task that called a module of the collection, and the hosts on which it was not skipped."""

    action: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Played:
    """A playbook that has ended well.

    seconds: of the whole command
    tasks:   all results, in order, skipped ones too
    """

    seconds: float
    tasks: tuple[TaskRun, ...]

    def calls(self) -> list[Call]:
        """Return the calls of the collection's modules, in order."""
        found: dict[tuple[str, str], list[str]] = {}
        for one in self.tasks:
            if one.action.startswith(COLLECTION) and one.outcome != "skipped":
                found.setdefault((one.task, one.action), []).append(one.host)
        return [Call(action, tuple(hosts)) for (_task, action), hosts in found.items()]


class Stage:
    """A directory to run playbooks in, with nothing of the user's own settings of Ansible."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._record = directory / "record.json"
        self._number = 0

    def write(self, plays: Sequence[Mapping[str, Any]]) -> Path:
        """Write a playbook, and return it."""
        self._number += 1
        path = self._directory / f"play-{self._number}.yml"
        path.write_text(yaml.safe_dump([dict(play) for play in plays], sort_keys=False))
        return path

    def play(
        self,
        playbook: str | Path,
        inventory: Path,
        variables: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Played:
        """Run a playbook to its end. Raises BenchmarkError with its output if it fails."""
        self._record.unlink(missing_ok=True)
        with open(self._directory / "output", "w+b") as output:
            begin = time.monotonic()
            process = subprocess.Popen(
                command(playbook, inventory, variables=variables),
                cwd=ROOT,
                env={**self._environment(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            status = _wait(process)
            seconds = time.monotonic() - begin
            output.seek(0)
            text = output.read().decode(errors="replace")
        if status != 0 or not self._record.exists():
            end = text[-_SHOWN:].strip()
            raise BenchmarkError(f"{playbook}: ended with status {status}\n{end}")
        tasks = tuple(TaskRun(**one) for one in json.loads(self._record.read_text()))
        return Played(seconds, tasks)

    def _environment(self) -> dict[str, str]:
        return {
            **unsettled(),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_HOME": str(self._directory / "ansible"),
            "ANSIBLE_FORKS": str(FORKS),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "stopwatch",
            "NSO_HA_BENCHMARK_RECORD": str(self._record),
        }


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end. A wait with a timeout looks only now and then, which shows in the times."""
    watchdog = threading.Timer(_LONGEST, process.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        return process.wait()
    finally:
        watchdog.cancel()
        if process.poll() is None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a playbook: Ansible takes its own processes with it if it is interrupted."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_TO_END)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
