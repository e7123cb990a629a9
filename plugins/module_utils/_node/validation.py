# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Checking what options hold, before anything is connected. Plain data, no I/O."""

from __future__ import annotations

import datetime
import math
import os
import re
from typing import Mapping

#: Longest node id, in bytes of UTF-8.
MAX_NODE_ID = 255
#: Longest path of a state directory, in characters; no system takes longer ones.
MAX_PATH = 4096


#: What YAML and INI make of text that is not quoted. A truth value is a number in Python, too.
_KINDS = (
    ("truth value", (bool,)),
    ("number", (int, float)),
    ("date", (datetime.date,)),
    ("list or dictionary", (Mapping, list, tuple, set)),
)
#: White space and a byte order mark, as files and clipboards leave them around a secret.
_AROUND = " \t\r\n\v\f\ufeff\u00a0"


class OptionError(ValueError):
    """An option, or a combination of options, that is invalid."""


def kind_of(value: object) -> str:
    """Return what YAML or INI made of a value, or "" where that is text."""
    return next((kind for kind, types in _KINDS if isinstance(value, types)), "")


def text_problem(value: object) -> str:
    """Return that a value is not text, in words that follow its name, or ""."""
    kind = kind_of(value)
    if not kind:
        return ""
    # 0x1F is 31 by then, and "on" is True.
    return (
        f"is {value!r}, which is not text: YAML or INI made a {kind} of what was written. Quote it"
    )


def token_problem(token: object) -> str:
    """Return what is wrong with a token, in words that follow its name, or "".

    There is no word of the token in it.
    """
    kind = kind_of(token)
    if kind:
        # Some releases of Ansible hand a number over as text, in another notation.
        return f"is not text: YAML or INI made a {kind} of it, which may be another token. Quote it"
    text = "" if token is None else str(token)
    if not text.strip(_AROUND):
        return "is empty; it has to be the secret that all nodes share"
    if text != text.strip(_AROUND) or len(text.splitlines()) > 1:
        return "has white space or a byte order mark around it, or several lines"
    return ""


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


def check_node_id(name: str, value: object) -> None:
    """Raise OptionError for what cannot be a node id; `name` is the option it came from."""
    problem = text_problem(value)
    if problem:
        raise OptionError(f"{name} {problem}")
    if not isinstance(value, str) or not value:
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
