# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is checked of the options before any connection is made."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._apply import role_options
from ansible_collections.nso.ha.plugins.module_utils._node import options, validation
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import TcpEndpoint, UnixEndpoint
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.module_utils._node.validation import OptionError
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

TOKEN = "tok3n-nobody-may-see"


def params(**given: object) -> dict[str, Any]:
    """Return parameters as Ansible hands them over, with those given."""
    unset = {"path": None, "ip": None, "port": None, "access_file": None}
    return {"token": TOKEN, "timeout": 30.0, **unset, **given}


def test_the_spec_keeps_the_token_out_of_the_logs() -> None:
    spec = options.connection_spec()
    assert spec["token"] == {"type": "raw", "no_log": True}
    assert set(spec) == {"token", "path", "ip", "port", "access_file", "timeout"}
    assert spec["timeout"]["default"] == 30


def test_a_module_without_an_ha_socket_asks_for_no_token() -> None:
    for token in (None, "", 28930.0):
        assert options.target(params(token=token)).token == ""


def test_a_target_is_made_of_the_options() -> None:
    target = options.target(params(ip="192.0.2.1", port=5, timeout=7.5))
    assert target == (TcpEndpoint("192.0.2.1", 5), TOKEN, None, 7.5)


def test_a_target_is_made_of_the_environment_where_there_are_no_options(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "access"
    file.write_bytes(b"secret\n")
    monkeypatch.setenv("NCS_IPC_PATH", "/run/nso")
    monkeypatch.setenv("NCS_IPC_ACCESS_FILE", str(file))
    target = options.target(params())
    assert target == (UnixEndpoint("/run/nso"), TOKEN, b"secret\n", 30.0)


def test_the_access_file_of_the_task_comes_before_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "access"
    file.write_bytes(b"of the task")
    monkeypatch.setenv("NCS_IPC_ACCESS_FILE", "/missing")
    assert options.target(params(access_file=str(file))).access_secret == b"of the task"


def test_an_access_file_that_is_missing_is_an_error_with_its_path() -> None:
    with pytest.raises(error.Error, match="/missing/access"):
        options.target(params(access_file="/missing/access"))


def test_neither_secret_shows_in_a_target(tmp_path: Path) -> None:
    file = tmp_path / "access"
    file.write_bytes(b"s3cret-nobody-may-see")
    target = options.target(params(access_file=str(file), path="/run/nso"))
    for shown in (repr(target), str(target), f"{target}", f"{target!r}"):
        assert shown == "Target(/run/nso)"
    for text in (repr([target]), repr({"target": target})):
        assert "nobody-may-see" not in text


@pytest.mark.parametrize(("token", "words"), [("", "is empty"), (None, "is missing")])
@pytest.mark.parametrize("ways", [["ha_socket"], ["ha_socket", "operational_state"]])
def test_no_token_is_refused_where_the_ha_socket_is_used_first(
    token: str | None, words: str, ways: list[str]
) -> None:
    with pytest.raises(OptionError, match=f"token {words}"):
        options.ha_target(params(token=token))
    with pytest.raises(OptionError, match=f"token {words}"):
        options.look_target(params(token=token, look=ways))


@pytest.mark.parametrize("ways", [["operational_state"], ["operational_state", "ha_socket"]])
def test_only_looking_needs_no_token_but_refuses_one_that_may_be_another(ways: list[str]) -> None:
    for token in ("", None):
        assert options.look_target(params(token=token, look=ways)).token == ""
    assert options.look_target(params(look=ways)).token == TOKEN
    for bad in (28930.0, "key\n", " "):
        with pytest.raises(OptionError, match=r"^token "):
            options.look_target(params(token=bad, look=ways))


def test_the_ways_to_look_are_in_the_order_of_the_option_each_once() -> None:
    assert options.ways({"look": ["ha_socket", "operational_state", "ha_socket"]}) == (
        "ha_socket",
        "operational_state",
    )
    assert options.look_spec()["look"]["default"] == ["operational_state"]
    nothing: tuple[Any, ...] = ([], None)
    for empty in nothing:
        with pytest.raises(OptionError, match="look is empty"):
            options.ways({"look": empty})


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (28930.0, "is not text: YAML or INI made a number of it"),
        (12345678, "is not text: YAML or INI made a number of it"),
        (True, "is not text: YAML or INI made a truth value of it"),
        (["key"], "is not text: YAML or INI made a list or dictionary of it"),
        ({"key": 1}, "is not text: YAML or INI made a list or dictionary of it"),
        ("key\n", "has white space or a byte order mark around it, or several lines"),
        ("\ufeffkey", "has white space or a byte order mark around it, or several lines"),
        ("key\nkey", "has white space or a byte order mark around it, or several lines"),
        (" \t", "is empty"),
    ],
)
def test_a_token_that_may_be_another_one_is_refused_and_not_shown(token: object, why: str) -> None:
    with pytest.raises(OptionError, match=f"^token {why}") as caught:
        options.ha_target(params(token=token))
    for word in ("28930", "12345678", "True", "key"):
        assert word not in str(caught.value)


