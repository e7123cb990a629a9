# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading over MAAPI: requests of both vendors' clients, sessions, and what a node shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ncs_sim.cluster import Cluster
from ncs_sim.config import LEAVES, NodeConfig
from ncs_sim.errors import Refusal, SimError
from ncs_sim.handle import NodeHandle
from ncs_sim.raw_client import RawClient
from ncs_sim.terms import Atom, Improper, Term, decode, encode

Up = Callable[..., Cluster]
Vectors = dict[str, Any]

TFNM = "http://tail-f.com/yang/ncs-monitoring"
TFNM2 = f"{TFNM}2"
STATE = Improper((Atom(TFNM),), Atom("ncs-state"))
HA: list[Term] = [STATE, Atom("ha")]
OLD_HA: list[Term] = [STATE, Improper((Atom(TFNM2),), Atom("ha"))]

#: Requests of the vectors that only read, by section and operation. Others are in no release here.
OPERATIONS = {100, 101, 140, 142, 164, 166, 229, 247, 401, 402}


def start_session(client: RawClient, context: str = "system") -> None:
    client.operation(100, [b"admin", ((127, 0, 0, 1), 0), Atom(context), 1, 1])


def start_trans(client: RawClient, store: int = 4, mode: int = 1) -> Term | None:
    undefined = Atom("undefined")
    return client.operation(140, (store, mode, 0, 1, 0, (undefined, undefined, undefined, b"t")))


def ask(client: RawClient, op: int, handle: int, argument: Term | None = None) -> Term | None:
    """An operation on a transaction."""
    rest = b"" if argument is None else encode(argument)
    client.send_frame(op.to_bytes(4, "big") + handle.to_bytes(4, "big") + rest)
    return client.operation_answer()


def xpath(client: RawClient, expression: str, trace: bool = False) -> list[Term]:
    """The frames after the answer to an XPath expression."""
    flag = Atom("true" if trace else "false")
    question: Term = (expression.encode(), flag, [], 0, [], Atom("undefined"))
    assert ask(client, 247, 1, question) is None
    return [client.receive_term_as_it_is() for _unused in range(2 if trace else 1)]


def text(client: RawClient, expression: str) -> str:
    (result,) = xpath(client, expression)
    assert isinstance(result, tuple)
    kind, value = result
    assert kind == Atom("ok")
    assert isinstance(value, bytes)
    return value.decode()


@pytest.fixture
def reading(up: Up) -> Callable[..., tuple[NodeHandle, RawClient]]:
    """Start a node with these options, and a session with transaction 1 on it."""

    def start(**options: Any) -> tuple[NodeHandle, RawClient]:
        node = up(**options).node("n1")
        client = RawClient.maapi(node)
        start_session(client)
        assert start_trans(client) == 1
        return node, client

    return start


# The vendors' requests.


def requests(vectors: Vectors, vendor: str) -> list[tuple[str, bytes]]:
    """Name and frame of every request that the simulator serves, and of some that it does not."""
    return [
        (f"{section}: {entry['name']}", bytes.fromhex(entry["frame"]))
        for section, entries in vectors[vendor].items()
        if section in ("reading", "readonly", "older_daemons", "action")
        for entry in entries
        if "frame" in entry
    ]


def op_and_term(frame: bytes) -> tuple[int, bytes]:
    op = int.from_bytes(frame[4:8], "big") & 0x7FFFFFFF
    start = frame.find(b"\x83", 8)
    return op, frame[start:] if start in (8, 12) else b""


@pytest.mark.parametrize("vendor", ["erlang", "java"])
def test_every_term_of_both_vendors_is_decoded(maapi_vectors: Vectors, vendor: str) -> None:
    terms = [op_and_term(frame)[1] for _name, frame in requests(maapi_vectors, vendor)]
    assert len([decode(term) for term in terms if term]) >= 20


@pytest.mark.parametrize("vendor", ["erlang", "java"])
def test_every_request_of_both_vendors_is_understood(
    up: Up, maapi_vectors: Vectors, vendor: str
) -> None:
    """Understood is what is answered, or refused for another reason than its form."""
    node = up(release="6.7").node("n1")
    answered = 0
    for name, frame in requests(maapi_vectors, vendor):
        op, _term = op_and_term(frame)
        if op not in OPERATIONS:
            continue
        with RawClient.maapi(node) as client:
            if op != 100 and "without a session" not in name:
                start_session(client)
            for _unused in range(3 if op in (142, 164, 166, 247) else 0):
                start_trans(client)
            client.send(frame)
            answer = client.receive_frame()
            if answer[0] & 0x80:
                assert answer[4:8] != (21).to_bytes(4, "big"), f"{name}: {answer!r}"
            else:
                assert answer[:4] == op.to_bytes(4, "big")
                answered += 1
    assert answered >= 15


