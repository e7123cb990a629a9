# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line per happening on stderr. Never hand it a token, a secret or a challenge."""

from __future__ import annotations

import sys
import time


def log(text: str) -> None:
    now = time.time()
    stamp = time.strftime("%H:%M:%S", time.localtime(now))
    print(f"{stamp}.{int(now * 1000) % 1000:03d} {text}", file=sys.stderr, flush=True)
