# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab for each test. Run by `make lab-test`, as root."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ncs_lab.lab import Lab, down

#: Seconds. After three times this, nodes take a silent peer for dead; a busy machine needs some.
TICK = 1.0


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory for a lab, with a short name. What was made in it is taken away at the end."""
    parent = Path(tempfile.mkdtemp(prefix="nsoha-"))
    try:
        yield parent / "lab"
        down(parent / "lab")
    finally:
        shutil.rmtree(parent)


@pytest.fixture
def lab(place: Path) -> Iterator[Lab]:
    """Three hosts, whose nodes were never in a cluster."""
    with Lab.up(place, 3, tick_timeout=TICK) as lab:
        yield lab
