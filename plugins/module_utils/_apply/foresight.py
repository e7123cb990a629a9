# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Foreseeing what changing a node would come to: check mode, for which no HA socket is needed."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Sequence

from .._node import failures
from .._node.connection import Target, has_relays
from .._node.node_status import StatusReader
from .._node.state import HaState
from .change import Change, blocked_failure, foreseen, obstacle
from .escort import Escort


def foresee(
    target: Target,
    ways: Sequence[str],
    decide: Callable[[HaState], Change],
    escort: Escort,
    needed: str,
) -> dict[str, Any]:
    """Return what `change.apply` would return if every order were carried out, and give none.

    ways:   how to look at the node
    needed: what the decision rests on beside the role, see StatusReader

    Raises ModuleFailure.
    """
    reader = StatusReader(target, ways, needed=(needed,))
    with failures.reported("Reading the HA status", target.endpoint), contextlib.closing(reader):
        status = reader.read(target.timeout)
        change = decide(status.state)
        blocked = change.obstacle or obstacle(
            change.orders, status.database.phase, has_relays(status.versions)
        )
        if blocked is not None:
            raise blocked_failure(target, status.state, change, escort, blocked)
        return foreseen(status.state, change, escort)
