# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that are active in a node, and one method for each place that asks about them.

Faults are asked for over the control socket while the node runs, and end with its process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple, TypeVar

from ncs_sim.address import Peer
from ncs_sim.errors import Code, Refusal
from ncs_sim.fault_kinds import (
    HANDSHAKE,
    MIB,
    AtAnswer,
    Close,
    Copy,
    Cut,
    Deep,
    Fault,
    Hold,
    NoTerm,
    NoTicks,
    Oversized,
    Packages,
    Pieces,
    Refuse,
    Slow,
    SlowCommit,
    Spoil,
    Streams,
    Upgrade,
    Version,
    Wide,
    WrongType,
)
from ncs_sim.framing import MAX_FRAME, frame
from ncs_sim.log import log
from ncs_sim.tasks import spawn

F = TypeVar("F", bound=Fault)
A = TypeVar("A", bound=AtAnswer)

#: What a web server would say; read as a length, its first bytes are over 16 MiB.
GARBAGE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
NO_TERM = bytes(range(32))

# External Term Format: version byte, tuple of one element, list of so many elements, empty list.
_VERSION, _TUPLE_OF_ONE, _LIST, _NIL = b"\x83", b"h\x01", b"l", b"j"


class Scope:
    """One connection of a client: its kind, what it is being answered, and the bytes so far."""

    def __init__(self) -> None:
        self.kind = HANDSHAKE
        self.about = HANDSHAKE
        self.sent = 0


class AnswerCut(EOFError):
    """The connection has to be closed here."""


class _Pause(NamedTuple):
    """One answer that is being late."""

    fault: Fault
    about: str
    over: asyncio.Event


