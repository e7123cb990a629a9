# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that something was measured on, without anything that tells which one it is."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


def machine() -> dict[str, str]:
    """Return what it is, by names for people."""
    text = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    return {
        "CPU": _model(text) or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": f"{platform.system()} {_release(platform.release())}",
        "Python": platform.python_version(),
        "ansible-core": version("ansible-core"),
    }


def _model(cpuinfo: str) -> str:
    """Return the name of the CPU, from what the kernel tells."""
    found = re.search(r"^model name\s*: (.+)$", cpuinfo, re.MULTILINE)
    return found.group(1).strip() if found else ""


def _release(text: str) -> str:
    """Return the numbers of a release; what follows them is up to the builder of the kernel."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return found.group() if found else text


def described(about: Mapping[str, str]) -> str:
    """Return it as one line."""
    return ", ".join(f"{name} {value}" for name, value in about.items())
