# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the vendored client share."""

from __future__ import annotations

import os
import socket
from typing import Callable, Iterator

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import frames
from helpers.scripted_daemon import WAYS, Ways


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the variables of a real NSO out of the tests."""
    for name in list(os.environ):
        if name.startswith("NCS_"):
            monkeypatch.delenv(name)


@pytest.fixture(
    params=[socket.AF_INET, socket.AF_UNIX, socket.AF_INET6], ids=["tcp", "unix", "ipv6"]
)
def family(request: pytest.FixtureRequest) -> int:
    """Each family of sockets in turn."""
    chosen: int = request.param
    if chosen == socket.AF_INET6:
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this host has no IPv6 loopback address")
    return chosen


@pytest.fixture(params=WAYS, ids=[way.name for way in WAYS])
def way(request: pytest.FixtureRequest) -> Ways:
    """Whole and byte by byte."""
    chosen: Ways = request.param
    return chosen


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time limits that are asked for, in seconds; each passes soon in truth."""
    seen: list[float] = []

    class Recorded(frames.Deadline):
        def __init__(self, seconds: float) -> None:
            seen.append(seconds)
            super().__init__(min(seconds, 0.1))

    monkeypatch.setattr(frames, "Deadline", Recorded)
    return seen


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets: the client's, with a timeout, and the daemon's."""
    client, peer = socket.socketpair()
    with client, peer:
        client.settimeout(5.0)
        peer.settimeout(5.0)
        yield client, peer


@pytest.fixture
def answered(
    pair: tuple[socket.socket, socket.socket],
) -> Callable[[bytes], socket.socket]:
    """Return a function that gives a client's socket on which these bytes are all that comes."""

    def prepare(data: bytes) -> socket.socket:
        client, peer = pair
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        return client

    return prepare
