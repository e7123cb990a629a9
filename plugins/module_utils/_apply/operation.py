# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The option `operation`: orders that are part of an operation need the lock of that operation."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Callable, Mapping, NamedTuple, Sequence

from .._node import options, validation
from .._node.transaction_id import TransactionId
from .._store import timeline
from .._store.files import KeptError
from .._store.keeping import StateDirectory
from .._store.lock import Lock
from .outcomes import NotGiven, Report

#: Longest id and longest name of an operation, in characters.
MAX_NAME = 255


class Operation(NamedTuple):
    """What a task says of the operation that its orders are part of.

    step:     the name under which its lock has this step
    name:     what the operation is called, or "" for what its lock says
    epoch:    the number under which a promotion is recorded, or None for no record
    timeline: entries that have to be in the node's record before it gets an order
    txid:     the transaction id that the node has to have when it is made primary, or None
    """

    directory: StateDirectory
    id: str
    step: str
    name: str = ""
    epoch: int | None = None
    timeline: tuple[timeline.Entry, ...] = ()
    txid: TransactionId | None = None

    def hold(self) -> Lock:
        """Renew the lock and return it. Raises KeptError where it is not held."""
        return self.directory.hold(self.id, time.time())

    def start(self) -> Lock:
        """Strike the step off the lock, renew and return it. Raises KeptError if it is not due."""
        return self.directory.start(self.id, self.step, time.time())


def from_option(option: Mapping[str, Any], warn: Callable[[str], None]) -> Operation:
    """Return what the option says. Raises OptionError."""
    validation.check_text("operation.id", option["id"], MAX_NAME)
    validation.check_text("operation.step", option["step"], MAX_NAME)
    name = option.get("name")
    if name is not None:
        validation.check_text("operation.name", name, MAX_NAME)
    epoch = option.get("epoch")
    if epoch is not None and epoch < 1:
        raise validation.OptionError(f"operation.epoch is {epoch}; it has to be above 0")
    path = validation.state_directory("operation.state_dir", option["state_dir"])
    return Operation(
        StateDirectory(path, warn),
        option["id"],
        option["step"],
        name or "",
        epoch,
        tuple(entries("operation.timeline", option.get("timeline") or ())),
        options.transaction_id("operation.txid", option.get("txid")),
    )


def entries(name: str, value: Sequence[object]) -> list[timeline.Entry]:
    """Return the entries of the record in an option. Raises OptionError."""
    found: list[timeline.Entry] = []
    for number, entry in enumerate(value):
        try:
            found.append(timeline.check(entry))
        except ValueError as problem:
            raise validation.OptionError(f"{name}[{number}]: {problem}") from None
    return found


def times(report: Report) -> list[dict[str, Any]]:
    """Return when the orders were given, as the modules return it."""
    return [timed._asdict() for timed in report.times]


class Holding:
    """The escort of orders that need the lock of their operation, and nothing more.

    From the first order until `release` nobody else works in the state directory. So whoever
    strikes a step off the lock knows that its order was not given and will not be.
    """

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._exclusive = contextlib.ExitStack()
        self._started = False

    def hold(self) -> Lock:
        """Strike the step off before its first order; renew the lock. Raises KeptError."""
        if self._started:
            return self._operation.hold()
        self._exclusive.enter_context(self._operation.directory.exclusive())
        held = self._operation.start()
        self._started = True
        return held

    def before(self, order: str) -> None:
        """See to the lock. Raises NotGiven."""
        try:
            self.hold()
        except KeptError as problem:
            raise NotGiven(order, str(problem)) from None

    def release(self) -> None:
        """Let others work in the state directory again."""
        self._exclusive.close()

    def more(self, report: Report) -> dict[str, Any]:
        """Return what the module returns beside the rest."""
        return {"times": times(report)}
