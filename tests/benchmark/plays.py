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
from helpers.playbooks import Run, command, unsettled

from benchmark.measuring import BenchmarkError

#: Ansible's default, and the same for all that is compared.
FORKS = 5
PING = "ansible.builtin.ping"

#: Lets a run tell each call of a module.
TELLING = {"ANSIBLE_VERBOSITY": "1"}

#: Seconds after which a playbook is taken to hang.
_LONGEST = 1800
#: Seconds that a playbook gets to end by itself when the benchmark is interrupted.
_TO_END = 5
_CALLBACKS = Path(__file__).with_name("callbacks")
_SHOWN = 4000


class TaskRun(NamedTuple):
    """A task on one host. `begin` and `end` are monotonic, in seconds."""

    action: str
    host: str
    outcome: str
    changed: bool
    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


class Calls(NamedTuple):
    """Calls of one module for one purpose that a run makes in a row, and on which hosts."""

    name: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Played:
    """A playbook that has ended well.

    seconds: of the whole command
    tasks:   all results, in order, skipped ones too
    output:  what it printed
    """

    seconds: float
    tasks: tuple[TaskRun, ...]
    output: str = ""

    @property
    def changed(self) -> list[str]:
        """Return the hosts on which something was changed."""
        return sorted({one.host for one in self.tasks if one.changed})

    def calls(self) -> list[Calls]:
        """Return the calls of modules, in order. It was played with TELLING."""
        found: list[Calls] = []
        for host, name in Run(0, self.output).calls():
            if found and found[-1].name == name and host not in found[-1].hosts:
                found[-1] = Calls(name, (*found[-1].hosts, host))
            else:
                found.append(Calls(name, (host,)))
        return found


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
        return Played(seconds, tasks, text)

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
