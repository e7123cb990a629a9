# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How properties are tested: the same examples at every run, and nothing kept between runs."""

from __future__ import annotations

from hypothesis import settings

#: For properties of plain functions.
repeatable = settings(derandomize=True, database=None, deadline=None, max_examples=100)
#: For properties whose single example takes some time.
repeatable_few = settings(repeatable, max_examples=50)
