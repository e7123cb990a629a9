# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error codes of docs/protocol.md, "Error codes" and the exceptions that carry them."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """What a daemon answers when it refuses."""

    NOEXISTS = 1
    ALREADY_EXISTS = 2
    ACCESS_DENIED = 3
    NOT_WRITABLE = 4
    BADPATH = 8
    BADSTATE = 17
    INTERNAL = 18
    PROTOUSAGE = 21
    NOSESSION = 22
    OS = 24
    HA_CONNECT = 25
    HA_CLOSED = 26
    HA_BADFXS = 27
    HA_BADTOKEN = 28
    HA_BADNAME = 29
    HA_BIND = 30
    HA_NOTICK = 31
    HA_WITH_UPGRADE = 47
    XPATH = 50
    NOT_IMPLEMENTED = 51
    HA_BADVSN = 52
    START_FAILED = 57
    UPGRADE_IN_PROGRESS = 60
    NOTRANS = 61
    HA_BADCONFIG = 69
    HA_ABORT = 71


class Refusal(Exception):
    """An order or request is refused; the code goes to the client, and the reason to the log.

    Whether the reason goes to the client depends on the kind of socket and the options of the node.
    `asked_for`: it always does, because a test asked for this very refusal.
    """

    def __init__(self, code: int, reason: str | None = None, asked_for: bool = False) -> None:
        super().__init__(f"{code}: {reason}" if reason else str(code))
        self.code = int(code)
        self.reason = reason
        self.asked_for = asked_for


class OutcomeUnknown(Exception):
    """A write was stored here, but the node changed role before its secondaries confirmed it."""


class StoreError(Exception):
    """The data on disk cannot be read or written."""


class SimError(Exception):
    """A message for the person at the command line; shown without a traceback."""
