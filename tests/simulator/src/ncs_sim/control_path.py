# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the control socket of a node is. Both ends use this."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SOCKET_NAME = "ctl"

Answer = dict[str, Any]


@contextmanager
def reachable(directory: Path) -> Iterator[Path]:
    """A short path to the control socket, however long the directory's own path is.

    A Unix socket path has 107 bytes at most and test directories are long. The way through an open
    descriptor of the directory is always short.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{descriptor}") / SOCKET_NAME
    finally:
        os.close(descriptor)
