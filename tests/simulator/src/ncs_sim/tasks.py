# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background tasks that are neither lost to the garbage collector nor fail in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from ncs_sim.log import log

_running: set[asyncio.Task[Any]] = set()


def spawn(work: Coroutine[Any, Any, object], name: str) -> asyncio.Task[Any]:
    task = asyncio.create_task(work, name=name)
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log(f"bug in {task.get_name()}: {type(error).__name__}: {error}")
