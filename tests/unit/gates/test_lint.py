# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hooks before a commit are the quick part of the linters, with the tools of .venv."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import yaml
from gates import lint
from helpers.modules import ROOT


def hooks() -> list[dict[str, Any]]:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    repositories = yaml.safe_load(text)["repos"]
    # Nothing is fetched.
    assert [repository["repo"] for repository in repositories] == ["local"]
    found: list[dict[str, Any]] = repositories[0]["hooks"]
    return found


def test_the_hooks_run_what_the_quick_linters_run(monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []
    monkeypatch.setattr(lint, "run", lambda title, command: titles.append(title))
    monkeypatch.setattr(sys, "argv", ["lint", "--quick"])
    assert lint.main() == 0
    assert [hook["name"] for hook in hooks()] == titles


def test_every_hook_uses_a_tool_of_the_environment() -> None:
    assert all(hook["language"] == "system" and ".venv/bin/" in hook["entry"] for hook in hooks())
