# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a check of a plan looks at, and what it comes to. Plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
    """What a check came to. `host` is the node it is about, or "" where it is about all."""

    check: str
    result: str
    reason: str
    host: str = ""


@dataclass(frozen=True)
class Nodes:
    """Nodes that an operator agrees to something about: all of them, or these."""

    every: bool = False
    named: frozenset[str] = field(default_factory=frozenset)

    def __contains__(self, host: object) -> bool:
        """Return whether this node is one of them."""
        return self.every or host in self.named


@dataclass(frozen=True)
class Consents:
    """What the operator agreed to.

    overwrite:  nodes whose data may be replaced
    data_loss:  nodes whose newer data the next primary may lack
    overridden: checks by name
    """

    overwrite: Nodes = field(default_factory=Nodes)
    data_loss: Nodes = field(default_factory=Nodes)
    overridden: frozenset[str] = field(default_factory=frozenset)

    def may_overwrite(self, host: str) -> bool:
        """Return whether the data of this node may be replaced."""
        return host in self.overwrite


@dataclass(frozen=True)
class Case:
    """All that a check may look at.

    topology: who should be what, with the nodes below a dead relay further up
    fences:   whether the operator has tasks that fence the former primary
    """

    operation: str
    scene: Scene
    goal: Goal
    topology: Topology
    plan: Plan
    fences: bool = False

    @property
    def observed(self) -> Mapping[str, Observation]:
        """Return what was seen of the nodes."""
        return self.scene.observed

    @property
    def promotes(self) -> bool:
        """Return whether the plan makes a primary."""
        return any(step.role == PRIMARY for step in self.plan.steps)


#: Why a check fails, or where it cannot be evaluated, why not.
Finding = tuple[str, str]


def failed(reasons: Iterable[str]) -> list[Finding]:
    """Return findings for these reasons why a check fails."""
    return [(FAILED, reason) for reason in reasons]
