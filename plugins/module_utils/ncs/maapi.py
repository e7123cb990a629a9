# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The few MAAPI calls that HA needs, with the names and signatures of the vendor's ``_ncs.maapi``.

Source: docs/protocol.md, "MAAPI socket" and "Reading state without the HA socket". Safe to use
beside any HA controller. Read-only mode and start phases need no user session; a transaction does.

The two vendor clients write the requests of a session in different forms. This client sends those
of the Erlang client, which are the same for every release of the daemon and need no schema. The
Java client changes its forms with the daemon's version, and has to load a schema to name what it
reads.
Source: docs/protocol.md, "Reading state without the HA socket".
"""

from __future__ import annotations

import contextlib
import socket
from typing import Callable, List, Sequence, Tuple, Union

from . import error, frames, ipc, keypath, nodes, terms

#: A value in the data tree. A binary is a str here; an enumeration is a tuple of 28 and a number.
Value = Union[bool, int, str, List["Value"], Tuple["Value", ...]]

#: Data stores, and what a transaction may do; the numbers of the vendor's module ``_ncs``.
RUNNING = 2
OPERATIONAL = 4
READ = 1
PROTO_TCP = 1

#: The name under which this client appears in the daemon's list of transactions.
CLIENT_NAME = "ncs_ha"
#: Most lines of trace that are read before the result of an XPath expression.
MAX_TRACE_LINES = 10_000

_START_USER_SESSION = 100
_END_USER_SESSION = 101
_START_TRANS = 140
_FINISH_TRANS = 142
_EXISTS = 164
_GET_ELEM = 166
_SET_READONLY_MODE = 229
_XPATH_EVAL_EXPR = 247
_START_PHASE = 401
_WAIT_START = 402

_UNDEFINED = terms.Atom("undefined")
# A handle goes back to the daemon as 4 bytes.
_MAX_HANDLE = 2**32 - 1

#: Time for a start phase to be reached on a socket that has no timeout of its own, in seconds.
START_TIMEOUT = 300.0


def connect(
    sock: socket.socket, ip: str | None = None, port: int = 0, path: str | None = None
) -> None:
    """Connect `sock`: ip and port, or path for AF_UNIX."""
    ipc.connect_as_vendor(sock, ipc.Client.MAAPI, ip, port, path)


def set_readonly_mode(sock: socket.socket, flag: bool) -> None:
    """Set or lift the administrator's read-only mode. It is lost when the daemon restarts."""
    frames.request(sock, _SET_READONLY_MODE, 1 if flag else 0)


def start_phase(sock: socket.socket, phase: int, synchronous: bool) -> None:
    """Let the daemon enter start phase 1 or 2; `synchronous` waits until it has."""
    frames.request(sock, _START_PHASE, (phase, 1 if synchronous else 0), START_TIMEOUT)


def wait_start(sock: socket.socket, phase: int = 2) -> None:
    """Wait until the daemon has reached start phase 0, 1 or 2."""
    frames.request(sock, _WAIT_START, phase, START_TIMEOUT)


def start_user_session(
    sock: socket.socket,
    username: str,
    context: str,
    groups: Sequence[str],
    src_addr: str,
    prot: int = PROTO_TCP,
) -> None:
    """Start a user session, which ends with the connection.

    In the context "system" the daemon authorizes nothing, writes no audit log, and accepts a
    session in start phase 0 already.
    """
    source = (nodes.encode_address(src_addr), 0)
    session: list[terms.Term] = [nodes.binary(username), source, terms.Atom(context), prot, 1]
    frames.request(sock, _START_USER_SESSION, [*session, *map(nodes.binary, groups)])


def end_user_session(sock: socket.socket) -> None:
    """End the user session of this connection."""
    frames.request(sock, _END_USER_SESSION)


