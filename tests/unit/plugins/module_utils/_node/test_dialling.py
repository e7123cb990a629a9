# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dialling the HA port of another node: in turn, with the error of each address, within a limit."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import dialling
from ansible_collections.nso.ha.plugins.module_utils._node.addresses import Upstream
from ansible_collections.nso.ha.plugins.module_utils._node.dialling import Dialled


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def test_the_first_address_that_accepts_is_taken_and_nothing_is_sent(
    listener: socket.socket,
) -> None:
    port = listener.getsockname()[1]
    dialled = dialling.dial(["127.0.0.9", "127.0.0.1", "127.0.0.8"], port, 5)
    assert dialled == Dialled("127.0.0.1", (("127.0.0.9", "ECONNREFUSED"),))
    with listener.accept()[0] as connection:
        connection.settimeout(5)
        assert connection.recv(1) == b"", "it was closed without a byte"


def test_addresses_of_which_none_accepts_have_the_names_of_their_errors(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = iter([OSError(113, "No route to host"), socket.timeout(), OSError("no words")])

    def create_connection(address: object, patience: float) -> socket.socket:
        raise next(problems)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    assert dialling.dial(["a", "b", "c"], 1, 5) == Dialled(
        None, (("a", "EHOSTUNREACH"), ("b", "ETIMEDOUT"), ("c", "no words"))
    )


def test_all_addresses_together_have_one_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []

    def create_connection(address: object, patience: float) -> socket.socket:
        waits.append(patience)
        time.sleep(patience)
        raise socket.timeout

    monkeypatch.setattr(socket, "create_connection", create_connection)
    assert dialling.dial(["a", "b", "c"], 1, 0.3).accepted is None
    assert sum(waits) <= 0.33
    assert min(waits) > 0.05, "each address has its part"


def test_the_preferred_address_of_a_name_is_dialled_first() -> None:
    upstream = Upstream("p", "192.0.2.9", frozenset({"192.0.2.9", "192.0.2.1", "::1"}))
    assert dialling.in_turn(upstream) == ["192.0.2.9", "192.0.2.1", "::1"]
