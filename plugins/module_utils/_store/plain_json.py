# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""JSON as the files of the state directory hold it: one way to write each value, strict reading."""

from __future__ import annotations

import json
from typing import Any, Mapping, NoReturn


def dump(value: object) -> str:
    """Return the one text for a value, in ASCII and without blanks. Raises ValueError."""
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
        )
    except (TypeError, RecursionError) as problem:
        raise ValueError(f"this cannot be written as JSON: {problem}") from None


def load(data: bytes) -> object:
    """Return the value of a JSON text. Raises ValueError, also for what no result could carry."""
    try:
        value: object = json.loads(data.decode("utf-8"), parse_constant=_refuse)
        # Half a surrogate pair is text to JSON, and cannot be printed.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeError:
        raise ValueError("it has text that is not valid UTF-8") from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"not JSON ({problem.msg} at character {problem.pos})") from None
    return value


def load_object(data: bytes) -> dict[str, Any]:
    """Return the value of a JSON text that has to be an object. Raises ValueError."""
    value = load(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def check_texts(value: Mapping[str, Any], names: tuple[str, ...], limit: int) -> None:
    """Raise ValueError unless each of these keys is there and is text, not empty, not too long."""
    for name in names:
        text = value.get(name)
        if not isinstance(text, str):
            raise ValueError(f"{name} is not text")
        if not 0 < len(text) <= limit:
            raise ValueError(f"{name} has {len(text)} characters; from 1 to {limit} are allowed")


def check_keys(value: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Raise ValueError unless these keys are there and no others."""
    missing = [name for name in names if name not in value]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    more = sorted(str(name) for name in value if name not in names)
    if more:
        raise ValueError(f"it has the unknown key {more[0][:50]!r}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
