# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Failures as people meet them: what happened, where, with which value, and what usually helps."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, Mapping, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ..ncs import error
from .validation import OptionError


def message(doing: str, where: object, failure: error.Failure) -> str:
    """Return one text for a failure of `doing` something at `where`."""
    return f"{doing} failed at {where}: {failure}. What usually helps: {failure.code.hint}."


def order_message(order: str, where: object, failure: error.Failure) -> str:
    """Return one text for an order that failed, or of which nobody knows."""
    text = message(f"The order {order}", where, failure)
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


def fail(
    module: AnsibleModule,
    doing: str,
    where: object,
    failure: error.Failure,
    note: str = "",
    **result: object,
) -> NoReturn:
    """End the module with a failure. `note` has sentences that the message goes on with."""
    msg = f"{message(doing, where, failure)} {note}".strip()
    module.fail_json(msg=msg, error=as_result(failure), **result)
    raise AssertionError("fail_json returned")


@contextlib.contextmanager
def reported(
    module: AnsibleModule,
    doing: str,
    where: object,
    more: Callable[[], Mapping[str, object]] = dict,
) -> Iterator[None]:
    """End the module where anything inside fails: the one place where exceptions become results.

    `more` tells what is to be returned beside the failure.
    """
    try:
        yield
    except OptionError as problem:
        module.fail_json(msg=str(problem), **more())
    except error.Failure as failure:
        fail(module, doing, where, failure, "", **more())
