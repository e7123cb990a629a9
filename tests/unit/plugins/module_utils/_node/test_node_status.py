# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to look at a node: which is tried when, and what comes of it."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, NoReturn, Sequence

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import node_status
from ansible_collections.nso.ha.plugins.module_utils._node.cdb_socket import Database
from ansible_collections.nso.ha.plugins.module_utils._node.connection import Target
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import TcpEndpoint
from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.module_utils._node.failures import ModuleFailure
from ansible_collections.nso.ha.plugins.module_utils._node.node_status import (
    ITS_PRIMARY,
    ITS_SECONDARIES,
    NodeStatus,
    StatusReader,
    Unanswered,
)
from ansible_collections.nso.ha.plugins.module_utils._node.operational_state import OperationalState
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.module_utils._node.ways import HA_SOCKET, OPERATIONAL_STATE
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, ipc

VERSIONS = ipc.Versions(86, 0x08060800)
DATABASE = Database(2, TransactionId("n1", (1732, 356000, 123456)))
EITHER = (OPERATIONAL_STATE, HA_SOCKET)

#: What a daemon tells that tells nothing by MAAPI, and one that tells everything.
NOTHING = OperationalState(VERSIONS, DATABASE)
PRIMARY = NOTHING._replace(
    role="primary",
    primary_id="n1",
    secondaries=("n2",),
    facts=Facts(
        node_id="n1",
        read_only=False,
        admin_read_only=False,
        daemon_status="started",
        nso_version="6.6",
        ha_enabled=True,
        rule_based_ha=False,
        raft=False,
    ),
)
#: What it says over the HA socket.
OVER_HA = HaState("primary", None, (Peer("n2", "192.0.2.2"),))


def fail(failure: error.Failure) -> NoReturn:
    """Let a look fail."""
    raise failure


class Node:
    """A node that is looked at, and what was asked of it in which order.

    told:  what its operational state is, or what goes wrong; the last one stays
    state: what it says over its HA socket, or what goes wrong
    """

    def __init__(self) -> None:
        self.told: list[OperationalState | error.Failure] = [PRIMARY]
        self.state: HaState | error.Failure = OVER_HA
        self.beside = NOTHING
        self.asked: list[str] = []
        self.versions = VERSIONS

    def operational(self, _target: Target) -> OperationalState:
        self.asked.append("operational state")
        told = self.told.pop(0) if len(self.told) > 1 else self.told[0]
        if isinstance(told, error.Failure):
            fail(told)
        return told

    def read_beside(
        self, _target: Target, versions: ipc.Versions, database: Database, seconds: float
    ) -> OperationalState:
        self.asked.append(f"beside, {seconds:g} s")
        return self.beside._replace(versions=versions, database=database)

    @contextlib.contextmanager
    def cdb(self, _target: Target) -> Iterator[Any]:
        self.asked.append("cdb")
        yield Socket(DATABASE)
        self.asked.append("cdb closed")

    @contextlib.contextmanager
    def ha(self, _target: Target) -> Iterator[Any]:
        self.asked.append("ha")
        yield Socket(self)
        self.asked.append("ha closed")


class Socket:
    """A connection to a node."""

    versions = VERSIONS

    def __init__(self, content: Any) -> None:
        self._content = content
        self.sock = self

    def settimeout(self, _seconds: float) -> None:
        """Take any limit."""

    def read(self) -> Any:
        return self._content

    def state(self) -> HaState:
        if isinstance(self._content.state, error.Failure):
            raise self._content.state
        return self._content.state  # type: ignore[no-any-return]


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Node:
    """The node that every reader looks at."""
    found = Node()
    monkeypatch.setattr(node_status, "read_operational_state", found.operational)
    monkeypatch.setattr(node_status, "read_beside", found.read_beside)
    monkeypatch.setattr(node_status, "cdb_connection", found.cdb)
    monkeypatch.setattr(node_status, "ha_connection", found.ha)
    return found


def reader(ways: Sequence[str], token: str = "key", **more: Any) -> StatusReader:
    target = Target(TcpEndpoint("192.0.2.1", 4569), token, None, 30.0)
    return StatusReader(target, ways, **more)


def look(ways: Sequence[str], **more: Any) -> NodeStatus:
    with contextlib.closing(reader(ways, **more)) as found:
        return found.read(30)


