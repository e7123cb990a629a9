# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The id of a transaction: one type, one validator, one printer.

As text it is one word of letters, digits and `. _ - % /`, which nobody has to quote: an operator
pastes it into a shell, a form or YAML to say which data a consent is for.

Source: docs/protocol.md, "CDB socket". Plain data, no I/O.
"""

from __future__ import annotations

import re
from typing import Any, Mapping, NamedTuple

#: Longest node id in a transaction id, in characters, and the limit of each of its numbers.
MAX_PRIMARY_ID = 255
MAX_NUMBER = 2**63

#: The text of an id that is not known, where a consent is for such a node.
UNKNOWN = "unknown"

_KEYS = {"primary_id", "timestamp"}
_NO_PRIMARY = "-"
_TEXT = re.compile(r"([A-Za-z0-9._%-]+)/([0-9]{1,26})\.([0-9]{6,19})")
_ESCAPE = re.compile(rb"%([0-9A-F]{2})")
_TO_ESCAPE = re.compile(rb"[^A-Za-z0-9._-]")


class TransactionId(NamedTuple):
    """Which primary made a transaction, and when by its clock.

    primary_id: node id of that primary; None where the node was in no cluster
    timestamp:  megaseconds, seconds and microseconds since 1970
    """

    primary_id: str | None
    timestamp: tuple[int, int, int]

    def __str__(self) -> str:
        """Return it in one word: the primary, and the seconds of its clock.

        What a shell or a list could take for something else is written as in a URL.
        """
        mega, seconds, micro = self.timestamp
        return f"{_escaped(self.primary_id)}/{mega * 1_000_000 + seconds}.{micro:06d}"

    @classmethod
    def from_text(cls, text: str) -> TransactionId:
        """Return the transaction id that `str` prints as this text. Raises ValueError."""
        match = _TEXT.fullmatch(text)
        if match:
            mega, seconds = divmod(int(match.group(2)), 1_000_000)
            txid = cls(_unescaped(match.group(1)), (mega, seconds, int(match.group(3))))
            # One id has one text, so that texts can be compared.
            if str(txid) == text:
                return txid
        raise ValueError(f"{text!r} is not a transaction id")

    @classmethod
    def from_dict(cls, value: object) -> TransactionId:
        """Return the transaction id in a dictionary as `as_dict` makes it.

        Raises ValueError, with a text that goes on after the name of the value.
        """
        if not isinstance(value, Mapping) or set(value) != _KEYS:
            raise ValueError(
                f"is {value!r}, not a dictionary with the keys primary_id and timestamp"
            )
        primary_id = value["primary_id"]
        if primary_id is not None and not _is_name(primary_id):
            raise ValueError(
                f"has a primary_id that is not text of 1 to {MAX_PRIMARY_ID} characters"
            )
        try:
            return cls(primary_id, parse_timestamp(value["timestamp"]))
        except ValueError as problem:
            raise ValueError(f"has a timestamp that {problem}") from None

    def as_dict(self) -> dict[str, Any]:
        """Return it as modules take and return it, and as it is written to files."""
        return {"primary_id": self.primary_id, "timestamp": list(self.timestamp)}


def parse_timestamp(value: object) -> tuple[int, int, int]:
    """Return megaseconds, seconds and microseconds from a list. Raises ValueError, as above."""
    if not isinstance(value, (list, tuple)) or len(value) != 3 or not all(map(_is_number, value)):
        raise ValueError(
            f"is {value!r}, not three whole numbers: megaseconds, seconds, microseconds"
        )
    return int(value[0]), int(value[1]), int(value[2])


def show(value: TransactionId | None) -> str:
    """Return a transaction id in one word, or "-" where it is not known."""
    return "-" if value is None else str(value)


def _escaped(primary_id: str | None) -> str:
    if not primary_id:
        return _NO_PRIMARY
    if primary_id == _NO_PRIMARY:
        return "%2D"
    raw = primary_id.encode("utf-8", "surrogatepass")
    return _TO_ESCAPE.sub(lambda match: b"%%%02X" % ord(match.group()), raw).decode("ascii")


def _unescaped(text: str) -> str | None:
    if text == _NO_PRIMARY:
        return None
    raw = _ESCAPE.sub(lambda match: bytes.fromhex(match.group(1).decode()), text.encode())
    return raw.decode("utf-8", "surrogatepass")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_PRIMARY_ID


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_NUMBER
