# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: SIM117 - a connection and what it raises are two things
"""Neither the token nor the access secret shows in anything that a failure says of itself."""

from __future__ import annotations

import hashlib
import os
import socket
import traceback
from pathlib import Path
from typing import Any, Callable, NoReturn, Sequence

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, frames, ha, terms
from helpers import vectors
from helpers.scripted_daemon import Close, Deaf, Expect, Script, ScriptedDaemon, Send, Trickle
from helpers.vectors import ACCEPTED, CHALLENGE, HELLO, REFUSED, framed

TOKEN = "tok3n-nobody-may-see"
SECRET = b"s3cret-nobody-may-see"
DIGEST = hashlib.sha256(SECRET + CHALLENGE[1:]).digest()

V2 = HELLO["ha_with_access_check_v2"]
GREETING: Script = [Expect(HELLO["ha"]), Send(ACCEPTED), Expect(framed(TOKEN.encode()))]
CHECKED = [Expect(V2), Send(CHALLENGE), Expect(b"\x0c" + DIGEST)]


def everything_said(failure: BaseException) -> str:
    """Return all texts of an exception and of those it came from."""
    texts: list[str] = []
    seen: BaseException | None = failure
    while seen is not None:
        texts += [str(seen), repr(seen), repr(seen.args), repr(vars(seen))]
        texts += traceback.format_exception(type(seen), seen, seen.__traceback__)
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(texts)


def assert_nothing_shows(failure: BaseException) -> None:
    said = everything_said(failure)
    assert str(failure)
    for hidden in (TOKEN, SECRET.decode(), DIGEST.hex(), TOKEN.encode().hex()):
        assert hidden not in said


def test_the_search_would_find_a_secret() -> None:
    for failure in (error.Error(24, TOKEN), ValueError(SECRET)):
        with pytest.raises(AssertionError):
            assert_nothing_shows(failure)
    try:
        try:
            raise ValueError(TOKEN)
        except ValueError as problem:
            raise error.EOF("elsewhere") from problem
    except error.EOF as failure:
        with pytest.raises(AssertionError):
            assert_nothing_shows(failure)


#: What a daemon does, for each way in which connecting can fail; with or without access secret.
REFUSALS: dict[str, Sequence[Sequence[Any]]] = {
    "closed": [[Expect(HELLO["ha"]), Close()]],
    "silent": [[Expect(HELLO["ha"]), Deaf()]],
    "trickle": [[Expect(HELLO["ha"]), Trickle(b"\0", 0.1)]],
    "refused twice": [
        [Expect(HELLO["ha"]), Send(REFUSED)],
        [Expect(b"\x11" + REFUSED[1:7] + b"\0\0"), Send(REFUSED)],
    ],
    "unknown status": [[Expect(HELLO["ha"]), Send(b"\x09" + ACCEPTED[1:])]],
}
CHECKED_REFUSALS: dict[str, Sequence[Sequence[Any]]] = {
    "wrong secret": [[*CHECKED, Send(b"\x01")]],
    "closed instead of a verdict": [[*CHECKED, Close()]],
    "silent instead of a verdict": [[*CHECKED, Deaf()]],
    "no challenge": [[Expect(V2), Send(ACCEPTED)]],
    "no check": [[Expect(V2), Close()], [Expect(b"\x91" + V2[1:]), Close()]],
    "refused behind the check": [
        [*CHECKED, Send(b"\0" + REFUSED)],
        [
            Expect(b"\xd1" + REFUSED[1:7] + b"\0\0"),
            *CHECKED[1:],
            Send(b"\0" + REFUSED),
        ],
    ],
    "unknown status": [[*CHECKED, Send(b"\0\x09" + ACCEPTED[1:])]],
}


