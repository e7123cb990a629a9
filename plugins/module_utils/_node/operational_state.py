# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a node tells of itself without its HA socket: its operational state, over MAAPI and CDB.

This takes nothing from any HA controller, and needs no token. What exists in which release is in
docs/protocol.md, "Reading state without the HA socket". No real daemon has been asked in this way,
so a question that is refused, or answered with nothing, leaves None: not known. Absence is said
only where the daemon says that it has the leaf in its data model and that it is not there.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Callable, NamedTuple, TypeVar

from ..ncs import error, frames, ipc, maapi
from .cdb_socket import Database, cdb_connection
from .connection import Target, connected
from .facts import NO_FACTS, Facts
from .state import NONE, PRIMARY, RELAY, SECONDARY, admin_mode

T = TypeVar("T")

#: The daemon's own words for its status.
DAEMON_STATUSES = ("starting", "phase0", "phase1", "started", "stopping")

#: Most secondaries that are read, as many as the vendor's API has room for.
MAX_SECONDARIES = 255
#: The two leaves that tell of read-only mode: of the overall state, and of the administrator's.
_READ_ONLY = "/ncs-state/read-only-mode"
_ADMIN_READ_ONLY = "/ncs-state/admin-configured-read-only-mode"
#: Longest text that is believed to be a node id or a version, in characters.
MAX_TEXT = 255

#: The session's user. In the context "system" it needs no rights, so which one it is says nothing.
USER = "admin"
_CONTEXT = "system"
_SOURCE = "127.0.0.1"

_ROLES = {
    "none": NONE,
    "primary": PRIMARY,
    "secondary": SECONDARY,
    "relay-secondary": RELAY,
    # The names of releases before the terms changed.
    "master": PRIMARY,
    "slave": SECONDARY,
    "relay-slave": RELAY,
}
_COUNTS = [str(count) for count in range(1, MAX_SECONDARIES + 1)]
#: Roles of a node that takes part in HA Raft, or waits for it. "disabled" is not among them: it is
#: not said whether a node shows it that has Raft off.
_RAFT_ROLES = ("leader", "follower", "candidate", "stalled")


class _Container(NamedTuple):
    """Where a release has its HA state: in an XPath expression, and as a path."""

    xpath: str
    path: str


# [assumed] docs/protocol.md, "Reading state without the HA socket": the names of the leaves beside
# the mode. Where a release has others, ids and secondaries are not known.
_CONTAINERS = (
    _Container("/ncs-state/ha", "/tfnm:ncs-state/ha"),
    # Up to NSO 6.6.5.
    _Container("/ncs-state/tfnm2:ha", "/tfnm:ncs-state/tfnm2:ha"),
)


class OperationalState(NamedTuple):
    """What a node tells of itself without its HA socket. None stands for what is not known.

    versions:    what the daemon said in the handshake
    role:        one of state.ROLES
    primary_id:  the id of its primary
    secondaries: ids of the connected secondaries
    facts:       what else it tells
    failure:     why nothing more was told, where the daemon broke off or refused a session
    """

    versions: ipc.Versions
    database: Database
    role: str | None = None
    primary_id: str | None = None
    secondaries: tuple[str, ...] | None = None
    facts: Facts = NO_FACTS
    failure: error.Failure | None = None

    @property
    def unanswered(self) -> str:
        """Why nothing more was told, in words, or nothing."""
        return str(self.failure) if self.failure else ""


def read_operational_state(target: Target) -> OperationalState:
    """Read the operational state of a node, each answer within the target's timeout.

    A MAAPI socket that breaks off, or answers otherwise than expected, leaves the rest not known.
    Raises error.Failure where the node cannot be reached, is too slow, or CDB does not answer.
    """
    with cdb_connection(target) as cdb, connected(target, ipc.Client.MAAPI) as (sock, versions):
        # CDB last: its answer is about a daemon that has not stopped in between.
        return _read(_Questions(sock), versions, cdb.read)


