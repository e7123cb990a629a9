# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Wall clock times as files and results have them: in whole microseconds."""

from __future__ import annotations

import datetime
import re

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
# strptime alone would also take days without a leading zero, and digits of other scripts.
_SHAPE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_MILLION = 1_000_000


def iso_text(seconds: float) -> str:
    """Return a time of the wall clock (seconds since 1970) in UTC, as ISO 8601 has it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(_FORMAT)


def seconds_of(iso: str) -> float:
    """Return the seconds since 1970 of a time that `iso_text` wrote. Raises ValueError."""
    if not _SHAPE.fullmatch(iso):
        raise ValueError(f"{iso!r} is not a time of the form 2026-01-31T23:59:59.000000Z")
    moment = datetime.datetime.strptime(iso, _FORMAT)
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def timestamp(seconds: float) -> list[int]:
    """Return a time as transaction ids have it: megaseconds, seconds, microseconds."""
    micros = round(seconds * _MILLION)
    whole, micro = divmod(micros, _MILLION)
    return [*divmod(whole, _MILLION), micro]
