# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the collection's modules as processes of their own, and reading what they return."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_MAIN = Path(__file__).with_name("module_main.py")
ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".venv" / "collections"


def module_process(
    name: str, params: Mapping[str, Any], check: bool, environment: Mapping[str, str] | None
) -> tuple[list[str], bytes, dict[str, str]]:
    """Return the command that runs a module, what to write to it, and its environment."""
    arguments = {"ANSIBLE_MODULE_ARGS": {**params, "_ansible_check_mode": check}}
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NCS_")}
    return (
        [sys.executable, str(_MAIN), name],
        json.dumps(arguments).encode(),
        {**clean, "PYTHONPATH": str(COLLECTIONS), **(environment or {})},
    )


def run_module(
    name: str,
    params: Mapping[str, Any],
    *,
    check: bool = False,
    environment: Mapping[str, str] | None = None,
    seconds: float = 60,
) -> dict[str, Any]:
    """Run a module with these parameters and return its result.

    A module that ends without a result fails the test with all that it printed.
    """
    command, payload, clean = module_process(name, params, check, environment)
    finished = subprocess.run(
        command, input=payload, capture_output=True, timeout=seconds, env=clean, check=False
    )
    try:
        result: dict[str, Any] = json.loads(finished.stdout)
    except ValueError:
        raise AssertionError(
            f"{name} gave no result:\n{finished.stdout.decode()}\n{finished.stderr.decode()}"
        ) from None
    assert not finished.stderr, finished.stderr.decode()
    assert finished.returncode == (1 if result.get("failed") else 0)
    return result
