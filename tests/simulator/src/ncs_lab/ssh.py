# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH as the operator uses it: keys made for the lab, and one sshd for each host.

Nothing here reads or changes the SSH configuration of the machine or of a home directory.
"""

from __future__ import annotations

import contextlib
import shlex
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from ncs_lab.commands import attempt, find, run
from ncs_lab.network import Place
from ncs_sim.errors import SimError
from ncs_sim.files import write_private
from ncs_sim.process import PID_FILE, ProcessId

START_SECONDS = 15.0
#: A directory that is longer leaves no room for the names of SSH's control sockets.
MAX_DIRECTORY = 60

_POLL_SECONDS = 0.01
# sshd insists on the directory /run/sshd. Each gets a /run of its own, seen by nobody else: the
# machine keeps the one it has, and its record of who is logged in.
_START = 'mount -t tmpfs -o mode=0755 lab /run && mkdir -m 0755 /run/sshd && exec "$@"'


class Ssh:
    """Keys, configuration and daemons, in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.key = directory / "key"
        self.known_hosts = directory / "known_hosts"
        self.controls = directory / "cp"

    def prepare(self, hosts: Sequence[Place]) -> None:
        """Make the keys, and what each sshd and the operator's ssh read."""
        self.controls.mkdir(mode=0o700, parents=True)
        _make_key(self.key, "operator of the lab")
        known = []
        for host in hosts:
            own = self.directory / host.name
            own.mkdir(mode=0o700)
            _make_key(own / "host_key", host.name)
            kind, text = (own / "host_key.pub").read_text().split()[:2]
            known.append(f"{host.address} {kind} {text}\n")
            write_private(own / "sshd_config", self._daemon_configuration(host))
        write_private(self.known_hosts, "".join(known))

    def start(self, host: Place) -> None:
        """Start the sshd of a host; it goes to the background by itself."""
        own = self.directory / host.name
        daemon = [find("sshd"), "-f", str(own / "sshd_config"), "-E", str(own / "log")]
        run([*host.inside, "sh", "-c", _START, "sh", *daemon])

    def wait_started(self, host: Place) -> None:
        """Return once the sshd of a host listens, and keep which process it is."""
        own = self.directory / host.name
        end = time.monotonic() + START_SECONDS
        while (process := _listening(own / "pid")) is None:
            if time.monotonic() > end:
                log = (own / "log").read_text(errors="replace")
                raise SimError(f"the sshd of {host.name} did not start: {log[-300:]}")
            time.sleep(_POLL_SECONDS)
        process.save(own)

    def running(self, host: Place) -> bool:
        process = ProcessId.load(self.directory / host.name)
        return process is not None and process.alive

    def stop(self) -> None:
        """End every sshd, also one whose namespace has lost its name."""
        for path in self.directory.glob(f"*/{PID_FILE}"):
            if (process := ProcessId.load(path.parent)) is not None:
                process.signal(signal.SIGKILL)

    def hang_up(self) -> None:
        """End the connections that the operator's ssh keeps open for the next command."""
        if not self.controls.is_dir():
            return
        for socket in self.controls.iterdir():
            with contextlib.suppress(SimError, OSError):
                attempt(
                    ["ssh", "-F", "none", "-o", f"ControlPath={_quoted(socket)}", "-O", "exit", "x"]
                )

    def variables(self) -> dict[str, object]:
        """How Ansible reaches the hosts. Waiting is short: the bridge is fast, or it is cut."""
        settings = {
            "UserKnownHostsFile": _quoted(self.known_hosts),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
            "ServerAliveInterval": "1",
            "ServerAliveCountMax": "4",
        }
        options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return {
            "ansible_connection": "ssh",
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_args": "-F none -o ControlMaster=auto -o ControlPersist=30s",
            "ansible_ssh_common_args": shlex.join(options),
            "ansible_control_path_dir": str(self.controls),
            "ansible_ssh_timeout": 4,
        }

    def _daemon_configuration(self, host: Place) -> str:
        own = self.directory / host.name
        settings = {
            "ListenAddress": host.address,
            "HostKey": _quoted(own / "host_key"),
            "AuthorizedKeysFile": _quoted(self.key.with_suffix(".pub")),
            "PidFile": _quoted(own / "pid"),
            "PermitRootLogin": "prohibit-password",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            # Without PAM, sshd turns an account away that has its password locked.
            "UsePAM": "yes" if _root_is_locked() else "no",
            # The lab may be in a directory of somebody who is not root.
            "StrictModes": "no",
            "UseDNS": "no",
            # Else bash reads .bashrc for a command that comes by SSH. Root's is no part of the lab.
            "SetEnv": "SHLVL=1",
            "AllowTcpForwarding": "no",
            "X11Forwarding": "no",
            "MaxStartups": "100",
            "Subsystem": "sftp internal-sftp",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


def _listening(pid_file: Path) -> ProcessId | None:
    """The sshd that has written this file, which it does once it listens."""
    try:
        return ProcessId.of(int(pid_file.read_text()))
    except (OSError, ValueError):
        return None


def _make_key(path: Path, comment: str) -> None:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])


def _quoted(path: Path) -> str:
    """A path as the configuration of ssh and sshd wants it."""
    return '"' + str(path).replace("%", "%%") + '"'


def _root_is_locked() -> bool:
    try:
        lines = Path("/etc/shadow").read_text().splitlines()
    except OSError:
        return False
    return any(line.startswith("root:!") for line in lines)