BY_HA = ["cdb", "ha", "beside, 3 s", "ha closed", "cdb closed"]


def test_the_operational_state_takes_no_ha_socket_and_no_token(node: Node) -> None:
    status = look([OPERATIONAL_STATE], token="")
    assert status == NodeStatus(
        HaState("primary", None, (Peer("n2", ""),)), OPERATIONAL_STATE, PRIMARY
    )
    assert node.asked == ["operational state"]


def test_the_ha_socket_is_read_with_what_maapi_tells_beside_it(node: Node) -> None:
    node.beside = NOTHING._replace(facts=Facts(node_id="n1", admin_read_only=True))
    status = look([HA_SOCKET])
    assert status == NodeStatus(OVER_HA, HA_SOCKET, node.beside)
    assert node.asked == BY_HA


def test_the_first_way_that_tells_is_the_only_one(node: Node) -> None:
    assert look(EITHER).look == OPERATIONAL_STATE
    assert look(EITHER[::-1]).look == HA_SOCKET
    assert node.asked == ["operational state", *BY_HA]


def test_where_the_first_way_does_not_tell_the_next_one_does_and_facts_are_kept(
    node: Node,
) -> None:
    node.told = [NOTHING._replace(facts=Facts(nso_version="5.7"))]
    status = look(EITHER)
    assert status.look == HA_SOCKET
    assert status.state == OVER_HA
    assert status.operational.facts.nso_version == "5.7"
    # What was told a moment ago is not asked again.
    assert node.asked == ["operational state", "cdb", "ha", "ha closed", "cdb closed"]


def test_a_refusal_over_the_ha_socket_is_no_reason_to_stop(node: Node) -> None:
    node.state = error.refusal(error.ERR_UNAVAILABLE, "no HA here")
    assert look((HA_SOCKET, OPERATIONAL_STATE)).look == OPERATIONAL_STATE
    assert node.asked == ["cdb", "ha", "ha closed", "cdb closed", "operational state"]
    with pytest.raises(error.Error):
        look([HA_SOCKET])


@pytest.mark.parametrize(
    "failure",
    [error.Timeout("slow"), error.EOF(), error.Error(error.ERR_OS, "connecting", "refused")],
)
@pytest.mark.parametrize("ways", [EITHER, EITHER[::-1]], ids=["first", "last"])
def test_a_node_that_does_not_answer_is_not_asked_twice(
    node: Node, failure: error.Failure, ways: Sequence[str]
) -> None:
    node.told = [failure]
    node.state = failure
    with pytest.raises(error.Failure) as caught:
        look(ways)
    assert caught.value is failure
    assert ("operational state" in node.asked) is not ("ha" in node.asked)


# What does not tell


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (NOTHING, "does not tell the role of the node. This release may not have it"),
        (
            NOTHING._replace(failure=error.refusal(3, "not you")),
            "does not tell the role of the node: ACCESS_DENIED (3): ",
        ),
        (NOTHING._replace(facts=Facts(ha_enabled=False)), "as HA is not enabled in its ncs.conf"),
    ],
)
def test_what_is_not_told_is_named_with_endpoint_reason_and_next_step(
    node: Node, told: OperationalState, words: str
) -> None:
    node.told = [told]
    with pytest.raises(Unanswered) as caught:
        look([OPERATIONAL_STATE])
    assert words in caught.value.message
    assert "192.0.2.1:4569" in caught.value.message
    assert caught.value.result["unanswered"] is True
    assert ("error" in caught.value.result) is (told.failure is not None)
    assert "ha" not in caught.value.result
    step = "ncs-config/ha/enabled" if told.facts.ha_enabled is False else "nso_ha_look"
    assert step in caught.value.message
    assert node.asked == ["operational state"]


def test_secondaries_that_are_not_told_are_null_unless_they_are_what_is_asked_for(
    node: Node,
) -> None:
    node.told = [PRIMARY._replace(secondaries=None)]
    status = look([OPERATIONAL_STATE])
    assert status.as_result()["secondaries"] is None
    with pytest.raises(Unanswered, match="does not tell the secondaries of the node"):
        look([OPERATIONAL_STATE], needed=[ITS_SECONDARIES])
    assert look(EITHER, needed=[ITS_SECONDARIES]).look == HA_SOCKET


