# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The referee's bytes: every client frame is understood, every server frame is produced."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from ncs_sim.address import Address, Peer
from ncs_sim.cluster import Cluster
from ncs_sim.errors import Refusal
from ncs_sim.events import HaEvent, ha_event
from ncs_sim.framing import frame
from ncs_sim.ipc_cdb import phase_term
from ncs_sim.ipc_stream import op_error, refusal_term
from ncs_sim.node import Role, status_term
from ncs_sim.raw_client import RawClient
from ncs_sim.terms import OK, Term, encode
from ncs_sim.txid import TxId

Up = Callable[..., Cluster]
Vectors = dict[str, Any]


def named(entries: list[dict[str, Any]], name: str) -> bytes:
    return next(bytes.fromhex(entry["frame"]) for entry in entries if entry["name"] == name)


def order(vectors: Vectors, name: str, **args: object) -> bytes:
    return next(
        bytes.fromhex(entry["frame"])
        for entry in vectors["orders"]
        if entry["order"] == name and all(entry["args"][key] == args[key] for key in args)
    )


def open_ha(cluster: Cluster, vectors: Vectors) -> RawClient:
    client = RawClient(cluster.node("n1"))
    client.send(bytes.fromhex(vectors["handshake"]["ha"]))
    client.receive(9)
    client.send(bytes.fromhex(vectors["token"]["frame"]))
    return client


def test_every_order_is_understood_and_answered_byte_for_byte(
    up: Up, client_vectors: Vectors, server_vectors: Vectors
) -> None:
    cluster = up(release="5.7")
    node, answers = cluster.node("n1"), server_vectors["answers"]
    with open_ha(cluster, client_vectors) as client:

        def answer(request: bytes) -> bytes:
            client.send(request)
            return client.receive_whole_frame()

        assert answer(order(client_vectors, "status")) == named(answers, "status none")
        assert answer(order(client_vectors, "beprimary")) == named(answers, "ok")
        assert node.status()["node_id"] == "n1"
        assert answer(order(client_vectors, "secondary_dead")) == named(answers, "ok")
        node.refuse(25)
        wait = order(client_vectors, "besecondary", waitreply=True)
        assert answer(wait) == named(answers, "error with code")
        node.refuse(28, "bad token")
        relay = order(client_vectors, "berelay")
        assert answer(relay) == named(answers, "error with code and reason")
        assert answer(order(client_vectors, "benone")) == named(answers, "ok")


def test_an_asynchronous_besecondary_is_not_answered_but_reported_by_event(
    up: Up, client_vectors: Vectors
) -> None:
    cluster = up(release="5.7")
    node = cluster.node("n1")
    node.refuse(25)
    with RawClient.events(node) as events, open_ha(cluster, client_vectors) as client:
        client.send(order(client_vectors, "besecondary", waitreply=False))
        client.send(order(client_vectors, "status"))
        assert client.receive_term() == (1, [])
        assert events.receive_term() == (64, (7, 25))


def test_every_vendor_handshake_is_accepted(
    up: Up, client_vectors: Vectors, server_vectors: Vectors
) -> None:
    node = up(release="5.7").node("n1")
    for kind in ("ha", "events", "cdb", "maapi"):
        with RawClient(node) as client:
            client.send(bytes.fromhex(client_vectors["handshake"][kind]))
            assert client.receive(9).hex() == server_vectors["handshake_accepted"]


def test_another_protocol_version_is_refused_with_the_nodes_own(
    up: Up, client_vectors: Vectors, server_vectors: Vectors
) -> None:
    with RawClient(up(release="6.6").node("n1")) as client:
        client.send(bytes.fromhex(client_vectors["handshake"]["ha"]))
        assert client.receive(9).hex() == server_vectors["handshake_refused"]
        with pytest.raises(EOFError):
            client.receive(1)


@pytest.mark.parametrize("index", [0, 1])
def test_vendor_subscriptions_get_their_events_byte_for_byte(
    up: Up, client_vectors: Vectors, server_vectors: Vectors, index: int
) -> None:
    cluster = up(release="5.7")
    subscription = client_vectors["events_subscribe"][index]
    node = cluster.node("n1")
    with RawClient(node) as events, open_ha(cluster, client_vectors) as client:
        events.send(bytes.fromhex(client_vectors["handshake"]["events"]))
        events.receive(9)
        events.send(bytes.fromhex(subscription["frame"]))
        assert events.receive_whole_frame() == named(server_vectors["answers"], "ok")
        client.beprimary("n1")
        assert events.receive_whole_frame() == named(server_vectors["events"], "is primary")
        client.benone()
        assert events.receive_whole_frame() == named(server_vectors["events"], "is none")


