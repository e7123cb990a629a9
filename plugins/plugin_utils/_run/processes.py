# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which process on a controller runs an operation, and whether it has ended.

A run that is killed cannot give its lock back. The next run on the same controller finds out that
its process has ended. On another controller, in another container, and after a reboot that is not
known, and the lock has to expire.
"""

from __future__ import annotations

import getpass
import multiprocessing
import os
import socket
from collections.abc import Mapping
from typing import Any

_BOOT = "/proc/sys/kernel/random/boot_id"


def this_process() -> dict[str, Any]:
    """Return what identifies the process of this run.

    host:       name of the controller
    boot:       id of its boot, or "" where the system has none
    namespace:  the namespace of the process id, or ""
    pid, began: the process id, and when the process began in ticks since boot, or ""
    """
    # Ansible runs action plugins in workers. The process of the run is their parent.
    worker = multiprocessing.parent_process()
    pid = worker.pid if worker is not None and worker.pid else os.getpid()
    return {
        "host": socket.gethostname(),
        "boot": _read(_BOOT).strip(),
        "namespace": _link("/proc/self/ns/pid"),
        "pid": pid,
        "began": _began(pid),
    }


def owner(variables: Mapping[str, Any], host: str) -> str:
    """Return who runs this: user and job number of AWX, else user and host of the controller."""
    for product in ("awx", "tower"):
        user = variables.get(f"{product}_user_name")
        if user:
            return f"{user} (job {variables.get(f'{product}_job_id', '?')})"
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A user id without a name, as containers have.
        name = str(os.getuid())
    return f"{name}@{host}"


def is_gone(process: Mapping[str, Any]) -> bool:
    """Return whether a process is known to have ended. If that cannot be known it lives."""
    here = this_process()
    try:
        pid = int(process["pid"])
        same = all(process[name] == here[name] for name in ("host", "boot", "namespace"))
        # Another boot may be another machine of the same name, so it proves nothing.
        if pid < 1 or not same or not here["boot"]:
            return False
        return bool(_began(pid) != process["began"])
    except (KeyError, TypeError, ValueError):
        return False


def _began(pid: int) -> str:
    """Return when a process began, or "" if there is no such process."""
    # The name of the process, in parentheses, may have spaces in it; the time is the 22nd field.
    _name, _sign, rest = _read(f"/proc/{pid}/stat").rpartition(")")
    fields = rest.split()
    # A zombie has ended; its parent has not noticed yet.
    return fields[19] if len(fields) > 19 and fields[0] not in ("Z", "X") else ""


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096)
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
