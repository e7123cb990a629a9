# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""JSON as the files of the state directory hold it: one way to write each value, strict reading.

Each object has the number of its format. A key that this release does not know is kept, and means
nothing to it; what an older release must not overlook gets a new number.
"""

from __future__ import annotations

import json
from typing import Any, Collection, Mapping, NoReturn

#: The format that is written, and the newest that is read. Objects without a number are older.
FORMAT = 1

#: The key that has the number.
KEY = "format"

_MAX_NUMBER = 2**63


class NewerFormat(Exception):
    """An object is of a format that a newer release has brought in; the text says what to do."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"it has format {number}, and the newest format that this collection reads is "
            f"{FORMAT}. Hint: a newer release of nso.ha wrote it. Upgrade nso.ha on the controller "
            "that runs this, and leave the file as it is"
        )


def dump(value: object) -> str:
    """Return the one text for a value, in ASCII and without blanks. Raises ValueError."""
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
        )
    except (TypeError, RecursionError) as problem:
        raise ValueError(f"this cannot be written as JSON: {problem}") from None


def dump_object(value: Mapping[str, Any]) -> str:
    """Return the one text for an object, with the number of the format. Raises ValueError."""
    return dump({**value, KEY: FORMAT})


def load(data: bytes) -> object:
    """Return the value of a JSON text. Raises ValueError, also for what no result could carry."""
    try:
        value: object = json.loads(data.decode("utf-8"), parse_constant=_refuse)
        # Half a surrogate pair is text to JSON, and cannot be printed. 1e999 is a number to it, and
        # cannot be written again.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeError:
        raise ValueError("it has text that is not valid UTF-8") from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"not JSON ({problem.msg} at character {problem.pos})") from None
    return value


def load_object(data: bytes) -> dict[str, Any]:
    """Return the value of a JSON text that has to be an object, without the number of its format.

    Raises ValueError, NewerFormat.
    """
    value = load(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    if KEY in value:
        number = value.pop(KEY)
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not 0 < number < _MAX_NUMBER:
            raise ValueError(f"{KEY} is not a whole number above 0")
        if number > FORMAT:
            raise NewerFormat(number)
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
    """Raise ValueError unless these keys are there."""
    missing = [name for name in names if name not in value]
    if missing:
        raise ValueError(f"{missing[0]} is missing")


def unknown(value: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the keys that are none of these, with their values, as a newer release wrote them."""
    return {name: value[name] for name in value if name not in names}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
