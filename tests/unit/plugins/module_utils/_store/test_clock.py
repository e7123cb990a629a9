# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as they are kept: the same again after writing and reading, to the microsecond."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils._store import clock
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

#: From 1970 to the year 2100, in microseconds.
MOMENTS = st.integers(0, 4_102_444_800_000_000)


def test_a_time_is_written_in_utc_with_microseconds() -> None:
    assert clock.iso_text(0.0) == "1970-01-01T00:00:00.000000Z"
    assert clock.iso_text(1764028800.25) == "2025-11-25T00:00:00.250000Z"


@repeatable
@given(MOMENTS)
def test_what_was_written_is_read_as_the_same_time(micros: int) -> None:
    text = clock.iso_text(micros / 1_000_000)
    assert clock.iso_text(clock.seconds_of(text)) == text
    assert abs(clock.seconds_of(text) * 1_000_000 - micros) <= 1


@repeatable
@given(MOMENTS)
def test_a_stamp_has_the_three_parts_of_the_time(micros: int) -> None:
    mega, seconds, micro = clock.timestamp(micros / 1_000_000)
    assert 0 <= micro < 1_000_000
    assert 0 <= seconds < 1_000_000
    assert abs((mega * 1_000_000 + seconds) * 1_000_000 + micro - micros) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2025-11-25",
        "2025-11-25T00:00:00Z",
        "2025-11-25T00:00:00.250000",
        "2025-11-25T00:00:00.250000+00:00",
        "2025-11-25 00:00:00.250000Z",
        "2025-11-25T00:00:00.250000Z\n",
        "2025-13-25T00:00:00.250000Z",
        "٢٠٢٥-11-25T00:00:00.250000Z",
    ],
)
def test_any_other_text_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"\d|not a time"):
        clock.seconds_of(text)
