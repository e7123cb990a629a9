# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoding and encoding the answer to status, beside two libraries that do the same in Python.

All get the same bytes, and decode all of them. What the libraries return differs in the types of
binaries and atoms, which docs/performance.md says. All have to encode what they decoded to the same
bytes again, so none leaves anything out.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.nso.ha.plugins.module_utils.ncs import terms
from ncs_sim import terms as independent

from benchmark.measuring import BenchmarkError, Effort, Group, NotRun, in_turn, mean_seconds
from benchmark.results import AT_MOST, SECONDS, Figure, Measured, Target, compared

_USUAL = 12
#: Nodes in the answer, and calls in a round.
_SIZES = {3: 1000, 255: 20}
_OURS = "nso.ha"
_OTHERS = ("erlang-py", "erlastic")
_DOES = ("decode", "encode")


class Codec(NamedTuple):
    """Both directions of a codec."""

    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes]


def _name(does: str, nodes: int, other: str) -> str:
    return f"codec-{does}-{nodes}-{other}"


_FIGURES = tuple(
    Figure(
        _name(does, nodes, other),
        f"{does} a status of {nodes} nodes / {other}",
        Target(AT_MOST, 1.0),
    )
    for nodes in _SIZES
    for does in _DOES
    for other in _OTHERS
)


def answer(nodes: int) -> bytes:
    """Return the answer of a primary that lists so many nodes, as the simulator writes it."""
    listed: list[independent.Term] = [
        (f"node-{number}".encode(), (192, 0, 2, number)) for number in range(1, nodes + 1)
    ]
    return independent.encode((3, listed))


def _measure(effort: Effort, _directory: Path) -> Mapping[str, Measured]:
    codecs = _codecs()
    found: dict[str, Measured] = {}
    for nodes, calls in _SIZES.items():
        data = answer(nodes)
        for does in _DOES:
            sides = [_side(codec, does, data, calls) for codec in codecs.values()]
            rounds = in_turn(effort.rounds(_USUAL) + 1, *sides)[1:]
            for place, other in enumerate(_OTHERS, 1):
                pairs = [(seconds[0], seconds[place]) for seconds in rounds]
                found[_name(does, nodes, other)] = compared(pairs, (_OURS, other), SECONDS)
    return found


def _codecs() -> dict[str, Codec]:
    """Return all codecs, ours first."""
    try:
        erlang, erlastic = map(importlib.import_module, ("erlang", "erlastic"))
    except ImportError as problem:
        raise NotRun(f"{problem.name} is not installed; make bench installs it") from None
    return {
        _OURS: Codec(terms.decode, terms.encode),
        "erlang-py": Codec(erlang.binary_to_term, erlang.term_to_binary),
        "erlastic": Codec(erlastic.decode, erlastic.encode),
    }


def _side(codec: Codec, does: str, data: bytes, calls: int) -> Callable[[], float]:
    value = codec.decode(data)
    if codec.encode(value) != data:
        raise BenchmarkError(f"{codec} does not encode the bytes that it decoded")
    work = partial(codec.decode, data) if does == "decode" else partial(codec.encode, value)
    return partial(mean_seconds, work, calls)


CODEC = Group("codec", _FIGURES, _measure)
