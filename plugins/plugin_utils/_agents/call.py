# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A call of a module on a node, and what makes calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Call:
    """A call of a module on a node.

    host:       the inventory name of the node
    arguments:  without those that are not given
    check_mode: whether the module only says what it would do
    """

    host: str
    module: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    check_mode: bool = False

    @property
    def about(self) -> str:
        """Return what it is for: the step, or what is done with the lock."""
        operation = self.arguments.get("operation") or {}
        step = operation.get("step") or self.arguments.get("step") or self.arguments.get("state")
        return str(step)

    def __str__(self) -> str:
        """Return it as a line: where, which module, and for which step."""
        return f"<{self.host}> {self.module.rpartition('.')[2]} {self.about}"


class Caller(Protocol):
    """What makes calls."""

    def run(self, calls: Sequence[Call]) -> Sequence[Mapping[str, Any]]:
        """Make these calls at the same time; return their results in the same order.

        A call never fails by an exception: one that reached no module has a result that says so.
        """