def test_vendor_cdb_and_maapi_frames_are_understood(
    up: Up, client_vectors: Vectors, server_vectors: Vectors
) -> None:
    node = up(release="5.7", start_phase=0).node("n1")
    maapi_vectors = client_vectors["maapi"]
    with RawClient(node) as cdb, RawClient(node) as maapi:
        maapi.send(bytes.fromhex(client_vectors["handshake"]["maapi"]))
        maapi.receive(9)
        maapi.send(bytes.fromhex(maapi_vectors["set_readonly_mode"]["true"]))
        assert maapi.receive_whole_frame() == named(server_vectors["maapi"], "read-only set")
        assert node.status()["readonly"] is True
        maapi.send(bytes.fromhex(maapi_vectors["set_readonly_mode"]["false"]))
        maapi.receive_frame()
        assert node.status()["readonly"] is False
        maapi.send(bytes.fromhex(maapi_vectors["start_phase"]["frame"]))
        assert maapi.receive_whole_frame() == named(server_vectors["maapi"], "phase started")
        maapi.send(bytes.fromhex(maapi_vectors["wait_start"]["frame"]))
        node.phase(2)
        assert maapi.receive_frame() == (402).to_bytes(4, "big")

        cdb.send(bytes.fromhex(client_vectors["handshake"]["cdb"]))
        cdb.receive(9)
        cdb.send(bytes.fromhex(client_vectors["cdb"]["client_name"]["frame"]))
        cdb.send(bytes.fromhex(client_vectors["cdb"]["get_phase"]))
        assert cdb.receive_whole_frame() == named(server_vectors["cdb"], "phase")
        cdb.send(bytes.fromhex(client_vectors["cdb"]["get_txid"]))
        assert cdb.receive_frame()[:6] == bytes.fromhex("000000428368")


def peer(node_id: str, address: str) -> Peer:
    return Peer(node_id, Address(address))


STATUSES: dict[str, Term] = {
    "ok": OK,
    "error with code": refusal_term(Refusal(25, "not told"), "code"),
    "error with code and reason": refusal_term(Refusal(28, "bad token"), "reason"),
    "status none": status_term(Role.NONE, []),
    "status secondary": status_term(Role.SECONDARY, [peer("n1", "127.0.0.1")]),
    "status primary": status_term(Role.PRIMARY, [peer("n2", "127.0.0.2"), peer("n3", "10.0.0.3")]),
    "status relay": status_term(Role.RELAY, [peer("n1", "10.0.0.1"), peer("n4", "10.0.0.4")]),
}
EVENTS: dict[str, Term] = {
    "no primary": ha_event(HaEvent.NO_PRIMARY, 26),
    "secondary died": ha_event(HaEvent.SECONDARY_DIED, peer("n2", "127.0.0.2").to_term()),
    "secondary arrived": ha_event(HaEvent.SECONDARY_ARRIVED, peer("n2", "127.0.0.2").to_term()),
    "secondary initialized by copy": ha_event(HaEvent.INITIALIZED, 1),
    "is primary": ha_event(HaEvent.IS_PRIMARY),
    "is none": ha_event(HaEvent.IS_NONE),
    "besecondary result": ha_event(HaEvent.BESECONDARY_RESULT, 0),
}
MICROS = 1732356000123456
CDB: dict[str, bytes] = {
    "phase": bytes([0, 0, 0, 65]) + encode(phase_term(2)),
    "txid in a cluster": bytes([0, 0, 0, 66]) + encode(TxId("n1", MICROS).to_term()),
    "txid alone": bytes([0, 0, 0, 66]) + encode(TxId(None, MICROS).to_term()),
    "error": op_error(66, Refusal(17, "bad state")),
}


def test_every_answer_is_encoded_as_the_daemon_encodes_it(server_vectors: Vectors) -> None:
    produced = {name: frame(encode(term)) for name, term in STATUSES.items()}
    assert produced == {e["name"]: bytes.fromhex(e["frame"]) for e in server_vectors["answers"]}


def test_every_event_is_encoded_as_the_daemon_encodes_it(server_vectors: Vectors) -> None:
    produced = {name: frame(encode(term)) for name, term in EVENTS.items()}
    assert produced == {e["name"]: bytes.fromhex(e["frame"]) for e in server_vectors["events"]}


def test_every_cdb_answer_is_encoded_as_the_daemon_encodes_it(server_vectors: Vectors) -> None:
    produced = {name: frame(payload) for name, payload in CDB.items()}
    assert produced == {e["name"]: bytes.fromhex(e["frame"]) for e in server_vectors["cdb"]}


def test_otp_26_atoms_are_written_as_small_utf8_atoms(up: Up) -> None:
    cluster = up(otp=26)
    with RawClient.ha(cluster.node("n1"), "t") as client:
        client.send_frame(encode((1, b"n1")))
        assert client.receive_frame() == b"\x83\x77\x02ok"


def test_the_access_check_vector_is_what_the_simulator_computes(client_vectors: Vectors) -> None:
    vector = client_vectors["access_check_v2"]
    challenge = bytes.fromhex(vector["challenge"])[1:]
    digest = hashlib.sha256(vector["secret"].encode() + challenge).hexdigest()
    assert vector["response"] == "0c" + digest