def start_trans(sock: socket.socket, name: int, readwrite: int) -> int:
    """Start a transaction on a data store, such as OPERATIONAL; return its handle.

    `readwrite` is READ, or 2 for one that may write.
    """
    client: terms.Term = (_UNDEFINED, _UNDEFINED, _UNDEFINED, nodes.binary(CLIENT_NAME))
    handle = frames.request(sock, _START_TRANS, (name, readwrite, 0, 1, 0, client))
    if isinstance(handle, int) and 0 <= handle <= _MAX_HANDLE:
        return handle
    with frames.answering():
        raise frames.unexpected(f"a transaction handle of the form {frames.brief(handle)}")


def finish_trans(sock: socket.socket, thandle: int) -> None:
    """End a transaction."""
    frames.request(sock, _FINISH_TRANS, thandle=thandle)


def exists(sock: socket.socket, thandle: int, path: str) -> bool:
    """Return whether a node of the data tree exists; keypath.py says how a path is written.

    Raises error.Error (BADPATH) where the daemon's data model has no such path.
    """
    answer = frames.request(sock, _EXISTS, keypath.encode(path), thandle=thandle)
    if isinstance(answer, int) and answer in (0, 1):
        return answer == 1
    with frames.answering():
        raise frames.unexpected(f"neither 1 nor 0 but {frames.brief(answer)}")


def get_elem(sock: socket.socket, thandle: int, path: str) -> Value:
    """Return the value of a leaf or leaf-list; keypath.py says how a path is written.

    Raises error.Error (NOEXISTS) where there is none.
    """
    answer = frames.request(sock, _GET_ELEM, keypath.encode(path), thandle=thandle)
    with frames.answering():
        if answer is None:
            raise frames.unexpected("no value")
        return _value(answer)


def xpath_eval_expr(
    sock: socket.socket,
    thandle: int,
    expr: str,
    trace: Callable[[str], object] | None = None,
    path: str = "/",
) -> str:
    """Return the value of an XPath expression as text, which is empty where no node matches.

    trace: is called with every line that the daemon tells of the evaluation
    path:  the context node; keypath.py says how it is written

    Raises error.Error (XPATH) for an expression that cannot be evaluated.
    """
    question: terms.Term = (
        nodes.binary(expr),
        terms.Atom("true" if trace else "false"),
        keypath.encode(path),
        0,
        [],
        _UNDEFINED,
    )
    with frames.deadline(sock) as limit:
        answer = frames.exchange(sock, limit, _XPATH_EVAL_EXPR, question, thandle)
        with frames.answering():
            if answer is not None:
                raise frames.unexpected(f"{frames.brief(answer)} before the result")
            _acknowledge(sock)
            for _line in range(MAX_TRACE_LINES + 1):
                kind, value = _result(frames.receive_term(sock, limit))
                if kind != "trace":
                    break
                if trace:
                    trace(value)
            else:
                raise frames.unexpected(f"more than {MAX_TRACE_LINES} lines of trace")
    if kind == "error":
        raise error.refusal(error.ERR_XPATH, value)
    return value


def _acknowledge(sock: socket.socket) -> None:
    """Let the system acknowledge at once what has come.

    The answer and the result are two small writes of the daemon. Left to itself, TCP may keep the
    second back until the first is acknowledged, which takes 40 ms on Linux.
    """
    if sock.family != socket.AF_UNIX and hasattr(socket, "TCP_QUICKACK"):
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _result(term: terms.Term) -> tuple[str, str]:
    """Return what a frame after the answer is, and its text."""
    if isinstance(term, tuple) and len(term) == 2:
        kind, value = term
        known = isinstance(kind, terms.Atom) and kind in ("trace", "ok", "error")
        if known and isinstance(value, bytes):
            return str(kind), frames.text(value)
    raise frames.unexpected(f"a result of the form {frames.brief(term)}")


def _value(term: terms.Term) -> Value:
    if isinstance(term, bytes):
        return term.decode("utf-8", "backslashreplace")
    if isinstance(term, terms.Atom):
        return {"true": True, "false": False}.get(term, str(term))
    if isinstance(term, tuple):
        return tuple(map(_value, term))
    if isinstance(term, list):
        return list(map(_value, term))
    if isinstance(term, int):
        return term
    raise frames.unexpected(f"a value of the form {frames.brief(term)}")
