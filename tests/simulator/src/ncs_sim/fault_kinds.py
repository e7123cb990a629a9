# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be made to go wrong in a node, as plain data: one class for each fault.

The docstring of a class is its help, its fields are its arguments; on the command line, those with
the name of an option are given by it, the others by place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any, ClassVar

#: What an answer can be to, by kind of client. "handshake" is everything before the first request.
REQUESTS = {
    "ha": ("beprimary", "besecondary", "benone", "status", "secondary_dead", "berelay"),
    "cdb": ("wait_phase_1", "get_phase", "get_txid"),
    "maapi": (
        "set_readonly",
        "start_phase",
        "wait_start",
        "start_user_session",
        "end_user_session",
        "start_trans",
        "finish_trans",
        "exists",
        "get_elem",
        "xpath_eval_expr",
    ),
    "events": ("event",),
}
HANDSHAKE = "handshake"
#: Where a fault of an answer can be: at one request, at one kind of client, or in the handshake.
PLACES = (HANDSHAKE, *REQUESTS, *(name for names in REQUESTS.values() for name in names))

LONGEST_SECONDS = 86400
MIB = 1 << 20


class FaultError(ValueError):
    """There is no such fault, or it does not go with these arguments."""


def _about(
    kind: type,
    text: str,
    *,
    option: str | None = None,
    choices: tuple[str, ...] = (),
    at_most: float | None = None,
) -> dict[str, Any]:
    """What a field that is an argument says of itself. One without a default is required."""
    return {"kind": kind, "help": text, "option": option, "choices": choices, "at_most": at_most}


