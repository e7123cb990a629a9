# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts with a simulated node on each, for tests and for `ncs-lab`.

with Lab.up(directory, hosts=3, tick_timeout=0.3) as lab:
    lab.cut("n1", "n2")
    lab.cluster.node("n1").write("key", "value")
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any, Self, Unpack

from ncs_lab.commands import attempt, require, run
from ncs_lab.network import (
    SUBNET,
    Network,
    lab_directory,
    leftovers,
    namespaces,
    remove,
)
from ncs_lab.processes import ended, inside
from ncs_lab.ssh import MAX_DIRECTORY, Ssh
from ncs_sim.cluster import Cluster
from ncs_sim.config import NodeOptions
from ncs_sim.errors import SimError
from ncs_sim.files import write_private
from ncs_sim.handle import NodeError
from ncs_sim.inventory import inventory

LAB_FILE = "lab.json"
SSH_DIRECTORY = "ssh"
PAUSE_SECONDS = 10.0

_PROBE = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
except TimeoutError:
    print("silent")
except OSError as error:
    print(error.strerror)
else:
    print("open")
"""


class Lab:
    """The hosts n1 ... nN, and a cluster of nodes by the same names."""

    def __init__(self, directory: Path, network: Network, cluster: Cluster) -> None:
        self.directory = directory
        self.network = network
        self.cluster = cluster
        self._ssh = Ssh(directory / SSH_DIRECTORY)

    @classmethod
    def up(
        cls,
        directory: Path | str,
        hosts: int = 3,
        *,
        subnet: str = SUBNET,
        **options: Unpack[NodeOptions],
    ) -> Self:
        """Make the hosts, start sshd and a node on each; return once all of them answer.

        If something of that fails, all is taken down again.
        """
        path = Path(directory).resolve()
        network = Network(hosts, subnet)
        require("ip", "mount", "ssh", "ssh-keygen", "sshd")
        _refuse_directory(path)
        network.claim(path)
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
            content = {"hosts": hosts, "subnet": str(network.subnet)}
            write_private(path / LAB_FILE, json.dumps(content) + "\n")
            network.make_hosts()
            ssh = Ssh(path / SSH_DIRECTORY)
            ssh.prepare(network.hosts)
            for host in network.hosts:
                ssh.start(host)
            cluster = Cluster.up(
                path,
                hosts,
                first_address=network.hosts[0].address,
                launchers=[host.inside for host in network.hosts],
                **options,
            )
            write_private(cluster.inventory, _inventory(cluster, ssh))
            for host in network.hosts:
                ssh.wait_started(host)
            lab = cls(path, network, cluster)
            lab.refuse_other_cuts()
        except BaseException:
            down(path)
            raise
        return lab

    @classmethod
    def open(cls, directory: Path | str) -> Self:
        """The lab that `up` made in this directory."""
        path = Path(directory).resolve()
        require("ip")
        try:
            content: dict[str, Any] = json.loads((path / LAB_FILE).read_text())
            network = Network(int(content["hosts"]), str(content["subnet"]))
        except FileNotFoundError:
            raise SimError(f"{path} holds no lab ({LAB_FILE} is missing)") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SimError(f"cannot read {path / LAB_FILE}: {error}") from error
        if lab_directory() != path:
            raise SimError(f"the lab in {path} is not up")
        return cls(path, network, Cluster.open(path))

    @property
    def inventory(self) -> Path:
        """The Ansible inventory, by which the hosts are reached with SSH."""
        return self.cluster.inventory

    def down(self) -> None:
        """Take all of it away."""
        down(self.directory)

    def cut(self, name: str, *others: str) -> None:
        """Let nothing pass between a host and these others, or everybody if none are named.

        The operator, who is called "operator", is one of them. Nothing is refused or reset: packets
        are lost, both ways.
        """
        self.network.cut(name, *others)

    def heal(self, name: str | None = None, *others: str) -> None:
        """Undo the cuts between a host and these others, all of its cuts, or all that there are."""
        self.network.heal(name, *others)

    def cuts(self) -> dict[str, list[str]]:
        """Who is cut off from whom."""
        network = self.network
        return {one.name: [p.name for p in network.barred(one)] for one in network.places}

    def pause(self, name: str) -> None:
        """Let a host stand still, as a virtual machine that is paused: its processes and network.

        Its interface stays up, so nothing on it can tell afterwards.
        """
        self.network.detach(name)
        processes = inside(self._namespace(name))
        for process in processes:
            process.signal(signal.SIGSTOP)
        end = time.monotonic() + PAUSE_SECONDS
        while any(process.alive and not process.frozen for process in processes):
            if time.monotonic() > end:
                raise SimError(f"the processes of {name} do not stand still")
            time.sleep(0.01)

    def resume(self, name: str) -> None:
        """Let the processes of a host go on. It stays off the bridge until `attach`."""
        for process in inside(self._namespace(name)):
            process.signal(signal.SIGCONT)

    def detach(self, name: str) -> None:
        """Take a host off the bridge, as by switching its port off."""
        self.network.detach(name)

    def attach(self, name: str) -> None:
        """Put it back."""
        self.network.attach(name)

    def addresses(self, name: str) -> list[str]:
        """The addresses that a host has on the bridge now."""
        place = self.network.place(name)
        shown = json.loads(place.ip("-4", "-json", "addr", "show", "dev", place.device))
        return [str(entry["local"]) for entry in shown[0]["addr_info"]]

    def _namespace(self, name: str) -> str:
        namespace = self.network.place(name).namespace
        if namespace is None:
            raise SimError(f"{name} is not a host of the lab")
        return namespace

    def probe(self, source: str, target: str, port: int = 22, seconds: float = 1.0) -> str:
        """Dial TCP from one place to another: "open", "silent", or the error that came back."""
        address = self.network.place(target).address
        command = [sys.executable, "-I", "-S", "-c", _PROBE, address, str(port), str(seconds)]
        return run([*self.network.place(source).inside, *command], seconds=seconds + 10).strip()

    def status(self) -> list[dict[str, Any]]:
        """What there is of each host."""
        cuts = self.cuts()
        return [
            {
                "host": host.name,
                "namespace": host.namespace,
                "address": host.address,
                "sshd": self._ssh.running(host),
                "node": self._node_word(host.name),
                "cut_off_from": cuts[host.name],
            }
            for host in self.network.hosts
        ]

    def _node_word(self, name: str) -> str:
        try:
            status = self.cluster.node(name).status(timeout=2)
        except NodeError:
            return "does not answer"
        if status["frozen"]:
            return "frozen"
        return str(status["role"]) if status["running"] else "not running"

    def refuse_other_cuts(self) -> None:
        """Raise SimError if something that is not the lab's keeps the hosts apart."""
        first, last = self.network.hosts[0], self.network.hosts[-1]
        ways = [("operator", first.name)]
        if first != last:
            ways.append((first.name, last.name))
        for source, target in ways:
            found = self.probe(source, target, seconds=3)
            if found != "open":
                raise SimError(
                    f"{source} does not reach {target} ({found}). A firewall of this machine may be"
                    " in the way, also of what passes a bridge (net.bridge.bridge-nf-call-iptables)"
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.down()


def down(directory: Path | str) -> list[str]:
    """Take a lab away, whatever is left of it; return the names of what was there.

    The network and what runs in it are found by their names, so nothing but these is needed. Files
    are removed only where a lab has left its mark.
    """
    path = Path(directory).resolve()
    require("ip")
    there = lab_directory()
    if there is not None and there != path:
        raise SimError(f"the lab that is up is in {there}; to take it down, say --dir {there}")
    # Nodes end in order if they can.
    with contextlib.suppress(SimError, OSError):
        Cluster.open(path).down()
    ssh = Ssh(path / SSH_DIRECTORY)
    ssh.hang_up()
    ssh.stop()
    with ended(namespaces()):
        found = leftovers()
        remove(found)
    if (path / LAB_FILE).exists():
        shutil.rmtree(path)
        found.append(str(path))
    return found


def check() -> None:
    """Raise SimError, with the reason, unless a lab can be made here."""
    require("ip", "mount", "ssh", "ssh-keygen", "sshd")
    name = "nsoha-0"
    if name in namespaces():
        raise SimError(f"left over from a lab: {name}; run down first")
    try:
        run(["ip", "netns", "add", name])
        run(["ip", "-n", name, "link", "add", "probe0", "type", "bridge"])
        run(["ip", "-n", name, "link", "add", "probe1", "type", "veth", "peer", "name", "probe2"])
        run(["ip", "netns", "exec", name, "mount", "-t", "tmpfs", "lab", "/run"])
    finally:
        attempt(["ip", "netns", "del", name])


def _refuse_directory(path: Path) -> None:
    if path.is_relative_to("/run"):
        raise SimError(f"{path}: each host has a /run of its own, so the lab cannot be there")
    if len(str(path).encode()) > MAX_DIRECTORY:
        raise SimError(f"{path}: at most {MAX_DIRECTORY} bytes, for the sake of SSH's sockets")
    if path.exists() and any(path.iterdir()):
        if (path / LAB_FILE).exists():
            raise SimError(f"there is a lab in {path}; take it down first")
        raise SimError(f"{path} is not empty, and not of a lab")


def _inventory(cluster: Cluster, ssh: Ssh) -> str:
    here = {
        "ansible_host": "{{ nso_ha_node_ip }}",
        "ansible_python_interpreter": sys.executable,
    }
    return inventory(cluster.nodes, cluster.token, {**ssh.variables(), **here})
