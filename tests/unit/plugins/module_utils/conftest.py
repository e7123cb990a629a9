# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of module_utils share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the variables of a real NSO out of the tests."""
    for name in list(os.environ):
        if name.startswith("NCS_"):
            monkeypatch.delenv(name)