@pytest.mark.parametrize("token", ["2893e1", "0x1F", "true", "a b"])
def test_text_that_looks_like_something_else_is_a_token(token: str) -> None:
    assert options.ha_target(params(token=token)).token == token


@pytest.mark.parametrize("node_id", [31, 1e3, True, ["n1"]])
def test_a_node_id_that_is_not_text_is_refused_with_what_became_of_it(node_id: object) -> None:
    with pytest.raises(OptionError) as caught:
        validation.check_node_id("node_id", node_id)
    assert str(caught.value).startswith(f"node_id is {node_id!r}, which is not text: YAML or INI ")
    assert str(caught.value).endswith("Quote it")
    validation.check_node_id("node_id", str(node_id))


@pytest.mark.parametrize("value", [0, -1, -0.5, math.inf, -math.inf, math.nan])
def test_a_time_limit_that_is_none_is_refused_with_its_value(value: float) -> None:
    with pytest.raises(OptionError, match=f"wait_timeout is {value:g};"):
        validation.check_seconds("wait_timeout", value)
    with pytest.raises(OptionError, match=f"timeout is {value:g};"):
        options.target(params(timeout=value))


@pytest.mark.parametrize("value", [0.001, 1, 30, 10**6])
def test_a_time_limit_is_any_number_of_seconds_above_0(value: float) -> None:
    validation.check_seconds("timeout", value)


@pytest.mark.parametrize("name", ["path", "ip", "access_file"])
def test_a_nul_is_refused_by_the_options_name(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} has a NUL"):
        options.target(params(**{name: "a\0b"}))


def test_an_unusable_endpoint_is_refused_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="port 70000 is not"):
        options.target(params(port=70000))
    monkeypatch.setenv("NCS_IPC_PORT", "ncs")
    with pytest.raises(OptionError, match="NCS_IPC_PORT is 'ncs'"):
        options.target(params())


def test_no_refusal_shows_the_token() -> None:
    for given in ({"timeout": 0.0}, {"port": 0}, {"path": "\0"}, {"ip": "\0"}):
        with pytest.raises(OptionError) as caught:
            options.target(params(**given))
        assert TOKEN not in str(caught.value) + repr(caught.value)


def test_an_upstream_is_resolved() -> None:
    actual = role_options.upstream("p", "::ffff:192.0.2.1", 5)
    assert actual == ("p", "192.0.2.1", frozenset({"192.0.2.1"}))


@pytest.mark.parametrize("address", ["0.0.0.0", "fe80::1%eth0", "1:2", "a..b"])
def test_an_upstream_that_cannot_be_dialled_is_refused_with_its_value(address: str) -> None:
    with pytest.raises(OptionError, match="primary_ip: ") as caught:
        role_options.upstream("p", address, 5)
    assert repr(address) in str(caught.value)


@pytest.mark.parametrize("value", ["n1", "größe", " ", "n" * 255, "ü" * 127])
def test_a_node_id_is_any_text_of_up_to_255_bytes(value: str) -> None:
    validation.check_node_id("node_id", value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "node_id is empty"),
        ("n" * 256, "node_id is 256 bytes long in UTF-8 and begins with 'nnnnnnnnnnnnnnnnnnnn'"),
        ("ü" * 128, "node_id is 256 bytes long in UTF-8 and begins with 'üüüüüüüüüüüüüüüüüüüü'"),
        ("n\0", "node_id is 'n\\x00'; a NUL"),
        ("n\ud800", "node_id is 'n\\ud800', which is not valid UTF-8"),
    ],
)
def test_text_that_is_no_node_id_is_refused_with_its_value(value: str, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        validation.check_node_id("node_id", value)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("role", "node_id", "primary_id", "primary_ip", "wait"),
    [
        ("none", None, None, None, True),
        ("none", None, None, None, False),
        ("primary", "n1", None, None, True),
        ("primary", "n1", "n1", None, True),
        ("secondary", "n2", "n1", "192.0.2.1", True),
        ("secondary", "n2", "n1", "192.0.2.1", False),
        ("relay", "n2", "n1", "192.0.2.1", True),
    ],
)
def test_options_that_make_sense_are_accepted(
    role: str, node_id: str | None, primary_id: str | None, primary_ip: str | None, wait: bool
) -> None:
    role_options.check_role_options(role, node_id, primary_id, primary_ip, wait)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("primary", None, None, None, True), "role is primary, so node_id is required"),
        (("secondary", None, "n1", "192.0.2.1", True), "role is secondary, so node_id is"),
        (("relay", None, "n1", "192.0.2.1", True), "role is relay, so node_id is required"),
        (("secondary", "n2", None, "192.0.2.1", True), "role is secondary, so primary_id is"),
        (("relay", "n2", None, "192.0.2.1", True), "role is relay, so primary_id is required"),
        (("secondary", "n2", "n1", None, True), "role is secondary, so primary_ip is required"),
        (("secondary", "n2", "n1", "", True), "role is secondary, so primary_ip is required"),
        (("relay", "n2", "n1", None, True), "role is relay, so primary_ip is required"),
        (("secondary", "n1", "n1", "192.0.2.1", True), "primary_id and node_id are both 'n1'"),
        (("relay", "n2", "n1", "192.0.2.1", False), "role is relay and wait is false"),
        (("primary", "", None, None, True), "node_id is empty"),
        (("secondary", "n2", "", "192.0.2.1", True), "primary_id is empty"),
        (("secondary", "n2", "n\0", "192.0.2.1", True), "primary_id is 'n\\x00'"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_what_they_say(
    arguments: tuple[Any, ...], text: str
) -> None:
    with pytest.raises(OptionError) as caught:
        role_options.check_role_options(*arguments)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("value", "path"),
    [("/var/lib/nso-ha", "/var/lib/nso-ha"), ("/a/b/", "/a/b"), ("/a/./b/../c", "/a/c")],
)
def test_a_state_directory_has_an_absolute_path(value: str, path: str) -> None:
    assert validation.state_directory("state_dir", value) == path


