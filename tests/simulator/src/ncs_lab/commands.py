# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the system that a lab is made with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from ncs_sim.errors import SimError

SECONDS = 20.0

#: Command: the Debian package that has it.
PACKAGES = {
    "haproxy": "haproxy",
    "ip": "iproute2",
    "keepalived": "keepalived",
    "mount": "mount",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
}

# Not every root has these on the path.
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def require(*names: str) -> None:
    """Raise SimError unless this is root on Linux and has these commands."""
    if sys.platform != "linux":
        raise SimError("the lab needs Linux: it is made of network namespaces")
    if os.geteuid() != 0:
        raise SimError("the lab needs root: it makes network namespaces and a bridge")
    missing = [name for name in names if shutil.which(name, path=_PATH) is None]
    if missing:
        packages = sorted({PACKAGES[name] for name in missing})
        raise SimError(
            f"the lab needs {', '.join(missing)}; on Debian and Ubuntu:"
            f" apt-get install {' '.join(packages)}"
        )


def find(name: str) -> str:
    """The path of a command; SimError if there is none."""
    require(name)
    return str(shutil.which(name, path=_PATH))


def run(words: Sequence[str], text: str = "", *, seconds: float = SECONDS) -> str:
    """Run a command with this text as its input; return what it printed, SimError if it failed."""
    finished = attempt(words, text, seconds=seconds)
    if finished.returncode != 0:
        said = finished.stderr.strip() or f"exit status {finished.returncode}"
        raise SimError(f"{' '.join(words)}: {said}")
    return finished.stdout


def attempt(
    words: Sequence[str], text: str = "", *, seconds: float = SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run a command that may fail."""
    try:
        return subprocess.run(
            words,
            input=text,
            env=os.environ | {"PATH": _PATH, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SimError(f"{' '.join(words)}: did not end within {seconds:g} s") from None
