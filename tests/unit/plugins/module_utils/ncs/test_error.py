# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of error codes, and what the exceptions say."""

from __future__ import annotations

import errno
import pickle

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

#: docs/protocol.md, "Error codes", and the one that section "MAAPI socket" adds.
DOCUMENTED = {
    1: "NOEXISTS",
    2: "ALREADY_EXISTS",
    3: "ACCESS_DENIED",
    4: "NOT_WRITABLE",
    5: "BADTYPE",
    8: "BADPATH",
    17: "BADSTATE",
    18: "INTERNAL",
    19: "EXTERNAL",
    21: "PROTOUSAGE",
    22: "NOSESSION",
    23: "TOOMANYTRANS",
    24: "OS",
    25: "HA_CONNECT",
    26: "HA_CLOSED",
    27: "HA_BADFXS",
    28: "HA_BADTOKEN",
    29: "HA_BADNAME",
    30: "HA_BIND",
    31: "HA_NOTICK",
    44: "UNAVAILABLE",
    45: "EOF",
    47: "HA_WITH_UPGRADE",
    48: "TIMEOUT",
    50: "XPATH",
    51: "NOT_IMPLEMENTED",
    52: "HA_BADVSN",
    57: "START_FAILED",
    60: "UPGRADE_IN_PROGRESS",
    61: "NOTRANS",
    69: "HA_BADCONFIG",
    71: "HA_ABORT",
}


def test_the_table_has_every_documented_code_and_no_other() -> None:
    assert {number: code.name for number, code in error.CODES.items()} == DOCUMENTED


def test_every_constant_is_in_the_table_under_its_name() -> None:
    constants = {name: value for name, value in vars(error).items() if name.startswith("ERR_")}
    assert constants == {f"ERR_{name}": number for number, name in DOCUMENTED.items()}


@pytest.mark.parametrize("number", sorted(DOCUMENTED))
def test_every_code_has_a_meaning_and_a_hint(number: int) -> None:
    code = error.code_of(number)
    for text in (code.meaning, code.hint):
        assert len(text) > 5
        assert text == text.strip(" .")


@pytest.mark.parametrize("number", [0, -1, 43, 1000, 2**31, 256**255])
def test_a_code_that_is_not_known_is_described_as_that(number: int) -> None:
    code = error.code_of(number)
    assert code.name == f"ERROR_{number}"
    assert "not know" in code.meaning
    assert "confd_lib_lib(3)" in code.hint
    assert str(number) in str(error.Error(number, "details"))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (3, "local_ipc_access"),
        (25, "the certificate names primary_ip"),
        (26, "TLS settings"),
        (26, "ncs_ha_secondary_dead"),
        (71, "try again there"),
    ],
)
def test_a_hint_names_what_is_likely(number: int, words: str) -> None:
    assert words in error.code_of(number).hint


def test_an_error_has_the_attributes_of_the_vendors() -> None:
    failure = error.Error(28, "n2 says so")
    assert failure.confd_errno == 28
    assert failure.confd_strerror == "the two nodes hold different tokens"
    assert failure.confd_lasterr == "n2 says so"
    assert failure.strerror == ""
    assert not failure.outcome_unknown
    assert str(failure) == "HA_BADTOKEN (28): the two nodes hold different tokens: n2 says so"


def test_what_is_empty_is_left_out_of_the_text() -> None:
    assert str(error.Error(18)) == "INTERNAL (18): the daemon failed inside"
    assert str(error.EOF()) == "EOF (45): the daemon closed the connection"


def test_an_eof_is_not_an_error_and_a_timeout_is_one() -> None:
    assert not isinstance(error.EOF(), error.Error)
    assert isinstance(error.Timeout("waiting"), error.Error)
    assert error.EOF("x").confd_errno == error.ERR_EOF
    assert error.Timeout("x").confd_errno == error.ERR_TIMEOUT
    for kind in (error.Error, error.Timeout, error.EOF):
        assert issubclass(kind, error.Failure)


def test_an_os_error_keeps_the_systems_words() -> None:
    failure = error.os_error("opening it", OSError(errno.EACCES, "Permission denied"))
    assert failure.confd_errno == error.ERR_OS
    assert failure.confd_lasterr == "opening it"
    assert failure.strerror == "Permission denied"
    assert str(failure).endswith("opening it: Permission denied")


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "ECONNREFUSED"),
        (OSError(errno.ENOENT, "No such file"), "ENOENT"),
        (OSError("only text"), ""),
        (OSError(123456, "unheard of"), ""),
    ],
)
def test_an_os_error_is_known_by_its_name(problem: OSError, name: str) -> None:
    assert error.os_error("x", problem).os_error == name


def test_other_failures_have_no_name_of_the_system() -> None:
    for failure in (error.EOF(), error.Timeout("x"), error.Error(error.ERR_OS, "x")):
        assert failure.os_error == ""


def test_an_os_error_without_words_is_named_by_its_type() -> None:
    assert error.os_error("x", OSError("only text")).strerror == "only text"
    assert error.os_error("x", ConnectionError()).strerror == "ConnectionError"


def test_doubt_about_one_failure_is_not_doubt_about_all() -> None:
    failure = error.EOF()
    failure.outcome_unknown = True
    assert not error.EOF().outcome_unknown
    assert not error.Failure.outcome_unknown


def test_an_error_survives_pickling() -> None:
    failure = pickle.loads(pickle.dumps(error.Error(28, "n2", "words")))
    assert (failure.confd_errno, failure.confd_lasterr, failure.strerror) == (28, "n2", "words")
