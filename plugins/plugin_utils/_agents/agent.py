# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The agent of a node: a process on the controller that runs modules on that node when it is asked.

Ansible runs a task on each host in a process that ends with the task. The agent is forked from such
a process and so has the connection and the variables of its host. It outlives the task until the
run ends, so that a run can do one thing on one node after another on another node without a task
for each. It is asked through a Unix socket in a directory that only its user can enter: a line of
JSON with the question, a line of JSON with the answer, one question for each connection.

It ends when it is told to, when Ansible has ended, or when nobody has asked for a while. A module
that it runs comes to its end before that, as it would on a node that has lost its controller.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

#: The most that a question or an answer may take, in bytes. An answer has a state directory.
MOST = 64 * 1024 * 1024

#: Seconds between two looks at whether Ansible still runs.
_PULSE = 1.0

_SOCKET = "socket"
_QUIT: Mapping[str, Any] = {"quit": True}

#: Answers a question.
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Agent:
    """Where an agent listens. Plain data.

    path: of its socket
    pid:  of its process
    """

    path: str
    pid: int


def start_agent(answer: Answer, needed: Callable[[], bool], idle: float) -> Agent:
    """Start an agent; return where it listens.

    needed: returns whether there is still something to do. If not, no question is answered any
            more: a run outlives Ansible where only Ansible was killed, and must not go on
    idle:   seconds without a question after which the agent ends
    """
    directory = tempfile.mkdtemp(prefix="nso-ha-")
    path = os.path.join(directory, _SOCKET)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        listener.listen()
        pid = os.fork()
    except OSError:
        listener.close()
        shutil.rmtree(directory, ignore_errors=True)
        raise
    if pid == 0:
        _live(listener, answer, needed, idle, directory)
    listener.close()
    return Agent(path, pid)


def _live(
    listener: socket.socket,
    answer: Answer,
    needed: Callable[[], bool],
    idle: float,
    directory: str,
) -> NoReturn:
    """Be the agent. Whatever happens, this process never returns into the code that forked it."""
    status = 1
    try:
        _leave_terminal()
        _serve(listener, answer, needed, idle)
        status = 0
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os._exit(status)


def _leave_terminal() -> None:
    """Let go of what belongs to the process that forked this one."""
    # Not every release of Ansible keeps them from what it has forked. Modules inherit this.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _exit)
    null = os.open(os.devnull, os.O_RDWR)
    # A program that reads what Ansible prints would wait for the end of the agent.
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def _exit(_signal: int, _frame: object) -> NoReturn:
    sys.exit(1)


def _serve(
    listener: socket.socket, answer: Answer, needed: Callable[[], bool], idle: float
) -> None:
    listener.settimeout(_PULSE)
    asked = time.monotonic()
    while time.monotonic() - asked < idle and needed():
        try:
            connection, _address = listener.accept()
        except socket.timeout:
            continue
        with connection:
            question = _read(connection, _PULSE)
            if question == _QUIT or not needed():
                return
            if question is not None:
                _write(connection, answer(question))
        asked = time.monotonic()


# Asking


def ask(agent: Agent, question: Mapping[str, Any], within: float) -> Mapping[str, Any] | None:
    """Return the answer of an agent; None if there is none within so many seconds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(within)
        try:
            connection.connect(agent.path)
            _write(connection, question)
        except OSError:
            return None
        return _read(connection, within)


def dismiss(agent: Agent) -> None:
    """Tell an agent to end. One that has ended already is content."""
    ask(agent, _QUIT, _PULSE)


def _write(connection: socket.socket, content: Mapping[str, Any]) -> None:
    # Perhaps nobody waits for it any more.
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(json.dumps(content).encode() + b"\n")


def _read(connection: socket.socket, within: float) -> Mapping[str, Any] | None:
    """Return what the other end says; None if it does not, or says too much."""
    deadline = time.monotonic() + within
    parts: list[bytes] = []
    size = 0
    while not (parts and parts[-1].endswith(b"\n")):
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            part = connection.recv(65536)
        except OSError:
            return None
        size += len(part)
        if not part or size > MOST or time.monotonic() > deadline:
            return None
        parts.append(part)
    try:
        content = json.loads(b"".join(parts))
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
