# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays that are stopped on the way, at a call of a module that an earlier play of the kind made.

    run, calls = play.recorded()          # to its end
    for point in points(calls):
        ...                               # make the cluster as it was before
        play.stopped(point)

On each node a module is run by an interpreter that notes the call. At the point it waits until the
play has been stopped, so nothing depends on how long anything takes. Ansible works with one fork:
the calls that a run makes at the same time come one after the other. They are counted over all
nodes, so a play that goes back has the same points as the one that went there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from helpers.modules import ROOT
from helpers.playbooks import Run, command, edit, environment, run_playbook
from helpers.until import until

#: Seconds. A play does not take that long, nor does a module that has lost its controller.
LONGEST = 180

#: Seconds. Nothing of ansible-playbook but what a module keeps busy lives longer than itself.
SOON = 20

_PROGRAM = b"ansible-playbook"
_DIRECTORY = "NSO_HA_TESTS_CALLS"
_STOP = "NSO_HA_TESTS_STOP"
_LOOK = "ncs_ha_status "
_LOCK = "ncs_ha_operation "
_REHEARSAL = " rehearse"

#: How far a module has come when a play is stopped: the node was not reached, the module goes on
#: without the play, or it has ended and nobody was told.
BEFORE, DURING, AFTER = "before", "during", "after"

_INTERPRETER = """#!/bin/sh
case "$1" in
    *AnsiballZ_ncs_ha_*) ;;
    *) exec {python} "$@" ;;
esac
# Each call has a file, named by its number, with its host.
call=1
until (set -C; echo {host} >"${directory}/calls/$call") 2>/dev/null; do call=$((call + 1)); done
wait_at() {{
    [ "${stop}" = "$1 $call" ] || return 1
    # The test that started this has given up by then.
    trap '' HUP INT TERM
    : >"${directory}/reached"
    until [ -e "${directory}/go-on" ] || [ ! -e "${directory}" ]; do sleep 0.02; done
}}
wait_at before && exit 1
wait_at during
{python} "$@"
status=$?
wait_at after
exit $status
"""


class Call(NamedTuple):
    """A call of a module: which one, from 1; the node; the module, and what it is for."""

    number: int
    host: str
    name: str

    @property
    def changes(self) -> bool:
        """Return whether something can be another thing on the node afterwards."""
        return not self.name.startswith(_LOOK) and not self.name.endswith(_REHEARSAL)

    @property
    def orders(self) -> bool:
        """Return whether it is a step, and not about the lock."""
        return self.changes and not self.name.startswith(_LOCK)


class Point(NamedTuple):
    """When to stop: how far the module of a call has come."""

    call: Call
    moment: str = AFTER

    def __str__(self) -> str:
        number, host, name = self.call
        return f"{self.moment} call {number}, {name} on {host}"


class By(Enum):
    """What stops a play."""

    #: All processes of the controller are killed at the same moment.
    CRASH = "crash"
    #: The process ansible-playbook is killed, and not those that it has started.
    KILL = "kill"
    #: As a terminal does it.
    CTRL_C = "Ctrl-C"
    #: As a service manager does it.
    TERM = "term"


@dataclass(frozen=True)
class Stopped:
    """A play that was stopped.

    status: of ansible-playbook
    held:   directory of the play whose module still waits
    left:   the directories of agents that they have not removed
    """

    status: int
    held: Path
    left: tuple[str, ...]

    def release(self) -> None:
        """Let the module go on that waits, and wait for the end of all that is left of the play."""
        (self.held / "go-on").touch()
        until(lambda: not _processes(self.held), LONGEST, "the end of what a play left running")


def points(calls: Sequence[Call]) -> list[Point]:
    """Return where nodes differ: before the first change, and after each.

    Before a change it is as after the change before, as nothing is done to nodes in between.
    """
    changes = [call for call in calls if call.changes]
    return [Point(changes[0], BEFORE), *map(Point, changes)]


def points_of_orders(calls: Sequence[Call]) -> list[Point]:
    """Return those after orders, and the one where some nodes have been told of the end."""
    ends = [call for call in calls if call.name == "ncs_ha_operation ended"]
    return [Point(call) for call in calls if call.orders] + [Point(call) for call in ends[:1]]


