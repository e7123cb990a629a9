# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of every kind."""

from __future__ import annotations

import pytest
from benchmark.results import (
    AT_LEAST,
    AT_MOST,
    LARGEST,
    PER_SECOND,
    SECONDS,
    Figure,
    Quantity,
    Result,
    Target,
)


@pytest.fixture
def results() -> list[Result]:
    """One that is met, one that is missed, one without a target, and one that was not run."""
    return [
        Result(
            "module-local",
            Figure("local-status", "status / ping, <local>", Target(AT_MOST, 1.15)),
            (1.0, 1.1, 1.2),
            {"status": Quantity(0.412, SECONDS), "ping": Quantity(0.38, SECONDS)},
        ),
        Result(
            "client",
            Figure("client-rate", "orders / echoes", Target(AT_LEAST, 0.5)),
            (0.25,) * 10,
            {"orders": Quantity(12345.6, PER_SECOND)},
        ),
        Result("payload", Figure("payload-lock", "bytes & bytes", exact=True), (1.25,)),
        Result(
            "switchover",
            Figure("largest", "largest gap", Target(AT_MOST, 2.0, LARGEST), SECONDS),
            (0.5, 2.5, 0.6),
        ),
        Result(
            "module-ssh",
            Figure("ssh-status", "status / ping, over SSH", Target(AT_MOST, 1.1)),
            not_run="the lab with SSH needs root",
        ),
    ]