def test_what_the_erlang_client_sends_is_answered_as_it_accepts(
    reading: Callable[..., Any], maapi_vectors: Vectors
) -> None:
    node, client = reading(release="6.7")
    RawClient.ha(node, "t").close()
    node.order("primary")
    calls = {entry["name"]: entry for entry in maapi_vectors["erlang"]["reading"]}
    start_trans(client)
    for name in (
        "exists true",
        "get_elem string",
        "get_elem enumeration",
        "get_elem boolean",
        "xpath_eval_expr",
        "xpath_eval_expr with context",
    ):
        client.send(bytes.fromhex(calls[name]["frame"]))
        for frame in calls[name]["answers"]:
            assert client.receive_whole_frame().hex() == frame, name
    client.send(bytes.fromhex(calls["finish_trans"]["frame"]))
    assert client.receive_whole_frame().hex() == calls["finish_trans"]["answers"][0]
    client.send(bytes.fromhex(calls["finish_trans unknown handle"]["frame"]))
    refusal = calls["finish_trans unknown handle"]["answers"][0]
    assert client.receive_whole_frame().hex() == refusal
    client.close()


# Sessions and transactions.


def refused(code: int, call: Callable[[], object]) -> None:
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.code == code


def test_a_transaction_needs_a_session_of_which_there_is_one_and_a_handle_of_its_own(
    up: Up,
) -> None:
    node = up().node("n1")
    with RawClient.maapi(node) as client:
        refused(22, lambda: start_trans(client))
        refused(22, lambda: client.operation(101))
        start_session(client)
        refused(2, lambda: start_session(client))
        assert [start_trans(client), start_trans(client, 2)] == [1, 2]
        refused(1, lambda: start_trans(client, 3))
        refused(61, lambda: ask(client, 164, 3, HA))
        assert ask(client, 142, 1) is None
        refused(61, lambda: ask(client, 142, 1))
        client.operation(101)
        refused(61, lambda: ask(client, 142, 2))
        start_session(client)


def test_before_phase_2_only_a_system_session_starts_and_it_reads_in_phase_0(up: Up) -> None:
    node = up(start_phase=0).node("n1")
    with RawClient.maapi(node) as client:
        refused(17, lambda: start_session(client, "netconf"))
        start_session(client)
        refused(17, lambda: start_trans(client, 2, 2))
        assert start_trans(client) == 1
        assert text(client, "/ncs-state/daemon-status") == "phase0"


def test_a_transaction_that_writes_is_refused_in_read_only_mode(up: Up) -> None:
    node = up().node("n1")
    with RawClient.maapi(node) as client:
        start_session(client)
        assert start_trans(client, 2, 2) == 1
        client.operation(229, 1)
        refused(4, lambda: start_trans(client, 2, 2))
        assert start_trans(client, 2, 1) == 2


def test_sessions_can_be_refused(up: Up) -> None:
    with RawClient.maapi(up(refuse_sessions=3).node("n1")) as client:
        refused(3, lambda: start_session(client))
        refused(22, lambda: start_trans(client))


@pytest.mark.parametrize(
    ("op", "argument"),
    [
        (100, None),
        (100, [b"admin"]),
        (100, [b"admin", (127, 0, 0), Atom("system"), 1, 1]),
        (140, (4,)),
        (140, (4, 3)),
        (140, 4),
    ],
)
def test_a_request_of_no_known_form_is_refused(up: Up, op: int, argument: Term | None) -> None:
    with RawClient.maapi(up().node("n1")) as client:
        refused(21, lambda: client.operation(op, argument))


def test_a_request_without_its_handle_is_refused(reading: Callable[..., Any]) -> None:
    _node, client = reading()
    refused(21, lambda: client.operation(142))
    refused(21, lambda: ask(client, 164, 1, (1, 2)))
    refused(21, lambda: ask(client, 247, 1, (b"/ncs-state",)))
    client.close()


# What a node shows.


def test_existence_is_told_apart_from_a_path_of_no_model(reading: Callable[..., Any]) -> None:
    node, client = reading(release="6.7")
    assert ask(client, 164, 1, HA) == 1
    assert ask(client, 164, 1, [*HA, Atom("connected-secondary")]) == 0
    assert ask(client, 164, 1, [*HA, Atom("node-id")]) == 0
    refused(1, lambda: ask(client, 166, 1, [*HA, Atom("node-id")]))
    for path in (OLD_HA, [*HA, Atom("what")], [Atom("what")]):
        refused(8, lambda path=path: ask(client, 164, 1, path))  # type: ignore[misc]
        refused(8, lambda path=path: ask(client, 166, 1, path))  # type: ignore[misc]
    client.close()
    assert node.status()["role"] == "none"


