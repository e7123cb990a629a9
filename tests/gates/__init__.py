# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of `make check`, and what else is run by hand: python -m gates.NAME."""