def read_beside(
    target: Target, versions: ipc.Versions, database: Database, seconds: float
) -> OperationalState:
    """Return what MAAPI tells within `seconds` altogether, beside what is known already.

    Never fails: of a daemon that is too slow or cannot be asked, nothing more is known.
    """
    try:
        hasty = target._replace(timeout=seconds)
        limit = frames.Deadline(seconds)
        with connected(hasty, ipc.Client.MAAPI) as (sock, _versions):
            return _read(_Questions(sock, limit), versions, lambda: database)
    except error.Failure as failure:
        return OperationalState(versions, database, failure=failure)


def _read(
    questions: _Questions, versions: ipc.Versions, read_database: Callable[[], Database]
) -> OperationalState:
    container, role = _role(questions)
    return OperationalState(
        versions=versions,
        role=role,
        primary_id=_short(questions.text(f"{container.xpath}/primary-node-id")),
        secondaries=_secondaries(questions, container),
        facts=Facts(
            node_id=_short(questions.text(f"{container.xpath}/node-id")),
            read_only=_boolean(questions.text(_READ_ONLY)),
            admin_read_only=_boolean(questions.text(_ADMIN_READ_ONLY)),
            daemon_status=_known(questions.text("/ncs-state/daemon-status"), DAEMON_STATUSES),
            nso_version=_short(questions.text("/ncs-state/version")),
            ha_enabled=_ha_enabled(questions, role),
            rule_based_ha=_rule_based_ha(questions),
            raft=_raft(questions),
        ),
        failure=questions.failure,
        database=read_database(),
    )


class Service(NamedTuple):
    """What tells whether clients can write to a node. None stands for what is not known.

    role:            one of state.ROLES
    read_only:       whether it refuses writes, for whatever reason
    admin_read_only: whether it does because an administrator, or an operation, said so
    daemon_status:   one of DAEMON_STATUSES
    secondaries:     ids of the connected secondaries, if they were asked for
    failure:         why nothing more was told
    """

    role: str | None = None
    read_only: bool | None = None
    admin_read_only: bool | None = None
    daemon_status: str | None = None
    secondaries: tuple[str, ...] | None = None
    failure: error.Failure | None = None


def read_service(target: Target, user: str, *, with_secondaries: bool) -> Service:
    """Read what tells whether clients can write to a node, within the target's timeout altogether.

    Raises error.Failure where the node cannot be reached or is too slow.
    """
    limit = frames.Deadline(target.timeout)
    with connected(target, ipc.Client.MAAPI) as (sock, _versions):
        questions = _Questions(sock, limit, user)
        daemon_status = _known(questions.text("/ncs-state/daemon-status"), DAEMON_STATUSES)
        read_only = _boolean(questions.text(_READ_ONLY))
        admin_read_only = _boolean(questions.text(_ADMIN_READ_ONLY))
        container, role = _role(questions)
        return Service(
            role=role,
            read_only=read_only,
            admin_read_only=admin_read_only,
            daemon_status=daemon_status,
            secondaries=_secondaries(questions, container) if with_secondaries else None,
            failure=questions.failure,
        )


def read_admin_mode(target: Target, seconds: float) -> bool | None:
    """Return whether a node is in the administrator's read-only mode, None where it is not told.

    Never fails: of a daemon that is too slow for `seconds` altogether, it is not known.
    """
    hasty = target._replace(timeout=seconds)
    limit = frames.Deadline(seconds)
    with contextlib.suppress(error.Failure), connected(hasty, ipc.Client.MAAPI) as (
        sock,
        _versions,
    ):
        questions = _Questions(sock, limit)
        told = _boolean(questions.text(_ADMIN_READ_ONLY))
        if told is not None:
            return told
        refuses_writes = _boolean(questions.text(_READ_ONLY))
        role = _role(questions)[1] if refuses_writes else None
        return admin_mode(told, refuses_writes, role)
    return None