@pytest.fixture
def access_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An access file, named by the environment."""
    file = tmp_path / "access"
    file.write_bytes(SECRET)
    monkeypatch.setenv("NCS_IPC_ACCESS_FILE", str(file))
    return file


def _fail_to_connect(scripts: Sequence[Sequence[Any]]) -> error.Failure:
    with ScriptedDaemon(*scripts) as daemon, daemon.client(0.3) as sock:
        with pytest.raises(error.Failure) as caught:
            ha.connect(sock, TOKEN, *daemon.where)
    return caught.value


@pytest.mark.parametrize("scripts", list(REFUSALS.values()), ids=list(REFUSALS))
def test_nothing_shows_where_connecting_fails(scripts: Sequence[Sequence[Any]]) -> None:
    assert_nothing_shows(_fail_to_connect(scripts))


@pytest.mark.parametrize("scripts", list(CHECKED_REFUSALS.values()), ids=list(CHECKED_REFUSALS))
def test_nothing_shows_where_the_access_check_fails(
    scripts: Sequence[Sequence[Any]], access_file: Path
) -> None:
    assert_nothing_shows(_fail_to_connect(scripts))


def test_nothing_shows_where_nobody_listens(access_file: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.120.4", 0))
        ip, port = free.getsockname()
    with socket.socket() as sock, pytest.raises(error.Error) as caught:
        ha.connect(sock, TOKEN, ip, port)
    assert_nothing_shows(caught.value)


def test_nothing_shows_where_the_host_has_no_digest(
    access_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def new(name: str, data: bytes = b"") -> NoReturn:
        raise ValueError(f"unsupported, with {data!r}")

    monkeypatch.setattr(hashlib, "new", new)
    assert_nothing_shows(_fail_to_connect([[Expect(V2), Send(CHALLENGE)]]))


def test_nothing_shows_of_an_access_file_that_is_too_large(access_file: Path) -> None:
    access_file.write_bytes(SECRET * 10_000)
    with socket.socket() as sock, pytest.raises(error.Error) as caught:
        ha.connect(sock, TOKEN, "127.0.120.4", 1)
    assert_nothing_shows(caught.value)


def test_nothing_shows_of_an_access_file_that_cannot_be_read(access_file: Path) -> None:
    os.unlink(access_file)
    with socket.socket() as sock, pytest.raises(error.Error) as caught:
        ha.connect(sock, TOKEN, "127.0.120.4", 1)
    assert_nothing_shows(caught.value)


def test_nothing_shows_of_a_token_that_cannot_be_sent() -> None:
    ours, peer = socket.socketpair()
    peer.close()
    with ours:
        ours.settimeout(5)
        for token in (TOKEN, TOKEN + "\ud800", TOKEN * (frames.MAX_FRAME // len(TOKEN) + 1)):
            with pytest.raises(error.Failure) as caught:
                ha.send_token(ours, token)
            assert_nothing_shows(caught.value)


ORDERS: dict[str, Callable[[socket.socket], Any]] = {
    "status": ha.status,
    "benone": ha.benone,
    "beprimary": lambda sock: ha.beprimary(sock, "n1"),
    "besecondary": lambda sock: ha.besecondary(sock, "n2", "n1", "192.0.2.10", True),
}
ARGUMENTS: dict[str, Any] = {"besecondary": {"waitreply": True}}
ANSWERS: dict[str, Script] = {
    "closed": [Close()],
    "silent": [Deaf()],
    "garbage": [Send(framed(b"junk"))],
    "too long": [Send(b"HTTP/1.1")],
    "wrong": [Send(framed(terms.encode((9, 9))))],
    "refused": [Send(vectors.answer("error with code and reason"))],
    "half": [Send(vectors.answer("ok")[:-1]), Close()],
}


@pytest.mark.parametrize("answer", list(ANSWERS.values()), ids=list(ANSWERS))
def test_nothing_shows_where_an_order_fails(answer: Script) -> None:
    for name, order in ORDERS.items():
        sent = Expect(vectors.order_frame(name, **ARGUMENTS.get(name, {})))
        with ScriptedDaemon([*GREETING, sent, *answer]) as daemon, daemon.client(0.3) as sock:
            ha.connect(sock, TOKEN, *daemon.where)
            with pytest.raises(error.Failure) as caught:
                order(sock)
        assert_nothing_shows(caught.value)
