# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The option `operation`: orders that are part of an operation need the lock of their run."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Callable, Mapping, NamedTuple, Sequence

from .._node import options, validation
from .._node.transaction_id import TransactionId
from .._store import contents, promotions
from .._store.directory import StateDirectory
from .._store.files import StoreError
from .._store.lock import Lock
from .escort import Escort
from .outcomes import Execution, NotGiven

#: Longest run id and longest name of an operation or a step, in characters.
MAX_NAME = 255


class Operation(NamedTuple):
    """The run that the orders of a task are part of.

    step:    the name under which its lock lists this step
    name:    what the operation is called, or "" for what its lock says
    epoch:   the number under which a promotion is recorded, or None for no entry
    history: entries that have to be in the node's promotion history before it gets an order
    txid:    the transaction id that the node has to have when it is made primary, or None
    administrator: whether its read-only mode has to be on already, and not set by an operation
    follower: whether the read-only mode that it gets lasts for as long as it is not primary
    lift:    whether the read-only mode that an operation has set ends once it is primary
    """

    directory: StateDirectory
    run_id: str
    step: str
    name: str = ""
    epoch: int | None = None
    history: tuple[promotions.Entry, ...] = ()
    txid: TransactionId | None = None
    administrator: bool = False
    follower: bool = False
    lift: bool = False

    @property
    def keeps_mode(self) -> bool:
        """Return whether the node is marked as a follower that is kept in read-only mode."""
        try:
            mark = contents.read_mark(self.directory.path)
        except StoreError:
            # It is found again where it is needed.
            return False
        return mark is not None and mark.follower

    def hold(self) -> Lock:
        """Renew the lock and return it. Raises StoreError where it is not held."""
        return self.directory.hold(self.run_id, time.time())

    def start(self) -> Lock:
        """Strike the step off the lock, renew and return it. Raises StoreError if it is not due."""
        return self.directory.start(self.run_id, self.step, time.time())


def from_option(option: Mapping[str, Any], warn: Callable[[str], None]) -> Operation:
    """Return what the option says. Raises OptionError."""
    validation.check_text("operation.run_id", option["run_id"], MAX_NAME)
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
        option["run_id"],
        option["step"],
        name or "",
        epoch,
        tuple(entries("operation.promotions", option.get("promotions") or ())),
        options.transaction_id("operation.txid", option.get("txid")),
        bool(option.get("administrator")),
        bool(option.get("follower")),
        bool(option.get("lift")),
    )


def entries(name: str, value: Sequence[object]) -> list[promotions.Entry]:
    """Return the entries of a promotion history in an option. Raises OptionError."""
    checked: list[promotions.Entry] = []
    for number, entry in enumerate(value):
        try:
            checked.append(promotions.check_entry(entry))
        except ValueError as problem:
            raise validation.OptionError(f"{name}[{number}]: {problem}") from None
    return checked


class Holding(Escort):
    """The escort of orders that need the lock of their run, and nothing more.

    From the first order until `release` it holds the mutex of the state directory. So a process
    that strikes a step off the lock knows that its order was not given and will not be.
    """

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._exclusive = contextlib.ExitStack()
        self._started = False

    def hold(self) -> Lock:
        """Strike the step off before its first order; renew the lock. Raises StoreError."""
        if self._started:
            return self._operation.hold()
        self._exclusive.enter_context(self._operation.directory.exclusive())
        held = self._operation.start()
        self._started = True
        return held

    def before(self, order: str) -> None:
        """Check and renew the lock. Raises NotGiven."""
        try:
            self.hold()
        except StoreError as problem:
            raise NotGiven(order, str(problem)) from None

    def release(self) -> None:
        """Give back the mutex of the state directory."""
        self._exclusive.close()

    def result(self, execution: Execution) -> dict[str, Any]:
        """Return when the orders were given."""
        return {"times": [timed._asdict() for timed in execution.times]}
