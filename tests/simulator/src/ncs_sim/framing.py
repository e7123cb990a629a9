# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames: a 4-byte length, then that many bytes. Used on every kind of connection."""

from __future__ import annotations

import asyncio

MAX_FRAME = 16 * 1024 * 1024


class FrameError(Exception):
    """The peer announced a frame larger than allowed."""


def frame(payload: bytes) -> bytes:
    """Put the length before the payload."""
    if len(payload) > MAX_FRAME:
        raise FrameError(f"frame of {len(payload)} bytes is too long to send")
    return len(payload).to_bytes(4, "big") + payload


async def read_frame(reader: asyncio.StreamReader, limit: int = MAX_FRAME) -> bytes:
    """Read one frame; asyncio.IncompleteReadError at the end of the stream."""
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > limit:
        raise FrameError(f"frame of {length} bytes, limit {limit}")
    return await reader.readexactly(length)
