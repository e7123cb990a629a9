# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures as people meet them, and the one place where exceptions become results."""

from __future__ import annotations

import errno
from typing import Any, NoReturn

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import failures
from ansible_collections.nso.ha.plugins.module_utils._node.validation import OptionError
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

REFUSED = error.Error(error.ERR_OS, "connecting to 192.0.2.1:4569", "Connection refused")


class Ended(Exception):
    """The module ended with a failure."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result)
        self.result = result


class FakeModule:
    """A module that can only fail."""

    def fail_json(self, **result: object) -> NoReturn:
        raise Ended(result)


MODULE: Any = FakeModule()


def test_a_message_says_what_where_why_and_what_helps() -> None:
    text = failures.message("Reading the HA status", "192.0.2.1:4569", REFUSED)
    assert text.startswith("Reading the HA status failed at 192.0.2.1:4569: OS (24): ")
    for part in ("Connection refused", "What usually helps: see whether NSO runs"):
        assert part in text


@pytest.mark.parametrize("number", [*sorted(error.CODES), 4711])
def test_every_error_is_returned_with_the_same_keys(number: int) -> None:
    code = error.code_of(number)
    assert failures.as_result(error.Error(number, "lasterr", "words")) == {
        "code": number,
        "name": code.name,
        "meaning": code.meaning,
        "hint": code.hint,
        "details": "lasterr: words",
        "os_error": "",
    }


def test_an_error_of_the_operating_system_is_returned_by_its_name() -> None:
    refused = error.os_error("connecting", OSError(errno.ECONNREFUSED, "Connection refused"))
    assert failures.as_result(refused)["os_error"] == "ECONNREFUSED"


def test_details_that_are_missing_are_empty() -> None:
    assert failures.as_result(error.EOF())["details"] == ""
    assert failures.as_result(error.Error(24, "", "words"))["details"] == "words"


def test_a_failure_inside_ends_the_module_with_message_and_error() -> None:
    with pytest.raises(Ended) as caught, failures.reported(MODULE, "Doing it", "there"):
        raise REFUSED
    assert caught.value.result == {
        "msg": failures.message("Doing it", "there", REFUSED),
        "error": failures.as_result(REFUSED),
    }


def test_a_bad_option_ends_the_module_with_its_text_alone() -> None:
    with pytest.raises(Ended) as caught, failures.reported(MODULE, "Doing it", "there"):
        raise OptionError("token is empty")
    assert caught.value.result == {"msg": "token is empty"}


def test_any_other_exception_goes_on() -> None:
    with pytest.raises(ZeroDivisionError), failures.reported(MODULE, "Doing it", "there"):
        raise ZeroDivisionError


def test_a_failure_can_bring_more_results() -> None:
    with pytest.raises(Ended) as caught:
        failures.fail(MODULE, "Doing it", "there", error.EOF(), changed=False)
    assert caught.value.result["changed"] is False
    assert caught.value.result["error"]["name"] == "EOF"
