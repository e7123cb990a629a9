# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the commands of a gate: quiet when they pass, all they printed when they fail."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from gates.tree import ROOT

#: A command and its arguments.
Command = list[str | Path]
#: Where the tools of the gates are.
BIN = Path(sys.executable).parent


class GateError(Exception):
    """A gate that did not let the project pass.

    output: all that its command printed
    """

    def __init__(self, reason: str, output: str = "") -> None:
        super().__init__(f"{output.rstrip()}\n{reason}" if output else reason)
        self.reason = reason
        self.output = output


def run(
    title: str,
    command: Command,
    *,
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    # Some machines take several times as long as others.
    seconds: float = 1800,
) -> str:
    """Run a command, tell in a line that it passed and how long it took, return its output.

    Raises GateError with its output if it fails, or takes more than `seconds`.
    """
    started = time.monotonic()
    words = [str(word) for word in command]
    try:
        finished = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **with_tools(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        printed = expired.output or b""
        text = printed.decode(errors="replace") if isinstance(printed, bytes) else str(printed)
        raise GateError(f"{title}: did not end within {seconds:g} s", text) from None
    if finished.returncode != 0:
        reason = f"{title}: failed with status {finished.returncode}: {' '.join(words)}"
        raise GateError(reason, finished.stdout)
    print(f"passed  {title}  ({time.monotonic() - started:.0f} s)", flush=True)
    return finished.stdout


def with_tools() -> dict[str, str]:
    """Return the environment in which the tools beside this Python come first."""
    return {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