@pytest.mark.parametrize(
    "value", ["", "nso-ha", "./nso-ha", "../nso-ha", "/a\0b", "/\ud800", "/" + "x" * 4096]
)
def test_any_other_path_is_refused_by_the_name_of_the_option(value: str) -> None:
    with pytest.raises(OptionError, match=r"^state_dir "):
        validation.state_directory("state_dir", value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "is empty"),
        ("x" * 11, "is 11 characters long"),
        ("a\0b", "NUL"),
        ("\ud800", "not valid UTF-8"),
    ],
)
def test_text_that_cannot_be_kept_is_refused(value: str, words: str) -> None:
    with pytest.raises(OptionError, match=f"^id .*{words}"):
        validation.check_text("id", value, 10)
    validation.check_text("id", "x" * 10, 10)


def test_what_tells_a_result_from_others_is_run_and_step_of_the_option() -> None:
    option = {"state_dir": "/a", "run_id": "3f0c", "step": "promote", "name": "failover"}
    assert options.run_and_step(option) == {"run_id": "3f0c", "step": "promote"}
    assert options.run_and_step(None) == {}


def test_the_option_operation_names_directory_run_and_step() -> None:
    spec = options.operation_spec(epoch={"type": "int"})
    required = {name for name, option in spec["options"].items() if option.get("required")}
    assert required == {"state_dir", "run_id", "step"}
    assert set(spec["options"]) == {*required, "epoch"}


@pytest.mark.parametrize("value", [1, 4570, 65535])
def test_a_port_is_a_number_from_1_to_65535(value: int) -> None:
    validation.check_port("ha_port", value)


@pytest.mark.parametrize("value", [0, -1, 65536, 10**9])
def test_any_other_number_is_refused_as_a_port_with_its_value(value: int) -> None:
    with pytest.raises(OptionError) as caught:
        validation.check_port("ha_port", value)
    assert str(caught.value) == f"ha_port is {value}; it has to be between 1 and 65535"


@pytest.mark.parametrize("value", ["", r"^ncs\.smp( |$)", "a|b", "(?i)NCS"])
def test_a_pattern_is_any_regular_expression(value: str) -> None:
    validation.check_pattern("process", value)


@pytest.mark.parametrize(
    "value",
    ["(", "[a", "*", "a{2,1}", "(?P<x>a)(?P<x>b)", "a{99999999999}", "(" * 5000 + ")" * 5000],
)
def test_what_is_not_a_pattern_is_refused_with_its_value(value: str) -> None:
    with pytest.raises(OptionError) as caught:
        validation.check_pattern("process", value)
    text = str(caught.value)
    assert text.startswith(f"process is {value!r}, which is not a regular expression: ")


@pytest.mark.parametrize("primary_id", [None, ""])
def test_a_transaction_id_may_be_that_of_no_primary(primary_id: Any) -> None:
    option = {"primary_id": primary_id, "timestamp": [1, 2, 3]}
    assert options.transaction_id("txid", option) == TransactionId(None, (1, 2, 3))
    assert options.transaction_id("txid", None) is None


@pytest.mark.parametrize("timestamp", [[], [1, 2], [1, 2, 3, 4], [1, -2, 3]])
def test_a_transaction_id_has_three_numbers(timestamp: Any) -> None:
    with pytest.raises(OptionError, match=r"^txid has a timestamp that is \["):
        options.transaction_id("txid", {"primary_id": "a", "timestamp": timestamp})
