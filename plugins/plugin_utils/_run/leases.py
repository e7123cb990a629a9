# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""For how long a lock has to be valid: the longest time between two renewals. Pure functions.

All locks of a run are renewed at the same time before each hook, before a primary hands over or is
made, if they were not taken just before, and before nodes copy. In between a task may take its time
limit on each host, and again for each round that the hosts take because Ansible works on no more of
them at a time than it has forks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.nso.ha.plugins.module_utils._store.lock import MAX_LEASE

from .settings import LIMIT_NAMES, Limits, Settings

#: The shortest lease of a run whose locks may last as long as they have to, in seconds.
LEAST = 900.0

#: How often a module may wait for an answer: it gives up a daemon that hangs, and looks once more.
_ANSWERS = 2


@dataclass(frozen=True)
class Crowd:
    """How many hosts there are, and on how many of them Ansible works at a time."""

    hosts: int
    forks: int
    throttle: int = 0

    @property
    def at_a_time(self) -> int:
        """Return on how many hosts a task runs at the same time."""
        given = [number for number in (self.forks, self.throttle) if number > 0]
        return min(given, default=1)

    @property
    def rounds(self) -> int:
        """Return in how many rounds a task reaches every host."""
        return max(1, math.ceil(self.hosts / self.at_a_time))

    def __str__(self) -> str:
        """Return it in words."""
        throttled = 0 < self.throttle < self.forks
        by = f"throttle: {self.throttle}" if throttled else _several(self.forks, "fork")
        hosts, rounds = _several(self.hosts, "host"), _several(self.rounds, "round")
        return f"{rounds} of {hosts} with {by}"


def _several(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Stretch:
    """What may happen between two renewals: how often each limit can pass.

    once:  on one node after the other, by the name of the limit
    each:  on all nodes, in rounds
    """

    what: str
    once: Mapping[str, int]
    each: Mapping[str, int]

    def seconds(self, limits: Limits, rounds: int) -> float:
        """Return how long it can take."""
        return sum(
            number * times * float(getattr(limits, limit))
            for limits_of, number in ((self.once, 1), (self.each, rounds))
            for limit, times in limits_of.items()
        )


#: Where nodes wait in start phase 0. The locks are renewed before each wave of it.
_STARTING = Stretch(
    "entering a start phase, and verifying",
    {},
    {"start": 1, "verify": 1, "answer": 3 * _ANSWERS},
)


def _stretches(limits: Limits, holds: bool) -> tuple[Stretch, ...]:
    """Return them; `holds` says that followers are kept in read-only mode, which is a step more."""
    # Nodes copy either what the plan wants or, after it has failed, the former primary.
    copying = "wait" if limits.wait >= limits.rollback else "rollback"
    return (
        Stretch(
            "fencing, and a look at every node",
            {"hook": 1, "answer": 3 * _ANSWERS},
            {"answer": 2 * _ANSWERS},
        ),
        # Then the locks are renewed, and not again until the next primary is there: hand over,
        # promote, open and one more look take no longer than this.
        Stretch(
            "catching up with the primary, and a look at every node",
            {"catch_up": 1, "answer": 3 * _ANSWERS},
            {"answer": 2 * _ANSWERS},
        ),
        Stretch(
            "a look at every node, copying and verifying",
            {"answer": _ANSWERS},
            {"answer": (4 if holds else 3) * _ANSWERS, copying: 1, "verify": 1},
        ),
    )


def _longest(limits: Limits, crowd: Crowd, settings: Sequence[Settings]) -> Stretch:
    waits = any(of_host.member.start_phases for of_host in settings)
    holds = any(of_host.member.hold for of_host in settings)
    stretches: tuple[Stretch, ...] = (*_stretches(limits, holds), *([_STARTING] if waits else ()))
    return max(stretches, key=lambda stretch: stretch.seconds(limits, crowd.rounds))


def _worst(settings: Sequence[Settings]) -> Limits:
    """Return the longest of each limit: a host waits for the slowest."""
    longest = {
        limit: max((getattr(of_host.limits, limit) for of_host in settings), default=default)
        for limit, default in vars(Limits()).items()
        if limit != "lock"
    }
    return Limits(**longest)


def lease(settings: Sequence[Settings], crowd: Crowd) -> float:
    """Return for how long the locks of a run are valid where nso_ha_lock_timeout is not given."""
    limits = _worst(settings)
    needed = _longest(limits, crowd, settings).seconds(limits, crowd.rounds)
    return min(MAX_LEASE, max(LEAST, float(math.ceil(needed))))


def problems(settings: Sequence[Settings], crowd: Crowd) -> list[str]:
    """Return in words where the locks could expire before they are renewed."""
    limits = _worst(settings)
    stretch = _longest(limits, crowd, settings)
    needed = stretch.seconds(limits, crowd.rounds)
    named = ", ".join(
        f"{LIMIT_NAMES[limit]} {getattr(limits, limit):g} s"
        for limit in dict.fromkeys((*stretch.once, *stretch.each))
    )
    why = f"between two renewals {needed:g} s can pass ({stretch.what}: {named}; {crowd})"
    if needed > MAX_LEASE:
        return [f"{why}, and no lock lasts longer than {MAX_LEASE:g} s. Lower these limits"]
    short: dict[float, list[str]] = {}
    for of_host in settings:
        given = of_host.limits.lock
        if given is not None and given < needed:
            short.setdefault(given, []).append(of_host.member.host)
    return [
        f"{', '.join(hosts)}: nso_ha_lock_timeout is {given:g} s, and {why}. Set "
        f"nso_ha_lock_timeout to {math.ceil(needed)} or more, or leave it empty, which makes it "
        "as long as it has to be; or use more forks (-f), or lower these limits"
        for given, hosts in short.items()
    ]
