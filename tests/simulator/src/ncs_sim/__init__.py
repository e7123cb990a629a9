# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated Cisco NSO nodes for tests. docs/protocol.md says what they imitate.

Nothing here is shared with the client under test, so that one mistake cannot hide in both.
"""

__version__ = "0.1.0"
