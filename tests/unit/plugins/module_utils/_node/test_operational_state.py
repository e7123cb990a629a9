# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of a daemon's words, and of its silence. Simulated nodes have tests of their own."""

from __future__ import annotations

import contextlib
import socket
from types import SimpleNamespace
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node import operational_state
from ansible_collections.nso.ha.plugins.module_utils._node.cdb_socket import Database
from ansible_collections.nso.ha.plugins.module_utils._node.connection import Target
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import TcpEndpoint
from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.module_utils._node.operational_state import (
    OperationalState,
)
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, ipc, maapi

HA = "/ncs-state/ha"
OLD_HA = "/ncs-state/tfnm2:ha"
LIST = f"{HA}/connected-secondary"
BADPATH = error.refusal(error.ERR_BADPATH, "bad path")
XPATH = error.refusal(error.ERR_XPATH, "unknown prefix")

#: What a daemon of a new release says, by expression and path; nothing to any other question.
PRIMARY: dict[str, object] = {
    "/ncs-state/version": "6.7.1",
    "/ncs-state/daemon-status": "started",
    "/ncs-state/read-only-mode": "false",
    "/ncs-state/admin-configured-read-only-mode": "false",
    f"{HA}/mode": "primary",
    f"{HA}/node-id": "n1",
    f"{HA}/primary-node-id": "n1",
    f"count({LIST})": "2",
    f"string({LIST}[1])": "n2",
    f"string({LIST}[2])": "n3",
    "exists /ncs:high-availability/enabled": False,
    "exists /ha-raft/status/role": False,
}

Look = Callable[..., OperationalState]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    """Return a function that reads the state of a daemon which says these things.

    An exception among them is raised. A path that it does not know is in no model of its.
    """
    versions = ipc.Versions(87, 0x08070200)

    class Cdb:
        def read(self) -> Database:
            return Database(2, None)

    @contextlib.contextmanager
    def connected(_target: object, client: ipc.Client) -> Iterator[tuple[Any, ipc.Versions]]:
        assert client is ipc.Client.MAAPI
        yield SimpleNamespace(settimeout=lambda _seconds: None), versions

    def read(says: dict[str, object]) -> OperationalState:
        def answer(question: str, otherwise: object) -> object:
            value = says.get(question, otherwise)
            if isinstance(value, error.Failure):
                raise value
            return value

        def start_trans(_sock: socket.socket, name: int, readwrite: int) -> object:
            assert (name, readwrite) == (maapi.OPERATIONAL, maapi.READ)
            return answer("start_trans", 7)

        def evaluate(_sock: socket.socket, thandle: int, expression: str) -> object:
            assert thandle == 7
            return answer(expression, "")

        def exists(_sock: socket.socket, thandle: int, path: str) -> object:
            assert thandle == 7
            return answer(f"exists {path}", BADPATH)

        def start_session(_sock: socket.socket, _user: str, context: str, *_rest: object) -> None:
            assert context == "system"
            answer("start_user_session", None)

        monkeypatch.setattr(maapi, "start_user_session", start_session)
        monkeypatch.setattr(maapi, "start_trans", start_trans)
        monkeypatch.setattr(maapi, "xpath_eval_expr", evaluate)
        monkeypatch.setattr(maapi, "exists", exists)
        target = Target(TcpEndpoint("192.0.2.1", 4569), "", None, 1.0)
        return operational_state.read_operational_state(target)

    monkeypatch.setattr(operational_state, "connected", connected)
    monkeypatch.setattr(
        operational_state, "cdb_connection", lambda _target: contextlib.nullcontext(Cdb())
    )
    return read


ADMIN, OVERALL = "/ncs-state/admin-configured-read-only-mode", "/ncs-state/read-only-mode"


@pytest.mark.parametrize(
    ("says", "mode"),
    [
        ({ADMIN: "true", OVERALL: "true"}, True),
        # A secondary refuses writes anyway.
        ({ADMIN: "false", OVERALL: "true"}, False),
        ({OVERALL: "false"}, False),
        ({OVERALL: "true", f"{OLD_HA}/mode": "primary"}, True),
        ({OVERALL: "true", f"{HA}/mode": "secondary"}, None),
        ({OVERALL: "true", f"{HA}/mode": "none"}, None),
        ({OVERALL: "true"}, None),
        ({}, None),
        ({"start_user_session": BADPATH, ADMIN: "true"}, None),
    ],
)
def test_the_mode_of_an_administrator_is_told_or_not_known(
    look: Look, says: dict[str, object], mode: bool | None
) -> None:
    target = Target(TcpEndpoint("192.0.2.1", 4569), "", None, 1.0)
    look(says)
    assert operational_state.read_admin_mode(target, 5.0) is mode