_ONCE = _about(bool, "only once", option="--next")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The base of all faults."""

    NAME: ClassVar[str]

    @property
    def key(self) -> tuple[object, ...]:
        """A fault takes the place of another one with the same key."""
        return (self.NAME,)

    def to_json(self) -> dict[str, object]:
        return {"fault": self.NAME} | asdict(self)


@dataclass(frozen=True, kw_only=True)
class AtAnswer(Fault):
    """The base of those that befall answers to clients."""

    place: str | None = field(
        default=None,
        metadata=_about(
            str,
            f"only there: {', '.join(PLACES)} (all answers but those of the handshake)",
            option="--for",
            choices=PLACES,
        ),
    )

    @property
    def key(self) -> tuple[object, ...]:
        return (self.NAME, self.place)

    def befalls(self, kind: str, about: str) -> bool:
        """Whether it is about an answer to a client of this kind, to this request."""
        if about == HANDSHAKE:
            return self.place == HANDSHAKE
        return self.place in (None, about, kind)


@dataclass(frozen=True, kw_only=True)
class Slow(AtAnswer):
    """answer late; what was asked for is done in time"""

    NAME = "slow"
    seconds: float = field(metadata=_about(float, "how late", at_most=LONGEST_SECONDS))


@dataclass(frozen=True, kw_only=True)
class Pieces(AtAnswer):
    """answer in pieces, with a pause in between"""

    NAME = "pieces"
    size: int = field(metadata=_about(int, "bytes in a piece", at_most=MIB))
    pause: float = field(
        default=0.001,
        metadata=_about(float, "seconds in between (0.001)", option="--pause", at_most=60),
    )


@dataclass(frozen=True, kw_only=True)
class Close(AtAnswer):
    """close the connection after so many bytes of an answer; what was asked for is done"""

    NAME = "close"
    count: int = field(metadata=_about(int, "bytes that still come, 0 for none", at_most=1 << 31))
    from_start: bool = field(
        default=False,
        metadata=_about(
            bool, "bytes of the whole connection, handshake included", option="--from-start"
        ),
    )
    once: bool = field(default=False, metadata=_ONCE)

    def befalls(self, kind: str, about: str) -> bool:
        if self.from_start and about == HANDSHAKE:
            return self.place in (None, HANDSHAKE, kind)
        return super().befalls(kind, about)

    def left(self, sent: int) -> int:
        """How many bytes may still come on a connection that has had so many."""
        return max(0, self.count - (sent if self.from_start else 0))


@dataclass(frozen=True, kw_only=True)
class Spoil(AtAnswer):
    """The base of those that send something else in place of an answer."""

    once: bool = field(default=False, metadata=_ONCE)


@dataclass(frozen=True, kw_only=True)
class Garbage(Spoil):
    """send bytes that are no frame in place of an answer"""

    NAME = "garbage"


@dataclass(frozen=True, kw_only=True)
class NoTerm(Spoil):
    """send a frame that holds no term in place of an answer"""

    NAME = "no-term"


@dataclass(frozen=True, kw_only=True)
class Oversized(Spoil):
    """announce a frame over 16 MiB in place of an answer, and send some of it"""

    NAME = "oversized"
    size: int = field(
        default=16 * MIB + 1,
        metadata=_about(
            int, "bytes announced (16 MiB and 1)", option="--size", at_most=(1 << 32) - 1
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Deep(Spoil):
    """send a deeply nested term in place of an answer"""

    NAME = "deep"
    levels: int = field(
        default=100_000,
        metadata=_about(
            int, "tuples inside each other (100000)", option="--levels", at_most=4 * MIB
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Wide(Spoil):
    """send a list of very many elements in place of an answer, in a frame of just under 16 MiB"""

    NAME = "wide"


@dataclass(frozen=True, kw_only=True)
class WrongType(Spoil):
    """send a term of another type in place of an answer"""

    NAME = "wrong-type"
    term: str = field(
        default="836802640009756e646566696e65646a",
        metadata=_about(
            str, "the bytes of that term in hex (those of {undefined, []})", option="--term"
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Refuse(Fault):
    """refuse the next HA order, except status, with this code"""

    NAME = "refuse"
    code: int = field(metadata=_about(int, "an NSO error code", at_most=(1 << 31) - 1))
    reason: str | None = field(default=None, metadata=_about(str, "text that goes with it"))


@dataclass(frozen=True, kw_only=True)
class Hold(Fault):
    """hold back the answer to the next synchronous besecondary"""

    NAME = "hold"
    seconds: float = field(metadata=_about(float, "how long", at_most=LONGEST_SECONDS))


@dataclass(frozen=True, kw_only=True)
class SlowCommit(Fault):
    """let each write of a client wait between being let in and being committed"""

    NAME = "slow-commit"
    seconds: float = field(metadata=_about(float, "how long", at_most=LONGEST_SECONDS))


@dataclass(frozen=True, kw_only=True)
class Copy(Fault):
    """fail each first copy half way, taken or given: the secondary keeps its data, and is none"""

    NAME = "copy"


@dataclass(frozen=True, kw_only=True)
class Cut(Fault):
    """let no byte pass to or from this peer, and nobody dial the other; what was sent waits"""

    NAME = "cut"
    peer: str = field(metadata=_about(str, "its node id or its address"))
    established: bool = field(
        default=False,
        metadata=_about(
            bool,
            "only the links that there are; their end is not heard, and new ones pass",
            option="--established",
        ),
    )

    @property
    def key(self) -> tuple[object, ...]:
        return (self.NAME, self.peer)


@dataclass(frozen=True, kw_only=True)
class NoTicks(Fault):
    """send no ticks"""

    NAME = "no-ticks"


@dataclass(frozen=True, kw_only=True)
class Packages(Fault):
    """have other packages than every peer: links fail with HA_BADFXS"""

    NAME = "packages"


@dataclass(frozen=True, kw_only=True)
class Version(Fault):
    """speak another HA version than every peer: links fail with HA_BADVSN"""

    NAME = "ha-version"


@dataclass(frozen=True, kw_only=True)
class Streams(Fault):
    """have other event streams than every peer: links fail with HA_BADCONFIG"""

    NAME = "streams"


@dataclass(frozen=True, kw_only=True)
class Upgrade(Fault):
    """be in a data model upgrade: orders UPGRADE_IN_PROGRESS, links HA_WITH_UPGRADE, phase flag"""

    NAME = "upgrade"


@dataclass(frozen=True, kw_only=True)
class Controller(Fault):
    """another controller takes the HA socket and holds it until somebody takes it back"""

    NAME = "controller"
    token: str | None = field(
        default=None, metadata=_about(str, "the token it brings (the one that the node has)")
    )

    def to_json(self) -> dict[str, object]:
        """Without the token, which is a secret."""
        return {"fault": self.NAME, "own_token": self.token is not None}


KINDS: dict[str, type[Fault]] = {
    kind.NAME: kind
    for kind in (
        Slow,
        Pieces,
        Close,
        Garbage,
        NoTerm,
        Oversized,
        Deep,
        Wide,
        WrongType,
        Refuse,
        Hold,
        SlowCommit,
        Copy,
        Cut,
        NoTicks,
        Packages,
        Version,
        Streams,
        Upgrade,
        Controller,
    )
}


def from_json(name: object, arguments: object) -> Fault:
    """Make a fault of a request on the control socket; raises FaultError."""
    if not isinstance(name, str) or name not in KINDS:
        raise FaultError(f"there is no fault {name!r}, only {', '.join(KINDS)}")
    kind = KINDS[name]
    if not isinstance(arguments, Mapping):
        raise FaultError(f"{name} takes its arguments by name")
    known = {one.name: one for one in fields(kind)}
    for key, value in arguments.items():
        if key not in known:
            raise FaultError(f"{name} has no argument {key!r}")
        _check(name, known[key], value)
    missing = [one.name for one in known.values() if is_required(one) and one.name not in arguments]
    if missing:
        raise FaultError(f"{name} needs {', '.join(missing)}")
    return kind(**arguments)


def is_required(argument: Field[Any]) -> bool:
    return argument.default is MISSING


def _check(fault: str, argument: Field[Any], value: object) -> None:
    kind, at_most = argument.metadata["kind"], argument.metadata["at_most"]
    if value is None and argument.default is None:
        return
    wanted = (int, float) if kind is float else kind
    if not isinstance(value, wanted) or (kind is not bool and isinstance(value, bool)):
        raise FaultError(f"{argument.name} of {fault} is no {kind.__name__}")
    if argument.metadata["choices"] and value not in argument.metadata["choices"]:
        raise FaultError(f"{argument.name} of {fault} is none of {', '.join(PLACES)}")
    if isinstance(value, (int, float)) and at_most is not None and not 0 <= value <= at_most:
        raise FaultError(f"{argument.name} of {fault} is not between 0 and {at_most}")
    if argument.name == "size" and value == 0:
        raise FaultError(f"size of {fault} is 0")
    if argument.name == "term":
        try:
            bytes.fromhex(str(value))
        except ValueError:
            raise FaultError(f"term of {fault} is not hex") from None
