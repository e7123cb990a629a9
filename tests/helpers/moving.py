# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived and HAProxy in the lab, with the configuration that the documentation shows."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ncs_lab.commands import find
from ncs_lab.lab import Lab
from ncs_lab.network import Place
from ncs_sim.northbound import GREETING

from helpers.modules import ROOT
from helpers.until import until

#: Where the nodes of the lab take writes, and where HAProxy does.
NORTHBOUND, BALANCER = 8888, 8300

_SERVER = re.compile(r"^    server .*\n", re.M)


def floating_address(lab: Lab) -> str:
    """An address of the lab's network that no host has as its own."""
    return str(lab.network.subnet[100])


def configuration(page: str, title: str) -> str:
    """Return the configuration file of a page of the documentation whose first line is this."""
    text = (ROOT / "docs" / page).read_text()
    found = re.search(rf"^```text\n({re.escape(title)}\n.*?)^```$", text, re.M | re.S)
    assert found, f"{page} has no {title}"
    return found.group(1)


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Return a text with these changes; each has to find something."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def keepalived_configuration(lab: Lab, host: Place) -> str:
    """Return what the page shows, for a host of the lab."""
    node = lab.cluster.node(host.name)
    where = f"--ip {node.ipc_address} --port {node.ipc_port}"
    return replaced(
        configuration("keepalived.md", "# /etc/keepalived/keepalived.conf"),
        ("/usr/local/bin/ncs-ha-is-primary", f"{program(lab, host)} {where}"),
        ("script_user nsoadmin", "script_user root"),
        # The lab is in a directory for temporary files, which keepalived distrusts.
        ("    enable_script_security\n", ""),
        ("interface eth0", f"interface {host.device}"),
        ("192.0.2.10/24", f"{floating_address(lab)}/{lab.network.subnet.prefixlen}"),
    )


def haproxy_configuration(lab: Lab) -> str:
    """Return what the page shows, with the hosts of the lab as servers."""
    servers = "".join(
        f"    server {host.name} {host.address}:{NORTHBOUND}\n" for host in lab.network.hosts
    )
    text = replaced(
        configuration("haproxy.md", "# /etc/haproxy/haproxy.cfg"),
        ("bind :830", f"bind {lab.network.operator.address}:{BALANCER}"),
        ("^SSH-2.0-", "^" + GREETING.decode().split()[0]),
    )
    first = _SERVER.search(text)
    assert first
    return text[: first.start()] + servers + _SERVER.sub("", text[first.start() :])


def program(lab: Lab, host: Place) -> Path:
    """Where ncs-ha-is-primary is installed for a host: all have the same file system."""
    return lab.cluster.node(host.name).directory / "ncs-ha-is-primary"


def holders(lab: Lab) -> list[str]:
    """The hosts that have the floating address."""
    address = floating_address(lab)
    return [host.name for host in lab.network.hosts if address in lab.addresses(host.name)]


def is_up(lab: Lab, name: str) -> bool:
    """Whether HAProxy said of a host last that it is up."""
    lines = (lab.directory / "haproxy.log").read_text(errors="replace").splitlines()
    about = [line for line in lines if f"/{name} is " in line]
    return bool(about) and f"/{name} is UP" in about[-1]


@contextlib.contextmanager
def keepalived(lab: Lab) -> Iterator[None]:
    """Keep the floating address on the primary; the program has been installed."""
    with contextlib.ExitStack() as stack:
        for host in lab.network.hosts:
            directory = lab.cluster.node(host.name).directory
            file = directory / "keepalived.conf"
            file.write_text(keepalived_configuration(lab, host))
            pids = ["--pid", str(directory / "keepalived.pid")]
            pids += ["--vrrp_pid", str(directory / "vrrp.pid")]
            command = [find("keepalived"), "--dont-fork", "--log-console", "--vrrp", *pids]
            words = [*host.inside, *command, "--use-file", str(file)]
            stack.enter_context(_running(words, directory / "keepalived.log"))
        yield


@contextlib.contextmanager
def haproxy(lab: Lab) -> Iterator[None]:
    """Send clients of one port of the operator to the primary."""
    file = lab.directory / "haproxy.cfg"
    file.write_text(haproxy_configuration(lab))
    words = [find("haproxy"), "-db", "-f", str(file)]
    with _running(words, lab.directory / "haproxy.log"):
        yield


@contextlib.contextmanager
def _running(words: list[str], log: Path) -> Iterator[None]:
    with open(log, "wb") as output, subprocess.Popen(
        words, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        try:
            until(lambda: log.stat().st_size > 0 or process.poll() is not None, what="a log")
            assert process.poll() is None, log.read_text(errors="replace")
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