WHOLE = OperationalState(
    versions=ipc.Versions(87, 0x08070200),
    database=Database(2, None),
    role="primary",
    primary_id="n1",
    secondaries=("n2", "n3"),
    facts=Facts(
        node_id="n1",
        read_only=False,
        admin_read_only=False,
        daemon_status="started",
        nso_version="6.7.1",
        ha_enabled=True,
        rule_based_ha=False,
        raft=False,
    ),
)
NOTHING = OperationalState(WHOLE.versions, WHOLE.database)


def but(state: OperationalState, **changed: Any) -> OperationalState:
    """Return the state with some of what is told changed."""
    facts = {name: changed.pop(name) for name in Facts._fields if name in changed}
    return state._replace(facts=state.facts._replace(**facts), **changed)


def test_what_a_daemon_says_is_the_state(look: Look) -> None:
    assert look(PRIMARY) == WHOLE
    assert look({}) == NOTHING


@pytest.mark.parametrize(
    ("mode", "role"),
    [
        ("none", "none"),
        ("primary", "primary"),
        ("secondary", "secondary"),
        ("relay-secondary", "relay"),
        ("master", "primary"),
        ("slave", "secondary"),
        ("relay-slave", "relay"),
        ("normal", None),
        ("Primary", None),
        ("3", None),
    ],
)
def test_the_role_has_old_and_new_names_and_any_other_is_not_known(
    look: Look, mode: str, role: str | None
) -> None:
    state = look({**PRIMARY, f"{HA}/mode": mode})
    assert state.role == role
    assert state.facts.ha_enabled is (None if role is None else True)
    assert state.secondaries == ("n2", "n3")


def test_the_old_path_is_where_all_of_the_ha_state_is_then(look: Look) -> None:
    old = {key.replace(HA, OLD_HA): value for key, value in PRIMARY.items()}
    assert look(old) == WHOLE
    # A new path that is refused, not empty, is no reason to stop.
    assert look({**old, f"{HA}/mode": XPATH}) == WHOLE


# Secondaries.


@pytest.mark.parametrize("count", ["", "-1", "2.0", "NaN", "256", "1e3", " 2", "\u0662"])
def test_a_count_that_is_none_leaves_the_secondaries_not_known(look: Look, count: str) -> None:
    assert look({**PRIMARY, f"count({LIST})": count}).secondaries is None


@pytest.mark.parametrize(
    "changed",
    [
        {f"string({LIST}[2])": ""},
        {f"string({LIST}[2])": "n2"},
        {f"string({LIST}[1])": XPATH},
        {f"string({LIST}[1])": "x" * 256},
        {f"count({LIST})": XPATH},
    ],
)
def test_a_list_that_changes_while_it_is_read_is_not_known(
    look: Look, changed: dict[str, object]
) -> None:
    assert look({**PRIMARY, **changed}).secondaries is None


def test_the_most_secondaries_that_there_can_be_are_read(look: Look) -> None:
    many = {f"string({LIST}[{number}])": f"s{number}" for number in range(1, 256)}
    state = look({**PRIMARY, **many, f"count({LIST})": "255"})
    assert state.secondaries == tuple(many.values())


@pytest.mark.parametrize(("answer", "known"), [(False, ()), (True, None), (BADPATH, None)])
def test_no_secondary_is_told_from_a_release_that_does_not_list_them(
    look: Look, answer: object, known: object
) -> None:
    asked = "exists /tfnm:ncs-state/ha/connected-secondary"
    assert look({**PRIMARY, f"count({LIST})": "0", asked: answer}).secondaries == known


# Whether HA is on, and whose.


