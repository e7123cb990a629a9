# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the collection's playbooks as a person does, and reading what they print.

run = run_playbook("nso.ha.switchover", cluster.inventory)
with Playing("nso.ha.switchover", cluster.inventory) as playing:
    playing.until_call("ncs_ha_status catch_up")
    ...                                   # what happens meanwhile
    run = playing.end()
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.modules import ROOT
from helpers.until import until

_BIN = Path(sys.executable).parent
_HEADER = re.compile(r"^TASK \[(?:nso\.ha\.cluster : )?(.*)\] \**$")
#: As in "changed: [n1 -> n2(127.0.0.2)] => (item=n2)": a task for n2 that ran once, beside n1's.
_RESULT = re.compile(r"^(ok|changed|fatal|failed): \[(?:\S+ -> )?([^\](]+)(?:\([^)]*\))?\]")
_RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$")

#: As in "<n1> ncs_ha_role promote": a call of a module on a node, which a run tells with -v.
_CALL = re.compile(r"^<(\S+)> (ncs_ha_\w+ .*)$")
#: The task that says of each host what became of it.
_END = "End the run"


@dataclass(frozen=True)
class Run:
    """A playbook that has ended."""

    status: int
    output: str

    @property
    def report(self) -> dict[str, Any]:
        """The report that the role hands on as data."""
        found = re.search(r"^\tRUN: (\{.*\})$", self.output, re.MULTILINE)
        assert found, f"no report in:\n{self.output}"
        report: dict[str, Any] = json.loads(found.group(1))["nso_ha_report"]
        return report

    @property
    def text(self) -> str:
        """The table and notes of the report, without the line breaks."""
        return " ".join(line.strip() for line in self.report["table"])

    def node(self, host: str) -> dict[str, Any]:
        """What the report says of one node."""
        found: dict[str, Any] = next(one for one in self.report["nodes"] if one["host"] == host)
        return found

    @property
    def changed(self) -> set[str]:
        """The hosts on which something was changed; the recap counts a change if there are any."""
        recap = [_RECAP.match(line) for line in self.output.splitlines()]
        counted = any(one and "changed=0" not in one.group(2) for one in recap)
        # The run itself is a task of one host, which stands for all of them.
        runs = [task for task, _result, _host in self.results() if task == _END]
        hosts = {host for task, host in self.changes() if task == _END or not runs}
        assert counted == bool(hosts), self.output
        return hosts

    def results(self) -> list[tuple[str, str, str]]:
        """Every result: name of the task, ok, changed, failed or fatal, and the host."""
        task, found = "", []
        for line in self.output.splitlines():
            header, result = _HEADER.match(line), _RESULT.match(line)
            if header:
                task = header.group(1)
            elif result:
                found.append((task, result.group(1), result.group(2)))
        return found

    def changes(self) -> list[tuple[str, str]]:
        """Every result that is a change: name of the task, and the host."""
        return [(task, host) for task, result, host in self.results() if result == "changed"]

    def skipped(self) -> list[tuple[str, str]]:
        """Every task that was skipped on a host: its name, and the host."""
        task, found = "", []
        for line in self.output.splitlines():
            header, host = _HEADER.match(line), re.match(r"^skipping: \[([^\]]+)\]", line)
            if header:
                task = header.group(1)
            elif host:
                found.append((task, host.group(1)))
        return found

    def waves(self) -> list[tuple[str, str]]:
        """What the report says was done, in order: wave and host."""
        return [(step["wave"], step["host"]) for step in self.report["steps"]]

    def calls(self) -> list[tuple[str, str]]:
        """The calls of modules, in order: host, and module with what it was for."""
        lines = map(_CALL.match, self.output.splitlines())
        return [(line.group(1), line.group(2)) for line in lines if line]

    def module_calls(self, host: str) -> list[str]:
        """The calls of modules on a host."""
        return [call for where, call in self.calls() if where == host]


