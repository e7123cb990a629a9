# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Files of one value a line, of which some lines may be damaged."""

from __future__ import annotations

from typing import Callable, TypeVar

from .files import Unusable
from .plain_json import NewerFormat

#: How many damaged lines are named; of the others only the number is told.
MAX_NAMED = 10

T = TypeVar("T")


def parse(data: bytes, path: str, parse_line: Callable[[bytes], T]) -> tuple[list[T], list[str]]:
    """Return the values in a file, and what is damaged in it, in words.

    `parse_line` raises ValueError for a line that is damaged. Raises Unusable for a line that is of
    a newer format.
    """
    values: list[T] = []
    damaged: list[str] = []
    more = 0
    *lines, rest = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            values.append(parse_line(line))
        except NewerFormat as problem:
            raise Unusable(f"{path}, line {number}: {problem}.") from None
        except ValueError as problem:
            if len(damaged) < MAX_NAMED:
                damaged.append(f"{path}, line {number}: {problem}")
            else:
                more += 1
    if more:
        damaged.append(f"{path}: {more} more lines are damaged")
    if rest:
        damaged.append(f"{path}, line {len(lines) + 1}: it has no end")
    return values, damaged
