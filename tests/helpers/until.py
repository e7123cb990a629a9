# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for something to come true, with a deadline."""

from __future__ import annotations

import time
from typing import Callable

PAUSE = 0.02


def until(holds: Callable[[], bool], seconds: float = 10.0, what: str = "it") -> None:
    """Return as soon as `holds` does; fail the test when it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what} did not come true within {seconds:g} s"
        time.sleep(PAUSE)