@dataclass(frozen=True)
class Play:
    """A playbook with all that it is given. `directory` gets a directory for each run."""

    directory: Path
    playbook: str
    inventory: Path
    variables: Mapping[str, Any]

    def run(self) -> Run:
        """Run it as a person does."""
        return run_playbook(
            self.playbook, self.inventory, variables=self.variables, seconds=LONGEST
        )

    def recorded(self) -> tuple[Run, list[Call]]:
        """Run it to its end; return its calls, too. Nothing of it is left then."""
        with self._play() as (process, directory):
            status = process.wait(LONGEST)
            until(lambda: not _processes(directory), SOON, "the end of what a play has started")
            assert not _agents_directories(directory)
            run = Run(status, (directory / "output").read_text())
        calls = [Call(number, *call) for number, call in enumerate(run.calls(), start=1)]
        assert [call.host for call in calls] == _noted(directory), "calls are not as they are told"
        return run, calls

    def stopped(
        self, point: Point, by: By = By.CRASH, *, release: bool = True, forks: int = 1
    ) -> Stopped:
        """Stop it, and wait until nothing of it is left; no call may begin afterwards.

        With `release` false the module at which it is stopped still waits: see Stopped.release.
        """
        what = f"{point} ({by.value})"
        with self._play(point, forks) as (process, directory):
            reached = directory / "reached"
            until(lambda: reached.exists() or process.poll() is not None, LONGEST, what)
            output = (directory / "output").read_text()
            assert reached.exists(), f"not {what}:\n{output}"
            _host, name = Run(0, output).calls()[point.call.number - 1]
            assert name == point.call.name, f"{name}, and not {what}"
            begun = _noted(directory)
            agents = _agents(directory, process.pid)
            assert len(agents) == len(_hosts(self.inventory)), f"{what}: {agents}"
            _stop(by, process.pid, directory)
            status = process.wait(LONGEST)
            if release:
                (directory / "go-on").touch()
                until(lambda: not _processes(directory), LONGEST, f"all to end after {what}")
            else:
                # The agent whose module waits ends with it, and so does a run that waits for that.
                last = 2 if by is By.KILL else 1
                until(lambda: len(_programs(directory)) <= last, SOON, f"agents to end, {what}")
            if forks == 1:
                assert _noted(directory) == begun, f"calls were begun after {what}"
            left = _agents_directories(directory)
        return Stopped(status, directory, left)

    @contextlib.contextmanager
    def _play(
        self, point: Point | None = None, forks: int = 1
    ) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        directory = self.directory / f"play-{len(list(self.directory.glob('play-*')))}"
        (directory / "calls").mkdir(parents=True)
        # The path of a socket must be short.
        temporary = Path(tempfile.mkdtemp(prefix="nt-"))
        (directory / "temporary").symlink_to(temporary)
        inventory = edit(
            self.inventory, {host: _python(host, directory) for host in _hosts(self.inventory)}
        )
        stop = f"{point.moment} {point.call.number}" if point else ""
        with open(directory / "output", "wb") as output:
            # Not a pipe, which what is left running would hold.
            process = subprocess.Popen(
                command(self.playbook, inventory, variables=self.variables),
                cwd=ROOT,
                env={
                    **environment(ROOT),
                    "ANSIBLE_FORKS": str(forks),
                    "TMPDIR": str(temporary),
                    _DIRECTORY: str(directory),
                    _STOP: stop,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process, directory
        except BaseException:
            for one in _programs(directory):
                _kill(one, signal.SIGKILL)
            process.wait()
            (directory / "go-on").touch()
            raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _hosts(inventory: Path) -> list[str]:
    return list(yaml.safe_load(inventory.read_text())["nso"]["hosts"])


def _python(host: str, directory: Path) -> dict[str, str]:
    """Return the host variables with the interpreter of a host."""
    path = directory / f"python-{host}"
    path.write_text(
        _INTERPRETER.format(
            python=sys.executable,
            host=host,
            directory=f"{{{_DIRECTORY}}}",
            stop=f"{{{_STOP}}}",
        )
    )
    path.chmod(0o755)
    return {"ansible_python_interpreter": str(path)}


def _noted(directory: Path) -> list[str]:
    """Return the hosts of the calls that have begun, in order."""
    paths = sorted((directory / "calls").iterdir(), key=lambda path: int(path.name))
    return [path.read_text().strip() for path in paths]


def _stop(by: By, pid: int, directory: Path) -> None:
    if by is By.CRASH:
        for one in _programs(directory):
            _kill(one, signal.SIGKILL)
    elif by is By.KILL:
        os.kill(pid, signal.SIGKILL)
    elif by is By.CTRL_C:
        os.killpg(pid, signal.SIGINT)
    else:
        os.kill(pid, signal.SIGTERM)


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


# Processes. What a play starts has its environment.


def _processes(directory: Path) -> set[int]:
    """Return all processes that a play has started, and itself."""
    mark = f"{_DIRECTORY}={directory}".encode()
    return {pid for pid in _pids() if mark in _read(pid, "environ").split(b"\0")}


def _programs(directory: Path) -> set[int]:
    """Return those that are ansible-playbook, or forked from it, and no modules."""
    return {
        pid
        for pid in _processes(directory)
        if any(part.endswith(_PROGRAM) for part in _read(pid, "cmdline").split(b"\0")[:2])
    }


def _agents(directory: Path, playbook: int) -> set[int]:
    """Return the agents of a play that runs: they have outlived the worker that forked them."""
    return {pid for pid in _programs(directory) - {playbook} if _parent(pid) != playbook}


def _parent(pid: int) -> int:
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0


def _agents_directories(directory: Path) -> tuple[str, ...]:
    return tuple(path.name for path in (directory / "temporary").glob("nso-ha-*"))


def _pids() -> Collection[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        # It has ended, or is somebody else's.
        return b""
