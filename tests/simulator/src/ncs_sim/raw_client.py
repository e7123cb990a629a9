# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare IPC client, for tests of the simulator and for orders given "by hand" in scenarios.

It says exactly what it is told to, checks nothing, and retries nothing. It is not the client under
test and shares no code with it.
"""

from __future__ import annotations

import socket
from typing import Self

from ncs_sim.address import Address
from ncs_sim.config import LIBRARY_VERSIONS
from ncs_sim.errors import Refusal
from ncs_sim.handle import NodeHandle
from ncs_sim.terms import Atom, Term, decode, encode

KIND_CDB, KIND_MAAPI, KIND_EVENTS, KIND_HA = 5, 7, 11, 17
HANDSHAKE_SIZE = 9
TIMEOUT_SECONDS = 10.0


class RawClient:
    """One connection; `timeout` in seconds holds for each read and write."""

    def __init__(self, node: NodeHandle, timeout: float = TIMEOUT_SECONDS) -> None:
        self.node = node
        if node.ipc_path is not None:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(timeout)
            self.socket.connect(node.ipc_path)
        else:
            address = (node.ipc_address, node.ipc_port)
            self.socket = socket.create_connection(address, timeout)

    @classmethod
    def ha(cls, node: NodeHandle, token: str) -> Self:
        """An HA socket; the token has been sent."""
        client = cls(node)
        client.shake_hands(KIND_HA)
        client.send_frame(token.encode())
        return client

    @classmethod
    def cdb(cls, node: NodeHandle) -> Self:
        client = cls(node)
        client.shake_hands(KIND_CDB)
        client.send_frame(bytes(4) + b"raw")
        return client

    @classmethod
    def maapi(cls, node: NodeHandle) -> Self:
        client = cls(node)
        client.shake_hands(KIND_MAAPI)
        return client

    @classmethod
    def events(cls, node: NodeHandle, mask: int = 64, heartbeat_ms: int = 0) -> Self:
        """A notification socket; the subscription has been confirmed."""
        client = cls(node)
        try:
            client.shake_hands(KIND_EVENTS)
            client.request((mask, heartbeat_ms, 0, Atom("undefined"), 0))
        except BaseException:
            client.close()
            raise
        return client

    # Bytes

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, count: int) -> bytes:
        """Exactly so many bytes; EOFError if the node closes before."""
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError(f"closed after {len(data)} of {count} bytes")
            data += part
        return data

    def send_frame(self, payload: bytes) -> None:
        self.send(len(payload).to_bytes(4, "big") + payload)

    def receive_frame(self) -> bytes:
        """The payload of the next frame."""
        return self.receive(int.from_bytes(self.receive(4), "big"))

    def receive_whole_frame(self) -> bytes:
        """The next frame with its length."""
        length = self.receive(4)
        return length + self.receive(int.from_bytes(length, "big"))

    def shake_hands(self, kind: int, version: int | None = None) -> bytes:
        """Send a handshake without access check; return the 9 bytes of the answer."""
        version = version or self.node.config.version
        library = LIBRARY_VERSIONS[version]
        self.send(
            bytes([kind]) + version.to_bytes(2, "big") + library.to_bytes(4, "big") + bytes(2)
        )
        return self.receive(HANDSHAKE_SIZE)

    # Terms

    def request(self, term: Term) -> Term:
        """Send a term, return the answer; Refusal if that is `{error, ...}`."""
        self.send_frame(encode(term))
        return self.receive_term()

    def receive_term_as_it_is(self) -> Term:
        """The term of the next frame, even if it looks like a refusal."""
        return decode(self.receive_frame())

    def receive_term(self) -> Term:
        answer = self.receive_term_as_it_is()
        match answer:
            case (Atom("error"), int() as code):
                raise Refusal(code)
            case (Atom("error"), int() as code, reason):
                raise Refusal(code, _reason(reason))
        return answer

    def operation(self, op: int, argument: Term | None = None) -> Term | None:
        """A CDB or MAAPI operation and its answer; Refusal if that is an error."""
        self.send_frame(op.to_bytes(4, "big") + (b"" if argument is None else encode(argument)))
        return self.operation_answer()

    def operation_answer(self) -> Term | None:
        """The answer to an operation that has been sent; Refusal if that is an error."""
        answer = self.receive_frame()
        if answer[0] & 0x80:
            reason = _reason(decode(answer[8:])) if len(answer) > 8 else None
            raise Refusal(int.from_bytes(answer[4:8], "big"), reason)
        return decode(answer[4:]) if len(answer) > 4 else None

    # Orders

    def beprimary(self, own_id: str) -> None:
        self.request((1, own_id.encode()))

    def besecondary(self, own_id: str, primary_id: str, primary_ip: str, wait: bool = True) -> None:
        primary = (primary_id.encode(), Address(primary_ip).to_term())
        order: Term = (2, own_id.encode(), primary, int(wait))
        if wait:
            self.request(order)
        else:
            self.send_frame(encode(order))

    def benone(self) -> None:
        self.request((3,))

    def status(self) -> Term:
        return self.request((4,))

    def secondary_dead(self, node_id: str) -> None:
        self.request((5, node_id.encode()))

    def berelay(self) -> None:
        self.request((6,))

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _reason(term: Term) -> str | None:
    """The reason of a refusal, Reason or {Reason, Tag}."""
    if isinstance(term, tuple) and len(term) == 2:
        term = term[0]
    return term.rstrip(b"\0").decode() if isinstance(term, bytes) else None