class Playing:
    """A playbook that runs in the background; killed at the end of the with statement if need be.

    It runs in a directory with an ansible.cfg. No token of the inventory may be printed.
    """

    def __init__(
        self,
        playbook: str | Path,
        inventory: Path,
        *arguments: str,
        variables: Mapping[str, Any] | None = None,
        home: Path = ROOT,
    ) -> None:
        self._token = token_of(inventory)
        # Not a pipe: nobody reads it while the playbook runs.
        self._output = os.memfd_create("output")
        self._process = subprocess.Popen(
            command(playbook, inventory, *arguments, variables=variables),
            cwd=home,
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    @property
    def output(self) -> str:
        """What it has printed so far."""
        size = os.fstat(self._output).st_size
        return os.pread(self._output, size, 0).decode(errors="replace")

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def until_call(self, call: str, seconds: float = 150) -> None:
        """Wait until a call of a module begins: its module and what it is for."""

        def begun() -> bool:
            assert self.runs or f"> {call}" in self.output, self.output
            return f"> {call}" in self.output

        until(begun, seconds, f"the call {call!r}")

    def end(self, seconds: float = 200) -> Run:
        """Wait for the end, and return it."""
        status = self._process.wait(timeout=seconds)
        run = Run(status, self.output)
        assert self._token not in run.output, "the token was printed"
        assert "Traceback" not in run.output, run.output
        return run

    def kill(self) -> None:
        """End it by SIGKILL together with all that it has started, as when a controller dies."""
        for pid in [self._process.pid, *_descendants(self._process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Playing:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.runs:
            self.kill()
        os.close(self._output)


def _descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started, and those that they have."""
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield int(child)
            yield from _descendants(int(child))


def run_playbook(
    playbook: str | Path,
    inventory: Path,
    *arguments: str,
    variables: Mapping[str, Any] | None = None,
    seconds: float = 200,
    home: Path = ROOT,
) -> Run:
    """Run a playbook to its end, see Playing."""
    with Playing(playbook, inventory, *arguments, variables=variables, home=home) as playing:
        return playing.end(seconds)


def in_one(path: Path, *playbooks: str | tuple[str, Mapping[str, Any]]) -> Path:
    """Write a playbook that imports these, some with variables of their own, and return it."""
    plays = []
    for one in playbooks:
        name, variables = (one, {}) if isinstance(one, str) else one
        plays.append({"ansible.builtin.import_playbook": name, "vars": dict(variables)})
    path.write_text(yaml.safe_dump(plays))
    return path


def command(
    playbook: str | Path,
    inventory: Path,
    *arguments: str,
    variables: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return the command that runs a playbook."""
    extra = ["--extra-vars", json.dumps(variables)] if variables else []
    program = str(_BIN / "ansible-playbook")
    return [program, "-i", str(inventory), str(playbook), *arguments, *extra]


def unsettled() -> dict[str, str]:
    """Return the environment of this process without what would settle something for a playbook."""
    settling = ("ANSIBLE_", "NCS_", "NSO_HA_")
    return {name: text for name, text in os.environ.items() if not name.startswith(settling)}


def environment(home: Path) -> dict[str, str]:
    """Return the environment of that command: its output can be read by `Run`."""
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_SHOW_CUSTOM_STATS": "1",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_NOCOLOR": "1",
        # A run tells each call of a module then.
        "ANSIBLE_VERBOSITY": os.environ.get("ANSIBLE_VERBOSITY", "1"),
        "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
    }


def python_that_runs(command: str, after: str, call: int, directory: Path) -> dict[str, str]:
    """Return host variables with a Python that runs a shell command once.

    It does so right after this call of the module `after` on that host, before Ansible goes on.
    """
    interpreter = directory / f"python-{len(list(directory.glob('python-*')))}"
    calls = f"{interpreter}.calls"
    interpreter.write_text(
        f"""#!/bin/sh
        {sys.executable} "$@"
        status=$?
        case "$1" in
            *{after}*)
                echo >>{calls}
                if [ "$(wc -l <{calls})" -eq {call} ]; then {command}; fi >/dev/null ;;
        esac
        exit $status
        """
    )
    interpreter.chmod(0o755)
    return {"ansible_python_interpreter": str(interpreter)}


def python_that_resolves(names: Mapping[str, list[str]], directory: Path) -> dict[str, str]:
    """Return host variables with a Python for which these names have these addresses."""
    place = directory / f"resolving-{len(list(directory.glob('resolving-*')))}"
    place.mkdir()
    (place / "sitecustomize.py").write_text(
        f"""import socket

real, names = socket.getaddrinfo, {dict(names)!r}

def getaddrinfo(host, *rest, **more):
    addresses = names.get(host, [host])
    return [entry for address in addresses for entry in real(address, *rest, **more)]

socket.getaddrinfo = getaddrinfo
"""
    )
    interpreter = place / "python"
    interpreter.write_text(f'#!/bin/sh\nPYTHONPATH={place} exec {sys.executable} "$@"\n')
    interpreter.chmod(0o755)
    return {"ansible_python_interpreter": str(interpreter)}


def python_that_waits(module: str, call: int, directory: Path) -> tuple[dict[str, str], Path]:
    """Return host variables with a Python that waits before it runs a module, and a file.

    It does so before this call of the module on that host, until the file is there. When the module
    has ended, there is a file of that name that ends in ".over".
    """
    interpreter = directory / f"waiting-{len(list(directory.glob('waiting-*')))}"
    calls, go_on = f"{interpreter}.calls", Path(f"{interpreter}.go-on")
    interpreter.write_text(
        f"""#!/bin/sh
        case "$1" in
            *{module}*)
                echo >>{calls}
                if [ "$(wc -l <{calls})" -eq {call} ]; then
                    # The test that started this has given up by then.
                    trap '' HUP TERM INT
                    until [ -e {go_on} ]; do sleep 0.05; done
                    {sys.executable} "$@" >{go_on}.result 2>&1
                    mv {go_on}.result {go_on}.over
                    exit
                fi ;;
        esac
        exec {sys.executable} "$@"
        """
    )
    interpreter.chmod(0o755)
    return {"ansible_python_interpreter": str(interpreter)}, go_on


def token_of(inventory: Path) -> str:
    """Return the token that an inventory has for its group."""
    token: str = yaml.safe_load(inventory.read_text())["nso"]["vars"]["nso_ha_token"]
    return token


def edit(inventory: Path, changes: Mapping[str, Mapping[str, Any] | None]) -> Path:
    """Write another inventory beside this one, with host variables changed.

    None instead of a value removes the variable, None instead of variables the host.
    """
    content = yaml.safe_load(inventory.read_text())
    for host, variables in changes.items():
        if variables is None:
            del content["nso"]["hosts"][host]
            continue
        for name, value in variables.items():
            if value is None:
                content["nso"]["hosts"][host].pop(name, None)
            else:
                content["nso"]["hosts"][host][name] = value
    other = inventory.with_name(f"edited-{len(list(inventory.parent.glob('edited-*')))}.yml")
    other.write_text(yaml.safe_dump(content))
    return other
