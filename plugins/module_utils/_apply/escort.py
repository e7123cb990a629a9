# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What happens around the orders of a module."""

from __future__ import annotations

from typing import Any

from .outcomes import Execution


class Escort:
    """The escort of orders that are part of no operation: nothing happens around them."""

    def before(self, order: str) -> None:
        """Do what has to be done right before an order. Raises NotGiven to stop there."""

    def complete(self, execution: Execution) -> Execution:
        """Do what belongs to the orders once they were given; return what came of them with it."""
        return execution

    def release(self) -> None:
        """End what was begun for the orders; called once the last one has been answered."""

    def result(self, _execution: Execution) -> dict[str, Any]:
        """Return what the module returns beside the rest."""
        return {}
