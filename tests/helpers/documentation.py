# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the collection as ansible-doc gives it, fragments merged in."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from helpers.modules import ROOT

_DOC = Path(sys.executable).with_name("ansible-doc")

MODULES = tuple(sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")))
#: Modules that are documentation only: an action plugin of the same name does the work.
ACTIONS = tuple(sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py")))
LOOKUPS = tuple(sorted(path.stem for path in (ROOT / "plugins" / "lookup").glob("*.py")))
CALLBACKS = tuple(sorted(path.stem for path in (ROOT / "plugins" / "callback").glob("*.py")))


@functools.lru_cache(maxsize=None)
def _documented(kind: str, names: tuple[str, ...]) -> dict[str, Any]:
    finished = subprocess.run(
        [str(_DOC), "--type", kind, "--json", *(f"nso.ha.{name}" for name in names)],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def module(name: str) -> dict[str, Any]:
    """Return what is documented of a module: doc, examples, return."""
    found: dict[str, Any] = _documented("module", MODULES)[f"nso.ha.{name}"]
    return found


def lookup(name: str) -> dict[str, Any]:
    """Return what is documented of a lookup: doc, examples, return."""
    found: dict[str, Any] = _documented("lookup", LOOKUPS)[f"nso.ha.{name}"]
    return found


def callback(name: str) -> dict[str, Any]:
    """Return what is documented of a callback: doc, examples."""
    found: dict[str, Any] = _documented("callback", CALLBACKS)[f"nso.ha.{name}"]
    return found


@functools.lru_cache(maxsize=None)
def entry_points() -> dict[str, Any]:
    """Return the argument spec of each entry point of the role, as its file has it."""
    path = ROOT / "roles" / "cluster" / "meta" / "argument_specs.yml"
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    return found


def role_options() -> dict[str, Any]:
    """Return the options of all entry points of the role, each once, those of `main` first."""
    merged: dict[str, Any] = {}
    for spec in entry_points().values():
        for name, option in spec["options"].items():
            merged.setdefault(name, option)
    return merged


def texts(value: object) -> str:
    """Return all text in a piece of documentation, however deep, in one."""
    if isinstance(value, dict):
        return " ".join(texts(inner) for inner in value.values())
    if isinstance(value, list):
        return " ".join(texts(inner) for inner in value)
    return str(value)
