# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that wait for a start phase, which the CDB and the MAAPI socket let them."""

from __future__ import annotations

import asyncio

from ncs_sim.ipc_stream import IpcStream
from ncs_sim.node import Node

# How often a waiting client is checked for having hung up.
HANGUP_SECONDS = 0.5


async def reach_phase(node: Node, stream: IpcStream, phase: int) -> None:
    """Return once the node is in this phase or a later one, or the client is gone."""
    while node.phase < phase and not stream.ended:
        try:
            async with asyncio.timeout(HANGUP_SECONDS):
                await node.phase_change()
        except TimeoutError:
            continue
