# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Failures as people meet them: what happened, where, with which value, and what to do about it."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, Mapping

from ..ncs import error
from .validation import OptionError


class ModuleFailure(Exception):
    """A module cannot do what it was asked to.

    message: for people
    result:  what the module returns beside the message
    """

    def __init__(self, message: str, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.result = dict(result or {})


def failure_message(action: str, where: object, failure: error.Failure) -> str:
    """Return one text for an action that failed at `where`."""
    return f"{action} failed at {where}: {failure}. Hint: {failure.code.hint}."


def order_message(order: str, where: object, failure: error.Failure) -> str:
    """Return one text for an order that failed, or whose outcome is not known."""
    text = failure_message(f"The order {order}", where, failure)
    if failure.outcome_unknown:
        text += " The order had been sent, so it may have been or may still be carried out."
    return text


def as_result(failure: error.Failure) -> dict[str, Any]:
    """Return a failure as the modules return it."""
    code = failure.code
    return {
        "code": failure.confd_errno,
        "name": code.name,
        "meaning": code.meaning,
        "hint": code.hint,
        "details": ": ".join(part for part in (failure.confd_lasterr, failure.strerror) if part),
        "os_error": failure.os_error,
    }


def module_failure(action: str, where: object, failure: error.Failure) -> ModuleFailure:
    """Return the end of a module that cannot go on after this failure."""
    return ModuleFailure(failure_message(action, where, failure), {"error": as_result(failure)})


@contextlib.contextmanager
def reported(action: str, where: object) -> Iterator[None]:
    """Turn failures of the client and invalid options inside into ModuleFailure.

    The one place where that happens; main() of each module turns ModuleFailure into its result.
    """
    try:
        yield
    except OptionError as problem:
        raise ModuleFailure(str(problem)) from None
    except error.Failure as failure:
        raise module_failure(action, where, failure) from failure
