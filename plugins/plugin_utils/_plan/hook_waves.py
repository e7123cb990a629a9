# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where in a plan tasks of the user's own are run, its hooks. Pure functions.

A hook is a wave of its own: it is run on the nodes of its steps, before the next wave. A node that
is to stop being primary is withdrawn while it still takes writes. If it hands over, that is right
before it does so; else it is before anything is done, so that a failure leaves everything as it
was. The next primary is announced as soon as it takes writes, before anything follows it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.nso.ha.plugins.module_utils._store.lock import (
    ANNOUNCE,
    BACKUP,
    FENCE,
    WITHDRAW,
    hook,
)

from .plan import HAND_OVER, HOOK, OPEN, PROMOTE, STEP_DOWN, WAVES, Step, Wave

#: What is said of each event in a plan.
_REASONS = {
    FENCE: "may still be primary",
    WITHDRAW: "is about to stop taking writes",
    BACKUP: "has data that is about to be overwritten",
    ANNOUNCE: "is primary, and clients are to be told",
}


@dataclass(frozen=True)
class Hooks:
    """The hooks that a run has, and what it needs to know to place them.

    given:     the events for which there are tasks
    fence:     the hosts that have to be fenced before the candidate is promoted
    candidate: the host that is to be primary and answers, or ""
    announced: whether the candidate, as the primary that it is, has been announced already
    """

    given: Collection[str]
    fence: Sequence[str] = ()
    candidate: str = ""
    announced: bool = False


def with_hooks(waves: Sequence[Wave], hooks: Hooks) -> tuple[Wave, ...]:
    """Return the waves of a plan, with its hooks."""
    placed: list[Wave] = []
    leaving = [
        step.host for wave in waves if wave.name in (HAND_OVER, STEP_DOWN) for step in wave.steps
    ]
    withdrawing = [_wave(WITHDRAW, leaving)] if WITHDRAW in hooks.given and leaving else []
    hands_over = any(wave.name == HAND_OVER for wave in waves)
    if not hands_over:
        placed += withdrawing
    for wave in waves:
        if wave.name == HAND_OVER:
            placed += withdrawing
        overwritten = [step.host for step in wave.steps if step.overwrites]
        if BACKUP in hooks.given and overwritten:
            placed.append(_wave(BACKUP, overwritten))
        placed.append(wave)
    if ANNOUNCE in hooks.given and _is_due(waves, hooks):
        placed.insert(_first_after_promotion(placed), _wave(ANNOUNCE, [hooks.candidate]))
    fencing = []
    if FENCE in hooks.given and hooks.candidate:
        fencing = [_wave(FENCE, [hooks.candidate], about=host) for host in hooks.fence]
    return (*fencing, *placed)


def _is_due(waves: Iterable[Wave], hooks: Hooks) -> bool:
    """Return whether the candidate is to be announced."""
    # A node that is withdrawn, and stays primary as the plan fails, is another run's to announce.
    promotes = any(wave.name == PROMOTE for wave in waves)
    return bool(hooks.candidate) and (promotes or not hooks.announced)


def _first_after_promotion(placed: Sequence[Wave]) -> int:
    """Return the place of the first wave that comes after the primary takes writes."""
    before = [
        place + 1
        for place, wave in enumerate(placed)
        if wave.kind != HOOK and WAVES.index(wave.name) <= WAVES.index(OPEN)
    ]
    return max(before, default=0)


def _wave(event: str, hosts: Iterable[str], about: str = "") -> Wave:
    """Return the wave in which a hook is run on these hosts, about each or about another one."""
    steps = tuple(
        Step(
            host=host,
            role="",
            upstream=about,
            orders=(event,),
            reason=f"{f'{about} ' if about else ''}{_REASONS[event]}",
            name=hook(event, about or host),
        )
        for host in hosts
    )
    return Wave(event, steps, kind=HOOK)
