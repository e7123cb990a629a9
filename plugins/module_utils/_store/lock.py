# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The lock of a node: who runs an operation there, until when, and which steps are still due.

Plain data and decisions; contents.py has the file.
"""

from __future__ import annotations

from typing import Any, Collection, Mapping, NamedTuple

from . import clock, plain_json

#: Longest text in a lock, in characters, and longest lease, in seconds: a year.
MAX_TEXT = 1000
MAX_LEASE = 366 * 24 * 3600.0
#: The most entries in each of its lists.
MAX_LIST = 1000

#: How far a clock may be corrected, in seconds, before the times of a lock are in doubt.
TOLERANCE = 60.0

#: The events around which a run runs tasks of the user's own, its hooks.
FENCE, WITHDRAW, BACKUP, ANNOUNCE = "fence", "withdraw", "backup", "announce"
EVENTS = (FENCE, WITHDRAW, BACKUP, ANNOUNCE)

#: Those without whose confirmation no step is taken that comes after them on the same node. What
#: has to be fenced is a list of its own.
_GATES = (WITHDRAW, BACKUP)

_TEXTS = ("run_id", "node_id", "operation", "owner", "taken", "expires")
_LISTS = ("steps", "fence", "fenced", "confirmed")
#: Lists that the locks of earlier releases do not have.
_LATER = ("confirmed",)


class Lock(NamedTuple):
    """A lock. `process` is stored as its owner gave it; `lease` is in seconds.

    steps:  names of the steps that the run has yet to take on this node; no other order is given
    fence:  hosts that have to be fenced before this node is made primary
    fenced: those of which the run has confirmed, on this node, that they are
    confirmed: the hooks of other events that the run has confirmed on this node, see `hook`
    more:   keys of its file that are not known here
    """

    run_id: str
    node_id: str
    operation: str
    owner: str
    process: Mapping[str, Any]
    taken: str
    expires: str
    lease: float
    steps: tuple[str, ...] = ()
    fence: tuple[str, ...] = ()
    fenced: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    more: Mapping[str, Any] = {}

    def has_expired(self, now: float) -> bool:
        """Return whether its time is over, at this time of the wall clock."""
        return clock.seconds_of(self.expires) <= now

    def doubt(self, now: float) -> str:
        """Return why its times cannot be right, in words, or ""."""
        ahead = clock.seconds_of(self.taken) - now
        left = clock.seconds_of(self.expires) - now
        if left > self.lease + TOLERANCE:
            what = f"it claims to be valid for {left:.0f} s more, and its lease is {self.lease:g} s"
        elif ahead > TOLERANCE and left > 0:
            what = f"it was taken {ahead:.0f} s in the future"
        else:
            return ""
        return (
            f"by the clock of its host {what}, so that clock was set back, or the file was changed"
        )

    def since_renewed(self, now: float) -> float:
        """Return how many seconds ago it was taken or renewed."""
        return now - (clock.seconds_of(self.expires) - self.lease)

    def renewed(self, now: float) -> Lock:
        """Return the same lock, its lease counted from now on."""
        return self._replace(expires=clock.iso_text(now + self.lease))

    @property
    def unfenced(self) -> tuple[str, ...]:
        """Return the hosts that have to be fenced and are not confirmed to be."""
        return tuple(host for host in self.fence if host not in self.fenced)

    def without(self, step: str) -> Lock:
        """Return the same lock with a step struck off."""
        return self._replace(steps=tuple(due for due in self.steps if due != step))

    def confirms(self, event: str, host: str) -> Lock:
        """Return the same lock with the confirmation of a hook, which ends its step."""
        if event == FENCE:
            return self._replace(fenced=(*self.fenced, host))
        name = hook(event, host)
        return self.without(name)._replace(confirmed=(*self.confirmed, name))

    def is_confirmed(self, event: str, host: str) -> bool:
        """Return whether a hook is confirmed."""
        return host in self.fenced if event == FENCE else hook(event, host) in self.confirmed

    def awaits(self, event: str) -> tuple[str, ...]:
        """Return the hosts for which a hook of this event is to be confirmed, or has been."""
        if event == FENCE:
            return self.fence
        hooks = map(_event_and_host, (*self.confirmed, *self.steps))
        return tuple(host for of_event, host in hooks if of_event == event)

    def as_json(self) -> bytes:
        """Return it as it is written to its file."""
        return plain_json.dump_object({**self.more, **self._known()}).encode("ascii") + b"\n"

    def as_result(self, now: float) -> dict[str, Any]:
        """Return it as the modules return it."""
        lists = {name: list(getattr(self, name)) for name in _LISTS}
        times = {"expired": self.has_expired(now), "doubt": self.doubt(now)}
        return {**self._known(), **lists, **times}

    def _known(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _KEYS}

    def __str__(self) -> str:
        """Return it in one sentence."""
        return (
            f"{self.owner} has been running {self.operation} since {self.taken}, valid until "
            f"{self.expires} (run {self.run_id})"
        )


#: The keys of its file.
_KEYS = tuple(name for name in Lock._fields if name != "more")


def hook(event: str, host: str) -> str:
    """Return the name of the step on a node in which a hook is run, about itself or another."""
    return f"{event} {host}"


def _event_and_host(step: str) -> tuple[str, str]:
    """Return what `hook` made the name of a step of; of another step, its name and ""."""
    event, _blank, host = step.partition(" ")
    return event, host


def parse_lock(data: bytes) -> Lock:
    """Return the lock in a file. Raises ValueError, NewerFormat."""
    fields = {**{name: [] for name in _LATER}, **plain_json.load_object(data)}
    plain_json.check_keys(fields, _KEYS)
    plain_json.check_texts(fields, _TEXTS, MAX_TEXT)
    if not isinstance(fields["process"], dict):
        raise ValueError("process is not an object")
    lease = fields["lease"]
    if isinstance(lease, bool) or not isinstance(lease, (int, float)):
        raise ValueError("lease is not a number")
    if not 0 < lease <= MAX_LEASE:
        raise ValueError(f"lease is not between 0 and {MAX_LEASE:g} s")
    for name in ("taken", "expires"):
        try:
            clock.seconds_of(fields[name])
        except ValueError as problem:
            raise ValueError(f"{name}: {problem}") from None
    lists = {name: texts(name, fields[name]) for name in _LISTS}
    known = {name: fields[name] for name in _KEYS}
    more = plain_json.unknown(fields, _KEYS)
    return Lock(**{**known, **lists, "lease": float(lease), "more": more})


def texts(name: str, value: object) -> tuple[str, ...]:
    """Return a list of names in a lock. Raises ValueError for anything else."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{name} is not a list of texts")
    if len(value) > MAX_LIST or any(not 0 < len(text) <= MAX_TEXT for text in value):
        raise ValueError(f"{name} has too many entries, or an entry that is empty or too long")
    return tuple(value)


