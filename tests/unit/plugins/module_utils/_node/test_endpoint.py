# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the IPC port is: task before environment before default, path before ip and port."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import endpoint
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import (
    EndpointError,
    Options,
    TcpEndpoint,
    UnixEndpoint,
    choose,
)

DEFAULT_SOCKET = "/tmp/nso/nso-ipc"


def nothing(path: str) -> bool:
    return False


def default_socket(path: str) -> bool:
    assert path == DEFAULT_SOCKET
    return True


def environment(
    path: str | None = None, ip: str | None = None, port: str | None = None
) -> dict[str, str]:
    given = {"NCS_IPC_PATH": path, "NCS_IPC_ADDR": ip, "NCS_IPC_PORT": port}
    return {name: value for name, value in given.items() if value is not None}


def test_without_anything_it_is_the_default_socket_where_there_is_one() -> None:
    assert choose(Options(), {}, default_socket) == UnixEndpoint(DEFAULT_SOCKET)
    assert choose(Options(), {}, nothing) == TcpEndpoint("127.0.0.1", 4569)
    assert endpoint.DEFAULT_PATH == DEFAULT_SOCKET


# Every combination of what can be given, with the rule written down in one more way: each source
# in its order, and within it the path first.
OPTION_PATHS = (None, "", "/task")
OPTION_IPS = (None, "", "192.0.2.1")
OPTION_PORTS = (None, 1111)
ENV_PATHS = (None, "", "/env")
ENV_IPS = (None, "", "192.0.2.2")
ENV_PORTS = (None, "", "2222")


def expected(options: Options, variables: dict[str, str], there: bool) -> object:
    env = {name: value for name, value in variables.items() if value}
    if options.path:
        return UnixEndpoint("/task")
    if options.ip or options.port:
        ip = options.ip or env.get("NCS_IPC_ADDR", "127.0.0.1")
        return TcpEndpoint(ip, options.port or int(env.get("NCS_IPC_PORT", 4569)))
    if "NCS_IPC_PATH" in env:
        return UnixEndpoint("/env")
    if not env and there:
        return UnixEndpoint(DEFAULT_SOCKET)
    return TcpEndpoint(env.get("NCS_IPC_ADDR", "127.0.0.1"), int(env.get("NCS_IPC_PORT", 4569)))


@pytest.mark.parametrize("there", [False, True])
def test_every_combination_of_sources_gives_the_first_that_counts(there: bool) -> None:
    exists = default_socket if there else nothing
    combinations = itertools.product(
        itertools.starmap(Options, itertools.product(OPTION_PATHS, OPTION_IPS, OPTION_PORTS)),
        itertools.starmap(environment, itertools.product(ENV_PATHS, ENV_IPS, ENV_PORTS)),
    )
    for options, variables in combinations:
        got = choose(options, variables, exists)
        assert got == expected(options, variables, there), (options, variables)


@pytest.mark.parametrize(
    ("options", "variables", "wanted"),
    [
        (Options("/task", "192.0.2.1", 1), environment("/env", "192.0.2.2", "2"), "/task"),
        (Options(None, "192.0.2.1", None), environment("/env"), "192.0.2.1:4569"),
        (Options(None, "192.0.2.1", None), environment("/env", None, "2"), "192.0.2.1:2"),
        (Options(None, None, 1), environment("/env"), "127.0.0.1:1"),
        (Options(None, None, 1), environment("/env", "192.0.2.2", "2"), "192.0.2.2:1"),
        (Options(), environment("/env", "192.0.2.2", "2"), "/env"),
        (Options(), environment(None, "192.0.2.2"), "192.0.2.2:4569"),
        (Options(), environment(None, None, "2"), "127.0.0.1:2"),
        (Options(), environment("", "", ""), DEFAULT_SOCKET),
        (Options("", "", None), {}, DEFAULT_SOCKET),
        (Options(None, None, 4569), {}, "127.0.0.1:4569"),
        (Options(None, "127.0.0.1", None), {}, "127.0.0.1:4569"),
        (Options(None, "::1", 5), {}, "[::1]:5"),
        (Options(None, "host.example", 5), {}, "host.example:5"),
    ],
)
def test_the_rule_by_examples(options: Options, variables: dict[str, str], wanted: str) -> None:
    assert str(choose(options, variables, default_socket)) == wanted


@pytest.mark.parametrize("port", [0, -1, 65536, 2**31])
def test_a_port_out_of_range_is_refused_with_its_value(port: int) -> None:
    with pytest.raises(EndpointError, match=rf"port {port} is not between 1 and 65535"):
        choose(Options(port=port), {}, nothing)
    with pytest.raises(EndpointError, match=rf"port {port} is not between 1 and 65535"):
        choose(Options(), environment(port=str(port)), nothing)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_ports_at_the_ends_of_the_range_are_ports(port: int) -> None:
    assert choose(Options(port=port), {}, nothing) == TcpEndpoint("127.0.0.1", port)
    named = choose(Options(), environment(port=str(port)), nothing)
    assert named == TcpEndpoint("127.0.0.1", port)


@pytest.mark.parametrize("text", ["ncs", "45.69", "0x11d9", "4569;", "²"])
def test_a_port_of_the_environment_that_is_no_number_is_refused_with_its_value(text: str) -> None:
    with pytest.raises(EndpointError, match="NCS_IPC_PORT is") as caught:
        choose(Options(), environment(port=text), nothing)
    assert repr(text) in str(caught.value)


def test_a_bad_variable_does_no_harm_where_it_does_not_count() -> None:
    bad = environment(port="ncs")
    assert choose(Options(port=5), bad, nothing) == TcpEndpoint("127.0.0.1", 5)
    assert choose(Options(path="/task"), bad, nothing) == UnixEndpoint("/task")
    assert choose(Options(), environment("/env", port="ncs"), nothing) == UnixEndpoint("/env")
