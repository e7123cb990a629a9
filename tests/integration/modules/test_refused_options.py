# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that make no sense are refused before any connection, with the value in the message."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from helpers.secrecy import run_discreetly
from helpers.simulated import Simulation


class Listener:
    """A listening socket that answers nothing. Who has connected waits in its queue."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.ip, self.port = sock.getsockname()

    def somebody_came(self) -> bool:
        """Whether anybody has connected since this was asked last; even one who is gone again."""
        came = False
        while select.select([self.sock], [], [], 0)[0]:
            self.sock.accept()[0].close()
            came = True
        return came


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    with Simulation(tmp_path_factory.mktemp("none")) as simulation:
        address = (simulation.address(), simulation.port())
        with socket.create_server(address) as sock:
            yield Listener(sock)


class Case(NamedTuple):
    """What is wrong: options of a task (None leaves one out), and what the message has to hold."""

    name: str
    module: str
    options: Mapping[str, Any]
    parts: tuple[str, ...]
    environment: Mapping[str, str] = {}


ROLE = "ncs_ha_role"
STATUS = "ncs_ha_status"
DEAD = "ncs_ha_secondary_dead"
MODULES = (ROLE, STATUS, DEAD)

GOOD: dict[str, dict[str, Any]] = {
    ROLE: {"role": "secondary", "node_id": "n", "primary_id": "p", "primary_ip": "127.0.0.1"},
    STATUS: {},
    DEAD: {"node_id": "n"},
}

ROLE_CASES = [
    Case("no node_id", ROLE, {"node_id": None}, ("role is secondary", "node_id")),
    Case("no primary_id", ROLE, {"primary_id": None}, ("role is secondary", "primary_id")),
    Case("no primary_ip", ROLE, {"primary_ip": None}, ("role is secondary", "primary_ip")),
    Case("primary without node_id", ROLE, {"role": "primary", "node_id": None}, ("primary", "id")),
    Case("relay without primary", ROLE, {"role": "relay", "primary_id": None}, ("relay", "id")),
    Case("itself", ROLE, {"primary_id": "n"}, ("primary_id", "node_id", "'n'", "itself")),
    Case("empty primary_ip", ROLE, {"primary_ip": ""}, ("role is secondary", "primary_ip")),
    Case("unknown name", ROLE, {"primary_ip": "no-such-host.invalid"}, ("no-such-host.invalid",)),
    Case("no address", ROLE, {"primary_ip": "300.1.2.3"}, ("300.1.2.3",)),
    Case("no host name", ROLE, {"primary_ip": "a..b"}, ("'a..b'",)),
    Case("any address", ROLE, {"primary_ip": "0.0.0.0"}, ("primary_ip", "'0.0.0.0'")),
    Case("any IPv6 address", ROLE, {"primary_ip": "::"}, ("primary_ip", "'::'")),
    Case("multicast", ROLE, {"primary_ip": "224.0.0.1"}, ("primary_ip", "'224.0.0.1'")),
    Case("IPv6 multicast", ROLE, {"primary_ip": "ff02::1"}, ("primary_ip", "'ff02::1'")),
    Case("zone", ROLE, {"primary_ip": "fe80::1%lo"}, ("primary_ip", "'fe80::1%lo'", "zone")),
    Case("bad IPv6", ROLE, {"primary_ip": "1::2::3"}, ("primary_ip", "'1::2::3'")),
    Case("number as address", ROLE, {"primary_ip": "10.1"}, ("primary_ip", "'10.1'")),
    Case("role with HA port 0", ROLE, {"ha_port": 0}, ("ha_port is 0;", "65535")),
    Case("relay in background", ROLE, {"role": "relay", "wait": False}, ("relay", "wait is false")),
    Case("unknown role", ROLE, {"role": "master"}, ("role", "master", "secondary")),
    Case("no role", ROLE, {"role": None}, ("role",)),
    Case("word as bool", ROLE, {"wait": "perhaps"}, ("wait", "perhaps")),
    *(
        Case(f"wait_timeout {value}", module, {"wait_timeout": value}, ("wait_timeout", str(value)))
        for module in (ROLE, STATUS)
        for value in (0, -1, "nan", "inf")
    ),
    Case("unknown role to wait for", STATUS, {"wait_for": {"role": "master"}}, ("master",)),
    Case("phase to wait for", STATUS, {"wait_for": {"phase": 3}}, ("phase", "3")),
    Case("unknown condition", STATUS, {"wait_for": {"rolle": "none"}}, ("rolle",)),
    Case("HA port 0", STATUS, {"ha_port": 0}, ("ha_port is 0;", "65535")),
    Case("HA port 65536", STATUS, {"ha_port": 65536}, ("ha_port is 65536;", "65535")),
    Case("HA port as a word", STATUS, {"ha_port": "ha"}, ("ha_port", "ha")),
    Case("no pattern", STATUS, {"process": "ncs(smp"}, ("process is 'ncs(smp'", "regular")),
    Case("no dead node", DEAD, {"node_id": None}, ("node_id",)),
]

# "é" is two bytes of UTF-8, so this is one character too many though it has only 128.
TWO_BYTES = "é" * 128
IDS = [
    Case(f"{what} {option} of {module}", module, {option: value}, (option, part))
    for module, option in ((ROLE, "node_id"), (ROLE, "primary_id"), (DEAD, "node_id"))
    for what, value, part in (
        ("empty", "", "is empty"),
        ("256 bytes", "x" * 256, "256 bytes"),
        ("256 bytes in 128 characters", TWO_BYTES, "256 bytes"),
        ("NUL", "n\0m", r"'n\x00m'"),
    )
]

NOT_TEXT = [
    Case(f"{value} as {option} of {module}", module, {option: value}, (option, part, "Quote it"))
    for module, option in ((ROLE, "node_id"), (ROLE, "primary_id"), (DEAD, "node_id"))
    for value, part in ((31, "is 31, which is not text"), (True, "is True, which is not text"))
] + [
    Case(f"number to wait for as {name}", STATUS, {"wait_for": {name: value}}, (name, "not text"))
    for name, value in (("primary_id", 31), ("secondaries", ["n1", 31]))
]

CONNECTION = [
    Case(f"{what} of {module}", module, options, parts, environment)
    for module in MODULES
    for everywhere, what, options, parts, environment in (
        (True, "no token", {"token": None}, ("token",), {}),
        (True, "empty token", {"token": ""}, ("token is empty",), {}),
        (True, "number as token", {"token": 28930.0}, ("token is not text",), {}),
        (False, "token with an end of line", {"token": "key\n"}, ("token has white space",), {}),
        (False, "no way to look", {"look": []}, ("look is empty",), {}),
        (False, "unknown way to look", {"look": ["cli"]}, ("look", "cli", "ha_socket"), {}),
        (
            False,
            "number as token where none is needed",
            {"token": 28930.0, "look": ["operational_state"]},
            ("token is not text",),
            {},
        ),
        (True, "timeout 0", {"timeout": 0}, ("timeout is 0",), {}),
        (False, "timeout -1", {"timeout": -1}, ("timeout is -1",), {}),
        (False, "timeout nan", {"timeout": "nan"}, ("timeout is nan",), {}),
        (False, "timeout inf", {"timeout": "inf"}, ("timeout is inf",), {}),
        (False, "timeout as a word", {"timeout": "soon"}, ("timeout", "float"), {}),
        (False, "port 0", {"port": 0}, ("port 0 ", "65535"), {}),
        (False, "port -1", {"port": -1}, ("port -1 ", "65535"), {}),
        (True, "port 65536", {"port": 65536}, ("port 65536 ", "65535"), {}),
        (False, "port as a word", {"port": "ipc"}, ("port", "ipc"), {}),
        (False, "NUL in ip", {"ip": "127.0.0.1\0"}, ("ip", "NUL"), {}),
        (False, "NUL in path", {"path": "/tmp/x\0"}, ("path", "NUL"), {}),
        (False, "NUL in access_file", {"access_file": "/tmp/x\0"}, ("access_file", "NUL"), {}),
        (
            False,
            "port of the environment",
            {"port": None},
            ("NCS_IPC_PORT", "'ipc'"),
            {"NCS_IPC_PORT": "ipc"},
        ),
        (
            False,
            "70000 of the environment",
            {"port": None},
            ("70000",),
            {"NCS_IPC_PORT": "70000"},
        ),
        (False, "unknown option", {"tokken": "x"}, ("tokken",), {}),
    )
    # The modules share the code for all of these; that each uses it needs no more than a few.
    if everywhere or module == STATUS
]

CASES = [*ROLE_CASES, *IDS, *NOT_TEXT, *CONNECTION]


def run(listener: Listener, case: Case, check: bool) -> dict[str, Any]:
    base = {
        "token": "some-token",
        "look": ["ha_socket"],
        "ip": listener.ip,
        "port": listener.port,
        "timeout": 3,
    }
    options = {**base, **GOOD[case.module], **case.options}
    given = {key: value for key, value in options.items() if value is not None}
    listener.somebody_came()
    return run_discreetly(case.module, given, check=check, environment=case.environment)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_refused_before_any_connection_with_the_value_in_the_message(
    listener: Listener, case: Case
) -> None:
    result = run(listener, case, check=False)
    assert result["failed"] is True
    assert not result.get("changed")
    for part in case.parts:
        assert part in result["msg"]
    assert "Traceback" not in result["msg"]
    assert "exception" not in result
    assert not listener.somebody_came()


@pytest.mark.parametrize(
    ("module", "option"), [(ROLE, "node_id"), (ROLE, "primary_id"), (DEAD, "node_id")]
)
def test_an_id_that_is_not_utf_8_is_refused(listener: Listener, module: str, option: str) -> None:
    """With no_log on the task: without, ansible-core itself stops, as it cannot log such text."""
    options = {option: "n\udcff", "_ansible_no_log": True}
    result = run(listener, Case("not UTF-8", module, options, ()), check=False)
    assert result["failed"] is True
    assert f"{option} is 'n\\udcff', which is not valid UTF-8" in result["msg"]
    assert not listener.somebody_came()


def test_an_address_with_a_nul_character_is_refused(listener: Listener) -> None:
    case = Case("NUL in address", ROLE, {"primary_ip": "127.0.0.1\0.example", "timeout": 0.5}, ())
    result = run(listener, case, check=True)
    assert r"127.0.0.1\x00.example" in result["msg"]
    assert not listener.somebody_came()


@pytest.mark.parametrize("token", [28930.0, 12345678, "key\n"])
def test_a_token_that_is_refused_is_not_shown(listener: Listener, token: object) -> None:
    options = {"token": token, "_ansible_verbosity": 3}
    result = run(listener, Case("token", ROLE, options, ()), check=False)
    assert result["failed"] is True
    for word in ("28930", "12345678", "key"):
        assert word not in str(result["msg"])
    assert result["invocation"]["module_args"]["token"].startswith("VALUE_SPECIFIED_IN_NO_LOG")


@pytest.mark.parametrize("name", ["itself", "any address", "relay in background"])
def test_check_mode_refuses_the_same(listener: Listener, name: str) -> None:
    (case,) = [case for case in CASES if case.name == name]
    assert run(listener, case, check=True)["msg"] == run(listener, case, check=False)["msg"]
    assert not listener.somebody_came()


@pytest.mark.parametrize("module", MODULES)
def test_good_options_do_connect(listener: Listener, module: str) -> None:
    """The opposite, so that the tests above are known to see connections."""
    result = run(listener, Case("good", module, {"timeout": 0.3}, ()), check=True)
    assert result["error"]["name"] == "TIMEOUT"
    assert listener.somebody_came()


@pytest.mark.parametrize(
    "options", [{"node_id": "x" * 255}, {"node_id": "é" * 127}, {"primary_id": "x" * 255}]
)
def test_ids_of_255_bytes_are_not_refused(listener: Listener, options: dict[str, str]) -> None:
    result = run(listener, Case("long", ROLE, {**options, "timeout": 0.3}, ()), check=True)
    assert result["error"]["name"] == "TIMEOUT"
    assert listener.somebody_came()


def test_an_access_file_that_is_far_too_large_is_refused(
    listener: Listener, tmp_path: Path
) -> None:
    file = tmp_path / "not-a-secret"
    file.write_bytes(b"x" * 70_000)
    result = run(listener, Case("large", STATUS, {"access_file": str(file)}, ()), check=False)
    assert result["failed"] is True
    assert str(file) in result["msg"]
    assert not listener.somebody_came()