class _Questions:
    """Questions on a MAAPI socket, in a session and a transaction of their own.

    Both end with the connection, so nothing else ends them.

    limit:   when all of them have to be answered, or None where only the socket's timeout counts
    failure: why no question is answered, from the time when that is so
    """

    def __init__(
        self, sock: socket.socket, limit: frames.Deadline | None = None, user: str = USER
    ) -> None:
        self._sock = sock
        self._limit = limit
        self._thandle = 0
        self.failure: error.Failure | None = None
        try:
            maapi.start_user_session(sock, user, _CONTEXT, [], _SOURCE)
            self._thandle = maapi.start_trans(sock, maapi.OPERATIONAL, maapi.READ)
        except error.Timeout:
            raise
        except error.Failure as failure:
            self.failure = failure

    def text(self, expression: str) -> str | None:
        """Return the text of an XPath expression, empty where no node matches it."""
        return self._ask(lambda: maapi.xpath_eval_expr(self._sock, self._thandle, expression))

    def exists(self, path: str) -> bool | None:
        """Return whether a node of the data model exists; None where the model has none such."""
        return self._ask(lambda: maapi.exists(self._sock, self._thandle, path))

    def _ask(self, question: Callable[[], T]) -> T | None:
        if self.failure:
            return None
        if self._limit:
            self._sock.settimeout(self._limit.remaining())
        try:
            return question()
        except error.Timeout:
            raise
        except error.Failure as failure:
            if not failure.refused:
                # The stream is at an unknown place now, or at its end.
                self.failure = failure
            return None


def _role(questions: _Questions) -> tuple[_Container, str | None]:
    """Return the role, and the container that has it; the newer one where none has."""
    for container in _CONTAINERS:
        mode = questions.text(f"{container.xpath}/mode")
        if mode:
            return container, _ROLES.get(mode)
    return _CONTAINERS[0], None


def _secondaries(questions: _Questions, container: _Container) -> tuple[str, ...] | None:
    """Return the ids of a leaf-list, one by one, as XPath has no text for a list."""
    leaf_list = f"{container.xpath}/connected-secondary"
    count = questions.text(f"count({leaf_list})")
    if count == "0":
        # Either the list is empty or the release has none.
        answer = questions.exists(f"{container.path}/connected-secondary")
        return () if answer is False else None
    if count not in _COUNTS:
        return None
    ids = [_short(questions.text(f"string({leaf_list}[{i}])")) for i in range(1, int(count) + 1)]
    told = tuple(node_id for node_id in ids if node_id is not None)
    # The list can change between two questions. Then one id is missing, or comes twice.
    return told if len(set(told)) == len(ids) else None


def _ha_enabled(questions: _Questions, role: str | None) -> bool | None:
    if role is not None:
        return True
    if any(questions.exists(container.path) for container in _CONTAINERS):
        return True
    # A container without a leaf may not be there either. So that HA is off is said by the mode.
    modes = [questions.exists(f"{container.path}/mode") for container in _CONTAINERS]
    return False if False in modes else None


def _rule_based_ha(questions: _Questions) -> bool | None:
    exists = questions.exists("/ncs:high-availability/enabled")
    if not exists:
        return exists
    value = questions.text("/high-availability/enabled")
    # A leaf that is there without a value says by that that it is so.
    return True if value == "" else _boolean(value)


def _raft(questions: _Questions) -> bool | None:
    role = questions.text("/ha-raft/status/role")
    if role:
        return True if role in _RAFT_ROLES else None
    # A role that is not there is that of a node without Raft, if its data model has the leaf.
    return False if questions.exists("/ha-raft/status/role") is False else None


def _boolean(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get(text or "")


def _known(text: str | None, words: tuple[str, ...]) -> str | None:
    return text if text in words else None


def _short(text: str | None) -> str | None:
    """Return a text that is neither empty nor longer than what can be meant."""
    return text if text and len(text) <= MAX_TEXT else None
