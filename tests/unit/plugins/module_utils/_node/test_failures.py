# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures as people meet them, and the one place where exceptions become them."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import failures
from ansible_collections.nso.ha.plugins.module_utils._node.failures import ModuleFailure
from ansible_collections.nso.ha.plugins.module_utils._node.validation import OptionError
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

REFUSED = error.Error(error.ERR_OS, "connecting to 192.0.2.1:4569", "Connection refused")


def test_a_message_says_what_where_why_and_what_helps() -> None:
    text = failures.failure_message("Reading the HA status", "192.0.2.1:4569", REFUSED)
    assert text.startswith("Reading the HA status failed at 192.0.2.1:4569: OS (24): ")
    for part in ("Connection refused", "Hint: see whether NSO runs"):
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


def test_a_failure_inside_becomes_one_of_the_module_with_message_and_error() -> None:
    with pytest.raises(ModuleFailure) as caught, failures.reported("Doing it", "there"):
        raise REFUSED
    assert caught.value.message == failures.failure_message("Doing it", "there", REFUSED)
    assert caught.value.result == {"error": failures.as_result(REFUSED)}


def test_an_invalid_option_is_reported_with_its_text_alone() -> None:
    with pytest.raises(ModuleFailure) as caught, failures.reported("Doing it", "there"):
        raise OptionError("token is empty")
    assert (caught.value.message, caught.value.result) == ("token is empty", {})


def test_any_other_exception_goes_on() -> None:
    with pytest.raises(ZeroDivisionError), failures.reported("Doing it", "there"):
        raise ZeroDivisionError


def test_a_failure_of_the_module_goes_on_with_its_result() -> None:
    wrong = ModuleFailure("wrong", {"changed": False})
    with pytest.raises(ModuleFailure) as caught, failures.reported("Doing it", "there"):
        raise wrong
    assert caught.value is wrong
    assert str(wrong) == "wrong"
    assert wrong.result == {"changed": False}
