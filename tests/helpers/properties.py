# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How properties are tested: the same examples at every run, and nothing kept between runs."""

from __future__ import annotations

import os

from hypothesis import settings

#: Fewer where the same is tested again, on another Python.
EXAMPLES = int(os.environ.get("NSO_HA_EXAMPLES", "100"))

#: For properties of plain functions.
repeatable = settings(derandomize=True, database=None, deadline=None, max_examples=EXAMPLES)
#: For properties whose single example takes some time.
repeatable_few = settings(repeatable, max_examples=EXAMPLES // 2)
