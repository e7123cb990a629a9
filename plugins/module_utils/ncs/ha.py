# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Orders to a node's HA framework: every function and constant of the vendor's ``_ncs.ha``.

Names, signatures and values are those of the vendor's module, deprecated ones included, so that
one can stand in for the other. Source: docs/protocol.md, "HA socket".

Connecting an HA socket makes the daemon close the HA socket of any other controller, and take the
new token in place of the old. Every function takes the time limit from the socket's own timeout.
All raise error.Error or error.EOF; `outcome_unknown` on the exception says that the order had been
sent when things went wrong, so the daemon may have carried it out.
"""

from __future__ import annotations

import socket

from . import error, frames, ipc, nodes, terms
from .ha_status import (
    STATE_MASTER,
    STATE_NONE,
    STATE_PRIMARY,
    STATE_SECONDARY,
    STATE_SECONDARY_RELAY,
    STATE_SLAVE,
    STATE_SLAVE_RELAY,
    STATES,
    Node,
)

__all__ = (
    "STATE_MASTER",
    "STATE_NONE",
    "STATE_PRIMARY",
    "STATE_SECONDARY",
    "STATE_SECONDARY_RELAY",
    "STATE_SLAVE",
    "STATE_SLAVE_RELAY",
    "bemaster",
    "benone",
    "beprimary",
    "berelay",
    "besecondary",
    "beslave",
    "connect",
    "secondary_dead",
    "send_token",
    "slave_dead",
    "status",
)

#: Most nodes that a status is believed to list.
MAX_NODES = 1000
#: Time for a synchronous besecondary on a socket that has no timeout of its own, in seconds.
FIRST_COPY_TIMEOUT = 300.0

_BEPRIMARY = 1
_BESECONDARY = 2
_BENONE = 3
_STATUS = 4
_SECONDARY_DEAD = 5
_BERELAY = 6


def connect(
    sock: socket.socket,
    token: str,
    ip: str | None = None,
    port: int = 0,
    pstr: str | None = None,
) -> None:
    """Connect `sock` and hand over the cluster's token: ip and port, or pstr for AF_UNIX.

    A wrong token is not refused here; it shows when a secondary next has to prove it.
    """
    ipc.connect_as_vendor(sock, ipc.Client.HA, ip, port, pstr)
    send_token(sock, token)


def send_token(sock: socket.socket, token: str) -> None:
    """Hand over the token on an HA socket that is connected. There is no answer to it."""
    # Bytes that are not UTF-8 reach Python as surrogates; the token is raw bytes to the daemon.
    try:
        secret = token.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # That exception holds the token, so nothing of it goes on.
        raise error.Error(error.ERR_PROTOUSAGE, "the token is not valid UTF-8") from None
    with frames.deadline(sock) as limit:
        frames.send_frame(sock, secret, limit)


def beprimary(sock: socket.socket, mynodeid: str) -> None:
    """Order the node to be primary under the node id `mynodeid`."""
    _order(sock, (_BEPRIMARY, nodes.binary(mynodeid)))


def besecondary(
    sock: socket.socket, mynodeid: str, primary_id: str, primary_ip: str, waitreply: bool
) -> None:
    """Order the node to copy another. **Its own data is overwritten**, unless equal.

    With `waitreply` this returns when the data is in place; without, at once, and nothing is known
    yet.
    """
    primary = (nodes.binary(primary_id), nodes.encode_address(primary_ip))
    term: terms.Term = (_BESECONDARY, nodes.binary(mynodeid), primary, 1 if waitreply else 0)
    if waitreply:
        _order(sock, term, FIRST_COPY_TIMEOUT)
        return
    # The daemon answers nothing at all to this form.
    with frames.deadline(sock) as limit:
        frames.send_frame(sock, terms.encode(term), limit)


def benone(sock: socket.socket) -> None:
    """Order the node to leave the cluster. It is writable then, on its own."""
    _order(sock, (_BENONE,))


def berelay(sock: socket.socket) -> None:
    """Order a node that is secondary to let others copy from it."""
    _order(sock, (_BERELAY,))


def secondary_dead(sock: socket.socket, nodeid: str) -> None:
    """Tell a primary or relay that the secondary `nodeid` is dead."""
    _order(sock, (_SECONDARY_DEAD, nodes.binary(nodeid)))


def status(sock: socket.socket) -> tuple[int, list[Node]]:
    """Return the state, one of STATE_*, and the nodes that go with it.

    A primary lists its connected secondaries, a secondary its primary, a relay its primary first
    and then its own secondaries. A node does not tell its own node id.
    """
    answer = _exchange(sock, (_STATUS,), frames.DEFAULT_TIMEOUT)
    with frames.answering():
        return _read_status(answer)


bemaster = beprimary
beslave = besecondary
slave_dead = secondary_dead


def _order(
    sock: socket.socket, term: terms.Term, default_timeout: float = frames.DEFAULT_TIMEOUT
) -> None:
    answer = _exchange(sock, term, default_timeout)
    if answer != "ok":
        with frames.answering():
            raise frames.unexpected(f"neither ok nor an error but {frames.brief(answer)}")


def _exchange(sock: socket.socket, term: terms.Term, default_timeout: float) -> terms.Term:
    """Send one order and return its answer; raises error.Error where that is a refusal."""
    with frames.deadline(sock, default_timeout) as limit:
        frames.send_frame(sock, terms.encode(term), limit)
        with frames.answering():
            answer = frames.receive_term(sock, limit)
            if not (isinstance(answer, tuple) and answer and answer[0] == "error"):
                return answer
            refusal = _read_refusal(answer[1:])
    raise refusal


def _read_refusal(parts: tuple[terms.Term, ...]) -> error.Error:
    """{error, Code}, {error, Code, Reason} or {error, Code, {Reason, Tag}}; all of them are read.

    Source: docs/protocol.md, "HA socket".
    """
    code = parts[0] if parts else None
    reason = frames.reason_of(parts[1]) if len(parts) == 2 else ""
    if len(parts) not in (1, 2) or not isinstance(code, int) or reason is None:
        raise frames.unexpected(f"a refusal of the form {frames.brief(parts)}")
    return error.refusal(code, reason)


def _read_status(answer: terms.Term) -> tuple[int, list[Node]]:
    state, listed = answer if isinstance(answer, tuple) and len(answer) == 2 else (None, None)
    if not isinstance(listed, list):
        raise frames.unexpected(f"a status of the form {frames.brief(answer)}")
    if not isinstance(state, int) or state not in STATES:
        raise frames.unexpected(f"the state {frames.brief(state)}, which is not known")
    if len(listed) > MAX_NODES:
        raise frames.unexpected(f"{len(listed)} nodes, more than the limit of {MAX_NODES}")
    return state, [nodes.decode_node(node) for node in listed]
