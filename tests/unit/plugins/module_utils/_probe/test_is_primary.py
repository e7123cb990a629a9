# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Success is said: what a daemon told comes to 0 only if all of it says so."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.operational_state import Service
from ansible_collections.nso.ha.plugins.module_utils._probe import is_primary
from ansible_collections.nso.ha.plugins.module_utils._probe.is_primary import (
    IS_NOT,
    IS_PRIMARY,
    UNKNOWN,
    Finding,
    finding_of,
    http_response,
    parser,
)
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

GOOD = Service(role="primary", read_only=False, daemon_status="started", secondaries=("n2",))


def test_a_primary_that_has_started_and_takes_writes_is_one() -> None:
    assert finding_of(GOOD).status == IS_PRIMARY
    assert finding_of(GOOD._replace(admin_read_only=False)).status == IS_PRIMARY


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"role": "none"}, IS_NOT),
        ({"role": "secondary"}, IS_NOT),
        ({"role": "relay"}, IS_NOT),
        ({"role": None}, UNKNOWN),
        ({"read_only": True}, IS_NOT),
        ({"read_only": None}, UNKNOWN),
        ({"admin_read_only": True}, IS_NOT),
        ({"daemon_status": "phase1"}, IS_NOT),
        ({"daemon_status": "stopping"}, IS_NOT),
        ({"daemon_status": None}, UNKNOWN),
        ({"failure": error.EOF()}, UNKNOWN),
    ],
)
def test_one_thing_that_is_missing_or_otherwise_is_enough(
    told: dict[str, Any], status: int
) -> None:
    assert finding_of(GOOD._replace(**told)).status == status


def test_nothing_told_is_not_known() -> None:
    assert finding_of(Service()).status == UNKNOWN


@pytest.mark.parametrize(
    ("connected", "needed", "status"),
    [
        ((), 0, IS_PRIMARY),
        (None, 0, IS_PRIMARY),
        ((), 1, IS_NOT),
        (None, 1, UNKNOWN),
        (("n2",), 1, IS_PRIMARY),
        (("n2",), 2, IS_NOT),
    ],
)
def test_a_primary_has_as_many_secondaries_as_it_needs(
    connected: tuple[str, ...] | None, needed: int, status: int
) -> None:
    assert finding_of(GOOD._replace(secondaries=connected), needed).status == status


@pytest.mark.parametrize("status", [IS_NOT, UNKNOWN])
def test_only_a_primary_is_ok_by_http(status: int) -> None:
    assert http_response(Finding(IS_PRIMARY, "yes")).startswith("HTTP/1.1 200 OK\r\n")
    head, _blank, body = http_response(Finding(status, "not é")).partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 503 ")
    assert body == "not é\n"
    assert f"\r\nContent-Length: {len(body.encode())}\r\n" in head


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--nonsense"],
        ["--time", "1"],
        ["--timeout", "0"],
        ["--timeout", "nan"],
        ["--timeout", "inf"],
        ["--timeout", "61"],
        ["--secondaries", "-1"],
        ["--port", "x"],
    ],
)
def test_neither_help_nor_wrong_usage_looks_like_success(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words)
    assert ended.value.code == UNKNOWN
    printed = capsys.readouterr()
    assert "usage:" in printed.out + printed.err


def test_the_exit_statuses_are_those_that_are_documented() -> None:
    assert (IS_PRIMARY, IS_NOT, UNKNOWN) == (0, 1, 2)
    assert is_primary.DEFAULT_TIMEOUT == 2
