# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node as seen from outside: start it, stop it, ask it, hurt it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ncs_sim.config import NodeConfig
from ncs_sim.control_path import Answer, reachable
from ncs_sim.errors import SimError
from ncs_sim.process import ProcessId

START_SECONDS = 15.0
STOP_SECONDS = 3.0
ANSWER_SECONDS = 10.0
LOG_FILE = "log"

_POLL_SECONDS = 0.01
_MAX_ANSWER = 1 << 30

# Kept until reaped, so that no killed node stays behind as a zombie of a long test run.
_children: dict[int, subprocess.Popen[bytes]] = {}


class NodeError(SimError):
    """The node refused; `code` is of docs/protocol.md, "Error codes", or None."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class NotRunning(NodeError):
    """Nothing was asked of the node, because it cannot be reached."""


class WriteUnknown(NodeError):
    """The write was sent, and nobody knows whether it took place."""


class NodeHandle:
    """A node in a directory of its own."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.directory = Path(directory).absolute()
        self.config = NodeConfig.load(self.directory)
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @classmethod
    def create(cls, name: str, config: NodeConfig) -> NodeHandle:
        """Write the configuration of a node that is not running."""
        config = config.absolute()
        config.check()
        directory = Path(config.directory)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if config.tls_directory is not None:
            # Here, as nodes that start at the same time must not make one each.
            from ncs_sim.certificates import make_authority

            make_authority(Path(config.tls_directory))
        config.save()
        return cls(name, directory)

    # What it was told

    @property
    def address(self) -> str:
        return self.config.address

    @property
    def ipc_address(self) -> str:
        return self.config.ipc_host

    @property
    def ipc_port(self) -> int:
        return self.config.ipc_port

    @property
    def ipc_path(self) -> str | None:
        return self.config.ipc_path

    @property
    def ha_port(self) -> int:
        return self.config.ha_port

    @property
    def log(self) -> str:
        """What the node has written to its log so far."""
        try:
            return (self.directory / LOG_FILE).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    # Its process

    @property
    def process(self) -> ProcessId | None:
        """The node's process; None if it is not running."""
        found = ProcessId.load(self.directory)
        if found is not None and found.alive:
            return found
        # A node that was launched a moment ago has not written its pid yet.
        return ProcessId.of(self._child.pid) if self._child and self._child.poll() is None else None

    @property
    def pid(self) -> int | None:
        found = self.process
        return found.pid if found else None

    @property
    def running(self) -> bool:
        """There is a process, be it frozen."""
        return self.process is not None

    @property
    def frozen(self) -> bool:
        found = self.process
        return found is not None and found.frozen

    def start(self, deadline: float = START_SECONDS) -> None:
        """Start the node as it was started before; return once it answers."""
        self.launch()
        self.wait_ready(deadline)

    def launch(self) -> None:
        """Start the process without waiting for it to answer."""
        if self.running:
            raise NodeError(f"{self.name} is already running")
        self.config = NodeConfig.load(self.directory)
        package_root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
        command = [*self.config.launcher, sys.executable, "-m", "ncs_sim", "node"]
        command += ["--dir", str(self.directory), "--again"]
        descriptor = os.open(
            self.directory / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        with os.fdopen(descriptor, "wb") as log:
            self._log_start = os.fstat(log.fileno()).st_size
            self._child = subprocess.Popen(
                command,
                cwd=self.directory,
                env=os.environ | {"PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _children[self._child.pid] = self._child

    def wait_ready(self, deadline: float = START_SECONDS) -> None:
        """Wait until a node that was launched answers."""
        child = self._child
        assert child is not None, "launch comes first"
        end = time.monotonic() + deadline
        while not self._answers(child.pid, end):
            if child.poll() is not None:
                _reap()
                raise NodeError(f"{self.name} did not start: {self._last_words()}")
            if time.monotonic() > end:
                self.kill()
                raise NodeError(f"{self.name} does not answer after {deadline:g} s")
            time.sleep(_POLL_SECONDS)

    def _answers(self, pid: int, end: float) -> bool:
        try:
            answer = self._ask({"op": "status"}, max(0.1, end - time.monotonic()))
        except (NotRunning, WriteUnknown):
            return False
        return bool(answer["status"]["pid"] == pid)

    def kill(self, deadline: float = ANSWER_SECONDS) -> None:
        """SIGKILL; return once the process is gone. No error if it was not running."""
        self._end(signal.SIGKILL, deadline)

    def stop(self, deadline: float = STOP_SECONDS) -> None:
        """Thaw if need be, SIGTERM, then SIGKILL if that did not help in time."""
        found = self.ask_to_stop()
        if found is not None and not found.wait_gone(deadline):
            self.kill()
        _reap()

    def ask_to_stop(self) -> ProcessId | None:
        """Send the signals of `stop` without waiting; return the process they went to."""
        found = self.process
        if found is not None:
            found.signal(signal.SIGTERM)
            found.signal(signal.SIGCONT)
        return found

    def freeze(self, deadline: float = ANSWER_SECONDS) -> None:
        """SIGSTOP; return once the process stands still."""
        found = self._running_process()
        found.signal(signal.SIGSTOP)
        end = time.monotonic() + deadline
        while not found.frozen:
            if not found.alive or time.monotonic() > end:
                raise NodeError(f"{self.name} does not stand still")
            time.sleep(_POLL_SECONDS)

    def thaw(self) -> None:
        """SIGCONT."""
        self._running_process().signal(signal.SIGCONT)

    # What it is asked

    def status(self, timeout: float = ANSWER_SECONDS) -> dict[str, Any]:
        """Everything the node knows; `running` is False, or `frozen` True, where it cannot say."""
        found = self.process
        base: dict[str, Any] = {"name": self.name, "running": found is not None, "frozen": False}
        if found is None:
            return base
        if found.frozen:
            return base | {"frozen": True, "pid": found.pid, "address": self.address}
        status: dict[str, Any] = self._ask({"op": "status"}, timeout)["status"]
        return base | status

    def write(self, key: str, value: str, timeout: float = ANSWER_SECONDS) -> dict[str, Any]:
        """Write one value; return its transaction id once acknowledged.

        NodeError: refused, nothing was written. WriteUnknown: sent, but the answer never came.
        """
        txid: dict[str, Any] = self._ask({"op": "write", "key": key, "value": value}, timeout)[
            "txid"
        ]
        return txid

    def write_as_primary(self, key: str, value: str, timeout: float = ANSWER_SECONDS) -> Answer:
        """Write one value if the node is primary; return `txid`, `epoch` and `run`.

        Two writes that return the same epoch and run were made without a change of role between.
        """
        request = {"op": "write", "key": key, "value": value, "as_primary": True}
        return self._ask(request, timeout)

    def snapshot(self, timeout: float = ANSWER_SECONDS) -> Answer:
        """Return `status` and `data` of one and the same moment."""
        return self._ask({"op": "snapshot"}, timeout)

    def read(self, key: str, timeout: float = ANSWER_SECONDS) -> str | None:
        value: str | None = self._ask({"op": "read", "key": key}, timeout)["value"]
        return value

    def dump(self, timeout: float = ANSWER_SECONDS) -> dict[str, str]:
        """All keys and values."""
        data: dict[str, str] = self._ask({"op": "dump"}, timeout)["data"]
        return data

    def phase(self, number: int) -> None:
        """Set the start phase, forwards or backwards."""
        self._ask({"op": "phase", "phase": number})

    def order(
        self, role: str, primary: NodeHandle | None = None, timeout: float = ANSWER_SECONDS
    ) -> None:
        """Give the orders for a role by hand, behind the controller that has the HA socket.

        A node goes by the id it had last, or by its name. A relay without `primary` stays with the
        one it has. Raises as `write` does.
        """
        request: dict[str, Any] = {"op": "order", "role": role, "node_id": self._node_id()}
        if primary is not None:
            request["primary"] = {"node_id": primary._node_id(), "address": primary.address}
        self._ask(request, timeout)

    # Its faults: fault_kinds.py has their names and arguments. They end with the process.

    def fault(self, name: str, **arguments: object) -> None:
        """Let a fault begin, in place of one like it."""
        self._ask({"op": "fault", "name": name, "arguments": arguments})

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that are active."""
        found: list[dict[str, Any]] = self._ask({"op": "faults"})["faults"]
        return found

    def waiting(self) -> list[str]:
        """Return what is not answered yet, because a fault makes it late: "status" and the like."""
        found: list[str] = self._ask({"op": "faults"})["waiting"]
        return found

    def clear(self, name: str | None = None, peer: str | None = None) -> None:
        """End all faults, or those of this name, or only that which is about this peer."""
        self._ask({"op": "clear", "name": name, "peer": peer})

    def refuse(self, code: int, reason: str | None = None) -> None:
        """Make the node refuse the next HA order, except status, with this code."""
        self.fault("refuse", code=code, reason=reason)

    def hold(self, seconds: float) -> None:
        """Make the node hold back the answer to the next synchronous besecondary."""
        self.fault("hold", seconds=seconds)

    def slow_commit(self, seconds: float) -> None:
        """Let each write wait so long after it was let in; `waiting` then has "write"."""
        self.fault("slow-commit", seconds=seconds)

    def cut(self, peer: NodeHandle) -> None:
        """Let no byte pass between this node's HA links and that node."""
        self.fault("cut", peer=peer.address)

    def miss_end_of(self, peer: NodeHandle) -> None:
        """Let this node not hear that its present links with a peer end, until its ticks tell."""
        self.fault("cut", peer=peer.address, established=True)

    def heal(self, peer: NodeHandle) -> None:
        """End the cut."""
        self.clear("cut", peer.address)

    # Inside

    def _node_id(self) -> str:
        return self.status().get("node_id") or self.name

    def _running_process(self) -> ProcessId:
        found = self.process
        if found is None:
            raise NotRunning(f"{self.name} is not running")
        return found

    def _end(self, number: signal.Signals, deadline: float) -> None:
        found = self.process
        if found is not None:
            found.signal(number)
            if not found.wait_gone(deadline):
                raise NodeError(f"{self.name} (process {found.pid}) does not end")
        _reap()

    def _last_words(self) -> str:
        lines = self.log.encode()[self._log_start :].decode(errors="replace").splitlines()
        return lines[-1] if lines else "no word in its log"

    def _ask(self, request: dict[str, Any], timeout: float = ANSWER_SECONDS) -> Answer:
        self._running_process()
        end = time.monotonic() + timeout
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout)
            try:
                with reachable(self.directory) as path:
                    sock.connect(str(path))
            except OSError as error:
                raise NotRunning(f"{self.name} cannot be reached: {error}") from error
            return ask(sock, request, end, self.name)


def ask(sock: socket.socket, request: dict[str, Any], end: float, name: str) -> Answer:
    """Send a request to a node and return what it answers before the monotonic time `end`."""
    try:
        sock.sendall(json.dumps(request).encode("ascii") + b"\n")
        answer = receive_line(sock, end)
    except TimeoutError:
        raise WriteUnknown(f"{name} did not answer in time") from None
    except OSError as error:
        raise WriteUnknown(f"{name} closed: {error.strerror}") from error
    if not answer:
        raise WriteUnknown(f"{name} closed without an answer")
    result: Answer = json.loads(answer)
    if result.get("unknown"):
        raise WriteUnknown(f"{name}: {result['error']}")
    if not result.get("ok"):
        raise NodeError(f"{name}: {result.get('error')}", result.get("code"))
    return result


def receive_line(sock: socket.socket, end: float) -> bytes:
    """One line before the deadline; empty if the peer closed before its end."""
    parts: list[bytes] = []
    size = 0
    while size < _MAX_ANSWER:
        sock.settimeout(max(0.001, end - time.monotonic()))
        part = sock.recv(1 << 20)
        if not part:
            return b""
        parts.append(part)
        size += len(part)
        if part.endswith(b"\n"):
            return b"".join(parts)
    return b""


def _reap() -> None:
    for pid, child in list(_children.items()):
        with contextlib.suppress(OSError):
            if child.poll() is not None:
                del _children[pid]