@pytest.mark.parametrize("role", ["secondary", "relay"])
def test_a_primary_that_a_follower_does_not_tell_is_null_unless_it_is_asked_for_or_can_be_found(
    node: Node, role: str
) -> None:
    node.told = [PRIMARY._replace(role=role, primary_id=None)]
    status = look([OPERATIONAL_STATE]).as_result()
    assert (status["role"], status["primary"]) == (role, None)
    with pytest.raises(Unanswered, match="does not tell the primary of the node"):
        look([OPERATIONAL_STATE], needed=[ITS_PRIMARY])
    assert look(EITHER).look == HA_SOCKET


@pytest.mark.parametrize("role", ["none", "secondary"])
def test_a_node_that_can_have_no_secondaries_has_none(node: Node, role: str) -> None:
    node.told = [PRIMARY._replace(role=role, secondaries=None)]
    assert look([OPERATIONAL_STATE], needed=[ITS_SECONDARIES]).state.secondaries == ()


def test_a_follower_has_its_primary_by_its_id_alone(node: Node) -> None:
    node.told = [PRIMARY._replace(role="secondary", secondaries=())]
    result = look([OPERATIONAL_STATE]).as_result()
    assert result["primary"] == {"node_id": "n1", "address": None}
    node.told = [PRIMARY]
    assert look([OPERATIONAL_STATE]).as_result()["primary"] is None


# When the HA socket's turn comes


def test_without_a_token_it_is_not_used_and_the_message_says_why_it_was_needed(node: Node) -> None:
    node.told = [NOTHING]
    with pytest.raises(ModuleFailure) as caught:
        look(EITHER, token="")
    assert "does not tell the role of the node" in caught.value.message
    assert "needs the token of the cluster" in caught.value.message
    assert node.asked == ["operational state"]


def test_who_forbids_it_is_asked_only_then(node: Node) -> None:
    def guard() -> None:
        raise ModuleFailure("locked", {"locked": True})

    assert look(EITHER, guard=guard).look == OPERATIONAL_STATE
    node.told = [NOTHING]
    with pytest.raises(ModuleFailure, match="locked"):
        look(EITHER, guard=guard)
    with pytest.raises(ModuleFailure, match="locked"):
        look([HA_SOCKET], guard=guard)
    assert "cdb" not in node.asked


# Reading again and again


def test_the_ha_socket_is_kept_and_opened_anew_after_a_failure(node: Node) -> None:
    found = reader([HA_SOCKET])
    found.read(30)
    found.read(2)
    once = ["cdb", "ha", "beside, 3 s", "beside, 2 s"]
    assert node.asked == once
    node.state = error.EOF()
    with pytest.raises(error.EOF):
        found.read(30)
    node.state = OVER_HA
    assert found.read(30).state == OVER_HA
    assert node.asked == [*once, "ha closed", "cdb closed", "cdb", "ha", "beside, 3 s"]
    found.close()


def test_no_ha_socket_is_taken_where_cdb_cannot_be_reached(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_target: Target) -> None:
        raise error.EOF()

    monkeypatch.setattr(node_status, "cdb_connection", fail)
    with pytest.raises(error.EOF):
        look([HA_SOCKET])
    assert node.asked == []


# What is returned


def test_a_status_is_returned_as_plain_data_with_the_same_keys_always(node: Node) -> None:
    whole = look([OPERATIONAL_STATE]).as_result()
    assert whole == {
        "role": "primary",
        "state": 3,
        "primary": None,
        "secondaries": [{"node_id": "n2", "address": None}],
        "look": "operational_state",
        "node_id": "n1",
        "phase": 2,
        "upgrade": False,
        "txid": {"primary_id": "n1", "timestamp": [1732, 356000, 123456]},
        "read_only": False,
        "admin_read_only": False,
        "daemon_status": "started",
        "nso_version": "6.6",
        "ha_enabled": True,
        "rule_based_ha": False,
        "raft": False,
        "server": {"protocol_version": 86, "library_version": "8.6.8.0"},
    }
    bare = look([HA_SOCKET]).as_result()
    assert set(bare) == set(whole)
    assert [bare[key] for key in ("node_id", "read_only", "raft")] == [None] * 3
