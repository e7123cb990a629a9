# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Options the modules share: their argument spec, and what is checked before any connection.

Documented in plugins/doc_fragments/connection.py.
"""

from __future__ import annotations

import math
import os
import re
from typing import Any, Mapping

from .endpoint import ENV_ACCESS_FILE, EndpointError, Options, choose
from .node import Target, access_secret, path_exists
from .state import TransactionId

#: Longest node id, in bytes of UTF-8.
MAX_NODE_ID = 255
#: Longest path of a state directory, in characters; no system takes longer ones.
MAX_PATH = 4096


class OptionError(ValueError):
    """An option, or a combination of options, that makes no sense."""


def connection_spec() -> dict[str, Any]:
    """Return the argument spec of the connection options."""
    return {
        "token": {"type": "str", "required": True, "no_log": True},
        "path": {"type": "path"},
        "ip": {"type": "str"},
        "port": {"type": "int"},
        "access_file": {"type": "path"},
        "timeout": {"type": "float", "default": 30},
    }


def target(params: Mapping[str, Any]) -> Target:
    """Return how to reach the node. Raises OptionError, error.Error (access file unreadable)."""
    if not params["token"]:
        raise OptionError("token is empty; it has to be the secret that all nodes share")
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
    return Target(endpoint, params["token"], secret, params["timeout"])


def check_seconds(name: str, value: float) -> None:
    """Raise OptionError for a time limit that is no limit."""
    if not (math.isfinite(value) and value > 0):
        raise OptionError(f"{name} is {value:g}; it has to be a number of seconds above 0")


def check_port(name: str, value: int) -> None:
    """Raise OptionError for a number that is not a TCP port."""
    if not 1 <= value <= 65535:
        raise OptionError(f"{name} is {value}; it has to be between 1 and 65535")


def check_pattern(name: str, value: str) -> None:
    """Raise OptionError for text that is not a regular expression."""
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as problem:
        raise OptionError(
            f"{name} is {value!r}, which is not a regular expression: {problem}"
        ) from None


def state_directory(name: str, value: str) -> str:
    """Return the path of a state directory. Raises OptionError."""
    check_text(name, value, MAX_PATH)
    if not os.path.isabs(value):
        raise OptionError(f"{name} is {value!r}; it has to be an absolute path")
    return os.path.normpath(value)


def check_text(name: str, value: str, limit: int) -> None:
    """Raise OptionError for text that is empty, too long in characters, or no text at all."""
    if not value:
        raise OptionError(f"{name} is empty")
    if len(value) > limit:
        raise OptionError(
            f"{name} is {len(value)} characters long and begins with {value[:20]!r}; the limit is "
            f"{limit} characters"
        )
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise OptionError(f"{name} is {value!r}, which is not valid UTF-8") from None
    if "\0" in value:
        raise OptionError(f"{name} has a NUL character in it")


def operation_spec(**more: dict[str, Any]) -> dict[str, Any]:
    """Return the argument spec of the option `operation`, with more suboptions."""
    return {
        "type": "dict",
        "options": {
            "state_dir": {"type": "path", "required": True},
            "id": {"type": "str", "required": True},
            "step": {"type": "str", "required": True},
            **more,
        },
    }


def said(option: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what tells whose result a result is: the run, and its step. Nothing without an option.

    Decisions count a result only if it carries these: it may be missing, or of another run.
    """
    return {"run": option["id"], "step": option["step"]} if option else {}


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
    stamp = value["timestamp"]
    if len(stamp) != 3 or min(stamp) < 0:
        raise OptionError(
            f"{name}.timestamp is {stamp}; it has to be megaseconds, seconds and microseconds"
        )
    return TransactionId(value.get("primary_id") or None, (stamp[0], stamp[1], stamp[2]))


def check_node_id(name: str, value: str) -> None:
    """Raise OptionError for text that cannot be a node id; `name` is the option it came from."""
    if not value:
        raise OptionError(f"{name} is empty; a node needs an id")
    try:
        size = len(value.encode("utf-8"))
    except UnicodeEncodeError:
        raise OptionError(f"{name} is {value!r}, which is not valid UTF-8") from None
    if size > MAX_NODE_ID:
        raise OptionError(
            f"{name} is {size} bytes long in UTF-8 and begins with {value[:20]!r}; "
            f"the limit is {MAX_NODE_ID} bytes"
        )
    if "\0" in value:
        raise OptionError(f"{name} is {value!r}; a NUL character cannot be in a node id")
