# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The lock of a node: who runs an operation there, until when, and who may take it from them.

Plain data and decisions; kept.py has the file.
"""

from __future__ import annotations

from typing import Any, Collection, Mapping, NamedTuple

from . import clock, plain_json

#: Longest text in a lock, in characters, and longest lease, in seconds: a year.
MAX_TEXT = 1000
MAX_LEASE = 366 * 24 * 3600.0

_TEXTS = ("id", "node_id", "operation", "owner", "taken", "expires")


class Lock(NamedTuple):
    """A lock. `process` is what its owner wanted to have kept; `lease` is in seconds."""

    id: str
    node_id: str
    operation: str
    owner: str
    process: Mapping[str, Any]
    taken: str
    expires: str
    lease: float

    def has_expired(self, now: float) -> bool:
        """Return whether its time is over, at this time of the wall clock."""
        return clock.seconds(self.expires) <= now

    def renewed(self, now: float) -> Lock:
        """Return the same lock, its lease counted from now on."""
        return self._replace(expires=clock.text(now + self.lease))

    def as_json(self) -> bytes:
        """Return it as it is kept."""
        return plain_json.dump(self._asdict()).encode("ascii") + b"\n"

    def as_result(self, now: float) -> dict[str, Any]:
        """Return it as the modules return it."""
        return {**self._asdict(), "expired": self.has_expired(now)}

    def __str__(self) -> str:
        """Return it in one sentence."""
        return (
            f"{self.owner} runs {self.operation} since {self.taken}, valid until {self.expires} "
            f"(id {self.id})"
        )


def from_json(data: bytes) -> Lock:
    """Return the lock in a file. Raises ValueError."""
    found = plain_json.load_object(data)
    plain_json.check_keys(found, Lock._fields)
    plain_json.check_texts(found, _TEXTS, MAX_TEXT)
    if not isinstance(found["process"], dict):
        raise ValueError("process is no object")
    lease = found["lease"]
    if isinstance(lease, bool) or not isinstance(lease, (int, float)):
        raise ValueError("lease is no number")
    if not 0 < lease <= MAX_LEASE:
        raise ValueError(f"lease is not between 0 and {MAX_LEASE:g} s")
    for name in ("taken", "expires"):
        try:
            clock.seconds(found[name])
        except ValueError as problem:
            raise ValueError(f"{name}: {problem}") from None
    return Lock(**{**found, "lease": float(lease)})


def obstacle(
    found: Lock | None, wanted: Lock, replaceable: Collection[str], now: float
) -> str | None:
    """Return why `wanted` cannot be taken where `found` is, or None."""
    if found is None:
        return None
    if found.id == wanted.id:
        if found.node_id == wanted.node_id:
            return None
        return (
            f"this directory is used for node {found.node_id}, too, by the same operation; each "
            "node needs a directory of its own"
        )
    if found.id in replaceable or found.has_expired(now):
        return None
    return (
        f"another operation runs on this node: {found}. What usually helps: wait until it has "
        f"ended. If that run is truly gone, nso_ha_break_lock={found.id} breaks its lock"
    )


def not_held(found: Lock | None, wanted_id: str, now: float) -> str | None:
    """Return why the operation of this id may not go on here, or None where it may."""
    if found is not None and found.id == wanted_id and not found.has_expired(now):
        return None
    if found is None:
        now_there = "there is no lock"
    elif found.id == wanted_id:
        now_there = f"it has expired at {found.expires}"
    else:
        now_there = f"{found}"
    return f"the lock of this operation ({wanted_id}) is not held here any more: {now_there}"