def test_xpath_gives_text_and_nothing_for_what_is_not_there(reading: Callable[..., Any]) -> None:
    node, client = reading(release="6.7")
    node.order("primary")
    wanted = {
        "/ncs-state/version": "6.7",
        "/tfnm:ncs-state/tfnm:ha/mode": "primary",
        "string(/ncs-state/ha/node-id)": "n1",
        "count(/ncs-state/ha)": "1",
        "count(/ncs-state/ha/connected-secondary)": "0",
        "boolean(/ncs-state/ha/connected-secondary)": "false",
        "boolean(/ncs-state/ha/mode)": "true",
        "/ncs-state/ha/mode[1]": "primary",
        "/ncs-state/ha/mode[2]": "",
        "/ncs-state/ha/mode[0]": "",
        "/ncs-state/tfnm2:ha/mode": "",
        "/what": "",
    }
    assert {expression: text(client, expression) for expression in wanted} == wanted
    assert xpath(client, "/what:ever") == [(Atom("error"), b"unknown prefix what")]
    trace = (Atom("trace"), b"evaluating /ncs-state/version")
    assert xpath(client, "/ncs-state/version", trace=True) == [trace, (Atom("ok"), b"6.7")]
    for wrong in ("", "/", "count(/a", "/a)", "/a | /b", "/a[b]"):
        refused(50, lambda wrong=wrong: xpath(client, wrong))  # type: ignore[misc]
    client.close()


@pytest.mark.parametrize(("release", "ha_path"), [("6.6", ""), ("6.7", "old"), ("5.7", "")])
def test_the_old_path_is_another_one(
    reading: Callable[..., Any], release: str, ha_path: str
) -> None:
    _node, client = reading(release=release, ha_path=ha_path)
    assert text(client, "/ncs-state/ha/mode") == ""
    assert text(client, "/ncs-state/tfnm2:ha/mode") == "none"
    assert ask(client, 164, 1, OLD_HA) == 1
    refused(8, lambda: ask(client, 164, 1, HA))
    client.close()


def test_lists_of_secondaries_and_the_primary_are_shown_by_role(replicating: Up) -> None:
    cluster = replicating(3, release="6.7")
    first, second, _third = cluster.nodes
    with RawClient.maapi(first) as client:
        start_session(client)
        start_trans(client)
        path: Term = [*HA, Atom("connected-secondary")]
        assert ask(client, 166, 1, path) == [b"n2", b"n3"]
        assert text(client, "count(/ncs-state/ha/connected-secondary)") == "2"
        assert text(client, "/ncs-state/ha/connected-secondary[2]") == "n3"
        assert text(client, "/ncs-state/read-only-mode") == "false"
    with RawClient.maapi(second) as client:
        start_session(client)
        start_trans(client)
        assert text(client, "/ncs-state/ha/mode") == "secondary"
        assert text(client, "/ncs-state/ha/node-id") == "n2"
        assert text(client, "/ncs-state/ha/primary-node-id") == "n1"
        assert text(client, "/ncs-state/read-only-mode") == "true"
        assert text(client, "/ncs-state/admin-configured-read-only-mode") == "false"


def test_each_leaf_can_be_lacking(reading: Callable[..., Any]) -> None:
    _node, client = reading(release="6.7", lacks=LEAVES, own_ha="raft")
    for leaf in LEAVES:
        top = "" if leaf.startswith(("high", "ha-raft")) else "/ncs-state"
        assert text(client, f"count({top}/{leaf})") == "0", leaf
    refused(8, lambda: ask(client, 164, 1, HA))
    client.close()


def test_a_node_without_ha_shows_none_and_lets_no_controller_in(
    reading: Callable[..., Any],
) -> None:
    node, client = reading(release="6.7", ha_enabled=False)
    assert ask(client, 164, 1, HA) == 0
    assert text(client, "/ncs-state/ha/mode") == ""
    assert text(client, "/ncs-state/version") == "6.7"
    client.close()
    with pytest.raises((EOFError, ConnectionError)), RawClient.ha(node, "t") as ha:
        ha.status()


def test_options_that_cannot_be_are_refused() -> None:
    wrong: list[dict[str, Any]] = [{"lacks": ("x",)}, {"own_ha": "x"}, {"ha_path": "x"}]
    for options in wrong:
        with pytest.raises(SimError):
            NodeConfig("/nowhere", "127.0.0.1", **options).check()


def test_options_of_a_node_are_kept_over_a_restart(up: Up) -> None:
    node = up(release="6.7", lacks=("version",), own_ha="raft").node("n1")
    node.stop()
    node.start()
    with RawClient.maapi(node) as client:
        start_session(client)
        start_trans(client)
        assert text(client, "/ncs-state/version") == ""
        assert text(client, "/ha-raft/status/role") == "leader"