@pytest.mark.parametrize(
    ("new", "old", "enabled"),
    [
        (True, BADPATH, True),
        (BADPATH, True, True),
        (True, False, True),
        (False, BADPATH, False),
        (BADPATH, False, False),
        (False, False, False),
        (BADPATH, BADPATH, None),
    ],
)
def test_ha_is_off_only_where_the_daemon_knows_its_state_and_has_none(
    look: Look, new: object, old: object, enabled: bool | None
) -> None:
    says = {"exists /tfnm:ncs-state/ha": new, "exists /tfnm:ncs-state/tfnm2:ha": old}
    modes = {f"{path}/mode": answer for path, answer in says.items()}
    assert look({**says, **modes}).facts.ha_enabled is enabled
    # In a release that does not tell its mode, an empty container may not be there.
    assert look(says).facts.ha_enabled is (enabled or None)


@pytest.mark.parametrize(
    ("there", "value", "enabled"),
    [
        (False, "", False),
        (BADPATH, "", None),
        (True, "", True),
        (True, "true", True),
        (True, "false", False),
        (True, "maybe", None),
        (True, XPATH, None),
    ],
)
def test_rule_based_ha_is_a_leaf_that_is_there_or_says_so(
    look: Look, there: object, value: object, enabled: bool | None
) -> None:
    says = {
        "exists /ncs:high-availability/enabled": there,
        "/high-availability/enabled": value,
    }
    assert look(says).facts.rule_based_ha is enabled


@pytest.mark.parametrize(
    ("role", "there", "enabled"),
    [
        ("leader", True, True),
        ("follower", BADPATH, True),
        ("candidate", True, True),
        ("stalled", True, True),
        ("disabled", True, None),
        ("", False, False),
        ("", True, None),
        ("", BADPATH, None),
        (XPATH, False, False),
    ],
)
def test_raft_is_at_work_where_the_node_has_a_role_in_it(
    look: Look, role: object, there: object, enabled: bool | None
) -> None:
    says = {"/ha-raft/status/role": role, "exists /ha-raft/status/role": there}
    assert look(says).facts.raft is enabled


# Words of other kinds, and no words.


@pytest.mark.parametrize(
    ("question", "field", "value"),
    [
        ("/ncs-state/read-only-mode", "read_only", "0"),
        ("/ncs-state/read-only-mode", "read_only", "True"),
        ("/ncs-state/admin-configured-read-only-mode", "admin_read_only", "no"),
        ("/ncs-state/daemon-status", "daemon_status", "phase3"),
        ("/ncs-state/version", "nso_version", "6" * 256),
        (f"{HA}/node-id", "node_id", "n" * 256),
        (f"{HA}/primary-node-id", "primary_id", ""),
    ],
)
def test_a_word_that_cannot_be_is_not_known(
    look: Look, question: str, field: str, value: str
) -> None:
    changed: dict[str, Any] = {field: None}
    assert look({**PRIMARY, question: value}) == but(WHOLE, **changed)


def test_a_question_that_is_refused_leaves_the_others_alone(look: Look) -> None:
    state = look({**PRIMARY, "/ncs-state/version": XPATH})
    assert state == but(WHOLE, nso_version=None)


@pytest.mark.parametrize("step", ["start_user_session", "start_trans"])
@pytest.mark.parametrize("failure", [error.refusal(17, "start phase"), error.EOF("closed")])
def test_without_a_session_nothing_is_known_and_the_reason_is_told(
    look: Look, step: str, failure: error.Failure
) -> None:
    assert look({**PRIMARY, step: failure}) == NOTHING._replace(failure=failure)


def test_after_a_break_what_was_told_is_known_and_the_rest_is_not(look: Look) -> None:
    eof = error.EOF()
    state = look({**PRIMARY, "/ncs-state/daemon-status": eof})
    assert state == but(
        WHOLE,
        daemon_status=None,
        nso_version=None,
        rule_based_ha=None,
        raft=None,
        failure=eof,
    )
    assert state.unanswered == "EOF (45): the daemon closed the connection"


@pytest.mark.parametrize("question", ["start_trans", f"{HA}/node-id", f"count({LIST})"])
def test_a_time_limit_that_passes_is_a_failure(look: Look, question: str) -> None:
    with pytest.raises(error.Timeout):
        look({**PRIMARY, question: error.Timeout("no complete reply within 1 s")})