def conflict(
    existing: Lock | None, wanted: Lock, replaceable: Collection[str], now: float
) -> str | None:
    """Return why `wanted` cannot be taken where `existing` is held, or None."""
    if existing is None:
        return None
    if existing.run_id == wanted.run_id:
        if existing.node_id == wanted.node_id:
            return None
        return (
            f"this directory is used for node {existing.node_id}, too, by the same operation; each "
            "node needs a directory of its own"
        )
    if existing.run_id in replaceable or existing.has_expired(now):
        return None
    doubt = existing.doubt(now)
    about = f". Its times are in doubt: {doubt}" if doubt else ""
    return (
        f"another operation runs on this node: {existing}{about}. Hint: wait until it has ended. "
        f"If that run is truly gone, nso_ha_break_lock={existing.run_id} breaks its lock"
    )


def not_due(held: Lock, step: str) -> str | None:
    """Return why a step of the run that holds this lock must not be taken, or None where it may."""
    if step in held.steps:
        before = held.steps[: held.steps.index(step)]
        gates = [gate for gate in map(_event_and_host, before) if gate[0] in _GATES]
        if not gates:
            return None
        event, host = gates[0]
        return (
            f"the step {step!r} comes after the {event} tasks for {host}, and the lock on this "
            "node has no confirmation by this run of what they did"
        )
    rest = ", ".join(held.steps) or "none"
    return (
        f"the step {step!r} is not due on this node: it has been taken, or the run has withdrawn "
        f"it (steps that are still due: {rest})"
    )


def not_held(existing: Lock | None, run_id: str, now: float) -> str | None:
    """Return why the run with this id may not go on here, or None where it may."""
    if existing is not None and existing.run_id == run_id and not existing.has_expired(now):
        return None
    if existing is None:
        actual = "there is no lock"
    elif existing.run_id == run_id:
        actual = f"it expired at {existing.expires}"
    else:
        actual = f"{existing}"
    return f"the lock of this operation ({run_id}) is not held here any more: {actual}"
