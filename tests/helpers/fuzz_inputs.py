# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the targets of `make fuzz` start from, and the files of what once was wrong.

terms:   the bytes are a term, or what should be one
frames:  what a socket delivers to the frame reader
answers: what a socket delivers to the functions that give orders and read events

In the last two, three bytes stand in front of the stream. The first says how many bytes come at a
time, the second after how many of them it ends where it is cut off, the third how it ends and how
long the pauses are. In the last, one more in front of them says which function reads.
"""

from __future__ import annotations

import contextlib
import hashlib
import textwrap
from pathlib import Path
from typing import Iterator

from helpers import vectors

TARGETS = ("terms", "frames", "answers")
REGRESSIONS = Path(__file__).resolve().parents[1] / "fuzz" / "regressions"

#: How many functions read answers, see READERS in fuzzing.py.
ANSWERS = 12
#: Those of them that read the answers of MAAPI.
OF_MAAPI = (4, 7, 8, 9, 10, 11)
#: Answers with more than this many bytes are of no use here: small ones have all forms.
_LONGEST = 120

_TERM = 131
#: Terms of forms that no message of tests/vectors has.
_FORMS = (
    "6a",
    "6c000000016c000000016c00000001616a6a6a",
    "680168016801680161ff",
    "6900000002690000000161016900000000",
    "6b00036a6c68",
    "6c0000000261016b000101 6a",
    "62ffffffff",
    "6e0501ffffffff7f",
    "6e0000",
    "640002c3a4",
    "7302ff41",
    "7703e282ac",
    "760003e282ac",
    "6d00000000",
    "83507801",
    "463ff0000000000000",
)
#: Pieces that terms are made of, for the fuzzer to put in.
PIECES = [
    *("6800", "6801", "6802", "6900000001", "6c00000001", "6c00000002", "6a"),
    *("6b000105", "6b000201ff", "6101", "6e0100ff", "6e010100", "73016f", "77016f"),
    *("64000161", "6d00000000", "6d0000000178"),
]


def seeds(target: str) -> list[bytes]:
    """Return what a target starts from: all messages of tests/vectors, and the regressions."""
    streams = sorted(set(_messages(vectors.CLIENT)) | set(_messages(vectors.SERVER)))
    if target == "terms":
        # Behind the length of the frame, or behind the number of an operation.
        found = [part for stream in streams for part in (stream[4:], stream[8:])]
        found = [part for part in found if part[:1] == bytes([_TERM])]
        found += [bytes([_TERM]) + bytes.fromhex(form) for form in _FORMS]
    else:
        found = [b"\xff\xff\0" + stream for stream in streams]
    if target == "answers":
        found = [bytes([number]) + one for number in range(ANSWERS) for one in found]
        maapi = [b"\xff\xff\0" + stream for stream in _maapi_answers()]
        found += [bytes([number]) + one for number in OF_MAAPI for one in maapi]
    return found + [read(path) for path in regressions(target)]


def _maapi_answers() -> list[bytes]:
    """Return what calls on a MAAPI socket were answered; all frames of an answer are one stream."""
    found = {
        vectors.maapi_answer(entry)
        for section in ("reading", "refusals")
        for entry in vectors.MAAPI["erlang"][section]
        if "answers" in entry
    }
    return sorted(stream for stream in found if len(stream) <= _LONGEST)


def _messages(value: object) -> Iterator[bytes]:
    """Yield every text that is hex and long enough to be a message, however deep."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            data = bytes.fromhex(value)
            if len(data) >= 4:
                yield data
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _messages(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _messages(inner)


def regressions(target: str = "*") -> list[Path]:
    """Return the files of the inputs on which a target failed once."""
    return sorted(REGRESSIONS.glob(f"{target}-*.txt"))


def target_of(path: Path) -> str:
    """Return the target that the name of a regression tells."""
    return path.name.partition("-")[0]


def read(path: Path) -> bytes:
    """Return the input that the file of a regression holds: hex, after lines of comment."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#")))


def write(target: str, data: bytes, reason: str) -> Path:
    """Write an input on which a target failed, with the reason; return the file."""
    # REUSE-IgnoreStart
    head = [
        "SPDX-FileCopyrightText: 2026 The nso.ha authors",
        "SPDX-License-Identifier: GPL-3.0-or-later",
        "",
    ]
    # REUSE-IgnoreEnd
    comment = [f"# {line}".rstrip() for line in (*head, *textwrap.wrap(reason, 98))]
    REGRESSIONS.mkdir(parents=True, exist_ok=True)
    path = REGRESSIONS / f"{target}-{hashlib.sha256(data).hexdigest()[:12]}.txt"
    lines = [*comment, *textwrap.wrap(data.hex(), 64), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
