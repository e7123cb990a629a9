# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options the modules share: their argument spec, and what is checked before any connection.

Documented in plugins/doc_fragments/connection.py.
"""

from __future__ import annotations

import os
from typing import Any, Mapping

from .connection import Target, access_secret, path_exists
from .endpoint import ENV_ACCESS_FILE, EndpointError, Options, choose
from .transaction_id import TransactionId
from .validation import OptionError, check_seconds, token_problem
from .ways import HA_SOCKET, OPERATIONAL_STATE, WAYS


def connection_spec() -> dict[str, Any]:
    """Return the argument spec of the connection options.

    Whether a token is needed depends on what is done: see `ha_target` and `look_target`.
    """
    return {
        # Text only, as `ha_target` checks: as "str", a number would become another token unseen.
        "token": {"type": "raw", "no_log": True},
        "path": {"type": "path"},
        "ip": {"type": "str"},
        "port": {"type": "int"},
        "access_file": {"type": "path"},
        "timeout": {"type": "float", "default": 30},
    }


def look_spec() -> dict[str, Any]:
    """Return the argument spec of the option `look`."""
    return {
        "look": {
            "type": "list",
            "elements": "str",
            "choices": list(WAYS),
            "default": [OPERATIONAL_STATE],
        }
    }


def ways(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ways to look that the option `look` allows, in order. Raises OptionError."""
    allowed = tuple(dict.fromkeys(params["look"] or ()))
    if not allowed:
        raise OptionError(f"look is empty; it has to name {OPERATIONAL_STATE}, {HA_SOCKET} or both")
    return allowed


def look_target(params: Mapping[str, Any]) -> Target:
    """Return how to reach a node that is only looked at. Raises as `target` does.

    The token may be missing, unless the HA socket comes first. One that is given has to be good.
    """
    if params["token"] in (None, "") and ways(params)[0] != HA_SOCKET:
        return target(params)
    return ha_target(params)


def ha_target(params: Mapping[str, Any]) -> Target:
    """Return how to reach the node, the HA socket included. Raises as `target` does."""
    if params["token"] is None:
        raise OptionError("token is missing; the HA socket needs the secret that all nodes share")
    problem = token_problem(params["token"])
    if problem:
        raise OptionError(f"token {problem}")
    return target(params)


def target(params: Mapping[str, Any]) -> Target:
    """Return how to reach the node. Raises OptionError, error.Error (access file unreadable)."""
    check_seconds("timeout", params["timeout"])
    for name in ("path", "ip", "access_file"):
        if "\0" in (params[name] or ""):
            raise OptionError(f"{name} has a NUL character in it")
    try:
        endpoint = choose(
            Options(params["path"], params["ip"], params["port"]), os.environ, path_exists
        )
    except EndpointError as problem:
        raise OptionError(str(problem)) from None
    secret = access_secret(params["access_file"] or os.environ.get(ENV_ACCESS_FILE))
    token = params["token"]
    # Without the HA socket no token is used, and none is refused.
    return Target(endpoint, token if isinstance(token, str) else "", secret, params["timeout"])


def operation_spec(**more: dict[str, Any]) -> dict[str, Any]:
    """Return the argument spec of the option `operation`, with more suboptions."""
    return {
        "type": "dict",
        "options": {
            "state_dir": {"type": "path", "required": True},
            "run_id": {"type": "str", "required": True},
            "step": {"type": "str", "required": True},
            **more,
        },
    }


def run_and_step(option: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the run and the step that a result belongs to; nothing without the option.

    A result is counted only if it carries these: it may be missing, or of another run.
    """
    return {"run_id": option["run_id"], "step": option["step"]} if option else {}


def txid_spec() -> dict[str, Any]:
    """Return the argument spec of a transaction id."""
    return {
        "type": "dict",
        "options": {
            "primary_id": {"type": "str"},
            "timestamp": {"type": "list", "elements": "int", "required": True},
        },
    }


def transaction_id(name: str, value: Mapping[str, Any] | None) -> TransactionId | None:
    """Return the transaction id of an option, None where it is not given. Raises OptionError."""
    if value is None:
        return None
    try:
        # Templates make empty text of null.
        return TransactionId.from_dict({**value, "primary_id": value.get("primary_id") or None})
    except ValueError as problem:
        raise OptionError(f"{name} {problem}") from None
