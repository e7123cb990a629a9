# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the client that may fail, where either way is right and has to be looked at."""

from __future__ import annotations

from typing import Callable, TypeVar

from ansible_collections.nso.ha.plugins.module_utils.ncs import error

T = TypeVar("T")


def attempt(call: Callable[[], T]) -> tuple[T | None, error.Failure | None]:
    """Return what a call returns, or the failure it raises; no other exception is caught."""
    try:
        return call(), None
    except error.Failure as failure:
        return None, failure
