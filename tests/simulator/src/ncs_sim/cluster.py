# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several nodes in one directory, for tests and for `ncs-sim up`, `down` and `ctl`.

with Cluster.up(tmp_path / "sim", nodes=3) as cluster:
    cluster.node("n1").write("key", "value")
"""

from __future__ import annotations

import ipaddress
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, Unpack

from ncs_sim.config import NodeConfig, NodeOptions
from ncs_sim.errors import SimError
from ncs_sim.files import write_private
from ncs_sim.handle import (
    START_SECONDS,
    STOP_SECONDS,
    NodeError,
    NodeHandle,
    NotRunning,
    WriteUnknown,
)
from ncs_sim.inventory import inventory
from ncs_sim.process import PID_FILE, ProcessId

__all__ = ["Cluster", "NodeError", "NodeHandle", "NotRunning", "WriteUnknown", "start_node"]

CLUSTER_FILE = "cluster.json"
INVENTORY_FILE = "inventory.yml"
SECRET_FILE = "ipc_access"  # the file's name
TLS_DIRECTORY = "tls"
FIRST_ADDRESS = "127.0.1.1"
MAX_NODES = 64

# The longest path a Unix socket may have is 107 bytes.
_SOCKET_ROOM = 100


def start_node(
    directory: Path | str,
    address: str,
    *,
    name: str | None = None,
    deadline: float = START_SECONDS,
    **options: Unpack[NodeOptions],
) -> NodeHandle:
    """Start one node that belongs to no cluster directory; end it with `stop` or `kill`."""
    path = Path(directory).absolute()
    node = NodeHandle.create(name or path.name, NodeConfig(str(path), address, **options))
    node.start(deadline)
    return node


class Cluster:
    """The nodes n1 ... nN of one directory."""

    def __init__(
        self, directory: Path, nodes: list[NodeHandle], token: str, socket_directory: Path | None
    ) -> None:
        self.directory = directory
        self.nodes = nodes
        self.token = token
        self._socket_directory = socket_directory

    @classmethod
    def up(
        cls,
        directory: Path | str,
        nodes: int = 3,
        *,
        first_address: str = FIRST_ADDRESS,
        unix: bool = False,
        tls: bool = False,
        launchers: Sequence[tuple[str, ...]] = (),
        deadline: float = START_SECONDS,
        **options: Unpack[NodeOptions],
    ) -> Self:
        """Start nodes on consecutive addresses; return once all of them answer.

        `unix` gives each node a Unix socket instead of an IPC port, `tls` TLS on its HA
        links. With an access check and no secret file, a secret is made up. `launchers` has the
        launcher of each node, where they differ. If a node does not start, all are stopped again.
        Nodes that were in the directory before keep their data, and the token stays.
        """
        path = Path(directory).absolute()
        if not 1 <= nodes <= MAX_NODES:
            raise SimError(f"{nodes} nodes: 1 to {MAX_NODES} are possible")
        try:
            first = ipaddress.ip_address(first_address)
        except ValueError:
            raise SimError(f"first address {first_address!r} is not an IP address") from None
        _refuse_running(path)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if options.get("access_check", "off") != "off" and not options.get("access_secret_file"):
            secret = path / SECRET_FILE
            write_private(secret, secrets.token_hex(32))
            options["access_secret_file"] = str(secret)
        if tls:
            options["tls_directory"] = str(path / TLS_DIRECTORY)
        sockets = _socket_directory(path, nodes) if unix else None
        configs: dict[str, NodeConfig] = {}
        for index in range(nodes):
            name = f"n{index + 1}"
            config = NodeConfig(str(path / name), str(first + index), **options)
            if launchers:
                config = replace(config, launcher=launchers[index])
            if unix:
                config = replace(config, ipc_path=str((sockets or path / name) / f"{name}.ipc"))
            config.absolute().check()
            configs[name] = config
        token = _earlier_token(path)
        handles = [NodeHandle.create(name, config) for name, config in configs.items()]
        cluster = cls(path, handles, token, sockets)
        cluster._save()
        try:
            end = time.monotonic() + deadline
            for node in handles:
                node.launch()
            for node in handles:
                node.wait_ready(max(0.1, end - time.monotonic()))
        except BaseException:
            cluster.down()
            raise
        return cluster

    @classmethod
    def open(cls, directory: Path | str) -> Self:
        """The cluster that `up` made in this directory, running or not."""
        path = Path(directory).absolute()
        try:
            content: dict[str, Any] = json.loads((path / CLUSTER_FILE).read_text())
            names = [str(name) for name in content["nodes"]]
            token = str(content["token"])
            sockets = Path(text) if (text := content["socket_directory"]) else None
        except FileNotFoundError:
            raise SimError(f"{path} holds no cluster ({CLUSTER_FILE} is missing)") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SimError(f"cannot read {path / CLUSTER_FILE}: {error}") from error
        return cls(path, [NodeHandle(name, path / name) for name in names], token, sockets)

    @property
    def inventory(self) -> Path:
        """The Ansible inventory that `up` wrote."""
        return self.directory / INVENTORY_FILE

    def node(self, name: str) -> NodeHandle:
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.nodes)
        raise SimError(f"no node {name!r} here, only {known}")

    def status(self) -> dict[str, dict[str, Any]]:
        """What each node says of itself, by name."""
        return {node.name: node.status() for node in self.nodes}

    def down(self, deadline: float = STOP_SECONDS) -> None:
        """Stop all nodes, frozen ones too; leave nothing running. Harmless when run twice."""
        _stop_all(self.nodes, deadline)
        if self._socket_directory is not None:
            shutil.rmtree(self._socket_directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.down()

    def _save(self) -> None:
        content = {
            "nodes": [node.name for node in self.nodes],
            "token": self.token,
            "socket_directory": self._socket_directory and str(self._socket_directory),
        }
        write_private(self.directory / CLUSTER_FILE, json.dumps(content, indent=2) + "\n")
        write_private(self.inventory, inventory(self.nodes, self.token))


def _stop_all(nodes: list[NodeHandle], deadline: float) -> None:
    """Try every node, even if one resists; report the first that did."""
    failures: list[SimError] = []
    for node in nodes:
        node.ask_to_stop()
    for node in nodes:
        try:
            node.stop(deadline)
        except SimError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def _refuse_running(directory: Path) -> None:
    """Nodes of an earlier `up` must be stopped first, or they would be forgotten."""
    for path in sorted(directory.glob(f"*/{PID_FILE}")):
        process = ProcessId.load(path.parent)
        if process is not None and process.alive:
            name = path.parent.name
            raise NodeError(f"{name} is already running in {directory}; run down first")


def _earlier_token(directory: Path) -> str:
    """The token of an earlier `up` in this directory, or a new one."""
    if (directory / CLUSTER_FILE).exists():
        return Cluster.open(directory).token
    return secrets.token_urlsafe(24)


def _socket_directory(directory: Path, nodes: int) -> Path | None:
    """A short private directory for IPC sockets, where the cluster's own path is too long."""
    longest = directory / f"n{nodes}" / f"n{nodes}.ipc"
    if len(str(longest).encode()) <= _SOCKET_ROOM:
        return None
    return Path(tempfile.mkdtemp(prefix="ncs-sim-"))
