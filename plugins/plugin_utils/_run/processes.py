# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which process on a controller runs an operation, and whether it has ended.

A run that is killed cannot give its lock back. The next run on the same controller finds out that
its process has ended. On another controller, in another container, and after a reboot that is not
known, and the lock has to expire. A process that cannot be seen may be alive: a controller may hide
those of other users (hidepid, ProtectProc).
"""

from __future__ import annotations

import getpass
import multiprocessing
import os
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

_BOOT = "/proc/sys/kernel/random/boot_id"
_PROCESSES = "/proc"


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
    shown = _stat(pid)
    return {
        "host": socket.gethostname(),
        "boot": _read(_BOOT).strip(),
        "namespace": _link("/proc/self/ns/pid"),
        "pid": pid,
        "began": shown.began if shown is not None else "",
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
    """Return whether a process is proven to have ended. If that cannot be proven it lives.

    The proof is that it has ended in the same boot and the same namespace of process ids.
    """
    here = this_process()
    try:
        # Another boot may be another machine of the same name, so it proves nothing.
        same_place = all(
            here[name] and process[name] == here[name] for name in ("host", "boot", "namespace")
        )
        return same_place and int(process["pid"]) > 0 and has_ended(process)
    except (KeyError, OverflowError, TypeError, ValueError):
        return False


def has_ended(process: Mapping[str, Any]) -> bool:
    """Return whether a process of this system has ended.

    It has if the kernel knows no process of that number, or shows another one or a zombie under it.
    """
    pid, began = int(process["pid"]), process["began"]
    shown = _stat(pid)
    if shown is None:
        return not _exists(pid)
    # A zombie has ended; its parent has not noticed yet.
    return shown.state in ("Z", "X") or bool(began and shown.began != began)


class _Stat(NamedTuple):
    """What the system shows of a process: its state, and when it began in ticks since boot."""

    state: str
    began: str


def _stat(pid: int) -> _Stat | None:
    """Return what the system shows of a process, or None where it shows nothing."""
    # The name of the process, in parentheses, may have spaces in it; the time is the 22nd field.
    _name, _sign, rest = _read(f"{_PROCESSES}/{pid}/stat").rpartition(")")
    fields = rest.split()
    return _Stat(fields[0], fields[19]) if len(fields) > 19 else None


def _exists(pid: int) -> bool:
    """Return whether there is a process of this number, one that is hidden from us included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # It is somebody else's.
        return True
    return True


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
