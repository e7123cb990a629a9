# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node as a process in the foreground."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from pathlib import Path

from ncs_sim.config import NodeConfig
from ncs_sim.control import ControlServer
from ncs_sim.errors import SimError, StoreError
from ncs_sim.ipc_server import IpcServer
from ncs_sim.log import log
from ncs_sim.node import Node
from ncs_sim.northbound import Northbound
from ncs_sim.process import ProcessId
from ncs_sim.store import Store

PARENT_CHECK_SECONDS = 1.0


def run(config: NodeConfig) -> None:
    """Live until SIGTERM or SIGINT; SimError if the node cannot start."""
    config.check()
    os.umask(0o077)
    directory = Path(config.directory)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    lock = _lock(directory)
    try:
        me = ProcessId.of(os.getpid())
        assert me is not None, "this process runs"
        me.save(directory)
        config.save()
        if config.tls_directory is not None:
            from ncs_sim.certificates import certify

            certify(config, Path(config.tls_directory))
        asyncio.run(_live(config, directory))
    except StoreError as error:
        raise SimError(str(error)) from error
    finally:
        # The pid file stays: others find this process by that, and wait for its end.
        os.close(lock)


async def _live(config: NodeConfig, directory: Path) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    node = Node(config, Store(directory / "data"))
    ipc, control = IpcServer(node), ControlServer(node)
    if config.northbound_port:
        node.follow = Northbound(node).follow
    await ipc.open()
    await control.open()  # last: who gets an answer here may take the node for ready
    log(f"node on {config.address}, protocol version {config.version}")
    try:
        await _until_told(stop, config.exit_with_pid)
    finally:
        log("stops")
        control.close()
        ipc.close()
        node.close()


async def _until_told(stop: asyncio.Event, parent_pid: int) -> None:
    parent = ProcessId.of(parent_pid) if parent_pid else None
    while True:
        if parent_pid and (parent is None or not parent.alive):
            log(f"process {parent_pid} is gone")
            return
        try:
            async with asyncio.timeout(PARENT_CHECK_SECONDS if parent_pid else None):
                await stop.wait()
                return
        except TimeoutError:
            continue


def _lock(directory: Path) -> int:
    """Hold the directory for this process alone, as long as it lives."""
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise SimError(f"a node is already running in {directory}") from None
    return descriptor
