# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the checks of a plan are given, and their verdicts. Plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY

from .._model.observation import Observation
from .._model.topology import Topology
from .._plan.operations import Goal, Scene
from .._plan.plan import Plan

PASSED = "passed"
FAILED = "failed"
OVERRIDDEN = "overridden"
NOT_EVALUABLE = "not evaluable"


@dataclass(frozen=True)
class Verdict:
    """The result of a check. `host` is the node that it is about, or "" for the whole cluster."""

    check: str
    result: str
    reason: str
    host: str = ""


@dataclass(frozen=True)
class Case:
    """All that a check is given.

    topology: the wanted topology, in which no node follows a relay that does not answer
    fences:   whether the operator has tasks that fence the former primary
    gap_limit: for how long no node may accept writes while the primary hands over, in seconds; 0
              for no limit
    """

    operation: str
    scene: Scene
    goal: Goal
    topology: Topology
    plan: Plan
    fences: bool = False
    gap_limit: float = 0

    @property
    def observed(self) -> Mapping[str, Observation]:
        """Return the observation of each node, by host."""
        return self.scene.observed

    @property
    def promotes(self) -> bool:
        """Return whether the plan has a promotion."""
        return any(step.role == PRIMARY for step in self.plan.steps)


#: A result, FAILED or NOT_EVALUABLE, and the reason.
Finding = tuple[str, str]


def failed(reasons: Iterable[str]) -> list[Finding]:
    """Return a failed finding for each of these reasons."""
    return [(FAILED, reason) for reason in reasons]
