# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All groups of figures, in the order in which they are measured and shown."""

from __future__ import annotations

from benchmark.bring_up import BRING_UP
from benchmark.client import ANYWHERE, ONE_CPU, TWO_CPUS
from benchmark.codec import CODEC
from benchmark.converge import CONVERGE
from benchmark.measuring import Group
from benchmark.module_cost import LOCAL, SSH
from benchmark.payload import PAYLOAD
from benchmark.planner import PLANNER
from benchmark.takeover import FAILOVER, SWITCHOVER

GROUPS: tuple[Group, ...] = (
    LOCAL,
    SSH,
    PAYLOAD,
    ANYWHERE,
    ONE_CPU,
    TWO_CPUS,
    CODEC,
    CONVERGE,
    BRING_UP,
    SWITCHOVER,
    FAILOVER,
    PLANNER,
)
