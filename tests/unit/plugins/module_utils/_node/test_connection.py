# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: SIM117 - a connection and what it raises are two things
"""One node through its IPC port, against a daemon that plays a script."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.nso.ha.plugins.module_utils._apply import orders
from ansible_collections.nso.ha.plugins.module_utils._node import cdb_socket, maapi_socket
from ansible_collections.nso.ha.plugins.module_utils._node.addresses import Upstream
from ansible_collections.nso.ha.plugins.module_utils._node.cdb_socket import (
    Database,
    cdb_connection,
)
from ansible_collections.nso.ha.plugins.module_utils._node.connection import (
    Target,
    access_secret,
    ha_connection,
    has_relays,
)
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import TcpEndpoint, UnixEndpoint
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.module_utils.ncs import cdb, error, ipc, terms
from helpers import vectors
from helpers.scripted_daemon import Close, Expect, Script, ScriptedDaemon, Send
from helpers.vectors import ACCEPTED, CDB_NAME_FRAME, HELLO, TOKEN, TOKEN_FRAME, framed

HA_GREETING: Script = [Expect(HELLO["ha"]), Send(ACCEPTED), Expect(TOKEN_FRAME)]
CDB_GREETING: Script = [Expect(HELLO["cdb"]), Send(ACCEPTED), Expect(CDB_NAME_FRAME)]
GET_PHASE = Expect(bytes.fromhex(vectors.CLIENT["cdb"]["get_phase"]))
GET_TXID = Expect(bytes.fromhex(vectors.CLIENT["cdb"]["get_txid"]))
PHASE = Send(vectors.answer("phase", "cdb"))
TXID = Send(vectors.answer("txid in a cluster", "cdb"))
STATUS: Script = [Expect(vectors.order_frame("status")), Send(vectors.answer("status secondary"))]
OK = Send(vectors.answer("ok"))

SECONDARY = HaState("secondary", Peer("n1", "127.0.0.1"))
IN_CLUSTER = Database(2, TransactionId("n1", (1732, 356000, 123456)))


def target(daemon: ScriptedDaemon, timeout: float = 5.0) -> Target:
    if daemon.path is not None:
        return Target(UnixEndpoint(daemon.path), TOKEN, None, timeout)
    assert daemon.ip is not None
    return Target(TcpEndpoint(daemon.ip, daemon.port), TOKEN, None, timeout)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_the_state_of_a_node_is_read(family: int) -> None:
    with ScriptedDaemon([*HA_GREETING, *STATUS], family=family) as daemon:
        with ha_connection(target(daemon)) as connection:
            assert connection.state() == SECONDARY
            assert connection.versions == ipc.Versions(77, 0x07070100)
            assert connection.sock.gettimeout() == 5.0
        assert connection.sock.fileno() == -1


def test_phase_and_transaction_id_are_read() -> None:
    with ScriptedDaemon([*CDB_GREETING, GET_PHASE, PHASE, GET_TXID, TXID]) as daemon:
        with cdb_connection(target(daemon)) as database:
            assert database.read() == IN_CLUSTER


def test_a_daemon_that_refuses_to_tell_has_no_transaction_id() -> None:
    refusal = Send(vectors.answer("error", "cdb"))
    with ScriptedDaemon([*CDB_GREETING, GET_PHASE, PHASE, GET_TXID, refusal]) as daemon:
        with cdb_connection(target(daemon)) as database:
            assert database.read() == Database(2, None)


@pytest.mark.parametrize(
    "step",
    [
        Close(),
        Send(framed(b"\0\0\0\x42junk")),
        Send(framed(b"\0\0\0\x42" + terms.encode((1, 2)))),
        Send(framed(b"\0\0\0\x42" + terms.encode(b"none"))),
    ],
    ids=["closed", "garbage", "two numbers", "text"],
)
def test_an_answer_that_makes_no_sense_is_not_taken_for_no_transaction_id(step: Any) -> None:
    with ScriptedDaemon([*CDB_GREETING, GET_PHASE, PHASE, GET_TXID, step]) as daemon:
        with cdb_connection(target(daemon)) as database, pytest.raises(error.Failure):
            database.read()


@pytest.mark.parametrize(
    "failure",
    [
        # Before the request was sent completely, so its outcome is known: nothing was asked.
        error.Timeout("no complete reply within 1 s"),
        error.Error(error.ERR_OS, "sending to the daemon", "No route to host"),
        error.EOF(),
    ],
)
def test_a_request_that_did_not_get_through_is_not_taken_for_no_transaction_id(
    monkeypatch: pytest.MonkeyPatch, failure: error.Failure
) -> None:
    def get_txid(_sock: socket.socket) -> None:
        raise failure

    monkeypatch.setattr(cdb, "get_txid", get_txid)
    with socket.socket() as sock, pytest.raises(error.Failure) as caught:
        cdb_socket.DatabaseConnection(sock).txid()
    assert caught.value is failure


def test_an_empty_primary_in_a_transaction_id_is_no_primary() -> None:
    answer = Send(framed(b"\0\0\0\x42" + terms.encode((b"", (1, 2, 3)))))
    with ScriptedDaemon([*CDB_GREETING, GET_TXID, answer]) as daemon:
        assert cdb_socket.read_txid(target(daemon)) == TransactionId(None, (1, 2, 3))


@pytest.mark.parametrize("read_only", [True, False])
def test_the_read_only_mode_is_set_and_lifted(read_only: bool) -> None:
    order = framed(b"\0\0\0\xe5" + terms.encode(1 if read_only else 0))
    answer = Send(framed(b"\0\0\0\xe5"))
    with ScriptedDaemon([Expect(HELLO["maapi"]), Send(ACCEPTED), Expect(order), answer]) as daemon:
        with maapi_socket.maapi_connection(target(daemon)) as connection:
            connection.set_read_only(read_only)
        assert connection.sock.fileno() == -1


@pytest.mark.parametrize(("protocol", "relays"), [(66, True), (77, True), (86, True), (87, False)])
def test_relays_are_known_by_the_protocol_version(protocol: int, relays: bool) -> None:
    assert has_relays(ipc.Versions(protocol, 0)) is relays


UPSTREAM = Upstream("n1", "192.0.2.10", frozenset({"192.0.2.10"}))


@pytest.mark.parametrize(
    ("order", "wait", "sent"),
    [
        ("benone", True, vectors.order_frame("benone")),
        ("beprimary", True, vectors.order_frame("beprimary").replace(b"n1", b"n2")),
        ("berelay", True, vectors.order_frame("berelay")),
        ("besecondary", True, vectors.order_frame("besecondary", waitreply=True)),
        ("besecondary", False, vectors.order_frame("besecondary", waitreply=False)),
    ],
)
def test_orders_are_given_with_their_arguments(order: str, wait: bool, sent: bytes) -> None:
    script: Script = [*HA_GREETING, Expect(sent)] + ([OK] if wait else [])
    with ScriptedDaemon(script) as daemon, ha_connection(target(daemon)) as connection:
        orders.give(connection, order, orders.Arguments("n2", UPSTREAM, wait, 60.0))
        assert connection.sock.gettimeout() == 5.0


def test_the_first_copy_has_its_own_time_limit() -> None:
    sent = Expect(vectors.order_frame("besecondary", waitreply=True))
    with ScriptedDaemon([*HA_GREETING, sent]) as daemon, ha_connection(target(daemon)) as node_:
        with pytest.raises(error.Timeout, match=r"within 0\.1 s"):
            orders.give(node_, "besecondary", orders.Arguments("n2", UPSTREAM, True, 0.1))
        assert node_.sock.gettimeout() == 5.0


@pytest.mark.parametrize(
    ("order", "upstream"), [("besecondary", None), ("bemaster", UPSTREAM), ("", UPSTREAM)]
)
def test_an_order_that_is_none_is_not_given(order: str, upstream: Upstream | None) -> None:
    with ScriptedDaemon(HA_GREETING) as daemon, ha_connection(target(daemon)) as connection:
        with pytest.raises(ValueError, match="no such order"):
            orders.give(connection, order, orders.Arguments("n2", upstream, True, 60.0))


def test_a_secondary_is_declared_dead() -> None:
    script: Script = [*HA_GREETING, Expect(vectors.order_frame("secondary_dead")), OK]
    with ScriptedDaemon(script) as daemon, ha_connection(target(daemon)) as connection:
        connection.declare_dead("n3")


Lookup = Callable[..., "list[Any]"]


def several(*addresses: ipc.Address) -> Lookup:
    def getaddrinfo(host: str, port: int, **rest: object) -> list[Any]:
        assert (host, port) == ("nso.example", 4569)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    return getaddrinfo


@contextlib.contextmanager
def nobody() -> Any:
    with socket.socket() as bound:
        bound.bind(("127.0.120.5", 0))
        yield bound.getsockname()


NAMED = Target(TcpEndpoint("nso.example", 4569), TOKEN, None, 5.0)


def test_a_host_name_stands_for_the_first_address_that_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with nobody() as silent, ScriptedDaemon([*HA_GREETING, *STATUS]) as daemon:
        monkeypatch.setattr(socket, "getaddrinfo", several(silent, daemon.address))
        with ha_connection(NAMED) as connection:
            assert connection.state() == SECONDARY


def test_a_daemon_that_refuses_is_not_asked_at_another_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusing: Script = [Expect(HELLO["ha"]), Send(b"\x09" + ACCEPTED[1:])]
    with ScriptedDaemon(refusing) as daemon, ScriptedDaemon() as other:
        monkeypatch.setattr(socket, "getaddrinfo", several(daemon.address, other.address))
        with pytest.raises(error.Error, match="status 9"), ha_connection(NAMED):
            pytest.fail("connected")


def test_where_no_address_answers_the_last_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as one, nobody() as other:
        monkeypatch.setattr(socket, "getaddrinfo", several(one, other))
        with pytest.raises(error.Error, match=rf"127\.0\.120\.5:{other[1]}"), ha_connection(NAMED):
            pytest.fail("connected")


def test_a_host_name_without_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", several())
    with pytest.raises(error.Error, match=r"nso\.example:4569 has no address"):
        with ha_connection(NAMED):
            pytest.fail("connected")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service"),
        (UnicodeError("label too long"), "it is not a valid host name"),
    ],
)
def test_a_host_name_that_cannot_be_looked_up_is_an_error(
    monkeypatch: pytest.MonkeyPatch, problem: Exception, words: str
) -> None:
    def getaddrinfo(host: str, port: int, **rest: object) -> list[Any]:
        raise problem

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(error.Error, match=rf"looking up 'nso\.example': {words}"):
        with ha_connection(NAMED):
            pytest.fail("connected")


def test_the_access_secret_is_read_where_a_file_is_given(tmp_path: Path) -> None:
    file = tmp_path / "access"
    file.write_bytes(b"secret\n")
    assert access_secret(str(file)) == b"secret\n"
    assert access_secret(None) is None
    assert access_secret("") is None