class Faults:
    """What is wrong with one node."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._pauses: list[_Pause] = []
        self._changed = asyncio.Event()

    # Making and ending them

    def add(self, fault: Fault) -> None:
        """Let it begin, in place of one like it."""
        self._active = [other for other in self._active if other.key != fault.key]
        self._active.append(fault)
        log(f"fault: {fault.to_json()}")
        self._wake()

    def discard(self, fault: Fault) -> None:
        """Let it end; harmless if it has."""
        # The very same one: an equal one may have been asked for since.
        self._active = [other for other in self._active if other is not fault]
        self._wake()

    def clear(self, name: str | None = None, peer: str | None = None) -> None:
        """End all faults, or those of this name, or only that which is about this peer."""

        def ends(fault: Fault) -> bool:
            about = fault.peer if isinstance(fault, Cut) else None
            return name in (None, fault.NAME) and peer in (None, about)

        self._active = [fault for fault in self._active if not ends(fault)]
        for pause in self._pauses:
            if ends(pause.fault):
                pause.over.set()
        log("faults cleared")
        self._wake()

    def to_json(self) -> list[dict[str, object]]:
        return [fault.to_json() for fault in self._active]

    @property
    def waiting(self) -> list[str]:
        """What is not answered yet, because a fault makes it late."""
        return [pause.about for pause in self._pauses]

    def is_active(self, fault: Fault) -> bool:
        return any(other is fault for other in self._active)

    async def changed(self) -> None:
        """Return when a fault has begun or ended."""
        await self._changed.wait()

    # Answers to clients

    def answer(self, scope: Scope, head: int, payload: bytes) -> bytes:
        """The bytes to send for an answer; its first `head` bytes are no term."""
        return self._instead(scope, payload[:head]) or frame(payload)

    def _instead(self, scope: Scope, head: bytes) -> bytes | None:
        """What is sent in place of an answer, if something is."""
        fault = self._at(Spoil, scope)
        if fault is None:
            return None
        if fault.once:
            self.discard(fault)
        return _spoilt(fault, head)

    async def deliver(
        self, scope: Scope, data: bytes, write: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Write an answer late, in pieces, or not to its end; AnswerCut where that is so."""
        if scope.about == HANDSHAKE:  # which has no frames
            data = self._instead(scope, b"") or data
        slow = self._at(Slow, scope)
        if slow is not None:
            await self._pause(slow, slow.seconds, scope.about)
        close = self._at(Close, scope)
        left = len(data) + 1 if close is None else close.left(scope.sent)
        await self._in_pieces(scope, data[:left], write)
        scope.sent += len(data[:left])
        if close is not None and left <= len(data):
            if close.once:
                self.discard(close)
            raise AnswerCut

    async def _in_pieces(
        self, scope: Scope, data: bytes, write: Callable[[bytes], Awaitable[None]]
    ) -> None:
        pieces = self._at(Pieces, scope)
        if pieces is None:
            await write(data)
            return
        for start in range(0, len(data), pieces.size):
            await write(data[start : start + pieces.size])
            await self._pause(pieces, pieces.pause, scope.about)

    # Orders

    def admit_order(self) -> None:
        """Raise Refusal for an order that is to be refused."""
        if self._first(Upgrade):
            # [assumed] docs/protocol.md names the code, not what it is the answer to.
            raise Refusal(Code.UPGRADE_IN_PROGRESS)
        fault = self._first(Refuse)
        if fault is not None:
            self.discard(fault)
            raise Refusal(fault.code, fault.reason, asked_for=True)

    def take_hold(self) -> Hold | None:
        """What holds back the answer to this besecondary."""
        fault = self._first(Hold)
        if fault is not None:
            self.discard(fault)
        return fault

    async def hold(self, fault: Hold | None) -> None:
        if fault is not None:
            await self._pause(fault, fault.seconds, "besecondary")

    @property
    def upgrading(self) -> bool:
        return self._first(Upgrade) is not None

    # Writes

    async def delay_commit(self) -> None:
        """Return when a write that was let in may be committed."""
        fault = self._first(SlowCommit)
        if fault is not None:
            await self._pause(fault, fault.seconds, "write")

    # Links to other nodes

    def admit_link(self) -> None:
        """Raise Refusal for a new link, in whichever direction it is dialled."""
        for kind, code, reason in (
            (Version, Code.HA_BADVSN, "HA version differs"),
            (Upgrade, Code.HA_WITH_UPGRADE, None),
            (Packages, Code.HA_BADFXS, "packages differ"),
            (Streams, Code.HA_BADCONFIG, "event streams differ"),
        ):
            if self._first(kind) is not None:
                raise Refusal(code, reason)

    def admit_peer(self, peer: Peer) -> None:
        """Raise Refusal for a link to or from a peer that is cut off."""
        if self._cuts(peer, self.older_cuts()):
            # The dialling would run into its time limit; nobody need wait for that here.
            raise Refusal(Code.HA_CONNECT)

    def older_cuts(self) -> tuple[Cut, ...]:
        """The cuts that a link which is made now is spared."""
        return tuple(cut for cut in self._all(Cut) if cut.established)

    async def passable(self, peer: Peer | None, spared: tuple[Cut, ...]) -> None:
        """Return once bytes may pass between this node and that one."""
        while self._cuts(peer, spared):
            await self.changed()

    def when_passable(
        self, peer: Peer | None, spared: tuple[Cut, ...], then: Callable[[], None]
    ) -> None:
        """Do that now, or once bytes may pass: the end of a connection is news, too."""
        if not self._cuts(peer, spared):
            then()
            return

        async def wait() -> None:
            await self.passable(peer, spared)
            then()

        spawn(wait(), "cut link")

    def break_copy(self) -> None:
        """Raise ConnectionError in the middle of a copy that is to fail."""
        if self._first(Copy):
            raise ConnectionError("fault: the copy fails")

    @property
    def ticking(self) -> bool:
        return self._first(NoTicks) is None

    # Inside

    def _first(self, kind: type[F]) -> F | None:
        return next(self._all(kind), None)

    def _all(self, kind: type[F]) -> Iterator[F]:
        return (fault for fault in self._active if isinstance(fault, kind))

    def _at(self, kind: type[A], scope: Scope) -> A | None:
        """The first fault of that kind which is about this answer."""
        found = (one for one in self._all(kind) if one.befalls(scope.kind, scope.about))
        return next(found, None)

    def _cuts(self, peer: Peer | None, spared: tuple[Cut, ...]) -> bool:
        names = (peer.node_id, peer.address.host) if peer else ()
        return any(
            cut.peer in names and not any(cut is older for older in spared)
            for cut in self._all(Cut)
        )

    async def _pause(self, fault: Fault, seconds: float, about: str) -> None:
        """Wait so long, or until this fault is cleared."""
        pause = _Pause(fault, about, asyncio.Event())
        self._pauses.append(pause)
        try:
            async with asyncio.timeout(seconds):
                await pause.over.wait()
        except TimeoutError:
            pass
        finally:
            self._pauses.remove(pause)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _spoilt(fault: Spoil, head: bytes) -> bytes:
    match fault:
        case NoTerm():
            return frame(head + NO_TERM)
        case Oversized():
            return fault.size.to_bytes(4, "big") + bytes(MIB)
        case Deep():
            return frame(head + _VERSION + _TUPLE_OF_ONE * fault.levels + _NIL)
        case Wide():
            count = MAX_FRAME - len(head) - 7
            return frame(head + _VERSION + _LIST + count.to_bytes(4, "big") + _NIL * (count + 1))
        case WrongType():
            return frame(head + bytes.fromhex(fault.term))
    return GARBAGE
