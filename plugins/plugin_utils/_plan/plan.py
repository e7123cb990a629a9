# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A plan: ordered waves of steps, each step on one node. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._model import data_rules
from .._model.plain import BY

PRIMARY_PHASE_1 = "primary_phase_1"
DEAD = "dead"
LEAVE = "leave"
CATCH_UP = "catch_up"
HAND_OVER = "hand_over"
STEP_DOWN = "step_down"
PROMOTE = "promote"
OPEN = "open"
PRIMARY_PHASE_2 = "primary_phase_2"
PHASE_1 = "phase_1"
RELAYS = "relays"
SECONDARIES = "secondaries"
HOLD = "hold"
RELEASE = "release"
PHASE_2 = "phase_2"

#: The waves in order. Waves of one name that cannot run at the same time are numbered.
WAVES = (
    PRIMARY_PHASE_1,
    DEAD,
    LEAVE,
    CATCH_UP,
    HAND_OVER,
    STEP_DOWN,
    PROMOTE,
    OPEN,
    PRIMARY_PHASE_2,
    PHASE_1,
    RELAYS,
    SECONDARIES,
    HOLD,
    RELEASE,
    PHASE_2,
)

#: How the steps of a wave are taken: by giving a role, or otherwise.
GIVE_ROLE = "role"
SET_MODE = "read_only"
START = "start_phase"
KINDS: Mapping[str, str] = {
    DEAD: "dead",
    CATCH_UP: "catch_up",
    HAND_OVER: "hand_over",
    OPEN: SET_MODE,
    HOLD: SET_MODE,
    RELEASE: SET_MODE,
    PRIMARY_PHASE_1: START,
    PRIMARY_PHASE_2: START,
    PHASE_1: START,
    PHASE_2: START,
}
#: The same where tasks of the user's own are run. Such a wave has the name of an event, see
#: hook_waves.py.
HOOK = "hook"

#: What the steps of those waves do, as the report names it.
SECONDARY_DEAD = "secondary_dead"
READ_ONLY = "read_only"
WAIT = "wait"
WRITABLE = "writable"
START_PHASE_1 = "start_phase_1"
START_PHASE_2 = "start_phase_2"


@dataclass(frozen=True)
class Step:
    """One thing that is done on one node.

    host:        the inventory name of the node
    role:        the role it gets, or "" for a step that gives none
    upstream:    the other node it is about: to follow, to catch up with, to hand
                 over to, to declare dead; or ""
    orders:      names of the orders that the node is expected to need
    reason:      why, for people
    force:       order even if the node believes that nothing is needed
    relation:    for a step that follows, how its data stands to the primary's (data_rules.py), else
                 "". Also where no copy is expected: a node that lost its link by then copies it
    name:        the name under which the lock on the node lists the step
    upstream_id: node id of that other node, or ""
    """

    host: str
    role: str
    upstream: str
    orders: tuple[str, ...]
    reason: str
    force: bool = False
    relation: str = ""
    name: str = ""
    upstream_id: str = ""

    @property
    def overwrites(self) -> bool:
        """Return whether data of the node that the primary may not have could be replaced."""
        return bool(self.relation) and self.relation not in data_rules.SAFE


@dataclass(frozen=True)
class Wave:
    """Steps that may be taken at the same time.

    steps:    as plain data, by host
    look:     hosts to observe once more before the wave, see recheck.py
    kind:     how its steps are taken: role, catch_up, hand_over, read_only, start_phase, dead or
              hook
    """

    name: str
    steps: tuple[Step, ...] = field(metadata={BY: "host"})
    look: tuple[str, ...] = ()
    kind: str = GIVE_ROLE


def wave(name: str, steps: tuple[Step, ...], look: tuple[str, ...] = ()) -> Wave:
    """Return the wave of this name with these steps."""
    return Wave(name, steps, look, KINDS.get(name, GIVE_ROLE))


@dataclass(frozen=True)
class Plan:
    """What to do.

    waves:      in order
    blocked:    the nodes about which nothing can be done, each with the reason
    hands_over: the living primary that hands over to one of its copies, or ""
    """

    waves: tuple[Wave, ...] = ()
    blocked: Mapping[str, str] = field(default_factory=dict)
    hands_over: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return all steps, in order."""
        return tuple(step for wave in self.waves for step in wave.steps)

    @property
    def roles(self) -> tuple[Step, ...]:
        """Return the steps that give a node a role."""
        return tuple(step for step in self.steps if step.role)
