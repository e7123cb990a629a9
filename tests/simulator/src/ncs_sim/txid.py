# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transaction ids: docs/protocol.md, "CDB socket"."""

from __future__ import annotations

from dataclasses import dataclass

from ncs_sim.terms import Term

MILLION = 1_000_000


@dataclass(frozen=True)
class TxId:
    """Who made a transaction, and when by its own clock, in microseconds since 1970.

    `primary_id` is None on a node that has never been in a cluster or that wrote while none.
    """

    primary_id: str | None
    micros: int

    @property
    def timestamp(self) -> tuple[int, int, int]:
        """Megaseconds, seconds and microseconds, the way Erlang writes a time."""
        seconds, micros = divmod(self.micros, MILLION)
        mega, seconds = divmod(seconds, MILLION)
        return mega, seconds, micros

    def to_term(self) -> Term:
        if self.primary_id is None:
            return self.timestamp
        return (self.primary_id.encode(), self.timestamp)

    def to_json(self) -> dict[str, object]:
        """For status output."""
        return {"primary_id": self.primary_id, "timestamp": list(self.timestamp)}

    def pack(self) -> list[object]:
        """For the disk and the HA link."""
        return [self.primary_id, self.micros]

    @classmethod
    def unpack(cls, value: object) -> TxId:
        """Undo `pack`; ValueError for anything else."""
        match value:
            case [str() | None as primary_id, int() as micros] if micros >= 0:
                return cls(primary_id, micros)
        raise ValueError("not a transaction id")
